"""The one classifier: what an exception from AWS, its SDK or the network means.

Classes of the SDK are known here by their names, so that this module is usable without importing botocore;
a test holds every name against botocore.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from healthcheck.aws.answers import Denial, ErrorAnswer
from healthcheck.errors import DeadlinePassed, Failure, FailureKind, HealthcheckError
from healthcheck.permissions import OPERATIONS

OWNERS: Mapping[FailureKind, str] = MappingProxyType(
    {
        FailureKind.NO_CREDENTIALS: "credentials.resolvable",
        FailureKind.CREDENTIALS_EXPIRED: "credentials.valid",
        FailureKind.CREDENTIALS_INVALID: "credentials.valid",
        FailureKind.CLOCK_SKEWED: "network.clock",
        FailureKind.REGION_INVALID: "region.configured",
        FailureKind.UNREACHABLE: "network.reachable",
    }
)
"""The check that owns a kind of fault, whichever check met it."""

SDK_ERRORS: Mapping[str, FailureKind] = MappingProxyType(
    {
        "NoCredentialsError": FailureKind.NO_CREDENTIALS,
        "PartialCredentialsError": FailureKind.NO_CREDENTIALS,
        "CredentialRetrievalError": FailureKind.NO_CREDENTIALS,
        "NoAuthTokenError": FailureKind.NO_CREDENTIALS,
        "ProfileNotFound": FailureKind.NO_CREDENTIALS,
        "ConfigParseError": FailureKind.NO_CREDENTIALS,
        "UnauthorizedSSOTokenError": FailureKind.CREDENTIALS_EXPIRED,
        "NoRegionError": FailureKind.REGION_INVALID,
        "InvalidRegionError": FailureKind.REGION_INVALID,
        "UnknownEndpointError": FailureKind.REGION_INVALID,
        "UnknownRegionError": FailureKind.REGION_INVALID,
        "EndpointProviderError": FailureKind.REGION_INVALID,
        "EndpointVariantError": FailureKind.REGION_INVALID,
        "SSLError": FailureKind.UNREACHABLE,
        "ProxyConnectionError": FailureKind.UNREACHABLE,
        "InvalidProxiesConfigError": FailureKind.UNREACHABLE,
        "ConnectTimeoutError": FailureKind.UNREACHABLE,
        "ReadTimeoutError": FailureKind.TIMED_OUT,
        "ConnectionError": FailureKind.UNREACHABLE,
        "HTTPClientError": FailureKind.UNREACHABLE,
        "PaginationError": FailureKind.BAD_ANSWER,
        "ResponseParserError": FailureKind.BAD_ANSWER,
        "ResponseStreamingError": FailureKind.BAD_ANSWER,
        "IncompleteReadError": FailureKind.BAD_ANSWER,
        "ChecksumError": FailureKind.BAD_ANSWER,
    }
)
"""botocore's exceptions by name. The nearest class of an exception's ancestry counts."""

_LAYER_WORDS = {
    "identity": "identity-based policy",
    "boundary": "permissions boundary",
    "scp": "service control policy",
    "rcp": "resource control policy",
    "session": "session policy",
    "resource": "resource-based policy",
    "vpc_endpoint": "VPC endpoint policy",
}
_LONGEST_QUOTE = 300
# Access key ids, secret keys (40 characters) and session tokens, should anybody's error text ever quote one.
_SECRETS = re.compile(
    r"\bA(?:KI|SI)A[A-Z0-9]{12,}\b|(?<![\w/+=.-])(?:[A-Za-z0-9/+]{40}|[A-Za-z0-9/+=]{100,})(?![\w/+=.-])"
)
_BY_NAME = {operation.name: operation.id for operation in OPERATIONS.values()}


class Unresolved(HealthcheckError):
    """A request was to be signed, and its credential source could not be resolved."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.sentence)


class TooManyCalls(HealthcheckError):
    """A call's turn would come after its check's time; it was not sent."""

    def __init__(self, operation: str, wait_seconds: float) -> None:
        self.operation = operation
        self.wait_seconds = wait_seconds
        super().__init__(
            f"{operation} was not sent: its turn under this account's request rate would come in {wait_seconds:.0f} s,"
            " after the check's time"
        )


def classify(error: BaseException, *, operation: str | None = None) -> Failure:
    """Say what an exception means, naming the operation and the permissions that are missing, if any."""
    if isinstance(error, Unresolved):
        return replace(error.failure, operation=operation or error.failure.operation)
    if isinstance(error, HealthcheckError):
        return _own(error, operation)
    asked = operation or _BY_NAME.get(str(getattr(error, "operation_name", "")))
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):  # an error page of a load balancer has no "Error" in it
        return _answered(ErrorAnswer.of(response), asked)
    kind = sdk_kind(error) or _python(error)
    what = f"{asked}: " if asked else ""
    sentence = f"{what}{_SENTENCES[kind](quote(str(error) or type(error).__name__))}"
    return Failure(kind, sentence, asked, code=type(error).__name__, check=OWNERS.get(kind))


