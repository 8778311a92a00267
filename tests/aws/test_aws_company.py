"""Several questions of one check, asked side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from healthcheck.aws.company import Company
from tests.aws.aws_bench import Bench

MakeBench = Callable[[], Bench]


def failing(words: str) -> Callable[[], str]:
    def fail() -> str:
        raise LookupError(words)

    return fail


def test_answers_come_in_the_order_of_the_questions() -> None:
    assert Company().ask([lambda: 1, lambda: 2, lambda: 3]) == [1, 2, 3]
    assert Company().ask([]) == []


def test_where_there_is_room_all_are_asked_at_once() -> None:
    meeting = threading.Barrier(3, timeout=10)

    assert sorted(Company(2).ask([meeting.wait] * 3)) == [0, 1, 2]


def test_without_room_one_thread_asks_in_turn() -> None:
    asked_by: list[str] = []

    Company(0).ask([lambda: asked_by.append(threading.current_thread().name)] * 3)

    assert asked_by == [threading.current_thread().name] * 3


def test_room_comes_back_after_failures_too() -> None:
    company = Company(1)
    for _ in range(3):
        with pytest.raises(LookupError):
            company.ask([lambda: "fine", failing("gone")])
    meeting = threading.Barrier(2, timeout=10)

    assert sorted(company.ask([meeting.wait] * 2)) == [0, 1]


def test_of_several_failures_the_first_in_order_is_raised_once_all_have_ended() -> None:
    ended = threading.Event()

    def late() -> str:
        ended.set()
        raise LookupError("second")

    with pytest.raises(LookupError, match="first"):
        Company().ask([failing("first"), late])
    assert ended.is_set()


def test_the_scope_of_the_run_is_in_force_for_all(bench: Bench) -> None:
    """Each is signed with the keys of the run, and the guard looks at each."""
    with bench.scope("sts.GetCallerIdentity", "iam.GetRole") as aws:
        account, role = aws.together(
            [
                lambda: aws.client("sts").get_caller_identity()["Account"],
                lambda: aws.client("iam").get_role(RoleName="r")["Role"]["RoleName"],
            ]
        )

    assert (account, role) == ("111122223333", "r")
