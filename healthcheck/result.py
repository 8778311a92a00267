"""Verdicts: what a check says about one subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TypeAlias

# What evidence may hold: anything that JSON can say. A raw AWS answer may hold secrets and is never evidence.
Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
Evidence = Mapping[str, Json]

_NOTHING: Evidence = MappingProxyType({})


class Status(Enum):
    """How a check stands. The value is the word used in JSON, logs and settings."""

    OK = "ok"
    """Seen, and good."""
    WARNING = "warning"
    """Works, and will not for long, or works by accident."""
    CRITICAL = "critical"
    """The set-up does not do its job. Never our own failure."""
    UNKNOWN = "unknown"
    """Could not be judged: not permitted, throttled, timed out, crashed, stale, no verdict."""
    BLOCKED = "blocked"
    """A check that it comes after is critical or blocked."""
    SKIPPED = "skipped"
    """Does not apply here, or is turned off."""

    @property
    def code(self) -> int:
        """The number exported as the metric's value; it is no order of severity."""
        return _CODES[self]

    @property
    def needs_action(self) -> bool:
        """Whether somebody has to do something: warning, critical and unknown open incidents."""
        return self in (Status.WARNING, Status.CRITICAL, Status.UNKNOWN)


_CODES = {
    Status.OK: 0,
    Status.WARNING: 1,
    Status.CRITICAL: 2,
    Status.UNKNOWN: 3,
    Status.BLOCKED: 4,
    Status.SKIPPED: 5,
}

SEVERITY = (Status.SKIPPED, Status.OK, Status.BLOCKED, Status.WARNING, Status.UNKNOWN, Status.CRITICAL)
"""From least to most severe. Written down, because neither exit codes nor metric values are an order."""


def worst(statuses: Iterable[Status]) -> Status:
    """Return the most severe status; of none, ``SKIPPED``."""
    return max(statuses, key=SEVERITY.index, default=Status.SKIPPED)


@dataclass(frozen=True, slots=True)
class Fix:
    """What to do next."""

    text: str
    """One sentence in plain words."""
    commands: tuple[str, ...] = ()
    """Shell commands that can be pasted, in order."""
    policy: Mapping[str, Json] | None = None
    """An IAM policy document that the commands or the sentence refer to."""
    link: str | None = None
    """A page that explains more."""


@dataclass(frozen=True, slots=True)
class Result:
    """A verdict on one subject. Build it with `ok`, `warning`, `critical`, `unknown` or `skipped`."""

    subject: str
    """What the verdict is about, named so that every target that sees it uses the same words."""
    status: Status
    summary: str
    """A sentence for the operator: what, on which subject, the value met, the value expected."""
    reason: str | None = None
    """A word of the check's closed list; safe as a metric label."""
    fix: Fix | None = None
    evidence: Evidence = field(default_factory=lambda: _NOTHING)
    """The few facts that the verdict rests on, each named with its unit."""
    gauges: Mapping[str, float] = field(default_factory=dict)
    """Values for metric families that the check declares, by family name without the prefix."""
    missing_actions: tuple[str, ...] = ()
    """The IAM actions without which the verdict could not be reached (only when unknown)."""


def ok(
    subject: str, summary: str, *, evidence: Evidence = _NOTHING, gauges: Mapping[str, float] | None = None
) -> Result:
    """Claim that the subject was seen and is good."""
    return Result(subject, Status.OK, summary, evidence=evidence, gauges=gauges or {})


def warning(
    subject: str,
    summary: str,
    *,
    reason: str,
    fix: Fix,
    evidence: Evidence = _NOTHING,
    gauges: Mapping[str, float] | None = None,
) -> Result:
    """Say that the subject works, and will not for long, or works by accident."""
    return Result(subject, Status.WARNING, summary, reason, fix, evidence, gauges or {})


def critical(
    subject: str,
    summary: str,
    *,
    reason: str,
    fix: Fix,
    evidence: Evidence = _NOTHING,
    gauges: Mapping[str, float] | None = None,
) -> Result:
    """Say that the subject does not do its job, as seen."""
    return Result(subject, Status.CRITICAL, summary, reason, fix, evidence, gauges or {})


def unknown(
    subject: str,
    summary: str,
    *,
    reason: str,
    fix: Fix,
    evidence: Evidence = _NOTHING,
    missing_actions: tuple[str, ...] = (),
) -> Result:
    """Say that the subject could not be judged, and what would let it be."""
    return Result(subject, Status.UNKNOWN, summary, reason, fix, evidence, {}, missing_actions)


def skipped(subject: str, summary: str, *, reason: str = "not_applicable") -> Result:
    """Say that the check does not apply to this target."""
    return Result(subject, Status.SKIPPED, summary, reason)
