"""The one table of AWS operations that checks may ask for, and the IAM actions that each of them takes.

An operation without a row is refused everywhere, so the policy generated from the checks' declarations
is exact by construction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Scope(Enum):
    """The kind of resource that an action is authorised against."""

    ANY = "any"
    """The action takes no resource: ``*``."""
    ROLE = "role"
    """The target's execution role."""
    POLICY = "policy"
    """Managed policies that may be attached to the role or bound it."""
    BUCKET = "bucket"
    """The target's bucket, and those that it reads and writes beside it."""
    KEY = "key"
    """The KMS keys of the target, and of its buckets."""
    CALLER = "caller"
    """The user who starts jobs."""
    PRINCIPAL = "principal"
    """The role or user that the check looks at."""
    GROUP = "group"
    """The groups that this user may be in."""
    PARAMETER = "parameter"
    """A public SSM parameter of AWS's own."""
    JOB = "job"
    """The training and processing jobs of the target's account and region."""
    ASSUMED_ROLE = "assumed_role"
    """The role that the credential source assumes."""
    NONE = "none"
    """No permission is needed at all."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An API operation: what it takes and whether it only reads."""

    service: str
    """boto3's name of the client."""
    name: str
    """The API's name of the operation."""
    actions: tuple[str, ...]
    scope: Scope
    reads_only: bool = True
    source: str = ""
    """Where AWS documents the action, when it is not the operation's own name."""

    @property
    def id(self) -> str:
        """``service.Name``, as checks declare it."""
        return f"{self.service}.{self.name}"


def _table(*operations: Operation) -> Mapping[str, Operation]:
    return MappingProxyType({operation.id: operation for operation in operations})


OPERATIONS: Mapping[str, Operation] = _table(
    # GetCallerIdentity needs no permission and works under an explicit Deny (STS API reference).
    Operation("sts", "GetCallerIdentity", (), Scope.NONE),
    Operation("sts", "AssumeRole", ("sts:AssumeRole",), Scope.ASSUMED_ROLE),
    Operation("iam", "GetRole", ("iam:GetRole",), Scope.ROLE),
    Operation("iam", "SimulatePrincipalPolicy", ("iam:SimulatePrincipalPolicy",), Scope.PRINCIPAL),
    Operation("iam", "ListAttachedRolePolicies", ("iam:ListAttachedRolePolicies",), Scope.ROLE),
    Operation("iam", "ListRolePolicies", ("iam:ListRolePolicies",), Scope.ROLE),
    Operation("iam", "GetRolePolicy", ("iam:GetRolePolicy",), Scope.ROLE),
    Operation("iam", "GetPolicy", ("iam:GetPolicy",), Scope.POLICY),
    Operation("iam", "GetPolicyVersion", ("iam:GetPolicyVersion",), Scope.POLICY),
    Operation("iam", "GetUser", ("iam:GetUser",), Scope.CALLER),
    Operation("iam", "GetUserPolicy", ("iam:GetUserPolicy",), Scope.CALLER),
    Operation("iam", "ListUserPolicies", ("iam:ListUserPolicies",), Scope.CALLER),
    Operation("iam", "ListAttachedUserPolicies", ("iam:ListAttachedUserPolicies",), Scope.CALLER),
    Operation("iam", "ListGroupsForUser", ("iam:ListGroupsForUser",), Scope.CALLER),
    Operation("iam", "GetGroupPolicy", ("iam:GetGroupPolicy",), Scope.GROUP),
    Operation("iam", "ListGroupPolicies", ("iam:ListGroupPolicies",), Scope.GROUP),
    Operation("iam", "ListAttachedGroupPolicies", ("iam:ListAttachedGroupPolicies",), Scope.GROUP),
    Operation("s3", "GetBucketPolicy", ("s3:GetBucketPolicy",), Scope.BUCKET),
    Operation(
        "s3",
        "GetBucketEncryption",
        ("s3:GetEncryptionConfiguration",),
        Scope.BUCKET,
        source="S3 API reference, GetBucketEncryption, Permissions",
    ),
    Operation("kms", "DescribeKey", ("kms:DescribeKey",), Scope.KEY),
    Operation("kms", "GetKeyPolicy", ("kms:GetKeyPolicy",), Scope.KEY),
    Operation("kms", "ListGrants", ("kms:ListGrants",), Scope.KEY),
    Operation("s3", "HeadBucket", ("s3:ListBucket",), Scope.BUCKET, source="S3 API reference, HeadBucket, Permissions"),
    Operation(
        "s3", "ListBuckets", ("s3:ListAllMyBuckets",), Scope.ANY, source="S3 API reference, ListBuckets, Permissions"
    ),
    Operation("ssm", "GetParametersByPath", ("ssm:GetParametersByPath",), Scope.PARAMETER),
    Operation("account", "GetRegionOptStatus", ("account:GetRegionOptStatus",), Scope.ANY),
    Operation("ec2", "DescribeRegions", ("ec2:DescribeRegions",), Scope.ANY),
    Operation("sagemaker", "ListTrainingJobs", ("sagemaker:ListTrainingJobs",), Scope.ANY),
    Operation("sagemaker", "ListProcessingJobs", ("sagemaker:ListProcessingJobs",), Scope.ANY),
    Operation("sagemaker", "DescribeTrainingJob", ("sagemaker:DescribeTrainingJob",), Scope.JOB),
    Operation("sagemaker", "DescribeProcessingJob", ("sagemaker:DescribeProcessingJob",), Scope.JOB),
    Operation("sagemaker", "ListEndpoints", ("sagemaker:ListEndpoints",), Scope.ANY),
)
