"""How long credentials last, and who renews them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from shlex import quote

from healthcheck.capabilities import Credentials
from healthcheck.checks.spans import spoken
from healthcheck.errors import Failure
from healthcheck.result import Evidence, Fix, Result, critical, ok, warning

GAUGE = "credential_expiry_timestamp_seconds"

# The SDK fetches these anew by itself, without anybody typing anything.
_RENEWED = {
    "assume-role": "the SDK assumes the role again",
    "assume-role-with-web-identity": "the SDK exchanges the web identity again",
    "container-role": "the container's metadata service renews them",
    "custom-process": "the SDK runs the credential_process again",
    "iam-role": "the instance's metadata service renews them",
}

# Under these names tools note the end of a session in ~/.aws/credentials: saml2aws, aws-azure-login, awsume.
_NOTED = ("x_security_token_expires", "aws_expiration", "expiration", "aws_session_expiration")


@dataclass(frozen=True, slots=True)
class SsoToken:
    """What the cache of IAM Identity Center says about the signed-in person's session."""

    expires: datetime | None
    renews_itself: bool
    """Whether the SDK can renew the token until the session itself ends, an instant that nobody tells."""


def sso_cache_name(session: str | None, start_url: str | None) -> str | None:
    """Return the cache file's name: the SHA-1 of the session's name, or of the start URL in the older form."""
    named = session or start_url
    return hashlib.sha1(named.encode(), usedforsecurity=False).hexdigest() + ".json" if named else None


def read_sso_token(data: bytes) -> SsoToken | None:
    """Read a file of the SSO cache; None when it is not one. The token itself is not looked at."""
    try:
        cached = json.loads(data)
    except ValueError:
        return None
    if not isinstance(cached, dict):
        return None
    return SsoToken(instant(str(cached.get("expiresAt", ""))), bool(cached.get("refreshToken")))


def instant(text: str) -> datetime | None:
    """Read an instant as AWS's tools write it; without a zone it is UTC."""
    try:
        read = datetime.fromisoformat(text.strip().replace("UTC", "Z"))
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def noted_end(settings: Mapping[str, str]) -> datetime | None:
    """Return the end of the session that some tool noted beside the keys."""
    return next((end for name in _NOTED if (end := instant(settings.get(name, "")))), None)


def judge(
    credentials: Credentials,
    now: datetime,
    horizon: timedelta,
    *,
    sso: SsoToken | None = None,
    noted: datetime | None = None,
    profile: str | None = None,
) -> Result:
    """Say when somebody has to act, if ever.

    Args:
        credentials: what resolving gave.
        now: the time.
        horizon: how far ahead an end is worth a warning.
        sso: the sign-in behind credentials of the method ``sso``.
        noted: the end that a tool noted beside the keys.
        profile: the profile to renew, for the commands.
    """
    subject = credentials.source
    method = credentials.method or "unknown"
    if credentials.renewal_failure is not None and credentials.expires is not None and credentials.expires > now:
        return _failing(credentials, credentials.renewal_failure, credentials.expires, now, profile)
    renewer = _RENEWED.get(method)
    if method == "sso" and sso is not None and sso.renews_itself:
        renewer = "the SDK renews the sign-in until IAM Identity Center ends it"
    if renewer and credentials.expires and credentials.expires > now:
        return ok(
            subject,
            f"{subject}: these end {spoken(credentials.expires - now)} from now, and {renewer}",
            evidence={"method": method, "expires": _text(credentials.expires), "renewed_by": renewer},
        )
    end = (sso.expires if sso else None) or credentials.expires or noted
    if end is not None:
        return _by_end(credentials, end, now, horizon, _renew(method, profile))
    if credentials.has_session_token or credentials.key_id_prefix == "ASIA":
        return warning(
            subject,
            f"{subject}: are temporary, and nothing says when they end",
            reason="unknown_lifetime",
            fix=Fix(
                "Take them from a source that knows: a profile with sso_session, a role to assume, or the variable "
                "AWS_CREDENTIAL_EXPIRATION beside the keys.",
                ("aws configure sso",),
            ),
            evidence={"method": method, "expires": None},
        )
    lifetime = "renewed by the SDK" if renewer else "no end"
    return ok(
        subject,
        f"{subject}: {f'do not say when they end, and {renewer}' if renewer else 'are long-lived, and have no end'}",
        evidence={"method": method, "lifetime": lifetime},
    )


def _failing(credentials: Credentials, failure: Failure, end: datetime, now: datetime, profile: str | None) -> Result:
    """Say that what should renew itself does not, as long as there is time to mend that."""
    subject = credentials.source
    why = failure.sentence.removeprefix(f"{subject}: ").rstrip(".")
    named = f" --profile {quote(profile)}" if profile else ""
    return warning(
        subject,
        f"{subject}: cannot be renewed, and end {spoken(end - now)} from now, at {_text(end)}: {why}",
        reason="renewal_failing",
        fix=Fix(
            "Mend what hands them out before they end; it is tried again by itself.",
            (f"aws sts get-caller-identity{named}",),
        ),
        evidence={
            "method": credentials.method,
            "expires": _text(end),
            "remaining_seconds": round((end - now).total_seconds()),
            "failure": failure.kind.value,
            "sdk_error": failure.code,
        },
        gauges={GAUGE: end.timestamp()},
    )


def _by_end(credentials: Credentials, end: datetime, now: datetime, horizon: timedelta, fix: Fix) -> Result:
    subject, left = credentials.source, end - now
    evidence: Evidence = {
        "method": credentials.method,
        "expires": _text(end),
        "remaining_seconds": round(left.total_seconds()),
        "horizon_seconds": round(horizon.total_seconds()),
    }
    gauges = {GAUGE: end.timestamp()}
    if left <= timedelta(0):
        sentence = f"{subject}: ended {spoken(-left)} ago, at {_text(end)}"
        return critical(subject, sentence, reason="expired", fix=fix, evidence=evidence, gauges=gauges)
    if left < horizon:
        sentence = f"{subject}: end {spoken(left)} from now, at {_text(end)}, sooner than {spoken(horizon)}"
        return warning(subject, sentence, reason="expires_soon", fix=fix, evidence=evidence, gauges=gauges)
    return ok(subject, f"{subject}: end {spoken(left)} from now, at {_text(end)}", evidence=evidence, gauges=gauges)


def _renew(method: str, profile: str | None) -> Fix:
    named = f" --profile {quote(profile)}" if profile else ""
    if method == "sso":
        return Fix(
            "Sign in again; with an [sso-session] of the scope sso:account:access the SDK renews it by itself.",
            (f"aws sso login{named}",),
            link="https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sso.html",
        )
    if method == "login":
        return Fix("Sign in again.", (f"aws login{named}",))
    return Fix("Begin a new session before this one ends.", (f"aws sts get-caller-identity{named}",))


def _text(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
