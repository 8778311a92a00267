"""What it means when a credential source cannot be resolved.

The same exceptions mean less elsewhere: an `EOFError` says "nobody typed the MFA code" only here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from healthcheck.aws.errors import OWNERS, Unresolved, classify, quote, sdk_kind
from healthcheck.errors import Failure, FailureKind, HealthcheckError

RESOLUTION_ERRORS: tuple[type[Exception], ...] = (
    BotoCoreError,
    ClientError,
    HealthcheckError,
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    # A credential process or a token cache may hold any JSON, and botocore takes its shape for granted.
    AttributeError,
    LookupError,
    TypeError,
)
"""What a resolution is seen to raise, from botocore's source."""

_EXPIRED = frozenset({"UnauthorizedSSOTokenError", "TokenRetrievalError", "LoginRefreshRequired"})
_TRANSPORT = frozenset(
    {FailureKind.UNREACHABLE, FailureKind.TIMED_OUT, FailureKind.REGION_INVALID, FailureKind.BAD_ANSWER}
)


def explain(error: Exception, source: str) -> Failure:
    """Say why a source could not be resolved. `Failure.code` is the exception's name, where AWS gave none."""
    name = type(error).__name__
    if isinstance(error, ClientError | HealthcheckError | TimeoutError) or sdk_kind(error) in _TRANSPORT:
        found = classify(error, operation=_operation(error))
        code = found.code or name
        kind, sentence = found.kind, f"{source}: {found.sentence}"
        if kind in (FailureKind.BAD_ANSWER, FailureKind.NOT_FOUND):
            kind = FailureKind.NO_CREDENTIALS  # AWS understood, and gives none
        return Failure(
            kind,
            sentence,
            found.operation,
            code,
            found.missing_actions,
            found.layer,
            found.explicit_deny,
            OWNERS.get(kind, "credentials.resolvable"),
        )
    kind = FailureKind.NO_CREDENTIALS
    if name in _EXPIRED or _still_expired(error):
        kind = FailureKind.CREDENTIALS_EXPIRED
    return Failure(kind, f"{source}: {_reason(error)}.", code=name, check="credentials.resolvable")


def nothing_found(source: str) -> Failure:
    """Say that every place was looked at, and that none holds credentials."""
    sentence = (
        f"{source}: no credentials in the environment, the shared AWS files, a container's or an instance's role."
    )
    return Failure(FailureKind.NO_CREDENTIALS, sentence, code="NoCredentialsError", check="credentials.resolvable")


def _operation(error: Exception) -> str | None:
    if isinstance(error, Unresolved):
        return error.failure.operation
    if isinstance(error, ClientError) and error.operation_name.startswith("AssumeRole"):
        return f"sts.{error.operation_name}"
    return None


def _still_expired(error: Exception) -> bool:
    return isinstance(error, RuntimeError) and "still expired" in str(error)


def _facts(error: Exception) -> Mapping[str, Any]:
    """The values that botocore built its sentence from."""
    facts: Mapping[str, Any] = getattr(error, "kwargs", {})
    return facts


def _reason(error: Exception) -> str:  # noqa: PLR0911 # one line for each thing that goes wrong
    facts = _facts(error)
    match type(error).__name__:
        case "ProfileNotFound":
            return f"the profile {facts.get('profile')!r} stands in neither shared AWS file"
        case "ConfigParseError":
            return f"the file {facts.get('path')} is not in INI form (a BOM, UTF-16 or a doubled section spoils it)"
        case "PartialCredentialsError":
            return f"{facts.get('provider')} gives only a part of a key: {facts.get('cred_var')} is missing"
        case "EOFError" | "RefreshWithMFAUnsupportedError":
            return "the profile asks for an MFA code, and nobody is there to type it"
        case "JSONDecodeError":
            return "the credential process printed something that is not JSON"
        case "FileNotFoundError" if isinstance(error, OSError):
            return f"the file {error.filename} does not exist"
    if _still_expired(error):
        return "the credentials were renewed, and the new ones had already expired"
    if isinstance(error, UnicodeDecodeError):
        return "a shared AWS file is not UTF-8"
    if isinstance(error, json.JSONDecodeError | BotoCoreError | OSError | RuntimeError | ValueError):
        return quote(str(error) or type(error).__name__)
    return f"what was read has not the form that the SDK expects ({type(error).__name__})"
