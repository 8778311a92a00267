"""Whether somebody's policies allow what is needed, in one verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from healthcheck.checks import remedies
from healthcheck.checks.dossier import Dossier, Verdict
from healthcheck.checks.needs import Need
from healthcheck.checks.principal_policies import Policies
from healthcheck.checks.principals import parse
from healthcheck.iam import Flaw, Layer, NearMiss, Outcome
from healthcheck.result import Evidence, Fix, Json, Result, critical, ok, unknown, warning

_FULL_ACCESS = "policy/AmazonSageMakerFullAccess"
_TRAP = (
    'AmazonSageMakerFullAccess reaches only objects with "SageMaker", "Sagemaker", "sagemaker" or "aws-glue" in their '
    "bucket's name or their own, or with the tag SageMaker=true"
)
_TOLD = 5


@dataclass(frozen=True, slots=True)
class Question:
    """What is judged, in the words for it."""

    subject: str
    """What the verdict is about."""
    healthy: str
    """What is said when all is well: ``is allowed all that training needs``."""
    dossier: Dossier
    who: str = ""
    """Whose rights they are, where that is not the subject: its ARN and a space."""
    controls: Callable[[], tuple[Need, ...]] = tuple
    """Needs of other purposes, which a remedy must not meet by the way; asked for where there is something to mend."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """What else helps against a Deny that hangs on a context key, by the key in small letters."""
    minor_reason: str = "telemetry_lost"
    """The reason where nothing that is missing is fatal."""
    not_seen: tuple[str, ...] = ("service control policies",)

    @property
    def policies(self) -> Policies:
        """The principal's own policies."""
        return self.dossier.policies


def judge(question: Question, verdicts: Sequence[Verdict] | None = None) -> Result:
    """Tell what is missing, or what could not be seen, in one verdict.

    Args:
        question: what is asked.
        verdicts: those of the dossier, where they are known already.
    """
    told = question.dossier.verdicts() if verdicts is None else tuple(verdicts)
    subject = question.subject
    refused = [verdict for verdict in told if verdict.is_denied]
    lacking = [verdict for verdict in told if verdict.is_denied or verdict.lacks_allow]
    fatal = [verdict for verdict in refused if verdict.need.is_fatal]
    undecided = [verdict for verdict in told if verdict.outcome is Outcome.UNKNOWN]
    evidence = _evidence(question, told, refused, undecided)
    if fatal:
        reason, sentence = _refusal(question, fatal)
        return critical(subject, sentence, reason=reason, fix=_fix(question, lacking), evidence=evidence)
    if undecided:
        return _undecided(question, undecided, evidence)
    if refused:
        _, sentence = _refusal(question, refused)
        return warning(subject, sentence, reason=question.minor_reason, fix=_fix(question, lacking), evidence=evidence)
    return ok(subject, f"{subject}: {question.healthy}{_not_seen_of_resources(told)}", evidence=evidence)


def _undecided(question: Question, undecided: Sequence[Verdict], evidence: Evidence) -> Result:
    subject, show, asker = question.subject, _show(question), question.who or "it "
    holes = {hole for verdict in undecided for hole in verdict.decision.holes}
    missing = tuple(sorted({hole.action for hole in holes if hole.action}))
    if missing:
        names = ", ".join(sorted({hole.name for hole in holes if hole.action}))
        return unknown(
            subject,
            f"{subject}: whether {asker}may {_headed(undecided)} cannot be told without {' and '.join(missing)} "
            f"({names})",
            reason="not_permitted",
            fix=Fix(
                f"Allow {', '.join(missing)} to the credentials that look.",
                ("sagemaker-healthcheck policy",),
                policy={
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": list(missing), "Resource": "*"}],
                },
            ),
            evidence=evidence,
            missing_actions=missing,
        )
    if holes:
        return unknown(
            subject,
            f"{subject}: whether {asker}may {_headed(undecided)} cannot be told: "
            f"{'; '.join(sorted(hole.name for hole in holes))}",
            reason="malformed_document",
            fix=Fix("Write the policy more plainly, or report it to the authors of sagemaker-healthcheck.", show),
            evidence=evidence,
        )
    keys = sorted({key for verdict in undecided for key in verdict.decision.unknown_keys})
    doubts = sorted({doubt for verdict in undecided for doubt in verdict.decision.doubts})
    hangs_on = f"the value of {', '.join(keys)}" if keys else "; ".join(doubts)
    statements = sorted(
        {f"{match.statement.label} of {match.document.label}" for v in undecided for match in v.decision.deciding}
    )
    return unknown(
        subject,
        f"{subject}: whether {asker}may {_headed(undecided)} hangs on {hangs_on}, which is known only at the time "
        f"({', '.join(statements[:_TOLD])})",
        reason="undecidable",
        fix=Fix(
            f"Write {', '.join(statements[:_TOLD])} without a condition on {', '.join(keys) or 'such points'}; "
            "else only trying it can tell.",
            show,
        ),
        evidence=evidence,
    )


def _refusal(question: Question, refused: Sequence[Verdict]) -> tuple[str, str]:
    """Return the reason, and the sentence: what decides, with what it keeps from happening."""
    first, reason, why = _deciding(refused)
    sentence = f"{question.subject}: {question.who}may not {_headed((first, *refused))}: {why}; {_consequence(first)}"
    return reason, sentence


