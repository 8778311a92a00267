"""Pacing: no account is asked faster than it likes, and whoever was told to slow down asks again later.

IAM and STS throttle per account with limits that cannot be raised, and publish none of them.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass

from healthcheck.aws.errors import TooManyCalls
from healthcheck.errors import FailureKind


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast a service may be asked on behalf of one account."""

    start: float
    """Calls per second at first."""
    burst: float
    """Calls that may go out at once."""
    most: float
    """Calls per second that a bucket grows to while it is in demand and never throttled."""


# A first look at a role and at who starts jobs takes some twenty-five calls; later ones are spread by memory.
GENTLE = Rate(start=5.0, burst=30.0, most=20.0)
USUAL = Rate(start=20.0, burst=40.0, most=100.0)
RATES = {"iam": GENTLE, "sts": GENTLE}
"""Services that do not take the usual rate."""

LEAST = 0.5
"""Calls per second below which no amount of throttling goes: at that rate a look still gets through."""

_GROWTH = 0.05
_ATTEMPTS = {
    FailureKind.THROTTLED: 5,
    FailureKind.SERVICE_ERROR: 3,
    FailureKind.UNREACHABLE: 2,
}
_FIRST_BACKOFF_SECONDS = 0.25
_LONGEST_BACKOFF_SECONDS = 5.0


class Bucket:
    """Turns, handed out in order; each caller is told how long to wait for its own."""

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self.per_second = rate.start
        self._tokens = rate.burst
        self._then = now
        self._lock = threading.Lock()

    def turn(self, now: float, most_seconds: float) -> tuple[float, bool]:
        """Return the seconds until the caller's turn, and whether the turn was taken (it comes in time)."""
        with self._lock:
            self._tokens = min(self._rate.burst, self._tokens + (now - self._then) * self.per_second)
            self._then = now
            wait = max(0.0, (1.0 - self._tokens) / self.per_second)
            if wait > most_seconds:
                return wait, False
            self._tokens -= 1.0
            return wait, True

    def throttled(self) -> None:
        """Halve the rate, and let nobody go at once."""
        with self._lock:
            self.per_second = max(LEAST, self.per_second / 2)
            self._tokens = min(self._tokens, 0.0)

    def answered(self) -> None:
        """Grow a little while there is demand for more than the bucket gives."""
        with self._lock:
            if self._tokens < self._rate.burst / 2:
                self.per_second = min(self._rate.most, self.per_second + _GROWTH)


class Pacing:
    """The buckets of all accounts.

    Args:
        pause: how to wait; waits of a test take no time.
        monotonic: the clock of the deadlines.
        jitter: a number from 0 to 1; spreads those who were throttled together.
    """

    def __init__(
        self,
        *,
        pause: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._pause = pause
        self._monotonic = monotonic
        self._jitter = jitter
        self._buckets: dict[tuple[Hashable, str], Bucket] = {}
        self._lock = threading.Lock()

    def bucket(self, payer: Hashable, service: str) -> Bucket:
        """Return the bucket of an account (or of a source whose account is not known yet) for a service."""
        key = (payer, service)
        with self._lock:
            if key not in self._buckets:
                self._buckets[key] = Bucket(RATES.get(service, USUAL), self._monotonic())
            return self._buckets[key]

    def keep(self, payers: Collection[Hashable]) -> None:
        """Forget the buckets of all others."""
        with self._lock:
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if key[0] in payers}

    def wait(self, payer: Hashable, service: str, operation: str, deadline: float) -> None:
        """Wait for a turn.

        Raises:
            TooManyCalls: the turn would come after the deadline.
        """
        now = self._monotonic()
        seconds, taken = self.bucket(payer, service).turn(now, deadline - now)
        if not taken:
            raise TooManyCalls(operation, seconds)
        if seconds > 0:
            self._pause(seconds)

    def back_off(self, kind: FailureKind, attempts: int, *, deadline: float) -> bool:
        """Wait before asking again, if that makes sense; tell whether to ask again.

        Args:
            kind: what the last attempt came to.
            attempts: how many there have been.
            deadline: on the monotonic clock.
        """
        if attempts >= _ATTEMPTS.get(kind, 1):
            return False
        longest = min(_LONGEST_BACKOFF_SECONDS, _FIRST_BACKOFF_SECONDS * 2**attempts)
        seconds = longest * (0.5 + self._jitter() / 2)
        if self._monotonic() + seconds >= deadline:
            return False
        self._pause(seconds)
        return True
