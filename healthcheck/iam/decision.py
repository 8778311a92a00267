"""The decision: what all policies together say to one request.

Sources: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation logic", "Permissions boundaries"
and "Principal"; Organizations User Guide, "SCP evaluation" and "RCP evaluation"; KMS Developer Guide, "Key policies"
(read 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from healthcheck.iam.combination import (
    ROLE_ACTIONS,
    Combination,
    barred,
    has_resource_policy,
    is_same_account,
    needs_resource_policy,
)
from healthcheck.iam.documents import Document, Effect
from healthcheck.iam.layers import Layer, LayerVerdict, Match, judge
from healthcheck.iam.nearmiss import NearMiss, near_misses
from healthcheck.iam.principals import PrincipalKind, Reach
from healthcheck.iam.request import Request
from healthcheck.iam.truth import Hole, Maybe, Truth, joined, some


class Outcome(Enum):
    """How a request ends. The value is the word used in JSON."""

    ALLOWED = "allowed"
    IMPLICIT_DENY = "implicit_deny"
    """Nothing allows it, in at least one layer that has to."""
    EXPLICIT_DENY = "explicit_deny"
    """A Deny applies, and no Allow can help."""
    UNKNOWN = "unknown"
    """It hangs on something that is not known: see `unknown_keys`, `holes` and `doubts`."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of one request, and everything that it rests on."""

    request: Request
    outcome: Outcome
    as_far_as_seen: Outcome
    """The outcome if what could not be read stands in nobody's way.

    That is: no unread document denies, no limit of which nothing could be read limits, and an unread resource policy
    leaves the decision to the caller's account. None is taken to give access by itself, so what nothing that was read
    allows stays unknown. Differs from `outcome` only where there are `holes`.
    """
    layers: tuple[LayerVerdict, ...]
    deciding: tuple[Match, ...]
    """The statements that settle it: the Denies, the Allows, or those that may apply. None at an implicit deny."""
    blocking: tuple[LayerVerdict, ...]
    """At an implicit deny: the layers that would have to allow and do not."""
    open_points: Maybe
    """What an unknown outcome hangs on; else empty."""

    @property
    def allowed(self) -> bool:
        """Whether it is certain that the request is allowed."""
        return self.outcome is Outcome.ALLOWED

    @property
    def denied(self) -> bool:
        """Whether it is certain that the request is denied, one way or the other."""
        return self.outcome in (Outcome.IMPLICIT_DENY, Outcome.EXPLICIT_DENY)

    @property
    def unknown_keys(self) -> tuple[str, ...]:
        """The context keys that an unknown outcome hangs on."""
        return tuple(sorted({key.lower(): key for key in sorted(self.open_points.keys)}.values()))

    @property
    def holes(self) -> tuple[Hole, ...]:
        """The unread documents that an unknown outcome hangs on."""
        return tuple(sorted(self.open_points.holes, key=lambda hole: (hole.name, hole.action)))

    @property
    def doubts(self) -> tuple[str, ...]:
        """The points left open by AWS that an unknown outcome hangs on, as sentences."""
        return tuple(sorted(self.open_points.doubts))

    @property
    def barred(self) -> str:
        """Why AWS refuses such a request whatever the policies say; empty where it does not."""
        return barred(self.request)

    @property
    def assumption(self) -> str:
        """What was taken for granted because nothing told; empty where nothing was."""
        is_unsure = self.request.resource != "*" and is_same_account(self.request) is None
        if self.denied or not is_unsure or any(verdict.layer in _OF_RESOURCES for verdict in self.layers):
            return ""
        return "the resource belongs to the caller's account, as its owner is not given"

    @property
    def near_misses(self) -> tuple[NearMiss, ...]:
        """Allow statements that fail by one element, in the layers that do not surely allow; the closest first."""
        return () if self.allowed or self.barred else near_misses(self.request, self.layers)

    def explain(self) -> str:
        """Return the decision in plain words, line by line."""
        from healthcheck.iam.explain import explain  # noqa: PLC0415 - it reads decisions, so it imports this module

        return explain(self)

    def as_json(self) -> dict[str, object]:
        """Return the decision as JSON: the outcome, what it rests on, what it hangs on, and what nearly matched."""
        from healthcheck.iam.explain import as_json  # noqa: PLC0415 - see above

        return as_json(self)


