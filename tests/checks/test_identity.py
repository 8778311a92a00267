"""What STS's answer or refusal means."""

from __future__ import annotations

import pytest

from healthcheck.capabilities import Credentials
from healthcheck.checks.identity import in_account, refused
from healthcheck.errors import Failure, FailureKind
from healthcheck.result import Result, Status
from healthcheck.target import CredentialSource, Target

PROD = CredentialSource(profile="prod")
AMBIENT = CredentialSource()
OVER = Failure(FailureKind.CREDENTIALS_EXPIRED, "over", "sts.GetCallerIdentity", "ExpiredToken")


def given(method: str, *, prefix: str = "ASIA", token: bool = True) -> Credentials:
    return Credentials("profile prod", method, prefix, "TEST", True, token)


@pytest.mark.parametrize(
    ("method", "source", "command"),
    [
        ("sso", PROD, "aws sso login --profile prod"),
        ("login", PROD, "aws login --profile prod"),
        ("env", AMBIENT, "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"),
        ("shared-credentials-file", PROD, "aws configure --profile prod"),
    ],
)
def test_a_session_that_is_over_is_renewed_where_it_came_from(
    method: str, source: CredentialSource, command: str
) -> None:
    result = refused(source, given(method), OVER)
    assert (result.status, result.reason) == (Status.CRITICAL, "expired")
    assert result.fix is not None
    assert result.fix.commands[0] == command


def test_only_the_ends_of_a_key_are_told() -> None:
    assert refused(PROD, given("env"), OVER).evidence["key"] == "ASIA…TEST"


def verdicts(target: Target, actual: str) -> list[tuple[str, Status, str | None]]:
    return [_brief(result) for result in in_account(target, actual)]


def _brief(result: Result) -> tuple[str, Status, str | None]:
    return result.subject, result.status, result.reason


HERE, THERE = "111122223333", "444455556666"


def test_each_thing_that_is_elsewhere_is_a_subject_of_its_own() -> None:
    role = f"arn:aws:iam::{THERE}:role/SageMaker"
    target = Target("prod", source=PROD, role=role, bucket=f"sagemaker-us-east-1-{THERE}")
    assert verdicts(target, HERE) == [
        ("profile prod", Status.OK, None),
        (role, Status.CRITICAL, "role_elsewhere"),
        (f"s3://sagemaker-us-east-1-{THERE}", Status.WARNING, "bucket_elsewhere"),
    ]


def test_wrong_credentials_are_told_once_when_role_and_bucket_are_where_they_should_be() -> None:
    role = f"arn:aws:iam::{THERE}:role/SageMaker"
    target = Target("prod", PROD, account=THERE, role=role, bucket=f"sagemaker-us-east-1-{THERE}")
    assert verdicts(target, HERE) == [("profile prod", Status.CRITICAL, "unexpected_account")]


def test_a_bucket_with_a_name_of_its_own_may_be_anybody_s() -> None:
    assert verdicts(Target("prod", PROD, bucket=f"shared-{THERE}"), HERE) == [("profile prod", Status.OK, None)]
