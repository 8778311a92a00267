"""A bounded pool of threads whose hung members are abandoned and replaced."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum, auto


class _Phase(Enum):
    WAITING = auto()
    RUNNING = auto()
    IN_TIME = auto()
    ABANDONED = auto()


@dataclass(eq=False, slots=True)
class Task:
    """Something to do that may hang."""

    work: Callable[[], Callable[[], None]]
    """Does it, and returns what is to be done with the outcome; that is dropped when it comes too late."""
    late: Callable[[], None]
    """Called, in another thread, when the time is over."""
    seconds: float
    """The time that `work` has, from when a thread takes it up."""
    key: Hashable
    """What is looked at, so that it is not looked at again while it hangs."""
    phase: _Phase = _Phase.WAITING
    deadline: float = math.inf


class _Own(threading.local):
    """What a thread knows of itself."""

    is_free_in_a_moment = False
    """Whether it is a worker that deals with an outcome, and then takes up the next task."""


class Pool:
    """At most `size` threads that work, started when there is work; they are daemons and never hold up an exit.

    A thread whose task is late is left to itself, and another takes its place: at most `max_abandoned` times,
    after which the pool works with fewer threads and is not healthy.
    """

    def __init__(
        self, size: int, *, max_abandoned: int | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.size = size
        self.max_abandoned = size if max_abandoned is None else max_abandoned
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._quiet = threading.Condition(self._lock)
        self._sooner = threading.Condition(self._lock)
        self._queue: deque[Task] = deque()
        self._running: set[Task] = set()
        self._hung: Counter[Hashable] = Counter()
        self._threads = 0
        self._busy = 0
        self._watcher: threading.Thread | None = None
        self._watched_until = math.inf
        self._closed = False
        self._own = _Own()

    @property
    def abandoned(self) -> int:
        """How many threads hang past their deadline now."""
        with self._lock:
            return self._hung.total()

    @property
    def is_healthy(self) -> bool:
        """Whether a further hung thread could be replaced."""
        return self.abandoned < self.max_abandoned

    def is_hung(self, key: Hashable) -> bool:
        """Whether a task with this key was abandoned and still lives."""
        return key in self._hung

    def submit(self, task: Task) -> None:
        """Do a task when a thread is free; after `close`, never."""
        with self._lock:
            if self._closed:
                return
            self._queue.append(task)
            if self._own.is_free_in_a_moment:
                # It goes on with what follows from its task: to wake another thread takes as long as many a check.
                self._own.is_free_in_a_moment = False
            else:
                self._work.notify()
                self._hire()

    def expire(self) -> None:
        """Abandon what is late now. The pool does this by itself when the time comes."""
        with self._lock:
            now = self._monotonic()
            late = [task for task in self._running if task.phase is _Phase.RUNNING and task.deadline <= now]
            for task in late:
                task.phase = _Phase.ABANDONED
                self._running.discard(task)
                self._hung[task.key] += 1
            if late:
                self._quiet.notify_all()
                self._hire()
        for task in late:
            task.late()

    def close(self, timeout_seconds: float) -> bool:
        """Begin nothing more, wait for what runs, and return whether all of it ended in time."""
        with self._lock:
            self._closed = True
            self._queue.clear()
            self._work.notify_all()
            self._sooner.notify_all()
            return self._quiet.wait_for(lambda: not self._running, timeout_seconds) and not self._hung

    def _allowed(self) -> int:
        return self.size + min(self._hung.total(), self.max_abandoned)

    def _hire(self) -> None:
        """Start threads for what waits, as far as the bound allows. The lock is held."""
        if self._watcher is None and self._queue:
            watcher = threading.Thread(target=self._watch, name="healthcheck-deadlines", daemon=True)
            watcher.start()
            self._watcher = watcher
        while len(self._queue) > self._threads - self._busy and self._threads < self._allowed():
            worker = threading.Thread(target=self._serve, name="healthcheck-worker", daemon=True)
            try:
                worker.start()
            except RuntimeError:
                # The system has no more threads for us: those that we have serve the queue.
                if not self._threads:
                    raise
                break
            self._threads += 1

    def _serve(self) -> None:
        is_retired = False
        try:
            while (task := self._take()) is not None:
                self._do(task)
            is_retired = True
        finally:
            if not is_retired:
                # A mistake of ours killed this thread; what waits must not wait for it.
                with self._lock:
                    self._threads -= 1
                    self._work.notify()
                    self._hire()

    def _take(self) -> Task | None:
        with self._lock:
            while not self._queue and not self._closed and self._threads <= self._allowed():
                self._work.wait()
            if not self._queue or self._threads > self._allowed():
                self._threads -= 1
                self._work.notify()
                return None
            self._busy += 1
            task = self._queue.popleft()
            task.phase = _Phase.RUNNING
            task.deadline = self._monotonic() + task.seconds
            self._running.add(task)
            if task.deadline < self._watched_until:
                self._sooner.notify()
            return task

    def _do(self, task: Task) -> None:
        try:
            settle = task.work()
            with self._lock:
                in_time = task.phase is _Phase.RUNNING
                if in_time:
                    task.phase = _Phase.IN_TIME
            if in_time:
                self._own.is_free_in_a_moment = True
                settle()
        finally:
            self._own.is_free_in_a_moment = False
            with self._lock:
                self._busy -= 1
                self._running.discard(task)
                if task.phase is _Phase.ABANDONED:
                    self._hung[task.key] -= 1
                    self._hung = +self._hung
                self._quiet.notify_all()

    def _watch(self) -> None:
        while True:
            self.expire()
            with self._lock:
                if self._closed and not self._running:
                    return
                deadlines = [task.deadline for task in self._running if task.phase is _Phase.RUNNING]
                self._watched_until = min(deadlines, default=math.inf)
                seconds = self._watched_until - self._monotonic()
                self._sooner.wait(None if math.isinf(seconds) else max(seconds, 0))