def evaluate(
    request: Request,
    *,
    identity: Sequence[Document | Hole],
    boundary: Sequence[Document | Hole] | None = None,
    session: Sequence[Document | Hole] | None = None,
    scps: Sequence[Sequence[Document | Hole]] | None = None,
    rcps: Sequence[Sequence[Document | Hole]] | None = None,
    resource_policy: Document | Hole | None = None,
) -> Decision:
    """Decide a request as AWS does.

    Args:
        request: The question.
        identity: The inline and managed policies of the role or user, groups included.
        boundary: Its permissions boundary; none = it has none.
        session: The session policies; none = there are none.
        scps: The service control policies that bind the principal's account, one list a level, root first; each
            level must allow. None = none bind it (no organization, or the management account).
        rcps: The resource control policies of the resource's account, likewise, for services that have them.
        resource_policy: The policy of the bucket, key, repository or role that is asked about. None = not given; where
            AWS always looks at one (a KMS key, a role to assume, another account's resource) it is then a hole. To
            say that there surely is none give a document without statements. A resource of which nothing tells who
            owns it is then taken to belong to the caller's account: see `Decision.assumption`.

    Whatever could not be read is given as a `Hole` in the place of the document.
    """
    policies = _Policies(identity, boundary, session, scps or (), rcps or (), resource_policy)
    verdicts = tuple(policies.judge(request))
    denied = some(verdict.denies() for verdict in verdicts)
    combined = Combination(request, verdicts, as_seen=False)
    allowed = combined.allowed()
    outcome = _outcome(allowed, denied)
    seen = outcome
    if outcome is Outcome.UNKNOWN:
        seen_denied = some(verdict.denies(as_seen=True) for verdict in verdicts)
        seen = _outcome(Combination(request, verdicts, as_seen=True).allowed(), seen_denied)
    open_points = joined(allowed, denied) if outcome is Outcome.UNKNOWN else Maybe()
    blocking = combined.blocking() if outcome is Outcome.IMPLICIT_DENY else ()
    deciding = tuple(_deciding(outcome, verdicts, allowed))
    return Decision(request, outcome, seen, verdicts, deciding, blocking, open_points)


@dataclass(frozen=True, slots=True)
class _Policies:
    """All that was given to `evaluate`."""

    identity: Sequence[Document | Hole]
    boundary: Sequence[Document | Hole] | None
    session: Sequence[Document | Hole] | None
    scps: Sequence[Sequence[Document | Hole]]
    rcps: Sequence[Sequence[Document | Hole]]
    resource_policy: Document | Hole | None

    def judge(self, request: Request) -> Iterator[LayerVerdict]:
        """Yield what each layer that takes part says to the request."""
        caller = request.caller
        is_service = caller is not None and caller.kind is PrincipalKind.SERVICE
        bound_by_organization = not (caller is not None and caller.is_service_linked)
        if not is_service:
            yield judge(Layer.IDENTITY, self.identity, request)
            if self.boundary is not None:
                yield judge(Layer.BOUNDARY, self.boundary, request)
            if self.session is not None:
                yield judge(Layer.SESSION, self.session, request)
        # Service control policies bind the principals of an account: no service, no identity of another provider.
        is_of_account = caller is None or caller.account is not None
        organization = ((Layer.SCP, self.scps if is_of_account else ()), (Layer.RCP, self.rcps))
        for layer, levels in organization if bound_by_organization else ():
            for level, documents in enumerate(levels, start=1):
                yield judge(layer, documents, request, level=level)
        if has_resource_policy(request):
            yield from self._judge_resource(request, is_service=is_service)

    def _judge_resource(self, request: Request, *, is_service: bool) -> Iterator[LayerVerdict]:
        layer = Layer.TRUST if request.folded_action in ROLE_ACTIONS else Layer.RESOURCE
        if self.resource_policy is not None:
            yield judge(layer, (self.resource_policy,), request, is_bounded=self.boundary is not None)
        elif is_service or needs_resource_policy(request) or is_same_account(request) is False:
            yield judge(layer, (_unseen_policy(request),), request)


def _unseen_policy(request: Request) -> Hole:
    service = request.folded_action.partition(":")[0]
    kind = "trust policy" if service == "sts" else "policy"
    return Hole(f"the {kind} of {request.resource}", _READING.get(service, ""))


_OF_RESOURCES: Final = (Layer.RESOURCE, Layer.TRUST)

_READING: Final = {
    "kms": "kms:GetKeyPolicy",
    "s3": "s3:GetBucketPolicy",
    "ecr": "ecr:GetRepositoryPolicy",
    "sts": "iam:GetRole",
}
"""The action that shows a resource's policy, by service."""


def _outcome(allowed: Truth, denied: Truth) -> Outcome:
    if denied is True:
        return Outcome.EXPLICIT_DENY
    if allowed is False:
        return Outcome.IMPLICIT_DENY
    return Outcome.ALLOWED if allowed is True and denied is False else Outcome.UNKNOWN


def _deciding(outcome: Outcome, verdicts: Sequence[LayerVerdict], allowed: Truth) -> Iterator[Match]:
    """Yield the statements that settle the outcome, each once; of those that may apply, those that could change it."""
    if outcome is Outcome.IMPLICIT_DENY:
        return
    told = set()
    for verdict in verdicts:
        open_reaches = {reach for reach in Reach if allowed is not True and isinstance(verdict.allows(reach), Maybe)}
        for match in verdict.matches:
            denies = match.statement.effect is Effect.DENY
            if outcome is Outcome.UNKNOWN:
                tell = isinstance(match.truth, Maybe) and (denies or match.reach in open_reaches)
            else:
                tell = match.truth is True and denies is (outcome is Outcome.EXPLICIT_DENY)
            if tell and (id(match.statement), verdict.level) not in told:
                told.add((id(match.statement), verdict.level))
                yield match
