"""Whether a role's policies allow what its purposes need."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote

from healthcheck.checks.needs import Need, Place
from healthcheck.checks.role_policies import RolePolicies
from healthcheck.iam import Decision, Layer, Outcome, evaluate
from healthcheck.result import Evidence, Fix, Json, Result, critical, ok, unknown, warning

_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html"
_FULL_ACCESS = "policy/AmazonSageMakerFullAccess"
_TOLD = 5

# The best answer of several spellings of one question counts.
_BEST_FIRST = (Outcome.ALLOWED, Outcome.UNKNOWN, Outcome.IMPLICIT_DENY, Outcome.EXPLICIT_DENY)


@dataclass(frozen=True, slots=True)
class Answer:
    """A need, and the decision on it."""

    need: Need
    decision: Decision

    @property
    def text(self) -> str:
        """The need for a reader."""
        on = "" if self.need.grant == "*" else f" on {self.need.grant}"
        return f"{self.need.action}{on}"


def decide(needs: Sequence[Need], policies: RolePolicies, place: Place) -> tuple[Answer, ...]:
    """Ask the policies about each need."""
    answers = []
    for need in needs:
        decisions = [
            evaluate(request, identity=policies.identity, boundary=policies.boundary)
            for request in need.requests(place)
        ]
        answers.append(Answer(need, min(decisions, key=lambda decision: _BEST_FIRST.index(decision.outcome))))
    return tuple(answers)


def judge(role: str, answers: Sequence[Answer], policies: RolePolicies) -> Result:
    """Tell what is missing, or what could not be seen, in one verdict on the role."""
    refused = [answer for answer in answers if answer.decision.denied]
    fatal = [answer for answer in refused if answer.need.is_fatal]
    undecided = [answer for answer in answers if answer.decision.outcome is Outcome.UNKNOWN]
    evidence = _evidence(answers, refused, undecided, policies)
    if fatal:
        reason, why = _why(fatal)
        sentence = f"{role}: may not {_list(fatal)}, without which {_consequence(fatal)} fails: {why}"
        return critical(role, sentence, reason=reason, fix=_fix(role, fatal, refused), evidence=evidence)
    if undecided:
        return _undecided(role, undecided, evidence)
    if refused:
        _, why = _why(refused)
        sentence = f"{role}: may not {_list(refused)}; jobs run, but their logs and metrics are lost: {why}"
        return warning(role, sentence, reason="telemetry_lost", fix=_fix(role, refused, refused), evidence=evidence)
    return ok(
        role,
        f"{role}: is allowed all that {_consequence(answers)} needs, by its own policies",
        evidence=evidence,
    )


def _undecided(role: str, undecided: Sequence[Answer], evidence: Evidence) -> Result:
    holes = {hole for answer in undecided for hole in answer.decision.holes}
    missing = tuple(sorted({hole.action for hole in holes if hole.action}))
    if missing:
        names = ", ".join(sorted({hole.name for hole in holes if hole.action}))
        return unknown(
            role,
            f"{role}: what it may do cannot be told without {' and '.join(missing)} ({names})",
            reason="not_permitted",
            fix=Fix(
                f"Allow {', '.join(missing)} to the credentials that look.",
                ("sagemaker-healthcheck policy",),
                policy=_document([{"Effect": "Allow", "Action": list(missing), "Resource": "*"}]),
            ),
            evidence=evidence,
            missing_actions=missing,
        )
    if holes:
        return unknown(
            role,
            f"{role}: what it may do cannot be told: {'; '.join(sorted(hole.name for hole in holes))}",
            reason="malformed_document",
            fix=Fix(
                "Write the policy more plainly, or report it to the authors of sagemaker-healthcheck.", _show(role)
            ),
            evidence=evidence,
        )
    keys = sorted({key for answer in undecided for key in answer.decision.unknown_keys})
    doubts = sorted({doubt for answer in undecided for doubt in answer.decision.doubts})
    hangs_on = f"the value of {', '.join(keys)}" if keys else "; ".join(doubts)
    return unknown(
        role,
        f"{role}: whether it may {_list(undecided)} hangs on {hangs_on}, which is known only when a job runs",
        reason="undecidable",
        fix=Fix(
            f"Allow these without a condition on {', '.join(keys) or 'such points'}; else only a job can tell.",
            _show(role),
            policy=_grant(undecided),
        ),
        evidence=evidence,
    )


def _why(refused: Sequence[Answer]) -> tuple[str, str]:
    """Name what decides: a Deny before a boundary before an absent Allow, as each makes the later ones useless."""
    for answer in refused:
        if answer.decision.outcome is Outcome.EXPLICIT_DENY:
            match = answer.decision.deciding[0]
            return "explicit_deny", f"{match.statement.label} of {match.document.label} denies {answer.need.action}"
    for answer in refused:
        for verdict in answer.decision.blocking:
            if verdict.layer is Layer.BOUNDARY:
                labels = ", ".join(document.label for document in verdict.documents)
                return "boundary", f"the permissions boundary {labels} does not allow {answer.need.action}"
    misses = [miss for answer in refused for miss in answer.decision.near_misses]
    if misses:
        return "not_allowed", f"no policy allows it; nearly {misses[0].where}: {misses[0].sentence}"
    return "not_allowed", "no policy of the role allows it"


def _fix(role: str, deciding: Sequence[Answer], refused: Sequence[Answer]) -> Fix:
    """Offer a policy for what an Allow can mend; a Deny and a boundary are for their owner to change."""
    grantable = [answer for answer in refused if _lacks_identity(answer)]
    policy = _grant(grantable) if grantable else None
    also = "; the role's own policies lack the statements below, too" if policy else ""
    for answer in deciding:
        if answer.decision.outcome is Outcome.EXPLICIT_DENY:
            match = answer.decision.deciding[0]
            where = f"{match.statement.label} of {match.document.label}"
            text = f"Change {where}: no Allow overrides a Deny; {match.layer.owner} can{also}."
            return Fix(text, _show(role), policy=policy)
    if any(verdict.layer is Layer.BOUNDARY for answer in deciding for verdict in answer.decision.blocking):
        text = f"Let {Layer.BOUNDARY.owner} allow these actions in the boundary{also}."
        return Fix(text, _show(role), policy=policy or _grant(refused))
    put = f"aws iam put-role-policy --role-name {role.rsplit('/', 1)[-1]} --policy-name sagemaker-healthcheck-missing"
    return Fix(
        "Add an inline policy that allows exactly what is missing.",
        (f"{put} --policy-document {quote(json.dumps(policy))}",),
        policy=policy,
        link=_PAGE,
    )


def _lacks_identity(answer: Answer) -> bool:
    return any(verdict.layer is Layer.IDENTITY for verdict in answer.decision.blocking)


def _grant(answers: Sequence[Answer]) -> Mapping[str, Json]:
    """Build the least policy: one statement a resource (and condition), its actions in order."""
    by_resource: dict[tuple[str, str | None], list[str]] = {}
    for answer in answers:
        service = answer.need.context.get("iam:PassedToService")
        actions = by_resource.setdefault((answer.need.grant, service), [])
        if answer.need.action not in actions:
            actions.append(answer.need.action)
    statements: list[Json] = []
    for (resource, service), actions in by_resource.items():
        statement: dict[str, Json] = {"Effect": "Allow", "Action": sorted(actions), "Resource": resource}
        if service is not None:
            statement["Condition"] = {"StringEquals": {"iam:PassedToService": service}}
        statements.append(statement)
    return _document(statements)


def _document(statements: list[Json]) -> Mapping[str, Json]:
    return {"Version": "2012-10-17", "Statement": statements}


def _show(role: str) -> tuple[str, ...]:
    name = role.rsplit("/", 1)[-1]
    return (
        f"aws iam list-attached-role-policies --role-name {name}",
        f"aws iam list-role-policies --role-name {name}",
        f"aws iam get-role --role-name {name} --query Role.PermissionsBoundary",
    )


def _evidence(
    answers: Sequence[Answer], refused: Sequence[Answer], undecided: Sequence[Answer], policies: RolePolicies
) -> Evidence:
    evidence: dict[str, Json] = {
        "actions_needed": len({answer.need.action for answer in answers}),
        "refused": [answer.text for answer in refused],
        "undecided": [answer.text for answer in undecided],
        "attached_policies": list(policies.attached),
        "has_full_access": any(arn.endswith(_FULL_ACCESS) for arn in policies.attached),
        "permissions_boundary": policies.boundary_arn,
        "not_seen": ["service control policies", "resource policies"],
    }
    return {name: value for name, value in evidence.items() if value not in (None, [])}


def _list(answers: Sequence[Answer]) -> str:
    texts = list(dict.fromkeys(answer.text for answer in answers))
    more = f" and {len(texts) - _TOLD} more" if len(texts) > _TOLD else ""
    return ", ".join(texts[:_TOLD]) + more


def _consequence(answers: Sequence[Answer]) -> str:
    """Name the purposes that these concern, in the order in which they were given."""
    return ", ".join(dict.fromkeys(purpose.value for answer in answers for purpose in answer.need.purposes))
