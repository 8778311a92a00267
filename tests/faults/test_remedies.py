"""Every remedy that is told for a fault of rights mends it: its commands are run, and the doctor looks again."""

from __future__ import annotations

import boto3
import pytest

from healthcheck.result import Status
from healthcheck.testing.world import FAULTS, Fault, WorldClient
from healthcheck.testing.world.client import ClientSide
from tests.faults import aws_command
from tests.faults.examination import Examination, Look

_CHECKS = frozenset(
    {
        "bucket.policy",
        "caller.permissions",
        "role.data_access",
        "role.encryption",
        "role.hygiene",
        "role.passable",
        "role.permissions",
        "role.trust",
    }
)
_IN_WORDS = frozenset(
    {
        "data-bucket-missing",  # made by a command of another kind
        "caller-unknown",  # the settings are to be corrected
        "organization-denies",  # nobody in the account can mend it
        "permissions-undecidable",  # nothing is known to be broken
    }
)
"""Faults whose remedy is no command."""

MENDABLE = [
    fault
    for fault in FAULTS
    if fault.check in _CHECKS
    and fault.status is not Status.UNKNOWN
    and fault.id not in _IN_WORDS
    and fault.reason != "organization_denies"  # for an administrator of the organisation to mend
]


def test_the_faults_that_are_left_out_exist() -> None:
    assert {fault.id for fault in FAULTS} >= _IN_WORDS


@pytest.mark.parametrize("fault", MENDABLE, ids=lambda fault: fault.id)
def test_what_is_told_mends_the_fault(fault: Fault, world: WorldClient, look: Look) -> None:
    world.break_(fault.id)
    shop = world.describe()["setups"]["shop"]
    administrator = boto3.session.Session(shop["key_id"], shop["secret"], region_name=shop["regions"][0])

    def mend(check: str, seen: Examination) -> Examination:
        fix = seen.run(check).decisive.fix
        assert fix is not None
        assert fix.commands
        for command in fix.commands:
            aws_command.run(command, administrator, shop["url"])
        return look()

    seen = mend(fault.check, look())
    assert seen.run(fault.check).status is Status.OK
    # What was blocked may have something of its own to tell.
    for _ in range(3):
        red = [run.check for run in seen.runs if run.status not in {Status.OK, Status.BLOCKED}]
        seen = mend(red[0], seen) if red else seen
    assert {run.check: run.decisive.summary for run in seen.runs if run.status is not Status.OK} == {}


def test_who_may_start_jobs_in_a_vpc_alone_may_as_well_name_subnets(world: WorldClient, look: Look) -> None:
    def in_vpc(side: ClientSide) -> None:
        side.targets["shop"] |= {"subnets": ["subnet-0123456789abcdef0"], "security_groups": ["sg-0123456789abcdef0"]}

    world.break_("caller-needs-vpc")
    fix = look().run("caller.permissions").decisive.fix
    assert fix is not None
    assert fix.text.startswith("Name subnets that it accepts to the SDK, and under subnets: in the settings; or: ")
    assert {run.check: run.reason for run in look(adapt=in_vpc).runs if run.status is not Status.OK} == {}
