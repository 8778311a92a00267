"""One question: may this principal do this action on this resource?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from healthcheck.errors import HealthcheckError
from healthcheck.iam.context import Context, ContextValue
from healthcheck.iam.principals import Principal, PrincipalKind, is_account, is_arn, may_be_principal, parse_principal
from healthcheck.iam.words import shown

_ARN_PARTS: Final = 6
_ACCOUNT_DIGITS: Final = 12
_NOT_IN_ACTIONS: Final = frozenset("*? \t\r\n")


class RequestError(HealthcheckError):
    """A request asks about nothing in particular, or of nobody."""

    def __init__(self, field_name: str, mistake: str) -> None:
        self.field = field_name
        """The field of `Request` with the mistake."""
        super().__init__(mistake)


@dataclass(frozen=True, slots=True)
class Request:
    """A request to AWS, as far as policies look at it.

    Raises:
        RequestError: where a field is of no use: the action is not one concrete action, the resource no ARN …
    """

    action: str
    """Such as ``s3:GetObject``; one action, no wildcards."""
    resource: str = "*"
    """A concrete ARN, taken literally; ``*`` only for an action that knows no resources (ecr:GetAuthorizationToken).

    s3:ListAllMyBuckets is about ``arn:aws:s3:::*``, which ``*`` becomes: AWS's own examples grant it there.
    """
    resource_account: str | None = None
    """Who owns the resource; read from the ARN where that names an account (a bucket's does not)."""
    principal: str | None = None
    """The ARN of the role, role session, user, federated user or root user, or a service's name.

    A role's ARN means some session of it, whose name is not known. None: whoever holds the identity policies.
    """
    context: Mapping[str, ContextValue] = field(default_factory=dict, hash=False)
    """Values of context keys. None or an empty list says that a key is known to be absent, the name ``prefix*`` with
    None that every key is that begins so. What follows from the principal and the resource is added."""
    context_complete: bool = False
    """Whether every other key is known to be absent; else it is unknown."""
    beginnings: Mapping[str, str] = field(default_factory=dict, hash=False)
    """How values of context keys begin of which no more is known: ``{"aws:userid": "AROAEXAMPLEID:"}`` for the
    sessions of a role. An empty text says that there is a value."""
    caller: Principal | None = field(init=False, repr=False, compare=False)
    known: Context = field(init=False, repr=False, compare=False)
    folded_action: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for field_name, mistake in self._mistakes():
            raise RequestError(field_name, mistake)
        caller = None if self.principal is None else parse_principal(self.principal)
        if self.resource == "*" and self.action.lower() == "s3:listallmybuckets":
            partition = self.principal.split(":")[1] if self.principal and ":" in self.principal else "aws"
            object.__setattr__(self, "resource", f"arn:{partition}:s3:::*")
        object.__setattr__(self, "folded_action", self.action.lower())
        object.__setattr__(self, "caller", caller)
        object.__setattr__(self, "resource_account", self.resource_account or _account_in(self.resource))
        implied = {**_implied_by(caller), **self._implied_by_resource()}
        # What is given comes last, so that it counts, in whatever letter case.
        object.__setattr__(self, "known", self._context({**implied, **self.context}))

    def _context(self, values: Mapping[str, ContextValue]) -> Context:
        implied = {} if self.context_complete else _beginnings_implied_by(self.caller)
        return Context(values, complete=self.context_complete, beginnings={**implied, **self.beginnings})

    def _mistakes(self) -> Iterator[tuple[str, str]]:
        # Whatever is none of these would match no policy, and a mistake in the question would look like a denial.
        service, colon, name = self.action.partition(":")
        if not (service and colon and name) or set(self.action) & _NOT_IN_ACTIONS:
            yield "action", f"“{shown(self.action)}” is not one action such as s3:GetObject"
        if self.resource != "*" and not is_arn(self.resource):
            yield "resource", f"“{shown(self.resource)}” is neither an ARN nor *"
        if self.resource_account and not is_account(self.resource_account):
            yield "resource_account", f"“{shown(self.resource_account)}” is no account of {_ACCOUNT_DIGITS} digits"
        elif self.resource_account and _account_in(self.resource) not in (None, self.resource_account):
            yield "resource_account", f"{self.resource_account} is another account than that of {self.resource}"
        if self.principal is not None and not may_be_principal(self.principal):
            yield "principal", f"“{shown(self.principal)}” is neither an ARN nor the name of a service"

    def _implied_by_resource(self) -> dict[str, ContextValue]:
        owner = self.resource_account
        if owner is None:
            return {}
        is_in_s3 = self.folded_action.startswith("s3:")
        return {"aws:ResourceAccount": owner, **({"s3:ResourceAccount": owner} if is_in_s3 else {})}


def _account_in(resource: str) -> str | None:
    parts = resource.split(":", _ARN_PARTS - 1)
    return parts[4] if len(parts) == _ARN_PARTS and is_account(parts[4]) else None


def _implied_by(caller: Principal | None) -> dict[str, ContextValue]:
    """Return the context keys that follow from who asks.

    Sources: IAM User Guide, "AWS global condition context keys" (availability) and "Variables and tags" (values by
    kind of principal); KMS Developer Guide, "AWS KMS condition keys".
    """
    if caller is not None and caller.kind is PrincipalKind.SERVICE:
        return {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": caller.text}
    if caller is None or caller.account is None:
        return {}
    values: dict[str, ContextValue] = {
        "aws:PrincipalAccount": caller.account,
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalServiceName": None,
        "aws:PrincipalServiceNamesList": None,
        "aws:PrincipalType": _TYPES[caller.kind],
        "aws:username": caller.name if caller.kind is PrincipalKind.USER else None,
        "kms:CallerAccount": caller.account,
        # Sent only by services that act in their own name.
        "aws:SourceAccount": None,
        "aws:SourceArn": None,
        "aws:SourceOrgID": None,
        "aws:SourceOrgPaths": None,
    }
    if caller.kind is not PrincipalKind.SESSION:
        # Of a session the key holds its role's ARN, whose path the session's ARN has lost.
        values["aws:PrincipalArn"] = caller.text
    if caller.kind is PrincipalKind.ROOT:
        values["aws:userid"] = caller.account
    if caller.kind is PrincipalKind.FEDERATED_USER:
        values["aws:userid"] = f"{caller.account}:{caller.name}"
    return values


_TYPES: Final = {
    PrincipalKind.ROLE: "AssumedRole",
    PrincipalKind.SESSION: "AssumedRole",
    PrincipalKind.USER: "User",
    PrincipalKind.FEDERATED_USER: "FederatedUser",
    PrincipalKind.ROOT: "Account",
}


def _beginnings_implied_by(caller: Principal | None) -> dict[str, str]:
    """Return how context keys begin that follow from who asks, and of which no more is known.

    Sources: as above; IAM User Guide, "IAM identifiers" (the beginnings of unique ids).
    """
    kind = None if caller is None else caller.kind
    if caller is not None and kind is PrincipalKind.SESSION:
        partition = caller.text.split(":")[1]
        role = {"aws:PrincipalArn": f"arn:{partition}:iam::{caller.account}:role/"}
        return {**role, "aws:userid": "AROA", "aws:TokenIssueTime": ""}
    if kind is PrincipalKind.ROLE:
        return {"aws:userid": "AROA", "aws:TokenIssueTime": ""}
    if kind is PrincipalKind.FEDERATED_USER:
        return {"aws:TokenIssueTime": ""}
    return {"aws:userid": "AIDA"} if kind is PrincipalKind.USER else {}
