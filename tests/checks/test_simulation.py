"""AWS's simulator beside the documents: what it is asked, how it is read, and what a difference amounts to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from healthcheck.checks.role import permissions
from healthcheck.checks.simulation import Simulated, read
from healthcheck.result import Result
from healthcheck.testing import ROLE, Situation, examine
from tests.cases import role as cases

CASES = {case.name: case.situation for case in cases.CASES["role.permissions"]}
ASKED = "iam.SimulatePrincipalPolicy"


def verdict(situation: Situation) -> Result:
    return examine(permissions, situation).run.decisive


def calls(situation: Situation) -> list[Any]:
    return [call.parameters for call in examine(permissions, situation).calls if call.operation == ASKED]


def test_concrete_arns_are_asked_about_with_the_known_context_one_call_a_kind() -> None:
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
    assert len(first) <= 8
    assert again["ActionNames"] == ["s3:PutObject"]
    assert any(entry["ContextKeyName"] == "aws:SourceVpce" for entry in again["ContextEntries"])


def test_where_it_may_not_be_asked_the_documents_alone_count_and_that_is_said() -> None:
    situation = CASES["all that is needed"]
    assert len(calls(situation)) == 1
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


def test_answers_are_read_by_resource_and_else_at_the_top() -> None:
    top = {
        "EvalActionName": "s3:GetObject",
        "EvalResourceName": "arn:a",
        "EvalDecision": "implicitDeny",
        "MissingContextValues": ["b", "a"],
        "OrganizationsDecisionDetail": {"AllowedByOrganizations": False},
        "MatchedStatements": [{"SourcePolicyId": "P"}, {"SourcePolicyId": "P"}],
    }
    expected = Simulated("implicitDeny", is_by_organization=True, missing_keys=("a", "b"), policies=("P",))
    assert dict(read(top)) == {("s3:getobject", "arn:a"): expected}
    specific = [
        {"EvalResourceName": "arn:a", "EvalResourceDecision": "allowed"},
        {"EvalResourceName": "arn:b", "EvalResourceDecision": "explicitDeny", "MissingContextValues": ["k"]},
    ]
    answers = dict(read({**top, "ResourceSpecificResults": specific}))
    assert {key: answer.decision for key, answer in answers.items()} == {
        ("s3:getobject", "arn:a"): "allowed",
        ("s3:getobject", "arn:b"): "explicitDeny",
    }
    assert answers["s3:getobject", "arn:b"].is_open
