"""What AWS's error answers mean: codes, messages and statuses, without any SDK.

The table follows what AWS's services are seen to send; where one code means several things, the message decides.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from healthcheck.errors import FailureKind

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})
_INVALID = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
_SIGNATURE = frozenset({"SignatureDoesNotMatch", "InvalidSignatureException"})
_CLOCK = frozenset({"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"})
_REGION = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "OptInRequired",
        "PermanentRedirect",
        "RegionDisabledException",
        "TemporaryRedirect",
    }
)
_NOT_PERMITTED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AllAccessDisabled",
        "AuthorizationError",
        "AuthorizationErrorException",
        "ForbiddenException",
        "NotAuthorized",
        "NotAuthorizedException",
        "UnauthorizedException",
        "UnauthorizedOperation",
    }
)
_THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_SERVICE_ERROR = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalFailureException",
        "InternalServerError",
        "InternalServerException",
        "ServiceFailure",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
_NOT_FOUND = re.compile(r"^NoSuch|NotFound(Exception|Fault)?$")
_CLOCK_WORDS = re.compile(r"signature expired|not yet current|is now earlier than", re.IGNORECASE)
_SCOPE_WORDS = re.compile(r"should be scoped to", re.IGNORECASE)
_EMPTY_CODE = re.compile(r"^\d{3}$")
_XML_ERROR = re.compile(r"<Code>\s*([^<]+?)\s*</Code>\s*<Message>\s*(.*?)\s*</Message>", re.DOTALL)

_BAD_REQUEST = 400
_TOO_MANY = 429
_SERVER = 500
_BY_STATUS = {
    301: FailureKind.REGION_INVALID,
    302: FailureKind.REGION_INVALID,
    307: FailureKind.REGION_INVALID,
    401: FailureKind.NOT_PERMITTED,
    403: FailureKind.NOT_PERMITTED,
    404: FailureKind.NOT_FOUND,
    _TOO_MANY: FailureKind.THROTTLED,
}


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """The three facts of an error answer that its meaning depends on."""

    code: str
    message: str
    status: int

    @classmethod
    def of(cls, parsed: object) -> ErrorAnswer:
        """Read an answer as botocore parses it, whatever of it is there."""
        answer = parsed if isinstance(parsed, dict) else {}
        error = answer.get("Error") or {}
        metadata = answer.get("ResponseMetadata") or {}
        code, message = str(error.get("Code") or ""), str(error.get("Message") or "")
        # A query-protocol error in answer to a JSON request ends up whole in the message, under the HTTP
        # status as its code: moto does so for SageMaker, and so may a proxy in front of AWS.
        inner = _XML_ERROR.search(message)
        if inner:
            code, message = inner[1], html.unescape(inner[2])
        status = metadata.get("HTTPStatusCode")
        return cls(code, message, status if isinstance(status, int) else 0)

    @property
    def kind(self) -> FailureKind:
        """What it means; of several that apply, the one that explains the others."""
        return _BY_CODE.get(self.code) or self._by_message() or self._by_status()

    def _by_message(self) -> FailureKind | None:
        if self.code in _SIGNATURE:
            return self._signature()
        if _NOT_FOUND.search(self.code):
            return FailureKind.NOT_FOUND
        if "Rate exceeded" in self.message:
            return FailureKind.THROTTLED
        if self.code == "RequestTimeout":
            return FailureKind.TIMED_OUT
        if self.code == "ValidationException" and self._says_absent():
            return FailureKind.NOT_FOUND
        return None

    def _says_absent(self) -> bool:
        # SageMaker's Describe operations answer an unknown name with a ValidationException.
        return bool(re.search(r"could not find|does not exist|cannot find", self.message, re.IGNORECASE))

    def _signature(self) -> FailureKind:
        if _CLOCK_WORDS.search(self.message):
            return FailureKind.CLOCK_SKEWED
        if _SCOPE_WORDS.search(self.message):
            return FailureKind.REGION_INVALID
        return FailureKind.CREDENTIALS_INVALID

    def _by_status(self) -> FailureKind:
        has_no_body = bool(_EMPTY_CODE.match(self.code))
        status = int(self.code) if has_no_body else self.status
        if status >= _SERVER:
            return FailureKind.SERVICE_ERROR
        if status == _BAD_REQUEST and has_no_body:
            # An answer to HEAD has no body to say more in; nearly always the token has expired
            # (boto/boto#2916, aws/aws-sdk-js#2219). credentials.valid settles it.
            return FailureKind.CREDENTIALS_EXPIRED
        if not self.code and status != _TOO_MANY:
            # AWS names each error by a code: this is the page of a proxy, or of another server.
            return FailureKind.BAD_ANSWER
        return _BY_STATUS.get(status, FailureKind.BAD_ANSWER)


def _by_code() -> dict[str, FailureKind]:
    return {
        code: kind
        for codes, kind in (
            (_EXPIRED, FailureKind.CREDENTIALS_EXPIRED),
            (_INVALID, FailureKind.CREDENTIALS_INVALID),
            (_CLOCK, FailureKind.CLOCK_SKEWED),
            (_REGION, FailureKind.REGION_INVALID),
            (_NOT_PERMITTED, FailureKind.NOT_PERMITTED),
            (_THROTTLED, FailureKind.THROTTLED),
            (_SERVICE_ERROR, FailureKind.SERVICE_ERROR),
        )
        for code in codes
    }


_BY_CODE = _by_code()

_ACTION = re.compile(r"not authorized to perform:?\s+([a-z0-9-]+:[A-Za-z*]+)")
_LAYERS = (
    ("scp", re.compile(r"service control policy", re.IGNORECASE)),
    ("rcp", re.compile(r"resource control policy", re.IGNORECASE)),
    ("boundary", re.compile(r"permissions boundary", re.IGNORECASE)),
    ("session", re.compile(r"session policy", re.IGNORECASE)),
    ("vpc_endpoint", re.compile(r"VPC endpoint policy", re.IGNORECASE)),
    ("identity", re.compile(r"identity-based policy", re.IGNORECASE)),
    ("resource", re.compile(r"resource-based policy|trust policy", re.IGNORECASE)),
)
_EXPLICIT = re.compile(r"with an explicit deny", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Denial:
    """What AWS's sentence says about a refusal. Older and shorter sentences say less."""

    action: str | None
    layer: str | None
    is_explicit: bool

    @classmethod
    def of(cls, message: str) -> Denial:
        """Read the sentence: the action, the policy layer that decided, and whether a Deny stands there."""
        action = _ACTION.search(message)
        # The layer stands in the reason, after the resource, whose name could hold the same words.
        _, because, reason = message.rpartition(" because ")
        explicit = _EXPLICIT.search(message)
        if explicit:
            reason = message[explicit.start() :]
        elif not because:
            reason = ""
        layer = next((name for name, words in _LAYERS if words.search(reason)), None)
        return cls(action[1] if action else None, layer, bool(explicit))
