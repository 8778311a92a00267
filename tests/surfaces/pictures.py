"""Hand-made snapshots: one with everything in it, a healthy one, and a fleet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

from healthcheck.engine.snapshot import CheckState, Incident, PluginFailure, Snapshot, TargetState
from healthcheck.result import Fix, Result, Status, critical, ok, skipped, unknown, warning, worst
from healthcheck.run import Cause, Run
from healthcheck.target import CredentialSource, Target

STARTED = datetime(2026, 8, 1, 9, 30, 0, tzinfo=UTC)
NOW = datetime(2026, 8, 1, 12, 0, 0, tzinfo=UTC)
SINCE = datetime(2026, 8, 1, 11, 12, 30, tzinfo=UTC)

CHECKS = (
    "credentials.resolvable",
    "credentials.shadowing",
    "credentials.expiry",
    "region.configured",
    "network.reachable",
    "network.clock",
    "credentials.valid",
    "credentials.account",
    "region.supported",
    "role.configured",
    "role.exists",
    "role.trust",
    "role.permissions",
    "bucket.reachable",
)

ROLE = "arn:aws:iam::111122223333:role/service-role/AmazonSageMaker-ExecutionRole-20200630"

TRUST_FIX = Fix(
    "Let SageMaker assume the role: replace its trust policy with the one below.",
    (
        "aws iam update-assume-role-policy --role-name SageMaker --policy-document file://trust.json",
        "sagemaker-healthcheck run --check role.trust",
    ),
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    },
    "https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html",
)
EXPIRY_FIX = Fix("Sign in again before they end.", ("aws sso login --profile staging",))
DENIED_FIX = Fix(
    "Attach the permission iam:GetRole to the identity that runs the checks, or name none "
    "(SageMaker.PythonSDK.Modules.Session.DefaultRoleOfThisRegionWithAWordThatNoPhoneHasRoomFor)."
)

TRUST = critical(
    ROLE,
    "The trust policy lets lambda.amazonaws.com assume the role, not sagemaker.amazonaws.com, so no job can use it.",
    reason="no_statement",
    fix=TRUST_FIX,
    evidence={"principals": ["lambda.amazonaws.com"], "statements": 1},
)
EXPIRY = warning(
    "profile staging",
    "The credentials end at 13:30 UTC, in 1 h 30 min; the horizon is 12 h.",
    reason="expires_soon",
    fix=EXPIRY_FIX,
    evidence={"expires": "2026-08-01T13:30:00Z", "remaining_seconds": 5400},
    gauges={"credential_expiry_timestamp_seconds": 1785591000.0},
)
DENIED = unknown(
    "profile research, iam:GetRole",
    "AWS refused iam:GetRole, so whether the role exists cannot be seen.",
    reason="not_permitted",
    fix=DENIED_FIX,
    missing_actions=("iam:GetRole",),
)


def run(
    target: str, check: str, result: Result, *, causes: tuple[Cause, ...] = (), status: Status | None = None
) -> Run:
    return Run(
        run_id=f"{abs(hash_of(target + check)):016x}",
        target=target,
        check=check,
        status=status or result.status,
        started=NOW - timedelta(minutes=2, seconds=1),
        duration_seconds=0.125,
        results=(result,),
        causes=causes,
    )


def hash_of(text: str) -> int:
    value = 0
    for character in text:
        value = (value * 131 + ord(character)) % 2**64
    return value


def check_state(target: str, check: str, result: Result | None = None, *, cause: Cause | None = None) -> CheckState:
    """One check as it stands after one run with this result; none is a check that is fine."""
    if cause is not None:
        blocked = Result(cause.subject, Status.BLOCKED, f"Not looked at: {cause.check} fails first.")
        made = run(target, check, blocked, causes=(cause,))
        return CheckState(target, check, Status.BLOCKED, Status.BLOCKED, None, cause.check, SINCE, SINCE, made)
    result = result or ok(f"{check} of {target}", f"{check} is as it should be.", evidence={"looked_at": check})
    good = result.status in (Status.OK, Status.SKIPPED)
    return CheckState(
        target=target,
        check=check,
        status=result.status,
        raw_status=result.status,
        reason=result.reason,
        cause=None,
        since=STARTED if good else SINCE,
        last_ok=NOW if result.status is Status.OK else SINCE - timedelta(seconds=30),
        run=run(target, check, result),
    )


def target_state(
    target: Target,
    results: Mapping[str, Result] | None = None,
    blocked: Mapping[str, Cause] | None = None,
    *,
    account: str | None = "111122223333",
    gauges: Mapping[str, float] | None = None,
    checks: Sequence[str] = CHECKS,
) -> TargetState:
    states = tuple(
        check_state(target.name, check, (results or {}).get(check), cause=(blocked or {}).get(check))
        for check in checks
    )
    return TargetState(
        target=target,
        status=worst(state.status for state in states),
        account=account,
        last_round=NOW - timedelta(minutes=2),
        checks=states,
        gauges=gauges or {},
    )


TRUST_CAUSE = Cause("role.trust", ROLE)


def prod(region: str) -> TargetState:
    return target_state(
        Target(
            f"prod/{region}", CredentialSource(profile="prod"), region, "111122223333", ROLE, labels={"team": "vision"}
        ),
        {"role.trust": TRUST},
        {"role.permissions": TRUST_CAUSE},
        gauges={"credential_expiry_timestamp_seconds": 1785600000.5},
    )


def picture() -> Snapshot:
    """Two regions behind one broken role, credentials that end soon, a role nobody may look at, one fine target."""
    staging = target_state(
        Target("staging/eu-central-1", CredentialSource(profile="staging"), "eu-central-1"),
        {
            "credentials.expiry": EXPIRY,
            **{
                check: skipped("staging/eu-central-1", "No role is configured.", reason="not_configured")
                for check in CHECKS
                if check.startswith("role.")
            },
        },
        account="444455556666",
        gauges=EXPIRY.gauges,
    )
    research = target_state(
        Target("research/us-west-2", CredentialSource(profile="research"), "us-west-2"),
        {"role.exists": DENIED},
        account="777788889999",
    )
    fine = target_state(Target("vision/us-east-2", CredentialSource(profile="vision"), "us-east-2"), account=None)
    targets = (prod("us-east-1"), prod("eu-west-1"), staging, research, fine)
    incidents = (
        Incident(
            id="0a1b2c3d4e5f",
            cause="role.trust",
            subject=ROLE,
            targets=("prod/us-east-1", "prod/eu-west-1"),
            status=Status.CRITICAL,
            reason="no_statement",
            summary=TRUST.summary,
            fix=TRUST_FIX,
            blocked={"prod/us-east-1": ("role.permissions",), "prod/eu-west-1": ("role.permissions",)},
            since=SINCE,
        ),
        Incident(
            id="1b2c3d4e5f6a",
            cause="role.exists",
            subject=DENIED.subject,
            targets=("research/us-west-2",),
            status=Status.UNKNOWN,
            reason="not_permitted",
            summary=DENIED.summary,
            fix=DENIED_FIX,
            blocked={},
            since=SINCE + timedelta(minutes=1),
        ),
        Incident(
            id="2c3d4e5f6a7b",
            cause="credentials.expiry",
            subject="profile staging",
            targets=("staging/eu-central-1",),
            status=Status.WARNING,
            reason="expires_soon",
            summary=EXPIRY.summary,
            fix=EXPIRY_FIX,
            blocked={},
            since=SINCE + timedelta(minutes=2),
        ),
    )
    failure = PluginFailure("acme", "acme-checks", "The entry point acme does not import: No module named 'acme'.")
    return snapshot(targets, incidents, (failure,))


def snapshot(
    targets: tuple[TargetState, ...],
    incidents: tuple[Incident, ...] = (),
    plugin_failures: tuple[PluginFailure, ...] = (),
) -> Snapshot:
    status = worst(state.status for state in targets)
    return Snapshot(
        taken=NOW,
        started=STARTED,
        generation=3,
        status=worst((status, Status.UNKNOWN)) if plugin_failures else status,
        targets=targets,
        incidents=incidents,
        plugin_failures=plugin_failures,
    )


def healthy() -> Snapshot:
    """Two targets that are fine."""
    return snapshot(
        tuple(
            target_state(Target(f"vision/{region}", CredentialSource(profile="vision"), region))
            for region in ("us-east-2", "us-west-1")
        )
    )


def not_run_yet() -> Snapshot:
    """One target just after the start, before its first round."""
    states = tuple(
        CheckState("new/us-east-1", check, Status.UNKNOWN, Status.UNKNOWN, "not_run_yet", None, NOW, None, None)
        for check in CHECKS
    )
    target = Target("new/us-east-1", region="us-east-1")
    return snapshot((TargetState(target, Status.UNKNOWN, None, None, states, {}),))


@cache
def fleet(size: int, checks: tuple[str, ...] = CHECKS) -> Snapshot:
    """Many targets; every hundredth has a role that SageMaker may not assume, each a role of its own."""
    targets = []
    incidents = []
    for index in range(size):
        name = f"team-{index:04d}/us-east-1"
        target = Target(
            name, CredentialSource(profile=f"team-{index:04d}"), "us-east-1", labels={"team": f"t{index % 50}"}
        )
        if index % 100:
            targets.append(target_state(target, account=f"{index:012d}", checks=checks))
            continue
        role = f"arn:aws:iam::{index:012d}:role/SageMaker"
        cause = Cause("role.trust", role)
        targets.append(
            target_state(
                target,
                {"role.trust": replace(TRUST, subject=role)},
                {"role.permissions": cause},
                account=f"{index:012d}",
                checks=checks,
            )
        )
        incidents.append(
            Incident(
                id=f"{index:012x}",
                cause="role.trust",
                subject=role,
                targets=(name,),
                status=Status.CRITICAL,
                reason="no_statement",
                summary=TRUST.summary,
                fix=TRUST_FIX,
                blocked={name: ("role.permissions",)},
                since=SINCE,
            )
        )
    return snapshot(tuple(targets), tuple(incidents))
