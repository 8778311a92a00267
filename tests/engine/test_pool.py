"""The pool: bounded, lazy, and not to be held up by those who hang."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from healthcheck.engine.pool import Pool, Task
from tests.engine.workbench import PATIENCE_SECONDS, HeldClock


class Job:
    """A task that hangs until it is released, and notes what becomes of it."""

    def __init__(self, key: str = "job", seconds: float = 30.0) -> None:
        self.begun, self.release, self.told = threading.Event(), threading.Event(), threading.Event()
        self.thread = threading.current_thread()
        self.outcomes: list[str] = []
        self.task = Task(self._work, self._note("late"), seconds, key)

    def _note(self, word: str) -> Callable[[], None]:
        def note() -> None:
            self.outcomes.append(word)
            self.told.set()

        return note

    def _work(self) -> Callable[[], None]:
        self.thread = threading.current_thread()
        self.begun.set()
        assert self.release.wait(PATIENCE_SECONDS)
        return self._note("done")


def released(job: Job) -> Job:
    job.release.set()
    return job


def wait(event: threading.Event) -> None:
    assert event.wait(PATIENCE_SECONDS)


def wait_until_none_hangs(pool: Pool) -> None:
    with pool._quiet:
        assert pool._quiet.wait_for(lambda: not pool._hung, PATIENCE_SECONDS)


def test_no_thread_is_started_before_there_is_work() -> None:
    before = threading.active_count()
    pool = Pool(4)
    assert threading.active_count() == before
    assert (pool.abandoned, pool.is_healthy) == (0, True)


def test_a_task_in_time_is_done_once() -> None:
    pool, job = Pool(1), released(Job())
    pool.submit(job.task)
    wait(job.told)
    assert pool.close(PATIENCE_SECONDS)
    assert job.outcomes == ["done"]


def test_no_more_tasks_run_than_the_bound_allows() -> None:
    pool, jobs = Pool(2), [Job(str(number)) for number in range(3)]
    for job in jobs:
        pool.submit(job.task)
    wait(jobs[0].begun)
    wait(jobs[1].begun)
    assert not jobs[2].begun.is_set()
    assert pool._threads == 2
    jobs[0].release.set()
    wait(jobs[2].begun)
    assert pool._threads == 2
    for job in jobs:
        job.release.set()
    assert pool.close(PATIENCE_SECONDS)


def test_a_free_thread_is_used_before_another_is_started() -> None:
    pool = Pool(8)
    for _ in range(20):
        job = released(Job())
        pool.submit(job.task)
        wait(job.told)
        with pool._quiet:
            assert pool._quiet.wait_for(lambda: pool._busy == 0, PATIENCE_SECONDS)
    assert pool._threads == 1
    pool.close(PATIENCE_SECONDS)


def test_a_late_task_is_abandoned_its_thread_replaced_and_its_outcome_dropped() -> None:
    clock = HeldClock()
    pool = Pool(1, monotonic=clock.monotonic)
    hung, next_one = Job("hung"), released(Job("next"))
    pool.submit(hung.task)
    pool.submit(next_one.task)
    wait(hung.begun)
    clock.advance(29.9)
    pool.expire()
    assert (hung.outcomes, pool.abandoned) == ([], 0)
    clock.advance(0.1)
    pool.expire()
    assert hung.outcomes == ["late"]
    assert (pool.abandoned, pool.is_hung("hung"), pool.is_hung("next")) == (1, True, False)
    wait(next_one.told)
    hung.release.set()
    wait_until_none_hangs(pool)
    assert (hung.outcomes, pool.is_hung("hung"), pool.abandoned) == (["late"], False, 0)
    assert pool.close(PATIENCE_SECONDS)


def test_deadlines_are_watched_without_being_asked() -> None:
    pool, quick, slow = Pool(2), Job("quick", seconds=0.02), Job("slow", seconds=600)
    pool.submit(slow.task)
    wait(slow.begun)
    pool.submit(quick.task)
    wait(quick.told)
    assert quick.outcomes == ["late"]
    quick.release.set()
    slow.release.set()
    wait(slow.told)
    wait_until_none_hangs(pool)
    assert pool.close(PATIENCE_SECONDS)
    assert slow.outcomes == ["done"]


def test_as_many_threads_are_replaced_as_the_bound_allows_and_then_the_pool_is_unhealthy() -> None:
    clock = HeldClock()
    pool = Pool(2, max_abandoned=3, monotonic=clock.monotonic)
    jobs = [Job(str(number)) for number in range(5)]
    waiting = released(Job("waiting"))
    for job in jobs:
        pool.submit(job.task)
    pool.submit(waiting.task)
    for batch in (jobs[0:2], jobs[2:4]):
        for job in batch:
            wait(job.begun)
        clock.advance(30)
        pool.expire()
    assert (pool.abandoned, pool.is_healthy, pool._threads) == (4, False, 5)
    wait(jobs[4].begun)
    assert not waiting.begun.is_set()
    jobs[0].release.set()
    wait(waiting.told)
    for job in jobs:
        job.release.set()
    wait_until_none_hangs(pool)
    assert pool.is_healthy
    assert pool.close(PATIENCE_SECONDS)


def test_threads_that_were_replaced_leave_when_they_come_back() -> None:
    clock = HeldClock()
    pool = Pool(1, monotonic=clock.monotonic)
    hung, other, third = Job("hung"), Job("other"), released(Job("third"))
    pool.submit(hung.task)
    wait(hung.begun)
    clock.advance(30)
    pool.expire()
    pool.submit(other.task)
    wait(other.begun)
    assert pool._threads == 2
    pool.submit(third.task)
    hung.release.set()
    hung.thread.join(PATIENCE_SECONDS)
    assert not hung.thread.is_alive()
    assert not third.begun.is_set()
    other.release.set()
    wait(third.told)
    assert third.thread is other.thread
    assert pool.close(PATIENCE_SECONDS)


def test_closing_is_bounded_and_begins_nothing_more() -> None:
    pool, running, waiting, after = Pool(1), Job("running"), Job("waiting"), Job("after")
    pool.submit(running.task)
    pool.submit(waiting.task)
    wait(running.begun)
    assert not pool.close(0.01)
    pool.submit(after.task)
    running.release.set()
    assert pool.close(PATIENCE_SECONDS)
    assert not waiting.begun.is_set()
    assert not after.begun.is_set()
    assert running.outcomes == ["done"]


def test_where_the_system_gives_no_more_threads_those_there_are_serve_all(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, jobs = Pool(4), [Job(f"job {number}") for number in range(4)]
    pool.submit(jobs[0].task)
    wait(jobs[0].begun)

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", refuse)
        for job in jobs[1:]:
            pool.submit(job.task)
    for job in jobs:
        wait(released(job).told)
    assert [job.outcomes for job in jobs] == [["done"]] * 4
    assert pool.close(PATIENCE_SECONDS)


def test_a_thread_that_a_mistake_of_ours_kills_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[object] = []
    monkeypatch.setattr(threading, "excepthook", killed.append)
    pool, waiting = Pool(1), released(Job("waiting"))

    def work() -> Callable[[], None]:
        pool.submit(waiting.task)
        raise ZeroDivisionError

    pool.submit(Task(work, lambda: None, 30, "broken"))
    wait(waiting.told)
    assert pool.close(PATIENCE_SECONDS)
    assert (len(killed), waiting.outcomes) == (1, ["done"])


def with_idle_threads(pool: Pool, count: int) -> None:
    """Start so many threads, and leave them without work."""
    jobs = [Job(str(number)) for number in range(count)]
    for job in jobs:
        pool.submit(job.task)
    for job in jobs:
        wait(job.begun)
        job.release.set()
    with pool._quiet:
        assert pool._quiet.wait_for(lambda: pool._busy == 0, PATIENCE_SECONDS)


def test_what_follows_from_a_task_is_done_by_its_thread_and_whatever_else_follows_by_others() -> None:
    pool, threads = Pool(8), []
    with_idle_threads(pool, 3)
    following = [Job("first"), Job("second")]

    def settle() -> None:
        threads.append(threading.current_thread())
        for job in following:
            pool.submit(job.task)

    pool.submit(Task(lambda: settle, lambda: None, 30, "leader"))

    for job in following:
        wait(job.begun)  # side by side
        job.release.set()
    assert pool.close(PATIENCE_SECONDS)
    assert threads[0] in [job.thread for job in following]
    assert following[0].thread is not following[1].thread


def test_what_follows_from_a_task_whose_thread_was_killed_is_done_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    pool, following = Pool(8), released(Job("following"))
    with_idle_threads(pool, 2)

    def settle() -> None:
        pool.submit(following.task)
        raise ZeroDivisionError

    pool.submit(Task(lambda: settle, lambda: None, 30, "broken"))

    wait(following.told)
    assert pool.close(PATIENCE_SECONDS)
