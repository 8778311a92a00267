"""The policies that say what a role or user may do, fetched as far as we may read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from healthcheck.capabilities import Aws
from healthcheck.checks.origins import Kind, Origin, Raw, Source
from healthcheck.checks.principals import Principal
from healthcheck.errors import FailureKind
from healthcheck.iam import Document, Hole, PolicyError, load_document

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

T = TypeVar("T")

READING_ROLES = (
    "iam.GetPolicy",
    "iam.GetPolicyVersion",
    "iam.GetRole",
    "iam.GetRolePolicy",
    "iam.ListAttachedRolePolicies",
    "iam.ListRolePolicies",
)
"""The calls that `fetch_role` makes."""

READING_USERS = (
    "iam.GetGroupPolicy",
    "iam.GetPolicy",
    "iam.GetPolicyVersion",
    "iam.GetUser",
    "iam.GetUserPolicy",
    "iam.ListAttachedGroupPolicies",
    "iam.ListAttachedUserPolicies",
    "iam.ListGroupPolicies",
    "iam.ListGroupsForUser",
    "iam.ListUserPolicies",
)
"""The calls that `fetch_user` makes."""


@dataclass(frozen=True, slots=True)
class Policies:
    """Everything of a principal's policies that could be read, and a hole for each that could not."""

    identity: tuple[Document | Hole, ...]
    boundary: tuple[Document | Hole, ...] | None = None
    """None = it has none."""
    attached: tuple[str, ...] = ()
    """ARNs of the managed policies that are attached to it."""
    boundary_arn: str | None = None
    sources: tuple[Source, ...] = field(default=(), repr=False)
    """The documents that were read, as they stood there."""
    arn: str | None = None
    """The principal's own ARN with its path, where it could be read."""

    def changed(self, changes: Mapping[Origin, Document]) -> Policies:
        """Return what they are when some documents are replaced, and others added to the principal."""
        by_document = {
            id(source.document): changes[source.origin] for source in self.sources if source.origin in changes
        }
        known = {source.origin for source in self.sources}
        added = [document for origin, document in changes.items() if origin.kind is Kind.INLINE and origin not in known]
        return Policies(
            identity=(*_replaced(self.identity, by_document), *added),
            boundary=None if self.boundary is None else tuple(_replaced(self.boundary, by_document)),
            attached=self.attached,
            boundary_arn=self.boundary_arn,
            sources=self.sources,
            arn=self.arn,
        )


def _replaced(documents: Iterable[Document | Hole], changes: Mapping[int, Document]) -> Iterator[Document | Hole]:
    for document in documents:
        yield changes.get(id(document), document)


def fetch_role(aws: Aws, role_name: str) -> Policies:
    """Read a role's inline and attached policies and its permissions boundary; what is refused becomes a hole."""
    reader = _Reader(aws)
    role = reader.ask("permissions boundary", lambda iam: iam.get_role(RoleName=role_name)["Role"])
    inline = reader.ask(
        "inline policies", lambda iam: _pages(iam, "list_role_policies", "PolicyNames", RoleName=role_name)
    )
    attached = reader.ask(
        "attached policies",
        lambda iam: _pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=role_name),
    )
    identity = [
        *reader.inline(
            inline,
            ("role", role_name),
            lambda iam, name: iam.get_role_policy(RoleName=role_name, PolicyName=name)["PolicyDocument"],
        ),
        *reader.attached(attached, ("role", role_name)),
    ]
    return reader.policies(identity, role, _arns(attached))


def fetch_user(aws: Aws, user_name: str) -> Policies:
    """Read a user's policies, those of its groups, and its permissions boundary; what is refused becomes a hole."""
    reader = _Reader(aws)
    user = reader.ask("permissions boundary", lambda iam: iam.get_user(UserName=user_name)["User"])
    inline = reader.ask(
        "inline policies", lambda iam: _pages(iam, "list_user_policies", "PolicyNames", UserName=user_name)
    )
    attached = reader.ask(
        "attached policies",
        lambda iam: _pages(iam, "list_attached_user_policies", "AttachedPolicies", UserName=user_name),
    )
    groups = reader.ask("groups", lambda iam: _pages(iam, "list_groups_for_user", "Groups", UserName=user_name))
    identity = [
        *reader.inline(
            inline,
            ("user", user_name),
            lambda iam, name: iam.get_user_policy(UserName=user_name, PolicyName=name)["PolicyDocument"],
        ),
        *reader.attached(attached, ("user", user_name)),
    ]
    arns = list(_arns(attached))
    for group in [groups] if isinstance(groups, Hole) else groups:
        if isinstance(group, Hole):
            identity.append(group)
            continue
        documents, of_group = reader.group(_member(group, "GroupName"))
        identity += documents
        arns += of_group
    return reader.policies(identity, user, arns)


def _pages(iam: IAMClient, operation: str, member: str, **parameters: str) -> list[object]:
    # Names of operations are literals to boto3's types, and here they differ in nothing else.
    paginate: Callable[..., Iterable[Mapping[str, list[object]]]] = iam.get_paginator(operation).paginate  # type: ignore[call-overload]
    return [item for page in paginate(**parameters) for item in page[member]]


