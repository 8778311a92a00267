"""The interpreter of the daemon."""

from __future__ import annotations

import gc
import sys
import threading
import weakref

from healthcheck.interpreter import SHORT_LIVED, SWITCH_SECONDS, THOROUGH_EVERY, short_lived, tuned


class Circle:
    """Garbage that only the collector finds."""

    def __init__(self) -> None:
        self.itself = self


def test_it_is_tuned_inside_and_as_before_outside() -> None:
    before = sys.getswitchinterval()

    with tuned():
        assert abs(sys.getswitchinterval() - SWITCH_SECONDS) < SWITCH_SECONDS / 100
        assert gc.get_freeze_count() > 0

    assert (sys.getswitchinterval(), gc.get_freeze_count()) == (before, 0)


def test_garbage_is_found_again_and_again() -> None:
    gone = threading.Semaphore(0)

    with tuned(settle_seconds=0.001):
        for _ in range(3):
            weakref.finalize(Circle(), gone.release)
            assert gone.acquire(timeout=30)


def test_what_turned_to_garbage_after_it_had_settled_is_found_at_a_thorough_look() -> None:
    gone = threading.Event()
    circle = Circle()
    weakref.finalize(circle, gone.set)
    assert THOROUGH_EVERY < 1000  # so many thousandths of a second, and a look each

    with tuned(settle_seconds=0.001):
        assert gc.get_freeze_count() > 0
        del circle
        assert gone.wait(60)


def test_a_command_that_ends_soon_seldom_looks_for_garbage() -> None:
    before = gc.get_threshold()

    with short_lived():
        assert gc.get_threshold()[0] == SHORT_LIVED

    assert gc.get_threshold() == before
