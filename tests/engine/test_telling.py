"""Telling observers: how much waits for one that is stuck, and how long that has lasted."""

from __future__ import annotations

import threading
from datetime import timedelta

from healthcheck.engine.snapshot import Event, RoundFinished
from healthcheck.engine.telling import Announcer
from tests.engine.workbench import PATIENCE_SECONDS, START, Gateway


def event(number: int) -> RoundFinished:
    return RoundFinished("prod", str(number), START, 0.0, {})


class Stuck:
    """An observer that comes back when it is let go."""

    def __init__(self) -> None:
        self.entered, self.release = threading.Event(), threading.Event()
        self.heard: list[Event] = []

    def __call__(self, told: Event, /) -> None:
        self.entered.set()
        assert self.release.wait(PATIENCE_SECONDS)
        self.heard.append(told)


def test_it_is_known_how_long_an_observer_has_been_stuck() -> None:
    clock = Gateway().clock
    observer = Stuck()
    announcer = Announcer([observer], clock=clock.now)
    announcer.put([event(1), event(2)])
    clock.advance(1)
    assert announcer.lag == timedelta(seconds=1)
    teller = threading.Thread(target=announcer.deliver)
    teller.start()
    assert observer.entered.wait(PATIENCE_SECONDS)
    clock.advance(30)
    announcer.put([event(3)])
    announcer.deliver()
    assert announcer.lag == timedelta(seconds=31)
    observer.release.set()
    teller.join(PATIENCE_SECONDS)
    assert announcer.lag == timedelta()
    assert observer.heard == [event(1), event(2), event(3)]


def test_no_more_than_the_bound_waits_and_the_rest_is_counted() -> None:
    heard: list[Event] = []
    announcer = Announcer([heard.append], most_waiting=2)
    announcer.put([event(1), event(2), event(3)])
    announcer.put([event(4)])
    announcer.deliver()
    assert heard == [event(1), event(2)]
    assert announcer.lost == 2
    announcer.put([event(5)])
    announcer.deliver()
    assert heard[2:] == [event(5)]


def test_where_nobody_listens_nothing_waits() -> None:
    announcer = Announcer([], most_waiting=1)
    announcer.put([event(1), event(2)])
    assert (announcer.lag, announcer.lost) == (timedelta(), 0)
