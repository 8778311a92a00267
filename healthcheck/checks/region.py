"""The region that the set-up lives in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from shlex import quote

from healthcheck.capabilities import Aws, Host
from healthcheck.check import check
from healthcheck.checks import arns, aws_files, opt_in, region_names
from healthcheck.errors import FailureKind
from healthcheck.result import Fix, Result, critical, ok, warning
from healthcheck.target import Target

_REGIONS_PATH = "/aws/service/global-infrastructure/services/sagemaker/regions"
_REGION = "REGION"
"""Stands for a region that we cannot guess."""

_REFUSED = frozenset({FailureKind.CREDENTIALS_INVALID, FailureKind.REGION_INVALID})


@check(
    every=timedelta(minutes=15),
    reasons=[
        "human_name",
        "malformed",
        "partition_differs",
        "quoted",
        "unlisted",
        "unset",
        "upper_case",
        "variables_differ",
        "whitespace",
        "zone",
    ],
)
def configured(aws: Aws, host: Host, target: Target) -> Iterator[Result]:
    """A region is set, is spelt as AWS spells it, and is of the role's partition.

    Why: AWS's SDK builds an address of any text ("us-east1", "US-EAST-1") and fails much later, as a host that does
        not exist or a signature that does not match.
    Sees: the target's region as configured or found; AWS_REGION and AWS_DEFAULT_REGION; which profiles there are; the
        partition in the role's ARN; the list of regions that comes with the SDK, which ages: a region that it does
        not have is a warning.
    Cannot see: whether the region is enabled and has SageMaker (region.supported does); what other programs read.
    Source: https://docs.aws.amazon.com/general/latest/gr/rande.html, read 2026-11-22; each case tried with
        botocore 1.44.5, which reads AWS_DEFAULT_REGION and not AWS_REGION.
    """
    files = [aws_files.load(host, kind) for kind in aws_files.FileKind]
    yield spelling(target, host.environ, aws.known_regions, {name for file in files for name in file.profiles})
    role = arns.parse(target.role) if target.role else None
    if role and target.region in aws.known_regions and role.partition != aws.partition:
        yield critical(
            role.text,
            f"{role.text}: is of the partition {role.partition}, but the region {target.region} is of {aws.partition}",
            reason="partition_differs",
            fix=Fix("Name a role and a region of one partition; nothing crosses it."),
            evidence={"role_partition": role.partition, "region_partition": aws.partition},
        )


@check(
    every=timedelta(minutes=15),
    after=["credentials.account"],
    calls=["sagemaker.ListTrainingJobs"],
    optional_calls=["account.GetRegionOptStatus", "ssm.GetParametersByPath"],
    reasons=["not_offered", "region_disabled", "region_enabling", "session_refused"],
)
def supported(aws: Aws) -> Iterator[Result]:
    """SageMaker answers in the region, with these credentials.

    Why: a region that an account has not enabled refuses valid credentials as invalid; and SageMaker is not in all.
    Sees: a live sagemaker:ListTrainingJobs of one job, whose answer is the proof. Only where that is refused:
        account:GetRegionOptStatus. Only where the SDK's list does not have SageMaker in the region: the list that
        AWS keeps in Systems Manager, all pages of it.
    Cannot see: whether every feature and instance type of SageMaker is offered there.
    Source: https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html and
        https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-global-infrastructure.html,
        read 2026-11-22.
    """
    offered = True if aws.region in aws.known_regions else _listed(aws)
    if offered is False:
        yield _not_offered(aws.region)
        return
    client = aws.client("sagemaker")
    try:
        client.list_training_jobs(MaxResults=1)
    except client.exceptions.ClientError as error:
        failure = aws.failure(error)
        if failure.kind not in _REFUSED:
            raise
        yield opt_in.refusal(aws.region, "SageMaker", failure, opt_in.ask(aws))
        return
    yield ok(
        aws.region, f"{aws.region}: SageMaker answers there", evidence={"proof": "sagemaker:ListTrainingJobs answered"}
    )


def spelling(
    target: Target, environ: Mapping[str, str], known: Collection[str], profiles: Collection[str] = ()
) -> Result:
    """Judge the region's name alone, then beside the variables that other programs read.

    Args:
        target: whose region it is.
        environ: this process's environment.
        known: the regions that come with AWS's SDK.
        profiles: those of the shared files, one of which may be meant to name the region.
    """
    if not target.region:
        return _unset(target, environ, profiles)
    region = target.region
    wrong = region_names.misspelling(region, known)
    if wrong:
        meant = f"; {wrong.meant} was probably meant" if wrong.meant else ""
        return critical(
            region,
            f"region {region!r}: {wrong.sentence}{meant}",
            reason=wrong.reason,
            fix=Fix("Set the region's code, bare.", _set_region(target, wrong.meant or _REGION)),
            evidence={"region": region, "meant": wrong.meant},
        )
    if region not in known:
        resembled = region_names.nearest(region, known)
        hint = f"; {resembled} was perhaps meant" if resembled else ""
        return warning(
            region,
            f"region {region}: is well formed, but not in the list that comes with this SDK{hint}",
            reason="unlisted",
            fix=Fix(
                "If the region is new, update boto3; else correct it.", ("python3 -m pip install --upgrade boto3",)
            ),
            evidence={"region": region, "regions_known": len(known)},
        )
    return _beside_variables(target, region, environ)


def _unset(target: Target, environ: Mapping[str, str], profiles: Collection[str]) -> Result:
    subject = f"region of {target.source.name}"
    unread = environ.get("AWS_REGION")
    also = f"; AWS_REGION is {unread}, but AWS's SDK for Python reads AWS_DEFAULT_REGION alone" if unread else ""
    profile = aws_files.active_profile(target.source.profile, environ)
    fix = Fix("Name the region of your jobs.", _set_region(target, unread or _REGION))
    where = "the profile"
    if profile not in ("default", *profiles):
        where = f"the profile {profile}, which does not exist"
        fix = Fix("Name a profile that exists and has a region, or the region itself.", (fix.commands[-1],))
    return critical(
        subject,
        f"{subject}: is set nowhere: not in the settings, the environment or {where}{also}",
        reason="unset",
        fix=fix,
        evidence={"AWS_REGION": unread, "profile": profile},
    )


def _beside_variables(target: Target, region: str, environ: Mapping[str, str]) -> Result:
    """A divergence matters to a target that takes its region from the environment; others only resemble one."""
    ours, theirs = environ.get("AWS_DEFAULT_REGION"), environ.get("AWS_REGION")
    evidence = {"region": region, "AWS_DEFAULT_REGION": ours, "AWS_REGION": theirs}
    if theirs and theirs != (ours or region) and region == (ours or region) and (ours or not target.configured):
        read = f"AWS_DEFAULT_REGION is {ours}" if ours else f"the profile says {region}"
        return warning(
            region,
            f"region {region}: {read} and AWS_REGION is {theirs}; Python takes the first, the AWS CLI and R the second",
            reason="variables_differ",
            fix=Fix("Let both say the same.", (f"export AWS_REGION={region} AWS_DEFAULT_REGION={region}",)),
            evidence=evidence,
        )
    return ok(region, f"region {region}: is set, and AWS has it", evidence=evidence)


def _set_region(target: Target, region: str) -> tuple[str, ...]:
    """Return what sets it; where nobody knows which is meant, no real one, which would be pasted without a thought."""
    named = f" --profile {quote(target.source.profile)}" if target.source.profile else ""
    return (f"aws configure set region {quote(region)}{named}", f"export AWS_DEFAULT_REGION={quote(region)}")


def _listed(aws: Aws) -> bool | None:
    """Look the region up in AWS's own list; None where that may not be read."""
    client = aws.client("ssm")
    try:
        pages = client.get_paginator("get_parameters_by_path").paginate(Path=_REGIONS_PATH)
        return any(parameter.get("Value") == aws.region for page in pages for parameter in page["Parameters"])
    except client.exceptions.ClientError:
        return None


def _not_offered(region: str) -> Result:
    return critical(
        region,
        f"region {region}: SageMaker is not offered there, says AWS's own list",
        reason="not_offered",
        fix=Fix(
            "Choose a region that has SageMaker.",
            (f"aws ssm get-parameters-by-path --path {_REGIONS_PATH} --query 'Parameters[].Value' --region us-east-1",),
        ),
        evidence={"listed_regions_path": _REGIONS_PATH},
    )
