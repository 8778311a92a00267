"""The second way: AWS's own policy simulator, asked about the same requests, and compared with the documents.

What it can and cannot do, from the API's description and its users' threads (read 2026-11-22): it sees service control
policies, which nobody else in the account can read; it is blind to the policies of buckets and keys where roles are
concerned; and of a service control policy's conditions it does not say which keys it missed (aws/aws-cli#10525), so
that a denial by the organization counts only where it stays.

It is slow to let itself be asked, so its answers count for an hour, unless the policies or the questions change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from healthcheck.capabilities import Aws
from healthcheck.checks import simulator
from healthcheck.checks.dossier import Dossier, Verdict
from healthcheck.checks.principals import parse
from healthcheck.checks.simulator import NO_ANSWER, Simulated, key_of
from healthcheck.errors import Failure, FailureKind
from healthcheck.iam import ContextValue, Hole, Layer, Outcome, Request
from healthcheck.result import Fix, Json, Result, Status, warning

CALLS = simulator.CALLS
"""What `compare` asks; optional wherever it is used."""

REASON = "organization_denies"
"""A reason that a check which compares declares."""

_TOLD = 5
_SEEN_BY_THE_SIMULATOR = "service control policies"
"""As the evidence names what was not seen."""

_WITHIN_A_NETWORK: Mapping[str, ContextValue] = {
    "aws:SourceVpc": "vpc-0healthcheckprobe",
    "aws:SourceVpce": "vpce-0healthcheckprobe",
    "aws:ViaAWSService": True,
}
"""What a request from a job in a VPC, or one made by AWS for it, brings along; a Deny that goes away with it was a
condition's."""

_OF_A_PERSON: Mapping[str, ContextValue] = {"aws:MultiFactorAuthAge": 60, "aws:MultiFactorAuthPresent": True}
"""What whoever starts jobs may bring, too; of jobs it is known that they have no second factor."""

_TIMES = frozenset({"aws:CurrentTime", "aws:EpochTime"})

_Answers = Mapping[simulator.Key, Simulated]


def compare(aws: Aws, dossier: Dossier, verdicts: Sequence[Verdict], result: Result) -> Result:
    """Return the result with what the simulator says beside it.

    Agreement raises the confidence, a difference is told with its reason. It makes ok no worse than a warning, and that
    for an explicit Deny only that stays when the request has all that it might bring along. That it has nothing to say,
    for whatever reason, changes no verdict.

    Args:
        aws: the capability; the check declares `CALLS` as optional.
        dossier: whose rights they are, and the documents that the verdicts rest on.
        verdicts: what the documents say.
        result: the verdict that rests on them.
    """
    principal = parse(dossier.principal)
    decided = [verdict for verdict in verdicts if verdict.outcome is not Outcome.UNKNOWN]
    # Of what hangs on documents that could not be read it has at least something to say.
    unread = [verdict for verdict in verdicts if verdict.outcome is Outcome.UNKNOWN and verdict.decision.holes]
    asked = [*decided, *unread]
    # It knows roles and users alone, by their own ARNs.
    if not asked or principal is None or principal.kind not in ("role", "user"):
        return result
    requests = [verdict.decision.request for verdict in asked]
    answers = aws.hourly(_subject(dossier, requests), lambda: _ask(aws, dossier.principal, requests))
    if isinstance(answers, Failure):
        why = "not asked" if answers.kind is FailureKind.NOT_PERMITTED else "gave nothing usable"
        return _with(result, simulator=f"{why}: {answers.sentence}", confidence="medium")
    if all(answer.decision == NO_ANSWER for answer in answers.values()):
        return _with(result, simulator="gave nothing usable: no answer to any question", confidence="medium")
    denied = [
        verdict
        for verdict in decided
        if verdict.outcome is Outcome.ALLOWED and _answer(answers, verdict).decision == "explicitDeny"
    ]
    again = _ask(aws, dossier.principal, [_at_its_best(verdict) for verdict in denied]) if denied else {}
    kept: _Answers = {} if isinstance(again, Failure) else again
    staying = [verdict for verdict in denied if _stays(verdict, _answer(answers, verdict), _answer(kept, verdict))]
    differing = [verdict for verdict in decided if _differs(verdict, _answer(answers, verdict))]
    unseen = [name for name in _texts(result.evidence.get("not_seen")) if name != _SEEN_BY_THE_SIMULATOR]
    told = _with(
        replace(result, evidence={name: value for name, value in result.evidence.items() if name != "not_seen"}),
        simulator=_compared(decided, differing),
        confidence="medium" if differing or len(decided) < len(verdicts) else "high",
        not_seen=unseen,
        simulator_differs=[f"{each.text}: {_why(each, _answer(answers, each))}" for each in differing],
        simulator_of_undecided=[f"{each.text}: {_said(each, _answer(answers, each))}" for each in unread],
    )
    if staying and result.status is Status.OK:
        return _denied(dossier.principal, principal.kind, staying, kept, told)
    return told


def _compared(decided: Sequence[Verdict], differing: Sequence[Verdict]) -> str:
    if not decided:
        return "asked about what could not be decided"
    return f"{'differs' if differing else 'agrees'} about what can be decided"


