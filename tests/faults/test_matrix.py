"""Every fault, looked at by the doctor: the right root and reason, what is behind it blocked, nothing else red."""

from __future__ import annotations

import pytest

from healthcheck.registry import Registry
from healthcheck.result import Status
from healthcheck.testing.world import FAULTS, Fault, WorldClient
from tests.faults.examination import Look, needs

Verdict = tuple[Status, str | None]

_BEHIND_TRUST = {("role.permissions", "role.data_access", "role.encryption", "role.hygiene")}
_CALM = frozenset({Status.OK, Status.SKIPPED})


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_fault_is_traced_to_its_root(fault: Fault, world: WorldClient, look: Look, registry: Registry) -> None:
    """Given one fault, each check's verdict is the one that follows from it, and one incident tells of it."""
    world.break_(fault.id)

    seen = look(fault.hits or "shop")

    expected = expectation(fault, registry)
    # Who waits for somebody else's answer to the same question may be out of time before that one gives up; and where
    # every answer is late, the turn of a call under our own pace may come too late for it to be sent at all.
    slow = {"throttled", "service_error", "timed_out"}
    late = {run.check for run in seen.runs if run.reason in {"timed_out", "throttled"} and fault.reason in slow}
    assert {run.check: verdict(run.status, fault.reason if run.check in late else run.reason) for run in seen.runs} == {
        check.id: expected.get(check.id, (Status.OK, None)) for check in registry
    }
    blocked = [run for run in seen.runs if run.status is Status.BLOCKED]
    assert {run.cause for run in blocked} <= {fault.check}
    root = seen.run(fault.check).decisive
    assert root.fix is not None
    assert root.fix.text
    if fault.missing_action:
        assert fault.missing_action in root.missing_actions
    if not fault.also:
        (incident,) = seen.snapshot.incidents
        assert (incident.cause, incident.status, incident.reason) == (fault.check, fault.status, fault.reason)


@pytest.mark.parametrize("setup", ["shop", "vision"])
def test_a_healthy_set_up_is_all_green(setup: str, look: Look, registry: Registry) -> None:
    seen = look(setup)

    assert {run.check: run.status for run in seen.runs} == {check.id: Status.OK for check in registry}
    assert seen.snapshot.status is Status.OK
    assert seen.snapshot.incidents == ()


def test_each_fault_can_be_mended(world: WorldClient, look: Look) -> None:
    """All that can stand side by side is broken at once, then mended one by one; the healthy world is back."""
    for fault in FAULTS:
        world.break_(fault.id)
    for fault in FAULTS:
        world.mend(fault.id)

    assert look().snapshot.status is Status.OK


def test_one_broken_role_seen_from_twenty_regions_is_one_incident(world: WorldClient, look: Look) -> None:
    world.break_("trust-denied", "fleet")

    seen = look("fleet")

    (incident,) = seen.snapshot.incidents
    assert len(incident.targets) == 20
    assert (incident.cause, incident.reason) == ("role.trust", "explicit_deny")
    assert set(incident.blocked.values()) == _BEHIND_TRUST


def test_one_missing_permission_seen_from_twenty_regions_is_one_incident(world: WorldClient, look: Look) -> None:
    world.break_("may-not-iam-GetRole", "fleet")

    (incident,) = look("fleet").snapshot.incidents

    assert len(incident.targets) == 20
    assert (incident.cause, incident.status) == ("role.exists", Status.UNKNOWN)


def test_a_fault_of_one_account_leaves_the_other_alone(world: WorldClient, look: Look) -> None:
    world.break_("role-deleted", "vision")

    seen = look("shop", "vision")

    assert {run.target for run in seen.runs if run.status not in _CALM} == {"vision/us-east-1"}


def test_two_faults_are_two_incidents(world: WorldClient, look: Look) -> None:
    """The role's and the bucket's: neither hides the other."""
    world.break_("role-deleted")
    world.break_("bucket-squatted")

    causes = {incident.cause for incident in look().snapshot.incidents}

    assert causes == {"role.exists", "bucket.reachable"}


def expectation(fault: Fault, registry: Registry) -> dict[str, Verdict]:
    """Work out what each check must say of a fault; those that are not named must be ok."""
    expected: dict[str, Verdict] = {}
    if fault.status is Status.CRITICAL:
        behind = {check.id for check in registry if fault.check in registry.closure([check.id])}
        expected.update(dict.fromkeys(behind, (Status.BLOCKED, None)))
    if fault.missing_action:
        for check in registry:
            if needs(check, fault.missing_action):
                expected[check.id] = (Status.UNKNOWN, "not_permitted")
    expected.update(fault.also)
    expected[fault.check] = (fault.status, fault.reason)
    return expected


def verdict(status: Status, reason: str | None) -> Verdict:
    """Leave out the reason where it is another check's to tell."""
    return status, None if status in {Status.OK, Status.BLOCKED} else reason
