"""The least-privilege IAM policy of a plan: exactly the calls of the enabled checks, on the targets' own ARNs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from healthcheck.permissions import OPERATIONS, Scope
from healthcheck.plan import Plan, PlannedTarget
from healthcheck.result import Json
from healthcheck.target import CredentialSource, Target

CHARACTERS_LIMIT = 6_144
"""What a managed policy may hold, white space not counted (IAM quotas, read 2026-11)."""

INLINE_LIMIT = 2_048
"""What the inline policies of a user may hold together (IAM quotas, read 2026-11)."""

ATTACHMENTS_LIMIT = 10
"""How many managed policies an identity may have unless AWS raised it (IAM quotas, read 2026-11)."""

_ROLE = re.compile(r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>[0-9]{12}):role/(?:[^\s/]+/)*(?P<name>[\w+=,.@-]+)")

# Partitions by the beginning of their regions' names; all others are in aws (botocore's endpoints.json).
_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "eusc-": "aws-eusc",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
}

_SIDS = {
    Scope.ROLE: "ReadExecutionRoles",
    Scope.POLICY: "ReadPoliciesOfExecutionRoles",
    Scope.BUCKET: "LookAtBuckets",
    Scope.KEY: "LookAtKeys",
    Scope.CALLER: "ReadUsersWhoStartJobs",
    Scope.GROUP: "ReadTheirGroups",
    Scope.JOB: "LookAtPastJobs",
    Scope.PARAMETER: "ReadPublicParameters",
    Scope.ANY: "AskWhatTakesNoResource",
    Scope.ASSUMED_ROLE: "AssumeConfiguredRoles",
}

_PATTERNS = {
    Scope.ANY: ("*",),
    Scope.JOB: (
        "arn:{partition}:sagemaker:{region}:{account}:processing-job/*",
        "arn:{partition}:sagemaker:{region}:{account}:training-job/*",
    ),
    # Which key a bucket encrypts with only looking tells.
    Scope.KEY: ("arn:{partition}:kms:{region}:{account}:key/*",),
    # AWS's own public parameters: the same in each region, whichever one is asked.
    Scope.PARAMETER: ("arn:{partition}:ssm:*:*:parameter/aws/service/global-infrastructure/*",),
}
"""Resources that hang on nothing but where the target is."""

_ON_ASSUMING = (
    "The trust policy of each role must allow this identity too.",
    # All session tags of EKS Pod Identity are transitive: they go with every AssumeRole that follows, which then takes
    # sts:TagSession as well. https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html (read 2026-11-22)
    (
        "Where EKS Pod Identity gives this identity its credentials, both have to allow sts:TagSession beside "
        "sts:AssumeRole: its session tags come along."
    ),
)

Document = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Grant:
    """What some identities must be allowed."""

    holders: tuple[str, ...]
    """The credential sources whose identities need it, by `CredentialSource.name`; they need the same."""
    targets: tuple[str, ...]
    """The targets for which they need it."""
    documents: tuple[Document, ...]
    """Policies to attach, each within `CHARACTERS_LIMIT`; mostly one, and none where nothing is needed."""
    notes: tuple[str, ...] = ()
    """What to know before attaching them."""
    is_for_assuming: bool = False
    """Whether it only lets the holders assume the roles with which the checks then work."""


@dataclass(frozen=True, slots=True)
class _Statement:
    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    def written(self) -> dict[str, Json]:
        resources: Json = "*" if self.resources == ("*",) else list(self.resources)
        return {"Sid": self.sid, "Effect": "Allow", "Action": list(self.actions), "Resource": resources}


def grants(plan: Plan, *, any_resource: bool = False) -> tuple[Grant, ...]:
    """Return what each identity of a plan needs: first those that the checks work with, then those that assume them.

    Args:
        plan: whose enabled checks and targets decide.
        any_resource: name ``*`` in place of the targets' ARNs: one policy for all targets, present and future.
    """
    by_source: dict[CredentialSource, list[PlannedTarget]] = {}
    for planned in plan.targets:
        by_source.setdefault(planned.target.source, []).append(planned)
    looking = [_for_checks(source, planned, any_resource=any_resource) for source, planned in by_source.items()]
    return (*_merged(looking), *_merged(_for_assuming(by_source, any_resource=any_resource)))


def partition_of(target: Target) -> str:
    """Return the partition that a target is in: its region's, else its role's, else the commercial one."""
    if target.region:
        return next((name for start, name in _PARTITIONS.items() if target.region.startswith(start)), "aws")
    role = _ROLE.fullmatch(target.role or "")
    return role["partition"] if role else "aws"


def _for_checks(source: CredentialSource, targets: Iterable[PlannedTarget], *, any_resource: bool) -> Grant:
    wanted: dict[tuple[Scope, str], set[str]] = {}
    notes: dict[str, None] = {}
    for planned in targets:
        for bound in planned.checks:
            operations = [OPERATIONS[call] for call in sorted(bound.check.all_calls)]
            of_caller = any(operation.scope is Scope.CALLER for operation in operations)
            asked = [(scope, each) for each in operations for scope in _scopes(each.scope, of_caller=of_caller)]
            for scope, operation in asked:
                if any_resource:
                    resources: tuple[str, ...] = ("*",)
                else:
                    resources = tuple(_resources(scope, planned.target, of_caller=of_caller))
                for resource in resources:
                    wanted.setdefault((scope, resource), set()).update(operation.actions)
                if not any_resource:
                    notes |= dict.fromkeys(_notes(scope, planned.target))
    documents = _documents(_statements(wanted))
    names = tuple(planned.name for planned in targets)
    return Grant((source.name,), names, documents, (*notes, *_warn_of_size(documents)))


def _for_assuming(
    by_source: Mapping[CredentialSource, Iterable[PlannedTarget]], *, any_resource: bool
) -> Iterator[Grant]:
    assumed: dict[str, dict[str, list[str]]] = {}
    for source, targets in by_source.items():
        if source.assume_role is not None:
            roles = assumed.setdefault(CredentialSource(profile=source.profile).name, {})
            roles.setdefault(source.assume_role, []).extend(planned.name for planned in targets)
    for holder, roles in assumed.items():
        resources = ("*",) if any_resource else tuple(sorted(roles))
        documents = _documents([_Statement(_SIDS[Scope.ASSUMED_ROLE], ("sts:AssumeRole",), resources)])
        names = tuple(name for targets in roles.values() for name in targets)
        yield Grant((holder,), names, documents, (*_ON_ASSUMING, *_warn_of_size(documents)), is_for_assuming=True)


def _merged(found: Iterable[Grant]) -> list[Grant]:
    """Put identities that need the same together."""
    merged: dict[str, Grant] = {}
    for grant in found:
        key = json.dumps([grant.documents, grant.notes])
        known = merged.get(key)
        if known:
            holders, targets = (*known.holders, *grant.holders), (*known.targets, *grant.targets)
            grant = Grant(holders, targets, grant.documents, grant.notes, grant.is_for_assuming)  # noqa: PLW2901
        merged[key] = grant
    return list(merged.values())


def _scopes(scope: Scope, *, of_caller: bool) -> tuple[Scope, ...]:
    """Return the kinds of resources that have to be named."""
    if scope is Scope.PRINCIPAL:
        return (Scope.ROLE, Scope.CALLER) if of_caller else (Scope.ROLE,)
    # Assuming a role is the right of whoever assumes it, not of the role.
    return () if scope in (Scope.NONE, Scope.ASSUMED_ROLE) else (scope,)


def _resources(scope: Scope, target: Target, *, of_caller: bool) -> Iterator[str]:
    """Yield the resources of a kind; `of_caller`: the check that asks looks at who starts jobs, too."""
    partition = partition_of(target)
    role = _ROLE.fullmatch(target.role or "")
    account = target.account or (role["account"] if role else None)
    facts = {"partition": partition, "region": target.region or "*", "account": account or "*"}
    yield from (pattern.format_map(facts) for pattern in _PATTERNS.get(scope, ()))
    if scope is Scope.ROLE and of_caller:
        yield from _calling_roles(target, partition, account)
    elif scope is Scope.ROLE and role:
        # IAM is asked by name, and finds the role under whatever path it has; that the configured path is
        # wrong can only be told by those who may read the role where it is.
        yield f"arn:{partition}:iam::{account}:role/{role['name']}"
        yield f"arn:{partition}:iam::{account}:role/*/{role['name']}"
    elif scope is Scope.POLICY and (role or of_caller):
        yield f"arn:{partition}:iam::{account or '*'}:policy/*"
        yield f"arn:{partition}:iam::aws:policy/*"
    elif scope is Scope.BUCKET:
        yield from (f"arn:{partition}:s3:::{name}" for name in _buckets(target, account))
    elif scope is Scope.KEY:
        yield from (key for key in (*target.output_keys, *target.volume_keys) if key.split(":")[4] != account)
    elif scope is Scope.CALLER:
        yield from _calling_users(target, partition, account)
    elif scope is Scope.GROUP and any(_calling_users(target, partition, account)):
        yield f"arn:{partition}:iam::{account or '*'}:group/*"


def _buckets(target: Target, account: str | None) -> Iterator[str]:
    """Yield the bucket, and those of the data that stand beside it."""
    if target.bucket is not None:
        yield _bucket(target, account)
    yield from dict.fromkeys(address[5:].partition("/")[0] for address in (*target.reads, *target.writes))


def _calling_roles(target: Target, partition: str, account: str | None) -> Iterator[str]:
    """Yield the role that starts jobs, under whatever path."""
    caller = target.caller
    if caller in (None, "self"):
        caller = target.source.assume_role
    if caller and (":role/" in caller or ":assumed-role/" in caller):
        name = caller.split("/")[1] if ":assumed-role/" in caller else caller.rpartition("/")[2]
        yield f"arn:{partition}:iam::{account or '*'}:role/{name}"
        yield f"arn:{partition}:iam::{account or '*'}:role/*/{name}"
    elif target.caller == "self":
        # Credentials of a role say which only when they are used.
        yield f"arn:{partition}:iam::{account or '*'}:role/*"


def _calling_users(target: Target, partition: str, account: str | None) -> Iterator[str]:
    """Yield the user who starts jobs; who looks at its own policies is named by a variable."""
    caller = target.caller
    if caller in (None, "self") and not target.source.assume_role:
        name = "${aws:username}"
    elif caller and ":user/" in caller:
        name = caller.rpartition("/")[2]
    else:
        return
    yield f"arn:{partition}:iam::{account or '*'}:user/{name}"
    yield f"arn:{partition}:iam::{account or '*'}:user/*/{name}"


def _bucket(target: Target, account: str | None) -> str:
    if target.bucket != "default":
        return str(target.bucket)
    return f"sagemaker-{target.region or '*'}-{account or '*'}"


def _notes(scope: Scope, target: Target) -> Iterator[str]:
    role = _ROLE.fullmatch(target.role or "")
    if scope is Scope.ROLE and target.role and not role:
        yield f"The role of {target.name} is not the ARN of a role, so reading it is left out."
    if scope is Scope.CALLER and target.caller is None and not target.source.assume_role:
        yield (
            f"Who starts jobs for {target.name} is not configured: write the user's or role's ARN under caller:, "
            "or caller: none."
        )
    if scope is Scope.BUCKET and target.bucket == "default" and not target.account and not role:
        yield f"The account of {target.name} is not configured, so its default bucket stands with a *."


def _statements(wanted: Mapping[tuple[Scope, str], set[str]]) -> list[_Statement]:
    """Put the resources on which the same is done into one statement, so that nothing is allowed by mere grouping."""
    grouped: dict[tuple[Scope, tuple[str, ...]], list[str]] = {}
    for (scope, resource), needed in wanted.items():
        grouped.setdefault((scope, tuple(sorted(needed))), []).append(resource)
    order = list(_SIDS)
    by_scope = sorted(grouped.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))
    statements: list[_Statement] = []
    for (scope, actions), resources in by_scope:
        number = sum(statement.sid.startswith(_SIDS[scope]) for statement in statements) + 1
        sid = _SIDS[scope] + (str(number) if number > 1 else "")
        statements.append(_Statement(sid, actions, tuple(sorted(resources))))
    return statements


def _documents(statements: Iterable[_Statement]) -> tuple[Document, ...]:
    """Pack statements into as few documents as their size allows, splitting those that fill one alone."""
    packed: list[list[_Statement]] = []
    for statement in statements:
        rest = statement
        while rest.resources:
            room = CHARACTERS_LIMIT - _length(packed[-1]) if packed else 0
            part = _fitting(rest, room)
            if not part:
                packed.append([])
                part = _fitting(rest, CHARACTERS_LIMIT - _length([])) or rest.resources[:1]
            packed[-1].append(_Statement(rest.sid, rest.actions, part))
            rest = _Statement(rest.sid, rest.actions, rest.resources[len(part) :])
    return tuple(_document(statements) for statements in packed)


def _fitting(statement: _Statement, room: int) -> tuple[str, ...]:
    """Return the first resources of a statement that fit."""
    # One comma parts the statement from the one before it, and each resource has two quotes and a comma.
    used = _characters(_Statement(statement.sid, statement.actions, ()).written()) + 1
    count = 0
    for resource in statement.resources:
        used += len(resource) + 3
        if used > room:
            break
        count += 1
    return statement.resources[:count]


def _document(statements: Iterable[_Statement]) -> Document:
    return {"Version": "2012-10-17", "Statement": [statement.written() for statement in statements]}


def _length(statements: Iterable[_Statement]) -> int:
    return _characters(_document(statements))


def _characters(value: object) -> int:
    return len(json.dumps(value, separators=(",", ":")))


def _warn_of_size(documents: tuple[Document, ...]) -> Iterator[str]:
    if len(documents) > ATTACHMENTS_LIMIT:
        yield (
            f"These are {len(documents)} policies, and an identity may have {ATTACHMENTS_LIMIT}: "
            "use --any-resource, or a credential source for each account."
        )
    elif sum(map(_characters, documents)) > INLINE_LIMIT:
        yield (
            f"This is longer than the {INLINE_LIMIT:,} characters that a user's inline policies may have: "
            "make it a managed policy, with aws iam create-policy."
        )