def sdk_kind(error: BaseException) -> FailureKind | None:
    """Return what an exception of botocore means, or nothing if it is none or has no meaning of its own."""
    for ancestor in type(error).__mro__:
        if ancestor.__module__.startswith("botocore.") and ancestor.__name__ in SDK_ERRORS:
            return SDK_ERRORS[ancestor.__name__]
    return None


def quote(text: str) -> str:
    """Make somebody else's words fit for a sentence: one line, no secrets, not endless, no full stop."""
    line = _SECRETS.sub("…", " ".join(text.split()))
    return (line if len(line) <= _LONGEST_QUOTE else line[: _LONGEST_QUOTE - 1] + "…").rstrip(".")


def _own(error: HealthcheckError, operation: str | None) -> Failure:
    asked = operation or getattr(error, "operation", None)
    if isinstance(error, DeadlinePassed):
        return Failure(FailureKind.TIMED_OUT, str(error), asked)
    if isinstance(error, TooManyCalls):
        return Failure(FailureKind.THROTTLED, str(error), asked)
    return Failure(FailureKind.CRASHED, str(error), asked)


def _python(error: BaseException) -> FailureKind:
    if isinstance(error, TimeoutError):
        return FailureKind.TIMED_OUT
    if isinstance(error, ConnectionError | ssl.SSLError):
        return FailureKind.UNREACHABLE
    if type(error) is ValueError and str(error).startswith("Invalid endpoint:"):
        # botocore's words for an AWS_ENDPOINT_URL or endpoint_url that is no URL.
        return FailureKind.UNREACHABLE
    return FailureKind.CRASHED


_SENTENCES = {
    FailureKind.NO_CREDENTIALS: lambda words: f"there are no usable credentials: {words}.",
    FailureKind.CREDENTIALS_EXPIRED: lambda words: f"the credentials have expired: {words}.",
    FailureKind.REGION_INVALID: lambda words: f"the region makes no usable address: {words}.",
    FailureKind.UNREACHABLE: lambda words: f"no answer came from AWS: {words}.",
    FailureKind.TIMED_OUT: lambda words: f"AWS did not answer in time: {words}.",
    FailureKind.BAD_ANSWER: lambda words: f"an answer came that cannot be understood: {words}.",
    FailureKind.CRASHED: lambda words: f"{words}.",
}


def _answered(answer: ErrorAnswer, operation: str | None) -> Failure:
    kind = answer.kind
    asked = operation or "the request"
    if kind is FailureKind.NOT_PERMITTED:
        return _denied(answer, operation)
    said = quote(answer.message) or answer.code or f"HTTP {answer.status}"
    # What AWS says about a signature quotes the signed request, session token included: never repeated.
    sentence = {
        FailureKind.CREDENTIALS_EXPIRED: f"AWS refused {asked}: the session of these credentials is over"
        f" ({answer.code}); renew them.",
        FailureKind.CREDENTIALS_INVALID: f"AWS refused {asked}: it does not accept these credentials"
        f" ({answer.code}); the key may be deleted, inactive, mistyped or of another partition.",
        FailureKind.CLOCK_SKEWED: f"AWS refused {asked}: this host's clock is too far from AWS's ({answer.code});"
        " set it by NTP.",
        FailureKind.REGION_INVALID: f"AWS refused {asked} in this region ({answer.code}).",
        FailureKind.THROTTLED: f"AWS throttled {asked} ({answer.code}); it is asked again later.",
        FailureKind.TIMED_OUT: f"AWS gave {asked} up for taking too long ({answer.code}).",
        FailureKind.SERVICE_ERROR: f"AWS failed to answer {asked}: HTTP {answer.status or answer.code}, {said}.",
        FailureKind.NOT_FOUND: f"AWS found nothing for {asked}: {said}.",
        FailureKind.BAD_ANSWER: f"AWS refused {asked}: {answer.code}, {said}."
        if answer.code
        else f"{asked} got an answer that is none of AWS's: HTTP {answer.status}, {said}.",
    }[kind]
    return Failure(kind, sentence, operation, answer.code or None, check=OWNERS.get(kind))


def _denied(answer: ErrorAnswer, operation: str | None) -> Failure:
    denial = Denial.of(answer.message)
    row = OPERATIONS.get(operation or "")
    actions = (denial.action,) if denial.action else row.actions if row else ()
    asked = operation or "the request"
    named = " and ".join(actions) or asked
    layer = _LAYER_WORDS.get(denial.layer or "")
    if denial.is_explicit:
        article = "an" if layer and layer[0] in "aeiou" else "a"
        why = f"an explicit Deny in {article} {layer} forbids it" if layer else "an explicit Deny forbids it"
    else:
        why = f"no {layer} allows it" if layer else "the answer does not say which policy decides"
    sentence = f"AWS refused {asked}: these credentials may not use {named} ({why})."
    return Failure(
        FailureKind.NOT_PERMITTED,
        sentence,
        operation,
        answer.code or None,
        missing_actions=actions,
        layer=denial.layer,
        explicit_deny=denial.is_explicit,
    )
