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

from healthcheck.iam.documents import Document, Effect
from healthcheck.iam.layers import Layer, LayerVerdict, Match, judge
from healthcheck.iam.nearmiss import NearMiss, near_misses
from healthcheck.iam.principals import PrincipalKind, Reach
from healthcheck.iam.request import Request
from healthcheck.iam.truth import Hole, Maybe, Truth, every, on_doubt, some

_ROLE_ACTIONS: Final = frozenset(
    {
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:tagsession",
        "sts:setsourceidentity",
        "sts:setcontext",
    }
)
"""The actions that a role's trust policy speaks about."""


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
    def near_misses(self) -> tuple[NearMiss, ...]:
        """Allow statements that fail by one element, in the layers that do not surely allow; the closest first."""
        return () if self.allowed else near_misses(self.request, self.layers)

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
            say that there surely is none give a document without statements.

    Whatever could not be read is given as a `Hole` in the place of the document.
    """
    policies = _Policies(identity, boundary, session, scps or (), rcps or (), resource_policy)
    verdicts = tuple(policies.judge(request))
    denied = some(verdict.denies() for verdict in verdicts)
    combined = _Combination(request, verdicts, as_seen=False)
    allowed = combined.allowed()
    outcome = _outcome(allowed, denied)
    seen = outcome
    if outcome is Outcome.UNKNOWN:
        seen_denied = some(verdict.denies(as_seen=True) for verdict in verdicts)
        seen = _outcome(_Combination(request, verdicts, as_seen=True).allowed(), seen_denied)
    open_points = _joined(allowed, denied) if outcome is Outcome.UNKNOWN else Maybe()
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
        # Service control policies bind the principals of an account, and a service is none of them.
        organization = ((Layer.SCP, () if is_service else self.scps), (Layer.RCP, self.rcps))
        for layer, levels in organization if bound_by_organization else ():
            for level, documents in enumerate(levels, start=1):
                yield judge(layer, documents, request, level=level)
        resource_layer = Layer.TRUST if request.folded_action in _ROLE_ACTIONS else Layer.RESOURCE
        if self.resource_policy is not None:
            yield judge(resource_layer, (self.resource_policy,), request)
        elif is_service or _needs_resource_policy(request) or _is_same_account(request) is False:
            yield judge(resource_layer, (_unseen_policy(request),), request)


def _needs_resource_policy(request: Request) -> bool:
    """Return whether the resource's own policy must allow, in the same account too: KMS keys and roles."""
    if request.folded_action in _ROLE_ACTIONS:
        return True
    return request.folded_action.startswith("kms:") and (":key/" in request.resource or ":alias/" in request.resource)


def _unseen_policy(request: Request) -> Hole:
    service = request.folded_action.partition(":")[0]
    kind = "trust policy" if service == "sts" else "policy"
    return Hole(f"the {kind} of {request.resource}", _READING.get(service, ""))


_READING: Final = {
    "kms": "kms:GetKeyPolicy",
    "s3": "s3:GetBucketPolicy",
    "ecr": "ecr:GetRepositoryPolicy",
    "sts": "iam:GetRole",
}
"""The action that shows a resource's policy, by service."""


def _is_same_account(request: Request) -> Truth | None:
    """Return whether caller and resource share an account; nothing where it is not known."""
    caller = request.caller
    if caller is None or caller.account is None:
        return True
    if request.resource_account is None:
        return None
    return caller.account == request.resource_account


