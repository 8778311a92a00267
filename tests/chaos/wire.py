"""AWS's answers as bytes, in each of its protocols."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

_REQUEST_ID = "7f1d0c52-0d8e-4d4b-9b6f-5d0f0a4e8c11"


@dataclass(frozen=True)
class Bytes:
    """An answer as it comes over the wire."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def stream(self) -> Iterator[bytes]:
        """Yield the body, as botocore reads it."""
        yield self.body


def answer(model: Any, value: Mapping[str, Any]) -> Bytes:
    """Write an answer of an operation down. A value that does not fit the model is written as it is."""
    protocol = model.service_model.resolved_protocol
    headers = _mark(model)
    if protocol in {"json", "rest-json"}:
        return Bytes(200, json.dumps(value, default=_plain).encode(), headers)
    if protocol == "query":
        inner = _members(model.output_shape, value)
        body = (
            f"<{model.name}Response><{model.name}Result>{inner}</{model.name}Result><ResponseMetadata><RequestId>"
            f"{_REQUEST_ID}</RequestId></ResponseMetadata></{model.name}Response>"
        )
        return Bytes(200, body.encode(), headers)
    members = model.output_shape.members
    for name, shape in members.items():
        if shape.serialization.get("location") == "header" and value.get(name) is not None:
            headers[shape.serialization["name"]] = str(value[name])
    payload = model.output_shape.serialization.get("payload")
    if payload:
        shape, part = members[payload], value.get(payload)
        if shape.type_name == "structure":
            return Bytes(200, _element(payload, shape, part).encode() if part is not None else b"", headers)
        return Bytes(200, _text(part).encode() if part is not None else b"", headers)
    if model.http.get("method") == "HEAD":
        return Bytes(200, b"", headers)
    return Bytes(
        200, f"<{model.name}Result>{_members(model.output_shape, value)}</{model.name}Result>".encode(), headers
    )


def error(model: Any, code: str, message: str, status: int, headers: Mapping[str, str] | None = None) -> Bytes:
    """Write an error of AWS's down, as the operation's protocol has it; an answer to HEAD says nothing."""
    protocol = model.service_model.resolved_protocol
    marked = {**_mark(model), **(headers or {})}
    if model.http.get("method") == "HEAD":
        return Bytes(status, b"", marked)
    if protocol in {"json", "rest-json"}:
        marked["x-amzn-ErrorType"] = code
        return Bytes(status, json.dumps({"__type": code, "message": message}).encode(), marked)
    told = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    if protocol == "query":
        body = f"<ErrorResponse><Error>{told}</Error><RequestId>{_REQUEST_ID}</RequestId></ErrorResponse>"
        return Bytes(status, body.encode(), marked)
    return Bytes(status, f"<Error>{told}<RequestId>{_REQUEST_ID}</RequestId></Error>".encode(), marked)


def _mark(model: Any) -> dict[str, str]:
    """Return the headers by which AWS's own answers are known."""
    is_s3 = model.service_model.service_name == "s3"
    is_json = "json" in model.service_model.resolved_protocol
    return {
        "Content-Type": "application/x-amz-json-1.1" if is_json else "text/xml",
        "x-amz-request-id" if is_s3 else "x-amzn-RequestId": _REQUEST_ID,
    }


def _plain(value: object) -> object:
    return value.timestamp() if isinstance(value, datetime) else str(value)


def _text(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        case Mapping() | list() | tuple():
            return json.dumps(value, default=_plain)
        case _:
            return str(value)


def _members(shape: Any, value: object) -> str:
    if shape.type_name != "structure" or not isinstance(value, Mapping):
        return escape(_text(value))
    unknown = "".join(
        f"<{name}>{escape(_text(part))}</{name}>" for name, part in value.items() if name not in shape.members
    )
    return unknown + "".join(
        _element(name, shape.members[name], part)
        for name, part in value.items()
        if name in shape.members and part is not None
    )


def _element(name: str, shape: Any, value: object) -> str:
    tag = shape.serialization.get("name", name)
    if shape.type_name == "list" and isinstance(value, list | tuple):
        if shape.serialization.get("flattened"):
            item = shape.member.serialization.get("name", tag)
            return "".join(f"<{item}>{_members(shape.member, each)}</{item}>" for each in value)
        item = shape.member.serialization.get("name", "member")
        return f"<{tag}>{''.join(f'<{item}>{_members(shape.member, each)}</{item}>' for each in value)}</{tag}>"
    return f"<{tag}>{_members(shape, value)}</{tag}>"
