"""AWS's own policies as input, and the time that a whole diagnosis takes."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from functools import cache

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from healthcheck.iam import ContextValue, Document, Outcome, Request, evaluate, load_document

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/service-role/AmazonSageMaker-ExecutionRole"
CONTEXT: Mapping[str, ContextValue] = {
    "aws:RequestedRegion": "eu-west-1",
    "s3:ExistingObjectTag/*": None,
    "aws:PrincipalTag/*": None,
}


@cache
def managed() -> Mapping[str, Document]:
    data = json.loads(aws_managed_policies_data)
    return {
        name: load_document(entry["Document"], name=name, version=entry["DefaultVersionId"])
        for name, entry in data.items()
    }


def test_every_managed_policy_can_be_read_and_asked() -> None:
    assert len(managed()) > 1_500
    request = Request(
        "sagemaker:CreateTrainingJob", f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:training-job/x", None, ROLE
    )
    outcomes = {name: evaluate(request, identity=[document]).outcome for name, document in managed().items()}
    assert outcomes["AdministratorAccess"] is Outcome.ALLOWED
    assert outcomes["AmazonSageMakerFullAccess"] is Outcome.ALLOWED
    assert outcomes["ReadOnlyAccess"] is Outcome.IMPLICIT_DENY
    assert outcomes["AWSDenyAll"] is Outcome.EXPLICIT_DENY


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("s3:ListBucket", "arn:aws:s3:::my-data", "allowed"),
        ("s3:GetObject", "arn:aws:s3:::my-data/train.csv", "implicit_deny"),
        ("s3:GetObject", "arn:aws:s3:::my-data/sagemaker/train.csv", "allowed"),
        ("s3:GetObject", "arn:aws:s3:::my-data/SAGEMAKER/train.csv", "implicit_deny"),
        ("s3:PutObject", f"arn:aws:s3:::sagemaker-eu-west-1-{ACCOUNT}/x", "allowed"),
        ("s3:PutObject", "arn:aws:s3:::MySageMaker/x", "allowed"),
        ("s3:GetObjectVersion", f"arn:aws:s3:::sagemaker-eu-west-1-{ACCOUNT}/x", "implicit_deny"),
        ("s3:ListAllMyBuckets", "*", "allowed"),
        ("iam:GetRole", ROLE, "implicit_deny"),
        ("iam:ListRoles", "*", "allowed"),
        ("ecr:BatchGetImage", f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/train", "allowed"),
        ("ecr:GetAuthorizationToken", "*", "allowed"),
        ("logs:PutLogEvents", f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/sagemaker/TrainingJobs:*", "allowed"),
        ("kms:ListAliases", "*", "allowed"),
    ],
)
def test_what_the_full_access_policy_really_grants(action: str, resource: str, expected: str) -> None:
    """Version 29 of 2026-02-12: on objects, only where the bucket or key contains one of three spellings."""
    full = managed()["AmazonSageMakerFullAccess"]
    assert full.version == "v29"
    request = Request(action, resource, ACCOUNT, ROLE, CONTEXT)
    assert evaluate(request, identity=[full]).outcome.value == expected


def test_a_tagged_object_is_readable_under_the_full_access_policy() -> None:
    full = managed()["AmazonSageMakerFullAccess"]
    resource = "arn:aws:s3:::my-data/train.csv"
    tagged = Request("s3:GetObject", resource, ACCOUNT, ROLE, {**CONTEXT, "s3:ExistingObjectTag/SageMaker": "TRUE"})
    unknown = Request("s3:GetObject", resource, ACCOUNT, ROLE)
    assert evaluate(tagged, identity=[full]).allowed
    assert "s3:ExistingObjectTag/SageMaker" in evaluate(unknown, identity=[full]).unknown_keys


def test_passing_the_role_hangs_on_the_service_it_is_passed_to() -> None:
    full = managed()["AmazonSageMakerFullAccess"]
    to_sagemaker = {"iam:PassedToService": "sagemaker.amazonaws.com"}
    to_ec2 = {"iam:PassedToService": "ec2.amazonaws.com"}
    role = f"arn:aws:iam::{ACCOUNT}:role/service-role/Exec"
    assert evaluate(Request("iam:PassRole", role, context=to_sagemaker), identity=[full]).allowed
    assert evaluate(Request("iam:PassRole", role, context=to_ec2), identity=[full]).denied
    assert evaluate(Request("iam:PassRole", role), identity=[full]).unknown_keys == ("iam:PassedToService",)


def test_a_hundred_actions_on_five_resources_take_less_than_a_tenth_of_a_second() -> None:
    customer = [
        load_document(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": ["s3:GetObject", "s3:PutObject", "s3:List*"],
                        "Resource": [f"arn:aws:s3:::acme-{number}", f"arn:aws:s3:::acme-{number}/*"],
                    },
                    {
                        "Effect": "Deny",
                        "NotAction": ["iam:*", "sts:*"],
                        "Resource": "*",
                        "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}},
                    },
                ],
            },
            name=f"Customer{number}",
        )
        for number in range(3)
    ]
    identity = [managed()["AmazonSageMakerFullAccess"], *customer]
    actions = ["s3:GetObject", "s3:PutObject", "ecr:BatchGetImage", "logs:PutLogEvents"]
    actions += [f"sagemaker:Create{number}" for number in range(96)]
    resources = [f"arn:aws:s3:::acme-{number}/out/model.tar.gz" for number in range(5)]

    def once() -> float:
        started = time.process_time()
        for action in actions:
            for resource in resources:
                evaluate(Request(action, resource, ACCOUNT, ROLE, CONTEXT), identity=identity)
        return time.process_time() - started

    # A tracer, such as the one that measures coverage, makes it several times slower.
    assert min(once() for _ in range(3)) < (0.1 if sys.gettrace() is None else 1)
