"""What is asked once an hour, as it costs much or hardly ever changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from healthcheck.aws.memory import LONGEST_SECONDS
from healthcheck.aws.scope import Scope
from healthcheck.errors import Failure, FailureKind

T = TypeVar("T")

SECONDS = 3_600.0
MOST = 8_192
"""Answers that are kept; the oldest go first. They are what checks make of answers, a few hundred bytes each."""


class Hourly:
    """The answers of the last hour, for the whole process.

    Args:
        now: the time in seconds since the epoch.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()

    def ask(self, subject: str, scope: Scope, ask: Callable[[], T]) -> T:
        """Return the answer of the last hour to the same source, or ask; of failures only a refusal is kept."""
        key = (scope.generation, subject)
        # Whoever wants younger answers than usual, to confirm something, is told nothing old.
        if scope.max_age_seconds >= LONGEST_SECONDS:
            with self._lock:
                stored, known = self._answers.get(key, (0.0, None))
            # A clock that was set back makes an age negative: such an answer's age is not known.
            if known is not None and 0 <= self._now() - stored < SECONDS:
                answer: T = known
                return answer
        asked, answer = self._now(), ask()
        if not isinstance(answer, Failure) or answer.kind is FailureKind.NOT_PERMITTED:
            with self._lock:
                self._answers[key] = asked, answer
                self._answers.move_to_end(key)
                while len(self._answers) > MOST:
                    self._answers.popitem(last=False)
        return answer
