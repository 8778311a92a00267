"""Incidents: what each target contributes to one, and the book of those that are open."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from healthcheck.engine.snapshot import Incident, IncidentChanged, IncidentPhase, PluginFailure
from healthcheck.result import SEVERITY, Fix, Status, worst
from healthcheck.run import Cause

PLUGINS_CHECK = "plugins.loadable"
"""The cause of incidents about contributed checks that could not be loaded; no check has this id."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """One target's share in an incident."""

    status: Status
    reason: str | None
    summary: str
    fix: Fix | None
    since: datetime
    blocked: tuple[str, ...]


def incident_id(cause: Cause) -> str:
    """Return the id of the incident with this cause: the same in every process, on every host."""
    return hashlib.sha256(f"{cause.check}\0{cause.subject}".encode()).hexdigest()[:12]


def plugin_incident(failure: PluginFailure, since: datetime) -> Incident:
    """Return the incident of contributed checks that could not be loaded."""
    cause = Cause(PLUGINS_CHECK, failure.name)
    return Incident(
        id=incident_id(cause),
        cause=cause.check,
        subject=cause.subject,
        targets=(),
        status=Status.UNKNOWN,
        reason="plugin_failed",
        summary=failure.sentence,
        fix=Fix(f"Mend or uninstall the package {failure.package}, then restart."),
        blocked={},
        since=since,
    )


def urgency(incident: Incident) -> tuple[int, datetime, str]:
    """Return the sort key of incidents: most severe first, then oldest first."""
    return (-SEVERITY.index(incident.status), incident.since, incident.id)


class IncidentBook:
    """All open incidents, and which of their changes have been announced. Not safe for threads; the state is."""

    def __init__(self) -> None:
        self._shares: dict[Cause, dict[str, Contribution]] = {}
        self._since: dict[Cause, datetime] = {}
        self._built: dict[Cause, Incident] = {}
        self._announced: dict[Cause, Incident] = {}
        # What a round changes is announced when it ends: one event with all that is blocked, not one a check.
        self._unannounced: dict[str, set[Cause]] = {}

    def __iter__(self) -> Iterator[Incident]:
        """Yield the open incidents in no order."""
        for cause in self._shares:
            yield self._incident(cause)

    def put(self, target: str, before: Mapping[Cause, Contribution], now: Mapping[Cause, Contribution]) -> bool:
        """Replace what a target contributes, and return whether that makes any difference."""
        changed = [cause for cause in {**before, **now} if before.get(cause) != now.get(cause)]
        for cause in changed:
            shares = self._shares.setdefault(cause, {})
            if cause in now:
                shares[target] = now[cause]
                self._since.setdefault(cause, now[cause].since)
            else:
                del shares[target]
            self._built.pop(cause, None)
            if not shares:
                del self._shares[cause], self._since[cause]
        if changed:
            self._unannounced.setdefault(target, set()).update(changed)
        return bool(changed)

    def announce(self, target: str) -> list[IncidentChanged]:
        """Return what has happened to the incidents that a target took part in since they were last announced.

        What opens comes before what closes: a cause that gives way to another leaves no moment of calm.
        """
        events: list[IncidentChanged] = []
        closed: list[IncidentChanged] = []
        for cause in sorted(self._unannounced.pop(target, ()), key=lambda cause: (cause.check, cause.subject)):
            before = self._announced.get(cause)
            now = self._incident(cause) if cause in self._shares else None
            if now is None:
                if before is not None:
                    del self._announced[cause]
                    closed.append(IncidentChanged(IncidentPhase.CLOSED, before))
                continue
            self._announced[cause] = now
            if before is None:
                events.append(IncidentChanged(IncidentPhase.OPENED, now))
            elif _headline(before) != _headline(now):
                events.append(IncidentChanged(IncidentPhase.UPDATED, now))
        return events + closed

    def _incident(self, cause: Cause) -> Incident:
        if cause not in self._built:
            shares = self._shares[cause]
            speaker = _worst(shares.values())
            names = sorted(shares)
            self._built[cause] = Incident(
                id=incident_id(cause),
                cause=cause.check,
                subject=cause.subject,
                targets=tuple(names),
                status=speaker.status,
                reason=speaker.reason,
                summary=speaker.summary,
                fix=speaker.fix,
                blocked={target: shares[target].blocked for target in names if shares[target].blocked},
                since=self._since[cause],
            )
        return self._built[cause]


def _worst(shares: Iterable[Contribution]) -> Contribution:
    """Return the first of the most severe. Thousands may take part, and one joins at a time."""
    found: dict[Status, Contribution] = {}
    for share in shares:
        if share.status is Status.CRITICAL:
            return share
        found.setdefault(share.status, share)
    return found[worst(found)]


def _headline(incident: Incident) -> tuple[object, ...]:
    """What an update is worth telling for; a summary may carry a number that moves with every look."""
    return (incident.status, incident.reason, incident.targets, incident.blocked)
