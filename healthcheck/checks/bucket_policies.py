"""What a bucket's policy denies to those who have to use the bucket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from healthcheck.checks import remedies
from healthcheck.checks.bucket_facts import BucketFacts
from healthcheck.checks.dossier import Dossier, Verdict
from healthcheck.checks.needs import Need, Place, of_location
from healthcheck.checks.principal_policies import Policies
from healthcheck.iam import ContextValue, Hole, Outcome, load_document
from healthcheck.result import Evidence, Fix, Result, critical, ok, skipped, unknown
from healthcheck.target import Target

_PAGE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html"
_ENCRYPTION = "s3:x-amz-server-side-encryption"
_KEY = f"{_ENCRYPTION}-aws-kms-key-id"

# Whatever the principal's own policies say: the question is what the bucket denies.
_FREE = Policies(
    (
        load_document(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
            name="whatever the principal's own policies allow",
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who has to use the bucket."""

    arn: str
    is_role: bool
    """Whether it is the execution role, and not who starts jobs."""
    writes: bool
    context: Mapping[str, ContextValue]
    """What is known of its requests."""


def role_party(target: Target, role: str, *, writes: bool, vpc_endpoint: str, organization: str) -> Party:
    """Return the execution role: what jobs write, SageMaker encrypts with a KMS key, its own if none is named."""
    key = {_KEY: target.output_keys[0]} if target.output_keys else {}
    endpoint = {"aws:SourceVpce": vpc_endpoint} if vpc_endpoint else {}
    member = {"aws:PrincipalOrgID": organization} if organization else {}
    return Party(role, is_role=True, writes=writes, context={_ENCRYPTION: "aws:kms", **key, **endpoint, **member})


def caller_party(target: Target, arn: str, *, writes: bool, organization: str) -> Party:
    """Return who starts jobs: the SDK's uploads name no encryption unless they are told to."""
    key = target.output_keys[0] if target.output_keys else None
    member = {"aws:PrincipalOrgID": organization} if organization else {}
    return Party(
        arn, is_role=False, writes=writes, context={_ENCRYPTION: "aws:kms" if key else None, _KEY: key, **member}
    )


def judge(place: Place, facts: BucketFacts, parties: Sequence[Party]) -> Result:
    """Decide for each party whether the bucket's policy denies what it needs."""
    subject = facts.subject
    if facts.is_ours is False:
        return skipped(subject, f"{subject}: belongs to another account, which alone can read its policy")
    if isinstance(facts.policy, Hole):
        return _unread(subject, facts.policy)
    dossiers = [(party, _dossier(place, facts, party)) for party in parties]
    found = [(party, dossier, dossier.verdicts()) for party, dossier in dossiers]
    lists: dict[str, list[str]] = {
        "principals": [party.arn for party in parties],
        "denied": [
            f"{verdict.text} to {party.arn}" for party, _, told in found for verdict in told if verdict.is_denied
        ],
        "undecided": [
            f"{verdict.text} to {party.arn}"
            for party, _, told in found
            for verdict in told
            if verdict.outcome is Outcome.UNKNOWN
        ],
    }
    evidence: Evidence = {name: listed for name, listed in lists.items() if listed}
    for party, dossier, told in found:
        denied = [verdict for verdict in told if verdict.is_denied]
        if denied:
            return _denied(subject, party, dossier, denied, evidence)
    for party, _, told in found:
        undecided = [verdict for verdict in told if verdict.outcome is Outcome.UNKNOWN]
        if undecided:
            return _undecided(subject, party, undecided, evidence)
    whom = " and ".join(party.arn for party in parties)
    return ok(subject, f"{subject}: its policy denies {whom} nothing that they need", evidence=evidence)


def _dossier(place: Place, facts: BucketFacts, party: Party) -> Dossier:
    needs = of_location(place, facts.name, "", owner=place.home.account, writes=party.writes, purposes=())
    resources = {facts.subject: facts.policy} if facts.policy else {}
    return Dossier(
        party.arn, place.home, place.now, tuple(_in_context(each, party) for each in needs), _FREE, resources
    )


def _in_context(need: Need, party: Party) -> Need:
    own = {key: value for key, value in need.context.items() if party.is_role or "MultiFactor" not in key}
    # S3 accepts no less; a policy that asks for more is taken at its word.
    return replace(need, context={**own, "s3:TlsVersion": 1.2, **party.context})


def _denied(subject: str, party: Party, dossier: Dossier, denied: Sequence[Verdict], evidence: Evidence) -> Result:
    match = denied[0].decision.deciding[0]
    actions = ", ".join(verdict.need.action for verdict in denied)
    statement = f"{match.statement.label} of its policy"
    keys = {condition.key.lower() for condition in match.statement.conditions}
    fix = remedies.tell(remedies.find(dossier))
    if party.is_role:
        sentence = f"{subject}: {statement} denies the role {party.arn} {actions}; {denied[-1].need.fails}"
        return critical(subject, sentence, reason="explicit_deny", fix=fix, evidence=evidence)
    if _ENCRYPTION in keys or _KEY in keys:
        how = "Name a KMS key to the SDK (and under output_keys: in the settings), so that uploads say so; or: "
        fix = Fix(how + fix.text, fix.commands, fix.policy, _PAGE)
    sentence = f"{subject}: {statement} denies {party.arn} {actions}; the SDK cannot upload scripts and data"
    return critical(subject, sentence, reason="caller_denied", fix=fix, evidence=evidence)


def _undecided(subject: str, party: Party, undecided: Sequence[Verdict], evidence: Evidence) -> Result:
    keys = sorted({key for verdict in undecided for key in verdict.decision.unknown_keys})
    doubts = sorted({doubt for verdict in undecided for doubt in verdict.decision.doubts})
    labels = sorted({match.statement.label for verdict in undecided for match in verdict.decision.deciding})
    hangs_on = ", ".join(keys) or "; ".join(doubts)
    return unknown(
        subject,
        f"{subject}: whether {', '.join(labels)} of its policy denies {party.arn} hangs on {hangs_on}",
        reason="undecidable",
        fix=Fix(
            f"Compare what the statement asks of {hangs_on} with what requests have; the check's settings vpc_endpoint "
            "and organization tell it what is known.",
            (f"aws s3api get-bucket-policy --bucket {subject.removeprefix('s3://')} --query Policy --output text",),
            link=_PAGE,
        ),
        evidence=evidence,
    )


def _unread(subject: str, hole: Hole) -> Result:
    if hole.action:
        bucket = subject.removeprefix("s3://")
        return unknown(
            subject,
            f"{subject}: its policy cannot be read without {hole.action}",
            reason="not_permitted",
            fix=Fix(
                f"Allow {hole.action} on the bucket to the credentials that look.",
                ("sagemaker-healthcheck policy",),
                policy={
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": hole.action, "Resource": f"arn:aws:s3:::{bucket}"}],
                },
            ),
            missing_actions=(hole.action,),
        )
    return unknown(
        subject,
        f"{subject}: its policy cannot be understood: {hole.name}",
        reason="malformed_document",
        fix=Fix("Write the policy more plainly, or report it to the authors of sagemaker-healthcheck."),
    )
