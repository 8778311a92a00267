"""All that may come in place of an answer, or be wrong with one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from healthcheck.permissions import OPERATIONS
from healthcheck.testing import AwsError
from tests.chaos.bench import Asked, Body, Injection
from tests.chaos.wire import Bytes, answer, error

_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>Error Code Message</form></body></html>"
_HTML = {"Content-Type": "text/html; charset=utf-8"}
_WHO = "User: arn:aws:iam::111122223333:user/healthcheck is not authorized to perform: {action} on resource: * "
_LATE = "Signature expired: 20261122T114000Z is now earlier than 20261122T115500Z (20261122T120000Z - 5 min.)"


def _error(code: str, message: str, status: int = 400) -> Injection:
    return lambda asked: error(asked.model, code, message, status)


def _bytes(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Injection:
    return lambda _: Bytes(status, body, headers or {})


def _never(kind: Callable[..., Exception], **facts: Any) -> Injection:
    url = "https://service.us-east-1.amazonaws.com/"
    return lambda _: kind(endpoint_url=url, **facts)


def _denied(because: str) -> Injection:
    def inject(asked: Asked) -> Bytes:
        row = OPERATIONS[asked.operation]
        action = row.actions[0] if row.actions else f"{row.service}:{row.name}"
        code = "AccessDenied" if row.service in {"iam", "sts", "s3"} else "AccessDeniedException"
        return error(asked.model, code, _WHO.format(action=action) + because, 403)

    return inject


def _expired(asked: Asked) -> Bytes:
    is_json = "json" in asked.model.service_model.resolved_protocol
    code = "ExpiredTokenException" if is_json else "ExpiredToken"
    return error(asked.model, code, "The security token included in the request is expired", 400 if is_json else 403)


def _skewed(asked: Asked) -> Bytes:
    if asked.model.service_model.service_name == "s3":
        return error(asked.model, "RequestTimeTooSkewed", "The difference ... is too large.", 403)
    is_json = "json" in asked.model.service_model.resolved_protocol
    return error(asked.model, "InvalidSignatureException" if is_json else "SignatureDoesNotMatch", _LATE, 403)


def _rejected(asked: Asked) -> Bytes:
    codes = {"s3": "InvalidAccessKeyId", "iam": "InvalidClientTokenId", "sts": "InvalidClientTokenId"}
    code = codes.get(asked.model.service_model.service_name, "UnrecognizedClientException")
    return error(asked.model, code, "The security token included in the request is invalid", 403)


def _cut(part: float) -> Injection:
    def inject(asked: Asked) -> Bytes | Exception:
        honest = asked.honest
        if isinstance(honest, Exception):
            return honest
        return Bytes(honest.status, honest.body[: int(len(honest.body) * part)], honest.headers)

    return inject


def _with_mark(body: bytes) -> Injection:
    """Let an answer be AWS's by its headers, and something else by its body."""

    def inject(asked: Asked) -> Bytes:
        return Bytes(200, body, answer(asked.model, {}).headers)

    return inject


THROTTLED: Mapping[str, Injection] = {
    "Throttling": _error("Throttling", "Rate exceeded"),
    "ThrottlingException": _error("ThrottlingException", "Rate exceeded"),
    "TooManyRequestsException": _error("TooManyRequestsException", "Too Many Requests", 429),
    "RequestLimitExceeded": _error("RequestLimitExceeded", "Request limit exceeded.", 503),
    "SlowDown": _error("SlowDown", "Please reduce your request rate.", 503),
    "RequestThrottled": _error("RequestThrottledException", "slow", 400),
    "Bandwidth": _error("BandwidthLimitExceeded", "slow", 509),
    "429 of a proxy": _bytes(429, b"too many"),
}

FAILED: Mapping[str, Injection] = {
    "ServiceUnavailable": _error("ServiceUnavailable", "Service is unable to handle request.", 503),
    "InternalFailure": _error("InternalFailure", "", 500),
    "500 as a page": _bytes(500, _PAGE, _HTML),
    "502 as a page": _bytes(502, _PAGE, _HTML),
    "503 as a page": _bytes(503, _PAGE, _HTML),
    "504, bare": _bytes(504),
    "an unheard-of code": _error("FrobnicationException", "no frobnication today"),
}

