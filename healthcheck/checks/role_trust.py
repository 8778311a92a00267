"""Whether SageMaker may assume a role, purpose by purpose."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from shlex import quote
from urllib.parse import unquote

from healthcheck.checks.needs import Place
from healthcheck.iam import (
    ABSENT_FOR_SERVICES,
    ContextValue,
    Decision,
    Document,
    Effect,
    Flaw,
    Outcome,
    PolicyError,
    assumable,
    load_document,
    trust_policy,
)
from healthcheck.result import Evidence, Fix, Json, Result, critical, ok, unknown, warning
from healthcheck.target import Purpose

SERVICE = "sagemaker.amazonaws.com"

_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/security-confused-deputy-prevention.html"
_PROBE = "healthcheck-probe"

# What stands behind the account in aws:SourceArn. For hosting AWS sends a literal star, which is no wildcard.
_SOURCES = {
    Purpose.TRAINING: f"training-job/{_PROBE}",
    Purpose.TUNING: f"training-job/{_PROBE}",
    Purpose.PROCESSING: f"processing-job/{_PROBE}",
    Purpose.HOSTING: "*",
    Purpose.PIPELINES: f"pipeline/{_PROBE}/{_PROBE}",
    # What a notebook instance sends is not documented: a condition on it cannot be decided.
    Purpose.NOTEBOOK: None,
}


@dataclass(frozen=True, slots=True)
class Trust:
    """A role's trust policy, and what it says to each purpose."""

    place: Place
    document: Document
    raw: Mapping[str, Json]
    decisions: Mapping[Purpose, Decision]

    def with_outcome(self, *outcomes: Outcome) -> tuple[Purpose, ...]:
        """Return the purposes that end so."""
        return tuple(purpose for purpose, decision in self.decisions.items() if decision.outcome in outcomes)


def judge(place: Place, policy: str | Mapping[str, object], purposes: tuple[Purpose, ...]) -> Result:
    """Decide for each purpose whether SageMaker may assume the role, and tell it in one verdict.

    One, because it is one document that somebody has to change, however many purposes it concerns.
    """
    name = f"trust policy of {place.role}"
    try:
        document = load_document(policy, name=name)
    except PolicyError as error:
        return unknown(
            place.role,
            f"{place.role}: its trust policy cannot be understood: {error.mistake}"
            f"{f' ({error.where})' if error.where else ''}",
            reason="malformed_document",
            fix=Fix(
                "Replace the trust policy.",
                _edit(place.role),
                policy=_document([_statement(place.home.account)]),
                link=_PAGE,
            ),
            evidence={"where": error.where, "mistake": error.mistake},
        )
    raw: Mapping[str, Json] = json.loads(unquote(policy) if isinstance(policy, str) else json.dumps(policy))
    decisions = {
        purpose: assumable(document, SERVICE, _context(place, purpose), context_complete=False) for purpose in purposes
    }
    trust = Trust(place, document, raw, decisions)
    if trust.with_outcome(Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY):
        return _refused(trust)
    if trust.with_outcome(Outcome.UNKNOWN):
        return _undecided(trust)
    return _trusted(trust)


def _context(place: Place, purpose: Purpose) -> Mapping[str, ContextValue]:
    context: dict[str, ContextValue] = {
        **ABSENT_FOR_SERVICES,
        "aws:SourceAccount": place.home.account,
        "aws:CurrentTime": place.now,
        "aws:EpochTime": int(place.now.timestamp()),
    }
    source = _SOURCES[purpose]
    if source is not None:
        context["aws:SourceArn"] = (
            f"arn:{place.home.partition}:sagemaker:{place.home.region}:{place.home.account}:{source}"
        )
    return context


