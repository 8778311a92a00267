"""What stands in an account before a set-up is built there, and the clients that build it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from healthcheck.testing.world.principals import Principal

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

READER_ROLE = "HealthcheckReader"
EXTERNAL_ID = "imitation-external-id"
FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
CURATED = "curated/"
"""The part of the data bucket that the customer's policy covers."""
CUSTOMER_POLICY = "SageMakerBucketAccess"


def data_bucket(account: str) -> str:
    """Name the bucket of an account that no managed policy of AWS's reaches."""
    return f"acme-data-{account}"


class Clients:
    """The builder's boto3 clients, one session for all accounts."""

    def __init__(self, endpoint_url: str) -> None:
        self._session = boto3.session.Session(region_name="us-east-1")
        self._endpoint_url = endpoint_url
        self._config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, proxies={})

    def iam(self, builder: Principal) -> IAMClient:
        """Return a client of IAM that acts as the builder of an account."""
        return self._session.client(
            "iam",
            endpoint_url=self._endpoint_url,
            aws_access_key_id=builder.key_id,
            aws_secret_access_key=builder.secret,
            config=self._config,
        )

    def kms(self, builder: Principal, region: str) -> KMSClient:
        """Return a client of KMS in a region that acts as the builder of an account."""
        return self._session.client(
            "kms",
            region_name=region,
            endpoint_url=self._endpoint_url,
            aws_access_key_id=builder.key_id,
            aws_secret_access_key=builder.secret,
            config=self._config,
        )

    def sagemaker(self, builder: Principal, region: str) -> SageMakerClient:
        """Return a client of SageMaker in a region that acts as the builder of an account."""
        return self._session.client(
            "sagemaker",
            region_name=region,
            endpoint_url=self._endpoint_url,
            aws_access_key_id=builder.key_id,
            aws_secret_access_key=builder.secret,
            config=self._config,
        )

    def s3(self, builder: Principal) -> S3Client:
        """Return a client of S3 that acts as the builder of an account."""
        return self._session.client(
            "s3",
            endpoint_url=self._endpoint_url,
            aws_access_key_id=builder.key_id,
            aws_secret_access_key=builder.secret,
            config=self._config,
        )


def build_account(iam: IAMClient, account: str) -> None:
    """Make what a role needs before it: the customer's policy for the default bucket and data."""
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [f"arn:aws:s3:::sagemaker-*-{account}"]},
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
                "Resource": [f"arn:aws:s3:::sagemaker-*-{account}/*"],
            },
            {
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{data_bucket(account)}/{CURATED}*",
            },
        ],
    }
    iam.create_policy(PolicyName=CUSTOMER_POLICY, PolicyDocument=json.dumps(document))


def build_user(iam: IAMClient, account: str, name: str) -> Principal:
    """Make the user whose keys the client has."""
    user = iam.create_user(UserName=name)["User"]
    for policy in (FULL_ACCESS, "arn:aws:iam::aws:policy/SecurityAudit"):
        iam.attach_user_policy(UserName=name, PolicyArn=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Principal(
        arn=user["Arn"],
        account=account,
        key_id=key["AccessKeyId"],
        secret=key["SecretAccessKey"],
        user_id=user["UserId"],
    )


def build_reader(iam: IAMClient, hub_account: str) -> str:
    """Make the role that another account's watcher assumes; return its ARN."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{hub_account}:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
            }
        ],
    }
    role = iam.create_role(RoleName=READER_ROLE, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.attach_role_policy(RoleName=READER_ROLE, PolicyArn="arn:aws:iam::aws:policy/SecurityAudit")
    return role["Arn"]
