"""The second way: AWS's own policy simulator, asked about the same requests, and compared with the documents.

What it can and cannot do, from the API's description and its users' threads (read 2026-11-22): it sees service control
policies, which nobody else in the account can read; it is blind to the policies of buckets and keys where roles are
concerned; without concrete ARNs it answers about ``*``; and of a service control policy's conditions it does not say
which keys it missed (aws/aws-cli#10525), so that a denial by the organization counts only where it stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from healthcheck.capabilities import Aws
from healthcheck.checks.dossier import Verdict
from healthcheck.errors import FailureKind
from healthcheck.iam import ContextValue, Layer, Outcome, Request
from healthcheck.result import Fix, Json, Result, Status, warning

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import ContextEntryTypeDef

CALLS = ("iam.SimulatePrincipalPolicy",)
"""What `compare` asks; optional wherever it is used."""

REASON = "organization_denies"
"""A reason that a check which compares declares."""

_TOLD = 5
_SEEN_BY_THE_SIMULATOR = "service control policies"
"""As the evidence names what was not seen."""
_SILENT = frozenset({FailureKind.NOT_PERMITTED, FailureKind.THROTTLED, FailureKind.SERVICE_ERROR})
"""Refusals with which the documents alone have to do."""

_WITHIN_A_NETWORK: Mapping[str, ContextValue] = {
    "aws:SourceVpc": "vpc-0healthcheckprobe",
    "aws:SourceVpce": "vpce-0healthcheckprobe",
    "aws:ViaAWSService": True,
}
"""What a request from a job in a VPC, or one made by AWS for it, brings along; a Deny that goes away with it was a
condition's."""

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Simulated:
    """The simulator's answer about one action on one resource."""

    decision: str
    """``allowed``, ``implicitDeny`` or ``explicitDeny``."""
    is_by_organization: bool = False
    missing_keys: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    """The policies that decided, as the simulator calls them."""

    @property
    def is_open(self) -> bool:
        """Whether it hangs on context that was not given."""
        return bool(self.missing_keys)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Requests about one kind of resource, which one call can ask: the API takes actions times resources."""

    context: tuple[ContextEntryTypeDef, ...]
    verdicts: list[Verdict] = field(default_factory=list)


def compare(aws: Aws, principal: str, verdicts: Sequence[Verdict], result: Result) -> Result:
    """Return the result with what the simulator says beside it.

    Agreement raises the confidence, a difference is told with its reason. It makes ok no worse than a warning, and that
    for an explicit Deny only that stays when the request comes from a network of one's own.

    Args:
        aws: the capability; the check declares `CALLS` as optional.
        principal: the ARN of the role or user.
        verdicts: what the documents say.
        result: the verdict that rests on them.
    """
    asked = [verdict for verdict in verdicts if verdict.outcome is not Outcome.UNKNOWN]
    if not asked:
        return result
    answers = _ask(aws, principal, asked, {})
    if isinstance(answers, str):
        return _with(result, simulator=answers, confidence="medium")
    denied = [
        verdict
        for verdict in asked
        if verdict.outcome is Outcome.ALLOWED and answers[_key(verdict)].decision == "explicitDeny"
    ]
    again = _ask(aws, principal, denied, _WITHIN_A_NETWORK) if denied else {}
    kept = {} if isinstance(again, str) else again
    staying = [verdict for verdict in denied if _stays(answers[_key(verdict)], kept.get(_key(verdict)))]
    differing = [verdict for verdict in asked if _differs(verdict, answers[_key(verdict)])]
    unseen = [name for name in _texts(result.evidence.get("not_seen")) if name != _SEEN_BY_THE_SIMULATOR]
    told = _with(
        replace(result, evidence={name: value for name, value in result.evidence.items() if name != "not_seen"}),
        simulator=f"{'differs' if differing else 'agrees'} about what can be decided",
        confidence="medium" if differing or len(asked) < len(verdicts) else "high",
        not_seen=unseen,
        simulator_differs=[f"{each.text}: {_why(each, answers[_key(each)])}" for each in differing],
    )
    if staying and result.status is Status.OK:
        return _denied(principal, staying, answers, told)
    return told


def _texts(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list | tuple) else []


def _with(result: Result, **facts: Json) -> Result:
    known = {name: value for name, value in facts.items() if value not in (None, [])}
    return replace(result, evidence={**result.evidence, **known})


def _key(verdict: Verdict) -> _Key:
    request = verdict.decision.request
    return request.folded_action, request.resource


def _ask(
    aws: Aws, principal: str, verdicts: Sequence[Verdict], more: Mapping[str, ContextValue]
) -> Mapping[_Key, Simulated] | str:
    """Return the simulator's answers, or why there are none."""
    batches = list(_batches(verdicts, more))
    iam = aws.client("iam")
    found: dict[_Key, Simulated] = {}
    try:
        # The first one alone: where it is refused, the others need not be asked.
        found |= _simulate(iam, principal, batches[0])
        for part in aws.together([partial(_simulate, iam, principal, batch) for batch in batches[1:]]):
            found |= part
    except iam.exceptions.ClientError as error:
        failure = aws.failure(error)
        if failure.kind not in _SILENT:
            raise
        return f"not asked: {failure.sentence}"
    return {_key(verdict): _answer_to(verdict, found) for verdict in verdicts}