class _Combination:
    """How the verdicts of the layers combine."""

    def __init__(self, request: Request, verdicts: Sequence[LayerVerdict], *, as_seen: bool) -> None:
        self._request = request
        self._verdicts = verdicts
        self._as_seen = as_seen
        self._resource = next((v for v in verdicts if v.layer in (Layer.RESOURCE, Layer.TRUST)), None)

    def allowed(self) -> Truth:
        limits = [self._allows(verdict) for verdict in self._of(Layer.SCP, Layer.RCP)]
        return every([*limits, self._granted()])

    def blocking(self) -> tuple[LayerVerdict, ...]:
        """Return the layers that would have to allow and do not, in the order in which a person mends them."""
        order = (Layer.IDENTITY, Layer.RESOURCE, Layer.TRUST, Layer.BOUNDARY, Layer.SESSION, Layer.SCP, Layer.RCP)
        found = [v for v in self._verdicts if self._allows(v) is False and self._has_to_allow(v)]
        return tuple(sorted(found, key=lambda verdict: order.index(verdict.layer)))

    def _has_to_allow(self, verdict: LayerVerdict) -> bool:
        if verdict.layer in (Layer.RESOURCE, Layer.TRUST):
            return _needs_resource_policy(self._request) or self._is_service or _is_same_account(self._request) is False
        if verdict.layer in (Layer.SCP, Layer.RCP):
            return True
        if _is_same_account(self._request) is not False and self._resource_allows(Reach.DIRECT) is not False:
            return False
        if verdict.layer is not Layer.IDENTITY:
            return True
        by_role = _is_same_account(self._request) is not False and self._resource_allows(Reach.ROLE) is not False
        return not (self._is_root or by_role)

    @property
    def _is_service(self) -> bool:
        return self._request.caller is not None and self._request.caller.kind is PrincipalKind.SERVICE

    @property
    def _is_root(self) -> bool:
        return self._request.caller is not None and self._request.caller.kind is PrincipalKind.ROOT

    def _granted(self) -> Truth:
        if self._is_service:
            # Nothing else grants to a service, so an unread policy leaves nothing to go by.
            return False if self._resource is None else self._resource.allows()
        same = _is_same_account(self._request)
        if same is not None:
            return self._granted_within() if same is True else self._granted_across()
        within, across = self._granted_within(), self._granted_across()
        if within == across or self._resource is None:
            return within
        return _joined(within, across).joined(on_doubt("which account owns the resource is not given"))

    def _granted_within(self) -> Truth:
        limits = self._limits()
        by_identity = every([self._identity(), *limits])
        direct = self._resource_allows(Reach.DIRECT)
        by_role = every([self._resource_allows(Reach.ROLE), *limits])
        if _needs_resource_policy(self._request):
            return some((direct, by_role, every((self._resource_allows(Reach.ACCOUNT), by_identity))))
        return some((by_identity, direct, by_role))

    def _granted_across(self) -> Truth:
        return every([self._identity(), *self._limits(), self._resource_allows(*Reach)])

    def _limits(self) -> list[Truth]:
        limits = [self._allows(verdict) for verdict in self._of(Layer.BOUNDARY, Layer.SESSION)]
        caller = self._request.caller
        if caller is not None and caller.kind is PrincipalKind.FEDERATED_USER and not self._of(Layer.SESSION):
            # GetFederationToken without a session policy gives a session that may do nothing.
            limits.append(False)
        return limits

    def _identity(self) -> Truth:
        # The root user needs no policy.
        return True if self._is_root else some(self._allows(verdict) for verdict in self._of(Layer.IDENTITY))

    def _resource_allows(self, *reaches: Reach) -> Truth:
        if self._resource is None:
            return False
        return some(self._resource.allows(reach, as_seen=self._as_seen) for reach in reaches)

    def _allows(self, verdict: LayerVerdict) -> Truth:
        return verdict.allows(as_seen=self._as_seen)

    def _of(self, *layers: Layer) -> list[LayerVerdict]:
        return [verdict for verdict in self._verdicts if verdict.layer in layers]


def _outcome(allowed: Truth, denied: Truth) -> Outcome:
    if denied is True:
        return Outcome.EXPLICIT_DENY
    if allowed is False:
        return Outcome.IMPLICIT_DENY
    return Outcome.ALLOWED if allowed is True and denied is False else Outcome.UNKNOWN


def _joined(*truths: Truth) -> Maybe:
    open_points = Maybe()
    for truth in truths:
        if isinstance(truth, Maybe):
            open_points = open_points.joined(truth)
    return open_points


def _deciding(outcome: Outcome, verdicts: Sequence[LayerVerdict], allowed: Truth) -> Iterator[Match]:
    """Yield the statements that settle the outcome, each once; of those that may apply, those that could change it."""
    told = set()
    for verdict in verdicts:
        for match in verdict.matches:
            denies = match.statement.effect is Effect.DENY
            if outcome is Outcome.UNKNOWN:
                could_change = denies or (allowed is not True and isinstance(verdict.allows(match.reach), Maybe))
                tell = isinstance(match.truth, Maybe) and could_change
            else:
                tell = match.truth is True and denies is (outcome is Outcome.EXPLICIT_DENY)
            if tell and outcome is not Outcome.IMPLICIT_DENY and (id(match.statement), verdict.level) not in told:
                told.add((id(match.statement), verdict.level))
                yield match
