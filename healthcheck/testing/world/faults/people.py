"""Whoever starts jobs: may not pass the role, may not start them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from healthcheck.result import Status
from healthcheck.testing.world import people
from healthcheck.testing.world.client import ClientSide
from healthcheck.testing.world.faults.fault import Fault
from healthcheck.testing.world.people import passing
from healthcheck.testing.world.setups import Area, Setup

_ALL = {"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}


def _passing(*statements: Callable[[Setup], Mapping[str, Any]]) -> Callable[[Setup], None]:
    def change(setup: Setup) -> None:
        setup.people.allow_passing(*(statement(setup) for statement in statements))

    return change


def _starting(*statements: Mapping[str, Any]) -> Callable[[Setup], None]:
    def change(setup: Setup) -> None:
        setup.people.allow_starting(*statements)

    return change


def _bounded(action: str) -> Callable[[Setup], None]:
    def change(setup: Setup) -> None:
        setup.bound("NotAll", {"Effect": "Allow", "NotAction": action, "Resource": "*"}, role=people.ROLE)

    return change


def _called(side: ClientSide, target: str) -> None:
    side.targets[target]["caller"] = f"arn:aws:iam::{side.setup(target)['account']}:user/people/bob"


FAULTS = (
    Fault(
        id="pass-role-missing",
        sentence="Who starts jobs may not pass any role.",
        check="role.passable",
        reason="not_allowed",
        area=Area.PEOPLE,
        strike=lambda setup: setup.people.forbid_passing(),
    ),
    Fault(
        id="pass-role-other-service",
        sentence="Who starts jobs may pass the role to Lambda, and not to SageMaker.",
        check="role.passable",
        reason="not_allowed",
        area=Area.PEOPLE,
        strike=_passing(lambda setup: passing(setup.role_arn, "lambda.amazonaws.com")),
    ),
    Fault(
        id="pass-role-path-lost",
        sentence="Who starts jobs may pass the role as it is called without its path.",
        check="role.passable",
        reason="not_allowed",
        area=Area.PEOPLE,
        strike=_passing(lambda setup: passing(setup.role_arn.replace("service-role/", ""))),
    ),
    Fault(
        id="pass-role-denied",
        sentence="A denial keeps who starts jobs from passing roles.",
        check="role.passable",
        reason="explicit_deny",
        area=Area.PEOPLE,
        strike=_passing(
            lambda setup: passing(setup.role_arn),
            lambda _: {"Sid": "NoPassing", "Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"},
        ),
    ),
    Fault(
        id="pass-role-bounded",
        sentence="A permissions boundary keeps the role that starts jobs from passing roles.",
        check="role.passable",
        reason="boundary",
        hits="vision",
        area=Area.PEOPLE,
        strike=_bounded("iam:PassRole"),
    ),
    Fault(
        id="caller-bounded",
        sentence="A permissions boundary keeps the role that starts jobs from starting any.",
        check="caller.permissions",
        reason="boundary",
        hits="vision",
        area=Area.PEOPLE,
        strike=_bounded("sagemaker:CreateTrainingJob"),
    ),
    Fault(
        id="caller-quarantined",
        sentence="AWS found a key of who starts jobs on a public page, and attached its quarantine.",
        check="role.passable",
        reason="explicit_deny",
        also={"caller.permissions": (Status.CRITICAL, "explicit_deny")},
        area=Area.PEOPLE,
        strike=lambda setup: setup.people.quarantine(),
    ),
    Fault(
        id="caller-without-sagemaker",
        sentence="Who starts jobs lost every right to use SageMaker.",
        check="caller.permissions",
        reason="not_allowed",
        area=Area.PEOPLE,
        strike=lambda setup: setup.people.forbid_starting(),
    ),
    Fault(
        id="caller-needs-vpc",
        sentence="A company policy denies jobs outside a VPC, and the target names no subnets.",
        check="caller.permissions",
        reason="explicit_deny",
        area=Area.PEOPLE,
        strike=_starting(
            _ALL,
            {
                "Sid": "OnlyInTheVpc",
                "Effect": "Deny",
                "Action": "sagemaker:Create*Job",
                "Resource": "*",
                "Condition": {"Null": {"sagemaker:VpcSubnets": "true"}},
            },
        ),
    ),
    Fault(
        id="caller-without-logs",
        sentence="Who starts jobs may not read their logs.",
        check="caller.permissions",
        reason="cannot_follow",
        status=Status.WARNING,
        area=Area.PEOPLE,
        strike=lambda setup: setup.people.use_logs(may=False),
    ),
    Fault(
        id="organization-denies-passing",
        sentence="A policy of the organization denies passing roles.",
        check="role.passable",
        reason="organization_denies",
        status=Status.WARNING,
        area=Area.PEOPLE,
        strike=lambda setup: setup.forbid_in_organization("iam:PassRole"),
    ),
    Fault(
        id="organization-denies-jobs",
        sentence="A policy of the organization denies training jobs.",
        check="caller.permissions",
        reason="organization_denies",
        status=Status.WARNING,
        area=Area.PEOPLE,
        strike=lambda setup: setup.forbid_in_organization("sagemaker:CreateTrainingJob"),
    ),
    Fault(
        id="caller-unknown",
        sentence="The settings name somebody who does not exist as who starts jobs.",
        check="caller.permissions",
        reason="caller_missing",
        client=_called,
        also={"role.passable": (Status.UNKNOWN, "not_found")},
    ),
)
