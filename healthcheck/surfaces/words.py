"""The words and signs by which people are told of statuses, times and numbers; for terminal and page alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from types import MappingProxyType

from healthcheck.engine.snapshot import Incident, Snapshot, TargetState
from healthcheck.result import SEVERITY, Status

SYMBOLS = MappingProxyType(
    {
        Status.OK: "✓",
        Status.WARNING: "!",
        Status.CRITICAL: "✗",
        Status.UNKNOWN: "?",
        Status.BLOCKED: "⊘",
        Status.SKIPPED: "-",
    }
)

MOST_SEVERE_FIRST = tuple(reversed(SEVERITY))

_ARN = re.compile(r"arn:[\w-]+:[\w-]+:[\w-]*:\d*:(?P<resource>\S+)", re.ASCII)

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 target`` or ``2 targets``; thousands are set apart."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def spoken(time: timedelta) -> str:
    """Return a length of time in its two largest units: ``3 d 4 h``, ``47 min``, ``12 s``."""
    seconds = max(int(time.total_seconds()), 0)
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    large, unit, rest, small = (
        (seconds // _DAY, "d", seconds % _DAY // _HOUR, "h")
        if seconds >= _DAY
        else (seconds // _HOUR, "h", seconds % _HOUR // _MINUTE, "min")
    )
    return f"{large} {unit} {rest} {small}" if rest else f"{large} {unit}"


def listed(names: Sequence[str], limit: int) -> str:
    """Return the names separated by commas; of many, the first ones and how many more there are."""
    shown = ", ".join(names[:limit])
    more = len(names) - limit
    return f"{shown} and {more:,} more" if more > 0 else shown


def counts(statuses: Iterable[Status]) -> list[tuple[Status, int]]:
    """Count statuses, the most severe first; those that do not occur are left out."""
    totals = dict.fromkeys(MOST_SEVERE_FIRST, 0)
    for status in statuses:
        totals[status] += 1
    return [(status, number) for status, number in totals.items() if number]


def verdict(snapshot: Snapshot) -> str:
    """Say in one sentence how it stands."""
    targets = snapshot.targets
    if not targets:
        return "No target is configured"
    waiting = sum(is_waiting(state) for state in targets)
    of_status = dict(counts(state.status for state in targets if not is_waiting(state)))
    if broken := of_status.get(Status.CRITICAL):
        return f"{_of_all(broken, len(targets))} {'does' if broken == 1 else 'do'} not work"
    if waiting:
        return f"The first look is still going on: {len(targets) - waiting:,} of {count(len(targets), 'target')} seen"
    return _of_nothing_broken(snapshot, of_status)


def _of_nothing_broken(snapshot: Snapshot, of_status: dict[Status, int]) -> str:
    total = len(snapshot.targets)
    if unseen := of_status.get(Status.UNKNOWN):
        return f"{_of_all(unseen, total)} could not be judged in full"
    if weak := of_status.get(Status.WARNING):
        return f"{_of_all(weak, total)} {'needs' if weak == 1 else 'need'} attention"
    if snapshot.plugin_failures:
        return "Contributed checks could not be loaded"
    if of_status.keys() == {Status.SKIPPED}:
        return "No check applies, so nothing was seen"
    return "The target is in order" if total == 1 else f"All {total:,} targets are in order"


def headline(incident: Incident) -> str:
    """Return an incident's summary, of an ARN no more than what it names: the whole of it stands beside it."""
    told = incident.summary.removeprefix(f"{incident.subject}: ")
    if told == incident.summary or not (found := _ARN.fullmatch(incident.subject)):
        return incident.summary
    return f"{found['resource']}: {told}"


def is_waiting(state: TargetState) -> bool:
    """Whether the target has not been looked at yet."""
    return state.last_round is None and all(check.run is None for check in state.checks)


def _of_all(number: int, total: int) -> str:
    if total == 1:
        return "The target"
    return f"{number:,} of {total:,} targets"
