"""What AWS's simulator is asked in one call, and how its answers are read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import product

import pytest

from healthcheck.checks.bucket_names import Home
from healthcheck.checks.needs import Place, of
from healthcheck.checks.simulator import MOST_PAIRS, Batch, Simulated, batches, read
from healthcheck.iam import ContextValue, Request
from healthcheck.target import Purpose

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ROLE = "arn:aws:iam::111122223333:role/SageMaker"
HOME = Home("aws", "us-east-1", "111122223333")
BUCKET = "arn:aws:s3:::acme"
QUEUE = "arn:aws:sqs:us-east-1:111122223333:news"
JOB = "arn:aws:sagemaker:us-east-1:111122223333:training-job/x"


def request(action: str, resource: str = "*", **context: ContextValue) -> Request:
    return Request(action, resource, context={key.replace("__", ":"): value for key, value in context.items()})


def asked(*found: Batch) -> list[tuple[set[str], set[str]]]:
    return [(set(batch.actions), set(batch.resources)) for batch in found]


def test_kinds_of_resources_share_a_call() -> None:
    found = batches(
        [request("s3:ListBucket", BUCKET), request("s3:GetObject", f"{BUCKET}/x"), request("sqs:SendMessage", QUEUE)]
    )
    assert asked(*found) == [({"s3:ListBucket", "s3:GetObject", "sqs:SendMessage"}, {BUCKET, f"{BUCKET}/x", QUEUE})]


def test_what_is_about_everything_is_asked_alone() -> None:
    found = batches(
        [request("ecr:GetAuthorizationToken"), request("s3:ListBucket", BUCKET), request("sqs:SendMessage")]
    )
    assert asked(*found) == [({"sqs:SendMessage", "ecr:GetAuthorizationToken"}, {"*"}), ({"s3:ListBucket"}, {BUCKET})]


def test_context_of_one_service_keeps_no_other_out() -> None:
    (batch,) = batches(
        [request("s3:ListBucket", BUCKET, s3__prefix="a/"), request("sqs:SendMessage", QUEUE, sqs__key="b")]
    )
    assert batch.context == {"s3:prefix": "a/", "sqs:key": "b"}


@pytest.mark.parametrize(
    "other",
    [
        request("s3:GetObject", BUCKET),
        request("s3:GetObject", BUCKET, s3__prefix="b/"),
        request("s3:GetObject", BUCKET, s3__prefix="a/", aws__PrincipalTag="x"),
        request("sqs:SendMessage", QUEUE, s3__prefix="a/"),
    ],
    ids=["without it", "of another value", "of everybody", "of a foreign service"],
)
def test_other_context_that_would_count_for_both_takes_a_call_of_its_own(other: Request) -> None:
    assert len(batches([request("s3:ListBucket", BUCKET, s3__prefix="a/"), other])) == 2


def test_what_is_known_to_be_absent_is_not_said_and_keeps_nobody_out() -> None:
    (batch,) = batches(
        [
            request("sagemaker:CreateTrainingJob", JOB, sagemaker__VpcSubnets=None),
            Request("sagemaker:StopTrainingJob", JOB, context={"s3:ExistingObjectTag/*": None}),
        ]
    )
    assert batch.context == {}


def test_every_request_is_asked_about_with_its_own_context_and_no_call_is_too_large() -> None:
    place = Place(HOME, ROLE, "acme", "111122223333", "", NOW, subnets=tuple(f"subnet-{n}" for n in range(8)))
    requests = [each for need in of(place, tuple(Purpose)) for each in need.requests(ROLE, HOME, NOW)]
    found = batches(requests)
    for each in requests:
        known: Mapping[str, ContextValue] = {
            key: value for key, value in each.context.items() if value is not None and not key.endswith("*")
        }
        holding = [batch for batch in found if each.action in batch.actions and each.resource in batch.resources]
        assert any(known.items() <= batch.context.items() for batch in holding)
    assert all(len(list(product(batch.actions, batch.resources))) <= MOST_PAIRS for batch in found)
    assert len(found) <= len(requests) / 8


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
    assert {key: (answer.decision, answer.policies) for key, answer in answers.items()} == {
        ("s3:getobject", "arn:a"): ("allowed", ()),
        ("s3:getobject", "arn:b"): ("explicitDeny", ()),
    }
    assert answers["s3:getobject", "arn:b"].missing_keys == ("k",)


def test_a_form_of_arns_at_the_top_means_whatever_was_asked_about() -> None:
    top = {
        "EvalActionName": "s3:GetObject",
        "EvalResourceName": "arn:${Partition}:s3:::${BucketName}/${KeyName}",
        "EvalDecision": "allowed",
    }
    assert list(dict(read(top))) == [("s3:getobject", "*")]


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"EvalActionName": "s3:GetObject"},
        {"EvalDecision": "allowed"},
        {"EvalActionName": "s3:GetObject", "EvalDecision": "perhaps"},
        {"EvalActionName": "s3:GetObject", "ResourceSpecificResults": [{"EvalResourceName": "arn:a"}]},
    ],
)
def test_what_names_no_action_or_no_known_decision_is_no_answer(result: Mapping[str, object]) -> None:
    assert list(read(result)) == []
