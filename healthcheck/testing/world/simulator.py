"""SimulatePrincipalPolicy, which moto lacks: answered by our own engine, service control policies included.

As AWS's does, it looks at no policy of a resource, answers about ``*`` where no ARN is given, answers in pages, and
says of a service control policy neither its name nor which context keys it missed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
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
    # What hangs on a missing key AWS denies, and lists the key.
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
        parts = []
        for resource in resources:
            request = Request(action, resource, principal=principal, context=context)
            parts.append(_part(request, identity, boundary, scps))
        results.append(_result(action, parts))
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
    # A tag on an object is a fact about an object, and the simulator knows none.
    yield "s3:ExistingObjectTag/*", None


def _part(
    request: Request,
    identity: list[Document],
    boundary: list[Document] | None,
    scps: list[list[Document]] | None,
) -> tuple[Request, Decision, bool]:
    decision = evaluate(request, identity=identity, boundary=boundary, scps=scps)
    by_organization = any(match.layer is Layer.SCP for match in decision.deciding) or any(
        verdict.layer is Layer.SCP for verdict in decision.blocking
    )
    return request, decision, by_organization and decision.denied


def _result(action: str, parts: list[tuple[Request, Decision, bool]]) -> str:
    worst = next((_WORDS[decision.outcome] for _, decision, _ in parts if not decision.allowed), "allowed")
    is_allowed_by_organization = not any(by_organization for _, _, by_organization in parts)
    return (
        f"<member><EvalActionName>{escape(action)}</EvalActionName><EvalResourceName>*</EvalResourceName>"
        f"<EvalDecision>{worst}</EvalDecision><OrganizationsDecisionDetail><AllowedByOrganizations>"
        f"{json.dumps(is_allowed_by_organization)}</AllowedByOrganizations></OrganizationsDecisionDetail>"
        f"<ResourceSpecificResults>{''.join(map(_specific, parts))}</ResourceSpecificResults></member>"
    )


def _specific(part: tuple[Request, Decision, bool]) -> str:
    request, decision, by_organization = part
    keys = () if by_organization else decision.unknown_keys
    missing = "".join(f"<member>{escape(key)}</member>" for key in keys)
    return (
        f"<member><EvalResourceName>{escape(request.resource)}</EvalResourceName><EvalResourceDecision>"
        f"{_WORDS[decision.outcome]}</EvalResourceDecision><MissingContextValues>{missing}</MissingContextValues>"
        "</member>"
    )