def _answer_to(verdict: Verdict, found: Mapping[_Key, Simulated]) -> Simulated:
    action, resource = _key(verdict)
    return found.get((action, resource)) or found.get((action, "*")) or Simulated("none")


def _batches(verdicts: Sequence[Verdict], more: Mapping[str, ContextValue]) -> Iterator[_Batch]:
    found: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    contexts: dict[tuple[str, str], tuple[ContextEntryTypeDef, ...]] = {}
    for verdict in verdicts:
        request = verdict.decision.request
        context = tuple(_entries({**request.context, **more}))
        key = (_kind(request), repr(context))
        found[key].append(verdict)
        contexts[key] = context
    for key, members in found.items():
        yield _Batch(contexts[key], members)


def _kind(request: Request) -> str:
    """Return the kind of resource, such as ``s3 object`` or ``logs log-group``."""
    service = request.folded_action.partition(":")[0]
    name = request.resource.rpartition(":::")[2] if service == "s3" else request.resource.split(":", 5)[-1]
    if service == "s3":
        return f"s3 {'object' if '/' in name else 'bucket'}"
    return f"{service} {name.partition('/')[0].partition(':')[0]}"


def _entries(context: Mapping[str, ContextValue]) -> Iterator[ContextEntryTypeDef]:
    """Yield the context in the API's form; what is known to be absent is left out."""
    for key, value in context.items():
        if value is None or key.endswith("*"):
            continue
        if isinstance(value, bool):
            yield {"ContextKeyName": key, "ContextKeyType": "boolean", "ContextKeyValues": [str(value).lower()]}
        elif isinstance(value, datetime):
            stamp = f"{value:%Y-%m-%dT%H:%M:%SZ}"
            yield {"ContextKeyName": key, "ContextKeyType": "date", "ContextKeyValues": [stamp]}
        elif isinstance(value, int | float):
            yield {"ContextKeyName": key, "ContextKeyType": "numeric", "ContextKeyValues": [str(value)]}
        elif isinstance(value, str):
            yield {"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value]}
        elif not isinstance(value, bytes):
            values = [str(each) for each in value]
            yield {"ContextKeyName": key, "ContextKeyType": "stringList", "ContextKeyValues": values}


def _simulate(iam: Any, principal: str, batch: _Batch) -> Mapping[_Key, Simulated]:
    requests = [verdict.decision.request for verdict in batch.verdicts]
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=principal,
        ActionNames=sorted({request.action for request in requests}),
        ResourceArns=sorted({request.resource for request in requests}),
        ContextEntries=list(batch.context),
    )
    found: dict[_Key, Simulated] = {}
    for page in pages:
        for result in page["EvaluationResults"]:
            found |= dict(read(result))
    return found


def read(result: Mapping[str, Any]) -> Iterator[tuple[_Key, Simulated]]:
    """Yield the answers of one EvaluationResult: by resource where it has them, else the one at its top."""
    action = result["EvalActionName"].lower()
    by_organization = not result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True)
    parts = result.get("ResourceSpecificResults") or [result]
    for part in parts:
        matched = part.get("MatchedStatements") or result.get("MatchedStatements", [])
        yield (
            (action, part.get("EvalResourceName", "*")),
            Simulated(
                part.get("EvalResourceDecision") or result["EvalDecision"],
                by_organization,
                tuple(sorted(part.get("MissingContextValues", []))),
                tuple(sorted({each["SourcePolicyId"] for each in matched if each.get("SourcePolicyId")})),
            ),
        )


def _stays(first: Simulated, second: Simulated | None) -> bool:
    is_still = second is not None and second.decision == "explicitDeny" and not second.is_open
    return is_still and not first.is_open


def _differs(verdict: Verdict, answer: Simulated) -> bool:
    is_allowed = verdict.outcome is Outcome.ALLOWED
    return answer.is_open or is_allowed is not (answer.decision == "allowed")


def _why(verdict: Verdict, answer: Simulated) -> str:
    """Return the reason of a difference, as far as there is one to be seen."""
    if answer.is_open:
        return f"it hangs on {', '.join(answer.missing_keys)}, which the simulator was not told"
    if answer.decision == "none":
        return "the simulator gave no answer about it"
    if answer.decision == "allowed":
        return "the simulator allows it, as it does not look at the policies of resources"
    if answer.is_by_organization:
        return "the simulator denies it by a policy of the organization, which cannot be read from here"
    if any(match.layer is Layer.RESOURCE for match in verdict.decision.deciding):
        return "the resource's own policy allows it, at which the simulator does not look"
    return f"the simulator says {answer.decision}, and no policy that was read is the reason"


def _denied(principal: str, staying: Sequence[Verdict], answers: Mapping[_Key, Simulated], told: Result) -> Result:
    texts = list(dict.fromkeys(verdict.text for verdict in staying))
    first = answers[_key(staying[0])]
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
            "No policy of this account can mend it. Ask the organization's administrators to let this role do it, and "
            "send them this sentence.",
            (command,),
        ),
        evidence=told.evidence,
        gauges=told.gauges,
    )
