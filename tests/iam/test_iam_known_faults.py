"""Where existing tools are wrong: faults of the best evaluator, of AWS's own SDK, and of others. None may be ours."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from healthcheck.iam import ABSENT_FOR_SERVICES, ContextValue, Document, Request, assumable, evaluate, load_document

ROLE = "arn:aws:iam::111122223333:role/service-role/Exec"
SESSION = "arn:aws:sts::111122223333:assumed-role/Exec/SageMaker"
SAGEMAKER = "sagemaker.amazonaws.com"


def policy(*statements: Mapping[str, object], name: str = "P") -> Document:
    return load_document({"Version": "2012-10-17", "Statement": list(statements)}, name=name)


ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def test_a_negated_operator_with_a_variable_without_value_matches() -> None:
    """AWS's SageMaker Studio execution policies deny so; an evaluator that sees no match loses the Deny."""
    deny = {
        "Effect": "Deny",
        "Action": "sagemaker:*",
        "Resource": "*",
        "Condition": {"StringNotEquals": {"sagemaker:OwnerUserProfileArn": "${aws:PrincipalTag/Team}"}},
    }
    context = {"sagemaker:OwnerUserProfileArn": "arn:aws:sagemaker:eu-west-1:111122223333:user-profile/d/u"}
    request = Request("sagemaker:CreateApp", principal=ROLE, context=context, context_complete=True)
    assert evaluate(request, identity=[policy(ALLOW_ALL, deny)]).outcome.value == "explicit_deny"


def test_a_colon_inside_a_variable_does_not_split_an_arn() -> None:
    """IAM User Guide, Variables: the user's own queue."""
    document = policy(
        {"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:us-east-2:*:${aws:username}-queue"}
    )
    zoe = "arn:aws:iam::111122223333:user/Zoe"
    request = Request("sqs:SendMessage", "arn:aws:sqs:us-east-2:111122223333:Zoe-queue", principal=zoe)
    assert evaluate(request, identity=[document]).outcome.value == "allowed"


