"""Whether a role's policies allow what its purposes need."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from healthcheck.checks.bucket_names import Home
from healthcheck.checks.dossier import Dossier
from healthcheck.checks.entitlements import Question, judge
from healthcheck.checks.needs import Place, of
from healthcheck.checks.principal_policies import Policies
from healthcheck.iam import Document, Hole, load_document
from healthcheck.result import Result, Status
from healthcheck.target import Purpose

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/service-role/SageMaker"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DEFAULT = f"sagemaker-us-east-1-{ACCOUNT}"
PLACE = Place(Home("aws", "us-east-1", ACCOUNT), ROLE, DEFAULT, ACCOUNT, "", NOW)
FULL_ACCESS_ARN = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
FULL_ACCESS = load_document(
    json.loads(aws_managed_policies_data)["AmazonSageMakerFullAccess"]["Document"],
    name="AmazonSageMakerFullAccess",
    arn=FULL_ACCESS_ARN,
)
PLENTY = {"Effect": "Allow", "Action": ["s3:*", "ecr:*", "logs:*", "cloudwatch:*"], "Resource": "*"}


def document(*statements: dict[str, Any], name: str = "Data") -> Document:
    return load_document({"Version": "2012-10-17", "Statement": list(statements)}, name=name)


def allow(*actions: str, resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def permissions(
    *identity: Document | Hole,
    boundary: Document | Hole | None = None,
    place: Place = PLACE,
    purposes: tuple[Purpose, ...] = (Purpose.TRAINING,),
    attached: tuple[str, ...] = (),
) -> Result:
    policies = Policies(identity, (boundary,) if boundary else None, attached)
    dossier = Dossier(ROLE, place.home, NOW, of(place, purposes), policies, is_only_rescued=True)
    others = tuple(purpose for purpose in Purpose if purpose not in purposes)
    return judge(Question(ROLE, "may", dossier, controls=lambda: of(place, others)))


def needed(*purposes: Purpose, place: Place = PLACE) -> set[str]:
    return {need.action for need in of(place, purposes)}


def test_full_access_covers_the_default_bucket() -> None:
    result = permissions(FULL_ACCESS, attached=(FULL_ACCESS_ARN,))
    assert result.status is Status.OK
    assert result.evidence["has_full_access"] is True


@pytest.mark.parametrize(
    ("bucket", "prefix", "status"),
    [
        ("my-data", "", Status.CRITICAL),
        ("my-sagemaker-data", "", Status.OK),
        ("my-data", "sagemaker/", Status.OK),
        ("my-data", "SageMaker/", Status.OK),
        ("my-data", "SAGEMAKER/", Status.CRITICAL),
        ("aws-glue-data", "", Status.OK),
    ],
)
def test_full_access_covers_only_names_with_sagemaker_in_them(bucket: str, prefix: str, status: Status) -> None:
    place = replace(PLACE, bucket=bucket, bucket_account=None, prefix=prefix)
    result = permissions(FULL_ACCESS, place=place)
    assert result.status is status
    if status is Status.CRITICAL:
        assert result.evidence["refused"] == [
            (
                f"s3:GetObject on arn:aws:s3:::{bucket}/{prefix}*: jobs start and fail at the download of their input, "
                "endpoints at that of their model (training)"
            ),
            (
                f"s3:PutObject on arn:aws:s3:::{bucket}/{prefix}*: jobs run to their end and fail at the upload of "
                "their results (training)"
            ),
        ]


def test_where_full_access_alone_comes_near_its_trap_is_told() -> None:
    place = replace(PLACE, bucket="my-data", bucket_account=None)
    assert "AmazonSageMakerFullAccess reaches only objects" in permissions(FULL_ACCESS, place=place).summary


def test_where_a_policy_of_ones_own_comes_nearer_than_full_access_that_is_told() -> None:
    place = replace(PLACE, bucket="my-data", bucket_account=None, prefix="in/")
    own = document(allow("s3:GetObject", "s3:PutObject", resource="arn:aws:s3:::my-data/out/*"))
    summary = permissions(FULL_ACCESS, own, place=place).summary
    assert "nearly Data, statement 1" in summary
    assert "AmazonSageMakerFullAccess" not in summary


def test_that_full_access_is_attached_decides_nothing() -> None:
    result = permissions(document(PLENTY), attached=())
    assert (result.status, result.evidence["has_full_access"]) == (Status.OK, False)


def test_the_fix_is_the_least_policy_and_really_mends_it() -> None:
    some = document(allow("s3:ListBucket", "ecr:*", "logs:*"))
    broken = permissions(some)
    assert (broken.status, broken.reason) == (Status.CRITICAL, "not_allowed")
    assert broken.fix is not None
    assert broken.fix.policy == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*"},
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"arn:aws:s3:::{DEFAULT}/*"},
        ],
    }
    (command,) = broken.fix.commands
    words = shlex.split(command)
    assert words[:5] == ["aws", "iam", "put-role-policy", "--role-name", "SageMaker"]
    mended = load_document(json.loads(words[-1]), name="sagemaker-healthcheck-missing")
    assert permissions(some, mended).status is Status.OK


@pytest.mark.parametrize("purposes", [(purpose,) for purpose in Purpose])
def test_of_every_purpose_the_fix_mends_a_role_that_has_nothing(purposes: tuple[Purpose, ...]) -> None:
    broken = permissions(purposes=purposes)
    assert broken.status is Status.CRITICAL if purposes != (Purpose.NOTEBOOK,) else broken.status.needs_action
    assert broken.fix is not None
    assert broken.fix.policy is not None
    mended = load_document(dict(broken.fix.policy), name="fix")
    assert permissions(mended, purposes=purposes).status is Status.OK


def test_a_deny_is_named_and_no_allow_is_offered() -> None:
    deny = document({"Sid": "NoReading", "Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}, name="Guard")
    result = permissions(document(PLENTY), deny)
    assert (result.status, result.reason) == (Status.CRITICAL, "explicit_deny")
    assert "statement NoReading of Guard denies s3:GetObject" in result.summary
    assert result.fix is not None
    assert result.fix.policy is None


def test_of_a_lost_log_and_a_lost_bucket_the_bucket_decides_what_is_to_be_done() -> None:
    deny = document({"Effect": "Deny", "Action": "logs:*", "Resource": "*"})
    result = permissions(document(allow("ecr:*", "cloudwatch:*")), deny)
    assert (result.status, result.reason) == (Status.CRITICAL, "not_allowed")
    assert result.fix is not None
    assert result.fix.policy is not None
    assert "logs:" not in json.dumps(dict(result.fix.policy))


def test_a_deny_beside_a_missing_allow_is_told_with_both() -> None:
    deny = document({"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}, name="Guard")
    result = permissions(document(allow("s3:*", "logs:*", "cloudwatch:*")), deny)
    assert (result.status, result.reason) == (Status.CRITICAL, "explicit_deny")
    assert result.fix is not None
    assert "Guard" in result.fix.text
    assert "ecr:BatchGetImage" in json.dumps(dict(result.fix.policy or {}))


def test_what_two_purposes_need_is_granted_once() -> None:
    result = permissions(document(allow("s3:*", "ecr:*")), purposes=(Purpose.TRAINING, Purpose.PROCESSING))
    assert result.fix is not None
    assert result.fix.policy is not None
    written: Any = json.loads(json.dumps(dict(result.fix.policy)))
    actions: list[str] = []
    for statement in written["Statement"]:
        listed = statement["Action"]
        actions += [listed] if isinstance(listed, str) else listed
    assert sorted(actions) == sorted(set(actions))


def test_a_boundary_is_named_as_what_has_to_change() -> None:
    result = permissions(document(PLENTY), boundary=document(allow("logs:*", "cloudwatch:*"), name="Boundary"))
    assert (result.status, result.reason) == (Status.CRITICAL, "boundary")
    assert "Boundary" in result.summary


def test_of_several_layers_that_lack_an_allow_the_first_is_the_reason() -> None:
    bound = document(allow("logs:*", "cloudwatch:*"), name="Boundary")
    result = permissions(document(allow("s3:ListBucket", "logs:*", "cloudwatch:*")), boundary=bound)
    assert (result.status, result.reason) == (Status.CRITICAL, "not_allowed")
    beside = permissions(document(PLENTY), boundary=bound)
    assert (beside.status, beside.reason) == (Status.CRITICAL, "boundary")


def test_without_logs_jobs_run_and_nobody_sees_why_they_fail() -> None:
    result = permissions(document(allow("s3:*", "ecr:*")))
    assert (result.status, result.reason) == (Status.WARNING, "telemetry_lost")


def test_logs_may_be_named_with_and_without_their_streams() -> None:
    base = document(allow("s3:*", "ecr:*", "cloudwatch:*"))
    for spelling in ("log-group:/aws/sagemaker/*", "log-group:/aws/sagemaker/TrainingJobs*", "*"):
        logs = document(allow("logs:*", resource=f"arn:aws:logs:us-east-1:{ACCOUNT}:{spelling}"))
        assert permissions(base, logs).status is Status.OK, spelling


def test_images_of_one_registry_are_enough() -> None:
    base = document(allow("s3:*", "logs:*", "cloudwatch:*", "ecr:GetAuthorizationToken"))
    for registry in (ACCOUNT, "763104351884"):
        pull = document(allow("ecr:*", resource=f"arn:aws:ecr:us-east-1:{registry}:repository/*"))
        assert permissions(base, pull).status is Status.OK
    elsewhere = document(allow("ecr:*", resource=f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/*"))
    assert permissions(base, elsewhere).status is Status.CRITICAL


def test_a_scope_below_a_prefix_is_judged_by_the_prefix_that_is_set() -> None:
    team = [f"arn:aws:s3:::{DEFAULT}", f"arn:aws:s3:::{DEFAULT}/team-a/*"]
    scoped = document(allow("ecr:*", "logs:*", "cloudwatch:*"), allow("s3:*", resource=team))
    assert permissions(scoped).status is Status.CRITICAL
    assert permissions(scoped, place=replace(PLACE, prefix="team-a/")).status is Status.OK


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"Bool": {"aws:SecureTransport": "true"}}, Status.OK),
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, Status.OK),
        ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, Status.CRITICAL),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, Status.CRITICAL),
        ({"StringEquals": {"s3:ResourceAccount": ACCOUNT}}, Status.OK),
        ({"StringEquals": {"aws:SourceVpce": "vpce-1"}}, Status.UNKNOWN),
    ],
)
def test_conditions_are_met_unmet_or_known_only_to_a_job(condition: dict[str, Any], status: Status) -> None:
    others = document(allow("ecr:*", "logs:*", "cloudwatch:*"))
    assert permissions(others, document(allow("s3:*", Condition=condition))).status is status


def test_an_undecidable_key_is_named() -> None:
    result = permissions(document(allow("*", Condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}})))
    assert (result.status, result.reason) == (Status.UNKNOWN, "undecidable")
    assert "aws:SourceVpce" in result.summary


def test_an_unread_document_is_unknown_and_names_the_action_that_reads_it() -> None:
    result = permissions(document(PLENTY), Hole("inline policy Second", "iam:GetRolePolicy"))
    assert (result.status, result.reason) == (Status.UNKNOWN, "not_permitted")
    assert result.missing_actions == ("iam:GetRolePolicy",)


def test_a_deny_that_is_seen_is_certain_whatever_is_not_seen() -> None:
    deny = document({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
    result = permissions(deny, Hole("attached policies", "iam:ListAttachedRolePolicies"))
    assert (result.status, result.reason) == (Status.CRITICAL, "explicit_deny")


def test_each_purpose_needs_its_own() -> None:
    assert "s3:PutObject" not in needed(Purpose.HOSTING)
    assert "s3:PutObject" in needed(Purpose.TRAINING)
    assert "iam:PassRole" in needed(Purpose.PIPELINES)
    assert "iam:PassRole" not in needed(Purpose.TRAINING)
    assert needed(Purpose.TUNING) == needed(Purpose.TRAINING)


def test_without_a_bucket_nothing_is_asked_of_s3() -> None:
    place = replace(PLACE, bucket=None)
    assert not any(action.startswith("s3:") for action in needed(*Purpose, place=place))


def test_no_arn_is_built_for_another_partition() -> None:
    place = replace(PLACE, home=Home("aws-cn", "cn-north-1", ACCOUNT))
    resources = [text for need in of(place, tuple(Purpose)) for text in (*need.resources, *need.grants)]
    assert not [text for text in resources if text.startswith("arn:aws:") and text != ROLE]
