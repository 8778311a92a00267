"""SimulatePrincipalPolicy, which moto lacks: answered by our own engine, service control policies included.

As AWS's does, it looks at no policy of a resource, answers about ``*`` where no ARN is given, answers in pages, and
says of a service control policy neither its name nor which context keys it missed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

from healthcheck.iam import ContextValue, Decision, Document, Layer, Outcome, Request, evaluate, load_document
from healthcheck.testing.world import answers
from healthcheck.testing.world.answers import Answer
from healthcheck.testing.world.conditions import Account
from healthcheck.testing.world.imitation import Imitation
from healthcheck.testing.world.requests import Call

_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"
_PAGE = 100
"""Results on a page, unless another number is asked for."""

_WORDS = {
    Outcome.ALLOWED: "allowed",
    Outcome.EXPLICIT_DENY: "explicitDeny",
    Outcome.IMPLICIT_DENY: "implicitDeny",
    # Only what nobody can decide, such as a document of another grammar, is left open where nothing else is unknown.
    Outcome.UNKNOWN: "implicitDeny",
}


def answer(call: Call, imitation: Imitation, account: Account) -> Answer:
    """Answer one call."""
    form = call.form
    principal = form.get("PolicySourceArn", "")
    found = imitation.policies(account.number, principal)
    if found is None:
        return answers.query_error(404, "NoSuchEntity", f"Entity {principal} does not exist.")
    documents, bound = found
    identity = [load_document(text, name=name) for name, text in documents.items()]
    boundary = None if bound is None else [load_document(bound, name="boundary")]
    scps = (
        [[load_document(document, name="scp") for document in account.service_control_policies]]
        if account.service_control_policies
        else None
    )
    context = dict(_context(form))
    resources = list(_members(form, "ResourceArns")) or ["*"]
    results = []
    for action in _members(form, "ActionNames"):
        requests = [Request(action, resource, principal=principal, context=context) for resource in resources]
        results.append(_result(action, [_part(request, identity, boundary, scps) for request in requests]))
    start = int(form.get("Marker") or 0)
    end = start + int(form.get("MaxItems") or _PAGE)
    page = "".join(results[start:end])
    is_last = end >= len(results)
    more = "<IsTruncated>false</IsTruncated>"
    if not is_last:
        more = f"<IsTruncated>true</IsTruncated><Marker>{end}</Marker>"
    body = f"<EvaluationResults>{page}</EvaluationResults>{more}"
    return answers.query_answer("SimulatePrincipalPolicy", body, _NAMESPACE)


def _members(form: dict[str, str], name: str) -> Iterator[str]:
    index = 1
    while (value := form.get(f"{name}.member.{index}")) is not None:
        yield value
        index += 1


def _context(form: dict[str, str]) -> Iterator[tuple[str, ContextValue]]:
    index = 1
    while (name := form.get(f"ContextEntries.member.{index}.ContextKeyName")) is not None:
        values = list(_members(form, f"ContextEntries.member.{index}.ContextKeyValues"))
        yield name, values[0] if len(values) == 1 else values
        index += 1


@dataclass(frozen=True, slots=True)
class _Part:
    """The answer about one resource."""

    resource: str
    decision: Decision
    is_by_organization: bool
    missing_keys: tuple[str, ...]


def _part(
    request: Request,
    identity: list[Document],
    boundary: list[Document] | None,
    scps: list[list[Document]] | None,
) -> _Part:
    # What it is not told it takes to be absent; what that was, it says of policies in the account alone.
    decision = evaluate(replace(request, context_complete=True), identity=identity, boundary=boundary, scps=scps)
    untold = evaluate(request, identity=identity, boundary=boundary)
    by_organization = any(match.layer is Layer.SCP for match in decision.deciding) or any(
        verdict.layer is Layer.SCP for verdict in decision.blocking
    )
    return _Part(request.resource, decision, by_organization and decision.denied, untold.unknown_keys)


def _result(action: str, parts: list[_Part]) -> str:
    worst = next((_WORDS[part.decision.outcome] for part in parts if not part.decision.allowed), "allowed")
    is_allowed_by_organization = not any(part.is_by_organization for part in parts)
    return (
        f"<member><EvalActionName>{escape(action)}</EvalActionName><EvalResourceName>*</EvalResourceName>"
        f"<EvalDecision>{worst}</EvalDecision><OrganizationsDecisionDetail><AllowedByOrganizations>"
        f"{json.dumps(is_allowed_by_organization)}</AllowedByOrganizations></OrganizationsDecisionDetail>"
        f"<ResourceSpecificResults>{''.join(map(_specific, parts))}</ResourceSpecificResults></member>"
    )


def _specific(part: _Part) -> str:
    missing = "".join(f"<member>{escape(key)}</member>" for key in part.missing_keys)
    return (
        f"<member><EvalResourceName>{escape(part.resource)}</EvalResourceName><EvalResourceDecision>"
        f"{_WORDS[part.decision.outcome]}</EvalResourceDecision><MissingContextValues>{missing}</MissingContextValues>"
        "</member>"
    )
