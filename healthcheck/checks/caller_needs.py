"""What whoever starts jobs must be allowed to do, by what the target is used for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from healthcheck.checks.needs import PROBE, Need, Place, of_location
from healthcheck.iam import ContextValue
from healthcheck.target import Purpose, Target

_OPERATIONS: Mapping[Purpose, tuple[tuple[str, str], ...]] = {
    Purpose.TRAINING: (
        ("training-job", "CreateTrainingJob"),
        ("training-job", "DescribeTrainingJob"),
        ("training-job", "StopTrainingJob"),
    ),
    Purpose.PROCESSING: (
        ("processing-job", "CreateProcessingJob"),
        ("processing-job", "DescribeProcessingJob"),
        ("processing-job", "StopProcessingJob"),
    ),
    Purpose.TUNING: (
        ("hyper-parameter-tuning-job", "CreateHyperParameterTuningJob"),
        ("hyper-parameter-tuning-job", "DescribeHyperParameterTuningJob"),
        ("hyper-parameter-tuning-job", "StopHyperParameterTuningJob"),
    ),
    Purpose.HOSTING: (
        ("model", "CreateModel"),
        ("endpoint-config", "CreateEndpointConfig"),
        ("endpoint", "CreateEndpoint"),
        ("endpoint", "DescribeEndpoint"),
        ("endpoint", "InvokeEndpoint"),
    ),
    Purpose.PIPELINES: (
        ("pipeline", "CreatePipeline"),
        ("pipeline", "DescribePipeline"),
        ("pipeline", "UpdatePipeline"),
        ("pipeline", "StartPipelineExecution"),
    ),
    Purpose.NOTEBOOK: (
        ("notebook-instance", "CreateNotebookInstance"),
        ("notebook-instance", "DescribeNotebookInstance"),
        ("notebook-instance", "StartNotebookInstance"),
        ("notebook-instance", "CreatePresignedNotebookInstanceUrl"),
    ),
}
"""Kind of resource and operation (Service Authorization Reference, Amazon SageMaker)."""

_LOGS = {
    Purpose.TRAINING: "/aws/sagemaker/TrainingJobs",
    Purpose.PROCESSING: "/aws/sagemaker/ProcessingJobs",
    Purpose.TUNING: "/aws/sagemaker/TrainingJobs",
}

HINTS: Mapping[str, str] = {
    f"sagemaker:{key}": f"Name {what} that it accepts to the SDK, and under {setting}: in the settings"
    for key, what, setting in (
        ("outputkmskey", "a key for what jobs write", "output_keys"),
        ("vpcsecuritygroupids", "security groups", "security_groups"),
        ("vpcsubnets", "subnets", "subnets"),
        ("volumekmskey", "a key for disks", "volume_keys"),
    )
}
"""What helps against a company's policy that asks jobs for something, by the context key of its Deny."""


def passing(role: str) -> Need:
    """Return the right to hand the role to SageMaker."""
    return Need(
        "iam:PassRole",
        (role,),
        tuple(Purpose),
        (role,),
        'no job can be started with the role: "is not authorized to perform: iam:PassRole"',
        context={"iam:PassedToService": "sagemaker.amazonaws.com"},
    )


def of(place: Place, target: Target, purposes: tuple[Purpose, ...]) -> tuple[Need, ...]:
    """Return what whoever starts jobs needs for these purposes, what several need once."""
    needs: dict[tuple[str, tuple[str, ...]], Need] = {}
    for purpose in purposes:
        for need in (*_starting(place, target, purpose), *_following(place, purpose)):
            key = (need.action, need.resources)
            known = needs.get(key)
            needs[key] = replace(need, purposes=(*known.purposes, purpose)) if known else need
    return (*needs.values(), *_uploading(place, purposes))


def _starting(place: Place, target: Target, purpose: Purpose) -> Iterator[Need]:
    for kind, operation in _OPERATIONS[purpose]:
        arn = place.arn("sagemaker", f"{kind}/")
        is_stopping = operation.startswith("Stop")
        does = "stopped" if is_stopping else "looked at" if operation.startswith("Describe") else "started or used"
        yield Need(
            f"sagemaker:{operation}",
            (arn + PROBE,),
            (purpose,),
            (f"{arn}*",),
            f"{kind.replace('-', ' ')}s cannot be {does}",
            is_fatal=not is_stopping,
            context=_asked(target, purpose) if operation.startswith("Create") else {},
            may_be_named=True,
        )


def _asked(target: Target, purpose: Purpose) -> Mapping[str, ContextValue]:
    """Return what a request to start a job says of its network and keys: what the settings do not name is not in it."""
    if purpose in (Purpose.PIPELINES, Purpose.NOTEBOOK):
        return {}
    return {
        "sagemaker:VpcSubnets": list(target.subnets) or None,
        "sagemaker:VpcSecurityGroupIds": list(target.security_groups) or None,
        "sagemaker:VolumeKmsKey": target.volume_keys[0] if target.volume_keys else None,
        "sagemaker:OutputKmsKey": target.output_keys[0] if target.output_keys else None,
    }


def _following(place: Place, purpose: Purpose) -> Iterator[Need]:
    group = _LOGS.get(purpose)
    if group is None:
        return
    arn = place.arn("logs", f"log-group:{group}")
    grant = place.arn("logs", f"log-group:{group}*")
    fails = "jobs run, but whoever waits for them sees no log"
    yield Need("logs:DescribeLogStreams", (arn, f"{arn}:*"), (purpose,), (grant,), fails, is_fatal=False)
    yield Need("logs:GetLogEvents", (f"{arn}:log-stream:{PROBE}",), (purpose,), (grant,), fails, is_fatal=False)


def _uploading(place: Place, purposes: tuple[Purpose, ...]) -> Iterator[Need]:
    if place.bucket is None:
        return
    fails = {
        "s3:ListBucket": "the SDK cannot use the bucket",
        "s3:GetObject": "results cannot be fetched",
        "s3:PutObject": "the SDK cannot upload scripts and data, and starts nothing",
    }
    for need in of_location(
        place, place.bucket, place.prefix, owner=place.bucket_account, writes=True, purposes=purposes
    ):
        # A person may have given a second factor; what is known of jobs is not known of people.
        context = {key: value for key, value in need.context.items() if not key.startswith("aws:MultiFactor")}
        yield replace(need, fails=fails[need.action], context=context)
