"""Runs of checks that were not begun, because of what they come after."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from healthcheck.engine.failures import cause_of, causes_of, is_transient
from healthcheck.result import Result, Status
from healthcheck.run import Cause, Run
from healthcheck.target import CredentialSource

if TYPE_CHECKING:
    from healthcheck.plan import BoundCheck


@dataclass(frozen=True, slots=True)
class Withholding:
    """Why a check is not begun."""

    verdict: Result
    causes: tuple[Cause, ...] = ()

    def as_run(
        self, run_id: str, check_id: str, started: datetime, *, plan_generation: int, target: str, seconds: float = 0.0
    ) -> Run:
        """Return the run of the check that was withheld."""
        return Run(
            run_id=run_id,
            target=target,
            check=check_id,
            status=self.verdict.status,
            started=started,
            duration_seconds=seconds,
            results=(self.verdict,),
            causes=self.causes,
            is_transient=is_transient((self.verdict,)),
            plan_generation=plan_generation,
        )


def closure(checks: Iterable[BoundCheck], due: Collection[str] | None) -> frozenset[str]:
    """Return the ids of the due checks and of all that they come after; none = all checks."""
    by_id = {bound.id: bound for bound in checks}
    if due is None:
        return frozenset(by_id)
    wanted: set[str] = set()
    waiting = [check_id for check_id in due if check_id in by_id]
    while waiting:
        check_id = waiting.pop()
        if check_id not in wanted:
            wanted.add(check_id)
            waiting.extend(by_id[check_id].after)
    return frozenset(wanted)


def withholding(bound: BoundCheck, target: str, runs: Mapping[str, Run], order: Iterable[str]) -> Withholding | None:
    """Return why a check is not begun, given the runs of all that it comes after; none when it is to run.

    Args:
        bound: the check.
        target: the target's name.
        runs: what each earlier check of the round came to.
        order: the ids of the round's checks in dependency order, which decides which cause is named first.
    """
    earlier = [runs[check_id] for check_id in bound.after]
    for run in earlier:
        if run.status is Status.SKIPPED:
            # Before what blocks: it would not apply even if nothing stood in its way.
            return _follows(run, target)
    causes = _causes(earlier, order)
    return blocked_by(causes, target, runs) if causes else None


def blocked_by(causes: tuple[Cause, ...], target: str, runs: Mapping[str, Run]) -> Withholding:
    """Return that a check waits for these causes."""
    names = " and ".join(dict.fromkeys(cause.check for cause in causes))
    root = runs.get(causes[0].check)
    why = f": {root.decisive.summary}" if root else ""
    return Withholding(Result(target, Status.BLOCKED, f"waits for {names}{why}"), causes)


def joined_cause(
    run: Run, bound: BoundCheck, runs: Mapping[str, Run], checks: Mapping[str, BoundCheck], source: CredentialSource
) -> Cause | None:
    """Return the incident of the first check, among those that this one comes after, that misses the same action."""
    if run.status is not Status.UNKNOWN or not run.decisive.missing_actions:
        return None
    mine = cause_of(run.check, run.decisive, source)
    before = closure(checks.values(), bound.after)
    for check_id in checks:
        earlier = runs.get(check_id)
        if check_id in before and earlier is not None and earlier.status is Status.UNKNOWN:
            theirs = cause_of(earlier.check, earlier.decisive, source)
            if theirs.subject == mine.subject:
                return theirs
    return None


def _follows(skipped: Run, target: str) -> Withholding:
    verdict = skipped.decisive
    summary = f"does not apply, because {skipped.check} does not: {verdict.summary}"
    return Withholding(Result(target, Status.SKIPPED, summary, verdict.reason))


def _causes(earlier: Iterable[Run], order: Iterable[str]) -> tuple[Cause, ...]:
    found: set[Cause] = set()
    for run in earlier:
        if run.status is Status.CRITICAL:
            found.update(causes_of(run))
        elif run.status is Status.BLOCKED:
            found.update(run.causes)
    rank = {check_id: number for number, check_id in enumerate(order)}
    return tuple(sorted(found, key=lambda cause: (rank.get(cause.check, len(rank)), cause.subject)))
