"""The policies that say what a role or user may do, fetched as far as we may read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from healthcheck.capabilities import Aws
from healthcheck.checks import principal_tags
from healthcheck.checks.origins import Kind, Origin, Raw, Source
from healthcheck.checks.principals import Principal
from healthcheck.errors import FailureKind
from healthcheck.iam import ContextValue, Document, Hole, PolicyError, load_document

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
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    """What its tags settle of the requests that it makes."""
    beginnings: Mapping[str, str] = field(default_factory=dict)
    """How context keys begin of which no more is known: the ids of a role's sessions begin with the role's own."""

    def changed(self, changes: Mapping[Origin, Document]) -> Policies:
        """Return what they are when some documents are replaced, and others added to the principal."""
        by_document = {
            id(source.document): changes[source.origin] for source in self.sources if source.origin in changes
        }
        known = {source.origin for source in self.sources}
        added = [document for origin, document in changes.items() if origin.kind is Kind.INLINE and origin not in known]
        return replace(
            self,
            identity=(*_replaced(self.identity, by_document), *added),
            boundary=None if self.boundary is None else tuple(_replaced(self.boundary, by_document)),
        )


def _replaced(documents: Iterable[Document | Hole], changes: Mapping[int, Document]) -> Iterator[Document | Hole]:
    for document in documents:
        yield changes.get(id(document), document)


def fetch_role(aws: Aws, role_name: str) -> Policies:
    """Read a role's inline and attached policies and its permissions boundary; what is refused becomes a hole."""
    return aws.once(f"the policies of role {role_name}", lambda: _fetch_role(aws, role_name))


def _fetch_role(aws: Aws, role_name: str) -> Policies:
    reader = _Reader(aws)
    role = reader.ask("permissions boundary", lambda iam: iam.get_role(RoleName=role_name)["Role"])
    parts = aws.together(
        [
            lambda: reader.inline(
                "inline policies",
                ("role", role_name),
                lambda iam: _pages(iam, "list_role_policies", "PolicyNames", RoleName=role_name),
                lambda iam, name: iam.get_role_policy(RoleName=role_name, PolicyName=name)["PolicyDocument"],
            ),
            lambda: reader.attached(
                "attached policies",
                ("role", role_name),
                lambda iam: _pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=role_name),
            ),
        ]
    )
    return reader.policies(_whole(parts), role)


def fetch_user(aws: Aws, user_name: str) -> Policies:
    """Read a user's policies, those of its groups, and its permissions boundary; what is refused becomes a hole."""
    return aws.once(f"the policies of user {user_name}", lambda: _fetch_user(aws, user_name))


def _fetch_user(aws: Aws, user_name: str) -> Policies:
    reader = _Reader(aws)
    user = reader.ask("permissions boundary", lambda iam: iam.get_user(UserName=user_name)["User"])
    parts = aws.together(
        [
            lambda: reader.inline(
                "inline policies",
                ("user", user_name),
                lambda iam: _pages(iam, "list_user_policies", "PolicyNames", UserName=user_name),
                lambda iam, name: iam.get_user_policy(UserName=user_name, PolicyName=name)["PolicyDocument"],
            ),
            lambda: reader.attached(
                "attached policies",
                ("user", user_name),
                lambda iam: _pages(iam, "list_attached_user_policies", "AttachedPolicies", UserName=user_name),
            ),
            lambda: reader.groups(user_name),
        ]
    )
    return reader.policies(_whole(parts), user)


def _pages(iam: IAMClient, operation: str, member: str, **parameters: str) -> list[object]:
    # Names of operations are literals to boto3's types, and here they differ in nothing else.
    paginate: Callable[..., Iterable[Mapping[str, list[object]]]] = iam.get_paginator(operation).paginate  # type: ignore[call-overload]
    return [item for page in paginate(**parameters) for item in page[member]]


