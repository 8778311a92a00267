"""Decisions in plain words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from healthcheck.iam.documents import Effect
from healthcheck.iam.layers import Layer, Match
from healthcheck.iam.matching import ARN_PARTS
from healthcheck.iam.request import Request
from healthcheck.iam.truth import Maybe
from healthcheck.iam.wildcards import Glob, tokenize

if TYPE_CHECKING:
    from healthcheck.iam.decision import Decision

_LONGEST_QUOTE: Final = 600
_SHOWN: Final = 3


def explain(decision: Decision) -> str:
    """Return the decision, line by line; what comes after the first line is indented."""
    return "\n  ".join(_lines(decision))


def _lines(decision: Decision) -> Iterator[str]:
    # The values of the enum are the words; importing it here would be a circle.
    outcome = decision.outcome.value
    asked = _asked(decision.request)
    if outcome == "explicit_deny":
        yield f"denied: {asked}"
        yield from (_statement(match, decision, "a Deny, which no Allow overrides, in") for match in decision.deciding)
    elif outcome == "allowed":
        yield f"allowed: {asked}"
        yield from (_statement(match, decision, "allowed by") for match in decision.deciding[:_SHOWN])
    elif outcome == "implicit_deny":
        yield f"denied: {asked}"
        yield from (f"no {verdict.label} allows it; {_read(verdict.documents)}" for verdict in decision.blocking)
        if not decision.blocking:
            yield decision.barred or "without a session policy the session of a federated user may do nothing"
    else:
        yield f"cannot tell: {asked}"
        yield from _open_points(decision)
    if decision.assumption:
        yield f"taken for granted: {decision.assumption}"
    yield from (f"nearly: {miss.where} ({miss.layer.value}): {miss.sentence}" for miss in decision.near_misses)


def _asked(request: Request) -> str:
    who = f" by {request.principal}" if request.principal else ""
    on = "" if request.resource == "*" else f" on {request.resource}"
    return f"{request.action}{on}{who}"


def _read(documents: tuple[object, ...]) -> str:
    labels = [getattr(document, "label", "") for document in documents]
    if not labels:
        return "there is none"
    more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
    return f"looked at {', '.join(labels[:_SHOWN])}{more}"


def _open_points(decision: Decision) -> Iterator[str]:
    if decision.as_far_as_seen is not decision.outcome:
        yield f"as far as can be seen: {decision.as_far_as_seen.value.replace('_', ' ')}"
    for hole in decision.holes:
        yield f"not seen: {hole.name}{f', which {hole.action} would show' if hole.action else ''}"
    for match in decision.deciding:
        verb = "denied" if match.statement.effect is Effect.DENY else "allowed"
        known = decision.request.known
        tests = [str(each) for each in match.statement.conditions if isinstance(each.holds(known), Maybe)]
        if tests:
            yield f"{verb} if {' and '.join(tests)} ({match.document.label}, {match.statement.label})"
    if decision.unknown_keys:
        yield f"not known: {', '.join(decision.unknown_keys)}"
    yield from (f"left open: {doubt}" for doubt in decision.doubts)


def _statement(match: Match, decision: Decision, verb: str) -> str:
    owner = f"; {match.layer.owner} can change it" if match.statement.effect is Effect.DENY else ""
    where = f"{match.layer.value} {match.document.label}, {match.statement.label}"
    note = _note_on_principal(match, decision) + _note_on_resource(match, decision.request)
    return f"{verb} {where}: {quote(match, decision.request)}{owner}{note}"


def _note_on_principal(match: Match, decision: Decision) -> str:
    element = match.statement.principal
    is_bounded = any(verdict.layer is Layer.BOUNDARY for verdict in decision.layers)
    if element is None or not element.negated or not is_bounded:
        return ""
    return "; NotPrincipal denies whoever has a permissions boundary, listed or not"


def _note_on_resource(match: Match, request: Request) -> str:
    """Return what a reader should know about a match that AWS's documentation does not vouch for."""
    element = match.statement.resource
    if element is None or element.negated:
        return ""
    for pattern in element.patterns:
        parts = pattern.text.split(":", ARN_PARTS - 1)
        # In S3 the first part is a bucket and no kind.
        starred = len(parts) == ARN_PARTS and parts[-1].startswith("*/") and parts[2] != "s3"
        if starred and pattern.match(request.resource, request.known) is not False:
            return (
                f"; {pattern.text} has a star for the kind of resource, which AWS's text forbids and its own policies "
                "rely on; it is taken to match"
            )
    return ""


def as_json(decision: Decision) -> dict[str, object]:
    """Return the decision as JSON; see `Decision.as_json`."""
    request = decision.request
    return {
        "action": request.action,
        "resource": request.resource,
        "principal": request.principal,
        "outcome": decision.outcome.value,
        "as_far_as_seen": decision.as_far_as_seen.value,
        "deciding": [
            {
                "layer": match.layer.value,
                "document": match.document.name,
                "arn": match.document.arn,
                "version": match.document.version,
                "sid": match.statement.sid,
                "index": match.statement.index,
                "statement": quote(match, request),
                "owner": match.layer.owner,
            }
            for match in decision.deciding
        ],
        "blocking": [verdict.label for verdict in decision.blocking],
        "barred": decision.barred,
        "assumption": decision.assumption,
        "unknown_keys": list(decision.unknown_keys),
        "unread": [{"name": hole.name, "action": hole.action} for hole in decision.holes],
        "doubts": list(decision.doubts),
        "near_misses": [
            {
                "layer": miss.layer.value,
                "statement": miss.where,
                "element": miss.element,
                "flaw": miss.flaw.value,
                "sentence": miss.sentence,
            }
            for miss in decision.near_misses
        ],
    }


def quote(match: Match, request: Request) -> str:
    """Return the statement as JSON, of long lists only what concerns the request."""
    statement = json.loads(match.statement.text)
    for element, wanted, folded in (("Action", request.folded_action, True), ("Resource", request.resource, False)):
        given = statement.get(element)
        if isinstance(given, list) and len(given) > 1:
            met = [each for each in given if _meets(each, wanted, folded=folded)]
            statement[element] = [*(met or given[:1]), "…"] if len(met) < len(given) else given
    text = json.dumps(statement, ensure_ascii=False)
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"


def _meets(pattern: str, wanted: str, *, folded: bool) -> bool:
    text = pattern.lower() if folded else pattern
    return Glob(tokenize(text, wildcards=True, variables=False)).matches(wanted)
