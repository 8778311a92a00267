"""Cases of the checks in healthcheck.checks.region."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from healthcheck.result import Status
from healthcheck.testing import ENVIRON, TARGET, AwsError, Case, Pages, Situation, denied

_NO_JOBS: dict[str, Any] = {"TrainingJobSummaries": []}
_REFUSED = AwsError("UnrecognizedClientException", "The security token included in the request is invalid.")
_GOVERNMENT = "arn:aws-us-gov:iam::111122223333:role/SageMaker"


def _in(region: str | None, **environ: str) -> Situation:
    return Situation(target=replace(TARGET, region=region), environ={**ENVIRON, **environ})


def _refused(status: str) -> Situation:
    return Situation(
        target=replace(TARGET, region="eu-south-2"),
        answers={
            "sagemaker.ListTrainingJobs": _REFUSED,
            "account.GetRegionOptStatus": {"RegionName": "eu-south-2", "RegionOptStatus": status},
        },
    )


def _listed(*pages: str, live: object = _NO_JOBS) -> Situation:
    bodies = [{"Parameters": [{"Name": f"regions/{region}", "Value": region}]} for region in pages]
    return Situation(
        target=replace(TARGET, region="us-west-9"),
        answers={
            "ssm.GetParametersByPath": Pages(bodies, "NextToken", "NextToken"),
            "sagemaker.ListTrainingJobs": live,  # type: ignore[dict-item]
        },
    )


CASES = {
    "region.configured": (
        Case("a region that AWS has", _in("us-east-1"), Status.OK),
        Case("no region anywhere", _in(None), Status.CRITICAL, "unset"),
        Case("the variable that Python does not read", _in(None, AWS_REGION="eu-west-1"), Status.CRITICAL, "unset"),
        Case("an availability zone", _in("us-east-1a"), Status.CRITICAL, "zone"),
        Case("quotes around it", _in('"us-east-1"'), Status.CRITICAL, "quoted"),
        Case("white space behind it", _in("us-east-1 "), Status.CRITICAL, "whitespace"),
        Case("the console's name", _in("N. Virginia"), Status.CRITICAL, "human_name"),
        Case("capital letters", _in("US-EAST-1"), Status.CRITICAL, "upper_case"),
        Case("a hyphen lost", _in("us-east1"), Status.CRITICAL, "malformed"),
        Case("well formed and unheard of", _in("us-east-9"), Status.WARNING, "unlisted"),
        Case("two variables that differ", _in("us-east-1", AWS_REGION="eu-west-1"), Status.WARNING, "variables_differ"),
        Case(
            "two variables that differ, and a target that follows neither",
            Situation(target=replace(TARGET, region="ap-south-1"), environ={**ENVIRON, "AWS_REGION": "eu-west-1"}),
            Status.OK,
        ),
        Case(
            "a role of another partition",
            Situation(target=replace(TARGET, role=_GOVERNMENT)),
            Status.CRITICAL,
            "partition_differs",
        ),
    ),
    "region.supported": (
        Case("SageMaker answers", Situation(answers={"sagemaker.ListTrainingJobs": _NO_JOBS}), Status.OK),
        Case("a new region, on the second page of AWS's own list", _listed("us-east-1", "us-west-9"), Status.OK),
        Case("a region that AWS's own list lacks", _listed("us-east-1", "us-east-2"), Status.CRITICAL, "not_offered"),
        Case(
            "a new region, whose list may not be read, where SageMaker answers",
            Situation(
                target=replace(TARGET, region="us-west-9"),
                answers={
                    "ssm.GetParametersByPath": denied("ssm.GetParametersByPath"),
                    "sagemaker.ListTrainingJobs": _NO_JOBS,
                },
            ),
            Status.OK,
        ),
        Case("a region that is off", _refused("DISABLED"), Status.CRITICAL, "region_disabled"),
        Case("a region that is being switched off", _refused("DISABLING"), Status.CRITICAL, "region_disabled"),
        Case("a region that is being switched on", _refused("ENABLING"), Status.CRITICAL, "region_enabling"),
        Case("a session of the old global endpoint", _refused("ENABLED"), Status.CRITICAL, "session_refused"),
        Case(
            "a refusal whose cause may not be asked",
            Situation(answers={"sagemaker.ListTrainingJobs": _REFUSED}),
            Status.UNKNOWN,
            "not_permitted",
        ),
        Case(
            "a live call that is throttled",
            Situation(answers={"sagemaker.ListTrainingJobs": AwsError("ThrottlingException", "Rate exceeded")}),
            Status.UNKNOWN,
            "throttled",
        ),
    ),
}
