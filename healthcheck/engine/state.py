"""How everything stands: the one place that remembers runs, and the picture of it that surfaces render."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from healthcheck.engine.incidents import IncidentBook, plugin_incident, urgency
from healthcheck.engine.records import TargetRecord
from healthcheck.engine.snapshot import (
    CheckChanged,
    Damping,
    IncidentChanged,
    IncidentPhase,
    Observer,
    PluginFailure,
    RoundFinished,
    Snapshot,
)
from healthcheck.engine.telling import Announcer
from healthcheck.result import worst
from healthcheck.run import Run

if TYPE_CHECKING:
    from healthcheck.plan import Plan


class State:
    """What is known of every target. May be used from any thread.

    What a check's last run saw is its raw status; what is shown is damped. A look that differs is to be confirmed
    by another one soon (`due_confirmations`), and until then the last verdict stands. Before the first verdict
    stands, a check is unknown(not_run_yet), which opens no incident: a first bad look is no alarm, and no all-clear.
    Runs that are blocked, skipped or transient count neither way; a check is shown as blocked once its root is
    shown as critical. What has not been heard of for three cadences is unknown(stale).

    Observers are told of runs and changes of status as they come, and of incidents when the round that changed
    them ends: all in the order in which they happened, one at a time.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        damping: Damping,
        clock: Callable[[], datetime],
        observers: Sequence[Observer] = (),
        plugin_failures: tuple[PluginFailure, ...] = (),
    ) -> None:
        self._lock = threading.RLock()
        self._damping = damping
        self._clock = clock
        self._announcer = Announcer(observers, clock=clock)
        self._started = clock()
        self._plan = plan
        self._book = IncidentBook()
        self._targets = {
            planned.name: TargetRecord(planned, plan.generation, self._started) for planned in plan.targets
        }
        self._looks: dict[tuple[str, str], datetime] = {}
        self._plugin_failures = plugin_failures
        self._plugin_incidents = tuple(plugin_incident(failure, self._started) for failure in plugin_failures)
        self._picture: Snapshot | None = None
        self._announcer.put(IncidentChanged(IncidentPhase.OPENED, incident) for incident in self._plugin_incidents)
        self._announcer.deliver()

    @property
    def failures_of_observers(self) -> int:
        """How often an observer failed."""
        return self._announcer.failures

    @property
    def telling_lag(self) -> timedelta:
        """How long the oldest event has been waiting that not every observer has been told of."""
        return self._announcer.lag

    def record(self, run: Run) -> None:
        """Take note of a run; one of a target or check that is not watched any more is dropped."""
        with self._lock:
            target = self._current(run.target, run.plan_generation)
            if target is None or run.check not in target.checks:
                return
            changes = target.take(run, self._damping, self._clock())
            self._note_look(target, run.check)
            self._announcer.put([run])
            self._settle(target, changes)
        self._announcer.deliver()

    def round_finished(self, event: RoundFinished) -> None:
        """Take note of the end of a round, and announce what it did to incidents."""
        with self._lock:
            target = self._current(event.target, event.plan_generation)
            if target is None:
                return
            target.finish_round(event.started + timedelta(seconds=event.duration_seconds))
            self._picture = None
            self._announcer.put([*self._book.announce(event.target), event])
        self._announcer.deliver()

    def expire(self, now: datetime | None = None) -> None:
        """Let what has not been heard of for too long be unknown. Cheap when nothing has."""
        with self._lock:
            moment = now or self._clock()
            due = [target for target in self._targets.values() if target.look_for_stale_at <= moment]
        # One at a time: after a host has slept it is all of them, and runs and scrapes wait for the lock.
        for target in due:
            with self._lock:
                if self._targets.get(target.planned.name) is target and target.look_for_stale_at <= moment:
                    self._settle(target, target.expire(moment))
                    self._announcer.put(self._book.announce(target.planned.name))
        self._announcer.deliver()

    def due_confirmations(self, now: datetime | None = None) -> dict[str, frozenset[str]]:
        """Return, by target, the checks that are to be looked at again now, before their next cadence.

        They stay due until a run of theirs is recorded.
        """
        with self._lock:
            moment = now or self._clock()
            due: dict[str, set[str]] = {}
            for (target, check_id), look_at in self._looks.items():
                if look_at <= moment:
                    due.setdefault(target, set()).add(check_id)
        return {target: frozenset(checks) for target, checks in due.items()}

    def waiting(self, target: str) -> Mapping[str, frozenset[str]]:
        """Return the checks of a target whose verdict hangs on others, with these others.

        They belong into every round that looks at one of these again: so they are freed in the round that
        frees their root, and cost nothing as long as it stays broken.
        """
        with self._lock:
            record = self._targets.get(target)
            if record is None:
                return {}
            found = {}
            for check_id, check in record.checks.items():
                run = check.view.run
                if run is not None and (run.causes or run.joins):
                    found[check_id] = frozenset({cause.check for cause in (*run.causes, run.joins) if cause})
            return found

    def replace_plan(self, plan: Plan, *, damping: Damping | None = None) -> None:
        """Watch what a new plan says. What it does not change keeps its status; what it drops is forgotten."""
        with self._lock:
            if plan is self._plan:
                return
            now, old = self._clock(), self._targets
            self._plan, self._targets, self._picture = plan, {}, None
            self._damping = damping or self._damping
            for planned in plan.targets:
                record = old.pop(planned.name, None)
                if record is None:
                    record = TargetRecord(planned, plan.generation, now)
                else:
                    record.keep(planned, plan.generation, now)
                self._targets[planned.name] = record
                self._settle(record, [])
                self._announcer.put(self._book.announce(planned.name))
            for name, record in old.items():
                self._book.put(name, record.contributions, {})
                self._announcer.put(self._book.announce(name))
            self._looks = {
                key: look_at
                for key, look_at in self._looks.items()
                if key[0] in self._targets and self._look_at(*key) == look_at
            }
        self._announcer.deliver()

    def snapshot(self) -> Snapshot:
        """Return the picture of this moment. Cheap: only targets that changed since the last one are drawn anew."""
        with self._lock:
            if self._picture is None:
                targets = tuple(record.state for record in self._targets.values())
                incidents = tuple(sorted((*self._plugin_incidents, *self._book), key=urgency))
                status = worst({target.status for target in targets} | {incident.status for incident in incidents})
                self._picture = Snapshot(
                    taken=self._started,
                    started=self._started,
                    generation=self._plan.generation,
                    status=status,
                    targets=targets,
                    incidents=incidents,
                    plugin_failures=self._plugin_failures,
                )
            return replace(self._picture, taken=self._clock())

    def _current(self, target: str, generation: int) -> TargetRecord | None:
        record = self._targets.get(target)
        return record if record is not None and generation >= record.generation else None

    def _settle(self, target: TargetRecord, changes: Iterable[CheckChanged]) -> None:
        """Draw the consequences of something that happened to a target. The lock is held."""
        self._announcer.put(changes)
        self._picture = None
        if target.is_changed or target.contributions:
            contributions = target.contribute()
            self._book.put(target.planned.name, target.contributions, contributions)
            target.contributions, target.is_changed = contributions, False

    def _note_look(self, target: TargetRecord, check_id: str) -> None:
        key, look_at = (target.planned.name, check_id), target.checks[check_id].look_at
        if look_at is None:
            self._looks.pop(key, None)
        else:
            self._looks[key] = look_at

    def _look_at(self, target: str, check_id: str) -> datetime | None:
        record = self._targets[target].checks.get(check_id)
        return record.look_at if record is not None else None
