"""The policies that say what a role may do, fetched as far as we may read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from healthcheck.capabilities import Aws
from healthcheck.errors import FailureKind
from healthcheck.iam import Document, Hole, PolicyError, load_document

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RolePolicies:
    """Everything of a role's policies that could be read, and a hole for each that could not."""

    identity: tuple[Document | Hole, ...]
    boundary: tuple[Document | Hole, ...] | None
    """None = it has none."""
    attached: tuple[str, ...]
    """ARNs of the managed policies that are attached to it."""
    boundary_arn: str | None = None


def fetch(aws: Aws, role_name: str) -> RolePolicies:
    """Read a role's inline and attached policies and its permissions boundary; what is refused becomes a hole."""
    reader = _Reader(aws, role_name)
    role = reader.ask("permissions boundary", lambda iam: iam.get_role(RoleName=role_name)["Role"])
    attached = reader.ask("attached policies", reader.list_attached)
    inline = reader.ask("inline policies", reader.list_inline)
    identity: list[Document | Hole] = []
    if isinstance(inline, Hole):
        identity.append(inline)
    else:
        identity.extend(reader.inline(name) for name in inline)
    if isinstance(attached, Hole):
        identity.append(attached)
    else:
        identity.extend(reader.managed(arn) for arn in attached)
    boundary: tuple[Document | Hole, ...] | None = None
    boundary_arn: str | None = None
    if isinstance(role, Hole):
        boundary = (role,)
    elif "PermissionsBoundary" in role:
        boundary_arn = role["PermissionsBoundary"]["PermissionsBoundaryArn"]
        boundary = (reader.managed(boundary_arn),)
    return RolePolicies(tuple(identity), boundary, () if isinstance(attached, Hole) else tuple(attached), boundary_arn)


class _Reader:
    """Reads one role's documents."""

    def __init__(self, aws: Aws, role_name: str) -> None:
        self._aws = aws
        self._iam = aws.client("iam")
        self._role_name = role_name

    def ask(self, name: str, question: Callable[[IAMClient], T]) -> T | Hole:
        """Ask IAM; a refusal is a hole with the action that would fill it, any other error leaves."""
        try:
            return question(self._iam)
        except self._iam.exceptions.ClientError as error:
            failure = self._aws.failure(error)
            if failure.kind is not FailureKind.NOT_PERMITTED:
                raise
            return Hole(name, failure.missing_actions[0] if failure.missing_actions else "")

    def list_inline(self, iam: IAMClient) -> list[str]:
        """Return the names of all inline policies."""
        pages = iam.get_paginator("list_role_policies").paginate(RoleName=self._role_name)
        return [name for page in pages for name in page["PolicyNames"]]

    def list_attached(self, iam: IAMClient) -> list[str]:
        """Return the ARNs of all attached policies."""
        pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=self._role_name)
        return [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]

    def inline(self, name: str) -> Document | Hole:
        """Read one inline policy."""
        answer = self.ask(
            f"inline policy {name}", lambda iam: iam.get_role_policy(RoleName=self._role_name, PolicyName=name)
        )
        return answer if isinstance(answer, Hole) else _load(answer["PolicyDocument"], name=f"inline policy {name}")

    def managed(self, arn: str) -> Document | Hole:
        """Read the version of a managed policy that is in force."""
        name = arn.rsplit("/", 1)[-1]
        policy = self.ask(f"policy {name}", lambda iam: iam.get_policy(PolicyArn=arn)["Policy"])
        if isinstance(policy, Hole):
            return policy
        version = policy["DefaultVersionId"]
        answer = self.ask(
            f"policy {name}", lambda iam: iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
        )
        return answer if isinstance(answer, Hole) else _load(answer["Document"], name=name, arn=arn, version=version)


def _load(
    document: str | Mapping[str, object], *, name: str, arn: str | None = None, version: str | None = None
) -> Document | Hole:
    """Compile a document; one that cannot be understood is a hole that no permission fills."""
    try:
        return load_document(document, name=name, arn=arn, version=version)
    except PolicyError as error:
        return Hole(str(error), "")
