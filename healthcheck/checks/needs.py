"""What an execution role must be allowed to do, by what the target is used for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from healthcheck.checks.bucket_names import Home
from healthcheck.iam import ContextValue, Grant, Request, pass_role
from healthcheck.target import Purpose

PROBE = "healthcheck-probe"
"""The name of what does not exist: jobs, objects and streams that requests are about."""

# AWS's registry of deep-learning images in most regions. It admits every account; what counts is the role's side.
_AWS_IMAGES = "763104351884"
_IMAGE = re.compile(r"(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.[a-z.]+/([^:@]+)", re.ASCII)

_READ_JOBS = (Purpose.TRAINING, Purpose.PROCESSING, Purpose.TUNING, Purpose.HOSTING)
_WRITE_JOBS = (Purpose.TRAINING, Purpose.PROCESSING, Purpose.TUNING)
_LAUNCHERS = (Purpose.PIPELINES, Purpose.NOTEBOOK)
_LOG_GROUPS = {
    Purpose.TRAINING: "/aws/sagemaker/TrainingJobs",
    Purpose.TUNING: "/aws/sagemaker/TrainingJobs",
    Purpose.PROCESSING: "/aws/sagemaker/ProcessingJobs",
    Purpose.HOSTING: f"/aws/sagemaker/Endpoints/{PROBE}",
    Purpose.NOTEBOOK: "/aws/sagemaker/NotebookInstances",
}
_LAUNCHED = {
    "training-job": ("CreateTrainingJob", "DescribeTrainingJob", "StopTrainingJob"),
    "processing-job": ("CreateProcessingJob", "DescribeProcessingJob", "StopProcessingJob"),
    "transform-job": ("CreateTransformJob", "DescribeTransformJob", "StopTransformJob"),
    "model": ("CreateModel", "DescribeModel"),
}
_DESCRIBED = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")

_NOTHING: Mapping[str, ContextValue] = MappingProxyType({})
_NO_TEXTS: Mapping[str, str] = MappingProxyType({})


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
    images: tuple[str, ...] = ()
    """What jobs run; none = any image of the account and of AWS."""
    subnets: tuple[str, ...] = ()
    """Where jobs run; none = in no VPC of the account."""
    security_groups: tuple[str, ...] = ()

    def arn(self, service: str, resource: str, *, account: str | None = None) -> str:
        """Return the ARN of something in the target's region and account."""
        return f"arn:{self.home.partition}:{service}:{self.home.region}:{account or self.home.account}:{resource}"


@dataclass(frozen=True, slots=True)
class Need:
    """One action that must be allowed."""

    action: str
    resources: tuple[str, ...]
    """Concrete ARNs, of which one must be allowed: different spellings, or repositories of which one will do."""
    purposes: tuple[Purpose, ...]
    grants: tuple[str, ...]
    """The resources to name in a policy that grants it."""
    fails: str
    """What happens without it: ``jobs start and fail at the download of their input``."""
    is_fatal: bool = True
    """Whether jobs fail without it; else only their logs and metrics are lost."""
    context: Mapping[str, ContextValue] = field(default_factory=lambda: _NOTHING)
    account: str | None = None
    """Who owns the resource, where its ARN does not say and it is known."""
    policy_of: str | None = None
    """The bucket (``s3://name``) or key (its ARN) whose own policy takes part."""
    may_be_named: bool = False
    """Whether whoever does it chooses the last part of the ARN, so that a right to some names is enough."""
    is_strict: bool = False
    """Whether that policy must have been read; else what it may forbid is left to the check that reads it."""

    @property
    def text(self) -> str:
        """The need for a reader."""
        on = "" if self.grants == ("*",) else f" on {' or '.join(self.grants)}"
        return f"{self.action}{on}"

    def missing(self) -> Iterator[Grant]:
        """Yield what a policy has to grant."""
        service = self.context.get("iam:PassedToService")
        for resource in self.grants:
            yield pass_role(resource, str(service)) if service else Grant(self.action, resource)

    def requests(
        self,
        principal: str,
        home: Home,
        now: datetime,
        *,
        known: Mapping[str, ContextValue] = _NOTHING,
        names: Iterable[str] = (),
        beginnings: Mapping[str, str] = _NO_TEXTS,
    ) -> Iterator[Request]:
        """Yield the questions to the policies: an ordinary request, from no particular network.

        Args:
            principal: the ARN of who asks.
            home: where.
            now: when.
            known: what else is known of the requests of whoever asks.
            names: other last parts of the ARN that may be chosen.
            beginnings: how context keys begin of which no more is known.
        """
        context: dict[str, ContextValue] = {
            "aws:CurrentTime": now,
            "aws:EpochTime": int(now.timestamp()),
            "aws:PrincipalIsAWSService": False,
            "aws:RequestedRegion": home.region,
            "aws:SecureTransport": True,
            # The question is about an ordinary object: one that bears no tags.
            "s3:ExistingObjectTag/*": None,
            **known,
            **self.context,
        }
        chosen = [self.resources[0].rpartition("/")[0] + f"/{name}" for name in names]
        for resource in (*self.resources, *chosen):
            yield Request(
                self.action,
                resource,
                resource_account=self.account,
                principal=principal,
                context=context,
                beginnings=beginnings,
            )


