"""Who starts jobs in the world: a person with a group in one account, a role in another."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

PERSON = "alice"
PATH = "/people/"
GROUP = "DataScientists"
ROLE = "DataScientist"
PASS_ROLE = "PassExecutionRole"  # noqa: S105 - a policy's name
START_JOBS = "StartJobs"
_FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
_READ_LOGS = "arn:aws:iam::aws:policy/CloudWatchLogsReadOnlyAccess"
_QUARANTINE = "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"
_USE_S3 = "arn:aws:iam::aws:policy/AmazonS3FullAccess"


def document(*statements: Mapping[str, Any]) -> str:
    """Return a policy document as text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def passing(role_arn: str, service: str = "sagemaker.amazonaws.com") -> Mapping[str, Any]:
    """Return the statement that lets somebody pass the execution role."""
    return {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": role_arn,
        "Condition": {"StringEquals": {"iam:PassedToService": service}},
    }


class People:
    """Who starts jobs in one account. Its methods are what faults do to them."""

    def __init__(self, iam: IAMClient, account: str, role_arn: str, *, is_role: bool) -> None:
        self._iam = iam
        self._role_arn = role_arn
        self._is_role = is_role
        kind, path, name = ("role", "/", ROLE) if is_role else ("user", PATH, PERSON)
        self.arn = f"arn:aws:iam::{account}:{kind}{path}{name}"

    def build(self) -> None:
        """Make them anew, as they are when all is well."""
        if self._is_role:
            trust = document({"Effect": "Allow", "Principal": {"AWS": self._role_arn}, "Action": "sts:AssumeRole"})
            with contextlib.suppress(self._iam.exceptions.EntityAlreadyExistsException):
                self._iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)
                self._iam.attach_role_policy(RoleName=ROLE, PolicyArn=_FULL_ACCESS)
            self._iam.delete_role_permissions_boundary(RoleName=ROLE)
            return
        self._remove()
        self._iam.create_user(Path=PATH, UserName=PERSON)
        self._iam.create_group(GroupName=GROUP)
        self._iam.add_user_to_group(GroupName=GROUP, UserName=PERSON)
        self._iam.attach_group_policy(GroupName=GROUP, PolicyArn=_USE_S3)
        self._iam.attach_user_policy(UserName=PERSON, PolicyArn=_READ_LOGS)
        self.allow_starting({"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"})
        self.allow_passing(passing(self._role_arn))

    def allow_starting(self, *statements: Mapping[str, Any]) -> None:
        """Say what the group may do with SageMaker."""
        self._iam.put_group_policy(GroupName=GROUP, PolicyName=START_JOBS, PolicyDocument=document(*statements))

    def allow_passing(self, *statements: Mapping[str, Any]) -> None:
        """Say which roles the person may pass."""
        self._iam.put_user_policy(UserName=PERSON, PolicyName=PASS_ROLE, PolicyDocument=document(*statements))

    def forbid_passing(self) -> None:
        """Take the right to pass roles away."""
        self._iam.delete_user_policy(UserName=PERSON, PolicyName=PASS_ROLE)

    def forbid_starting(self) -> None:
        """Take every right to use SageMaker away."""
        self._iam.delete_group_policy(GroupName=GROUP, PolicyName=START_JOBS)

    def quarantine(self) -> None:
        """Do what AWS does where it finds an access key of the person on a public page."""
        self._iam.attach_user_policy(UserName=PERSON, PolicyArn=_QUARANTINE)

    def use_logs(self, *, may: bool) -> None:
        """Let the person read logs, or not."""
        change = self._iam.attach_user_policy if may else self._iam.detach_user_policy
        change(UserName=PERSON, PolicyArn=_READ_LOGS)

    def _remove(self) -> None:
        iam = self._iam
        gone = iam.exceptions.NoSuchEntityException
        with contextlib.suppress(gone):
            for name in iam.list_user_policies(UserName=PERSON)["PolicyNames"]:
                iam.delete_user_policy(UserName=PERSON, PolicyName=name)
            for attached in iam.list_attached_user_policies(UserName=PERSON)["AttachedPolicies"]:
                iam.detach_user_policy(UserName=PERSON, PolicyArn=attached["PolicyArn"])
            iam.remove_user_from_group(GroupName=GROUP, UserName=PERSON)
            iam.delete_user(UserName=PERSON)
        with contextlib.suppress(gone):
            for name in iam.list_group_policies(GroupName=GROUP)["PolicyNames"]:
                iam.delete_group_policy(GroupName=GROUP, PolicyName=name)
            for attached in iam.list_attached_group_policies(GroupName=GROUP)["AttachedPolicies"]:
                iam.detach_group_policy(GroupName=GROUP, PolicyArn=attached["PolicyArn"])
            iam.delete_group(GroupName=GROUP)