def _refused(trust: Trust) -> Result:
    refused = trust.with_outcome(Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY)
    denied = trust.with_outcome(Outcome.EXPLICIT_DENY)
    first = trust.decisions[(denied or refused)[0]]
    trusted = trust.with_outcome(Outcome.ALLOWED)
    scope = f"for {_names(refused)}" + (f" (it may for {_names(trusted)})" if trusted else "")
    reason, why = _why_refused(first)
    return critical(
        trust.place.role,
        f"{trust.place.role}: {SERVICE} may not assume it {scope}: {why}",
        reason=reason,
        fix=_fix(trust, denies=reason == "explicit_deny", labels=_labels(first)),
        evidence=_evidence(trust),
    )


def _why_refused(decision: Decision) -> tuple[str, str]:
    if decision.outcome is Outcome.EXPLICIT_DENY:
        return "explicit_deny", f"{_labels(decision)} of its trust policy denies it"
    misses = decision.near_misses
    unmet = next((miss for miss in misses if miss.element == "Condition"), None)
    if unmet:
        return "condition_unmet", f"the condition of {unmet.statement.label} is not met: {unmet.sentence}"
    other = next((miss for miss in misses if miss.flaw in (Flaw.SERVICE_MISSPELT, Flaw.OTHER_SERVICE)), None)
    if other:
        return "wrong_service", f"{other.statement.label} is for another service: {other.sentence}"
    return "no_statement", "no statement of its trust policy allows it"


def _undecided(trust: Trust) -> Result:
    undecided = trust.with_outcome(Outcome.UNKNOWN)
    first = trust.decisions[undecided[0]]
    keys = sorted({key for purpose in undecided for key in trust.decisions[purpose].unknown_keys})
    hangs_on = f"the value of {', '.join(keys)}, which SageMaker does not tell" if keys else "; ".join(first.doubts)
    return unknown(
        trust.place.role,
        f"{trust.place.role}: whether {SERVICE} may assume it for {_names(undecided)} hangs on {hangs_on}",
        reason="undecidable",
        fix=Fix(
            "Add a statement that allows SageMaker plainly, with no other condition than aws:SourceAccount.",
            _put(trust, _merged(trust)),
            policy=_merged(trust),
            link=_PAGE,
        ),
        evidence=_evidence(trust),
    )


def _trusted(trust: Trust) -> Result:
    role = trust.place.role
    said = f"{role}: {SERVICE} may assume it for {_names(tuple(trust.decisions))}"
    open_to_all = [statement.label for statement in trust.document.statements if _is_open_to_all(statement)]
    if open_to_all:
        return warning(
            role,
            f"{said}, and so may everyone else: {', '.join(open_to_all)} names the principal *",
            reason="wildcard_principal",
            fix=_closed(trust),
            evidence=_evidence(trust),
        )
    return ok(role, said, evidence=_evidence(trust))


def _closed(trust: Trust) -> Fix:
    """Shut strangers out, and keep whoever of this account may assume the role."""
    account = f"arn:{trust.place.home.partition}:iam::{trust.place.home.account}:root"
    statements = [
        {**given, "Principal": _naming(given["Principal"], account)}
        if isinstance(given, Mapping) and "Principal" in given and _is_open_to_all(statement)
        else given
        for given, statement in zip(_present(trust), trust.document.statements, strict=True)
    ]
    document = _document(statements)
    if not _proof(trust, document):
        document = _document([*statements, _statement(trust.place.home.account)])
    return Fix(
        "Name the principals that are meant; the document below admits those of this account alone, as far as their "
        f"own policies allow it.{_proof(trust, document)}",
        _put(trust, document),
        policy=document,
        link=_PAGE,
    )


def _naming(principal: Json, account: str) -> Json:
    if not isinstance(principal, Mapping):
        return {"AWS": account}
    named = principal["AWS"]
    listed = list(named) if isinstance(named, list | tuple) else [named]
    return {**principal, "AWS": [account if value == "*" else value for value in listed]}