OF_JOBS: Mapping[str, ContextValue] = MappingProxyType(
    {"aws:MultiFactorAuthAge": None, "aws:MultiFactorAuthPresent": None}
)
"""What is known of whoever assumes a role for a job: SageMaker has no second factor."""


def of(place: Place, purposes: tuple[Purpose, ...]) -> tuple[Need, ...]:
    """Return what the role needs for these purposes, what several need once."""
    needs = (*_bucket(place), *_images(place), *_network(place), *_launching(place), *_telemetry(place))
    wanted = []
    for need in needs:
        common = tuple(purpose for purpose in purposes if purpose in need.purposes)
        if common:
            wanted.append(replace(need, purposes=common, context={**OF_JOBS, **need.context}))
    return tuple(wanted)


def of_location(
    place: Place, bucket: str, prefix: str, *, owner: str | None, writes: bool, purposes: tuple[Purpose, ...]
) -> tuple[Need, ...]:
    """Return what it takes to read, and to write, below a prefix of a bucket."""
    arn = f"arn:{place.home.partition}:s3:::{bucket}"
    key, keys = f"{arn}/{prefix}{PROBE}/model.tar.gz", f"{arn}/{prefix}*"
    context: dict[str, ContextValue] = {**OF_JOBS, "s3:prefix": f"{prefix}{PROBE}/"}
    if owner:
        context["s3:ResourceAccount"] = owner
    bare = Need(
        "s3:ListBucket",
        (arn,),
        purposes,
        (arn,),
        'jobs start and fail with "no S3 objects found" at the download of their input',
        context=context,
        account=owner,
        policy_of=f"s3://{bucket}",
    )
    reading = replace(
        bare,
        action="s3:GetObject",
        resources=(key,),
        grants=(keys,),
        fails="jobs start and fail at the download of their input, endpoints at that of their model",
    )
    writing = replace(
        reading, action="s3:PutObject", fails="jobs run to their end and fail at the upload of their results"
    )
    return (bare, reading, writing) if writes else (bare, reading)


def _bucket(place: Place) -> Iterator[Need]:
    if place.bucket is None:
        return
    readers = (*_READ_JOBS, *_LAUNCHERS)
    for need in of_location(
        place, place.bucket, place.prefix, owner=place.bucket_account, writes=True, purposes=readers
    ):
        is_writing = need.action == "s3:PutObject"
        yield replace(need, purposes=(*_WRITE_JOBS, *_LAUNCHERS)) if is_writing else need


