"""What past jobs tell of a role that may not be looked at, beside the verdict that it could not be looked at.

A job is no look: the role may have been changed since, and a job that SageMaker cannot even begin is refused when it is
made and leaves no trace. So whoever may not look is told that, and what is known of the past, and how old it is. Only
who sets ``accept_past_jobs`` takes a job of that age for an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from healthcheck.aws.errors import quote
from healthcheck.capabilities import Aws
from healthcheck.checks.locations import Location
from healthcheck.checks.needs import Place
from healthcheck.checks.past_jobs import KIND_OF, End, Job, look
from healthcheck.checks.spans import spoken
from healthcheck.errors import FailureKind
from healthcheck.result import Fix, Json, Result, Status, ok, unknown, warning
from healthcheck.symptoms import Finding
from healthcheck.target import Purpose, Target

REASON = "job_refused"
"""A reason that a check declares which may tell what a job was refused."""

_RECENT = timedelta(days=7)
"""A job that was refused something earlier, and was not run again, is nobody's worry any more."""
_TOLD = 3
_HOUR_SECONDS = 3_600
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


class Claim(Enum):
    """What a check would like to know of a role."""

    EXISTS = "exists"
    ASSUMABLE = "assumable"
    ALLOWED = "allowed"
    REACHES = "reaches"
    """Whether it may use one place in S3."""


_PROOFS = {
    # Whatever ran as the role, or was refused something as it, had assumed it.
    Claim.EXISTS: (End.COMPLETED, End.REFUSED, End.SCRIPT_FAILED),
    Claim.ASSUMABLE: (End.COMPLETED, End.REFUSED, End.SCRIPT_FAILED),
    Claim.ALLOWED: (End.COMPLETED,),
    Claim.REACHES: (End.COMPLETED,),
}
_COUNTERS = {
    # That a role cannot be assumed may mean that it is gone; the check of its trust tells of that.
    Claim.EXISTS: (End.NOT_ASSUMED,),
    Claim.ASSUMABLE: (End.NOT_ASSUMED,),
    Claim.ALLOWED: (End.NOT_ASSUMED, End.REFUSED),
    Claim.REACHES: (End.NOT_ASSUMED, End.REFUSED),
}
_OF_ANY_KIND = (Claim.EXISTS, Claim.REACHES)
"""Claims for which it does not matter what kind of job it was."""
_TELLS = {Claim.ASSUMABLE: End.NOT_ASSUMED, Claim.ALLOWED: End.REFUSED}
"""The end of a job of which a check warns, each of another."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is asked of past jobs."""

    claim: Claim
    role: str
    purposes: tuple[Purpose, ...]
    now: datetime
    sufficing: timedelta = timedelta(0)
    """How old a completed job may be to be taken for an answer; 0 = none is."""
    place: Place | None = None
    """Where the role must be allowed what it needs."""
    writes: bool = True
    """Whether it must be allowed to write there."""

    @property
    def below(self) -> str:
        """The part of S3 that is asked about; empty where none is."""
        return f"s3://{self.place.bucket}/{self.place.prefix}" if self.place and self.place.bucket else ""


def after_refusal(aws: Aws, target: Target, error: Exception, claim: Claim, sufficing: timedelta) -> Iterator[Result]:
    """Tell what past jobs show of a role that IAM does not let us read.

    Args:
        aws: the capability; the check declares `past_jobs.CALLS` as optional.
        target: the target, which names a role.
        error: what reading the role came to.
        claim: what the check would have looked at.
        sufficing: see `Inquiry`.

    Raises:
        Exception: `error`, where it is no refusal, or no job shows anything.
    """
    failure, role = aws.failure(error), target.role or ""
    is_refusal = failure.kind is FailureKind.NOT_PERMITTED and failure.missing_actions
    jobs = look(aws, role, target.purposes) if is_refusal else ()
    if not jobs:
        raise error
    refused = unknown(
        target.source.lacking(failure.missing_actions),
        failure.sentence.rstrip("."),
        reason=failure.kind.value,
        fix=Fix(
            f"Let the credentials that look use {', '.join(failure.missing_actions)}.",
            ("sagemaker-healthcheck policy",),
        ),
        evidence={"operation": failure.operation, "code": failure.code},
        missing_actions=failure.missing_actions,
    )
    yield from judge(Inquiry(claim, role, target.purposes, aws.now, sufficing), refused, jobs)


