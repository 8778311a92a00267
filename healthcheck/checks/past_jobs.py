"""The last jobs of an execution role: how they ended, and what they read, wrote and were refused.

ListTrainingJobs does not say whose role a job has, so that a few of the newest are described one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import partial
from itertools import islice, takewhile
from types import MappingProxyType
from typing import TYPE_CHECKING

from healthcheck.capabilities import Aws
from healthcheck.errors import Failure
from healthcheck.symptoms import Finding, diagnose
from healthcheck.target import Purpose

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

CALLS = (
    "sagemaker.DescribeProcessingJob",
    "sagemaker.DescribeTrainingJob",
    "sagemaker.ListProcessingJobs",
    "sagemaker.ListTrainingJobs",
)
"""What `look` asks; optional wherever it is used."""

LOOK_BACK = timedelta(days=30)
"""Older jobs say nothing of today's role."""

_LISTED = 50
"""Jobs of each kind that are considered, newest first."""
_DESCRIBED = 8
"""Jobs of each kind that are described: each takes a call."""
_ENDED = ("Completed", "Failed")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Kind(Enum):
    """A kind of job that says which role it had. The value is the word for it."""

    TRAINING = "training job"
    """Tuning starts these, too."""
    PROCESSING = "processing job"


class End(Enum):
    """How a job ended, as far as its role is concerned. The value is the word for it in evidence."""

    COMPLETED = "completed"
    REFUSED = "refused"
    """Its reason names what the role may not do."""
    NOT_ASSUMED = "not_assumed"
    """SageMaker could not assume the role."""
    SCRIPT_FAILED = "script_failed"
    """The role was assumed by then, the image pulled and the input read."""
    OTHERWISE = "failed_otherwise"
    """For a reason that says nothing of the role: no capacity, no data, no network."""


KIND_OF: Mapping[Purpose, Kind] = MappingProxyType(
    {
        Purpose.TRAINING: Kind.TRAINING,
        Purpose.TUNING: Kind.TRAINING,
        Purpose.PROCESSING: Kind.PROCESSING,
    }
)
"""The jobs that serve a purpose; of the others none tells its role."""

_NOT_ASSUMED = "role-not-assumed"
_OWN_SCRIPT = "script-failed"
_REFUSALS = frozenset(
    {
        "boundary-limits",
        "data-not-downloaded",
        "head-forbidden",
        "identity-denies",
        "identity-lacks",
        "image-refused",
        "key-refuses",
        "organization-denies",
        "refused",
        "resource-refuses",
        "resources-organization-denies",
        "results-not-uploaded",
        "somebody-denies",
        "vpc-endpoint-refuses",
    }
)
"""The symptoms that in a job's reason for failing speak of its role's rights."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job that has ended."""

    kind: Kind
    name: str
    role: str
    ended: datetime
    is_completed: bool
    failure: str = ""
    """AWS's reason, as it stands there."""
    reads: tuple[str, ...] = ()
    """``s3://bucket/prefix`` of its input."""
    writes: tuple[str, ...] = ()
    image: str = ""
    subnets: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The job for a reader: ``training job churn-12``."""
        return f"{self.kind.value} {self.name}"

    @property
    def meaning(self) -> Finding | None:
        """What its reason for failing means; what a script was refused is the script's affair, whatever it quotes."""
        findings = diagnose(self.failure)
        by_id = {finding.symptom.id: finding for finding in findings}
        return by_id.get(_OWN_SCRIPT) or by_id.get(_NOT_ASSUMED) or next(iter(findings), None)

    @property
    def end(self) -> End:
        """How it ended."""
        if self.is_completed:
            return End.COMPLETED
        meaning = self.meaning
        symptom = meaning.symptom.id if meaning else ""
        if symptom in _REFUSALS:
            return End.REFUSED
        return {_OWN_SCRIPT: End.SCRIPT_FAILED, _NOT_ASSUMED: End.NOT_ASSUMED}.get(symptom, End.OTHERWISE)


def look(aws: Aws, role: str, purposes: tuple[Purpose, ...]) -> tuple[Job, ...]:
    """Return the last jobs that had exactly this role, newest first: of each kind none before one that completed.

    Args:
        aws: the capability; the check declares `CALLS` as optional.
        role: the role's ARN.
        purposes: whose jobs are looked at, beside training jobs.
    """
    wanted = {Kind.TRAINING, *(KIND_OF[purpose] for purpose in purposes if purpose in KIND_OF)}
    client = aws.client("sagemaker")
    asked = [partial(_last, aws, client, kind, role) for kind in Kind if kind in wanted]
    # Whatever keeps us from jobs, there is simply no such evidence.
    found = aws.together([partial(aws.optional, ask) for ask in asked])
    jobs = [job for part in found if not isinstance(part, Failure) for job in part]
    return tuple(sorted(jobs, key=lambda job: job.ended, reverse=True))


