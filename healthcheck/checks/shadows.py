"""Leftovers in the environment and the shared files that decide silently which credentials win."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from shlex import quote

from healthcheck.checks.aws_files import AwsFile, active_profile
from healthcheck.result import Evidence, Fix, Result, ok, warning
from healthcheck.target import CredentialSource

_HOST = "environment of this host"
_KEYS = "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"


@dataclass(frozen=True, slots=True)
class Shadow:
    """One thing that hides another."""

    reason: str
    sentence: str
    fix: str
    commands: tuple[str, ...]


def judge(source: CredentialSource, environ: Mapping[str, str], files: tuple[AwsFile, ...]) -> Iterator[Result]:
    """Tell what the environment of this host hides, which is one fact for all targets; then what a profile does."""
    seen = {"variables": sorted(name for name in environ if name in _TOLD and environ[name])}
    of_host, of_profile = tuple(_of_host(source, environ, files)), tuple(_of_profile(source, environ, files))
    if of_host:
        yield _told(_HOST, of_host, seen)
    if of_profile:
        yield _told(source.base.name, of_profile, {**seen, "profile": active_profile(source.profile, environ)})
    if not of_host and not of_profile:
        evidence = {**seen, "profile": active_profile(source.profile, environ)}
        yield ok(source.name, f"{source.name}: nothing hides what was meant", evidence=evidence)


def _told(subject: str, found: tuple[Shadow, ...], evidence: Evidence) -> Result:
    """Tell all shadows of one subject in one verdict, the most consequential first."""
    return warning(
        subject,
        f"{subject}: " + "; ".join(shadow.sentence for shadow in found),
        reason=found[0].reason,
        fix=Fix(
            " ".join(shadow.fix for shadow in found),
            tuple(dict.fromkeys(command for shadow in found for command in shadow.commands)),
        ),
        evidence={**evidence, "shadows": [shadow.reason for shadow in found]},
    )


_TOLD = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_CONFIG_FILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_PROFILE",
        "AWS_ROLE_ARN",
        "AWS_SECURITY_TOKEN",
        "AWS_SESSION_TOKEN",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    }
)
"""Variables whose names (never values) are worth telling."""


def _of_host(source: CredentialSource, environ: Mapping[str, str], files: tuple[AwsFile, ...]) -> Iterator[Shadow]:
    # A profile that the settings name is given to the SDK as an argument, which beats the environment.
    if source.profile is None:
        yield from _of_keys(environ)
        yield from _of_roles(environ)
    yield from _of_files(environ, files)


def _of_keys(environ: Mapping[str, str]) -> Iterator[Shadow]:
    key, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    named = next((name for name in ("AWS_DEFAULT_PROFILE", "AWS_PROFILE") if environ.get(name)), None)
    token = next((name for name in ("AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN") if environ.get(name)), None)
    if key and secret and named:
        yield Shadow(
            "keys_beat_profile",
            f"AWS_ACCESS_KEY_ID in the environment beats the profile {environ[named]} that {named} names",
            f"Unset the keys if {named} was meant, else unset {named}.",
            (_KEYS, f"unset {named}"),
        )
    if token and key and key.startswith("AKIA"):
        yield Shadow(
            "stray_session_token",
            f"{token} is sent along with a long-lived key, which has no session; STS refuses the pair",
            f"Unset {token}.",
            (f"unset {token}",),
        )
    elif token and not key:
        yield Shadow(
            "stray_session_token",
            f"{token} is set without a key; it is ignored until a key is set, and then spoils it",
            f"Unset {token}.",
            (f"unset {token}",),
        )
    old, new = environ.get("AWS_SECURITY_TOKEN"), environ.get("AWS_SESSION_TOKEN")
    if key and old and new and old != new:
        yield Shadow(
            "tokens_differ",
            "AWS_SECURITY_TOKEN and AWS_SESSION_TOKEN differ, and the older name wins",
            "Unset AWS_SECURITY_TOKEN, the name of old.",
            ("unset AWS_SECURITY_TOKEN",),
        )


def _of_roles(environ: Mapping[str, str]) -> Iterator[Shadow]:
    if environ.get("AWS_ROLE_ARN") and not environ.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
        yield Shadow(
            "role_arn_ignored",
            "AWS_ROLE_ARN does nothing without AWS_WEB_IDENTITY_TOKEN_FILE; no role is assumed",
            "Name the role as assume_role: {arn: …} in the settings, or as role_arn in a profile; unset the variable.",
            ("unset AWS_ROLE_ARN",),
        )


def _of_files(environ: Mapping[str, str], files: tuple[AwsFile, ...]) -> Iterator[Shadow]:
    for file in files:
        if not file.exists and environ.get(file.kind.variable):
            yield Shadow(
                "redirected_file_missing",
                f"{file.kind.variable} names {file.path}, which does not exist, and hides the usual file",
                f"Correct {file.kind.variable}, or unset it.",
                (f"ls -l {quote(file.path)}", f"unset {file.kind.variable}"),
            )


def _of_profile(source: CredentialSource, environ: Mapping[str, str], files: tuple[AwsFile, ...]) -> Iterator[Shadow]:
    profile = active_profile(source.profile, environ)
    settings = {name for file in files for name in file.profiles.get(profile, {})}
    from_environment = source.profile is None and environ.get("AWS_ACCESS_KEY_ID")
    if not from_environment and "aws_access_key_id" in settings and settings & {"sso_session", "sso_start_url"}:
        yield Shadow(
            "sso_beats_keys",
            f"the profile {profile} has both keys and a sign-in of IAM Identity Center, which beats them",
            f"Remove one of the two from the profile {profile}.",
            (f"aws configure list --profile {quote(profile)}",),
        )
