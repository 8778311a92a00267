"""Whether an answer holds what a verdict may rest on.

botocore checks what is sent, and takes whatever comes: an empty body is an empty answer to it, and half a document a
document. An empty answer reads as "there is none", which is an alarm or a calm that nobody has seen. So an answer that
lacks what AWS always says is no answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

ALWAYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "account.GetRegionOptStatus": ("RegionOptStatus",),
        "ec2.DescribeRegions": ("Regions[].RegionName",),
        "iam.GetGroupPolicy": ("PolicyDocument",),
        "iam.GetPolicy": ("Policy.DefaultVersionId",),
        "iam.GetPolicyVersion": ("PolicyVersion.Document",),
        "iam.GetRole": (
            "Role.Arn",
            "Role.AssumeRolePolicyDocument",
            "Role.CreateDate",
            "Role.PermissionsBoundary?.PermissionsBoundaryArn",
        ),
        "iam.GetRolePolicy": ("PolicyDocument",),
        "iam.GetUser": ("User.Arn", "User.PermissionsBoundary?.PermissionsBoundaryArn"),
        "iam.GetUserPolicy": ("PolicyDocument",),
        "iam.ListAttachedGroupPolicies": ("AttachedPolicies[].PolicyArn",),
        "iam.ListAttachedRolePolicies": ("AttachedPolicies[].PolicyArn",),
        "iam.ListAttachedUserPolicies": ("AttachedPolicies[].PolicyArn",),
        "iam.ListGroupPolicies": ("PolicyNames",),
        "iam.ListGroupsForUser": ("Groups[].GroupName",),
        "iam.ListRolePolicies": ("PolicyNames",),
        "iam.ListUserPolicies": ("PolicyNames",),
        "iam.SimulatePrincipalPolicy": ("EvaluationResults",),
        "kms.DescribeKey": (
            "KeyMetadata.Arn",
            "KeyMetadata.KeyManager",
            "KeyMetadata.KeySpec",
            "KeyMetadata.KeyState",
            "KeyMetadata.KeyUsage",
        ),
        "kms.GetKeyPolicy": ("Policy",),
        "kms.ListGrants": ("Grants",),
        "s3.GetBucketEncryption": (
            "ServerSideEncryptionConfiguration.Rules[].ApplyServerSideEncryptionByDefault.SSEAlgorithm",
        ),
        "s3.GetBucketPolicy": ("Policy",),
        "s3.HeadBucket": (),  # it has no body; see `impostors`
        "s3.ListBuckets": ("Buckets[].Name",),
        "sagemaker.DescribeProcessingJob": ("AppSpecification.ImageUri", "ProcessingJobStatus"),
        "sagemaker.DescribeTrainingJob": ("TrainingJobStatus",),
        "sagemaker.ListEndpoints": ("Endpoints",),
        "sagemaker.ListProcessingJobs": (
            "ProcessingJobSummaries[].ProcessingJobName",
            "ProcessingJobSummaries[].ProcessingJobStatus",
            "ProcessingJobSummaries[].CreationTime",
        ),
        "sagemaker.ListTrainingJobs": (
            "TrainingJobSummaries[].TrainingJobName",
            "TrainingJobSummaries[].TrainingJobStatus",
            "TrainingJobSummaries[].CreationTime",
        ),
        "ssm.GetParametersByPath": ("Parameters[].Value",),
        "sts.AssumeRole": (
            "Credentials.AccessKeyId",
            "Credentials.SecretAccessKey",
            "Credentials.SessionToken",
            "Credentials.Expiration",
        ),
        "sts.GetCallerIdentity": ("Account", "Arn"),
    }
)
"""The members that AWS puts into every answer of an operation; its models call few of them required.

``[]`` stands for each item of a list, which may be empty; ``?`` for a member that may be absent, and is whole where it
is not.
"""

_FORMS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "Account": re.compile(r"\d{12}", re.ASCII),
        "Arn": re.compile(r"arn:.+"),
        "PermissionsBoundaryArn": re.compile(r"arn:.+"),
        "PolicyArn": re.compile(r"arn:.+"),
    }
)
_MORE = (("IsTruncated", "Marker"), ("Truncated", "NextMarker"))
"""Members that say that there are more pages, and those that name the next; botocore stops where the name is lost."""
_TYPES: Mapping[str, type | tuple[type, ...]] = MappingProxyType(
    {
        "boolean": bool,
        "double": (float, int),
        "float": (float, int),
        "integer": int,
        "list": list,
        "long": int,
        "map": dict,
        "string": str,
        "structure": dict,
        "timestamp": datetime,
    }
)


def misfit(operation: str, shape: Any, parsed: Mapping[str, Any]) -> str | None:
    """Return what is wrong with an answer that came without an error; None where nothing is.

    Args:
        operation: such as ``iam.GetRole``.
        shape: what the service's model says of its answer.
        parsed: the answer, before botocore decodes the policies in it.
    """
    for path in ALWAYS[operation]:
        lost = next(_lost(parsed, path.split(".")), None)
        if lost is not None:
            return f"it lacks {lost}, which AWS always says"
    for flag, name in _MORE:
        if (parsed.get(flag) is True) is not bool(parsed.get(name)):
            return f"its {flag} and its {name} do not agree on whether there is more"
    odd = next(_odd(shape, parsed, ""), None) if shape is not None else None
    return f"{odd.removeprefix('.')} is of another type than AWS says" if odd else None


def _lost(value: Any, path: list[str]) -> Iterator[str]:
    """Yield the members of a path that are not there, or have another form."""
    step, rest = path[0], path[1:]
    name = step.rstrip("[]?")
    found = value.get(name) if isinstance(value, Mapping) else None
    if found is None or found == "":
        if not step.endswith("?"):
            yield name
    elif step.endswith("[]"):
        for item in found if isinstance(found, list) else ():
            yield from _lost(item, rest)
    elif rest:
        yield from _lost(found, rest)
    elif name in _FORMS and not _FORMS[name].fullmatch(str(found)):
        yield name


def _odd(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Yield the members whose type is another one than the model says; types that it does not know are not judged."""
    kind = shape.type_name
    wanted = _TYPES.get(kind)
    if wanted is not None and not isinstance(value, wanted):
        yield path
    elif kind == "structure" and not shape.is_document_type:
        members = shape.members
        for name, part in value.items():
            if name in members:
                yield from _odd(members[name], part, f"{path}.{name}")
    elif kind == "list":
        for part in value:
            yield from _odd(shape.member, part, f"{path}[]")
