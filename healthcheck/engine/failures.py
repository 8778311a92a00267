"""Verdicts for checks that could not judge: what an understood failure means for the operator."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from healthcheck.check import Check
from healthcheck.errors import TRANSIENT, Failure, FailureKind
from healthcheck.result import Fix, Result, Status, unknown
from healthcheck.run import Cause, Run
from healthcheck.target import CredentialSource, Target

CREDENTIALS_CHECK = "credentials.valid"
"""Whose verdict decides what an expired or refused credential, met anywhere, means."""

TRANSIENT_REASONS = frozenset(kind.value for kind in TRANSIENT)

CREDENTIALS_REASONS = frozenset({FailureKind.CREDENTIALS_EXPIRED.value, FailureKind.CREDENTIALS_INVALID.value})

_FAULTS_OF_SOURCES = frozenset(
    {FailureKind.NO_CREDENTIALS, FailureKind.CREDENTIALS_EXPIRED, FailureKind.CREDENTIALS_INVALID}
)


def unjudged(failure: Failure, check: Check, target: Target) -> Result:
    """Return the verdict of a check that was stopped by a failure."""
    facts = (("operation", failure.operation), ("code", failure.code))
    return unknown(
        subject_of(failure, target),
        failure.sentence,
        reason=failure.kind.value,
        fix=fix_of(failure, check, target),
        evidence={name: fact for name, fact in facts if fact is not None},
        missing_actions=failure.missing_actions,
    )


def faulty(reason: str, sentence: str, check: Check) -> Result:
    """Return the verdict of a check whose own code is at fault; the same subject on every target."""
    step = f"Correct the check {check.id} in {check.origin}, or turn it off in the settings file until its author does."
    return unknown(check.id, sentence, reason=reason, fix=Fix(step))


def timed_out(check: Check, target: Target, sentence: str) -> Result:
    """Return the verdict of a check that ran out of time."""
    return unjudged(Failure(FailureKind.TIMED_OUT, sentence), check, target)


def stale(check: Check, target: str, since: datetime, limit: timedelta) -> Result:
    """Return the verdict of a check that nothing has been heard of for longer than `limit`."""
    return unknown(
        target,
        f"check {check.id} has no verdict since {since:%Y-%m-%d %H:%M:%S %Z}, which is longer than {limit}",
        reason="stale",
        fix=Fix(
            "Look now, and mend what that names; if it does not, restart the daemon.",
            (f"sagemaker-healthcheck run --target {target} --check {check.id}",),
        ),
    )


def subject_of(failure: Failure, target: Target) -> str:
    """Return what a verdict is about that the check itself could not name.

    The same cause gets the same words on every target that sees it, so that it becomes one incident.
    """
    if failure.kind is FailureKind.NOT_PERMITTED and failure.missing_actions:
        return target.source.lacking(failure.missing_actions)
    if failure.kind in _FAULTS_OF_SOURCES:
        return target.source.name
    return target.name


def cause_of(check: str, result: Result, source: CredentialSource) -> Cause:
    """Return the incident that a result of a check opens when it is the root of one."""
    if result.status is Status.UNKNOWN and result.reason == FailureKind.NOT_PERMITTED.value and result.missing_actions:
        return Cause(check, source.lacking(result.missing_actions))
    return Cause(check, result.subject)


def causes_of(run: Run) -> tuple[Cause, ...]:
    """Return what a critical run blocks others with: each subject that is critical, the decisive one first."""
    decisive = run.decisive
    critical = [decisive, *(result for result in run.results if result.status is Status.CRITICAL)]
    return tuple(dict.fromkeys(Cause(run.check, result.subject) for result in critical))


def is_passing(result: Result) -> bool:
    """Whether nothing but a passing failure kept a subject from being judged."""
    return result.status is Status.UNKNOWN and result.reason in TRANSIENT_REASONS


def is_transient(results: tuple[Result, ...]) -> bool:
    """Whether nothing but passing failures kept a run from judging."""
    unknowns = [result for result in results if result.status is Status.UNKNOWN]
    worse = any(result.status is Status.CRITICAL for result in results)
    return bool(unknowns) and not worse and all(map(is_passing, unknowns))


def fix_of(failure: Failure, check: Check, target: Target) -> Fix:
    """Return the next step after a failure: what to allow, renew, open or wait for."""
    source = target.source
    if failure.kind is FailureKind.NOT_PERMITTED:
        return _fix_of_denial(failure, source)
    fix = _FIXES[failure.kind]
    if failure.kind is FailureKind.CREDENTIALS_EXPIRED and source.profile is None:
        fix = Fix("Renew {source} where this process gets them from, then let it look again.")
    facts = {
        "check": check.id,
        "origin": check.origin,
        "profile": f" --profile {source.profile}" if source.profile else "",
        "region": target.region or "not set",
        "source": source.name,
        "target": target.name,
    }
    return Fix(fix.text.format(**facts), tuple(command.format(**facts) for command in fix.commands), link=fix.link)


def _fix_of_denial(failure: Failure, source: CredentialSource) -> Fix:
    actions = ", ".join(failure.missing_actions) or failure.operation or "the operation"
    layer = f" in the {failure.layer} policy" if failure.layer else ""
    if failure.explicit_deny:
        return Fix(f"Exempt the identity behind {source.name} from the statement{layer} that denies {actions}.")
    return Fix(f"Allow {actions} to the identity behind {source.name}{layer}.", ("sagemaker-healthcheck policy",))


_LOOK_AT_NETWORK = "sagemaker-healthcheck run --check network.reachable --target {target}"

_FIXES: Mapping[FailureKind, Fix] = {
    FailureKind.NO_CREDENTIALS: Fix(
        "Give this process credentials: {source} lead to none.", ("aws configure list{profile}",)
    ),
    FailureKind.CREDENTIALS_EXPIRED: Fix("Renew the session of {source}.", ("aws sso login{profile}",)),
    FailureKind.CREDENTIALS_INVALID: Fix(
        "Replace the keys of {source}: AWS does not accept them.", ("aws sts get-caller-identity{profile}",)
    ),
    FailureKind.CLOCK_SKEWED: Fix("Set this host's clock.", ("timedatectl status", "sudo chronyc makestep")),
    FailureKind.REGION_INVALID: Fix("Correct the region of {target} in the settings file; it is {region}."),
    FailureKind.UNREACHABLE: Fix(
        "Open the way from this host to AWS: name resolution, proxy, firewall or VPC endpoint.", (_LOOK_AT_NETWORK,)
    ),
    FailureKind.THROTTLED: Fix("Wait: it is asked again by itself. If it stays, give {check} a longer `every`."),
    FailureKind.TIMED_OUT: Fix(
        "Wait: it is asked again by itself. If it stays, see what answers slowly, or give {check} a longer `timeout`.",
        (_LOOK_AT_NETWORK,),
    ),
    FailureKind.SERVICE_ERROR: Fix(
        "Wait: AWS failed by itself and is asked again. If it stays, read AWS's own health page.",
        link="https://health.aws.amazon.com/health/status",
    ),
    FailureKind.NOT_FOUND: Fix("Correct the name of what {check} looks for in the settings file, or create it."),
    FailureKind.BAD_ANSWER: Fix(
        "See what answers in AWS's place: a proxy, or a forgotten AWS_ENDPOINT_URL.", (_LOOK_AT_NETWORK,)
    ),
    FailureKind.CRASHED: Fix("Report this with the log of this run to the authors of {origin}, or turn {check} off."),
}
"""By kind of failure, with the facts to fill in. What is not permitted depends on more."""
