"""The kinds of policies that take part in a decision, and what each says to one request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from healthcheck.iam.documents import Document, Effect, Statement
from healthcheck.iam.principals import Named, Reach
from healthcheck.iam.request import Request
from healthcheck.iam.truth import Hole, Truth, every, on_doubt, on_hole, some


class Layer(Enum):
    """A kind of policy. The value is the word that AWS's own error texts use, or close to it."""

    IDENTITY = "identity policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    SCP = "service control policy"
    RCP = "resource control policy"
    RESOURCE = "resource policy"
    TRUST = "trust policy"

    @property
    def owner(self) -> str:
        """Who can change it."""
        return _OWNERS[self]

    @property
    def grants(self) -> bool:
        """Whether an Allow in it gives access; else it only limits what others give."""
        return self in (Layer.IDENTITY, Layer.RESOURCE, Layer.TRUST)


_OWNERS = {
    Layer.IDENTITY: "whoever administers the role or user",
    Layer.BOUNDARY: "whoever administers permissions boundaries in the account",
    Layer.SESSION: "whoever starts the session",
    Layer.SCP: "an administrator of the organization",
    Layer.RCP: "an administrator of the organization",
    Layer.RESOURCE: "the owner of the resource",
    Layer.TRUST: "whoever administers the role",
}


@dataclass(frozen=True, slots=True)
class Match:
    """A statement that applies to the request, or may."""

    layer: Layer
    document: Document
    statement: Statement
    truth: Truth
    reach: Reach = Reach.DIRECT
    """How directly it names the caller; of importance in resource policies only."""


@dataclass(frozen=True, slots=True)
class LayerVerdict:
    """What one layer, or one level of an organization's policies, says."""

    layer: Layer
    documents: tuple[Document, ...]
    holes: tuple[Hole, ...]
    matches: tuple[Match, ...]
    """Statements that apply or may."""
    level: int | None = None
    """For organization policies: 1 is the root."""

    @property
    def label(self) -> str:
        """The layer for a reader."""
        return f"{self.layer.value}{f' at level {self.level}' if self.level else ''}"

    def denies(self, *, as_seen: bool = False) -> Truth:
        """Return whether a Deny applies. `as_seen` takes it that no unread document denies."""
        truths = [match.truth for match in self.matches if match.statement.effect is Effect.DENY]
        return some(truths if as_seen else truths + [on_hole(hole) for hole in self.holes])

    def allows(self, reach: Reach | None = None, *, as_seen: bool = False) -> Truth:
        """Return whether an Allow applies, by statements that name the caller so directly where that is asked.

        `as_seen` takes it that a layer of which nothing could be read does not stand in the way: a limit does not
        limit, and a resource policy leaves it to the caller's account. It is not taken to grant by itself.
        """
        unseen = as_seen and bool(self.holes) and not self.documents
        if unseen and (reach is Reach.ACCOUNT or not self.layer.grants):
            return True
        truths = [
            match.truth
            for match in self.matches
            if match.statement.effect is Effect.ALLOW and (reach is None or match.reach is reach)
        ]
        return some(truths + [on_hole(hole) for hole in self.holes])


def judge(
    layer: Layer,
    documents: Sequence[Document | Hole],
    request: Request,
    *,
    level: int | None = None,
    is_bounded: bool = False,
) -> LayerVerdict:
    """Return what the documents of one layer say. `is_bounded`: the caller has a permissions boundary."""
    read = tuple(each for each in documents if isinstance(each, Document))
    holes = tuple(each for each in documents if isinstance(each, Hole))
    matches: list[Match] = []
    for document in read:
        for statement in document.about(request.folded_action):
            matches.extend(
                Match(layer, document, statement, truth, reach)
                for truth, reach in _applies(layer, statement, request, is_bounded=is_bounded)
            )
    return LayerVerdict(layer, read, holes, tuple(matches), level)


def _applies(
    layer: Layer, statement: Statement, request: Request, *, is_bounded: bool
) -> Iterator[tuple[Truth, Reach]]:
    """Yield whether a statement about the action applies, once for each way in which it names the caller."""
    covered = resource_truth(layer, statement, request)
    if covered is False:
        return
    ways = named_by(layer, statement, request, is_bounded=is_bounded)
    if not ways:
        return
    held = statement.conditions_hold(request.known)
    if held is False:
        return
    for named in ways:
        if named.truth is not False:
            yield every((covered, named.truth, held)), named.reach


def resource_truth(layer: Layer, statement: Statement, request: Request) -> Truth:
    """Return whether the element Resource means the resource.

    A trust policy has none; without one a resource policy is about what it is attached to, as in ECR.
    """
    if layer is Layer.TRUST:
        if statement.resource is None:
            return True
        return on_doubt(f"{statement.label} has an element Resource, which AWS does not accept in a trust policy")
    if statement.resource is None and layer is Layer.RESOURCE:
        return True
    if statement.resource is None:
        return on_doubt(f"{statement.label} has no element Resource, without which AWS accepts no {layer.value}")
    return statement.resource.covers(request.resource, request.known)


def named_by(layer: Layer, statement: Statement, request: Request, *, is_bounded: bool = False) -> tuple[Named, ...]:
    """Return how the statement names the caller; identity policies mean whoever has them.

    A Deny with NotPrincipal means everybody who has a permissions boundary, listed or not (IAM User Guide,
    "Permissions boundaries").
    """
    element = statement.principal
    if layer not in (Layer.RESOURCE, Layer.TRUST, Layer.RCP):
        return (_named_by_holding(layer, statement),)
    if element is None:
        return (Named(on_doubt(f"{statement.label} has no element Principal, which a {layer.value} needs")),)
    if layer is Layer.TRUST and element.negated:
        return (Named(on_doubt(f"{statement.label} has NotPrincipal, which AWS does not accept in a trust policy")),)
    if statement.effect is Effect.ALLOW and layer is not Layer.RCP:
        return element.grants(request.caller)
    if is_bounded and element.negated:
        return (Named(truth=True),)
    return (element.names(request.caller, denies=True),)


def _named_by_holding(layer: Layer, statement: Statement) -> Named:
    if statement.principal is None:
        return Named(truth=True)
    return Named(on_doubt(f"{statement.label} has an element Principal, which AWS accepts in no {layer.value}"))
