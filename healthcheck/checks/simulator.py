"""AWS's policy simulator: what it is asked, in as few calls as can be, and how its answers are read.

It takes actions times resources and decides each pair for itself; pairs that nobody asked about are passed over. What
a call has once, for all its pairs, is the context: requests share a call where the context of one says nothing of
another. Only ``*`` stands alone: its answers are told in another place than those about ARNs.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from healthcheck.capabilities import Aws
from healthcheck.iam import ContextValue, Request

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import ContextEntryTypeDef

CALLS = ("iam.SimulatePrincipalPolicy",)
"""What `ask` calls."""

MOST_PAIRS = 200
"""Pairs that one call asks about: some 100 KB of answers. A role that trains takes two calls, of all purposes three."""

NO_ANSWER = "none"
_PAGE = 1_000
_DECISIONS = frozenset({"allowed", "implicitDeny", "explicitDeny"})

Key = tuple[str, str]
"""An action in small letters, and a resource."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """The simulator's answer about one action on one resource."""

    decision: str
    """``allowed``, ``implicitDeny``, ``explicitDeny`` or, where it gave none, ``none``."""
    is_by_organization: bool = False
    """Whether a policy of the organization denies the action, on this resource or another of the same call."""
    missing_keys: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    """The policies that decided, as the simulator calls them."""


@dataclass(slots=True)
class Batch:
    """Requests that one call asks about."""

    shared: Mapping[str, ContextValue]
    """The context that all of them have."""
    is_of_everything: bool
    """Whether they are about ``*`` and not about something by its ARN."""
    own: dict[str, Mapping[str, ContextValue]] = field(default_factory=dict)
    """The context that only requests to one service have, by service."""
    actions: dict[str, None] = field(default_factory=dict)
    resources: dict[str, None] = field(default_factory=dict)

    def takes(self, request: Request, shared: Mapping[str, ContextValue], own: Mapping[str, ContextValue]) -> bool:
        """Whether a request can be asked about in the same call without changing any answer."""
        actions, resources = {*self.actions, request.action}, {*self.resources, request.resource}
        return (
            self.is_of_everything is (request.resource == "*")
            and self.shared == shared
            and self.own.get(_service(request), own) == own
            and len(actions) * len(resources) <= MOST_PAIRS
        )

    def add(self, request: Request, own: Mapping[str, ContextValue]) -> None:
        """Ask about a request, too."""
        self.own[_service(request)] = own
        self.actions[request.action] = None
        self.resources[request.resource] = None

    @property
    def context(self) -> Mapping[str, ContextValue]:
        """All context."""
        return {**self.shared, **{key: value for part in self.own.values() for key, value in part.items()}}


def key_of(request: Request) -> Key:
    """Return what tells the answers to requests apart."""
    return request.folded_action, request.resource


def ask(aws: Aws, principal: str, requests: Sequence[Request]) -> Mapping[Key, Simulated]:
    """Return the simulator's answers, one for each request.

    Args:
        aws: the capability.
        principal: the ARN of the role or user.
        requests: what to ask about; the first of several with one action and resource counts.
    """
    found: dict[Key, Simulated] = {}
    # Side by side: to wait whether the first is refused would save a refused call an hour, and cost each first look.
    for part in aws.together([partial(_simulate, aws, principal, batch) for batch in batches(requests)]):
        found |= part
    return {key_of(request): _answer_to(request, found) for request in requests}


def batches(requests: Iterable[Request]) -> tuple[Batch, ...]:
    """Put requests together so that few calls ask about all of them."""
    found: list[Batch] = []
    # What is alike stands together, so that few pairs are asked about in vain.
    for request in sorted(requests, key=lambda request: (_service(request), request.resource)):
        service = _service(request)
        known = {key: value for key, value in request.context.items() if value is not None and not key.endswith("*")}
        own = {key: value for key, value in known.items() if key.startswith(f"{service}:")}
        shared = {key: value for key, value in known.items() if key not in own}
        batch = next((each for each in found if each.takes(request, shared, own)), None)
        if batch is None:
            batch = Batch(shared, request.resource == "*")
            found.append(batch)
        batch.add(request, own)
    return tuple(found)


def _service(request: Request) -> str:
    return request.folded_action.partition(":")[0]


def _answer_to(request: Request, found: Mapping[Key, Simulated]) -> Simulated:
    action, resource = key_of(request)
    return found.get((action, resource)) or found.get((action, "*")) or Simulated(NO_ANSWER)


def _simulate(aws: Aws, principal: str, batch: Batch) -> Mapping[Key, Simulated]:
    pages = (
        aws.client("iam")
        .get_paginator("simulate_principal_policy")
        .paginate(
            PolicySourceArn=principal,
            ActionNames=sorted(batch.actions),
            ResourceArns=sorted(batch.resources),
            ContextEntries=list(_entries(batch.context)),
            PaginationConfig={"PageSize": _PAGE},
        )
    )
    return {
        key: answer for page in pages for result in page.get("EvaluationResults", ()) for key, answer in read(result)
    }


def _entries(context: Mapping[str, ContextValue]) -> Iterator[ContextEntryTypeDef]:
    """Yield the context in the API's form."""
    for key, value in context.items():
        if isinstance(value, bool):
            yield {"ContextKeyName": key, "ContextKeyType": "boolean", "ContextKeyValues": [str(value).lower()]}
        elif isinstance(value, datetime):
            stamp = f"{value:%Y-%m-%dT%H:%M:%SZ}"
            yield {"ContextKeyName": key, "ContextKeyType": "date", "ContextKeyValues": [stamp]}
        elif isinstance(value, int | float):
            yield {"ContextKeyName": key, "ContextKeyType": "numeric", "ContextKeyValues": [str(value)]}
        elif isinstance(value, str):
            yield {"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value]}
        elif value is not None and not isinstance(value, bytes):
            values = [str(each) for each in value]
            yield {"ContextKeyName": key, "ContextKeyType": "stringList", "ContextKeyValues": values}


def read(result: Mapping[str, Any]) -> Iterator[tuple[Key, Simulated]]:
    """Yield the answers of one EvaluationResult: by resource where it has them, else the one at its top.

    What has no action or no decision that is known is no answer.
    """
    action = str(result.get("EvalActionName", "")).lower()
    by_organization = not result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True)
    for part in result.get("ResourceSpecificResults") or [_at_the_top(result)]:
        decision = part.get("EvalResourceDecision")
        policies = {match.get("SourcePolicyId", "") for match in part.get("MatchedStatements", [])}
        if action and decision in _DECISIONS:
            yield (
                (action, part.get("EvalResourceName", "*")),
                Simulated(
                    decision,
                    by_organization,
                    tuple(sorted(part.get("MissingContextValues", []))),
                    tuple(sorted(policies - {""})),
                ),
            )


def _at_the_top(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the answer of a result that has none by resource; its name is the resource's, or a form of ARNs."""
    name = str(result.get("EvalResourceName", "*"))
    is_form = "${" in name
    return {**result, "EvalResourceName": "*" if is_form else name, "EvalResourceDecision": result.get("EvalDecision")}
