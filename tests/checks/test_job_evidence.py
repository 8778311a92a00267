"""What past jobs tell of a role that may not be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from healthcheck.check import Check
from healthcheck.checks import role
from healthcheck.checks.bucket_names import Home
from healthcheck.checks.job_evidence import Claim, Inquiry, judge
from healthcheck.checks.needs import Place
from healthcheck.checks.past_jobs import End, Job, Kind
from healthcheck.result import Fix, Result, Status, unknown
from healthcheck.run import Run
from healthcheck.target import CredentialSource, Purpose
from healthcheck.testing import ACCOUNT, NOW, ROLE, TARGET, AwsError, Situation, denied, examine, run_check
from tests import past_jobs
from tests.past_jobs import ACCESS_DENIED, NO_DATA, NOT_ASSUMED, OWN_SCRIPT, processing, training

BUCKET = f"sagemaker-us-east-1-{ACCOUNT}"
PLACE = Place(Home("aws", "us-east-1", ACCOUNT), ROLE, BUCKET, ACCOUNT, "", NOW)
SAGEMAKER = f"ClientError: User: arn:aws:sts::{ACCOUNT}:assumed-role/R/SageMaker is not authorized to perform:"
NO_WAY_OUT = (
    "ClientError: Data download failed:Please ensure that the subnet's route table has a route to an S3 VPC endpoint "
    "or a NAT device"
)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
REFUSED = unknown(
    ROLE,
    f"{ROLE}: may not be looked at",
    reason="not_permitted",
    fix=Fix("Allow iam:GetRole."),
    missing_actions=("iam:GetRole",),
)
TRAINED = Job(
    Kind.TRAINING,
    "churn-12",
    ROLE,
    NOW - 3 * HOUR,
    is_completed=True,
    reads=(f"s3://{BUCKET}/in/",),
    writes=(f"s3://{BUCKET}/out",),
    image=past_jobs.IMAGE,
)
CLEANED = replace(TRAINED, kind=Kind.PROCESSING, name="clean-3", ended=NOW - 5 * HOUR)


def failed(reason: str, *, ago: timedelta = HOUR) -> Job:
    return replace(TRAINED, name="churn-13", is_completed=False, failure=reason, ended=NOW - ago)


def told(
    *jobs: Job,
    claim: Claim = Claim.ALLOWED,
    purposes: tuple[Purpose, ...] = (Purpose.TRAINING,),
    sufficing: timedelta = timedelta(0),
    **facts: Any,
) -> tuple[Result, ...]:
    place = replace(PLACE, **facts) if claim is Claim.ALLOWED else None
    return tuple(judge(Inquiry(claim, ROLE, purposes, NOW, sufficing, place), REFUSED, jobs))


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        (ACCESS_DENIED, End.REFUSED),
        ("ClientError: Artifact upload failed:Insufficient permissions (AccessDenied) to s3://acme/out", End.REFUSED),
        (f"{SAGEMAKER} kms:CreateGrant on resource: arn:aws:kms:us-east-1:111122223333:key/1", End.REFUSED),
        (f"{SAGEMAKER} ecr:BatchGetImage on resource: arn:aws:ecr:us-east-1:111122223333:repository/x", End.REFUSED),
        (NOT_ASSUMED, End.NOT_ASSUMED),
        ("ClientError: SageMaker was unable to assume the role 'arn:aws:iam::111122223333:role/R'", End.NOT_ASSUMED),
        (OWN_SCRIPT, End.SCRIPT_FAILED),
        ("AlgorithmError: ExecuteUserScriptError: Command train.py", End.SCRIPT_FAILED),
        (NO_DATA, End.OTHERWISE),
        (f'{NO_DATA} Please ensure that the role "{ROLE}" has "s3:ListBucket" permissions.', End.OTHERWISE),
        ("CapacityError: Unable to provision requested ML compute capacity.", End.OTHERWISE),
        (NO_WAY_OUT, End.OTHERWISE),
        ("InternalServerError: We encountered an internal error. Please try again.", End.OTHERWISE),
        ("", End.OTHERWISE),
    ],
)
def test_a_reason_for_failing_says_whether_it_was_the_role(reason: str, end: End) -> None:
    assert failed(reason).end is end


def test_what_may_not_be_looked_at_stays_unknown_and_tells_what_a_job_shows() -> None:
    (verdict,) = told(TRAINED)
    assert (verdict.status, verdict.reason, verdict.missing_actions) == (
        Status.UNKNOWN,
        "not_permitted",
        ("iam:GetRole",),
    )
    assert verdict.fix == REFUSED.fix
    assert verdict.summary == (
        f"{ROLE}: may not be looked at; training job churn-12 completed with this role 3 h ago, so it could read "
        f"s3://{BUCKET}/in/ and write s3://{BUCKET}/out then"
    )
    assert verdict.evidence == {
        "past_jobs": ["training job churn-12, completed, 2026-11-22T09:00:00Z"],
        "past_jobs_age_hours": 3.0,
        "shown_by_past_jobs": ["training"],
    }


@pytest.mark.parametrize(
    ("sufficing", "status"),
    [
        (timedelta(0), Status.UNKNOWN),
        (3 * HOUR - timedelta(seconds=1), Status.UNKNOWN),
        (3 * HOUR, Status.OK),
        (DAY, Status.OK),
    ],
)
@pytest.mark.parametrize("claim", list(Claim))
def test_only_who_says_so_takes_a_job_of_that_age_for_an_answer(
    claim: Claim, sufficing: timedelta, status: Status
) -> None:
    (verdict,) = told(TRAINED, claim=claim, sufficing=sufficing)
    assert verdict.status is status
    if status is Status.OK:
        assert verdict.summary.endswith("; it could not be looked at without iam:GetRole")
        assert "3 h ago" in verdict.summary
        assert (verdict.evidence["basis"], verdict.evidence["confidence"]) == ("past job", "low")
        unshown = ["logs", "metrics"] if claim is Claim.ALLOWED else None
        assert verdict.evidence.get("not_shown_by_past_jobs") == unshown


@pytest.mark.parametrize(
    ("jobs", "facts", "gap"),
    [
        ((TRAINED,), {"purposes": (Purpose.TRAINING, Purpose.HOSTING)}, "hosting"),
        ((TRAINED,), {"purposes": (Purpose.TRAINING, Purpose.PROCESSING)}, "processing"),
        ((TRAINED,), {"bucket": "acme"}, "reading below s3://acme/"),
        ((TRAINED,), {"prefix": "out/"}, f"reading below s3://{BUCKET}/out/"),
        ((TRAINED,), {"prefix": "in/"}, f"writing below s3://{BUCKET}/in/"),
        ((replace(TRAINED, reads=()),), {}, f"reading below s3://{BUCKET}/"),
        ((TRAINED,), {"subnets": ("subnet-1",)}, "the subnets of the settings"),
        ((replace(TRAINED, subnets=("subnet-2",)),), {"subnets": ("subnet-1",)}, "the subnets of the settings"),
        ((TRAINED,), {"images": ("1.dkr.ecr.us-east-1.amazonaws.com/mine:1",)}, "the image 1.dkr.ecr"),
    ],
)
def test_what_no_job_shows_is_said_and_keeps_it_unknown(jobs: tuple[Job, ...], facts: Any, gap: str) -> None:
    (verdict,) = told(*jobs, sufficing=DAY, **facts)
    assert verdict.status is Status.UNKNOWN
    assert "no job shows " in verdict.summary
    assert gap in verdict.summary


@pytest.mark.parametrize(
    ("jobs", "facts"),
    [
        ((TRAINED, CLEANED), {"purposes": (Purpose.TUNING, Purpose.PROCESSING)}),
        ((TRAINED,), {"bucket": None}),
        ((replace(TRAINED, subnets=("subnet-1", "subnet-2")),), {"subnets": ("subnet-1",)}),
        ((TRAINED,), {"images": (past_jobs.IMAGE.replace(":2.3", "@sha256:0123"),)}),
        ((failed(NO_DATA), TRAINED), {}),
        ((failed(OWN_SCRIPT), TRAINED), {}),
    ],
)
def test_what_jobs_show_in_full_suffices(jobs: tuple[Job, ...], facts: Any) -> None:
    (verdict,) = told(*jobs, sufficing=DAY, **facts)
    assert verdict.status is Status.OK


def test_that_the_role_is_there_any_job_shows_whatever_the_purpose() -> None:
    (verdict,) = told(failed(ACCESS_DENIED), claim=Claim.EXISTS, purposes=(Purpose.HOSTING,), sufficing=DAY)
    assert verdict.status is Status.OK
    assert "ran with this role 1 h ago, so it was there then, under exactly this ARN, and SageMaker" in verdict.summary


@pytest.mark.parametrize(
    ("claim", "reason", "warns"),
    [
        (Claim.ALLOWED, ACCESS_DENIED, True),
        (Claim.ASSUMABLE, ACCESS_DENIED, False),
        (Claim.EXISTS, ACCESS_DENIED, False),
        (Claim.ALLOWED, NOT_ASSUMED, False),
        (Claim.ASSUMABLE, NOT_ASSUMED, True),
        (Claim.EXISTS, NOT_ASSUMED, False),
        (Claim.ALLOWED, OWN_SCRIPT, False),
        (Claim.ALLOWED, NO_DATA, False),
    ],
)
def test_one_check_warns_of_what_the_newest_job_was_refused(claim: Claim, reason: str, warns: bool) -> None:  # noqa: FBT001 - a column of the table
    verdicts = told(failed(reason), claim=claim)
    assert verdicts[0].status is Status.UNKNOWN
    assert [verdict.reason for verdict in verdicts[1:]] == (["job_refused"] if warns else [])


def test_the_warning_quotes_the_job_beside_what_may_not_be_looked_at() -> None:
    unseen, warned = told(failed(ACCESS_DENIED), TRAINED, sufficing=DAY)
    assert (unseen.status, unseen.missing_actions) == (Status.UNKNOWN, ("iam:GetRole",))
    assert unseen.summary == REFUSED.summary
    assert warned.status is Status.WARNING
    assert warned.subject == f"jobs of {ROLE}"
    assert f'training job churn-13 failed 1 h ago, and none has completed since: "{ACCESS_DENIED}"' in warned.summary
    assert warned.fix is not None
    assert "s3:GetObject" in warned.fix.text


@pytest.mark.parametrize(("ago", "results"), [(7 * DAY, 2), (7 * DAY + timedelta(seconds=1), 1)])
def test_of_what_a_job_was_refused_long_ago_nobody_is_warned(ago: timedelta, results: int) -> None:
    assert len(told(failed(ACCESS_DENIED, ago=ago))) == results


def test_an_endless_reason_is_cut_and_shows_no_key() -> None:
    (_, warned) = told(failed(f"{ACCESS_DENIED} AKIAQHEALTHCHECKTEST {'x ' * 2_000}"))
    assert "AKIAQ" not in warned.summary
    assert len(str(warned.evidence["failure_reason"])) <= 300


def at_place(*jobs: Job, writes: bool, prefix: str = "", sufficing: timedelta = DAY) -> Result:
    place = replace(PLACE, prefix=prefix)
    purposes = (Purpose.HOSTING, Purpose.TRAINING)
    inquiry = Inquiry(Claim.REACHES, ROLE, purposes, NOW, sufficing, place, writes=writes)
    (verdict,) = judge(inquiry, replace(REFUSED, subject=f"s3://{BUCKET}/{prefix}"), jobs)
    return verdict


@pytest.mark.parametrize(
    ("jobs", "facts", "status"),
    [
        ((TRAINED,), {"writes": True}, Status.OK),
        ((CLEANED,), {"writes": True}, Status.OK),
        ((TRAINED,), {"writes": False, "prefix": "in/"}, Status.OK),
        ((TRAINED,), {"writes": True, "prefix": "in/"}, Status.UNKNOWN),
        ((TRAINED,), {"writes": False, "prefix": "out/"}, Status.UNKNOWN),
        ((TRAINED,), {"writes": False, "prefix": "other/"}, Status.UNKNOWN),
        ((TRAINED,), {"writes": True, "sufficing": HOUR}, Status.UNKNOWN),
        ((failed(ACCESS_DENIED), TRAINED), {"writes": True}, Status.UNKNOWN),
    ],
)
def test_a_job_of_any_kind_shows_of_a_place_what_it_did_there(
    jobs: tuple[Job, ...], facts: Any, status: Status
) -> None:
    verdict = at_place(*jobs, **facts)
    assert verdict.status is status
    assert verdict.subject == f"s3://{BUCKET}/{facts.get('prefix', '')}"


def test_of_a_place_that_no_job_used_nothing_more_is_said() -> None:
    assert at_place(TRAINED, writes=False, prefix="other/").summary == REFUSED.summary


# What follows goes through the checks themselves, their calls included.


def dark(*jobs: Mapping[str, Any], **answers: Any) -> Situation:
    refused = {"iam.GetRole": denied("iam.GetRole")}
    target = replace(TARGET, source=CredentialSource(profile=None))
    return Situation(target=target, answers={**refused, **past_jobs.answers(*jobs), **answers})


def test_a_job_of_another_role_shows_nothing() -> None:
    run = run_check(role.trust, dark(training(role=ROLE.replace("service-role/", ""))))
    assert run == replace(run_check(role.trust, dark()), duration_seconds=run.duration_seconds)


def test_of_many_jobs_a_few_are_described_and_none_before_the_last_that_completed() -> None:
    others = [training(f"other-{number}", ago=number * HOUR, role=f"{ROLE}2") for number in range(1, 30)]
    found = examine(role.exists, dark(*others))
    assert sum(call.operation == "sagemaker.DescribeTrainingJob" for call in found.calls) == 8
    mine = examine(role.exists, dark(training("old", ago=9 * HOUR), training("new", ago=HOUR)))
    asked = [call.parameters for call in mine.calls if call.operation == "sagemaker.DescribeTrainingJob"]
    assert asked == [{"TrainingJobName": "new"}]


def test_a_job_of_a_month_ago_shows_nothing() -> None:
    found = examine(role.exists, dark(training(ago=30 * DAY)))
    assert "sagemaker.DescribeTrainingJob" not in found.operations


def test_a_job_that_goes_on_shows_nothing_yet() -> None:
    running = {**training(), "TrainingJobStatus": "InProgress"}
    found = examine(role.exists, dark(running))
    assert "sagemaker.DescribeTrainingJob" not in found.operations


def test_processing_jobs_are_asked_for_where_they_are_a_purpose() -> None:
    situation = dark(training(), processing())
    assert "sagemaker.ListProcessingJobs" not in examine(role.trust, situation).operations
    wider = replace(situation, target=replace(situation.target, purposes=(Purpose.PROCESSING,)))
    assert "processing job clean-3 completed with this role 5 h ago" in run_check(role.trust, wider).decisive.summary


@pytest.mark.parametrize("check", [role.exists, role.trust], ids=lambda check: check.id)
@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("sagemaker.ListTrainingJobs", denied("sagemaker.ListTrainingJobs")),
        ("sagemaker.DescribeTrainingJob", denied("sagemaker.DescribeTrainingJob")),
        ("sagemaker.ListTrainingJobs", AwsError("ThrottlingException", "Rate exceeded")),
        ("sagemaker.DescribeTrainingJob", AwsError("ResourceNotFound", "Requested resource not found.")),
        ("sagemaker.ListTrainingJobs", EndpointConnectionError(endpoint_url="https://api.sagemaker.test")),
    ],
)
def test_where_jobs_may_not_be_seen_the_refusal_is_told_as_ever(
    check: Check, operation: str, answer: AwsError | Exception
) -> None:
    run = run_check(check, dark(training(), **{operation: answer}))
    assert said(run) == said(run_check(check, dark()))


def said(run: Run) -> object:
    return run.status, run.reason, [(each.subject, each.summary, each.missing_actions) for each in run.results]


def test_where_the_role_may_be_read_no_job_is_asked_for() -> None:
    found = examine(role.exists, dark(training(), **{"iam.GetRole": AwsError("NoSuchEntity", "gone", 404)}))
    assert found.operations == {"iam.GetRole"}
    assert found.run.reason == "missing"


def test_the_refusal_has_one_subject_whether_jobs_are_seen_or_not() -> None:
    """Else its incident would open anew with the first job."""
    subjects = {run_check(role.exists, dark(*jobs)).decisive.subject for jobs in ((), (training(),))}
    assert subjects == {"iam:GetRole for ambient credentials"}
