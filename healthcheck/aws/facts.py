"""What checks make of answers, made once for all checks that need it.

Answers are remembered as they came. To ask for them again costs no request, and still a fifth of one in CPU; a role's
policies are ten of them, which four checks of a round would each read and compile.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from healthcheck.aws.memory import LONGEST_SECONDS
from healthcheck.aws.scope import Scope
from healthcheck.errors import DeadlinePassed

T = TypeVar("T")

MOST = 128
"""Facts that are kept: of as many targets as are looked at side by side. Compiled policies may be large."""


class _Fact:
    """Something that was made, and what it rests on."""

    __slots__ = ("as_of", "calls", "lock", "value")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.calls: frozenset[str] | None = None
        """The operations that it took; none = it has not been made."""
        self.as_of = 0.0
        self.value: Any = None

    def serves(self, scope: Scope, asked: float, now: float) -> bool:
        """Whether a run that asked at some time would have been given the same by asking AWS for itself."""
        if self.calls is None or not self.calls <= scope.calls:
            return False
        # A clock that was set back makes the future of the past: such an answer's age is not known.
        return self.as_of <= now and asked - self.as_of < min(scope.max_age_seconds, LONGEST_SECONDS)


class Facts:
    """The facts of the last minute, for the whole process.

    Args:
        now: the time in seconds since the epoch, as the memory of answers has it.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._facts: OrderedDict[Hashable, _Fact] = OrderedDict()

    def once(self, subject: str, scope: Scope, region: str | None, work: Callable[[], T]) -> T:
        """Return what the work comes to, or what it came to for another run of the same source and region.

        A fact is as old as the oldest answer in it, and only for those who may ask all that it took. Who asks for
        one that is being made waits for it.

        Raises:
            DeadlinePassed: the time was over while waiting.
        """
        fact, asked = self._fact((scope.generation, region, subject)), self._now()
        if not fact.lock.acquire(timeout=max(0.0, scope.remaining_seconds)):
            raise DeadlinePassed(subject)
        try:
            if fact.serves(scope, asked, self._now()):
                scope.heard.extend((operation, fact.as_of) for operation in fact.calls or ())
            else:
                self._make(fact, scope, work)
            value: T = fact.value
            return value
        finally:
            fact.lock.release()

    def _make(self, fact: _Fact, scope: Scope, work: Callable[[], Any]) -> None:
        before, began = len(scope.heard), self._now()
        fact.calls = None
        fact.value = work()
        heard = scope.heard[before:]
        fact.as_of = min((moment for _, moment in heard), default=began)
        fact.calls = frozenset(operation for operation, _ in heard)

    def _fact(self, key: Hashable) -> _Fact:
        with self._lock:
            fact = self._facts.setdefault(key, _Fact())
            self._facts.move_to_end(key)
            while len(self._facts) > MOST:
                self._facts.popitem(last=False)
            return fact
