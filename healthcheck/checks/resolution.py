"""What resolving a credential source gave, beside what its files say."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote

from healthcheck.capabilities import Credentials
from healthcheck.checks import unresolved
from healthcheck.checks.aws_files import AwsFile, FileMistake, active_profile, key_mistake
from healthcheck.checks.unresolved import Unresolved, mend
from healthcheck.errors import TRANSIENT, FailureKind
from healthcheck.result import Fix, Result, critical, ok, unknown, warning
from healthcheck.target import CredentialSource

_SPOILS_KEYS = frozenset({"malformed_key", "placeholder", "quoted", "trailing_comment"})
_FROM_FILES = frozenset({"shared-credentials-file", "config-file"})


def verdict(
    source: CredentialSource, credentials: Credentials, files: tuple[AwsFile, ...], environ: Mapping[str, str]
) -> Result:
    """Judge what resolving a source gave, beside what its files say.

    A role whose base fails is not at fault: the verdict is on the base, in the words of everybody who uses that.
    What AWS says of a base that was found is for credentials.valid to tell.
    """
    if credentials.base is not None:
        return verdict(source.base, credentials.base, files, environ)
    profile = active_profile(source.profile, environ)
    if credentials.failure is not None:
        return _failed(Unresolved(source, profile, credentials.failure, files, environ))
    mistakes = [(file, mistake) for file in files for mistake in file.concerning(profile)]
    if credentials.method in _FROM_FILES:
        for file, mistake in mistakes:
            if mistake.reason in _SPOILS_KEYS:
                return _of_mistake(source.name, file, mistake)
    if not credentials.key_id_well_formed:
        return _malformed_key(source, credentials, environ)
    evidence = {
        "method": credentials.method,
        "key": f"{credentials.key_id_prefix}…{credentials.key_id_suffix}",
        "refreshable": credentials.refreshable,
    }
    said = f"{source.name}: found by the method {credentials.method}, the key ends in {credentials.key_id_suffix}"
    for file, mistake in mistakes:
        if mistake.reason not in _SPOILS_KEYS:
            place = f"line {mistake.line} of {file.path}" if mistake.line else file.path
            return warning(
                source.name,
                f"{said}, but {place} {mistake.sentence}",
                reason=mistake.reason,
                fix=mend(file, mistake),
                evidence={**evidence, "file": file.path, "line": mistake.line},
            )
    return ok(source.name, said, evidence=evidence)


def _malformed_key(source: CredentialSource, credentials: Credentials, environ: Mapping[str, str]) -> Result:
    reason, sentence = "malformed_key", "is not of the form of a key: AKIA or ASIA and 16 capital letters and digits"
    where = f"what the method {credentials.method} gave"
    commands: tuple[str, ...] = (f"aws configure --profile {quote(source.profile or 'default')}",)
    if credentials.method == "env":
        reason, sentence = key_mistake(environ.get("AWS_ACCESS_KEY_ID", "")) or (reason, sentence)
        where, commands = "AWS_ACCESS_KEY_ID", ("unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY", "aws configure")
    return critical(
        source.name,
        f"{source.name}: {where} {sentence}",
        reason=reason,
        fix=Fix("Enter the real key, bare.", commands),
        evidence={"method": credentials.method},
    )


def _failed(facts: Unresolved) -> Result:
    """Name the cause of a failed resolution: a line of a file where one can be pointed at, else the SDK's own word."""
    failure, subject = facts.failure, facts.source.name
    if failure.kind is FailureKind.CLOCK_SKEWED:
        return unknown(
            subject,
            f"{subject}: could not be resolved: {facts.said}",
            reason=failure.kind.value,
            fix=Fix("Set this host's clock; network.clock says by how much it is off.", ("timedatectl status",)),
            evidence={"failure": failure.kind.value},
        )
    if failure.kind in TRANSIENT:
        return unknown(
            subject,
            f"{subject}: could not be resolved just now: {facts.said}",
            reason=failure.kind.value,
            fix=Fix("Look again; if it lasts, read what network.reachable says about STS and the metadata service."),
            evidence={"failure": failure.kind.value},
        )
    broken = next(((file, m) for file in facts.files for m in file.mistakes if m.breaks_file), None)
    if broken:
        return _of_mistake(subject, *broken)
    cause = unresolved.cause(facts)
    return critical(
        subject,
        f"{subject}: {cause.sentence}",
        reason=cause.reason,
        fix=cause.fix,
        evidence={"sdk_error": failure.code, "profile": facts.profile},
    )


def _of_mistake(subject: str, file: AwsFile, mistake: FileMistake) -> Result:
    """Turn a mistake of a shared file, that matters to this source, into a verdict."""
    place = f"line {mistake.line} of {file.path}" if mistake.line else file.path
    return critical(
        subject,
        f"{subject}: {place} {mistake.sentence}",
        reason=mistake.reason,
        fix=mend(file, mistake),
        evidence={"file": file.path, "line": mistake.line, "profile": mistake.profile},
    )
