"""Cases of the checks in healthcheck.checks.credentials."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from healthcheck.capabilities import Credentials
from healthcheck.checks.lifetimes import sso_cache_name
from healthcheck.errors import Failure, FailureKind
from healthcheck.result import Status
from healthcheck.target import CredentialSource
from healthcheck.testing import ACCOUNT, ENVIRON, NOW, ROLE, SECRET, TARGET, AwsError, Case, Situation

SOURCE = "ambient credentials"
KEY = "AKIAQHEALTHCHECKTEST"
TEMPORARY = "ASIAQHEALTHCHECKTEST"
PROFILE = replace(TARGET, source=CredentialSource(profile="prod"))


def shared(key: str = KEY, secret: str = SECRET, *more: str, section: str = "default") -> str:
    lines = (f"[{section}]", f"aws_access_key_id = {key}", f"aws_secret_access_key = {secret}", *more)
    return "\n".join(lines) + "\n"


def _with_file(
    text: str | bytes, *, config: str = "", environ: Mapping[str, str] | None = None, target: Any = TARGET
) -> Situation:
    files = {".aws/credentials": text} | ({".aws/config": config} if config else {})
    return Situation(target=target, environ=environ or {}, files=files)


def failed(
    code: str, kind: FailureKind = FailureKind.NO_CREDENTIALS, operation: str | None = None, **more: Any
) -> Situation:
    """A resolution that the SDK gave up with this error."""
    failure = Failure(kind, f"{SOURCE}: it said so.", operation, code)
    return Situation(credentials=Credentials(SOURCE, failure=failure), **more)


def _config(*lines: str) -> Mapping[str, str]:
    return {".aws/config": "\n".join(lines) + "\n"}


_RESOLVABLE = (
    Case("keys in the environment", Situation(), Status.OK),
    Case("keys in the file", _with_file(shared()), Status.OK),
    Case("nothing anywhere", Situation(environ={}), Status.CRITICAL, "no_credentials"),
    Case("half a pair in the environment", Situation(environ={"AWS_ACCESS_KEY_ID": KEY}), Status.CRITICAL, "partial"),
    Case("half a pair in the file", _with_file(f"[default]\naws_access_key_id = {KEY}\n"), Status.CRITICAL, "partial"),
    Case("no section", _with_file(shared().partition("\n")[2]), Status.CRITICAL, "malformed_file"),
    Case("a section twice", _with_file(shared() + shared()), Status.CRITICAL, "malformed_file"),
    Case(
        "a key twice", _with_file(shared(KEY, SECRET, f"aws_access_key_id = {KEY}")), Status.CRITICAL, "malformed_file"
    ),
    Case(
        "Notepad's byte-order mark", _with_file(b"\xef\xbb\xbf" + shared().encode()), Status.CRITICAL, "byte_order_mark"
    ),
    Case("UTF-16", _with_file(shared().encode("utf-16")), Status.CRITICAL, "byte_order_mark"),
    Case(
        "a profile that is nowhere", replace(Situation(environ={}), target=PROFILE), Status.CRITICAL, "profile_missing"
    ),
    Case(
        "a variable that names no profile", Situation(environ={"AWS_PROFILE": ""}), Status.CRITICAL, "profile_missing"
    ),
    Case(
        "[prod] where the config file wants [profile prod]",
        _with_file(shared(), config="[prod]\nrole_arn = x\nsource_profile = default\n", target=PROFILE),
        Status.CRITICAL,
        "profile_spelling",
    ),
    Case(
        "[profile prod] where the credentials file wants [prod]",
        _with_file(shared(section="profile prod"), target=PROFILE),
        Status.CRITICAL,
        "profile_spelling",
    ),
    Case(
        "a superfluous spelling of a profile that works",
        _with_file(shared(section="prod"), config="[prod]\nregion = us-east-1\n", target=PROFILE),
        Status.WARNING,
        "profile_spelling",
    ),
    Case("a template's placeholder", _with_file(shared("[YOUR_ACCESS_KEY_ID]")), Status.CRITICAL, "placeholder"),
    Case("quotes in the file", _with_file(shared(f'"{KEY}"')), Status.CRITICAL, "quoted"),
    Case("quotes around the secret", _with_file(shared(KEY, f'"{SECRET}"')), Status.CRITICAL, "quoted"),
    Case(
        "quotes in the environment",
        Situation(environ={**ENVIRON, "AWS_ACCESS_KEY_ID": f"'{KEY}'"}),
        Status.CRITICAL,
        "quoted",
    ),
    Case("a comment behind the key", _with_file(shared(f"{KEY} # mine")), Status.CRITICAL, "trailing_comment"),
    Case("the secret in the key's place", _with_file(shared("0123456789abcdef")), Status.CRITICAL, "malformed_key"),
    Case(
        "a profile that leads to none",
        Situation(
            environ={"AWS_PROFILE": "prod"},
            files=_config("[profile prod]", f"role_arn = {ROLE}", "source_profile = gone"),
        ),
        Status.CRITICAL,
        "profile_wiring",
    ),
    Case(
        "a sign-in that never was",
        Situation(
            environ={"AWS_PROFILE": "prod"},
            files=_config(
                "[profile prod]",
                "sso_session = corp",
                f"sso_account_id = {ACCOUNT}",
                "sso_role_name = Admin",
                "region = us-east-1",
                "[sso-session corp]",
                "sso_start_url = https://corp.awsapps.invalid/start",
                "sso_region = us-east-1",
            ),
        ),
        Status.CRITICAL,
        "sso_session",
    ),
    Case(
        "a process that prints no JSON",
        Situation(environ={"AWS_PROFILE": "prod"}, files=_config("[profile prod]", "credential_process = echo hello")),
        Status.CRITICAL,
        "process_output",
    ),
    Case(
        "a process that is not there",
        Situation(environ={"AWS_PROFILE": "prod"}, files=_config("[profile prod]", "credential_process = /gone/fetch")),
        Status.CRITICAL,
        "process_output",
    ),
    Case(
        "a web identity without its token",
        Situation(
            environ={
                "AWS_ROLE_ARN": ROLE,
                "AWS_WEB_IDENTITY_TOKEN_FILE": "/gone/token",
                "AWS_DEFAULT_REGION": "us-east-1",
            }
        ),
        Status.CRITICAL,
        "web_identity",
    ),
    Case(
        "a container's address that is none",
        Situation(environ={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://10.0.0.1/keys"}),
        Status.CRITICAL,
        "metadata_refused",
    ),
    Case("a code to type", failed("EOFError"), Status.CRITICAL, "mfa_prompt"),
    Case(
        "old keys for new",
        failed("RuntimeError", FailureKind.CREDENTIALS_EXPIRED),
        Status.CRITICAL,
        "stale_credentials",
    ),
    Case("a part of the SDK is missing", failed("MissingDependencyException"), Status.CRITICAL, "sdk_part_missing"),
    Case(
        "aws login is over",
        failed("LoginRefreshRequired", FailureKind.CREDENTIALS_EXPIRED),
        Status.CRITICAL,
        "sso_session",
    ),
    Case(
        "a role that may not be assumed",
        failed("AccessDenied", FailureKind.NOT_PERMITTED, "sts.AssumeRole"),
        Status.CRITICAL,
        "assume_role_denied",
    ),
    Case(
        "a role whose source_profile has a key that is gone",
        failed(
            "InvalidClientTokenId",
            FailureKind.CREDENTIALS_INVALID,
            "sts.AssumeRole",
            environ={"AWS_PROFILE": "prod"},
            files=_config("[profile prod]", f"role_arn = {ROLE}", "source_profile = base"),
        ),
        Status.CRITICAL,
        "source_rejected",
    ),
    Case(
        "a role whose source is a session that is over",
        failed("ExpiredToken", FailureKind.CREDENTIALS_EXPIRED, "sts.AssumeRole"),
        Status.CRITICAL,
        "source_rejected",
    ),
    Case(
        "a role that was asked for at the wrong time",
        failed("SignatureDoesNotMatch", FailureKind.CLOCK_SKEWED, "sts.AssumeRole"),
        Status.UNKNOWN,
        "clock_skewed",
    ),
    Case(
        "a web identity that is not trusted",
        failed("AccessDenied", FailureKind.NOT_PERMITTED, "sts.AssumeRoleWithWebIdentity"),
        Status.CRITICAL,
        "web_identity",
    ),
    Case("an error that nobody has seen", failed("FancyNewError"), Status.CRITICAL, "no_credentials"),
    Case("STS out of reach", failed("ConnectTimeoutError", FailureKind.UNREACHABLE), Status.UNKNOWN, "unreachable"),
    Case(
        "a directory in the file's place",
        Situation(environ={}, files={".aws/credentials/oops": ""}),
        Status.CRITICAL,
        "file_unreadable",
    ),
)


def _refused(code: str, message: str = "", **environ: str) -> Situation:
    return Situation(environ={**ENVIRON, **environ}, answers={"sts.GetCallerIdentity": AwsError(code, message, 403)})


def _refused_in_opt_in(status: object) -> Situation:
    answer = {"RegionName": "eu-south-2", "RegionOptStatus": status} if isinstance(status, str) else status
    return Situation(
        target=replace(TARGET, region="eu-south-2"),
        answers={
            "sts.GetCallerIdentity": AwsError("InvalidClientTokenId", "", 403),
            "account.GetRegionOptStatus": answer,  # type: ignore[dict-item]
        },
    )


def base_refused(kind: FailureKind, code: str) -> Situation:
    """A role whose base AWS does not accept: nobody has looked at the role."""
    failure = Failure(kind, f"role {ROLE} from profile prod: refused", "sts.AssumeRole", code)
    base = Credentials("profile prod", "shared-credentials-file", "AKIA", "TEST")
    source = CredentialSource(profile="prod", assume_role=ROLE)
    return Situation(
        target=replace(TARGET, source=source), credentials=Credentials(source.name, failure=failure, base=base)
    )


_UNKNOWN_TOKEN = AwsError("UnrecognizedClientException", "", 400)

_VALID = (
    Case("STS knows them", Situation(), Status.OK),
    Case("a session that is over", _refused("ExpiredToken"), Status.CRITICAL, "expired"),
    Case("a key that was deleted", _refused("InvalidClientTokenId"), Status.CRITICAL, "key_rejected"),
    Case(
        "a temporary key without its token",
        _refused("InvalidClientTokenId", AWS_ACCESS_KEY_ID=TEMPORARY),
        Status.CRITICAL,
        "token_missing",
    ),
    Case(
        "a long-lived key with a left-over token",
        _refused("InvalidClientTokenId", AWS_SESSION_TOKEN="left-over"),
        Status.CRITICAL,
        "token_stray",
    ),
    Case(
        "a session that AWS does not know",
        _refused("InvalidClientTokenId", AWS_ACCESS_KEY_ID=TEMPORARY, AWS_SESSION_TOKEN="its-own"),
        Status.CRITICAL,
        "session_rejected",
    ),
    Case(
        "a secret that is not the key's",
        _refused("SignatureDoesNotMatch", "does not match"),
        Status.CRITICAL,
        "wrong_secret",
    ),
    Case(
        "a wrong clock",
        _refused("SignatureDoesNotMatch", "Signature expired: x is now earlier than y"),
        Status.CRITICAL,
        "clock_skewed",
    ),
    Case(
        "a region in capitals",
        _refused("SignatureDoesNotMatch", "Credential should be scoped to a valid region"),
        Status.CRITICAL,
        "region_scope",
    ),
    Case("a region that is off", _refused_in_opt_in("DISABLED"), Status.CRITICAL, "region_disabled"),
    Case("a region that is being switched on", _refused_in_opt_in("ENABLING"), Status.CRITICAL, "region_enabling"),
    Case("an old session in a newer region", _refused_in_opt_in("ENABLED"), Status.CRITICAL, "session_refused"),
    Case("a deleted key in a newer region", _refused_in_opt_in(_UNKNOWN_TOKEN), Status.CRITICAL, "key_rejected"),
    Case("a good key whose region may not be asked about", _refused_in_opt_in(None), Status.UNKNOWN, "not_permitted"),
    Case(
        "a newer region that cannot be asked about just now",
        _refused_in_opt_in(AwsError("TooManyRequestsException", "Rate exceeded", 429)),
        Status.UNKNOWN,
        "throttled",
    ),
    Case("STS throttles", _refused("Throttling", "Rate exceeded"), Status.UNKNOWN, "throttled"),
    Case(
        "a deleted key that a role is assumed with",
        base_refused(FailureKind.CREDENTIALS_INVALID, "InvalidClientTokenId"),
        Status.CRITICAL,
        "key_rejected",
    ),
    Case(
        "a session that is over, that a role is assumed with",
        base_refused(FailureKind.CREDENTIALS_EXPIRED, "ExpiredToken"),
        Status.CRITICAL,
        "expired",
    ),
)


def _account(**changes: Any) -> Situation:
    return Situation(target=replace(TARGET, **changes))


_ELSEWHERE = "444455556666"

_ACCOUNT = (
    Case("no account expected", Situation(), Status.OK),
    Case("the account that was expected", _account(account=ACCOUNT), Status.OK),
    Case("another than expected", _account(account=_ELSEWHERE), Status.CRITICAL, "unexpected_account"),
    Case(
        "another account's role",
        _account(role=f"arn:aws:iam::{_ELSEWHERE}:role/SageMaker"),
        Status.CRITICAL,
        "role_elsewhere",
    ),
    Case(
        "another account's default bucket",
        _account(bucket=f"sagemaker-us-east-1-{_ELSEWHERE}"),
        Status.WARNING,
        "bucket_elsewhere",
    ),
    Case("a role that is no ARN, for role.configured to tell", _account(role="SageMaker"), Status.OK),
)


def lasting(method: str, expires: datetime | None = None, *, prefix: str = "ASIA", **more: Any) -> Situation:
    credentials = Credentials(SOURCE, method, prefix, "TEST", True, prefix == "ASIA", expires)
    return Situation(credentials=credentials, **more)


def _renewal_failing(left: timedelta) -> Situation:
    failure = Failure(FailureKind.NOT_PERMITTED, f"{SOURCE}: AWS does not allow it.", "sts.AssumeRole", "AccessDenied")
    credentials = Credentials(SOURCE, "assume-role", "ASIA", "TEST", True, True, NOW + left, refreshable=True)
    return Situation(credentials=replace(credentials, renewal_failure=failure))


def sso_files(expires: str, *, renews: bool) -> Mapping[str, str]:
    cached = {"accessToken": SECRET, "expiresAt": expires} | ({"refreshToken": SECRET} if renews else {})
    session = "corp" if renews else None
    url = "https://corp.awsapps.invalid/start"
    setting = "sso_session = corp" if renews else f"sso_start_url = {url}"
    return {
        ".aws/config": f"[default]\n{setting}\n",
        f".aws/sso/cache/{sso_cache_name(session, url)}": json.dumps(cached),
    }


_HORIZON = timedelta(hours=12)

_EXPIRY = (
    Case("long-lived keys", Situation(), Status.OK),
    Case(
        "long-lived keys that no role can be assumed with",
        base_refused(FailureKind.CREDENTIALS_INVALID, "InvalidClientTokenId"),
        Status.OK,
    ),
    Case("a role that the SDK assumes again", lasting("assume-role", NOW + timedelta(minutes=40)), Status.OK),
    Case(
        "a role that cannot be assumed again", _renewal_failing(timedelta(minutes=9)), Status.WARNING, "renewal_failing"
    ),
    Case("one whose end has come", _renewal_failing(timedelta(0)), Status.CRITICAL, "expired"),
    Case("an instance's role", lasting("iam-role", NOW + timedelta(hours=5)), Status.OK),
    Case("exactly the horizon", lasting("env", NOW + _HORIZON), Status.OK),
    Case("a second less", lasting("env", NOW + _HORIZON - timedelta(seconds=1)), Status.WARNING, "expires_soon"),
    Case("this instant", lasting("env", NOW), Status.CRITICAL, "expired"),
    Case("a renewal that did not come", lasting("iam-role", NOW - timedelta(seconds=1)), Status.CRITICAL, "expired"),
    Case(
        "a longer horizon",
        lasting("env", NOW + timedelta(hours=13), settings={"horizon": timedelta(hours=24)}),
        Status.WARNING,
        "expires_soon",
    ),
    Case("temporary keys that say nothing", lasting("env"), Status.WARNING, "unknown_lifetime"),
    Case(
        "an end that another tool noted",
        lasting(
            "shared-credentials-file",
            environ={},
            files={".aws/credentials": shared(TEMPORARY, SECRET, "x_security_token_expires = 2026-11-22T13:00:00Z")},
        ),
        Status.WARNING,
        "expires_soon",
    ),
    Case(
        "a sign-in that nobody renews",
        lasting("sso", NOW + timedelta(hours=20), files=sso_files("2026-11-22T14:00:00Z", renews=False)),
        Status.WARNING,
        "expires_soon",
    ),
    Case(
        "a sign-in that renews itself",
        lasting("sso", NOW + timedelta(hours=1), files=sso_files("2026-11-22T12:30:00Z", renews=True)),
        Status.OK,
    ),
    Case(
        "a sign-in of another machine",
        lasting("sso", NOW + timedelta(hours=1), files={".aws/config": "[default]\nsso_session = corp\n"}),
        Status.WARNING,
        "expires_soon",
    ),
    Case(
        "a sign-in that no file tells of",
        lasting("sso", NOW + timedelta(hours=13)),
        Status.OK,
    ),
    Case(
        "a process that gives no end",
        lasting("custom-process", prefix="AKIA"),
        Status.OK,
    ),
    Case(
        "a sign-in by aws login",
        lasting("login", NOW + timedelta(hours=1)),
        Status.WARNING,
        "expires_soon",
    ),
    Case(
        "a sign-in whose cache is junk",
        lasting(
            "sso",
            NOW + timedelta(hours=1),
            files={
                **sso_files("", renews=False),
                f".aws/sso/cache/{sso_cache_name(None, 'https://corp.awsapps.invalid/start')}": "[",
            },
        ),
        Status.WARNING,
        "expires_soon",
    ),
)


def _environ(**more: str) -> Situation:
    return Situation(environ={**ENVIRON, **more})


_SHADOWING = (
    Case("keys alone", Situation(), Status.OK),
    Case("keys and a profile", _environ(AWS_PROFILE="prod"), Status.WARNING, "keys_beat_profile"),
    Case(
        "keys and a target with a profile of its own", replace(_environ(AWS_PROFILE="other"), target=PROFILE), Status.OK
    ),
    Case("a long-lived key and a token", _environ(AWS_SESSION_TOKEN=SECRET), Status.WARNING, "stray_session_token"),
    Case("a token alone", Situation(environ={"AWS_SESSION_TOKEN": SECRET}), Status.WARNING, "stray_session_token"),
    Case(
        "two tokens",
        _environ(AWS_ACCESS_KEY_ID=TEMPORARY, AWS_SESSION_TOKEN="new", AWS_SECURITY_TOKEN="old"),
        Status.WARNING,
        "tokens_differ",
    ),
    Case("a role without a token's file", _environ(AWS_ROLE_ARN=ROLE), Status.WARNING, "role_arn_ignored"),
    Case("a file that is elsewhere", _environ(AWS_CONFIG_FILE="~/gone"), Status.WARNING, "redirected_file_missing"),
    Case(
        "a sign-in and keys in one profile",
        Situation(
            target=PROFILE,
            files={".aws/credentials": shared(section="prod"), ".aws/config": "[profile prod]\nsso_session = corp\n"},
        ),
        Status.WARNING,
        "sso_beats_keys",
    ),
)

CASES = {
    "credentials.resolvable": _RESOLVABLE,
    "credentials.valid": _VALID,
    "credentials.account": _ACCOUNT,
    "credentials.expiry": _EXPIRY,
    "credentials.shadowing": _SHADOWING,
}
