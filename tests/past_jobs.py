"""Jobs of the past, as SageMaker lists and describes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from healthcheck.testing import ACCOUNT, NOW, ROLE, Pages

BUCKET = f"s3://sagemaker-us-east-1-{ACCOUNT}"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.3"
ACCESS_DENIED = f"ClientError: Data download failed:Unable to download object {BUCKET}/in/a.csv (AccessDenied: Denied)"
NOT_ASSUMED = (
    "ClientError: TrainingHostAgent Initialization failed:InvalidInputException: SageMaker is unable to perform: "
    "sts:AssumeRole on the role. Check if you have a trust relationship for 'sagemaker.amazonaws.com'"
)
OWN_SCRIPT = (
    'AlgorithmError: ExecuteUserScriptError: ExitCode 1 ErrorMessage "botocore.exceptions.ClientError: An error '
    'occurred (AccessDenied) when calling the GetObject operation: Access Denied" Command "python3.10 train.py"'
)
NO_DATA = f'ClientError: No S3 objects found under S3 URL "{BUCKET}/in/" given in input data source.'


def training(
    name: str = "churn-12",
    *,
    ago: timedelta = timedelta(hours=3),
    failure: str | None = None,
    role: str = ROLE,
    bucket: str = BUCKET,
) -> Mapping[str, Any]:
    """Return a training job that ended so long ago, as it is described."""
    return {
        "TrainingJobName": name,
        "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/{name}",
        "CreationTime": NOW - ago - timedelta(minutes=40),
        "TrainingEndTime": NOW - ago,
        "LastModifiedTime": NOW - ago + timedelta(seconds=1),
        "TrainingJobStatus": "Failed" if failure else "Completed",
        "SecondaryStatus": "Failed" if failure else "Completed",
        "FailureReason": failure or "",
        "RoleArn": role,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{bucket}/in/"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": f"{bucket}/out"},
    }


def processing(
    name: str = "clean-3", *, ago: timedelta = timedelta(hours=5), failure: str | None = None
) -> Mapping[str, Any]:
    """Return a processing job that ended so long ago, as it is described."""
    return {
        "ProcessingJobName": name,
        "ProcessingJobArn": f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:processing-job/{name}",
        "CreationTime": NOW - ago - timedelta(minutes=7),
        "ProcessingEndTime": NOW - ago,
        "LastModifiedTime": NOW - ago + timedelta(seconds=1),
        "ProcessingJobStatus": "Failed" if failure else "Completed",
        "FailureReason": failure or "",
        "RoleArn": ROLE,
        "AppSpecification": {"ImageUri": IMAGE},
        "ProcessingInputs": [{"InputName": "raw", "S3Input": {"S3Uri": f"{BUCKET}/raw", "S3DataType": "S3Prefix"}}],
        "ProcessingOutputConfig": {
            "Outputs": [{"OutputName": "clean", "S3Output": {"S3Uri": f"{BUCKET}/clean", "S3UploadMode": "EndOfJob"}}]
        },
    }


_OF_SUMMARIES = ("Name", "Arn", "EndTime", "Status")


def answers(*jobs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what SageMaker answers where these are all jobs: what is listed, on the second page of two."""
    found: dict[str, Any] = {}
    for kind in ("Training", "Processing"):
        mine = [job for job in jobs if f"{kind}JobName" in job]
        members = {"CreationTime", "LastModifiedTime", f"{kind}EndTime", *(f"{kind}Job{end}" for end in _OF_SUMMARIES)}
        listed = [{name: job[name] for name in job if name in members} for job in mine]
        pages: list[Mapping[str, Any]] = [{f"{kind}JobSummaries": []}, {f"{kind}JobSummaries": listed}]
        found[f"sagemaker.List{kind}Jobs"] = Pages(pages, "NextToken", "NextToken")
        by_name = {job[f"{kind}JobName"]: job for job in mine}
        found[f"sagemaker.Describe{kind}Job"] = lambda asked, by_name=by_name, kind=kind: by_name[
            asked[f"{kind}JobName"]
        ]
    return found
