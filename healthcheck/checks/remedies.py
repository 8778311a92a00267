"""Remedies: the least change of policies that lets somebody do what it needs, decided anew before it is told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from healthcheck.checks import origins
from healthcheck.checks.dossier import Dossier, Verdict
from healthcheck.checks.needs import Need
from healthcheck.checks.origins import Kind, Origin, Raw
from healthcheck.checks.principals import parse
from healthcheck.iam import (
    INLINE_POLICIES_LIMIT,
    MANAGED_POLICY_LIMIT,
    Document,
    Grant,
    Layer,
    LayerVerdict,
    Match,
    Outcome,
    RemedyTooLarge,
    load_document,
    minimal_policy,
    policy_size,
)
from healthcheck.result import Fix, Json

ADDED = "sagemaker-healthcheck-missing"
"""The name of the inline policy that our remedies put."""

_USER_INLINE_LIMIT = 2_048
_LINK = "https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html"
_QUARANTINE = "AWSCompromisedKeyQuarantine"
_BEFORE_LIFTING = "AWS found an access key of its on a public page: first delete every key that it has. Then: "
_STEPS = 5
"""Lifting a Deny can bring to light that an Allow is missing, and that that a boundary is in the way."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """Changed documents, and what they come to."""

    changes: Mapping[Origin, Raw]
    requests: tuple[str, ...]
    """What somebody else has to be asked for, each a sentence."""
    unmended: tuple[Verdict, ...]
    """What they do not mend."""
    widened: tuple[Need, ...]
    """What was asked about, was not missing, and is allowed by them all the same."""
    mended: int = 0
    controls: int = 0
    """How many other questions were asked."""
    too_large: RemedyTooLarge | None = None

    @property
    def added(self) -> Raw | None:
        """The policy that is to be added to the principal, where one is."""
        return next((raw for origin, raw in self.changes.items() if origin.name == ADDED), None)


def find(dossier: Dossier, controls: Sequence[Need] = ()) -> Remedy:
    """Search for the least change after which nothing that is needed is denied.

    Args:
        dossier: the needs and the documents.
        controls: needs of other purposes; what was not asked for must not become allowed.
    """
    editor = _Editor(dossier)
    before = dossier.verdicts()
    for _ in range(_STEPS):
        after = editor.dossier().verdicts()
        denied = [verdict for verdict in after if verdict.is_denied or verdict.lacks_allow]
        if not denied or not editor.edit(denied):
            break
    changed = editor.dossier()
    after = changed.verdicts()
    # Only what was denied is to be mended: what cannot be decided was, and is, another matter.
    denied_before = [verdict for verdict in before if verdict.is_denied or verdict.lacks_allow]
    wanted = {(verdict.need.action, verdict.need.resources) for verdict in denied_before}
    others = [need for need in controls if (need.action, need.resources) not in wanted]
    return Remedy(
        changes=editor.changes,
        requests=tuple(editor.requests),
        unmended=tuple(
            new
            for old, new in zip(before, after, strict=True)
            if old in denied_before and new.outcome is not Outcome.ALLOWED
        ),
        widened=tuple(
            need
            for need in others
            if dossier.verdict(need).outcome is not Outcome.ALLOWED and changed.verdict(need).outcome is Outcome.ALLOWED
        ),
        mended=len(denied_before),
        controls=len(others),
        too_large=editor.too_large,
    )


def tell(remedy: Remedy, *, show: Sequence[str] = ()) -> Fix:
    """Say a remedy: what to ask of whom, what to add, and what was proven of it."""
    parts = [*remedy.requests]
    if remedy.added is not None:
        also = "Besides, add" if parts else "Add"
        parts.append(f"{also} an inline policy that allows exactly what is missing.")
    if remedy.too_large is not None:
        parts.append(f"It cannot be granted action by action: {remedy.too_large}.")
    parts.append(_proof(remedy))
    commands = tuple(origin.put(raw) for origin, raw in remedy.changes.items()) or tuple(show)
    # A document without statements is deleted, so there is none to show.
    only = next((raw for raw in remedy.changes.values() if raw.get("Statement")), None)
    only = only if len(remedy.changes) == 1 else None
    return Fix(" ".join(part for part in parts if part), commands, policy=remedy.added or only, link=_LINK)


def _proof(remedy: Remedy) -> str:
    if not remedy.changes:
        return ""
    if remedy.unmended:
        return (
            f"Decided anew with it, {', '.join(verdict.text for verdict in remedy.unmended[:3])} is still not allowed."
        )
    more = f"of {remedy.controls} other questions it changes the answer to "
    widened = ", ".join(sorted({need.text for need in remedy.widened})[:3])
    side = f"{more}these, too: {widened}" if widened else f"{more}none" if remedy.controls else ""
    rights = f"all {remedy.mended} missing rights are" if remedy.mended > 1 else "the missing right is"
    return f"Decided anew with it, {rights} there{'; ' + side if side else ''}."


class _Editor:
    """Changes documents step by step."""

    def __init__(self, dossier: Dossier) -> None:
        self._dossier = dossier
        self._sources = {source.origin: source for source in dossier.sources}
        self._by_document = {id(source.document): source.origin for source in dossier.sources}
        self._loaded: dict[Origin, Document] = {}
        self.changes: dict[Origin, Raw] = {}
        self.requests: dict[str, None] = {}
        self.too_large: RemedyTooLarge | None = None

    def dossier(self) -> Dossier:
        """Return the dossier with the changes so far."""
        return self._dossier.changed(self._loaded)

    def edit(self, denied: Sequence[Verdict]) -> bool:
        """Take the next step for everything that is denied; tell whether anything could be done."""
        before = dict(self.changes)
        lifted: dict[Origin, dict[int, tuple[Match, list[str]]]] = {}
        for verdict in denied:
            for match in verdict.decision.deciding if verdict.decision.outcome is Outcome.EXPLICIT_DENY else ():
                origin = self._by_document.get(id(match.document))
                if origin is None:
                    where = f"{match.statement.label} of {match.document.label}"
                    self._request(f"Ask {match.layer.owner} to change {where}: no Allow overrides a Deny")
                else:
                    found = lifted.setdefault(origin, {}).setdefault(match.statement.index, (match, []))
                    found[1].append(verdict.need.action)
        for origin, matches in lifted.items():
            self._lift(origin, matches)
        if not lifted:
            lacking = [need for verdict in denied for need in self._widen(verdict)]
            if lacking:
                self._grant(lacking)
        return self.changes != before

    def _lift(self, origin: Origin, matches: Mapping[int, tuple[Match, list[str]]]) -> None:
        """Take Denies away from this principal, and from nobody else."""
        is_own = origin.kind is Kind.INLINE and origin.holder[0] in ("role", "user")
        found = origins.statements(self.changes.get(origin, self._sources[origin].raw))
        for index, (match, actions) in matches.items():
            label = f"{match.statement.label} of {match.document.label}"
            why = f"which denies {', '.join(dict.fromkeys(actions))}"
            if origin.is_aws_managed:
                after = _BEFORE_LIFTING if _QUARANTINE in origin.name else ""
                self._request(f"{after}Ask {match.layer.owner} to detach {match.document.label}, {why}")
            elif is_own:
                self._request(f"Ask {match.layer.owner} to remove {label}, {why}")
            else:
                self._request(f"Ask {match.layer.owner} to exempt {self._dossier.principal} from {label}, {why}")
                found[index] = _exempting(found[index], self._dossier.principal)
        if origin.is_aws_managed:
            found = []
        elif is_own:
            found = [statement for index, statement in enumerate(found) if index not in matches]
        self._put(origin, found)

    def _widen(self, verdict: Verdict) -> Iterator[Need]:
        """Add to limits and resource policies what they lack; yield what the principal's own policies lack."""
        # A key that names the role needs nothing of the role's own policies: the key first, then look again.
        if verdict.lacks_allow:
            yield verdict.need
        of_resource = any(blocking.layer is Layer.RESOURCE for blocking in verdict.decision.blocking)
        for blocking in verdict.decision.blocking:
            if blocking.layer is Layer.IDENTITY and not of_resource:
                yield verdict.need
            elif blocking.layer is Layer.BOUNDARY:
                self._extend(blocking, verdict.need, _allowing(verdict.need.missing()))
            elif blocking.layer is Layer.RESOURCE:
                self._extend(blocking, verdict.need, [_naming(self._dossier.principal, verdict.need)])

    def _extend(self, blocking: LayerVerdict, need: Need, statements: Sequence[Mapping[str, Json]]) -> None:
        for document in blocking.documents:
            origin = self._by_document.get(id(document))
            if origin is None:
                continue
            owner, label = blocking.layer.owner, document.label
            if origin.is_aws_managed:
                self._request(f"Ask {owner} for another boundary than {label}, which does not allow {need.action}")
                continue
            raw = self.changes.get(origin, self._sources[origin].raw)
            self._request(f"Ask {owner} to allow in {label} what the command below adds to it")
            self._put(origin, _merged(origins.statements(raw), statements))

    def _grant(self, lacking: Sequence[Need]) -> None:
        """Grant what is missing by an inline policy of the principal's own."""
        principal = parse(self._dossier.principal)
        if principal is None or principal.kind not in ("role", "user"):
            return
        origin = Origin(Kind.INLINE, ADDED, (principal.kind, principal.name))
        present = self.changes.get(origin) or (self._sources[origin].raw if origin in self._sources else {})
        others = sum(
            policy_size(source.raw)
            for source in self._sources.values()
            if source.origin.holder == origin.holder and source.origin.kind is Kind.INLINE and source.origin != origin
        )
        limit = INLINE_POLICIES_LIMIT if principal.kind == "role" else _USER_INLINE_LIMIT
        try:
            wanted = minimal_policy([grant for need in lacking for grant in need.missing()], limit=MANAGED_POLICY_LIMIT)
        except RemedyTooLarge as error:
            self.too_large = error
            return
        raw = origins.with_statements(present, [*origins.statements(present), *_statements(wanted)])
        if others + policy_size(raw) > limit:
            self.too_large = RemedyTooLarge(others + policy_size(raw), limit)
            return
        self._put(origin, origins.statements(raw))

    def _put(self, origin: Origin, statements: list[Json]) -> None:
        source = self._sources.get(origin)
        raw = origins.with_statements(source.raw if source else {}, statements)
        name = source.document.name if source else f"inline policy {origin.name}"
        self.changes[origin] = raw
        self._loaded[origin] = load_document(raw, name=name)
        self._by_document[id(self._loaded[origin])] = origin

    def _request(self, sentence: str) -> None:
        self.requests[sentence + "."] = None


