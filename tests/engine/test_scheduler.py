"""The schedule: everything at once at the start, then at its cadence; nothing lost without being counted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobSubmissionEvent

from healthcheck.engine.runner import Runner
from healthcheck.engine.scheduler import Scheduler
from healthcheck.engine.snapshot import Damping, Event, IncidentChanged, RoundFinished
from healthcheck.engine.state import State
from healthcheck.engine.timetable import timetable
from healthcheck.plan import BoundCheck, Plan, PlannedTarget
from healthcheck.result import Result
from healthcheck.run import Run
from tests.engine.workbench import (
    PATIENCE_SECONDS,
    START,
    Gateway,
    NoHost,
    Notebook,
    bad,
    check,
    good,
    plan,
    planned,
    target,
)

HOURLY = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC)


class Works:
    """A scheduler with all that it drives. By default its clock is held, and APScheduler is not started."""

    def __init__(self, watched: Plan, *, held: bool = True, workers: int = 4) -> None:
        self.gateway = Gateway()
        self.clock = self.gateway.clock
        clock: Callable[[], datetime] = self.clock.now if held else now
        self.notes = Notebook()
        self.ends = threading.Condition()
        self.rounds: list[RoundFinished] = []
        self.incidents: list[str] = []
        self.skipped: list[str] = []
        self.runner = Runner(self.gateway, NoHost(), workers=workers)
        self.state = State(watched, damping=Damping(), clock=clock, observers=(self._hear,))
        self.scheduler = Scheduler(watched, self.runner, self.state, clock=clock, on_skipped=self.skipped.append)

    def _hear(self, event: Event) -> None:
        if isinstance(event, Run):
            self.notes.on_run(event)
        elif isinstance(event, IncidentChanged):
            self.incidents.append(event.phase.value)
        elif isinstance(event, RoundFinished):
            with self.ends:
                self.rounds.append(event)
                self.ends.notify_all()

    def wait_for_rounds(self, number: int) -> list[RoundFinished]:
        with self.ends:
            assert self.ends.wait_for(lambda: len(self.rounds) >= number, PATIENCE_SECONDS)
            return list(self.rounds)

    def load(self) -> None:
        """Enter the plan without starting the clockwork."""
        self.scheduler._watch(self.scheduler._plan)

    def fire(self, name: str, due_at: datetime) -> threading.Event:
        ended = threading.Event()
        self.scheduler.fire(self.scheduler._entries[name].job_id, due_at, ended.set)
        return ended

    def round_at(self, name: str, due_at: datetime) -> list[str]:
        before = len(self.notes.runs)
        assert self.fire(name, due_at).wait(PATIENCE_SECONDS)
        return [run.check for run in self.notes.runs[before:]]


@pytest.fixture
def works() -> Iterator[Callable[..., Works]]:
    made: list[Works] = []

    def make(*targets: PlannedTarget, held: bool = True, workers: int = 4) -> Works:
        made.append(Works(plan(*targets), held=held, workers=workers))
        return made[-1]

    yield make
    for work in made:
        work.scheduler.stop(PATIENCE_SECONDS)
        work.runner.close(PATIENCE_SECONDS)


def one(*checks: BoundCheck, name: str = "a", fingerprint: str = "as it was") -> PlannedTarget:
    return planned(*(checks or (check("a.a", [good()], every=HOURLY),)), on=target(name), fingerprint=fingerprint)


Make = Callable[..., Works]


class TestTheClockwork:
    def test_at_the_start_everything_runs_at_once(self, works: Make) -> None:
        work = works(*(one(name=f"t{number}") for number in range(30)), held=False)
        before = now()
        work.scheduler.start()
        assert {event.target for event in work.wait_for_rounds(30)} == {f"t{number}" for number in range(30)}
        assert all(event.started >= before for event in work.rounds)
        assert work.skipped == []

    def test_rounds_return_at_the_cadence_and_each_tick_is_a_round_or_counted(self, works: Make) -> None:
        quick = one(check("a.a", [good()], every=timedelta(milliseconds=100)))
        work = works(quick, held=False)
        due: list[datetime] = []
        executor = work.scheduler._jobs._executors["rounds"]
        fire = executor._fire

        def note(job_id: str, due_at: datetime, on_end: Callable[[], None]) -> None:
            due.append(due_at)
            fire(job_id, due_at, on_end)

        executor._fire = note
        work.scheduler.start()
        assert all(event.lag_seconds >= 0 for event in work.wait_for_rounds(5))
        assert work.scheduler.stop(PATIENCE_SECONDS)
        table = timetable(quick)
        ticks = [table.tick_at(moment) for moment in due[1:]]
        assert [table.time_of(tick) for tick in ticks] == due[1:]
        assert ticks == sorted(set(ticks))
        assert ticks[-1] - ticks[0] <= len(ticks) - 1 + len(work.skipped)

    def test_a_round_that_takes_longer_than_the_cadence_is_counted_and_not_doubled(self, works: Make) -> None:
        gate, begun = threading.Event(), threading.Semaphore(0)

        def slow() -> Iterator[Result]:
            begun.release()
            assert gate.wait(PATIENCE_SECONDS)
            yield good()

        work = works(one(check("a.a", slow, every=timedelta(milliseconds=50))), held=False)
        counted, waiting = threading.Event(), list[object]()

        def count(cause: str) -> None:
            work.skipped.append(cause)
            waiting.append(work.scheduler._entries["a"].lane.next)
            counted.set()

        work.scheduler._on_skipped = count
        work.scheduler.start()
        assert begun.acquire(timeout=PATIENCE_SECONDS)
        assert counted.wait(PATIENCE_SECONDS)
        assert (work.skipped[0], waiting[0]) == ("overlap", None)
        assert not begun.acquire(blocking=False)
        gate.set()
        assert begun.acquire(timeout=PATIENCE_SECONDS)
        assert len(work.wait_for_rounds(2)) >= 2

    def test_it_beats(self, works: Make) -> None:
        work = works(one(), held=False)
        work.scheduler.start()
        work.wait_for_rounds(1)
        first = work.scheduler.beat
        work.scheduler.beat_now()
        assert first < work.scheduler.beat <= now()

    def test_a_new_plan_begins_with_what_is_new_and_forgets_what_went(self, works: Make) -> None:
        work = works(one(name="stays"), one(name="goes"), one(name="changes"), held=False)
        work.scheduler.start()
        work.wait_for_rounds(3)
        timers = {job.id: job.next_run_time for job in work.scheduler._jobs.get_jobs() if "stays" in job.id}
        new = Plan((one(name="stays"), one(name="changes", fingerprint="other"), one(name="comes")), generation=1)
        work.scheduler.replace_plan(new)
        again = work.wait_for_rounds(5)[3:]
        assert {(event.target, event.plan_generation) for event in again} == {("changes", 1), ("comes", 1)}
        jobs = {job.id: job.next_run_time for job in work.scheduler._jobs.get_jobs()}
        assert timers.items() <= jobs.items()
        assert {"stays 0", "changes 1", "comes 1"} <= set(jobs)
        assert not {"goes 0", "changes 0"} & set(jobs)
        assert {state.target.name for state in work.state.snapshot().targets} == {"stays", "changes", "comes"}

    def test_stopping_is_bounded_even_with_a_check_that_hangs(self, works: Make) -> None:
        release, begun = threading.Event(), threading.Event()

        def hang() -> Iterator[Result]:
            begun.set()
            assert release.wait(PATIENCE_SECONDS)
            yield good()

        work = works(one(check("a.a", hang, every=HOURLY)), held=False)
        work.scheduler.start()
        assert begun.wait(PATIENCE_SECONDS)
        assert not work.scheduler.stop(0.05)
        assert not work.runner.close(0)
        assert not work.scheduler._jobs.running
        release.set()
        assert work.scheduler.stop(PATIENCE_SECONDS)

    def test_stopping_what_never_started_is_no_mistake(self, works: Make) -> None:
        assert works(one()).scheduler.stop(PATIENCE_SECONDS)


class TestWhatIsDue:
    def test_the_first_round_is_of_everything_and_later_ones_of_what_is_due(self, works: Make) -> None:
        work = works(
            one(check("a.often", [good()], every=timedelta(minutes=1)), check("a.rare", [good()], every=HOURLY))
        )
        work.load()
        assert sorted(work.round_at("a", START)) == ["a.often", "a.rare"]
        rounds = [work.round_at("a", START + timedelta(minutes=minute)) for minute in range(1, 121)]
        assert all("a.often" in checks for checks in rounds)
        assert sum("a.rare" in checks for checks in rounds) == 2
        assert work.skipped == []

    def test_what_was_slept_through_is_made_up_for_and_counted(self, works: Make) -> None:
        work = works(
            one(check("a.often", [good()], every=timedelta(minutes=1)), check("a.rare", [good()], every=HOURLY))
        )
        work.load()
        work.round_at("a", START)
        assert sorted(work.round_at("a", START + timedelta(hours=2))) == ["a.often", "a.rare"]
        assert work.skipped == ["missed"] * 119

    def test_a_round_without_anything_due_costs_nothing(self, works: Make) -> None:
        work = works(one())
        work.load()
        work.round_at("a", START)
        assert work.round_at("a", START + timedelta(seconds=1)) == []
        assert len(work.rounds) == 1

    def test_a_round_of_a_target_that_went_ends_at_once(self, works: Make) -> None:
        ended = threading.Event()
        works(one()).scheduler.fire("gone 0", START, ended.set)
        assert ended.is_set()

    def test_the_lag_is_from_the_due_time_to_the_beginning(self, works: Make) -> None:
        work = works(one())
        work.load()
        work.clock.advance(3)
        work.round_at("a", START)
        assert work.rounds[0].lag_seconds == 3


class TestConfirming:
    def test_a_look_that_differs_is_repeated_before_the_next_cadence_with_fresh_answers(self, works: Make) -> None:
        verdicts = iter([good(), bad(), bad()])
        work = works(one(check("a.a", lambda: [next(verdicts)], every=HOURLY)))
        work.load()
        work.round_at("a", START)
        work.round_at("a", START + HOURLY)
        work.scheduler.beat_now()
        assert len(work.rounds) == 2
        work.clock.advance(30)
        work.scheduler.beat_now()
        work.wait_for_rounds(3)
        assert work.incidents == ["opened"]
        assert work.gateway.ages["a.a"] <= 16
        assert work.scheduler.beat == START + timedelta(seconds=30)
        work.clock.advance(60)
        work.scheduler.beat_now()
        assert len(work.rounds) == 3

    def test_a_target_whose_round_runs_is_asked_after_it(self, works: Make) -> None:
        gate, begun = threading.Event(), threading.Event()

        def held() -> Iterator[Result]:
            begun.set()
            assert gate.wait(PATIENCE_SECONDS)
            yield good()

        work = works(one(check("a.a", [bad()], every=HOURLY), check("a.b", held, every=HOURLY)))
        work.load()
        ended = work.fire("a", START)
        assert begun.wait(PATIENCE_SECONDS)
        work.notes.wait_for("a.a")
        work.clock.advance(30)
        work.scheduler.beat_now()
        gate.set()
        assert ended.wait(PATIENCE_SECONDS)
        assert len(work.rounds) == 1
        work.scheduler.beat_now()
        assert {event.statuses.total() for event in work.wait_for_rounds(2)[1:]} == {1}  # type: ignore[attr-defined]

    def test_what_is_not_heard_of_becomes_stale(self, works: Make) -> None:
        work = works(one())
        work.load()
        work.clock.advance(3 * 3600)
        work.scheduler.beat_now()
        assert work.incidents == ["opened"]


def test_an_overlap_of_a_target_that_has_just_gone_is_counted_all_the_same(works: Make) -> None:
    work = works(one())
    work.scheduler._overlapped(JobSubmissionEvent(EVENT_JOB_MAX_INSTANCES, "gone 0", "default", [START]))
    assert work.skipped == ["overlap"]


class TestRunNow:
    def test_it_looks_at_everything_without_remembered_answers(self, works: Make) -> None:
        work = works(one(check("a.a", [good()], every=HOURLY), check("a.b", [good()], every=HOURLY)))
        work.load()
        look = work.scheduler.run_now("a")
        assert look is not None
        assert look.wait(PATIENCE_SECONDS)
        assert sorted(run.check for run in work.notes.runs) == ["a.a", "a.b"]
        assert work.gateway.ages["a.a"] < 1

    def test_while_a_round_runs_it_waits_its_turn_and_is_asked_once(self, works: Make) -> None:
        gate, begun = threading.Event(), threading.Event()

        def held() -> Iterator[Result]:
            begun.set()
            assert gate.wait(PATIENCE_SECONDS)
            yield good()

        work = works(one(check("a.a", held, every=HOURLY)))
        work.load()
        work.fire("a", START)
        assert begun.wait(PATIENCE_SECONDS)
        look = work.scheduler.run_now("a")
        assert look is not None
        assert work.scheduler.run_now("a") is None
        assert not look.wait(0)
        gate.set()
        assert look.wait(PATIENCE_SECONDS)
        assert len(work.rounds) == 2

    def test_a_target_that_does_not_exist_cannot_be_looked_at(self, works: Make) -> None:
        work = works(one())
        work.load()
        assert work.scheduler.run_now("nowhere") is None