def test_a_resource_policy_that_names_the_session_is_not_limited_by_a_session_policy() -> None:
    bucket = policy({"Effect": "Allow", "Principal": {"AWS": SESSION}, "Action": "s3:*", "Resource": "*"})
    narrow = policy({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"})
    request = Request("s3:GetObject", "arn:aws:s3:::b/k", "111122223333", SESSION)
    assert evaluate(request, identity=[], session=[narrow], resource_policy=bucket).outcome.value == "allowed"


def test_epoch_times_are_seconds() -> None:
    until_2030 = {**ALLOW_ALL, "Condition": {"DateLessThan": {"aws:EpochTime": "1893456000"}}}
    in_2026 = Request("s3:ListAllMyBuckets", context={"aws:EpochTime": 1795000000})
    in_2031 = Request("s3:ListAllMyBuckets", context={"aws:EpochTime": "2031-01-01T00:00:00Z"})
    assert evaluate(in_2026, identity=[policy(until_2030)]).outcome.value == "allowed"
    assert evaluate(in_2031, identity=[policy(until_2030)]).outcome.value == "implicit_deny"


def test_null_takes_an_empty_text_for_absent() -> None:
    needs_key = {**ALLOW_ALL, "Condition": {"Null": {"sagemaker:VolumeKmsKey": "false"}}}
    request = Request("sagemaker:CreateTrainingJob", context={"sagemaker:VolumeKmsKey": ""})
    assert evaluate(request, identity=[policy(needs_key)]).outcome.value == "implicit_deny"


def test_a_star_for_the_kind_of_resource_matches_and_the_explanation_says_so() -> None:
    """AWS's text forbids it, AWS's own boundary for DataZone relies on it."""
    document = policy({"Effect": "Allow", "Action": "sagemaker:*", "Resource": "arn:aws:sagemaker:*:*:*/*"})
    request = Request("sagemaker:DescribeEndpoint", "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/e")
    decision = evaluate(request, identity=[document])
    assert decision.outcome.value == "allowed"
    assert "has a star for the kind of resource" in decision.explain()


@pytest.mark.parametrize(
    ("written", "resource"),
    [
        ("arn:aws:s3:::MyBucket/*", "arn:aws:s3:::mybucket/k"),
        ("arn:aws:s3:::b/Data/*", "arn:aws:s3:::b/data/k"),
    ],
)
def test_resources_are_compared_with_letter_case(written: str, resource: str) -> None:
    document = policy({"Effect": "Allow", "Action": "s3:GetObject", "Resource": written})
    decision = evaluate(Request("s3:GetObject", resource), identity=[document])
    assert decision.outcome.value == "implicit_deny"
    assert [miss.flaw.value for miss in decision.near_misses] == ["letter_case"]


def test_actions_are_compared_without_letter_case() -> None:
    document = policy({"Effect": "Allow", "Action": "S3:getobject", "Resource": "*"})
    assert evaluate(Request("s3:GetObject", "arn:aws:s3:::b/k"), identity=[document]).outcome.value == "allowed"


def test_a_resource_statement_without_principal_is_no_crash() -> None:
    bucket = policy(ALLOW_ALL)
    request = Request("s3:GetObject", "arn:aws:s3:::b/k", "111122223333", ROLE)
    decision = evaluate(request, identity=[], resource_policy=bucket)
    assert decision.outcome.value == "unknown"
    assert "no element Principal" in decision.doubts[0]


# What AWS's SDK (sagemaker-core 2.27.0) answers wrongly about trust policies, or crashes on.
TRUST = {"Effect": "Allow", "Principal": {"Service": SAGEMAKER}, "Action": "sts:AssumeRole"}
KNOWN: Mapping[str, ContextValue] = {**ABSENT_FOR_SERVICES, "aws:SourceAccount": "111122223333"}


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([TRUST, {**TRUST, "Effect": "Deny"}], "explicit_deny"),
        ([{**TRUST, "Condition": {"StringEquals": {"sts:ExternalId": "x"}}}], "implicit_deny"),
        ([{**TRUST, "Condition": {"StringEquals": {"aws:SourceAccount": "111122223334"}}}], "implicit_deny"),
        ([{**TRUST, "Action": "sts:Assume*"}], "allowed"),
        ([{**TRUST, "Action": "sts:assumerole"}], "allowed"),
        (TRUST, "allowed"),
    ],
    ids=["explicit Deny", "ExternalId required", "foreign SourceAccount", "wildcard", "lower case", "single object"],
)
def test_what_the_sdk_gets_wrong_about_trust(statements: object, expected: str) -> None:
    document = load_document({"Version": "2012-10-17", "Statement": statements}, name="trust policy")
    assert expected == assumable(document, SAGEMAKER, KNOWN, context_complete=False).outcome.value


# What others see: moto evaluates no conditions in identity policies, no boundary, no NotResource.
def test_an_allow_with_an_unmet_condition_does_not_allow() -> None:
    document = policy({**ALLOW_ALL, "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}})
    request = Request("sagemaker:ListModels", context={"aws:RequestedRegion": "us-east-1"})
    assert evaluate(request, identity=[document]).outcome.value == "implicit_deny"


def test_a_region_lock_by_not_action_spares_global_services() -> None:
    """Organizations User Guide, SCP examples: deny access based on the requested region."""
    lock = policy(
        {
            "Effect": "Deny",
            "NotAction": ["iam:*", "sts:*", "organizations:*"],
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}},
        }
    )
    full = policy(ALLOW_ALL)

    def outcome(action: str, region: str | None) -> str:
        context = {"aws:RequestedRegion": region} if region else {}
        request = Request(action, principal=ROLE, context=context)
        return evaluate(request, identity=[full], scps=[[full], [full, lock]]).outcome.value

    assert outcome("iam:GetRole", "us-east-1") == "allowed"
    assert outcome("sagemaker:ListModels", "eu-west-1") == "allowed"
    assert outcome("sagemaker:ListModels", "us-east-1") == "explicit_deny"
    assert outcome("sagemaker:ListModels", None) == "unknown"