BROKEN: Mapping[str, Injection] = {
    "a login page": _bytes(200, _PAGE, _HTML),
    "a login page as text": _bytes(200, _PAGE, {"Content-Type": "text/plain"}),
    "a login page, bare": _bytes(200, _PAGE),
    "302 to a login page": _bytes(302, _PAGE, {**_HTML, "Location": "https://portal.example/login"}),
    "301 to a login page": _bytes(301, b"", {"Location": "https://portal.example/login"}),
    "307 to a login page": _bytes(307, b"", {"Location": "https://portal.example/login"}),
    "403 of a proxy": _bytes(403, _PAGE, _HTML),
    "403 of a proxy, as text": _bytes(403, b"blocked by policy", {"Content-Type": "text/plain"}),
    "404 of a proxy, as text": _bytes(404, b"no such host", {"Content-Type": "text/plain"}),
    "407 of a proxy": _bytes(407, _PAGE, _HTML),
    "JSON of a proxy": _bytes(200, b'{"blocked": true}', {"Content-Type": "application/json"}),
    "error of a proxy": _bytes(403, b'{"error": "blocked"}', {"Content-Type": "application/json"}),
    "nothing": _bytes(200),
    "204": _bytes(204),
    "nothing, marked": _with_mark(b""),
    "null": _with_mark(b"null"),
    "a number": _with_mark(b"7"),
    "a list": _with_mark(b"[]"),
    "a text": _with_mark(b'"x"'),
    "an object": _with_mark(b"{}"),
    "an element": _with_mark(b"<x/>"),
    "noise": _with_mark(b"\x00\xff\xfe\x8b\x1f"),
    "half": _cut(0.5),
    "all but the end": _cut(0.97),
}

BROKEN_BODIES = frozenset(
    {
        "nothing, marked",
        "null",
        "a number",
        "a list",
        "a text",
        "an object",
        "an element",
        "noise",
        "half",
        "all but the end",
    }
)
"""Those of them whose headers are AWS's own."""

LOST: Mapping[str, Injection] = {
    "no connection": _never(EndpointConnectionError, error="refused"),
    "reset": _never(ConnectionClosedError),
    "connect timeout": _never(ConnectTimeoutError),
    "read timeout": _never(ReadTimeoutError),
    "tls": _never(SSLError, error="certificate verify failed"),
    "proxy": lambda _: ProxyConnectionError(proxy_url="http://proxy.example:3128"),
    "RequestTimeout": _error("RequestTimeout", "Your socket connection was not read from or written to in time.", 400),
}

REFUSED: Mapping[str, Injection] = {
    "denied": _denied("because no identity-based policy allows the action"),
    "denied by SCP": _denied("with an explicit deny in a service control policy"),
    "denied by VPC endpoint": _denied("with an explicit deny in a VPC endpoint policy"),
    "denied by boundary": _denied("because no permissions boundary allows the action"),
    "denied by session": _denied("with an explicit deny in a session policy"),
    "denied in an old way": _denied(""),
}

KEYS: Mapping[str, Injection] = {
    "expired": _expired,
    "skewed": _skewed,
    "rejected": _rejected,
}

FAILURES: Mapping[str, Injection] = {**THROTTLED, **FAILED, **BROKEN, **LOST, **REFUSED, **KEYS}


def gone(asked: Asked) -> Bytes:
    """What was named a moment ago is no more."""
    code = {
        "iam": "NoSuchEntity",
        "s3": "NoSuchBucket",
        "kms": "NotFoundException",
        "sagemaker": "ValidationException",
    }.get(asked.model.service_model.service_name, "ResourceNotFoundException")
    is_sagemaker = code == "ValidationException"
    return error(
        asked.model, code, "Could not find it." if is_sagemaker else "It does not exist.", 400 if is_sagemaker else 404
    )


