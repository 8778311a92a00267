"""What the tags of a principal settle, and where a session's own tags leave it open."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from healthcheck.checks import needs, principal_tags
from healthcheck.checks.bucket_names import Home
from healthcheck.checks.dossier import Dossier
from healthcheck.checks.needs import Place
from healthcheck.checks.principal_policies import Policies
from healthcheck.iam import Outcome, load_document
from healthcheck.target import Purpose

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ROLE = "arn:aws:iam::111122223333:role/Train"
PLACE = Place(Home("us-east-1", "111122223333", "aws"), ROLE, "team-a-data", "111122223333", "", NOW)
TEAM_A = [{"Key": "Team", "Value": "a"}]


def trusting(*actions: str, effect: str = "Allow") -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": effect, "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": list(actions)},
        ],
    }


def role(tags: list[dict[str, str]] | None, *actions: str, effect: str = "Allow") -> Mapping[str, object]:
    answer = {"Arn": ROLE, "AssumeRolePolicyDocument": trusting(*(actions or ("sts:AssumeRole",)), effect=effect)}
    return answer if tags is None else {**answer, "Tags": tags}


def outcome(principal: Mapping[str, object], condition: dict[str, Any]) -> Outcome:
    """Return whether the role may read its bucket by a policy with this condition."""
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition}
    policy = load_document({"Version": "2012-10-17", "Statement": [statement]}, name="Data")
    policies = Policies((policy,), context=principal_tags.context_of(principal))
    wanted = [need for need in needs.of(PLACE, (Purpose.TRAINING,)) if need.action == "s3:GetObject"]
    (verdict,) = Dossier(ROLE, PLACE.home, NOW, tuple(wanted), policies).verdicts()
    return verdict.outcome


IS_TEAM_A = {"StringEquals": {"aws:PrincipalTag/team": "a"}}
IS_UNTAGGED = {"Null": {"aws:PrincipalTag/Team": "true"}}


@pytest.mark.parametrize(
    ("principal", "condition", "expected"),
    [
        (role(TEAM_A), IS_TEAM_A, Outcome.ALLOWED),
        (role([{"Key": "Team", "Value": "b"}]), IS_TEAM_A, Outcome.IMPLICIT_DENY),
        (role(None), IS_TEAM_A, Outcome.IMPLICIT_DENY),
        (role(None), IS_UNTAGGED, Outcome.ALLOWED),
        (role(TEAM_A), IS_UNTAGGED, Outcome.IMPLICIT_DENY),
        ({"Arn": "arn:aws:iam::111122223333:user/alice", "Tags": TEAM_A}, IS_TEAM_A, Outcome.ALLOWED),
    ],
    ids=["tagged", "otherwise", "untagged", "known to be untagged", "known to be tagged", "user"],
)
def test_tags_decide_what_hangs_on_them(
    principal: Mapping[str, object], condition: dict[str, Any], expected: Outcome
) -> None:
    assert outcome(principal, condition) is expected


@pytest.mark.parametrize("action", ["sts:TagSession", "sts:tagsession", "sts:*", "*", "sts:Tag*"])
def test_a_session_that_may_bring_tags_leaves_it_open(action: str) -> None:
    assert outcome(role(TEAM_A, "sts:AssumeRole", action), IS_TEAM_A) is Outcome.UNKNOWN


def test_a_denial_of_session_tags_opens_nothing() -> None:
    assert outcome(role(TEAM_A, "sts:TagSession", effect="Deny"), IS_TEAM_A) is Outcome.ALLOWED


def test_a_trust_policy_that_cannot_be_understood_leaves_it_open() -> None:
    assert principal_tags.context_of({"Arn": ROLE, "AssumeRolePolicyDocument": "{", "Tags": TEAM_A}) == {}
