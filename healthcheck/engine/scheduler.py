"""When rounds begin. The only module that knows APScheduler."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from apscheduler.events import EVENT_JOB_EXECUTED, EVENT_JOB_MAX_INSTANCES, JobExecutionEvent, JobSubmissionEvent
from apscheduler.executors.base import BaseExecutor
from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from healthcheck.engine.pacing import Lane, Look, Pacer, Request
from healthcheck.engine.runner import Runner
from healthcheck.engine.state import State
from healthcheck.engine.timetable import Timetable, timetable

if TYPE_CHECKING:
    from healthcheck.plan import Plan, PlannedTarget

BEAT_SECONDS = 1
"""How often the scheduler shows that it is alive, and looks for verdicts to confirm or to call stale."""

OVERLAP = "overlap"
"""A round was due while the one before was still running or waiting."""

MISSED = "missed"
"""Rounds were due while this process slept."""

SKIP_CAUSES = (OVERLAP, MISSED)


@dataclass(slots=True, eq=False)
class _Entry:
    """A target on the schedule."""

    planned: PlannedTarget
    lane: Lane
    timetable: Timetable
    job_id: str
    begun: int | None = None
    """The tick whose round was last asked for; none before the first."""
    seen: datetime | None = None
    """The last due time of which it is known what became of it."""


class Scheduler:
    """Keeps the rounds of all targets going. Its methods may be called from any thread.

    One job per target, at its shortest cadence. A job counts as running until its round has ended, so that
    APScheduler itself keeps the rounds of a target apart; what it skips is told to `on_skipped`.
    """

    def __init__(
        self,
        plan: Plan,
        runner: Runner,
        state: State,
        *,
        clock: Callable[[], datetime],
        on_skipped: Callable[[str], None],
    ) -> None:
        self._plan = plan
        self._runner = runner
        self._state = state
        self._clock = clock
        self._on_skipped = on_skipped
        self._pacer = Pacer(runner, state, clock=clock, limit=runner.workers)
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._by_job: dict[str, _Entry] = {}
        self._beat = clock()
        self._is_stopped = False
        # Its warnings about overlaps are our counter, and its news about every job are nobody's.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._jobs = BackgroundScheduler(timezone=UTC, job_defaults=defaults)
        self._jobs.add_executor(_RoundExecutor(self.fire), "rounds")
        self._jobs.add_executor(DebugExecutor(), "inline")
        self._jobs.add_listener(self._overlapped, EVENT_JOB_MAX_INSTANCES)
        self._jobs.add_job(self.beat_now, IntervalTrigger(seconds=BEAT_SECONDS, timezone=UTC), executor="inline")

    @property
    def beat(self) -> datetime:
        """When the scheduler was last seen at work."""
        return self._beat

    @property
    def is_stopped(self) -> bool:
        """Whether no more rounds begin."""
        return self._is_stopped

    def start(self) -> None:
        """Begin with a round of everything on every target."""
        self._beat = self._clock()
        self._jobs.start()
        self._watch(self._plan)

    def run_now(self, name: str) -> Look | None:
        """Look at everything on a target again, now or when its round has ended, without remembered answers.

        Returns none where no target has the name, where just that has been asked for and has not begun, or where
        no round begins any more (`is_stopped`).
        """
        with self._lock:
            entry = self._entries.get(name)
            if entry is None or (entry.lane.next is not None and entry.lane.next.looks):
                return None
            look = Look()
        is_accepted = self._pacer.ask(entry.lane, Request(self._clock(), None, max_age_seconds=0, looks=(look,)))
        return look if is_accepted else None

    def replace_plan(self, plan: Plan) -> None:
        """Keep the timers of what a new plan does not change; begin with what is new or changed at once."""
        self._state.replace_plan(plan)
        if not self._is_stopped:
            self._watch(plan)

    def stop(self, timeout_seconds: float) -> bool:
        """Begin no more rounds, wait for those that run, and return whether all of them ended in time."""
        limit = time.monotonic() + timeout_seconds
        self._is_stopped = True
        # APScheduler waits for its own thread without a bound, and that thread may be held up by an observer.
        stopper = threading.Thread(target=self._stop_jobs, name="healthcheck-stop", daemon=True)
        stopper.start()
        is_quiet = self._pacer.stop(timeout_seconds)
        stopper.join(max(limit - time.monotonic(), 0))
        return is_quiet and not stopper.is_alive()

    def beat_now(self) -> None:
        """Do what has to be done every second, and show that it was done."""
        now = self._clock()
        self._state.expire(now)
        age = self._plan.daemon.confirm_seconds / 2
        for name, checks in self._state.due_confirmations(now).items():
            with self._lock:
                entry = self._entries.get(name)
            if entry is not None and not self._pacer.is_busy(entry.lane):
                # An answer from before the look that is to be confirmed would only confirm itself.
                self._pacer.ask(entry.lane, Request(now, checks, max_age_seconds=age))
        self._beat = now

    def fire(self, job_id: str, due_at: datetime, on_end: Callable[[], None]) -> None:
        """Ask for the round of a target that is due; `on_end` is called when it has ended."""
        with self._lock:
            entry = self._by_job.get(job_id)
            due: frozenset[str] | None = frozenset()
            missed = 0
            if entry is not None:
                tick = entry.timetable.tick_at(due_at)
                due = None if entry.begun is None else entry.timetable.due(entry.planned.checks, entry.begun, tick)
                if entry.seen is not None:
                    missed = entry.timetable.missed_between(entry.seen, due_at)
                entry.begun, entry.seen = tick, due_at
        for _ in range(missed):
            self._on_skipped(MISSED)
        if entry is None or (due is not None and not due):
            on_end()
        else:
            self._pacer.ask(entry.lane, Request(due_at, due, on_end=(on_end,)))

    def _overlapped(self, event: JobSubmissionEvent) -> None:
        with self._lock:
            if entry := self._by_job.get(event.job_id):
                entry.seen = event.scheduled_run_times[-1]
        self._on_skipped(OVERLAP)

    def _watch(self, plan: Plan) -> None:
        with self._lock:
            old, self._entries = self._entries, {}
            self._plan = plan
            added = []
            for planned in plan.targets:
                entry = old.get(planned.name)
                if entry is not None and entry.planned.fingerprint == planned.fingerprint:
                    del old[planned.name]
                    entry.planned = entry.lane.planned = planned
                    entry.lane.generation = plan.generation
                else:
                    # An id of its own: the round of the target as it was may still be running.
                    job_id = f"{planned.name} {plan.generation}"
                    entry = _Entry(planned, Lane(planned, plan.generation), timetable(planned), job_id)
                    added.append(entry)
                self._entries[planned.name] = entry
            self._by_job = {entry.job_id: entry for entry in self._entries.values()}
        for entry in old.values():
            self._jobs.remove_job(entry.job_id)
            self._pacer.retire(entry.lane)
        for entry in added:
            trigger = _Ticks(entry.timetable)
            self._jobs.add_job(_ask, trigger, id=entry.job_id, executor="rounds", next_run_time=self._clock())

    def _stop_jobs(self) -> None:
        if self._jobs.running:
            self._jobs.shutdown(wait=False)


def _ask() -> None:
    """Stand for the round of a target: `_RoundExecutor` begins it without calling this."""


class _RoundExecutor(BaseExecutor):  # type: ignore[misc]  # APScheduler has no types
    """Runs jobs as rounds: a job is running until its round has ended, and takes no thread meanwhile."""

    def __init__(self, fire: Callable[[str, datetime, Callable[[], None]], None]) -> None:
        super().__init__()
        self._fire = fire

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:
        job_id, due_at = str(job.id), run_times[-1]

        def end() -> None:
            self._run_job_success(job_id, [JobExecutionEvent(EVENT_JOB_EXECUTED, job_id, "default", due_at)])

        self._fire(job_id, due_at, end)


class _Ticks(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fires at the ticks of a timetable."""

    def __init__(self, table: Timetable) -> None:
        self._table = table

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Return when the next round is due."""
        return self._table.next_after(previous_fire_time, now)
