"""Remedies: the smallest policy that grants exactly what is missing, and the proof that it does.

Sources: IAM User Guide, "IAM and AWS STS quotas" (sizes, white space not counted), "Grant a user permissions to pass a
role"; SageMaker Developer Guide, "Cross-service confused deputy prevention" (read 2026-11-22).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from healthcheck.errors import HealthcheckError
from healthcheck.iam.decision import Decision
from healthcheck.iam.documents import Document, load_document
from healthcheck.iam.request import Request
from healthcheck.iam.wildcards import Glob, tokenize

MANAGED_POLICY_LIMIT: Final = 6_144
"""Characters in a managed policy."""
INLINE_POLICIES_LIMIT: Final = 10_240
"""Characters in all inline policies of one role together."""

ConditionBlock: TypeAlias = Mapping[str, Mapping[str, "str | Sequence[str]"]]
PolicyText: TypeAlias = dict[str, object]


class RemedyTooLarge(HealthcheckError):
    """The policy that would grant what is missing is longer than AWS accepts."""

    def __init__(self, size: int, limit: int) -> None:
        self.size = size
        self.limit = limit
        super().__init__(
            f"the policy would have {size} characters, and AWS accepts {limit}; split it, or widen it by hand"
        )


@dataclass(frozen=True, slots=True)
class Grant:
    """One action to be allowed on one resource."""

    action: str
    resource: str
    """As it stands in a policy: a star is a wildcard. For a name that holds stars or dollars see `literal`."""
    condition: ConditionBlock = field(default_factory=dict, hash=False)


def literal(arn: str) -> str:
    """Return the pattern that matches an ARN and nothing else, whatever signs it holds."""
    special = {"*": "${*}", "?": "${?}", "$": "${$}"}
    return "".join(special.get(sign, sign) for sign in arn)


def pass_role(role_arn: str, *services: str) -> Grant:
    """Return the right to hand a role to services, and to no others."""
    passed_to = services[0] if len(services) == 1 else list(services)
    return Grant("iam:PassRole", role_arn, {"StringEquals": {"iam:PassedToService": passed_to}})


def trust_policy(account: str, *services: str) -> PolicyText:
    """Return a trust policy for services that act for one account and no other."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": services[0] if len(services) == 1 else list(services)},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def minimal_policy(missing: Iterable[Grant], *, limit: int = MANAGED_POLICY_LIMIT) -> PolicyText:
    """Return the policy that allows exactly the missing actions on exactly their resources.

    Grants are merged into few statements, and never so that an action meets a resource for which it was not asked.

    Raises:
        RemedyTooLarge: when it has more characters than `limit`.
    """
    statements: list[PolicyText] = []
    for block, pairs in _by_condition(missing):
        condition = {"Condition": block} if block else {}
        rectangles = min(_by_resources(pairs), _by_actions(pairs), key=lambda shape: len(json.dumps(shape)))
        statements += [
            {"Effect": "Allow", "Action": _one_or_all(actions), "Resource": _one_or_all(resources), **condition}
            for actions, resources in rectangles
        ]
    policy: PolicyText = {"Version": "2012-10-17", "Statement": statements}
    size = policy_size(policy)
    if size > limit:
        raise RemedyTooLarge(size, limit)
    return policy


def policy_size(policy: Mapping[str, object]) -> int:
    """Return the length of a policy as AWS counts it: characters of JSON without white space."""
    return len("".join(json.dumps(policy, ensure_ascii=False, separators=(",", ":")).split()))


_Pairs: TypeAlias = set[tuple[str, str]]
_Rectangles: TypeAlias = list[tuple[list[str], list[str]]]


def _by_condition(missing: Iterable[Grant]) -> list[tuple[ConditionBlock, _Pairs]]:
    groups: dict[str, tuple[ConditionBlock, _Pairs]] = {}
    spellings: dict[str, str] = {}
    for grant in missing:
        action = spellings.setdefault(grant.action.lower(), grant.action)
        key = json.dumps(grant.condition, sort_keys=True, default=list)
        groups.setdefault(key, (grant.condition, set()))[1].add((action, grant.resource))
    # What is granted without a condition need not be granted with one.
    free = groups.get("{}", ({}, set()))[1]
    left = []
    for key, (block, pairs) in sorted(groups.items()):
        needed = pairs if key == "{}" else pairs - free
        kept = {pair for pair in needed if not _is_covered(pair, free | pairs)}
        left += [(block, kept)] if kept else []
    return left


def _is_covered(pair: tuple[str, str], granted: _Pairs) -> bool:
    """Return whether another granted pattern of the same action matches all that this one matches."""
    action, resource = pair
    if "$" in resource:
        return False
    wider = [other for each, other in granted if each == action and other != resource and _covers(other, resource)]
    # Of two that cover each other (a* and a**) the shorter stays.
    return any(not _covers(resource, other) or (len(other), other) < (len(resource), resource) for other in wider)


def _covers(wider: str, narrower: str) -> bool:
    # A star in the narrower pattern can only stand where the wider one has a star; a question mark would match it too.
    if "?" in wider or "$" in wider:
        return False
    return Glob(tokenize(wider, wildcards=True, variables=False)).matches(narrower)


def _by_resources(pairs: _Pairs) -> _Rectangles:
    """Return the actions that have the same resources, together."""
    shapes: dict[tuple[str, ...], list[str]] = {}
    for action in sorted({action for action, _ in pairs}):
        resources = tuple(sorted(resource for each, resource in pairs if each == action))
        shapes.setdefault(resources, []).append(action)
    return [(actions, list(resources)) for resources, actions in shapes.items()]


def _by_actions(pairs: _Pairs) -> _Rectangles:
    """Return the resources that have the same actions, together."""
    turned = _by_resources({(resource, action) for action, resource in pairs})
    return [(actions, resources) for resources, actions in turned]


def _one_or_all(texts: list[str]) -> str | list[str]:
    return texts[0] if len(texts) == 1 else texts


@dataclass(frozen=True, slots=True)
class Proof:
    """What a policy changes for all requests that were asked about."""

    mended: tuple[Request, ...]
    """Missing before, allowed with it."""
    unmended: tuple[Decision, ...]
    """Missing before, and not allowed with it: an Allow cannot help; the decision says what stands in the way."""
    widened: tuple[Request, ...]
    """Not missing, and yet allowed more surely than before."""

    @property
    def holds(self) -> bool:
        """Whether it mends all that is missing and nothing else."""
        return not self.unmended and not self.widened


def prove(
    policy: Mapping[str, object] | Document,
    missing: Iterable[Request],
    others: Iterable[Request],
    decide: Callable[[Request, Sequence[Document]], Decision],
) -> Proof:
    """Decide all requests anew with a policy added, and compare.

    Args:
        policy: The remedy.
        missing: The requests that it is for.
        others: Every other request that was asked about.
        decide: Decides a request with the documents that it is given added to the identity policies:
            ``lambda request, added: evaluate(request, identity=[*identity, *added], boundary=boundary)``.
            What no unread document forbids counts as allowed: a remedy cannot do better.
    """
    fix = policy if isinstance(policy, Document) else load_document(policy, name="remedy")
    after = [decide(request, (fix,)) for request in missing]
    return Proof(
        mended=tuple(decision.request for decision in after if _allows(decision)),
        unmended=tuple(decision for decision in after if not _allows(decision)),
        widened=tuple(
            request for request in others if not _allows(decide(request, ())) and _allows(decide(request, (fix,)))
        ),
    )


def _allows(decision: Decision) -> bool:
    return decision.as_far_as_seen.value == "allowed"
