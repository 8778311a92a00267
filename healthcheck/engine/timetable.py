"""When a target's rounds are due: pure arithmetic on whole microseconds, so that no tick is lost to rounding."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from healthcheck.target import CredentialSource

if TYPE_CHECKING:
    from healthcheck.plan import BoundCheck, PlannedTarget

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_HALF_AND_A_BIT = 0.6


@dataclass(frozen=True, slots=True)
class Timetable:
    """Ticks at a target's shortest cadence. Targets of one credential source and cadence tick together.

    They then share answers of AWS. Different sources are spread over the cadence, and the ticks of their rarer
    checks over the ticks, the same way after every restart.
    """

    cadence: timedelta
    seed: int
    """A number of the credential source."""

    def tick_at(self, moment: datetime) -> int:
        """Return the number of the last tick that is not after a moment."""
        return (moment - _EPOCH - self._offset) // self.cadence

    def time_of(self, tick: int) -> datetime:
        """Return when a tick is."""
        return _EPOCH + self._offset + tick * self.cadence

    def next_after(self, previous: datetime | None, now: datetime) -> datetime:
        """Return when the next round is due after the one that was due at `previous`.

        Ticks that were slept through are one: the last of them. After a round off the beat, such as the first
        one, at least half a cadence passes.
        """
        if previous is None:
            return self.time_of(self.tick_at(now) + 1)
        missed = self.time_of(self.tick_at(now))
        if missed > previous + self.cadence:
            return missed
        if self.time_of(self.tick_at(previous)) == previous:
            return previous + self.cadence
        return self.time_of(self.tick_at(previous + self.cadence / 2) + 1)

    def missed_between(self, previous: datetime, following: datetime) -> int:
        """Return how many rounds should have been due between two due times, the first of which may be off the beat."""
        # Of a round off the beat the next is up to one and a half cadences away, with none between them.
        return max(int((following - previous) / self.cadence - _HALF_AND_A_BIT), 0)

    def due(self, checks: Iterable[BoundCheck], last: int, tick: int) -> frozenset[str]:
        """Return the ids of the checks that are due at a tick, where `last` is the tick of the round before.

        A check whose cadence is no multiple of the shortest is due a little too often, never too seldom.
        """
        return frozenset(bound.id for bound in checks if self._turn(bound, tick) != self._turn(bound, last))

    def _turn(self, bound: BoundCheck, tick: int) -> int:
        ticks = max(bound.every // self.cadence, 1)
        return (tick + self.seed % ticks) // ticks

    @property
    def _offset(self) -> timedelta:
        return (self.seed % (self.cadence // _MICROSECOND)) * _MICROSECOND


def timetable(planned: PlannedTarget) -> Timetable:
    """Return the timetable of a target."""
    return Timetable(planned.cadence, _seed(planned.target.source))


def _seed(source: CredentialSource) -> int:
    # Not `hash`, which is another one in every process; spread out, because a cadence has 36 bits of microseconds.
    return zlib.crc32(source.name.encode()) * 2_654_435_761
