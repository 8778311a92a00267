"""The jobs that were run in a set-up: moto lets every one complete the moment that it is made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

End = Callable[[str, datetime, str], None]
"""Lets a job of this name have ended then, for this reason; an empty one = completed."""


class PastJobs:
    """Training jobs of one role, on one bucket. Its methods are what faults do to them."""

    def __init__(
        self, sagemaker: SageMakerClient, role_arn: str, bucket: str, *, end: End, forget: Callable[[], None]
    ) -> None:
        self._sagemaker = sagemaker
        self._role_arn = role_arn
        self._bucket = bucket
        self._end = end
        self.forget = forget
        """Leave no job behind."""

    def run(self, name: str, *, ago: timedelta, failure: str = "") -> None:
        """Let a job have ended so long ago."""
        self._sagemaker.create_training_job(
            TrainingJobName=name,
            RoleArn=self._role_arn,
            AlgorithmSpecification={
                "TrainingImage": "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.3",
                "TrainingInputMode": "File",
            },
            InputDataConfig=[
                {
                    "ChannelName": "train",
                    "DataSource": {
                        "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self._bucket}/train/"},
                    },
                }
            ],
            OutputDataConfig={"S3OutputPath": f"s3://{self._bucket}/models"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
            StoppingCondition={"MaxRuntimeInSeconds": 3600},
        )
        self._end(name, datetime.now(UTC) - ago, failure)