def _last(aws: Aws, client: SageMakerClient, kind: Kind, role: str) -> list[Job]:
    listing, describe = _WAYS[kind]
    recent = takewhile(lambda each: each.created >= aws.now - LOOK_BACK, listing(client))
    ended = [each for each in islice(recent, _LISTED) if each.status in _ENDED]
    found: list[Job] = []
    for each in sorted(ended, key=lambda each: each.ended, reverse=True)[:_DESCRIBED]:
        # What has ended changes no more.
        job = aws.hourly(f"{kind.value} {each.name} in {aws.region}", partial(describe, client, each))
        if job.role == role:
            found.append(job)
            if job.is_completed:
                break
    return found


@dataclass(frozen=True, slots=True)
class _Listed:
    name: str
    status: str
    created: datetime
    ended: datetime


def _training_jobs(client: SageMakerClient) -> Iterator[_Listed]:
    pages = client.get_paginator("list_training_jobs").paginate(
        SortBy="CreationTime", SortOrder="Descending", PaginationConfig={"PageSize": _LISTED}
    )
    for page in pages:
        for job in page["TrainingJobSummaries"]:
            ended = job.get("TrainingEndTime", _LONG_AGO)
            yield _Listed(job["TrainingJobName"], job["TrainingJobStatus"], job["CreationTime"], ended)


def _training_job(client: SageMakerClient, listed: _Listed) -> Job:
    job = client.describe_training_job(TrainingJobName=listed.name)
    sources = [channel.get("DataSource", {}).get("S3DataSource", {}) for channel in job.get("InputDataConfig", [])]
    return Job(
        Kind.TRAINING,
        listed.name,
        role=job.get("RoleArn", ""),
        ended=listed.ended,
        is_completed=job["TrainingJobStatus"] == "Completed",
        failure=job.get("FailureReason", ""),
        reads=tuple(source["S3Uri"] for source in sources if "S3Uri" in source),
        writes=tuple(filter(None, (job.get("OutputDataConfig", {}).get("S3OutputPath"),))),
        image=job.get("AlgorithmSpecification", {}).get("TrainingImage", ""),
        subnets=tuple(job.get("VpcConfig", {}).get("Subnets", ())),
    )


def _processing_jobs(client: SageMakerClient) -> Iterator[_Listed]:
    pages = client.get_paginator("list_processing_jobs").paginate(
        SortBy="CreationTime", SortOrder="Descending", PaginationConfig={"PageSize": _LISTED}
    )
    for page in pages:
        for job in page["ProcessingJobSummaries"]:
            ended = job.get("ProcessingEndTime", _LONG_AGO)
            yield _Listed(job["ProcessingJobName"], job["ProcessingJobStatus"], job["CreationTime"], ended)


def _processing_job(client: SageMakerClient, listed: _Listed) -> Job:
    job = client.describe_processing_job(ProcessingJobName=listed.name)
    inputs = [each.get("S3Input", {}) for each in job.get("ProcessingInputs", [])]
    outputs = [each.get("S3Output", {}) for each in job.get("ProcessingOutputConfig", {}).get("Outputs", [])]
    return Job(
        Kind.PROCESSING,
        listed.name,
        role=job.get("RoleArn", ""),
        ended=listed.ended,
        is_completed=job["ProcessingJobStatus"] == "Completed",
        failure=job.get("FailureReason", ""),
        reads=tuple(each["S3Uri"] for each in inputs if "S3Uri" in each),
        writes=tuple(each["S3Uri"] for each in outputs if "S3Uri" in each),
        image=job["AppSpecification"]["ImageUri"],
        subnets=tuple(job.get("NetworkConfig", {}).get("VpcConfig", {}).get("Subnets", ())),
    )


_WAYS: Mapping[
    Kind, tuple[Callable[[SageMakerClient], Iterator[_Listed]], Callable[[SageMakerClient, _Listed], Job]]
] = MappingProxyType(
    {Kind.TRAINING: (_training_jobs, _training_job), Kind.PROCESSING: (_processing_jobs, _processing_job)}
)
