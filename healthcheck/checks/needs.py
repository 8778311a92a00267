"""What an execution role must be allowed to do, by what the target is used for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from healthcheck.checks.bucket_names import Home
from healthcheck.iam import ContextValue, Request
from healthcheck.target import Purpose

# AWS's registry of deep-learning images in most regions. It admits every account; what counts is the role's side.
_AWS_IMAGES = "763104351884"
_PROBE = "healthcheck-probe"

_READ_JOBS = (Purpose.TRAINING, Purpose.PROCESSING, Purpose.TUNING, Purpose.HOSTING)
_WRITE_JOBS = (Purpose.TRAINING, Purpose.PROCESSING, Purpose.TUNING)
_LAUNCHERS = (Purpose.PIPELINES, Purpose.NOTEBOOK)
_LOG_GROUPS = {
    Purpose.TRAINING: "/aws/sagemaker/TrainingJobs",
    Purpose.TUNING: "/aws/sagemaker/TrainingJobs",
    Purpose.PROCESSING: "/aws/sagemaker/ProcessingJobs",
    Purpose.HOSTING: f"/aws/sagemaker/Endpoints/{_PROBE}",
    Purpose.NOTEBOOK: "/aws/sagemaker/NotebookInstances",
}
_LAUNCHED = {
    "training-job": ("CreateTrainingJob", "DescribeTrainingJob", "StopTrainingJob"),
    "processing-job": ("CreateProcessingJob", "DescribeProcessingJob", "StopProcessingJob"),
    "transform-job": ("CreateTransformJob", "DescribeTransformJob", "StopTransformJob"),
    "model": ("CreateModel", "DescribeModel"),
}

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Place:
    """What the questions to the policies are made of."""

    home: Home
    role: str
    """The role's ARN."""
    bucket: str | None
    bucket_account: str | None
    """Who owns the bucket; none where that is not known."""
    prefix: str
    """The part of the bucket that jobs read and write: empty, or with a slash at its end."""
    now: datetime


@dataclass(frozen=True, slots=True)
class Need:
    """One action that must be allowed."""

    action: str
    resources: tuple[str, ...]
    """Concrete ARNs, of which one must be allowed: different spellings, or repositories of which one will do."""
    purposes: tuple[Purpose, ...]
    grant: str
    """The resource to name in a policy that grants it."""
    is_fatal: bool = True
    """Whether jobs fail without it; else only their logs and metrics are lost."""
    context: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    account: str | None = None
    """Who owns the resource, where its ARN does not say."""

    def requests(self, place: Place) -> Iterator[Request]:
        """Yield the questions to the policies: an ordinary request of a job, from no particular network."""
        known: dict[str, ContextValue] = {
            "aws:CurrentTime": place.now,
            "aws:EpochTime": int(place.now.timestamp()),
            "aws:MultiFactorAuthAge": None,
            "aws:MultiFactorAuthPresent": None,
            "aws:PrincipalIsAWSService": False,
            "aws:RequestedRegion": place.home.region,
            "aws:SecureTransport": True,
            # The question is about an ordinary object: one that bears no tags.
            "s3:ExistingObjectTag/*": None,
        }
        for resource in self.resources:
            yield Request(
                self.action,
                resource,
                resource_account=self.account,
                principal=place.role,
                context={**known, **self.context},
            )


def of(place: Place, purposes: tuple[Purpose, ...]) -> tuple[Need, ...]:
    """Return what the role needs for these purposes, what several need once."""
    needs = (*_bucket(place), *_images(place), *_launching(place), *_telemetry(place))
    wanted = []
    for need in needs:
        common = tuple(purpose for purpose in purposes if purpose in need.purposes)
        if common:
            wanted.append(_for(need, common))
    return tuple(wanted)


def _for(need: Need, purposes: tuple[Purpose, ...]) -> Need:
    return Need(need.action, need.resources, purposes, need.grant, need.is_fatal, need.context, need.account)


def _bucket(place: Place) -> Iterator[Need]:
    if place.bucket is None:
        return
    bucket = f"arn:{place.home.partition}:s3:::{place.bucket}"
    key, keys = f"{bucket}/{place.prefix}{_PROBE}/model.tar.gz", f"{bucket}/{place.prefix}*"
    context = {"s3:prefix": f"{place.prefix}{_PROBE}/"}
    if place.bucket_account:
        context["s3:ResourceAccount"] = place.bucket_account
    owner = place.bucket_account
    yield Need("s3:ListBucket", (bucket,), (*_READ_JOBS, *_LAUNCHERS), bucket, context=context, account=owner)
    yield Need("s3:GetObject", (key,), (*_READ_JOBS, *_LAUNCHERS), keys, context=context, account=owner)
    yield Need("s3:PutObject", (key,), (*_WRITE_JOBS, *_LAUNCHERS), keys, context=context, account=owner)


def _images(place: Place) -> Iterator[Need]:
    yield Need("ecr:GetAuthorizationToken", ("*",), _READ_JOBS, "*", account=place.home.account)
    repositories = tuple(
        f"arn:{place.home.partition}:ecr:{place.home.region}:{registry}:repository/{name}"
        for registry, name in ((place.home.account, _PROBE), (_AWS_IMAGES, "pytorch-training"))
    )
    for action in ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer"):
        yield Need(f"ecr:{action}", repositories, _READ_JOBS, "*", account=place.home.account)


def _launching(place: Place) -> Iterator[Need]:
    for kind, operations in _LAUNCHED.items():
        arn = f"arn:{place.home.partition}:sagemaker:{place.home.region}:{place.home.account}:{kind}/"
        for operation in operations:
            yield Need(f"sagemaker:{operation}", (arn + _PROBE,), _LAUNCHERS, arn + "*")
    passed = {"iam:PassedToService": "sagemaker.amazonaws.com"}
    yield Need("iam:PassRole", (place.role,), _LAUNCHERS, place.role, context=passed)


def _telemetry(place: Place) -> Iterator[Need]:
    """Without these a job runs, and nobody sees why it failed."""
    by_group: dict[str, list[Purpose]] = {}
    for purpose, group in _LOG_GROUPS.items():
        by_group.setdefault(group, []).append(purpose)
    for group, purposes in by_group.items():
        arn = f"arn:{place.home.partition}:logs:{place.home.region}:{place.home.account}:log-group:{group}"
        stream = f"{arn}:log-stream:{_PROBE}"
        # Policies name a log group with and without ":*"; CloudWatch Logs asks in either form, depending on the action.
        for action, resources in (
            ("CreateLogGroup", (arn, f"{arn}:*")),
            ("CreateLogStream", (stream, arn)),
            ("DescribeLogStreams", (arn, f"{arn}:*")),
            ("PutLogEvents", (stream,)),
        ):
            grant = (
                f"arn:{place.home.partition}:logs:{place.home.region}:{place.home.account}:log-group:/aws/sagemaker/*"
            )
            yield Need(f"logs:{action}", resources, tuple(purposes), grant, is_fatal=False)
    yield Need(
        "cloudwatch:PutMetricData",
        ("*",),
        _READ_JOBS,
        "*",
        is_fatal=False,
        context={"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"},
        account=place.home.account,
    )
