"""Whether SageMaker may assume a role, purpose by purpose."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from healthcheck.checks import role
from healthcheck.checks.bucket_names import Home
from healthcheck.checks.needs import Place
from healthcheck.checks.role_trust import judge
from healthcheck.result import Result, Status
from healthcheck.target import Purpose
from healthcheck.testing import TARGET, run_check

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/service-role/SageMaker"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PLACE = Place(Home("aws", "us-east-1", ACCOUNT), ROLE, None, None, "", NOW)
ALL = tuple(Purpose)
JOB = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}"
SAGEMAKER = {"Service": "sagemaker.amazonaws.com"}


def allow(**more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": SAGEMAKER, "Action": "sts:AssumeRole", **more}


def when(operator: str, key: str, value: Any) -> dict[str, Any]:
    return allow(Condition={operator: {key: value}})


def trust(
    *statements: Mapping[str, Any], purposes: tuple[Purpose, ...] = (Purpose.TRAINING,), place: Place = PLACE
) -> Result:
    return judge(place, {"Version": "2012-10-17", "Statement": list(statements)}, purposes)


@pytest.mark.parametrize(
    "statement",
    [
        allow(),
        allow(Principal={"Service": ["ec2.amazonaws.com", "sagemaker.amazonaws.com"], "AWS": ACCOUNT}),
        allow(Action=["sts:AssumeRole", "sts:TagSession"]),
        allow(Action="sts:*"),
        allow(Action="sts:Assume*"),
        allow(Action="sts:assumerole"),
        when("StringEquals", "aws:SourceAccount", ACCOUNT),
        when("StringEquals", "aws:SourceAccount", ["444455556666", ACCOUNT]),
        when("ArnLike", "aws:SourceArn", f"{JOB}:*"),
        when("StringNotEquals", "sts:ExternalId", "secret"),
        when("StringEqualsIfExists", "sts:ExternalId", "secret"),
        when("DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z"),
    ],
)
def test_valid_policies_of_every_spelling_let_sagemaker_in(statement: Mapping[str, Any]) -> None:
    assert trust(statement, purposes=(Purpose.TRAINING, Purpose.PROCESSING, Purpose.HOSTING)).status is Status.OK


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (allow(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), "no_statement"),
        (allow(Action="sts:AssumeRoleWithSAML"), "no_statement"),
        (allow(Action="sts:TagSession"), "no_statement"),
        (allow(Principal={"Service": "ec2.amazonaws.com"}), "wrong_service"),
        (allow(Principal={"Service": "sagemaker.us-east-1.amazonaws.com"}), "wrong_service"),
        (allow(Principal={"Service": "sagemaker.amazonaws.com.cn"}), "wrong_service"),
        (when("StringEquals", "aws:SourceAccount", "111122223334"), "condition_unmet"),
        (when("StringEquals", "sts:ExternalId", "secret"), "condition_unmet"),
        (when("Bool", "aws:MultiFactorAuthPresent", "true"), "condition_unmet"),
        (when("StringEquals", "aws:PrincipalOrgID", "o-example"), "condition_unmet"),
        (when("StringEquals", "aws:SourceArn", f"{JOB}:training-job/*"), "condition_unmet"),
        (when("ArnLike", "aws:SourceArn", f"{JOB}:endpoint/prod"), "condition_unmet"),
        (when("ArnLike", "aws:SourceArn", f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:*"), "condition_unmet"),
    ],
)
def test_what_keeps_sagemaker_out_is_named(statement: Mapping[str, Any], reason: str) -> None:
    result = trust(statement)
    assert (result.status, result.reason) == (Status.CRITICAL, reason)


@pytest.mark.parametrize(
    "deny",
    [
        {**allow(), "Effect": "Deny"},
        {**allow(), "Effect": "Deny", "Principal": "*"},
        {**allow(), "Effect": "Deny", "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}},
    ],
)
def test_a_deny_beats_every_allow_and_its_removal_is_what_mends_it(deny: Mapping[str, Any]) -> None:
    result = trust(allow(), {"Sid": "Keep", **deny})
    assert (result.status, result.reason) == (Status.CRITICAL, "explicit_deny")
    assert "statement Keep" in result.summary
    assert result.fix is not None
    assert result.fix.policy == {"Version": "2012-10-17", "Statement": [allow()]}
    assert "Decided anew with it" in result.fix.text


def test_where_only_denials_are_left_an_allow_takes_their_place() -> None:
    result = trust({**allow(), "Effect": "Deny"})
    assert result.fix is not None
    assert result.fix.policy is not None
    mended = result.fix.policy["Statement"]
    assert isinstance(mended, list)
    assert trust(*mended).status is Status.OK


def test_a_role_for_training_jobs_alone_cannot_host() -> None:
    narrow = when("ArnLike", "aws:SourceArn", f"{JOB}:training-job/*")
    result = trust(narrow, purposes=(Purpose.TRAINING, Purpose.HOSTING))
    assert (result.status, result.reason) == (Status.CRITICAL, "condition_unmet")
    assert "for hosting (it may for training)" in result.summary
    assert result.evidence["purposes"] == {"training": "allowed", "hosting": "implicit_deny"}


def test_the_star_that_hosting_sends_is_no_wildcard() -> None:
    literal = when("StringEquals", "aws:SourceArn", f"{JOB}:*")
    assert trust(literal, purposes=(Purpose.HOSTING,)).status is Status.OK
    assert trust(literal, purposes=(Purpose.TRAINING,)).status is Status.CRITICAL


def test_what_a_notebook_sends_is_not_documented_and_so_not_decided() -> None:
    result = trust(when("ArnLike", "aws:SourceArn", f"{JOB}:notebook-instance/*"), purposes=(Purpose.NOTEBOOK,))
    assert (result.status, result.reason) == (Status.UNKNOWN, "undecidable")
    assert "aws:SourceArn" in result.summary
    assert trust(allow(), purposes=(Purpose.NOTEBOOK,)).status is Status.OK


@pytest.mark.parametrize("key", ["aws:SourceOrgID", "aws:PrincipalServiceNamesList", "aws:RequestedRegion"])
def test_a_key_that_sagemaker_does_not_tell_is_named(key: str) -> None:
    result = trust(when("StringEquals", key, "x"))
    assert (result.status, result.reason) == (Status.UNKNOWN, "undecidable")
    assert key in result.summary


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}])
def test_everyone_is_perhaps_sagemaker_and_surely_a_risk(principal: Any) -> None:
    alone = trust(allow(Principal=principal))
    assert (alone.status, alone.reason) == (Status.UNKNOWN, "undecidable")
    beside = trust(allow(), allow(Principal=principal))
    assert (beside.status, beside.reason) == (Status.WARNING, "wildcard_principal")


@pytest.mark.parametrize(
    ("principal", "closed"),
    [
        ("*", {"AWS": ROOT}),
        ({"AWS": "*"}, {"AWS": [ROOT]}),
        ({"AWS": ["*", f"{ROOT[:-4]}user/alice"], **SAGEMAKER}, {"AWS": [ROOT, f"{ROOT[:-4]}user/alice"], **SAGEMAKER}),
    ],
)
def test_strangers_are_shut_out_and_whoever_else_was_let_in_stays(principal: Any, closed: Any) -> None:
    other = allow(Sid="Other", Action="sts:TagSession")
    fix = trust(allow(), allow(Principal=principal), other).fix
    assert fix is not None
    assert fix.policy == {"Version": "2012-10-17", "Statement": [allow(), allow(Principal=closed), other]}
    assert "Decided anew with it, sagemaker.amazonaws.com may." in fix.text
    (command,) = fix.commands
    assert trust(*json.loads(shlex.split(command)[-1])["Statement"]).status is Status.OK


def test_a_wildcard_under_a_condition_is_not_everyone() -> None:
    bounded = allow(Principal={"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-example"}})
    assert trust(allow(), bounded).status is Status.OK


def test_a_single_statement_and_url_encoded_text_are_read_like_a_list_and_a_mapping() -> None:
    policy = {"Version": "2012-10-17", "Statement": allow()}
    assert judge(PLACE, policy, ALL).status is Status.OK
    assert judge(PLACE, quote(json.dumps(policy)), ALL).status is Status.OK


def test_the_fix_keeps_what_is_there_and_really_mends_it() -> None:
    people = allow(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    broken = trust(people, purposes=ALL)
    assert broken.fix is not None
    assert broken.fix.policy is not None
    statements = broken.fix.policy["Statement"]
    assert isinstance(statements, list)
    assert statements[0] == people
    assert judge(PLACE, broken.fix.policy, ALL).status is Status.OK


def test_the_command_holds_the_whole_document() -> None:
    result = trust(allow(Principal={"Service": "ec2.amazonaws.com"}))
    assert result.fix is not None
    (command,) = result.fix.commands
    words = shlex.split(command)
    assert words[:5] == ["aws", "iam", "update-assume-role-policy", "--role-name", "SageMaker"]
    assert json.loads(words[-1]) == result.fix.policy


# AWS's own SDK looks at a role before it starts a job (sagemaker-core 2.27.0, run on its own, 2026-11-22), and answers
# these six wrongly. Beside each stands what it says.
@pytest.mark.parametrize(
    ("statements", "status", "reason"),
    [
        pytest.param([allow(), {**allow(), "Effect": "Deny"}], Status.CRITICAL, "explicit_deny", id="deny: trusted"),
        pytest.param(
            [when("StringEquals", "sts:ExternalId", "from-a-partner")],
            Status.CRITICAL,
            "condition_unmet",
            id="required external id: trusted",
        ),
        pytest.param(
            [when("StringEquals", "aws:SourceAccount", "444455556666")],
            Status.CRITICAL,
            "condition_unmet",
            id="somebody else's source account: trusted",
        ),
        pytest.param([allow(Action="sts:Assume*")], Status.OK, None, id="wildcard in the action: not trusted"),
        pytest.param([allow(Action="sts:assumerole")], Status.OK, None, id="action in small letters: not trusted"),
        pytest.param(allow(), Status.OK, None, id="one statement without a list: crashes"),
    ],
)
def test_what_aws_own_sdk_gets_wrong_is_judged_rightly(statements: object, status: Status, reason: str | None) -> None:
    """From what IAM answers to the verdict of the check, and its fix mends it."""
    verdict = looked_at({"Version": "2012-10-17", "Statement": statements})
    assert (verdict.status, verdict.reason) == (status, reason)
    if status is Status.CRITICAL:
        assert verdict.fix is not None
        assert verdict.fix.policy is not None
        assert looked_at(verdict.fix.policy).status is Status.OK


def looked_at(document: Mapping[str, Any]) -> Result:
    answer = {
        "Path": "/service-role/",
        "RoleName": "SageMaker",
        "RoleId": "AROAQHEALTHCHECKTEST",
        "Arn": ROLE,
        "CreateDate": NOW,
        "AssumeRolePolicyDocument": document,
    }
    run = run_check(role.trust, target=replace(TARGET, role=ROLE), answers={"iam.GetRole": {"Role": answer}})
    return run.decisive
