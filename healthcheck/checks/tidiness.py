"""What a role drags along: trust that is too wide, statements that mean nothing, names of the deleted, disuse."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from shlex import quote

from healthcheck.checks import origins, role_trust
from healthcheck.checks.needs import Place
from healthcheck.checks.origins import Raw, Source
from healthcheck.checks.principal_policies import Policies
from healthcheck.iam import Document, Effect, Hole, Statement, trust_policy
from healthcheck.result import Evidence, Fix, Json, Result, Status, ok, unknown, warning
from healthcheck.target import Purpose

_FULL_ACCESS = "policy/AmazonSageMakerFullAccess"
_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/security-confused-deputy-prevention.html"
_SERVICE = role_trust.SERVICE
_UNIQUE_ID = re.compile(r"A(?:ROA|IDA|GPA|NPA)[A-Z0-9]{12,}", re.ASCII)
_BUCKET = re.compile(r"arn:[a-z-]+:s3:::([^/*?$]*)(.?)", re.ASCII)
_BINDS_SOURCE = frozenset({"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"})
_BINDS_PRINCIPAL = frozenset(
    {"aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:userid"}
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a role."""

    trust: Document
    raw_trust: Raw
    created: datetime
    last_used: datetime | None
    """None = not in the time that IAM remembers, some 400 days."""
    policies: Policies


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to clean up."""

    reason: str
    sentence: str
    remedy: str


def judge(
    place: Place, facts: Facts, purposes: tuple[Purpose, ...], *, source_account: bool, unused_after: timedelta
) -> Result:
    """Tell everything that is to be cleaned up in one verdict, the gravest first."""
    findings = [
        *_open_trust(facts.trust),
        *_dead(facts.policies.sources),
        *_orphans(facts.trust),
        *(_unbound(facts.trust) if source_account else ()),
        *_unused(facts, place.now, unused_after),
    ]
    evidence: Evidence = {
        "attached_policies": list(facts.policies.attached),
        "has_full_access": any(arn.endswith(_FULL_ACCESS) for arn in facts.policies.attached),
        "last_used": facts.last_used.isoformat() if facts.last_used else None,
        "findings": [finding.sentence for finding in findings],
    }
    role = place.role
    if not findings:
        return ok(role, f"{role}: trusts SageMaker for this account alone, and drags nothing along", evidence=evidence)
    commands, document = _commands(place, facts, purposes, source_account=source_account)
    return warning(
        role,
        f"{role}: {'; '.join(finding.sentence for finding in findings)}",
        reason=findings[0].reason,
        fix=Fix(" ".join(dict.fromkeys(finding.remedy for finding in findings)), commands, document, _PAGE),
        evidence=evidence,
    )


def unread(role: str, hole: Hole | Document) -> Result:
    """Say that a document could not be read, or not be understood."""
    if isinstance(hole, Hole) and hole.action:
        return unknown(
            role,
            f"{role}: cannot be looked through without {hole.action} ({hole.name})",
            reason="not_permitted",
            fix=Fix(f"Allow {hole.action} to the credentials that look.", ("sagemaker-healthcheck policy",)),
            missing_actions=(hole.action,),
        )
    what = hole.name if isinstance(hole, Hole) else hole.label
    return unknown(
        role,
        f"{role}: a policy cannot be understood: {what}",
        reason="malformed_document",
        fix=Fix("Write the policy more plainly, or report it to the authors of sagemaker-healthcheck."),
    )


def _open_trust(trust: Document) -> Iterator[Finding]:
    # A star without any condition is told by role.trust: then everyone may assume the role.
    for statement in trust.statements:
        keys = {condition.key.lower() for condition in statement.conditions}
        if _names_everyone(statement) and keys and not keys & _BINDS_PRINCIPAL:
            yield Finding(
                "wildcard_principal",
                f"{statement.label} of its trust policy names the principal *, and only {', '.join(sorted(keys))} "
                "keeps strangers out",
                "Name the principals that are meant.",
            )


def _names_everyone(statement: Statement) -> bool:
    principal = statement.principal
    return (
        statement.effect is Effect.ALLOW
        and principal is not None
        and any(kind in {"*", "AWS"} and value == "*" for kind, value in principal.entries)
    )


def _dead(sources: Sequence[Source]) -> Iterator[Finding]:
    for source in sources:
        if source.origin.is_aws_managed:
            continue
        for statement in source.document.statements:
            dead = _dead_resources(statement)
            if dead:
                yield Finding(
                    "dead_resource",
                    f"{statement.label} of {source.document.label} names {', '.join(dead)}, which no bucket is called: "
                    "names of buckets have no capital letters",
                    "Name the bucket that was meant, or remove what means nothing. (Only buckets of us-east-1 that are "
                    "older than March 2018 may have such names: if there is one, leave the statement.)",
                )


def _dead_resources(statement: Statement) -> list[str]:
    """Return the resources that match nothing: a bucket's name begins as no name has begun since March 2018.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, read 2026-11-22.
    """
    if statement.resource is None or statement.resource.negated:
        return []
    return [pattern.text for pattern in statement.resource.patterns if _is_dead(pattern.text)]


def _is_dead(text: str) -> bool:
    match = _BUCKET.match(text)
    return match is not None and match[1] != match[1].lower()


def _orphans(trust: Document) -> Iterator[Finding]:
    for statement in trust.statements:
        gone = [value for _, value in (statement.principal.entries if statement.principal else ()) if _is_orphan(value)]
        if gone:
            yield Finding(
                "orphan_principal",
                f"{statement.label} of its trust policy names {', '.join(gone)}: who was meant has been deleted",
                "Remove who no longer exists, or name them anew.",
            )


def _is_orphan(value: str) -> bool:
    return _UNIQUE_ID.fullmatch(value) is not None


def _unbound(trust: Document) -> Iterator[Finding]:
    for statement in trust.statements:
        keys = {condition.key.lower() for condition in statement.conditions}
        if _is_for_sagemaker(statement) and not keys & _BINDS_SOURCE:
            yield Finding(
                "no_source_account",
                f"{statement.label} of its trust policy lets SageMaker assume it on behalf of whatever account",
                "Ask for aws:SourceAccount in the trust policy, as AWS's own SDK writes it.",
            )


def _is_for_sagemaker(statement: Statement) -> bool:
    principal = statement.principal
    return (
        statement.effect is Effect.ALLOW
        and principal is not None
        and not principal.negated
        and ("Service", _SERVICE) in principal.entries
    )


def _unused(facts: Facts, now: datetime, unused_after: timedelta) -> Iterator[Finding]:
    since = facts.last_used or facts.created
    if now - since > unused_after:
        when = (
            f"since {since:%Y-%m-%d}"
            if facts.last_used
            else f"in the time that IAM remembers, and is of {since:%Y-%m-%d}"
        )
        yield Finding(
            "unused",
            f"nobody has used it {when}",
            "Delete the role if nobody needs it, or turn this check's unused_after up.",
        )


def _commands(
    place: Place, facts: Facts, purposes: tuple[Purpose, ...], *, source_account: bool
) -> tuple[tuple[str, ...], Mapping[str, Json] | None]:
    """Return the commands that clean up what can be cleaned up without asking, and the trust policy that they put."""
    commands: list[str] = []
    trust = _cleaned_trust(place, facts, source_account=source_account)
    changes_trust = json.dumps(trust) != json.dumps(facts.raw_trust)
    # The remedy must not break what works: SageMaker may still assume the role, for each purpose.
    is_proven = changes_trust and role_trust.judge(place, trust, purposes).status in (Status.OK, Status.WARNING)
    if is_proven:
        name = place.role.rpartition("/")[2]
        document = quote(json.dumps(trust))
        commands.append(f"aws iam update-assume-role-policy --role-name {name} --policy-document {document}")
    commands += [source.origin.put(changed) for source in facts.policies.sources if (changed := _cleaned(source))]
    return tuple(commands), trust if is_proven else None


def _cleaned_trust(place: Place, facts: Facts, *, source_account: bool) -> Raw:
    kept: list[Json] = []
    statements = origins.statements(facts.raw_trust)
    for given, statement in zip(statements, facts.trust.statements, strict=True):
        written = _without_orphans(given)
        keys = {condition.key.lower() for condition in statement.conditions}
        if written is None:
            continue
        if source_account and _is_for_sagemaker(statement) and not keys & _BINDS_SOURCE:
            kept += _bound(written, place.home.account)
        else:
            kept.append(written)
    return origins.with_statements(facts.raw_trust, kept)


def _without_orphans(statement: Json) -> Json | None:
    if not isinstance(statement, Mapping) or not isinstance(statement.get("Principal"), Mapping):
        return statement
    principal = {kind: _listed(values) for kind, values in dict(statement["Principal"]).items()}  # type: ignore[arg-type]
    left = {kind: [value for value in values if not _is_orphan(value)] for kind, values in principal.items()}
    if left == principal:
        return statement
    left = {kind: values for kind, values in left.items() if values}
    return {**statement, "Principal": left} if left else None


def _bound(statement: Json, account: str) -> Iterator[Json]:
    """Yield the statement for this account's SageMaker, and what of it is for others."""
    if not isinstance(statement, Mapping):
        return
    principal = statement.get("Principal")
    services = _listed(principal.get("Service")) if isinstance(principal, Mapping) else []
    others = [service for service in services if service != _SERVICE]
    rest = (
        {kind: values for kind, values in principal.items() if kind != "Service"}
        if isinstance(principal, Mapping)
        else {}
    )
    if others or rest:
        yield {**statement, "Principal": {**rest, **({"Service": others} if others else {})}}
    (bound,) = json.loads(json.dumps(trust_policy(account, _SERVICE)["Statement"]))
    given = statement.get("Condition")
    conditions = dict(given) if isinstance(given, Mapping) else {}
    equals = conditions.get("StringEquals")
    own = {**(dict(equals) if isinstance(equals, Mapping) else {}), "aws:SourceAccount": account}
    sid = {"Sid": statement["Sid"]} if "Sid" in statement and not (others or rest) else {}
    yield {**sid, **bound, "Condition": {**conditions, "StringEquals": own}}


def _cleaned(source: Source) -> Raw | None:
    """Return a policy without what can match nothing; None where there is no such thing in it."""
    if source.origin.is_aws_managed or not any(map(_dead_resources, source.document.statements)):
        return None
    kept: list[Json] = []
    for given, statement in zip(origins.statements(source.raw), source.document.statements, strict=True):
        dead = _dead_resources(statement)
        if not dead or not isinstance(given, Mapping):
            kept.append(given)
            continue
        left = [text for text in _listed(given.get("Resource")) if text not in dead]
        if left:
            kept.append({**given, "Resource": left})
    return origins.with_statements(source.raw, kept)


def _listed(value: Json) -> list[str]:
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]
