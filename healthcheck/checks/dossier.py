"""A dossier: what somebody needs, the documents that decide it, and the verdict on each need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from healthcheck.checks.bucket_names import Home
from healthcheck.checks.needs import PROBE, Need
from healthcheck.checks.origins import Origin, Source
from healthcheck.checks.principal_policies import Policies
from healthcheck.iam import Decision, Document, Effect, Hole, Layer, Outcome, Request, evaluate, load_document

_NAMES = 20
# The best answer of several spellings of one question counts.
_BEST_FIRST = (Outcome.ALLOWED, Outcome.UNKNOWN, Outcome.IMPLICIT_DENY, Outcome.EXPLICIT_DENY)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A need, and what the documents say to it: one row of a diagnosis, to be compared with other evidence."""

    need: Need
    decision: Decision

    @property
    def outcome(self) -> Outcome:
        """How it ends, as far as this check has to see.

        The policy of a bucket, key or repository that could not be read is excused where the need is not strict and
        what was read allows the action.
        """
        decision = self.decision
        if decision.outcome is Outcome.UNKNOWN and decision.holes and all(self._is_excused(h) for h in decision.holes):
            return decision.as_far_as_seen
        return decision.outcome

    def _is_excused(self, hole: Hole) -> bool:
        of_resource = any(hole in each.holes for each in self.decision.layers if each.layer is Layer.RESOURCE)
        return of_resource and not self.need.is_strict

    @property
    def is_denied(self) -> bool:
        """Whether it is certain that it is denied, one way or the other."""
        return self.outcome in (Outcome.IMPLICIT_DENY, Outcome.EXPLICIT_DENY)

    @property
    def lacks_allow(self) -> bool:
        """Whether it hangs on a resource's unread policy alone, so that an Allow of the principal's own settles it."""
        holes = self.decision.holes
        return self.outcome is Outcome.UNKNOWN and bool(holes) and all(map(self._is_excused, holes))

    @property
    def text(self) -> str:
        """The need for a reader."""
        return self.need.text


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything that the verdicts on one principal rest on."""

    principal: str
    """The ARN of the role or user."""
    home: Home
    now: datetime
    needs: tuple[Need, ...]
    policies: Policies
    resources: Mapping[str, Source | Document | Hole] = field(default_factory=dict)
    """The policies of buckets (``s3://name``) and keys (their ARN)."""
    grants: Mapping[str, frozenset[str] | Hole] = field(default_factory=dict)
    """What KMS grants let the principal do, by the key's ARN."""
    is_only_rescued: bool = False
    """Whether the resources' policies count for what they allow alone; what they deny is another check's."""

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return the verdict on each need."""
        return tuple(map(self.verdict, self.needs))

    def verdict(self, need: Need) -> Verdict:
        """Decide one need, in the spelling that ends best."""
        names = self._names(need) if need.may_be_named else ()
        known, beginnings = self.policies.context, self.policies.beginnings
        requests = tuple(
            need.requests(self.principal, self.home, self.now, known=known, names=names, beginnings=beginnings)
        )
        verdicts = [Verdict(need, self._decide(request, need)) for request in requests]
        return min(verdicts, key=lambda verdict: _BEST_FIRST.index(verdict.outcome))

    def changed(self, changes: Mapping[Origin, Document]) -> Dossier:
        """Return the dossier as it is with some documents replaced or added."""
        resources = {
            name: changes.get(source.origin, source) if isinstance(source, Source) else source
            for name, source in self.resources.items()
        }
        return replace(self, policies=self.policies.changed(changes), resources=resources)

    def about(self, needs: Sequence[Need]) -> Dossier:
        """Return the same documents, for other needs."""
        return replace(self, needs=tuple(needs))

    @property
    def sources(self) -> tuple[Source, ...]:
        """All documents that could be changed."""
        return (*self.policies.sources, *(each for each in self.resources.values() if isinstance(each, Source)))

    def _names(self, need: Need) -> tuple[str, ...]:
        """Return names that the policies themselves have in mind: ``training-job/team-*`` means team-something."""
        kind = need.resources[0].rpartition(":")[2].rpartition("/")[0] + "/"
        found: dict[str, None] = {}
        for document in self.policies.identity:
            for statement in document.about(need.action.lower()) if isinstance(document, Document) else ():
                if statement.effect is Effect.ALLOW and statement.resource and not statement.resource.negated:
                    patterns = [pattern.text for pattern in statement.resource.patterns]
                    found |= {text.rpartition(f":{kind}")[2]: None for text in patterns if f":{kind}" in text}
        return tuple(name.replace("*", PROBE).replace("?", "x") for name in found if name and "$" not in name)[:_NAMES]

    def _decide(self, request: Request, need: Need) -> Decision:
        held = self.resources.get(need.policy_of or "")
        resource = held.document if isinstance(held, Source) else held
        decision = self._evaluate(request, None if self.is_only_rescued else resource)
        if self.is_only_rescued and resource is not None and decision.outcome is Outcome.IMPLICIT_DENY:
            rescued = self._evaluate(request, resource)
            decision = decision if rescued.denied else rescued
        grants = self.grants.get(need.policy_of or "", frozenset())
        if decision.outcome is not Outcome.IMPLICIT_DENY:
            return decision
        if isinstance(grants, Hole):
            return self._evaluate(request, grants)
        # A grant allows as a key policy does; it overrides no Deny.
        granting = _granting(request, self.principal) if request.action in grants else None
        return self._evaluate(request, granting) if granting else decision

    def _evaluate(self, request: Request, resource: Document | Hole | None) -> Decision:
        return evaluate(
            request, identity=self.policies.identity, boundary=self.policies.boundary, resource_policy=resource
        )


def _granting(request: Request, principal: str) -> Document:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": request.action, "Resource": "*"}
    return load_document({"Version": "2012-10-17", "Statement": statement}, name="a grant of the key")
