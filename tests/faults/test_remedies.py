"""Every remedy that is told for a fault of rights mends it: its commands are run, and the doctor looks again."""

from __future__ import annotations

import boto3
import pytest

from healthcheck.registry import Registry
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
_NO_COMMAND = {
    "bucket_missing": "made by a command of another kind",
    "caller_elsewhere": "the settings are to be corrected",
    "caller_missing": "the settings are to be corrected",
    "job_refused": "nothing could be read that could be changed",
    "key_missing": "another key is to be named",
    "key_unusable": "what is to be done depends on the key's state",
    "malformed_document": "nobody knows what was meant",
    "organization_denies": "nobody in the account can mend it",
    "undecidable": "nothing is known to be broken",
    "wrong_kind": "another key is to be named",
    "wrong_region": "another key is to be named",
}
"""Reasons for which no command can be told, and why."""
_NO_COMMAND_HERE = {
    ("role.hygiene", "unused"): "whether somebody needs the role, people know",
    ("role.hygiene", "wildcard_principal"): "who is meant by a password, people know",
}


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


def test_every_reason_with_a_remedy_has_a_fault_that_it_mends(registry: Registry) -> None:
    """Without a fault in the world, nobody has tried what is told for a reason."""
    declared = {(check.id, reason) for check in registry if check.id in _CHECKS for reason in check.reasons}
    in_words = {pair for pair in declared if pair[1] in _NO_COMMAND} | _NO_COMMAND_HERE.keys()
    assert {(fault.check, fault.reason) for fault in MENDABLE} == declared - in_words


def administrator_of(world: WorldClient, name: str) -> tuple[boto3.session.Session, str]:
    """Return a session of somebody who may do everything in the account of a set-up, and where to call."""
    setups = world.describe()["setups"]
    setup, owner = setups[name], setups[setups[name]["profile"]]
    keys = {"aws_access_key_id": owner["key_id"], "aws_secret_access_key": owner["secret"]}
    session = boto3.session.Session(**keys, region_name=owner["regions"][0])
    if setup["assume_role"]:
        found = session.client("sts", endpoint_url=owner["url"]).assume_role(
            RoleArn=setup["assume_role"], RoleSessionName="administrator", ExternalId=setup["external_id"]
        )["Credentials"]
        session = boto3.session.Session(
            found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], region_name=setup["regions"][0]
        )
    return session, owner["url"]


@pytest.mark.parametrize("fault", MENDABLE, ids=lambda fault: fault.id)
def test_what_is_told_mends_the_fault(fault: Fault, world: WorldClient, look: Look) -> None:
    world.break_(fault.id)
    setup = fault.hits or "shop"
    administrator, url = administrator_of(world, setup)

    def mend(check: str, seen: Examination) -> Examination:
        fix = seen.run(check).decisive.fix
        assert fix is not None
        assert fix.commands
        for command in fix.commands:
            aws_command.run(command, administrator, url)
        return look(setup)

    seen = mend(fault.check, look(setup))
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
