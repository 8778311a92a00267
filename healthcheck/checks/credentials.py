"""The credentials that the target's set-up is looked at with, and where they come from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from healthcheck.capabilities import Aws, Host
from healthcheck.check import check
from healthcheck.checks import aws_files, identity, lifetimes, opt_in, resolution, shadows
from healthcheck.checks.aws_files import AwsFile, FileKind
from healthcheck.errors import FailureKind
from healthcheck.result import Result
from healthcheck.target import Target

_FILE_REASONS = (
    "byte_order_mark",
    "file_unreadable",
    "malformed_file",
    "malformed_key",
    "placeholder",
    "profile_spelling",
    "quoted",
    "trailing_comment",
)


@check(
    every=timedelta(minutes=5),
    reasons=[
        *_FILE_REASONS,
        "assume_role_denied",
        "metadata_refused",
        "mfa_prompt",
        "partial",
        "process_output",
        "profile_missing",
        "profile_wiring",
        "sdk_part_missing",
        "source_rejected",
        "sso_session",
        "stale_credentials",
        "web_identity",
    ],
)
def resolvable(aws: Aws, host: Host, target: Target) -> Iterator[Result]:
    """AWS's SDK finds credentials where the settings say, and they look like credentials.

    Why: without credentials nothing works, and the SDK's own words ("Unable to locate credentials", a bare
        EOFError) name neither the file nor the line. A placeholder or a quoted key is accepted until the first call.
    Sees: what botocore's chain resolved to, or why it did not; ~/.aws/config and ~/.aws/credentials (or the files
        that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name), line by line; names of environment variables.
        Only the first and last four characters of a key's id are kept, of secrets nothing.
    Cannot see: whether AWS accepts the keys (credentials.valid does); files of another user; why a person's shell
        has other variables than this process.
    Source: https://docs.aws.amazon.com/boto3/latest/guide/credentials.html, read 2026-11-22; each error reproduced
        with botocore 1.44.5.
    """
    yield resolution.verdict(target.source, aws.credentials, _files(host), host.environ)


@check(
    every=timedelta(minutes=5),
    after=["credentials.resolvable", "network.clock"],
    calls=["sts.GetCallerIdentity"],
    optional_calls=["account.GetRegionOptStatus"],
    reasons=[
        "clock_skewed",
        "expired",
        "key_rejected",
        "region_disabled",
        "region_enabling",
        "region_scope",
        "session_refused",
        "session_rejected",
        "token_missing",
        "token_stray",
        "wrong_secret",
    ],
)
def valid(aws: Aws, target: Target) -> Iterator[Result]:
    """AWS accepts the credentials and says who they are.

    Why: a key can be deleted, deactivated, paired with another key's secret, or temporary and over; every other
        answer of AWS then is a refusal that blames something else.
    Sees: sts:GetCallerIdentity, which needs no permission and works even under an explicit Deny; AWS's error code
        and the shape of the key; where a region that has to be enabled refuses them, account:GetRegionOptStatus.
    Cannot see: whether a rejected key was deleted or made inactive: a dead key cannot ask about itself.
    Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html, read 2026-11-22.
    """
    base, failed = aws.credentials.base, aws.credentials.failure
    if base is not None and base.failure is None and failed is not None:
        yield identity.refused(target.source.base, base, failed)  # there is nothing to ask with
        return
    client = aws.client("sts")
    try:
        answer = client.get_caller_identity()
    except client.exceptions.ClientError as error:
        failure = aws.failure(error)
        if failure.kind not in identity.JUDGED:
            raise
        if failure.kind is FailureKind.CREDENTIALS_INVALID and opt_in.may_be_off(aws):
            # The region's own STS refuses good credentials like bad ones; AWS's account service tells them apart.
            found = opt_in.ask(aws)
            if found.is_known_to_aws:
                yield opt_in.refusal(aws.region, "STS", failure, found)
                return
        yield identity.refused(target.source, aws.credentials, failure)
        return
    yield identity.accepted(target.source, answer["Account"], answer["Arn"])


@check(
    every=timedelta(minutes=5),
    after=["credentials.valid"],
    calls=["sts.GetCallerIdentity"],
    reasons=["bucket_elsewhere", "role_elsewhere", "unexpected_account"],
)
def account(aws: Aws, target: Target) -> Iterator[Result]:
    """The credentials lead to the account that is expected, where the role and the bucket are too.

    Why: right keys of the wrong account show as empty lists, "not found", and "Cross-account pass role is not
        allowed".
    Sees: the account in sts:GetCallerIdentity's answer; the settings' account, the account in the role's ARN, and
        the digits in a bucket named like a default bucket.
    Cannot see: which account was meant when the settings name none; who owns a bucket with a name of its own.
    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html, read 2026-11-22.
    """
    yield from identity.in_account(target, aws.account())


@check(
    every=timedelta(minutes=5),
    after=["credentials.resolvable"],
    reasons=["expired", "expires_soon", "renewal_failing", "unknown_lifetime"],
    gauges=[lifetimes.GAUGE],
)
def expiry(aws: Aws, host: Host, target: Target, *, horizon: timedelta = timedelta(hours=12)) -> Iterator[Result]:
    """The credentials last longer than the horizon, or renew themselves.

    Why: what a person signed in to in the morning ends in the afternoon, in the middle of a job's submission.
    Sees: the expiry that botocore knows; for IAM Identity Center the sign-in's end in ~/.aws/sso/cache; an end that
        tools such as saml2aws noted beside the keys. The gauge holds the instant at which somebody has to act;
        keys without an end, and those that the SDK renews by itself, have none.
    Cannot see: when an organisation ends a sign-in that renews itself; the end of temporary keys that were
        copied without one.
    Source: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sso.html, read 2026-11-22.
    Settings:
        horizon: how long before their end credentials are worth a warning
    """
    credentials = aws.credentials.base or aws.credentials
    files = _files(host)
    profile = aws_files.active_profile(target.source.profile, host.environ)
    noted = next((end for file in files if (end := lifetimes.noted_end(file.profiles.get(profile, {})))), None)
    yield lifetimes.judge(
        credentials,
        aws.now,
        horizon,
        sso=_sso_token(host, files, profile) if credentials.method == "sso" else None,
        noted=noted if credentials.method == "shared-credentials-file" else None,
        profile=target.source.profile,
    )


@check(
    every=timedelta(minutes=15),
    reasons=[
        "keys_beat_profile",
        "redirected_file_missing",
        "role_arn_ignored",
        "sso_beats_keys",
        "stray_session_token",
        "tokens_differ",
    ],
)
def shadowing(host: Host, target: Target) -> Iterator[Result]:
    """No leftover in the environment or the shared files hides the credentials that were meant.

    Why: keys in the environment beat AWS_PROFILE without a word, and an old session token spoils new keys.
    Sees: which AWS_* variables this process has, and which settings the profile in force has; never their values.
    Cannot see: the environment of other processes, such as a person's shell or a notebook.
    Source: https://docs.aws.amazon.com/boto3/latest/guide/credentials.html, read 2026-11-22; each case tried with
        botocore 1.44.5.
    """
    yield from shadows.judge(target.source, host.environ, _files(host))


def _files(host: Host) -> tuple[AwsFile, ...]:
    return tuple(aws_files.load(host, kind) for kind in (FileKind.CREDENTIALS, FileKind.CONFIG))


def _sso_token(host: Host, files: tuple[AwsFile, ...], profile: str) -> lifetimes.SsoToken | None:
    """Find the sign-in of the profile; None where it cannot be found, which is no verdict on it."""
    settings = {name: value for file in files for name, value in file.profiles.get(profile, {}).items()}
    session = settings.get("sso_session")
    name = lifetimes.sso_cache_name(session, settings.get("sso_start_url"))
    if name is None:
        return None
    try:
        data = host.read_bytes(host.home / ".aws" / "sso" / "cache" / name)
    except OSError:
        return None
    return lifetimes.read_sso_token(data)
