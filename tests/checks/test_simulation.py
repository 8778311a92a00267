"""AWS's simulator beside the documents: what it is asked, how it is read, and what a difference amounts to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from healthcheck.check import Check
from healthcheck.checks import caller
from healthcheck.checks.role import passable, permissions
from healthcheck.result import Result, Status
from healthcheck.testing import ROLE, Situation, denied, examine
from tests.cases import caller as callers
from tests.cases import role as cases

CASES = {case.name: case.situation for case in cases.CASES["role.permissions"]}
PASSING = {case.name: case.situation for case in callers.CASES["role.passable"]}
STARTING = {case.name: case.situation for case in callers.CASES["caller.permissions"]}
ASKED = "iam.SimulatePrincipalPolicy"


def verdict(situation: Situation, check: Check = permissions) -> Result:
    return examine(check, situation).run.decisive


def calls(situation: Situation, check: Check = permissions) -> list[Any]:
    return [call.parameters for call in examine(check, situation).calls if call.operation == ASKED]


def test_concrete_arns_are_asked_about_with_the_known_context_in_two_calls() -> None:
    asked = calls(CASES["the organization denies uploads from outside a network"])
    assert {call["PolicySourceArn"] for call in asked} == {ROLE}
    assert all("*" not in "".join(call["ResourceArns"]) or call["ResourceArns"] == ["*"] for call in asked)
    for call in asked:
        context = {entry["ContextKeyName"]: entry for entry in call["ContextEntries"]}
        assert context["aws:RequestedRegion"] == {
            "ContextKeyName": "aws:RequestedRegion",
            "ContextKeyType": "string",
            "ContextKeyValues": ["us-east-1"],
        }
        assert context["aws:SecureTransport"]["ContextKeyType"] == "boolean"
        assert context["aws:CurrentTime"]["ContextKeyType"] == "date"
        assert not any(name.endswith("*") or name == "aws:MultiFactorAuthPresent" for name in context)
    first, again = asked[:-1], asked[-1]
    assert len(first) == 2
    assert again["ActionNames"] == ["s3:PutObject"]
    assert any(entry["ContextKeyName"] == "aws:SourceVpce" for entry in again["ContextEntries"])


def test_where_it_may_not_be_asked_the_documents_alone_count_and_that_is_said() -> None:
    situation = CASES["all that is needed"]
    assert len(calls(situation)) == 2  # side by side, as if it were allowed
    evidence = verdict(situation).evidence
    assert "may not use iam:SimulatePrincipalPolicy" in str(evidence["simulator"])
    assert evidence["confidence"] == "medium"
    assert evidence["not_seen"] == ["service control policies"]


def test_agreement_raises_the_confidence_and_sees_what_nobody_else_sees() -> None:
    evidence = verdict(CASES["the simulator agrees, on its second page"]).evidence
    assert (evidence["simulator"], evidence["confidence"]) == ("agrees about what can be decided", "high")
    assert "not_seen" not in evidence


def test_a_denial_that_stays_is_named_with_who_can_change_it() -> None:
    found = verdict(CASES["the organization denies uploads from everywhere"])
    assert "a policy of the organization (p-guardrail) denies it" in found.summary
    assert found.fix is not None
    assert "organization's administrators" in found.fix.text
    assert found.fix.policy is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("the organization denies uploads from outside a network", "by a policy of the organization"),
        ("the simulator lacks context", "it hangs on aws:SourceVpce"),
        ("a bucket that lets it in, which the simulator does not see", "the resource's own policy allows it"),
    ],
)
def test_any_other_difference_is_told_with_its_reason_and_changes_nothing(name: str, why: str) -> None:
    evidence = verdict(CASES[name]).evidence
    assert evidence["confidence"] == "medium"
    assert all(why in told for told in json.loads(json.dumps(evidence["simulator_differs"])))


def test_what_the_documents_deny_stays_denied_whatever_the_simulator_says() -> None:
    situation = CASES["nothing"]
    allowing = cases.permitted(iam_SimulatePrincipalPolicy=cases.simulated(lambda *_: {}))
    assert verdict(allowing).status is verdict(situation).status
    assert verdict(allowing).reason == verdict(situation).reason


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("the simulator is busy", "gave nothing usable: AWS throttled iam.SimulatePrincipalPolicy"),
        ("the simulator does not take the question", "gave nothing usable: AWS refused iam.SimulatePrincipalPolicy"),
        ("the simulator stumbles over a policy", "gave nothing usable: AWS failed to answer"),
        ("the simulator answers nothing", "gave nothing usable: no answer to any question"),
        ("the simulator answers without the answers", "gave nothing usable: "),
        ("the simulator answers what nobody asked", "gave nothing usable: no answer to any question"),
        ("the simulator's answer cannot be parsed", "gave nothing usable: an answer came that cannot be understood"),
        ("the way to the simulator is cut", "gave nothing usable: no answer came from AWS"),
        ("the simulator repeats itself", "gave nothing usable: an answer came that cannot be understood"),
    ],
)
def test_without_a_usable_answer_the_documents_stand_and_that_is_said(name: str, told: str) -> None:
    found = verdict(CASES[name])
    assert found.status is Status.OK
    assert str(found.evidence["simulator"]).startswith(told)
    assert found.evidence["confidence"] == "medium"
    assert found.evidence["not_seen"] == ["service control policies"]


def test_a_mistake_of_our_own_is_not_taken_for_an_answer() -> None:
    situation = cases.permitted(cases.ALL_NEEDED, iam_SimulatePrincipalPolicy=ZeroDivisionError("a mistake"))
    assert verdict(situation).reason == "crashed"


def test_of_passing_the_role_it_is_asked_for_whom_and_to_what_service() -> None:
    asked = calls(PASSING["the simulator agrees, on its second page"], passable)[0]
    assert (asked["PolicySourceArn"], asked["ActionNames"], asked["ResourceArns"]) == (
        callers.USER,
        ["iam:PassRole"],
        [ROLE],
    )
    assert {
        "ContextKeyName": "iam:PassedToService",
        "ContextKeyType": "string",
        "ContextKeyValues": ["sagemaker.amazonaws.com"],
    } in asked["ContextEntries"]


@pytest.mark.parametrize("check", [passable, caller.permissions], ids=lambda check: check.id)
def test_who_starts_jobs_is_asked_about_by_its_own_arn(check: Check) -> None:
    found = {passable.id: PASSING, caller.permissions.id: STARTING}[check.id]
    assert verdict(found["the simulator agrees, on its second page"], check).evidence["confidence"] == "high"
    asked = calls(found["a role of which the simulator knows"], check)
    assert {call["PolicySourceArn"] for call in asked} == {callers.SCIENTIST}


def test_of_the_root_user_the_simulator_knows_nothing_and_is_not_asked() -> None:
    assert calls(PASSING["the root user"], passable) == []


def test_what_a_second_factor_would_lift_is_told_and_no_fault() -> None:
    evidence = verdict(STARTING["the organization asks for a second factor"], caller.permissions).evidence
    assert "the simulator denies it by a policy of the organization" in str(evidence["simulator_differs"])


def test_of_who_is_denied_the_kind_is_named() -> None:
    fix = verdict(STARTING["the organization denies jobs"], caller.permissions).fix
    assert fix is not None
    assert "let this user do it" in fix.text


def test_of_what_hangs_on_a_document_that_may_not_be_read_it_is_told_what_the_simulator_says() -> None:
    situation = cases.permitted(
        cases.ALL_NEEDED,
        iam_GetRolePolicy=denied("iam.GetRolePolicy"),
        iam_SimulatePrincipalPolicy=cases.simulated(
            lambda action, *_: {"decision": "implicitDeny"} if action == "s3:PutObject" else {}
        ),
    )
    found = verdict(situation)
    assert (found.status, found.reason, found.evidence["confidence"]) == (Status.UNKNOWN, "not_permitted", "medium")
    told = found.evidence["simulator_of_undecided"]
    assert isinstance(told, list | tuple)
    assert "s3:PutObject on arn:aws:s3:::sagemaker-us-east-1-111122223333/*: allowed by nothing" in told
    assert "ecr:GetAuthorizationToken: allowed" in told


@pytest.mark.parametrize(
    ("inline", "decision", "keys"),
    [
        (cases.ALL_NEEDED, "allowed", ["aws:SourceVpce"]),
        (cases.NO_BUCKET, "implicitDeny", ["s3:ExistingObjectTag/SageMaker", "aws:MultiFactorAuthPresent"]),
    ],
    ids=["of other statements", "known to be absent"],
)
def test_keys_on_which_no_decision_hangs_make_no_difference(inline: Any, decision: str, keys: list[str]) -> None:
    def answer(action: str, *_: Any) -> Any:
        return {"decision": decision, "missing": keys} if action.startswith("s3:") else {}

    evidence = verdict(cases.permitted(inline, iam_SimulatePrincipalPolicy=cases.simulated(answer))).evidence
    assert (evidence["simulator"], evidence["confidence"]) == ("agrees about what can be decided", "high")
