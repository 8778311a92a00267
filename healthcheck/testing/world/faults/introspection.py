"""Permissions to look: each action that some check needs, denied in turn."""

from __future__ import annotations

from collections.abc import Callable

from healthcheck.result import Status
from healthcheck.testing.world.faults.fault import Fault
from healthcheck.testing.world.setups import Area, Setup

_CHECKS = {
    "sagemaker:ListTrainingJobs": "region.supported",
    "iam:GetRole": "role.exists",
    "iam:ListAttachedRolePolicies": "role.permissions",
    "iam:ListRolePolicies": "role.permissions",
    "iam:GetRolePolicy": "role.permissions",
    "iam:GetPolicy": "caller.permissions",
    "iam:GetPolicyVersion": "caller.permissions",
    "iam:GetUser": "caller.permissions",
    "iam:GetUserPolicy": "caller.permissions",
    "iam:ListUserPolicies": "caller.permissions",
    "iam:ListAttachedUserPolicies": "caller.permissions",
    "iam:ListGroupsForUser": "caller.permissions",
    "iam:GetGroupPolicy": "caller.permissions",
    "iam:ListGroupPolicies": "caller.permissions",
    "iam:ListAttachedGroupPolicies": "caller.permissions",
    "s3:GetBucketPolicy": "bucket.policy",
    "s3:GetEncryptionConfiguration": "role.encryption",
    "kms:DescribeKey": "role.encryption",
    "kms:GetKeyPolicy": "role.encryption",
    "s3:ListBucket": "bucket.reachable",
}


def _deny(action: str) -> Callable[[Setup], None]:
    def change(setup: Setup) -> None:
        setup.denied.add(action)

    return change


FAULTS = tuple(
    Fault(
        id=f"may-not-{action.replace(':', '-')}",
        sentence=f"The healthcheck's own identity lacks {action}.",
        check=check,
        reason="not_permitted",
        status=Status.UNKNOWN,
        area=Area.CALLER,
        strike=_deny(action),
        missing_action=action,
    )
    for action, check in _CHECKS.items()
)
