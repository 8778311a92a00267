"""Waiting for what knows no timeout."""

from __future__ import annotations

import threading

import pytest

from healthcheck.aws.bounded import Bounded


def test_what_comes_in_time_is_returned() -> None:
    assert Bounded[int]().run(lambda: 7, 10) == 7


def test_what_is_raised_is_raised() -> None:
    def fail() -> int:
        raise KeyError("x")

    bounded = Bounded[int]()
    with pytest.raises(KeyError):
        bounded.run(fail, 10)
    assert bounded.run(lambda: 7, 10) == 7


def test_what_hangs_is_given_up_and_not_begun_again_and_what_comes_late_is_kept() -> None:
    over = threading.Event()
    begun: list[int] = []

    def hang() -> int:
        begun.append(1)
        over.wait(10)
        return 7

    bounded = Bounded[int]()
    for _ in range(2):
        with pytest.raises(TimeoutError, match="nothing came within 0 s"):
            bounded.run(hang, 0.01)
    over.set()

    assert bounded.run(hang, 10) == 7
    assert begun == [1]
