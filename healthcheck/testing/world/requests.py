"""What a request asks for: the service, region and operation that its signature and shape tell."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

Environ = MutableMapping[str, Any]

_AUTHORIZATION = re.compile(
    r"^AWS4-HMAC-SHA256\s+Credential=(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/]*)/(?P<service>[^/]+)/aws4_request,"
    r"\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]+)\s*$"
)
_BUCKET_OPERATIONS = {"HEAD": "HeadBucket", "PUT": "CreateBucket", "DELETE": "DeleteBucket", "GET": "ListObjects"}
_OBJECT_OPERATIONS = {"HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject", "GET": "GetObject"}


@dataclass(frozen=True, slots=True)
class Authorization:
    """A Signature Version 4 header, taken apart."""

    key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str

    @property
    def scope(self) -> str:
        """The credential scope, as it is part of the string to sign."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


@dataclass(frozen=True, slots=True)
class Call:
    """One request to AWS."""

    method: str
    path: str
    """Decoded."""
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    port: int
    """The port that it came in by: the door."""
    is_secure: bool
    authorization: Authorization | None

    @property
    def service(self) -> str:
        """The service that the signature is scoped to."""
        return self.authorization.service if self.authorization else ""

    @property
    def region(self) -> str:
        """The region that the signature is scoped to."""
        return self.authorization.region if self.authorization else ""

    @property
    def bucket(self) -> str | None:
        """The bucket that a path-style S3 request names."""
        name = self.path.lstrip("/").partition("/")[0]
        return name if self.service == "s3" and name else None

    @property
    def query(self) -> dict[str, str]:
        """The query string's parameters, the first value of each."""
        return {name: values[0] for name, values in parse_qs(self.raw_query, keep_blank_values=True).items()}

    @property
    def form(self) -> dict[str, str]:
        """The parameters of a query-protocol request."""
        text = self.body.decode("utf-8", "replace")
        return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}

    @property
    def json(self) -> dict[str, Any]:
        """The parameters of a JSON request; nothing when the body is no JSON object."""
        try:
            content = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def operation(self) -> str:
        """The API's name of the operation; empty when the shape tells none."""
        target = self.headers.get("x-amz-target")
        if target:
            return target.rpartition(".")[2]
        if self.service == "s3":
            return self._s3_operation()
        if self.service == "account":
            name = self.path.strip("/")
            return name[:1].upper() + name[1:]
        return self.form.get("Action", "")

    def _s3_operation(self) -> str:
        bucket, _, key = self.path.lstrip("/").partition("/")
        if not bucket:
            return "ListBuckets"
        if key:
            return _OBJECT_OPERATIONS.get(self.method, self.method)
        parameters = self.query.keys() - {"x-id", "list-type", "prefix", "delimiter", "max-keys", "encoding-type"}
        if parameters:
            return f"{self.method.title()}Bucket{min(parameters).title()}"
        return _BUCKET_OPERATIONS.get(self.method, self.method)


def read(environ: Environ) -> Call:
    """Read a WSGI request whole, leaving its body readable for whoever comes after."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    stream = environ["wsgi.input"]
    body: bytes = stream.read() if environ.get("wsgi.input_terminated") else stream.read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    headers = dict(_headers(environ.items()))
    raw_path, _, raw_query = str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or "/").partition("?")
    if raw_path.startswith("http"):  # absolute form, as a proxy's client sends it
        raw_path = "/" + raw_path.split("/", 3)[3] if raw_path.count("/") > 2 else "/"  # noqa: PLR2004 - scheme://host/
    return Call(
        method=str(environ["REQUEST_METHOD"]),
        path=unquote(raw_path),
        raw_path=raw_path,
        raw_query=raw_query,
        headers=headers,
        body=body,
        port=int(environ["SERVER_PORT"]),
        is_secure=environ["wsgi.url_scheme"] == "https",
        authorization=_authorization(headers.get("authorization", "")),
    )


def _headers(items: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, str]]:
    for name, value in items:
        if name.startswith("HTTP_"):
            yield name[5:].replace("_", "-").lower(), str(value)
        elif name in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            yield name.replace("_", "-").lower(), str(value)


def _authorization(header: str) -> Authorization | None:
    match = _AUTHORIZATION.match(header)
    if not match:
        return None
    return Authorization(
        match["key"],
        match["date"],
        match["region"],
        match["service"],
        tuple(match["headers"].split(";")),
        match["signature"],
    )