def _is_open_to_all(statement: object) -> bool:
    """Whether an Allow without conditions names everybody."""
    principal = getattr(statement, "principal", None)
    return (
        getattr(statement, "effect", None) is Effect.ALLOW
        and not getattr(statement, "conditions", ())
        and principal is not None
        and any(kind in {"*", "AWS"} and value == "*" for kind, value in principal.entries)
    )


def _fix(trust: Trust, *, denies: bool, labels: str) -> Fix:
    document = _without_denies(trust) if denies else _merged(trust)
    proof = _proof(trust, document)
    if denies:
        return Fix(
            f"Remove {labels} from the trust policy; no Allow overrides a Deny. The document below keeps all else."
            f"{proof}",
            _put(trust, document),
            policy=document,
            link=_PAGE,
        )
    return Fix(
        "Let SageMaker assume the role, for this account alone; the document keeps the statements that are there and "
        f"adds one.{proof}",
        _put(trust, document),
        policy=document,
        link=_PAGE,
    )


def _proof(trust: Trust, document: Mapping[str, Json]) -> str:
    """Decide anew before the remedy is told."""
    changed = load_document(document, name="remedy")
    outcomes = [
        assumable(changed, SERVICE, _context(trust.place, purpose), context_complete=False)
        for purpose in trust.decisions
    ]
    return f" Decided anew with it, {SERVICE} may." if all(decision.allowed for decision in outcomes) else ""


def _without_denies(trust: Trust) -> Mapping[str, Json]:
    """Leave out what denies SageMaker, and add an Allow where none is left."""
    denying = {
        match.statement.index
        for decision in trust.decisions.values()
        if decision.outcome is Outcome.EXPLICIT_DENY
        for match in decision.deciding
    }
    kept = [statement for index, statement in enumerate(_present(trust)) if index not in denying]
    document = _document(kept)
    return document if _proof(trust, document) else _document([*kept, _statement(trust.place.home.account)])


def _present(trust: Trust) -> list[Json]:
    present = trust.raw.get("Statement", [])
    return list(present) if isinstance(present, list | tuple) else [present]


def _merged(trust: Trust) -> Mapping[str, Json]:
    return _document([*_present(trust), _statement(trust.place.home.account)])


def _document(statements: list[Json]) -> Mapping[str, Json]:
    return {"Version": "2012-10-17", "Statement": statements}


def _statement(account: str) -> Json:
    """The statement that AWS's own SDK writes: only this account's SageMaker, which keeps confused deputies out."""
    statement: Json = json.loads(json.dumps(trust_policy(account, SERVICE)["Statement"]))[0]
    return statement


def _put(trust: Trust, document: Mapping[str, Json]) -> tuple[str, ...]:
    put = f"aws iam update-assume-role-policy --role-name {_name(trust.place.role)} --policy-document"
    return (f"{put} {quote(json.dumps(document))}",)


def _edit(role: str) -> tuple[str, ...]:
    name = _name(role)
    return (
        f"aws iam get-role --role-name {name} --query Role.AssumeRolePolicyDocument > trust.json",
        "${EDITOR:-vi} trust.json",
        f"aws iam update-assume-role-policy --role-name {name} --policy-document file://trust.json",
    )


def _evidence(trust: Trust) -> Evidence:
    misses = [miss.sentence for decision in trust.decisions.values() for miss in decision.near_misses[:1]]
    near: Evidence = {"near_misses": list(dict.fromkeys(misses))} if misses else {}
    return {
        "purposes": {purpose.value: decision.outcome.value for purpose, decision in trust.decisions.items()},
        "statements": len(trust.document.statements),
        **near,
    }


def _labels(decision: Decision) -> str:
    return ", ".join(dict.fromkeys(match.statement.label for match in decision.deciding))


def _names(purposes: tuple[Purpose, ...]) -> str:
    return ", ".join(purpose.value for purpose in purposes)


def _name(role: str) -> str:
    return role.rsplit("/", 1)[-1]
