"""The decision table of two looks at a bucket."""

from __future__ import annotations

import pytest

from healthcheck.checks.bucket_looks import Look, judge
from healthcheck.checks.bucket_names import Bucket, Home, bucket_of, misnaming
from healthcheck.result import Status
from healthcheck.target import Target

HOME = Home("aws", "us-east-1", "111122223333")
DEFAULT = Bucket("sagemaker-us-east-1-111122223333", is_default=True, is_ours_by_name=True)
OTHER = Bucket("team-data", is_default=False, is_ours_by_name=False)
YES, NO, GONE, MOVED = Look(200, "us-east-1"), Look(403), Look(404), Look(301, "eu-west-1")


@pytest.mark.parametrize(
    ("bucket", "first", "second", "is_listed", "status", "reason"),
    [
        (DEFAULT, YES, None, None, Status.OK, None),
        (DEFAULT, GONE, None, None, Status.WARNING, "missing"),
        (DEFAULT, NO, YES, None, Status.CRITICAL, "squatted"),
        (DEFAULT, NO, MOVED, None, Status.CRITICAL, "squatted"),
        (DEFAULT, NO, NO, False, Status.CRITICAL, "foreign"),
        (DEFAULT, NO, NO, True, Status.UNKNOWN, "not_permitted"),
        (DEFAULT, NO, NO, None, Status.UNKNOWN, "not_permitted"),
        (DEFAULT, MOVED, None, None, Status.CRITICAL, "wrong_region"),
        (DEFAULT, Look(200, "eu-west-1"), None, None, Status.CRITICAL, "wrong_region"),
        (DEFAULT, Look(200), None, None, Status.OK, None),
        (OTHER, YES, None, None, Status.OK, None),
        (OTHER, GONE, None, None, Status.CRITICAL, "missing"),
        (OTHER, NO, None, None, Status.UNKNOWN, "not_permitted"),
        (OTHER, Look(200, "eu-west-1"), None, None, Status.CRITICAL, "wrong_region"),
    ],
)
def test_two_looks_and_a_list_make_one_verdict(  # noqa: PLR0917 - a row of the table
    bucket: Bucket,
    first: Look,
    second: Look | None,
    is_listed: bool | None,  # noqa: FBT001
    status: Status,
    reason: str | None,
) -> None:
    result = judge(bucket, HOME, first, second, is_listed=is_listed)
    assert (result.status, result.reason, result.subject) == (status, reason, f"s3://{bucket.name}")


def test_a_refusal_names_the_one_action_that_would_let_us_see() -> None:
    result = judge(OTHER, Home("aws-cn", "cn-north-1", "111122223333"), NO)
    assert result.missing_actions == ("s3:ListBucket",)
    assert result.fix is not None
    assert result.fix.policy == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws-cn:s3:::team-data"}],
    }


def test_the_region_where_a_refused_bucket_is_stays_evidence() -> None:
    assert judge(OTHER, HOME, Look(403, "eu-west-1")).evidence["bucket_region"] == "eu-west-1"


@pytest.mark.parametrize(
    ("configured", "bucket"),
    [
        ("default", DEFAULT),
        ("sagemaker-us-east-1-111122223333", Bucket(DEFAULT.name, is_default=False, is_ours_by_name=True)),
        ("sagemaker-us-east-1-444455556666", Bucket("sagemaker-us-east-1-444455556666", False, False)),
        ("team-data", OTHER),
        (None, None),
        ("", None),
    ],
)
def test_ownership_is_claimed_for_our_default_name_alone(configured: str | None, bucket: Bucket | None) -> None:
    assert bucket_of(Target("prod", bucket=configured), HOME) == bucket


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("s3://team-data", "team-data"),
        ("s3://team-data/in/", "team-data"),
        ("arn:aws:s3:::team-data", "team-data"),
        ("arn:aws:s3:::team-data/*", "team-data"),
        ("team-data/in", "team-data"),
        ("SageMaker", "sagemaker"),
        ("ab", None),
        ("a" * 64, None),
        ("-team", None),
        ("team..data", None),
        ("192.168.0.1", None),
        ("team_data", None),
    ],
)
def test_a_name_that_no_bucket_can_have_is_refused_before_anything_is_asked(name: str, meant: str | None) -> None:
    found = misnaming(name)
    assert found is not None
    assert found[1] == meant


@pytest.mark.parametrize("name", ["abc", "a" * 63, "team.data-1", "1-2"])
def test_a_legal_name_is_no_mistake(name: str) -> None:
    assert misnaming(name) is None