def _images(place: Place) -> Iterator[Need]:
    fails = "jobs and endpoints fail when their image is pulled"
    yield Need("ecr:GetAuthorizationToken", ("*",), _READ_JOBS, ("*",), fails, account=place.home.account)
    named = [match.groups() for image in place.images if (match := _IMAGE.match(image))]
    repositories = tuple(
        dict.fromkeys(
            f"arn:{place.home.partition}:ecr:{region}:{account}:repository/{name}" for account, region, name in named
        )
    )
    for action in ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer"):
        for repository in repositories:
            yield Need(f"ecr:{action}", (repository,), _READ_JOBS, (repository,), fails)
        if not repositories:
            registries = (place.home.account, _AWS_IMAGES)
            some = tuple(
                place.arn("ecr", f"repository/{name}", account=registry)
                for registry, name in zip(registries, (PROBE, "pytorch-training"), strict=True)
            )
            any_of = tuple(place.arn("ecr", "repository/*", account=registry) for registry in registries)
            yield Need(f"ecr:{action}", some, _READ_JOBS, any_of, fails)


def _network(place: Place) -> Iterator[Need]:
    """Yield what it takes to put a job into a VPC (SageMaker Developer Guide, "SageMaker roles", per API)."""
    if not place.subnets:
        return
    fails = "jobs and endpoints in the VPC fail before they start: they get no network interface"
    interfaces = place.arn("ec2", "network-interface/*")
    interface = place.arn("ec2", "network-interface/eni-0123456789abcdef0")
    for kind, ids in (("subnet", place.subnets), ("security-group", place.security_groups)):
        for each in ids:
            arn = place.arn("ec2", f"{kind}/{each}")
            yield Need("ec2:CreateNetworkInterface", (arn,), _READ_JOBS, (arn,), fails)
    for action in ("CreateNetworkInterface", "CreateNetworkInterfacePermission"):
        yield Need(f"ec2:{action}", (interface,), _READ_JOBS, (interfaces,), fails)
    for action in ("DeleteNetworkInterface", "DeleteNetworkInterfacePermission"):
        left = "jobs in the VPC leave their network interfaces behind, until no address is free"
        yield Need(f"ec2:{action}", (interface,), _READ_JOBS, (interfaces,), left)
    for noun in _DESCRIBED:
        yield Need(f"ec2:Describe{noun}", ("*",), _READ_JOBS, ("*",), fails, account=place.home.account)
    yield Need("ec2:DescribeVpcEndpoints", ("*",), (Purpose.HOSTING,), ("*",), fails, account=place.home.account)


def _launching(place: Place) -> Iterator[Need]:
    for kind, operations in _LAUNCHED.items():
        arn = place.arn("sagemaker", f"{kind}/")
        for operation in operations:
            fails = f"{kind.replace('-', ' ')}s cannot be started or followed by pipelines and notebooks"
            yield Need(f"sagemaker:{operation}", (arn + PROBE,), _LAUNCHERS, (f"{arn}*",), fails, may_be_named=True)
    yield Need(
        "iam:PassRole",
        (place.role,),
        _LAUNCHERS,
        (place.role,),
        "pipelines and notebooks cannot hand the role to the jobs that they start",
        context={"iam:PassedToService": "sagemaker.amazonaws.com"},
    )


def _telemetry(place: Place) -> Iterator[Need]:
    """Yield that without which a job runs, and nobody sees why it failed."""
    by_group: dict[str, list[Purpose]] = {}
    for purpose, group in _LOG_GROUPS.items():
        by_group.setdefault(group, []).append(purpose)
    for group, purposes in by_group.items():
        arn = place.arn("logs", f"log-group:{group}")
        stream = f"{arn}:log-stream:{PROBE}"
        grant = place.arn("logs", f"log-group:{group.removesuffix('/' + PROBE)}*")
        # Policies name a log group with and without ":*"; CloudWatch Logs asks in either form, depending on the action.
        for action, resources in (
            ("CreateLogGroup", (arn, f"{arn}:*")),
            ("CreateLogStream", (stream, arn)),
            ("DescribeLogStreams", (arn, f"{arn}:*")),
            ("PutLogEvents", (stream,)),
        ):
            yield Need(
                f"logs:{action}",
                resources,
                tuple(purposes),
                (grant,),
                "jobs run, but their logs are lost",
                is_fatal=False,
            )
    yield Need(
        "cloudwatch:PutMetricData",
        ("*",),
        _READ_JOBS,
        ("*",),
        "jobs run, but their metrics are lost",
        is_fatal=False,
        context={"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"},
        account=place.home.account,
    )