def beside(aws: Aws, target: Target, place: Place, result: Result, sufficing: timedelta) -> Iterator[Result]:
    """Yield a verdict on a role's permissions, with what past jobs show where its policies may not be read."""
    inquiry = Inquiry(Claim.ALLOWED, place.role, target.purposes, place.now, sufficing, place)
    yield from _beside(aws, inquiry, result)


def beside_location(
    aws: Aws, target: Target, place: Place, location: Location, *, result: Result, sufficing: timedelta
) -> Iterator[Result]:
    """Yield a verdict on one place in S3, with what past jobs read and wrote there where policies may not be read."""
    there = replace(place, bucket=location.bucket, prefix=location.prefix, images=(), subnets=())
    inquiry = Inquiry(Claim.REACHES, place.role, target.purposes, place.now, sufficing, there, writes=location.writes)
    yield from _beside(aws, inquiry, result)


def _beside(aws: Aws, inquiry: Inquiry, result: Result) -> Iterator[Result]:
    if result.status is Status.UNKNOWN and result.reason == FailureKind.NOT_PERMITTED.value:
        yield from judge(inquiry, result, look(aws, inquiry.role, inquiry.purposes))
    else:
        yield result


def judge(inquiry: Inquiry, refused: Result, jobs: Sequence[Job]) -> Iterator[Result]:
    """Yield what could not be looked at, with what jobs show of it; then what they were refused.

    Args:
        inquiry: what is asked.
        refused: the verdict that it could not be looked at.
        jobs: the last jobs of the role, newest first.
    """
    proofs = _proofs(inquiry, jobs)
    gaps = _gaps(inquiry, proofs)
    evidence = {**refused.evidence, **_evidence(inquiry, proofs, gaps)}
    shown = _shown(inquiry, proofs, gaps)
    is_fresh = bool(proofs) and all(inquiry.now - job.ended <= inquiry.sufficing for job in proofs.values())
    if is_fresh and not gaps:
        lacking = ", ".join(refused.missing_actions)
        facts = {
            **evidence,
            **({"not_shown_by_past_jobs": ["logs", "metrics"]} if inquiry.claim is Claim.ALLOWED else {}),
            "basis": "past job",
            "confidence": "low",
            "missing_actions": list(refused.missing_actions),
        }
        subject = inquiry.role if inquiry.place is None else refused.subject
        yield ok(subject, f"{subject}: {shown}; it could not be looked at without {lacking}", evidence=facts)
    else:
        yield replace(refused, summary=f"{refused.summary}; {shown}" if shown else refused.summary, evidence=evidence)
    counter = next((job for job in jobs if job.end is _TELLS.get(inquiry.claim)), None)
    if counter is not None and counter.meaning is not None and inquiry.now - counter.ended <= _RECENT:
        yield _warning(inquiry, counter, counter.meaning)


def _proofs(inquiry: Inquiry, jobs: Sequence[Job]) -> Mapping[Purpose, Job]:
    """Return by purpose the newest job that shows what is asked, unless a newer one shows that it is so no more."""
    found: dict[Purpose, Job] = {}
    for purpose in inquiry.purposes:
        kinds = tuple(KIND_OF.values()) if inquiry.claim in _OF_ANY_KIND else (KIND_OF.get(purpose),)
        mine = [job for job in jobs if job.kind in kinds and _concerns(inquiry, job)]
        first = next((job for job in mine if job.end in (*_PROOFS[inquiry.claim], *_COUNTERS[inquiry.claim])), None)
        if first is not None and first.end in _PROOFS[inquiry.claim]:
            found[purpose] = first
    return found


def _concerns(inquiry: Inquiry, job: Job) -> bool:
    """Whether a job has to do with what is asked: of a place, one that used it, or was refused something."""
    if inquiry.claim is not Claim.REACHES or not job.is_completed:
        return True
    return any(_is_below(inquiry, uri) for uri in (*job.reads, *job.writes))