def _ask(aws: Aws, principal: str, requests: Sequence[Request]) -> _Answers | Failure:
    return aws.optional(lambda: simulator.ask(aws, principal, requests))


def _answer(answers: _Answers, verdict: Verdict) -> Simulated:
    return answers.get(key_of(verdict.decision.request), Simulated(NO_ANSWER))


def _at_its_best(verdict: Verdict) -> Request:
    """Return the request with all that it might bring along."""
    request = verdict.decision.request
    return replace(request, context={**_OF_A_PERSON, **request.context, **_WITHIN_A_NETWORK})


def _subject(dossier: Dossier, requests: Sequence[Request]) -> str:
    """Return what changes when the policies or the questions do, and only then."""
    questions = [
        (key_of(request), sorted((key, repr(value)) for key, value in request.context.items() if key not in _TIMES))
        for request in requests
    ]
    words = repr((questions, list(_documents(dossier))))
    return f"what the simulator says of {dossier.principal}: {sha256(words.encode()).hexdigest()}"


def _documents(dossier: Dossier) -> Iterator[str]:
    policies = dossier.policies
    for source in policies.sources:
        # What AWS publishes under a version never changes; a customer can make a policy anew under its name.
        is_named = source.origin.is_aws_managed and source.document.version is not None
        yield f"{source.origin}: {source.document.version if is_named else json.dumps(source.raw)}"
    for document in (*policies.identity, *(policies.boundary or ())):
        if isinstance(document, Hole):
            yield repr(document)


def _texts(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list | tuple) else []


def _with(result: Result, **facts: Json) -> Result:
    known = {name: value for name, value in facts.items() if value not in (None, [])}
    return replace(result, evidence={**result.evidence, **known})


def _stays(verdict: Verdict, first: Simulated, second: Simulated) -> bool:
    return second.decision == "explicitDeny" and not (_open(verdict, first) or _open(verdict, second))


def _open(verdict: Verdict, answer: Simulated) -> tuple[str, ...]:
    """Return the context keys on which an answer hangs: those that requests may have, and that were not given.

    What was not given the simulator takes to be absent and names; some of it is known to be absent, and rightly so.
    """
    absent = [key.lower() for key, value in verdict.decision.request.context.items() if value is None]
    return tuple(key for key in answer.missing_keys if not any(_names(name, key.lower()) for name in absent))


def _names(name: str, key: str) -> bool:
    return key.startswith(name[:-1]) if name.endswith("*") else key == name


def _differs(verdict: Verdict, answer: Simulated) -> bool:
    # It lists keys of statements that have no part in the decision, too (boto/boto3#3111): alone they say nothing.
    return (verdict.outcome is Outcome.ALLOWED) is not (answer.decision == "allowed")


def _said(verdict: Verdict, answer: Simulated) -> str:
    keys = _open(verdict, answer)
    if keys:
        return f"hangs on {', '.join(keys)}"
    words = {"allowed": "allowed", "explicitDeny": "denied by a statement", "implicitDeny": "allowed by nothing"}
    return words.get(answer.decision, "no answer")


def _why(verdict: Verdict, answer: Simulated) -> str:
    """Return the reason of a difference, as far as there is one to be seen."""
    keys = _open(verdict, answer)
    if keys:
        return f"it hangs on {', '.join(keys)}, which the simulator was not told"
    if answer.decision == NO_ANSWER:
        return "the simulator gave no answer about it"
    if answer.decision == "allowed":
        return "the simulator allows it, as it does not look at the policies of resources"
    if answer.is_by_organization:
        return "the simulator denies it by a policy of the organization, which cannot be read from here"
    if any(match.layer is Layer.RESOURCE for match in verdict.decision.deciding):
        return "the resource's own policy allows it, at which the simulator does not look"
    return f"the simulator says {answer.decision}, and no policy that was read is the reason"


def _denied(principal: str, kind: str, staying: Sequence[Verdict], answers: _Answers, told: Result) -> Result:
    texts = list(dict.fromkeys(verdict.text for verdict in staying))
    first = _answer(answers, staying[0])
    owner = "a policy of the organization" if first.is_by_organization else "a policy that could not be read"
    named = f" ({', '.join(first.policies)})" if first.policies else ""
    request = staying[0].decision.request
    more = f" and {len(texts) - _TOLD} more" if len(texts) > _TOLD else ""
    command = (
        f"aws iam simulate-principal-policy --policy-source-arn {principal} --action-names {request.action} "
        f"--resource-arns '{request.resource}'"
    )
    # No critical: the simulator does not name the keys that an organization's policies ask for (aws-cli#10525), so a
    # denial of every network but one looks the same as a denial.
    return warning(
        told.subject,
        f"{told.subject}: may not {', '.join(texts[:_TOLD])}{more}: {owner}{named} denies it, says AWS's simulator; "
        f"the policies in this account allow it; {staying[0].need.fails}",
        reason=REASON,
        fix=Fix(
            f"No policy of this account can mend it. Ask the organization's administrators to let this {kind} do it, "
            "and send them this sentence. (A policy that admits some addresses alone looks the same to the simulator.)",
            (command,),
        ),
        evidence=told.evidence,
        gauges=told.gauges,
    )
