"""Telling others what happened, so that none of them can do harm."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from healthcheck.engine.snapshot import Event, Observer

E = TypeVar("E")

MOST_WAITING = 100_000
"""So many events wait for observers that are stuck; what happens beyond them they are not told."""

_LOG = logging.getLogger(__name__)


class Audience:
    """Those who want to be told; who fails is counted, and logged once."""

    def __init__(self) -> None:
        self.failures = 0
        self._failed: set[object] = set()

    def tell(self, observers: Iterable[Callable[[E], None]], event: E) -> None:
        """Tell each observer of an event, in order."""
        for observer in observers:
            try:
                observer(event)
            except Exception:  # noqa: BLE001 - what happened has happened, whatever a surface makes of it
                self.failures += 1
                if observer not in self._failed:
                    self._failed.add(observer)
                    # It is told of the next event all the same.
                    _LOG.exception("observer.failed", extra={"observer": type(observer).__name__})


class Announcer:
    """Tells observers of events in the order in which they were put, from whichever thread comes by.

    Events are put while a lock is held, and delivered when it is not: an observer that is slow, or that asks
    for what the lock guards, holds up nobody but the other observers.
    """

    def __init__(
        self,
        observers: Sequence[Observer],
        *,
        most_waiting: int = MOST_WAITING,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._observers = tuple(observers)
        self._most_waiting = most_waiting
        self._clock = clock
        self._audience = Audience()
        self._waiting: deque[tuple[datetime, Event]] = deque()
        self._told_since: datetime | None = None
        self._delivering = threading.Lock()
        self.lost = 0
        """Events that nobody was told of, because too many waited."""

    @property
    def failures(self) -> int:
        """How often an observer failed."""
        return self._audience.failures

    @property
    def lag(self) -> timedelta:
        """How long the oldest event has been waiting that not every observer has been told of."""
        since = self._told_since
        if since is None:
            try:
                since = self._waiting[0][0]
            except IndexError:
                return timedelta()
        return self._clock() - since

    def put(self, events: Iterable[Event]) -> None:
        """Add events behind those that wait."""
        if not self._observers:
            return
        now = self._clock()
        for event in events:
            if len(self._waiting) < self._most_waiting:
                self._waiting.append((now, event))
            else:
                self.lost += 1

    def deliver(self) -> None:
        """Tell of all that waits, unless another thread is doing so already."""
        # The outer loop catches what was put after the inner one had seen nothing left, and before the release.
        while self._waiting and self._delivering.acquire(blocking=False):
            try:
                while self._waiting:
                    self._told_since, event = self._waiting.popleft()
                    self._audience.tell(self._observers, event)
            finally:
                self._told_since = None
                self._delivering.release()