def _is_below(inquiry: Inquiry, uri: str) -> bool:
    return f"{uri}/".startswith(inquiry.below)


def _gaps(inquiry: Inquiry, proofs: Mapping[Purpose, Job]) -> list[str]:
    """Name what no job shows."""
    unshown = [purpose.value for purpose in inquiry.purposes if purpose not in proofs]
    place = inquiry.place
    if place is None or not proofs:
        return unshown
    jobs = tuple(proofs.values())
    used = {"reading": [job.reads for job in jobs], "writing": [job.writes for job in jobs] if inquiry.writes else []}
    for verb, uris in used.items():
        if inquiry.below and not all(any(_is_below(inquiry, uri) for uri in found) for found in uris):
            unshown.append(f"{verb} below {inquiry.below}")
    if place.subnets and not all(set(job.subnets) & set(place.subnets) for job in jobs):
        unshown.append("the subnets of the settings")
    run = {_repository(job.image) for job in jobs}
    unshown += [f"the image {image}" for image in place.images if _repository(image) not in run]
    return unshown


def _repository(image: str) -> str:
    """Leave out an image's tag or digest: rights are to its repository."""
    registry, slash, name = image.rpartition("/")
    return registry + slash + name.partition("@")[0].partition(":")[0]


def _shown(inquiry: Inquiry, proofs: Mapping[Purpose, Job], gaps: Sequence[str]) -> str:
    by_job: dict[Job, list[str]] = {}
    for purpose, job in proofs.items():
        by_job.setdefault(job, []).append(purpose.value)
    said = [
        f"{job.words} {'completed' if job.is_completed else 'ran'} with this role {_age(inquiry, job)}, "
        f"so {_so(inquiry, job, ', '.join(names))}"
        for job, names in by_job.items()
    ]
    if said and gaps:
        said.append(f"no job shows {', '.join(gaps[:_TOLD])}")
    return "; ".join(said)


def _so(inquiry: Inquiry, job: Job, purposes: str) -> str:
    match inquiry.claim:
        case Claim.EXISTS:
            return "it was there then, under exactly this ARN, and SageMaker could assume it for that job"
        case Claim.ASSUMABLE:
            return f"SageMaker could assume it then, for {purposes}"
        case Claim.ALLOWED | Claim.REACHES:
            did = [
                f"{verb} {', '.join(uris[:_TOLD])}"
                for verb, uris in (("read", job.reads), ("write", job.writes))
                if uris
            ]
            return f"it could {' and '.join(did) or 'run it'} then"


def _age(inquiry: Inquiry, job: Job) -> str:
    return f"{spoken(inquiry.now - job.ended)} ago"


def _evidence(inquiry: Inquiry, proofs: Mapping[Purpose, Job], gaps: Sequence[str]) -> dict[str, Json]:
    jobs = list(dict.fromkeys(proofs.values()))
    if not jobs:
        return {}
    found: dict[str, Json] = {
        "past_jobs": [f"{job.words}, {job.end.value}, {job.ended:{_MOMENT}}" for job in jobs],
        "past_jobs_age_hours": max(_age_hours(inquiry, job) for job in jobs),
        "shown_by_past_jobs": [purpose.value for purpose in proofs],
    }
    return {**found, "not_shown_by_past_jobs": list(gaps)} if gaps else found


def _age_hours(inquiry: Inquiry, job: Job) -> float:
    return round((inquiry.now - job.ended).total_seconds() / _HOUR_SECONDS, 1)


def _warning(inquiry: Inquiry, job: Job, meant: Finding) -> Result:
    subject = f"jobs of {inquiry.role}"
    return warning(
        subject,
        f'{subject}: {job.words} failed {_age(inquiry, job)}, and none has completed since: "{quote(job.failure)}"; '
        f"{meant.meaning.rstrip('.')}",
        reason=REASON,
        fix=meant.fix,
        evidence={
            "job": job.words,
            "ended": f"{job.ended:{_MOMENT}}",
            "age_hours": _age_hours(inquiry, job),
            "failure_reason": quote(job.failure),
            "symptom": meant.symptom.id,
        },
    )