def _allowing(grants: Iterable[Grant]) -> list[Mapping[str, Json]]:
    return [statement for statement in _statements(minimal_policy(grants)) if isinstance(statement, Mapping)]


def _naming(principal: str, need: Need) -> Mapping[str, Json]:
    """Return a statement of a resource's policy that lets one principal do one thing."""
    # In a key's policy the star is the key itself.
    resource: Json = "*" if need.action.startswith("kms:") else list(need.grants)
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": need.action, "Resource": resource}


def _merged(present: list[Json], added: Sequence[Mapping[str, Json]]) -> list[Json]:
    """Add statements; of those that differ in their actions alone, one is made."""
    found = list(present)
    for statement in added:
        for index, each in enumerate(found):
            if isinstance(each, Mapping) and _but_action(each) == _but_action(statement) and "Action" in each:
                found[index] = {**each, "Action": sorted({*_listed(each["Action"]), *_listed(statement["Action"])})}
                break
        else:
            found.append(dict(statement))
    return found


def _but_action(statement: Mapping[str, Json]) -> str:
    return json.dumps({key: value for key, value in statement.items() if key != "Action"}, sort_keys=True)


def _exempting(statement: Json, principal: str) -> Json:
    """Return a Deny that means everybody but one principal: as every condition must hold, one more narrows it."""
    if not isinstance(statement, Mapping):
        return statement
    given = statement.get("Condition")
    condition = dict(given) if isinstance(given, Mapping) else {}
    operator = condition.get("ArnNotEquals")
    keys = dict(operator) if isinstance(operator, Mapping) else {}
    name = next((key for key in keys if key.lower() == "aws:principalarn"), "aws:PrincipalArn")
    exempt = [*_listed(keys.get(name)), principal]
    keys[name] = exempt[0] if len(exempt) == 1 else exempt
    return {**statement, "Condition": {**condition, "ArnNotEquals": keys}}


def _listed(value: Json) -> list[str]:
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]


def _statements(policy: Mapping[str, object]) -> list[Json]:
    statements: list[Json] = json.loads(json.dumps(policy["Statement"]))
    return statements