def _arns(attached: list[object] | Hole) -> tuple[str, ...]:
    return () if isinstance(attached, Hole) else tuple(_member(policy, "PolicyArn") for policy in attached)


def _member(item: object, name: str) -> str:
    return str(item[name]) if isinstance(item, Mapping) else ""


class _Reader:
    """Reads the documents of principals."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._iam = aws.client("iam")
        self._sources: list[Source] = []

    def ask(self, name: str, question: Callable[[IAMClient], T]) -> T | Hole:
        """Ask IAM; a refusal is a hole with the action that would fill it, any other error leaves."""
        try:
            return question(self._iam)
        except self._iam.exceptions.ClientError as error:
            failure = self._aws.failure(error)
            if failure.kind is not FailureKind.NOT_PERMITTED:
                raise
            return Hole(name, failure.missing_actions[0] if failure.missing_actions else "")

    def inline(
        self,
        names: list[object] | Hole,
        holder: tuple[str, str],
        read: Callable[[IAMClient, str], str | Mapping[str, object]],
    ) -> Iterator[Document | Hole]:
        """Read the inline policies of these names."""
        if isinstance(names, Hole):
            yield names
            return
        for name in map(str, names):
            label = f"inline policy {name}" + (f" of group {holder[1]}" if holder[0] == "group" else "")
            raw = self.ask(label, lambda iam, name=name: read(iam, name))  # type: ignore[misc]
            yield raw if isinstance(raw, Hole) else self._load(raw, Origin(Kind.INLINE, name, holder), name=label)

    def attached(self, policies: list[object] | Hole, holder: tuple[str, str]) -> Iterator[Document | Hole]:
        """Read the managed policies that are attached."""
        if isinstance(policies, Hole):
            yield policies
            return
        for arn in _arns(policies):
            yield self.managed(arn, holder)

    def managed(self, arn: str, holder: tuple[str, str]) -> Document | Hole:
        """Read the version of a managed policy that is in force."""
        name = arn.rsplit("/", 1)[-1]
        policy = self.ask(f"policy {name}", lambda iam: iam.get_policy(PolicyArn=arn)["Policy"])
        if isinstance(policy, Hole):
            return policy
        version = policy["DefaultVersionId"]
        answer = self.ask(
            f"policy {name}", lambda iam: iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
        )
        if isinstance(answer, Hole):
            return answer
        origin = Origin(Kind.MANAGED, arn, holder)
        return self._load(answer["Document"], origin, name=name, arn=arn, version=version)

    def group(self, name: str) -> tuple[list[Document | Hole], tuple[str, ...]]:
        """Read a group's policies; return them, and the ARNs of the managed ones."""
        inline = self.ask(
            f"inline policies of group {name}",
            lambda iam: _pages(iam, "list_group_policies", "PolicyNames", GroupName=name),
        )
        attached = self.ask(
            f"attached policies of group {name}",
            lambda iam: _pages(iam, "list_attached_group_policies", "AttachedPolicies", GroupName=name),
        )
        documents = [
            *self.inline(
                inline,
                ("group", name),
                lambda iam, policy: iam.get_group_policy(GroupName=name, PolicyName=policy)["PolicyDocument"],
            ),
            *self.attached(attached, ("group", name)),
        ]
        return documents, _arns(attached)

    def policies(
        self, identity: Iterable[Document | Hole], principal: Mapping[str, object] | Hole, attached: Iterable[str]
    ) -> Policies:
        """Put together what was read, with the boundary that the principal has."""
        documents = tuple(identity)
        boundary: tuple[Document | Hole, ...] | None = None
        boundary_arn = arn = None
        if isinstance(principal, Hole):
            boundary = (principal,)
        else:
            arn = str(principal["Arn"])
            bound = principal.get("PermissionsBoundary")
            if isinstance(bound, Mapping):
                boundary_arn = str(bound["PermissionsBoundaryArn"])
                boundary = (self.managed(boundary_arn, ("", "")),)
        return Policies(documents, boundary, tuple(attached), boundary_arn, tuple(self._sources), arn)

    def _load(
        self,
        document: str | Mapping[str, object],
        origin: Origin,
        *,
        name: str,
        arn: str | None = None,
        version: str | None = None,
    ) -> Document | Hole:
        loaded = load(document, name=name, arn=arn, version=version)
        if isinstance(loaded, Document) and isinstance(document, Mapping):
            self._sources.append(Source(loaded, _json(document), origin))
        return loaded


def load(
    document: str | Mapping[str, object], *, name: str, arn: str | None = None, version: str | None = None
) -> Document | Hole:
    """Compile a document; one that cannot be understood is a hole that no permission fills."""
    try:
        return load_document(document, name=name, arn=arn, version=version)
    except PolicyError as error:
        return Hole(str(error), "")


def _json(document: Mapping[str, object]) -> Raw:
    """Narrow what was parsed from JSON."""
    raw: Raw = document  # type: ignore[assignment]
    return raw


def fetch(aws: Aws, principal: Principal) -> Policies:
    """Read the policies of a user or role; nobody else has any that can be read."""
    if principal.kind == "role":
        return fetch_role(aws, principal.name)
    if principal.kind == "user":
        return fetch_user(aws, principal.name)
    return Policies(
        (Hole(f"the policies of {principal.arn}, which is neither a user nor a role", ""),), arn=principal.arn
    )
