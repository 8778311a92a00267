"""Runs rounds: the checks of a target in dependency order, independent ones side by side, hung ones given up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from healthcheck.capabilities import Host
from healthcheck.engine.execution import CLOCKS, MAX_ANSWER_AGE_SECONDS, Clocks
from healthcheck.engine.gateway import Gateway
from healthcheck.engine.pool import Pool
from healthcheck.engine.rounds import Order, Round, Workshop
from healthcheck.engine.snapshot import RoundFinished
from healthcheck.engine.telling import Audience
from healthcheck.result import Result
from healthcheck.run import Run

if TYPE_CHECKING:
    from healthcheck.plan import PlannedTarget

__all__ = ["Round", "Runner"]


class Runner:
    """Owns the workers, and starts rounds on them. May be used from any thread."""

    def __init__(
        self,
        gateway: Gateway,
        host: Host,
        *,
        workers: int = 64,
        clocks: Clocks = CLOCKS,
        cleaned: Callable[[Result], Result] = lambda result: result,
    ) -> None:
        self._pool = Pool(workers, monotonic=clocks.monotonic)
        self._audience = Audience()
        self._workshop = Workshop(gateway, host, self._pool, clocks, self._audience, cleaned)
        self._lock = threading.Lock()
        self._open: set[Round] = set()

    @property
    def workers(self) -> int:
        """How many checks run side by side at most."""
        return self._pool.size

    @property
    def abandoned_workers(self) -> int:
        """How many workers hang in a check that was given up."""
        return self._pool.abandoned

    @property
    def is_healthy(self) -> bool:
        """Whether a further hung worker could be replaced."""
        return self._pool.is_healthy

    @property
    def rounds_running(self) -> int:
        """How many rounds have begun and not ended."""
        return len(self._open)

    @property
    def failures_of_observers(self) -> int:
        """How often someone who was told of a run or a round failed."""
        return self._audience.failures

    def start_round(
        self,
        planned: PlannedTarget,
        due: Collection[str] | None = None,
        *,
        generation: int = 0,
        lag_seconds: float = 0.0,
        max_age_seconds: float = MAX_ANSWER_AGE_SECONDS,
        on_run: Callable[[Run], None],
        on_done: Callable[[RoundFinished], None],
        on_end: Callable[[Round], None] = lambda _: None,
    ) -> Round:
        """Start a round, and return at once.

        Args:
            planned: the target and its checks.
            due: ids of checks to run, with all that they come after; none = all.
            generation: the plan's; its runs carry it.
            lag_seconds: how long after its due time the round begins.
            max_age_seconds: how old answers of AWS may be when the round begins; 0 = look again.
            on_run: told of each run, before what depends on it begins; called in a worker.
            on_done: told once, when every check has a verdict.
            on_end: called after that, or when the round is aborted.
        """

        def end(ended: Round) -> None:
            with self._lock:
                self._open.discard(ended)
            on_end(ended)

        begun = Round(Order(planned, due, generation, max_age_seconds, on_run, on_done, end), self._workshop)
        with self._lock:
            self._open.add(begun)
        begun.begin(lag_seconds=lag_seconds)
        return begun

    def close(self, timeout_seconds: float) -> bool:
        """Begin no further check, wait for those that run, abort what is left; return whether nothing was left."""
        is_quiet = self._pool.close(timeout_seconds)
        with self._lock:
            left = tuple(self._open)
        for unfinished in left:
            unfinished.abort()
        return is_quiet and not left
