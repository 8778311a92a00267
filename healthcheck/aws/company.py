"""Company for a check that has several independent things to ask: threads that ask along, as long as some are free."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")

MOST = 8
"""Threads that ask along, for the whole process. One target's round has half its waits in front of it without them;
in a sweep of many the workers are busy anyway, and more threads would only get into each other's way (measured)."""


class Company:
    """Asks side by side where there is room, and else in turn. Nobody ever waits for room."""

    def __init__(self, most: int = MOST) -> None:
        self._room = threading.BoundedSemaphore(most)

    def ask(self, questions: Sequence[Callable[[], T]]) -> list[T]:
        """Return the answers in the order of the questions; of several failures, the first in that order is raised.

        Whatever was begun has ended when this returns, so that nothing is asked behind the caller's back.
        """
        begun = [self._begin(question) for question in questions[1:]]
        asked: list[Future[T]] = [_asked(question) for question in questions[:1]]
        asked += [future or _asked(question) for future, question in zip(begun, questions[1:], strict=True)]
        for future in asked:
            future.exception()
        return [future.result() for future in asked]

    def _begin(self, question: Callable[[], T]) -> Future[T] | None:
        if not self._room.acquire(blocking=False):
            return None
        future: Future[T] = Future()
        context = copy_context()  # in which the scope is in force

        def carry_out() -> None:
            try:
                context.run(_carry_out, question, future)
            finally:
                self._room.release()

        # A daemon, as workers are: what hangs holds up no exit.
        threading.Thread(target=carry_out, name="healthcheck-company", daemon=True).start()
        return future


def _asked(question: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()
    _carry_out(question, future)
    return future


def _carry_out(question: Callable[[], T], future: Future[T]) -> None:
    try:
        future.set_result(question())
    except BaseException as error:  # noqa: BLE001 # it is raised where the answer is wanted
        future.set_exception(error)
