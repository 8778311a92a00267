"""What a role drags along: what is told of it, and the commands that clean it up without breaking anything."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from healthcheck.checks.role import hygiene
from healthcheck.result import Result, Status
from healthcheck.testing import ACCOUNT, NOW, Situation, examine
from tests.cases.role import NAME, Policy, allow, permitted, policy, role, trusting

BOUND = trusting(Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}})
ORPHAN = "AROAQHEALTHCHECKGONE1"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
ARTICLE = f"arn:aws:iam::{ACCOUNT}:policy/Article"
DEAD = ["arn:aws:s3:::SageMaker", "arn:aws:s3:::SageMaker/*"]


def look(*trust: Policy, inline: Policy | None = None, settings: Mapping[str, object] | None = None) -> Result:
    return of(permitted(inline), *trust, settings=settings)


def of(situation: Situation, *trust: Policy, settings: Mapping[str, object] | None = None) -> Result:
    used = {"LastUsedDate": NOW - timedelta(days=1), "Region": "us-east-1"}
    answer = role(AssumeRolePolicyDocument=policy(*(trust or (BOUND,))), RoleLastUsed=used)
    found = replace(situation, answers={**situation.answers, "iam.GetRole": answer}, settings=settings or {})
    return examine(hygiene, found).run.decisive


def written(result: Result) -> list[Any]:
    """Return the statements that the only command puts in place."""
    assert result.fix is not None
    (command,) = result.fix.commands
    statements: list[Any] = json.loads(shlex.split(command)[-1])["Statement"]
    return statements


def test_sagemaker_is_bound_to_the_account_and_nothing_else_is_touched() -> None:
    result = look(trusting(Sid="Service"), trusting(Principal={"AWS": ALICE}))
    assert result.reason == "no_source_account"
    bound = {**BOUND, "Sid": "Service"}
    assert written(result) == [bound, trusting(Principal={"AWS": ALICE})]
    assert look(*written(result)).status is Status.OK


def test_of_several_services_each_keeps_what_it_had() -> None:
    services = ["sagemaker.amazonaws.com", "glue.amazonaws.com"]
    condition = {"StringEquals": {"aws:RequestTag/team": "a"}}
    given = trusting(Principal={"Service": services, "AWS": ALICE}, Condition=condition)
    others, bound = written(look(trusting(), given))[1:]
    assert others == {**given, "Principal": {"AWS": ALICE, "Service": ["glue.amazonaws.com"]}}
    assert bound["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert bound["Condition"] == {"StringEquals": {"aws:RequestTag/team": "a", "aws:SourceAccount": ACCOUNT}}


def test_where_the_setting_says_so_a_role_for_any_account_is_left_alone() -> None:
    given = trusting(Principal={"AWS": [ORPHAN, ALICE]})
    result = look(trusting(), given, settings={"source_account": False})
    assert result.reason == "orphan_principal"
    assert written(result) == [trusting(), trusting(Principal={"AWS": [ALICE]})]


def test_a_statement_that_names_the_deleted_alone_goes() -> None:
    assert written(look(BOUND, trusting(Principal={"AWS": ORPHAN}))) == [BOUND]


def test_no_command_is_told_that_would_keep_sagemaker_out() -> None:
    elsewhere = trusting(Condition={"StringEquals": {"sts:ExternalId": "from-an-example"}})
    result = look(elsewhere)
    assert result.reason == "no_source_account"
    assert result.fix is not None
    assert (result.fix.commands, result.fix.policy) == ((), None)


def test_what_names_no_bucket_is_removed_and_what_is_beside_it_stays() -> None:
    some = allow("s3:GetObject", [*DEAD, "arn:aws:s3:::acme/*"])
    result = look(inline=policy(some, allow("s3:*", DEAD), allow("logs:*")))
    assert result.reason == "dead_resource"
    assert written(result) == [{**some, "Resource": ["arn:aws:s3:::acme/*"]}, allow("logs:*")]


@pytest.mark.parametrize(
    ("situation", "command"),
    [
        (
            permitted(policy(allow("s3:*", DEAD))),
            f"aws iam delete-role-policy --role-name {NAME} --policy-name Second",
        ),
        (
            permitted(attached={ARTICLE: policy(allow("s3:*", DEAD))}),
            f"aws iam detach-role-policy --role-name {NAME} --policy-arn {ARTICLE}",
        ),
    ],
    ids=["inline", "attached"],
)
def test_a_policy_of_which_nothing_is_left_goes_as_a_whole(situation: Situation, command: str) -> None:
    fix = of(situation).fix
    assert fix is not None
    assert fix.commands == (command,)


@pytest.mark.parametrize(
    "resource",
    ["arn:aws:s3:::*SageMaker*", "arn:aws:s3:::acme/SageMaker/*", "arn:aws:s3:::${aws:PrincipalTag/Team}/*", "*"],
)
def test_capital_letters_where_they_may_stand_are_fine(resource: str) -> None:
    assert look(inline=policy(allow("s3:*", resource))).status is Status.OK


def test_everything_is_told_at_once_the_gravest_first() -> None:
    everyone = trusting(Principal="*", Condition={"StringEquals": {"sts:ExternalId": "secret"}})
    result = look(trusting(), everyone, inline=policy(allow("s3:*", DEAD), allow("logs:*")))
    assert result.reason == "wildcard_principal"
    findings = result.evidence["findings"]
    assert isinstance(findings, list | tuple)
    assert len(findings) == 3
    assert result.fix is not None
    assert len(result.fix.commands) == 2
