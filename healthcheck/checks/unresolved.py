"""Why a credential source could not be resolved, and how to mend each case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from shlex import quote

from healthcheck.checks.aws_files import AwsFile, FileKind, FileMistake
from healthcheck.errors import Failure, FailureKind
from healthcheck.result import Fix
from healthcheck.target import CredentialSource

_REJECTED = frozenset({FailureKind.CREDENTIALS_EXPIRED, FailureKind.CREDENTIALS_INVALID})
_FILES_PAGE = "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html"


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Everything that the verdict on a failed resolution rests on."""

    source: CredentialSource
    profile: str
    """The profile in force."""
    failure: Failure
    files: tuple[AwsFile, ...]
    environ: Mapping[str, str]

    @property
    def said(self) -> str:
        """What the classifier made of the error, ready to stand inside another sentence."""
        return self.failure.sentence.removeprefix(f"{self.source.name}: ").rstrip(".")


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause, as reason and sentence, and how to remove it."""

    reason: str
    sentence: str
    fix: Fix


def cause(facts: Unresolved) -> Cause:
    """Look up the SDK's word; what the table does not know keeps the classifier's sentence."""
    explain = _CAUSES.get(facts.failure.code or "")
    if explain is not None:
        return explain(facts)
    if facts.failure.kind in _REJECTED and facts.failure.operation == "sts.AssumeRole":
        return _source_rejected(facts)
    if facts.failure.kind is FailureKind.NOT_PERMITTED or (facts.failure.operation or "").startswith("sts.AssumeRole"):
        return _assume_role(facts)
    return Cause(
        "no_credentials",
        f"gives no credentials: {facts.said}",
        Fix("Ask the AWS CLI for the same credentials; it says more.", (_whoami(facts),)),
    )


def _none_found(facts: Unresolved) -> Cause:
    looked = [file.path for file in facts.files]
    there = ("neither exists", "one of them exists", "both exist")[sum(file.exists for file in facts.files)]
    metadata = ", AWS_EC2_METADATA_DISABLED switches the instance's role off"
    fix = Fix("Give this user credentials.", (f"aws configure --profile {quote(facts.profile)}",), link=_FILES_PAGE)
    if facts.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() != "true":
        metadata = ""
        hop = "aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2 --instance-id INSTANCE"
        fix = replace(
            fix,
            text="Give this user credentials; in a container on EC2, the instance must allow a second hop to its "
            "metadata.",
            commands=(*fix.commands, hop),
        )
    return Cause(
        "no_credentials",
        f"no credentials anywhere: none in the environment, none for the profile {facts.profile} in "
        f"{' or '.join(looked)} ({there}), none from a container's or an instance's role{metadata}",
        fix,
    )


def _partial(facts: Unresolved) -> Cause:
    in_environment = bool(facts.environ.get("AWS_ACCESS_KEY_ID")) != bool(facts.environ.get("AWS_SECRET_ACCESS_KEY"))
    fix = (
        Fix("Set both variables, or neither.", ("unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN",))
        if in_environment
        else Fix("Enter both halves of the key.", (_configure(facts.profile),))
    )
    return Cause("partial", f"only half of what is needed is there: {facts.said}", fix)


def _malformed(facts: Unresolved) -> Cause:
    return Cause(
        "malformed_file",
        f"a shared AWS file cannot be read: {facts.said}",
        Fix("Correct the file: name = value, each once, under one [section].", link=_FILES_PAGE),
    )


def _profile(facts: Unresolved) -> Cause:
    for file in facts.files:
        for mistake in file.mistakes:
            if mistake.reason == "profile_spelling" and mistake.profile == facts.profile:
                place = f"line {mistake.line} of {file.path}"
                return Cause(
                    "profile_spelling",
                    f"the profile {facts.profile} is not found, because {place} {mistake.sentence}",
                    mend(file, mistake),
                )
    if (
        facts.source.profile is None
        and facts.environ.get("AWS_PROFILE", facts.environ.get("AWS_DEFAULT_PROFILE")) == ""
    ):
        return Cause(
            "profile_missing",
            "AWS_PROFILE is set to nothing, which names a profile without a name",
            Fix("Unset the variable.", ("unset AWS_PROFILE AWS_DEFAULT_PROFILE",)),
        )
    known = sorted({name for file in facts.files for name in file.profiles})
    there = f"there are: {', '.join(known)}" if known else "there are none"
    return Cause(
        "profile_missing",
        f"the profile {facts.profile} does not exist ({there})",
        Fix(
            "Name a profile that exists, or make this one.", ("aws configure list-profiles", _configure(facts.profile))
        ),
    )


def _wiring(facts: Unresolved) -> Cause:
    return Cause(
        "profile_wiring",
        f"the profile {facts.profile} leads nowhere: {facts.said}",
        Fix(
            "Let the profile name one source: an existing source_profile, or a credential_source, or an sso_session.",
            (f"aws configure list --profile {quote(facts.profile)}",),
            link="https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html",
        ),
    )


def _sso(facts: Unresolved) -> Cause:
    return Cause(
        "sso_session",
        "the session of IAM Identity Center is over, or was never begun on this host as this user",
        Fix("Sign in again, as the user that runs this.", (f"aws sso login --profile {quote(facts.profile)}",)),
    )


def _login(facts: Unresolved) -> Cause:
    return Cause(
        "sso_session",
        f"the session of aws login is over: {facts.said}",
        Fix("Sign in again, as the user that runs this.", (f"aws login --profile {quote(facts.profile)}",)),
    )


def _mfa(facts: Unresolved) -> Cause:
    return Cause(
        "mfa_prompt",
        f"the profile {facts.profile} asks for an MFA code, and nobody is there to type one",
        Fix(
            "Put a session into a profile of its own, or give the daemon a role that asks for no code.",
            (
                f"aws sts get-session-token --profile {quote(facts.profile)} --serial-number DEVICE --token-code CODE",
                "aws configure --profile healthcheck",
            ),
        ),
    )


def _stale(facts: Unresolved) -> Cause:
    return Cause(
        "stale_credentials",
        "new credentials were fetched, and they had already ended",
        Fix(
            "Mend the program or service that hands them out; this host's clock may also be ahead.",
            (_whoami(facts), "date -u"),
        ),
    )


def _process(facts: Unresolved) -> Cause:
    return Cause(
        "process_output",
        f"the credential_process of the profile {facts.profile} failed, or printed something that is not its JSON",
        Fix(
            "Run the command by hand; it must print one JSON object with Version 1 and nothing else.",
            (f'sh -c "$(aws configure get credential_process --profile {quote(facts.profile)})"',),
            link="https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sourcing-external.html",
        ),
    )


def _web_identity(facts: Unresolved) -> Cause:
    path = facts.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE", "the token's file")
    return Cause(
        "web_identity",
        f"the web identity does not lead to a role: {facts.said} (token: {path})",
        Fix(
            "Mount the service account's token; the role's trust policy must name the cluster's provider, and match "
            "the subject with StringLike where it holds a star.",
            (f"ls -l {quote(path)}",),
        ),
    )


def _file_not_found(facts: Unresolved) -> Cause:
    """The SDK says no more than this, of a token and of a program alike."""
    settings = next((file.profiles[facts.profile] for file in facts.files if facts.profile in file.profiles), {})
    named = "AWS_WEB_IDENTITY_TOKEN_FILE" in facts.environ or "web_identity_token_file" in settings
    return _web_identity(facts) if named or "credential_process" not in settings else _process(facts)


def _crt(_facts: Unresolved) -> Cause:
    return Cause(
        "sdk_part_missing",
        "the profile signs in by aws login, for which this installation lacks a part of the SDK",
        Fix("Install that part beside the daemon.", ('python3 -m pip install "botocore[crt]"',)),
    )


def _container(facts: Unresolved) -> Cause:
    uri = facts.environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI") or facts.environ.get(
        "AWS_EC2_METADATA_SERVICE_ENDPOINT"
    )
    return Cause(
        "metadata_refused",
        f"the service that should hand out the role's credentials did not{f' ({uri})' if uri else ''}: {facts.said}",
        Fix(
            "Check that the task, pod or instance has a role, and that the address is a loopback or AWS's own.",
            ("env | grep -E '^AWS_(CONTAINER|EC2_METADATA)'",),
        ),
    )


def _source_rejected(facts: Unresolved) -> Cause:
    """The role was not looked at: AWS does not accept the keys that ask for it."""
    settings = [file.profiles.get(facts.profile, {}) for file in facts.files]
    base = next((each["source_profile"] for each in settings if "source_profile" in each), None)
    whose = f"the keys of its source_profile {base}" if base else "the credentials that it starts from"
    named = f" --profile {quote(base)}" if base else ""
    is_over = facts.failure.kind is FailureKind.CREDENTIALS_EXPIRED
    renew = f"aws sso login{named}" if is_over else f"aws configure{named}"
    return Cause(
        "source_rejected",
        f"{whose} are {'over' if is_over else 'not accepted by AWS'}, so nothing is known of the role: {facts.said}",
        Fix(
            f"{'Renew' if is_over else 'Replace'} {whose}.",
            (f"aws sts get-caller-identity{named}", renew),
        ),
    )


def _assume_role(facts: Unresolved) -> Cause:
    operation = facts.failure.operation or "sts.AssumeRole"
    if operation == "sts.AssumeRoleWithWebIdentity":
        return _web_identity(facts)
    role = facts.source.assume_role or f"the role of the profile {facts.profile}"
    arn = facts.source.assume_role or "ROLE_ARN"
    return Cause(
        "assume_role_denied",
        f"may not assume {role}: {facts.said}",
        Fix(
            "The role's trust policy must name this principal (and its external id, if one is asked for), and the "
            "principal needs sts:AssumeRole on the role.",
            (
                f"aws sts assume-role --role-arn {arn} --role-session-name try",
                f"aws iam get-role --role-name {arn.rsplit('/', 1)[-1]} --query Role.AssumeRolePolicyDocument",
            ),
            policy={
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn}],
            },
        ),
    )


_CAUSES: Mapping[str, Callable[[Unresolved], Cause]] = {
    "NoCredentialsError": _none_found,
    "PartialCredentialsError": _partial,
    "ConfigParseError": _malformed,
    "ProfileNotFound": _profile,
    "InvalidConfigError": _wiring,
    "InfiniteLoopConfigError": _wiring,
    "UnknownSSOSessionError": _wiring,
    "SSOTokenLoadError": _sso,
    "SSOError": _sso,
    "UnauthorizedSSOTokenError": _sso,
    "TokenRetrievalError": _sso,
    "LoginError": _login,
    "LoginAuthorizationCodeError": _login,
    "LoginRefreshRequired": _login,
    "LoginTokenLoadError": _login,
    "EOFError": _mfa,
    "RefreshWithMFAUnsupportedError": _mfa,
    "RuntimeError": _stale,
    "JSONDecodeError": _process,
    "CredentialRetrievalError": _process,
    "FileNotFoundError": _file_not_found,
    "InvalidIdentityToken": _web_identity,
    "MissingDependencyException": _crt,
    "MetadataRetrievalError": _container,
    "ValueError": _container,
}
"""By the SDK's name of the error, or AWS's code."""


def _configure(profile: str) -> str:
    return f"aws configure --profile {quote(profile)}"


def _whoami(facts: Unresolved) -> str:
    named = f" --profile {quote(facts.source.profile)}" if facts.source.profile else ""
    return f"aws sts get-caller-identity{named}"


def mend(file: AwsFile, mistake: FileMistake) -> Fix:
    """Say how to correct a mistake in a shared file."""
    path = quote(file.path)
    at = f"+{mistake.line} {path}"
    if mistake.reason == "byte_order_mark":
        encoding = "UTF-16" if "UTF-16" in mistake.sentence else "UTF-8-SIG"
        code = f"import pathlib as p; f = p.Path({file.path!r}); f.write_text(f.read_text({encoding!r}), 'UTF-8')"
        return Fix("Save the file as UTF-8 without a byte-order mark.", (f"python3 -c {quote(code)}",))
    if mistake.reason == "file_unreadable":
        return Fix("Let the user that runs the daemon read the file.", (f"ls -l {path}", f"chmod u+r {path}"))
    if mistake.reason == "profile_spelling":
        wanted = f"[profile {mistake.profile}]" if file.kind is FileKind.CONFIG else f"[{mistake.profile}]"
        return Fix(f"Write {wanted} on that line.", (f"${{EDITOR:-vi}} {at}",), link=_FILES_PAGE)
    if mistake.reason in {"placeholder", "malformed_key"}:
        return Fix("Enter the real key.", (_configure(mistake.profile or "default"),))
    texts = {
        "quoted": "Remove the quotes on that line.",
        "trailing_comment": "Move the comment to a line of its own.",
        "malformed_file": "Correct that line: every setting stands as name = value, once, under one [section].",
    }
    return Fix(texts[mistake.reason], (f"${{EDITOR:-vi}} {at}",), link=_FILES_PAGE)
