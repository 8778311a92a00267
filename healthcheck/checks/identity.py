"""Who the credentials make us: what STS's answer or refusal means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from shlex import quote

from healthcheck.capabilities import Credentials
from healthcheck.checks import arns
from healthcheck.errors import Failure, FailureKind
from healthcheck.result import Fix, Result, critical, ok, warning
from healthcheck.target import CredentialSource, Target

_DEFAULT_STYLE = re.compile(r"sagemaker-(?P<region>[a-z]{2,4}(?:-[a-z]+)+-\d+)-(?P<account>\d{12})", re.ASCII)

JUDGED = frozenset(
    {
        FailureKind.CREDENTIALS_EXPIRED,
        FailureKind.CREDENTIALS_INVALID,
        FailureKind.CLOCK_SKEWED,
        FailureKind.REGION_INVALID,
    }
)
"""Refusals that say something about the credentials; all others are no verdict on them."""


def accepted(source: CredentialSource, account: str, arn: str) -> Result:
    """Report the identity that STS answered with."""
    return ok(source.name, f"{source.name}: STS knows them as {arn}", evidence={"account": account, "arn": arn})


def refused(source: CredentialSource, credentials: Credentials, failure: Failure) -> Result:
    """Say which of the many causes of a refusal it is, from AWS's code and the shape of the key."""
    reason, sentence, fix = _cause(source, credentials, failure)
    return critical(
        source.name,
        f"{source.name}: {sentence}",
        reason=reason,
        fix=fix,
        evidence={
            "aws_error": failure.code,
            "key": _key(credentials),
            "method": credentials.method,
            "has_session_token": credentials.has_session_token,
        },
    )


def _cause(source: CredentialSource, credentials: Credentials, failure: Failure) -> tuple[str, str, Fix]:  # noqa: PLR0911 - a table
    key = _key(credentials)
    profile = f" --profile {quote(source.profile)}" if source.profile else ""
    renew = Fix("Begin a new session.", _renewal(credentials, profile))
    if failure.kind is FailureKind.CREDENTIALS_EXPIRED:
        return "expired", f"the session of the key {key} is over", renew
    if failure.kind is FailureKind.CLOCK_SKEWED:
        return (
            "clock_skewed",
            "AWS refuses the signature's time: this host's clock is more than five minutes off",
            Fix("Set the clock.", ("sudo chronyc makestep",)),
        )
    if failure.kind is FailureKind.REGION_INVALID:
        return (
            "region_scope",
            "AWS refuses the region that the request was signed for: it has none of this name",
            Fix("Correct the region.", (f"aws configure set region REGION{profile}",)),
        )
    if failure.code in {"SignatureDoesNotMatch", "InvalidSignatureException"}:
        return (
            "wrong_secret",
            f"the secret does not belong to the key {key}: it was cut short, lengthened, or is another key's",
            Fix("Enter the key and its secret again.", (f"aws configure{profile}",)),
        )
    if credentials.key_id_prefix == "ASIA" and not credentials.has_session_token:
        return (
            "token_missing",
            f"the key {key} is a temporary one, and its session token is missing",
            Fix(
                "Give all three parts: key, secret and session token.",
                (f"aws configure set aws_session_token TOKEN{profile}",),
            ),
        )
    if credentials.key_id_prefix == "AKIA" and credentials.has_session_token:
        return (
            "token_stray",
            f"a session token is sent along with the long-lived key {key}, which has none",
            Fix("Remove the left-over token.", ("unset AWS_SESSION_TOKEN AWS_SECURITY_TOKEN",)),
        )
    if credentials.key_id_prefix == "ASIA":
        return "session_rejected", f"AWS does not know the session of the key {key} (any more)", renew
    return (
        "key_rejected",
        f"AWS does not know the key {key}: it was deleted or made inactive, or belongs to another partition",
        Fix(
            "Make a new key, or make this one active; the key itself may no longer ask, so use another identity.",
            ("aws iam list-access-keys --user-name USER", f"aws configure{profile}"),
        ),
    )


def _renewal(credentials: Credentials, profile: str) -> tuple[str, ...]:
    if credentials.method == "sso":
        return (f"aws sso login{profile}",)
    if credentials.method == "login":
        return (f"aws login{profile}",)
    if credentials.method == "env":
        return ("unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN", "aws sso login")
    return (f"aws configure{profile}", f"aws sts get-caller-identity{profile}")


def _key(credentials: Credentials) -> str:
    return f"{credentials.key_id_prefix or ''}…{credentials.key_id_suffix or ''}"


def in_account(target: Target, actual: str) -> Iterator[Result]:
    """Compare the account that we are in with the one expected, the role's, and the bucket's."""
    source = target.source.name
    role = arns.parse(target.role) if target.role else None
    bucket = _DEFAULT_STYLE.fullmatch(target.bucket or "")
    elsewhere = target.account is not None and target.account != actual
    if target.account is not None and elsewhere:
        yield critical(
            source,
            f"{source}: lead to account {actual}, not to {target.account} as expected",
            reason="unexpected_account",
            fix=Fix(
                "Use the credentials of the expected account, or correct account: in the settings.", _switch(target)
            ),
            evidence={"account": actual, "expected_account": target.account},
        )
    else:
        expectation = "as expected" if target.account else "and no other was expected"
        yield ok(source, f"{source}: are in account {actual}, {expectation}", evidence={"account": actual})
    if role and role.account != actual and not (elsewhere and role.account == target.account):
        yield critical(
            role.text,
            f"{role.text}: is a role of account {role.account}, but the credentials are in {actual}; "
            "SageMaker takes no role of another account",
            reason="role_elsewhere",
            fix=Fix("Name a role of this account, or use the credentials of the role's account.", _switch(target)),
            evidence={"account": actual, "role_account": role.account},
        )
    if bucket and bucket["account"] != actual and not (elsewhere and bucket["account"] == target.account):
        yield warning(
            f"s3://{target.bucket}",
            f"s3://{target.bucket}: is named like the default bucket of account {bucket['account']}, "
            f"but the credentials are in {actual}",
            reason="bucket_elsewhere",
            fix=Fix(f"Say bucket: default, which is sagemaker-{bucket['region']}-{actual} here, if that was meant."),
            evidence={"account": actual, "bucket_account": bucket["account"]},
        )


def _switch(target: Target) -> tuple[str, ...]:
    named = f" --profile {quote(target.source.profile)}" if target.source.profile else ""
    return ("aws configure list-profiles", f"aws sts get-caller-identity{named}")
