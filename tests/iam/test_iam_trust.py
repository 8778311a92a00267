"""May SageMaker assume the role? One rule of a trust policy at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote

import pytest

from healthcheck.iam import ABSENT_FOR_SERVICES, ContextValue, Decision, Hole, assumable, load_document

SAGEMAKER = "sagemaker.amazonaws.com"
ACCOUNT, REGION = "111122223333", "eu-west-1"
ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
TRAINING, HOSTING = f"{ARN}:training-job/probe", f"{ARN}:*"
ALLOW: Mapping[str, object] = {"Effect": "Allow", "Principal": {"Service": SAGEMAKER}, "Action": "sts:AssumeRole"}
DENY = {**ALLOW, "Effect": "Deny"}


def when(condition: Mapping[str, object]) -> Mapping[str, object]:
    return {**ALLOW, "Condition": condition}


def whom(principal: object) -> Mapping[str, object]:
    return {**ALLOW, "Principal": principal}


def decide(*statements: Mapping[str, object], source_arn: str = TRAINING, service: str = SAGEMAKER) -> Decision:
    document = load_document({"Version": "2012-10-17", "Statement": list(statements)}, name="trust policy of Exec")
    context: Mapping[str, ContextValue] = {
        **ABSENT_FOR_SERVICES,
        "aws:SourceAccount": ACCOUNT,
        "aws:SourceArn": source_arn,
    }
    return assumable(document, service, context, context_complete=False)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (ALLOW, "allowed"),
        (whom({"Service": [SAGEMAKER, "events.amazonaws.com"], "AWS": f"arn:aws:iam::{ACCOUNT}:root"}), "allowed"),
        (whom({"Service": "SageMaker.amazonaws.com"}), "allowed"),
        (whom({"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}), "implicit_deny"),
        (whom({"Service": "sagemaker.eu-west-1.amazonaws.com"}), "implicit_deny"),
        (whom({"Service": "sagemaker.amazonaws.com.cn"}), "implicit_deny"),
        (whom({"Service": "*.amazonaws.com"}), "implicit_deny"),
        (whom({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), "implicit_deny"),
        (whom({"AWS": "AROAEXAMPLEID"}), "implicit_deny"),
        (whom({"Federated": "accounts.google.com"}), "implicit_deny"),
        (whom("*"), "unknown"),
        (whom({"AWS": "*"}), "unknown"),
        ({"Effect": "Allow", "NotPrincipal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}, "unknown"),
        ({**ALLOW, "Action": "sts:*"}, "allowed"),
        ({**ALLOW, "Action": "*"}, "allowed"),
        ({**ALLOW, "Action": "STS:assume?ole"}, "allowed"),
        ({**ALLOW, "Action": ["sts:TagSession", "sts:SetSourceIdentity"]}, "implicit_deny"),
        ({**ALLOW, "Action": "sts:AssumeRoleWithSAML"}, "implicit_deny"),
        ({**ALLOW, "Resource": "*"}, "unknown"),
    ],
)
def test_principal_and_action(statement: Mapping[str, object], expected: str) -> None:
    assert expected == decide(statement).outcome.value


def test_not_action_is_the_complement() -> None:
    base = {"Effect": "Allow", "Principal": {"Service": SAGEMAKER}}
    assert decide({**base, "NotAction": "sts:TagSession"}).outcome.value == "allowed"
    assert decide({**base, "NotAction": "sts:Assume*"}).outcome.value == "implicit_deny"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, "allowed"),
        ({"StringEquals": {"AWS:sourceaccount": ACCOUNT}}, "allowed"),
        ({"StringEquals": {"aws:SourceAccount": ["444455556666", ACCOUNT]}}, "allowed"),
        ({"StringEquals": {"aws:SourceAccount": "111122223334"}}, "implicit_deny"),
        ({"StringNotEquals": {"aws:SourceAccount": "444455556666"}}, "allowed"),
        ({"StringEquals": {"sts:ExternalId": "x"}}, "implicit_deny"),
        ({"StringEqualsIfExists": {"sts:ExternalId": "x"}}, "allowed"),
        ({"StringNotEquals": {"sts:ExternalId": "x"}}, "allowed"),
        ({"Null": {"sts:ExternalId": "true"}}, "allowed"),
        ({"Null": {"sts:ExternalId": "false"}}, "implicit_deny"),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, "implicit_deny"),
        ({"StringEquals": {"aws:PrincipalTag/team": "ml"}}, "implicit_deny"),
        ({"StringEquals": {"saml:aud": "x"}}, "implicit_deny"),
        ({"StringEquals": {"aws:SourceOrgID": "o-1"}}, "unknown"),
        ({"StringLike": {"sts:RoleSessionName": "*"}}, "unknown"),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT, "sts:ExternalId": "x"}}, "implicit_deny"),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT, "aws:SourceOrgID": "o-1"}}, "unknown"),
    ],
)
def test_conditions(condition: Mapping[str, object], expected: str) -> None:
    assert expected == decide(when(condition)).outcome.value


@pytest.mark.parametrize(
    ("condition", "training", "hosting"),
    [
        ({"ArnLike": {"aws:SourceArn": f"{ARN}:*"}}, "allowed", "allowed"),
        ({"StringLike": {"aws:SourceArn": f"{ARN}:*"}}, "allowed", "allowed"),
        # Hosting and Studio send the star itself; StringEquals knows no wildcard, so it fits them and no job.
        ({"StringEquals": {"aws:SourceArn": f"{ARN}:*"}}, "implicit_deny", "allowed"),
        ({"ArnLike": {"aws:SourceArn": f"{ARN}:training-job/*"}}, "allowed", "implicit_deny"),
        ({"ArnLike": {"aws:SourceArn": f"{ARN}:endpoint/prod"}}, "implicit_deny", "implicit_deny"),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:*"}}, "implicit_deny", "implicit_deny"),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:*:{ACCOUNT}:*"}}, "allowed", "allowed"),
    ],
)
def test_the_star_that_hosting_sends_is_literal(condition: Mapping[str, object], training: str, hosting: str) -> None:
    assert training == decide(when(condition), source_arn=TRAINING).outcome.value
    assert hosting == decide(when(condition), source_arn=HOSTING).outcome.value


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([ALLOW, DENY], "explicit_deny"),
        ([DENY, ALLOW], "explicit_deny"),
        ([ALLOW, {**DENY, "Principal": "*"}], "explicit_deny"),
        ([ALLOW, {**DENY, "Principal": {"Service": "ec2.amazonaws.com"}}], "allowed"),
        ([ALLOW, {**DENY, "Condition": {"StringNotEquals": {"aws:SourceAccount": ACCOUNT}}}], "allowed"),
        ([ALLOW, {**DENY, "Condition": {"StringNotEquals": {"aws:SourceOrgID": "o-1"}}}], "unknown"),
        ([ALLOW, {"Effect": "Deny", "NotPrincipal": {"Service": "ec2.amazonaws.com"}, "Action": "*"}], "unknown"),
        ([DENY], "explicit_deny"),
        ([], "implicit_deny"),
    ],
)
def test_a_deny_wins_wherever_it_stands(statements: list[Mapping[str, object]], expected: str) -> None:
    assert expected == decide(*statements).outcome.value


def test_unless_told_otherwise_what_is_not_given_is_absent() -> None:
    document = load_document(
        {"Statement": when({"StringNotEquals": {"aws:SourceOrgID": "o-1"}})}, name="trust policy of Exec"
    )
    assert assumable(document, SAGEMAKER, {}).outcome.value == "allowed"


def test_a_service_of_its_own_is_judged_by_its_own_name() -> None:
    assert decide(ALLOW, service="job.sagemaker.amazonaws.com").outcome.value == "implicit_deny"
    both = whom({"Service": [SAGEMAKER, "job.sagemaker.amazonaws.com"]})
    assert decide(both, service="job.sagemaker.amazonaws.com").outcome.value == "allowed"


def test_the_policy_may_be_the_text_that_get_role_sends() -> None:
    text = quote(json.dumps({"Version": "2012-10-17", "Statement": [ALLOW]}))
    assert assumable(load_document(text, name="trust policy"), SAGEMAKER, {}).outcome.value == "allowed"


def test_an_unread_trust_policy_leaves_all_open() -> None:
    hole = Hole("the trust policy of Exec", "iam:GetRole")
    decision = assumable(hole, SAGEMAKER, {})
    assert (decision.outcome.value, decision.as_far_as_seen.value) == ("unknown", "unknown")
    assert (hole,) == decision.holes


@pytest.mark.parametrize(
    ("statement", "flaw", "words"),
    [
        (whom({"Service": "ec2.amazonaws.com"}), "other_service", "it names ec2.amazonaws.com"),
        (whom({"Service": f"sagemaker.{REGION}.amazonaws.com"}), "service_misspelt", "calls itself " + SAGEMAKER),
        (whom({"AWS": "AROAEXAMPLEID"}), "principal_deleted", "no longer exists"),
        (whom({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), "other_principal", f"arn:aws:iam::{ACCOUNT}:root"),
        (when({"StringEquals": {"sts:ExternalId": "x"}}), "key_absent", "the request has no sts:ExternalId"),
        (when({"StringEquals": {"aws:SourceAccount": "9"}}), "value_differs", f"the request has “{ACCOUNT}”"),
    ],
)
def test_what_is_nearly_right_is_named(statement: Mapping[str, object], flaw: str, words: str) -> None:
    (miss,) = decide(statement).near_misses
    assert flaw == miss.flaw.value
    assert words in miss.sentence
    assert miss.where == "trust policy of Exec, statement 1"
