"""Waiting for something that knows no timeout: a credential process, say, that hangs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Bounded(Generic[T]):
    """Runs one action at a time in a thread of its own, and waits for it only so long.

    What comes too late is kept for the next call, which begins nothing new while the last action still runs.
    """

    def __init__(self) -> None:
        self._running: Future[T] | None = None

    def run(self, action: Callable[[], T], seconds: float) -> T:
        """Return what the action returns, or raise what it raises.

        Raises:
            TimeoutError: it is still at it.
        """
        if self._running is None:
            self._running = Future()
            threading.Thread(target=_carry_out, args=(action, self._running), daemon=True).start()
        try:
            self._running.exception(seconds)
        except TimeoutError:
            raise TimeoutError(f"nothing came within {seconds:.0f} s") from None
        done, self._running = self._running, None
        return done.result()


def _carry_out(action: Callable[[], T], future: Future[T]) -> None:
    try:
        future.set_result(action())
    except BaseException as error:  # noqa: BLE001 # it is raised where it is waited for
        future.set_exception(error)
