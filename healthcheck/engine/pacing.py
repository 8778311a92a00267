"""Which rounds run: one at a time per target, a bounded number in all, in the order in which they became due."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from healthcheck.engine.execution import MAX_ANSWER_AGE_SECONDS
from healthcheck.engine.rounds import Round
from healthcheck.engine.runner import Runner
from healthcheck.engine.state import State
from healthcheck.engine.withheld import closure

if TYPE_CHECKING:
    from healthcheck.plan import PlannedTarget


class Look:
    """A round that was asked for, whether it has begun or not."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._is_whole = False

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait for its end, and return whether every check has a verdict."""
        return self._ended.wait(timeout_seconds) and self._is_whole

    def end(self, *, is_whole: bool) -> None:
        """Free those who wait."""
        self._is_whole = is_whole
        self._ended.set()


@dataclass(slots=True)
class Request:
    """What the next round of a target is to look at, and who waits for it."""

    due_at: datetime
    due: frozenset[str] | None
    """None = all checks."""
    max_age_seconds: float = MAX_ANSWER_AGE_SECONDS
    looks: tuple[Look, ...] = ()
    on_end: tuple[Callable[[], None], ...] = ()

    def merged(self, other: Request) -> Request:
        """Return one request for both."""
        return Request(
            min(self.due_at, other.due_at),
            None if self.due is None or other.due is None else self.due | other.due,
            min(self.max_age_seconds, other.max_age_seconds),
            self.looks + other.looks,
            self.on_end + other.on_end,
        )

    def end(self, *, is_whole: bool) -> None:
        """Tell all who wait."""
        for look in self.looks:
            look.end(is_whole=is_whole)
        for tell in self.on_end:
            tell()


@dataclass(slots=True, eq=False)
class Lane:
    """The rounds of one target, one after another."""

    planned: PlannedTarget
    generation: int
    is_running: bool = False
    next: Request | None = None
    """Asked for, and not begun."""


class Pacer:
    """Starts the rounds that are asked for. May be used from any thread."""

    def __init__(self, runner: Runner, state: State, *, clock: Callable[[], datetime], limit: int) -> None:
        self._runner = runner
        self._state = state
        self._clock = clock
        self._limit = limit
        self._lock = threading.Lock()
        self._queue: deque[Lane] = deque()
        self._running = 0
        self._is_pumping = False
        self._is_stopped = False
        self._quiet = threading.Condition(self._lock)

    def ask(self, lane: Lane, request: Request) -> bool:
        """Start a round as soon as the one before it has ended and there is room; false after `stop`: never."""
        with self._lock:
            if self._is_stopped:
                is_accepted = False
            else:
                is_accepted = True
                if lane.next is None:
                    lane.next = request
                    if not lane.is_running:
                        self._queue.append(lane)
                else:
                    lane.next = lane.next.merged(request)
        if is_accepted:
            self._pump()
        else:
            request.end(is_whole=False)
        return is_accepted

    def is_busy(self, lane: Lane) -> bool:
        """Whether a round of the lane runs or waits."""
        return lane.is_running or lane.next is not None

    def retire(self, lane: Lane) -> None:
        """Begin no more rounds in a lane."""
        with self._lock:
            dropped, lane.next = lane.next, None
            if lane in self._queue:
                self._queue.remove(lane)
        if dropped is not None:
            dropped.end(is_whole=False)

    def stop(self, timeout_seconds: float) -> bool:
        """Begin no more rounds, wait for those that run, and return whether all of them ended in time."""
        with self._lock:
            self._is_stopped = True
            lanes, self._queue = self._queue, deque()
            dropped = [lane.next for lane in lanes if lane.next is not None]
            for lane in lanes:
                lane.next = None
        for request in dropped:
            request.end(is_whole=False)
        with self._lock:
            return self._quiet.wait_for(lambda: self._running == 0, timeout_seconds)

    def _pump(self) -> None:
        """Begin what may begin. One thread at a time, in a loop: a round may end before `start_round` returns."""
        with self._lock:
            if self._is_pumping:
                return
            self._is_pumping = True
        is_through = False
        try:
            while (begun := self._next()) is not None:
                self._begin(*begun)
            is_through = True
        finally:
            if not is_through:
                # A mistake of ours stopped one round; it must not stop all that follow.
                self._is_pumping = False

    def _next(self) -> tuple[Lane, Request] | None:
        with self._lock:
            if not self._queue or self._running >= self._limit:
                # Let go under the lock: whoever ends a round from now on looks for the next one himself.
                self._is_pumping = False
                return None
            lane = self._queue.popleft()
            # A lane is in the queue as long as it has a next round and none that runs.
            request, lane.next = cast("Request", lane.next), None
            lane.is_running = True
            self._running += 1
            return lane, request

    def _begin(self, lane: Lane, request: Request) -> None:
        def end(ended: Round) -> None:
            dropped = None
            with self._lock:
                self._running -= 1
                lane.is_running = False
                if self._is_stopped:
                    # It was asked for before `stop`, and was in no queue while this round ran.
                    dropped, lane.next = lane.next, None
                elif lane.next is not None:
                    self._queue.append(lane)
                self._quiet.notify_all()
            request.end(is_whole=not ended.is_aborted)
            if dropped is not None:
                dropped.end(is_whole=False)
            self._pump()

        self._runner.start_round(
            lane.planned,
            self._with_waiting(lane, request.due),
            generation=lane.generation,
            lag_seconds=max((self._clock() - request.due_at).total_seconds(), 0.0),
            max_age_seconds=request.max_age_seconds,
            on_run=self._state.record,
            on_done=self._state.round_finished,
            on_end=end,
        )

    def _with_waiting(self, lane: Lane, due: frozenset[str] | None) -> frozenset[str] | None:
        """Add the checks that wait for one that is looked at, so that whatever frees them frees them now."""
        if due is None:
            return None
        looked_at = closure(lane.planned.checks, due)
        waiting = self._state.waiting(lane.planned.name)
        return due | {check_id for check_id, roots in waiting.items() if roots & looked_at}
