"""The memory of answers, without a client."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from healthcheck.aws.memory import Answer, Flight, Memory, Question
from healthcheck.errors import DeadlinePassed

ME = Question(("me", "iam.GetRole", "Trainer"), "me", "iam.GetRole")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def ask(memory: Memory, question: Question = ME, *, age: float = 60, seconds: float = 10) -> Answer | Flight:
    return memory.ask(question, max_age_seconds=age, deadline=time.monotonic() + seconds)


def tell(memory: Memory, parsed: dict[str, Any], question: Question = ME, *, is_refusal: bool = False) -> None:
    flight = ask(memory, question, age=0)
    assert isinstance(flight, Flight)
    memory.remember(flight, 403 if is_refusal else 200, parsed, is_refusal=is_refusal)


def answer_of(memory: Memory, question: Question = ME, *, age: float = 60) -> dict[str, Any] | None:
    found = ask(memory, question, age=age)
    if isinstance(found, Flight):
        found.give_up()
        return None
    return found.parsed()


@pytest.mark.parametrize(
    ("age", "passed", "known"),
    [(60, 59.9, True), (60, 60, False), (600, 59.9, True), (600, 60, False), (30, 29.9, True), (30, 30, False)],
)
def test_an_answer_serves_for_a_minute_at_most_and_as_long_as_the_asker_allows(
    age: float, passed: float, *, known: bool
) -> None:
    clock = Clock()
    memory = Memory(clock)
    tell(memory, {"A": 1})
    clock.now += passed

    assert (answer_of(memory, age=age) is not None) == known


def test_after_the_clock_was_set_back_an_answer_of_unknown_age_is_not_used() -> None:
    clock = Clock()
    memory = Memory(clock)
    tell(memory, {"A": 1})
    clock.now -= 3600

    assert answer_of(memory) is None


def test_every_asker_gets_a_copy_of_its_own() -> None:
    memory = Memory(Clock())
    told = {"A": {"B": [1]}}
    tell(memory, told)
    told["A"]["B"].append(2)

    first = answer_of(memory)
    assert first == {"A": {"B": [1]}}
    first["A"]["B"].append(3)
    assert answer_of(memory) == {"A": {"B": [1]}}


def test_a_refusal_serves_its_own_asker_only() -> None:
    memory = Memory(Clock())
    there = Question(ME.key, "somebody else", ME.operation)
    tell(memory, {"Error": {}}, is_refusal=True)

    assert answer_of(memory) == {"Error": {}}
    assert answer_of(memory, there) is None


def test_what_can_never_change_is_kept_for_ever() -> None:
    clock = Clock()
    memory = Memory(clock)
    version = Question("v29", "me", "iam.GetPolicyVersion", is_immutable=True)
    tell(memory, {"A": 1}, version)
    clock.now += 1e6

    assert answer_of(memory, version, age=1) == {"A": 1}


def test_a_refusal_of_what_can_never_change_can() -> None:
    clock = Clock()
    memory = Memory(clock)
    version = Question("v29", "me", "iam.GetPolicyVersion", is_immutable=True)
    tell(memory, {"Error": {}}, version, is_refusal=True)
    clock.now += 61

    assert answer_of(memory, version) is None


def test_the_oldest_answers_go_when_the_memory_is_full() -> None:
    memory = Memory(Clock(), most_bytes=3_000)
    questions = [Question(number, "me", "iam.GetRole") for number in range(10)]
    for question in questions:
        tell(memory, {"A": "x" * 900}, question)

    assert [answer_of(memory, question) is not None for question in questions] == [False] * 7 + [True] * 3
    assert len(memory) == 3


def test_answers_past_their_minute_take_no_room() -> None:
    clock = Clock()
    memory = Memory(clock)
    for number in range(10):
        tell(memory, {"A": 1}, Question(number, "me", "iam.GetRole"))
    clock.now += 61
    tell(memory, {"A": 1})

    assert len(memory) == 1


def test_an_answer_that_is_renewed_takes_its_room_once() -> None:
    memory = Memory(Clock(), most_bytes=3_000)
    for _ in range(100):
        tell(memory, {"A": "x" * 900})

    assert len(memory) == 1
    assert answer_of(memory) == {"A": "x" * 900}


def wait_for_followers(flight: Flight, number: int) -> None:
    """Wait until so many threads stand still in the flight."""
    landing: Any = flight.landing()
    until = time.monotonic() + 10
    while len(landing._cond._waiters) < number:
        assert time.monotonic() < until, "the followers never came"
        threading.Event().wait(0.001)


def test_twenty_who_ask_while_one_flies_get_its_answer() -> None:
    memory = Memory(Clock())
    flight = ask(memory)
    assert isinstance(flight, Flight)
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(answer_of, memory) for _ in range(20)]
        wait_for_followers(flight, 20)
        memory.remember(flight, 200, {"A": 1}, is_refusal=False)

        assert [future.result(10) for future in asked] == [{"A": 1}] * 20


def test_when_one_gives_up_exactly_one_of_those_who_wait_flies_next() -> None:
    memory = Memory(Clock())
    flight = ask(memory)
    assert isinstance(flight, Flight)
    flown: list[Flight] = []

    def follow() -> dict[str, Any]:
        found = ask(memory)
        if isinstance(found, Flight):
            flown.append(found)
            memory.remember(found, 200, {"A": 2}, is_refusal=False)
            return {"A": 2}
        return found.parsed()

    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(follow) for _ in range(20)]
        wait_for_followers(flight, 20)
        flight.give_up()

        assert [future.result(10) for future in asked] == [{"A": 2}] * 20
    assert len(flown) == 1


def test_a_refusal_sends_other_askers_to_ask_for_themselves() -> None:
    memory = Memory(Clock())
    flight = ask(memory)
    assert isinstance(flight, Flight)
    there = Question(ME.key, "somebody else", ME.operation)
    with ThreadPoolExecutor(2) as pool:
        same, other = pool.submit(ask, memory), pool.submit(ask, memory, there)
        wait_for_followers(flight, 2)
        memory.remember(flight, 403, {"Error": {}}, is_refusal=True)

        assert isinstance(same.result(10), Answer)
        assert isinstance(other.result(10), Flight)


def test_nobody_waits_past_its_own_deadline() -> None:
    memory = Memory(Clock())
    ask(memory)

    with pytest.raises(DeadlinePassed):
        ask(memory, seconds=0.01)


def test_who_wants_no_memory_waits_for_nobody_and_disturbs_nobody() -> None:
    memory = Memory(Clock())
    flight = ask(memory)
    assert isinstance(flight, Flight)

    mine = ask(memory, age=0)

    assert isinstance(mine, Flight)
    assert mine is not flight
    mine.give_up()
    with pytest.raises(DeadlinePassed):
        ask(memory, seconds=0.01)  # the first is still under way


def test_a_flight_lands_once() -> None:
    memory = Memory(Clock())
    flight = ask(memory)
    assert isinstance(flight, Flight)
    memory.remember(flight, 200, {"A": 1}, is_refusal=False)
    flight.give_up()  # as the end of the scope does

    assert flight.answer is not None
    assert answer_of(memory) == {"A": 1}