def _member(item: object, name: str) -> str:
    return str(item[name]) if isinstance(item, Mapping) else ""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of what was read, in the order in which IAM names it, whichever answer came first."""

    documents: tuple[Document | Hole, ...]
    sources: tuple[Source, ...] = ()
    attached: tuple[str, ...] = ()


def _whole(parts: Iterable[_Part]) -> _Part:
    parts = tuple(parts)
    return _Part(
        documents=tuple(document for part in parts for document in part.documents),
        sources=tuple(source for part in parts for source in part.sources),
        attached=tuple(arn for part in parts for arn in part.attached),
    )


class _Reader:
    """Reads the documents of principals. What does not hang on each other is asked for side by side."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._iam = aws.client("iam")

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
        name: str,
        holder: tuple[str, str],
        names: Callable[[IAMClient], list[object]],
        read: Callable[[IAMClient, str], str | Mapping[str, object]],
    ) -> _Part:
        """Read the inline policies of a holder."""
        found = self.ask(name, names)
        if isinstance(found, Hole):
            return _Part((found,))
        of_group = f" of group {holder[1]}" if holder[0] == "group" else ""

        def document(policy: str) -> _Part:
            label = f"inline policy {policy}{of_group}"
            raw = self.ask(label, lambda iam: read(iam, policy))
            return (
                _Part((raw,)) if isinstance(raw, Hole) else _read(raw, Origin(Kind.INLINE, policy, holder), name=label)
            )

        return _whole(self._aws.together([partial(document, str(policy)) for policy in found]))

    def attached(self, name: str, holder: tuple[str, str], policies: Callable[[IAMClient], list[object]]) -> _Part:
        """Read the managed policies that are attached to a holder."""
        found = self.ask(name, policies)
        if isinstance(found, Hole):
            return _Part((found,))
        arns = tuple(_member(policy, "PolicyArn") for policy in found)
        read = _whole(self._aws.together([partial(self.managed, arn, holder) for arn in arns]))
        return replace(read, attached=arns)

    def managed(self, arn: str, holder: tuple[str, str]) -> _Part:
        """Read the version of a managed policy that is in force."""
        name = arn.rsplit("/", 1)[-1]
        origin = Origin(Kind.MANAGED, arn, holder)

        def in_force() -> str:
            return self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]

        def version_of(_: IAMClient) -> str:
            # AWS gives its own policies a new version a few times a year.
            return self._aws.hourly(f"the version of {arn}", in_force) if origin.is_aws_managed else in_force()

        version = self.ask(f"policy {name}", version_of)
        if isinstance(version, Hole):
            return _Part((version,))
        answer = self.ask(
            f"policy {name}", lambda iam: iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
        )
        if isinstance(answer, Hole):
            return _Part((answer,))
        return _read(answer["Document"], origin, name=name, arn=arn, version=version)

    def groups(self, user_name: str) -> _Part:
        """Read the policies of all groups of a user."""
        found = self.ask("groups", lambda iam: _pages(iam, "list_groups_for_user", "Groups", UserName=user_name))
        if isinstance(found, Hole):
            return _Part((found,))
        return _whole(self._aws.together([partial(self._group, _member(group, "GroupName")) for group in found]))

    def _group(self, name: str) -> _Part:
        inline = self.inline(
            f"inline policies of group {name}",
            ("group", name),
            lambda iam: _pages(iam, "list_group_policies", "PolicyNames", GroupName=name),
            lambda iam, policy: iam.get_group_policy(GroupName=name, PolicyName=policy)["PolicyDocument"],
        )
        attached = self.attached(
            f"attached policies of group {name}",
            ("group", name),
            lambda iam: _pages(iam, "list_attached_group_policies", "AttachedPolicies", GroupName=name),
        )
        return _whole((inline, attached))

    def policies(self, identity: _Part, principal: Mapping[str, object] | Hole) -> Policies:
        """Put together what was read, with the boundary that the principal has."""
        boundary: _Part | None = None
        arn = boundary_arn = None
        context: Mapping[str, ContextValue] = {}
        beginnings: Mapping[str, str] = {}
        if isinstance(principal, Hole):
            boundary = _Part((principal,))
        else:
            arn, context = str(principal["Arn"]), principal_tags.context_of(principal)
            if "UserId" in principal:
                context = {**context, "aws:userid": str(principal["UserId"])}
            if "RoleId" in principal:
                beginnings = {"aws:userid": f"{principal['RoleId']}:"}
            bound = principal.get("PermissionsBoundary")
            if isinstance(bound, Mapping):
                boundary_arn = str(bound["PermissionsBoundaryArn"])
                boundary = self.managed(boundary_arn, ("", ""))
        return Policies(
            identity=identity.documents,
            boundary=boundary.documents if boundary else None,
            attached=identity.attached,
            boundary_arn=boundary_arn,
            sources=identity.sources + (boundary.sources if boundary else ()),
            arn=arn,
            context=context,
            beginnings=beginnings,
        )


def _read(
    raw: str | Mapping[str, object], origin: Origin, *, name: str, arn: str | None = None, version: str | None = None
) -> _Part:
    loaded = load(raw, name=name, arn=arn, version=version)
    if isinstance(loaded, Document) and isinstance(raw, Mapping):
        return _Part((loaded,), (Source(loaded, _json(raw), origin),))
    return _Part((loaded,))


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