def from_second(inject: Injection) -> Injection:
    """Begin with the second request."""
    return lambda asked: inject(asked) if asked.number else asked.honest


def from_second_page(inject: Injection) -> Injection:
    """Begin with the second page."""
    return lambda asked: inject(asked) if asked.page else asked.honest


@dataclass(frozen=True)
class Member:
    """A member of an answer, and what becomes of it."""

    path: tuple[str | int, ...]

    @property
    def text(self) -> str:
        """``Role.Tags[].Key``."""
        return ".".join("[]" if isinstance(step, int) else step for step in self.path).replace(".[]", "[]")


def members(value: object, path: tuple[str | int, ...] = ()) -> Iterator[Member]:
    """Yield every member, of a list's items those of the first."""
    if path:
        yield Member(path)
    if isinstance(value, Mapping):
        for name, part in value.items():
            if name in _DOCUMENTS:
                yield Member((*path, name))
            else:
                yield from members(part, (*path, name))
    elif isinstance(value, list | tuple) and value:
        yield from members(value[0], (*path, 0))


_DOCUMENTS = frozenset({"AssumeRolePolicyDocument", "Document", "PolicyDocument"})
_ABSENT = object()


def changed(value: Any, path: tuple[str | int, ...], new: Callable[[Any], Any]) -> Any:
    """Return a copy in which one member is another."""
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        items = [changed(part, rest, new) if rest else new(part) for part in value]
        return [item for item in items if item is not _ABSENT]
    if step not in value:
        return value
    part = changed(value[step], rest, new) if rest else new(value[step])
    copy = dict(value)
    if part is _ABSENT:
        del copy[step]
    else:
        copy[step] = part
    return copy


def _mutation(path: tuple[str | int, ...], new: Callable[[Any], Any]) -> Injection:
    def inject(asked: Asked) -> Bytes | Exception:
        if isinstance(asked.good, AwsError | Exception):
            return asked.honest
        value = changed(asked.good, path, new)
        protocol = asked.model.service_model.resolved_protocol
        honest = answer(asked.model, value if "json" not in protocol else {})
        if "json" in protocol:
            return Bytes(200, json.dumps(value, default=_plain).encode(), honest.headers)
        return honest

    return inject


def _plain(value: Any) -> Any:
    return value.timestamp() if hasattr(value, "timestamp") else str(value)


def dropped(member: Member) -> Injection:
    """Leave a member out."""
    return _mutation(member.path, lambda _: _ABSENT)


def replaced(path: tuple[str | int, ...], value: object) -> Injection:
    """Give a member another value."""
    return _mutation(path, lambda _: value)


def wrong(member: Member) -> Iterator[tuple[str, Injection]]:
    """Give a member another type."""
    for name, value in (("null", None), ("a number", 7), ("a list", []), ("an object", {})):
        yield name, replaced(member.path, value)


def with_more(asked: Asked) -> Bytes | Exception:
    """Add members that nobody has heard of, everywhere."""
    if isinstance(asked.good, AwsError | Exception):
        return asked.honest
    value = _with_more(asked.good)
    return answer(asked.model, value)


def _with_more(value: Any) -> Any:
    if isinstance(value, Mapping):
        if "Statement" in value or "Version" in value:
            return value
        return {**{name: _with_more(part) for name, part in value.items()}, "Frobnication": "new"}
    return [_with_more(part) for part in value] if isinstance(value, list | tuple) else value


def doubled(asked: Asked) -> Bytes | Exception:
    """Say everything twice."""
    if isinstance(asked.good, AwsError | Exception):
        return asked.honest
    return answer(asked.model, _doubled(asked.good))


def _doubled(value: Any) -> Any:
    if isinstance(value, Mapping):
        return (
            value
            if "Statement" in value or "Version" in value
            else {name: _doubled(part) for name, part in value.items()}
        )
    return [*value, *value] if isinstance(value, list | tuple) else value


def good_body(asked: Asked) -> Body | None:
    """Return what AWS would have said, where it is no error."""
    return None if isinstance(asked.good, AwsError | Exception) else asked.good
