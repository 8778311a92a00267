"""One execution of one check on one target: the record that every surface reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from healthcheck.result import SEVERITY, Result, Status, worst


@dataclass(frozen=True, slots=True)
class Cause:
    """The root of an incident: a check and the subject on which it fails. Equal causes are one incident."""

    check: str
    subject: str


@dataclass(frozen=True, slots=True)
class Run:
    """What one execution came to. `status` is raw: as this run saw it."""

    run_id: str
    target: str
    check: str
    status: Status
    started: datetime
    """UTC."""
    duration_seconds: float
    results: tuple[Result, ...]
    """One per subject; never empty."""
    causes: tuple[Cause, ...] = ()
    """What blocks it, in dependency order; the first is *the* cause. Empty unless blocked, or joined (see `joins`)."""
    joins: Cause | None = None
    """Unknown for the same missing action as an earlier check: the incident that this run belongs to."""
    is_transient: bool = False
    """Throttled, timed out, unreachable: counts neither as failing nor as recovering."""
    plan_generation: int = 0

    @property
    def decisive(self) -> Result:
        """The result that set the status: the first of the most severe."""
        return max(self.results, key=lambda result: SEVERITY.index(result.status))

    @property
    def reason(self) -> str | None:
        """The reason of the decisive result."""
        return self.decisive.reason

    @property
    def cause(self) -> str | None:
        """The id of the root check, or none unless blocked."""
        return self.causes[0].check if self.status is Status.BLOCKED and self.causes else None


def status_of(results: tuple[Result, ...]) -> Status:
    """Return the status of a run with these results."""
    return worst(result.status for result in results)