def _deciding(refused: Sequence[Verdict]) -> tuple[Verdict, str, str]:
    """Name what decides: a Deny, which makes every Allow useless, and else the first layer that lacks one."""
    for verdict in refused:
        if verdict.decision.outcome is Outcome.EXPLICIT_DENY:
            match = verdict.decision.deciding[0]
            said = f"{match.statement.label} of {match.document.label} denies {verdict.need.action}"
            return verdict, "explicit_deny", said
    if not any(map(_lacks_own, refused)):
        layers = [(verdict, blocking) for verdict in refused for blocking in verdict.decision.blocking]
        for layer, reason in ((Layer.BOUNDARY, "boundary"), (Layer.RESOURCE, "resource_policy")):
            for verdict, blocking in layers:
                if blocking.layer is layer:
                    labels = ", ".join(document.label for document in blocking.documents)
                    return verdict, reason, f"the {layer.value} {labels} does not allow {verdict.need.action}"
    return _unmet([verdict for verdict in refused if _lacks_own(verdict)] or refused)


def _lacks_own(verdict: Verdict) -> bool:
    return any(blocking.layer is Layer.IDENTITY for blocking in verdict.decision.blocking)


def _unmet(lacking: Sequence[Verdict]) -> tuple[Verdict, str, str]:
    """Say what comes nearest to allowing it."""
    misses = [(verdict, miss) for verdict in lacking for miss in verdict.decision.near_misses]
    trapped = [verdict for verdict, miss in misses if _is_trap(miss)]
    others = [(verdict, miss) for verdict, miss in misses if not _is_trap(miss)]
    if trapped and all(miss.flaw is Flaw.OTHER_RESOURCE for _, miss in others):
        return trapped[0], "not_allowed", f"no policy allows it: {_TRAP}"
    for verdict, miss in others:
        return verdict, "not_allowed", f"no policy allows it; nearly {miss.where}: {miss.sentence}"
    return lacking[0], "not_allowed", "no policy allows it"


def _is_trap(miss: NearMiss) -> bool:
    """Whether it is AmazonSageMakerFullAccess on objects, which few buckets' names suit."""
    covers = miss.statement.action.covers
    is_of_objects = covers("s3:getobject") or covers("s3:putobject")
    return is_of_objects and (miss.document.arn or "").endswith(_FULL_ACCESS)


def _fix(question: Question, refused: Sequence[Verdict]) -> Fix:
    needs = [verdict.need for verdict in refused]
    others = [*(need for need in question.dossier.needs if need not in needs), *question.controls()]
    hints = _hints(question, refused)
    fix = remedies.tell(remedies.find(question.dossier.about(needs), others), show=_show(question))
    return replace(fix, text=f"{'; '.join(hints)}; or: {fix.text}") if hints else fix


def _hints(question: Question, refused: Sequence[Verdict]) -> tuple[str, ...]:
    keys = [
        condition.key.lower()
        for verdict in refused
        if verdict.decision.outcome is Outcome.EXPLICIT_DENY
        for match in verdict.decision.deciding
        for condition in match.statement.conditions
    ]
    return tuple(dict.fromkeys(question.hints[key] for key in keys if key in question.hints))


def _show(question: Question) -> tuple[str, ...]:
    principal = parse(question.dossier.principal)
    if principal is None or principal.kind not in ("role", "user"):
        return ()
    kind, name = principal.kind, principal.name
    return (
        f"aws iam list-attached-{kind}-policies --{kind}-name {name}",
        f"aws iam list-{kind}-policies --{kind}-name {name}",
        f"aws iam get-{kind} --{kind}-name {name} --query {kind.title()}.PermissionsBoundary",
    )


def _evidence(
    question: Question, told: Sequence[Verdict], refused: Sequence[Verdict], undecided: Sequence[Verdict]
) -> Evidence:
    policies = question.policies
    evidence: dict[str, Json] = {
        "actions_needed": len({verdict.need.action for verdict in told}),
        "refused": _grouped(refused),
        "near_misses": list(
            dict.fromkeys(
                f"{miss.where}: {miss.sentence}" for verdict in refused for miss in verdict.decision.near_misses[:1]
            )
        ),
        "undecided": [verdict.text for verdict in undecided],
        "attached_policies": list(policies.attached),
        "has_full_access": any(arn.endswith(_FULL_ACCESS) for arn in policies.attached),
        "permissions_boundary": policies.boundary_arn,
        "not_seen": [*question.not_seen, *_unread(told)],
    }
    return {name: value for name, value in evidence.items() if value not in (None, [], {})}


def _unread(told: Sequence[Verdict]) -> list[str]:
    """Name the policies of resources that were excused."""
    return sorted({hole.name for verdict in told for hole in verdict.decision.holes})


def _not_seen_of_resources(told: Sequence[Verdict]) -> str:
    others = {
        verdict.decision.request.resource_account
        for verdict in told
        if verdict.decision.holes and verdict.need.policy_of and verdict.need.account is not None
    }
    return f", as far as its side goes: {', '.join(filter(None, others))} must let it in, too" if any(others) else ""


def _headed(verdicts: Sequence[Verdict]) -> str:
    """Name the first, which stops a job before the others do, and count the rest: the evidence has them all."""
    texts = list(dict.fromkeys(verdict.text for verdict in verdicts))
    return f"{texts[0]} (and {len(texts) - 1} more)" if len(texts) > 1 else texts[0]


def _grouped(verdicts: Sequence[Verdict]) -> list[str]:
    """Name each refused action, those about one resource and with one consequence together."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for verdict in verdicts:
        on = verdict.text.removeprefix(verdict.need.action)
        found.setdefault((on, _consequence(verdict)), {})[verdict.need.action] = None
    return [f"{', '.join(actions)}{on}: {consequence}" for (on, consequence), actions in found.items()]


def _consequence(verdict: Verdict) -> str:
    """Say what happens, and to which purposes."""
    return f"{verdict.need.fails} ({', '.join(purpose.value for purpose in verdict.need.purposes)})"
