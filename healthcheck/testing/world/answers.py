"""Answers in the shapes of AWS's protocols."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from xml.sax.saxutils import escape

from healthcheck.testing.world.requests import Call

REQUEST_ID = "5d0c5b60-0000-4000-8000-000000000000"
"""Every answer of AWS has one; whatever has none is not AWS's."""
_QUERY_SERVICES = frozenset({"iam", "sts"})
_JSON_1_1 = "application/x-amz-json-1.1"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status_line(self) -> str:
        """The status as WSGI wants it."""
        return f"{self.status} {HTTPStatus(self.status).phrase}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One error, with the code and status that each protocol has for it."""

    query: tuple[int, str]
    """STS and IAM."""
    s3: tuple[int, str]
    ec2: tuple[int, str]
    json: tuple[int, str]

    def answer(self, call: Call, message: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Say it in the protocol of the service that was called."""
        if call.service in _QUERY_SERVICES:
            return query_error(*self.query, message)
        if call.service == "s3":
            return s3_error(*self.s3, message, call=call, headers=headers)
        if call.service == "ec2":
            return ec2_error(*self.ec2, message)
        return json_error(*self.json, message)


INVALID_KEY = Refusal(
    query=(403, "InvalidClientTokenId"),
    s3=(403, "InvalidAccessKeyId"),
    ec2=(401, "AuthFailure"),
    json=(400, "UnrecognizedClientException"),
)
EXPIRED_TOKEN = Refusal(
    query=(403, "ExpiredToken"),
    s3=(400, "ExpiredToken"),
    ec2=(400, "RequestExpired"),
    json=(400, "ExpiredTokenException"),
)
WRONG_SIGNATURE = Refusal(
    query=(403, "SignatureDoesNotMatch"),
    s3=(403, "SignatureDoesNotMatch"),
    ec2=(401, "AuthFailure"),
    json=(403, "InvalidSignatureException"),
)
SKEWED = Refusal(
    query=(403, "SignatureDoesNotMatch"),
    s3=(403, "RequestTimeTooSkewed"),
    ec2=(400, "RequestExpired"),
    json=(403, "InvalidSignatureException"),
)
DENIED = Refusal(
    query=(403, "AccessDenied"),
    s3=(403, "AccessDenied"),
    ec2=(403, "UnauthorizedOperation"),
    json=(400, "AccessDeniedException"),
)
THROTTLED = Refusal(
    query=(400, "Throttling"),
    s3=(503, "SlowDown"),
    ec2=(503, "RequestLimitExceeded"),
    json=(400, "ThrottlingException"),
)
FAILING = Refusal(
    query=(503, "ServiceUnavailable"),
    s3=(503, "ServiceUnavailable"),
    ec2=(503, "Unavailable"),
    json=(500, "InternalFailure"),
)
UNSIGNED = Refusal(
    query=(403, "MissingAuthenticationToken"),
    s3=(403, "AccessDenied"),
    ec2=(401, "AuthFailure"),
    json=(403, "MissingAuthenticationTokenException"),
)


def query_error(status: int, code: str, message: str) -> Answer:
    """Say an error as STS and IAM do."""
    body = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        f"<RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
    )
    return Answer(status, body.encode(), {"Content-Type": "text/xml", "x-amzn-RequestId": REQUEST_ID})


def s3_error(status: int, code: str, message: str, *, call: Call, headers: Mapping[str, str] | None = None) -> Answer:
    """Say an error as S3 does: an answer to HEAD has no body, and so no code."""
    body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message><RequestId>{REQUEST_ID}</RequestId></Error>"
    return Answer(
        status,
        b"" if call.method == "HEAD" else body.encode(),
        {"Content-Type": "application/xml", "x-amz-request-id": REQUEST_ID, **(headers or {})},
    )


def ec2_error(status: int, code: str, message: str) -> Answer:
    """Say an error as EC2 does."""
    body = (
        f"<Response><Errors><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error></Errors>"
        f"<RequestID>{REQUEST_ID}</RequestID></Response>"
    )
    return Answer(status, body.encode(), {"Content-Type": "text/xml", "x-amzn-RequestId": REQUEST_ID})


def json_error(status: int, code: str, message: str) -> Answer:
    """Say an error as the JSON services do."""
    body = json.dumps({"__type": code, "message": message, "Message": message})
    return Answer(
        status,
        body.encode(),
        {"Content-Type": _JSON_1_1, "x-amzn-ErrorType": code, "x-amzn-RequestId": REQUEST_ID},
    )


def json_answer(content: Mapping[str, Any], status: int = 200) -> Answer:
    """Answer as the JSON services do."""
    return Answer(status, json.dumps(content).encode(), {"Content-Type": _JSON_1_1, "x-amzn-RequestId": REQUEST_ID})


def query_answer(operation: str, result: str, namespace: str) -> Answer:
    """Answer as STS does; `result` is XML."""
    body = (
        f'<{operation}Response xmlns="{namespace}"><{operation}Result>{result}</{operation}Result>'
        f"<ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></{operation}Response>"
    )
    return Answer(200, body.encode(), {"Content-Type": "text/xml", "x-amzn-RequestId": REQUEST_ID})
