"""Turns, buckets and pauses, on a clock that only the test moves."""

from __future__ import annotations

import pytest

from healthcheck import FailureKind
from healthcheck.aws.errors import TooManyCalls
from healthcheck.aws.pacing import GENTLE, LEAST, USUAL, Bucket, Pacing, Rate


class Time:
    """A clock that moves when somebody pauses."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def pacing(self, jitter: float = 1.0) -> Pacing:
        return Pacing(pause=self.pause, monotonic=lambda: self.now, jitter=lambda: jitter)


def test_a_burst_goes_out_at_once_and_the_rest_at_the_rate() -> None:
    bucket = Bucket(Rate(start=5, burst=3, most=20), now=0.0)

    assert [bucket.turn(0.0, 60)[0] for _ in range(6)] == pytest.approx([0, 0, 0, 0.2, 0.4, 0.6])


def test_a_bucket_fills_again_but_not_over_its_brim() -> None:
    bucket = Bucket(Rate(start=5, burst=3, most=20), now=0.0)
    for _ in range(3):
        bucket.turn(0.0, 60)

    assert [bucket.turn(1000.0, 60)[0] for _ in range(4)] == pytest.approx([0, 0, 0, 0.2])


@pytest.mark.parametrize(("most", "taken"), [(0.2, True), (0.19, False)])
def test_a_turn_that_comes_too_late_is_not_taken(most: float, *, taken: bool) -> None:
    bucket = Bucket(Rate(start=5, burst=1, most=20), now=0.0)
    bucket.turn(0.0, 60)

    wait, was_taken = bucket.turn(0.0, most)

    assert wait == pytest.approx(0.2)
    assert was_taken == taken
    assert bucket.turn(0.0, 60)[0] == pytest.approx(0.4 if taken else 0.2)


def test_throttling_halves_the_rate_down_to_a_least() -> None:
    bucket = Bucket(GENTLE, now=0.0)
    rates = []
    for _ in range(6):
        bucket.throttled()
        rates.append(bucket.per_second)

    assert rates == [2.5, 1.25, 0.625, LEAST, LEAST, LEAST]


def test_after_throttling_nobody_goes_at_once() -> None:
    bucket = Bucket(GENTLE, now=0.0)
    bucket.throttled()

    assert bucket.turn(0.0, 60)[0] == pytest.approx(1 / 2.5)


def test_the_rate_grows_slowly_while_there_is_demand_and_never_past_its_most() -> None:
    bucket = Bucket(Rate(start=5, burst=4, most=5.1), now=0.0)
    bucket.answered()
    assert bucket.per_second == 5.0  # nobody was kept waiting

    for _ in range(4):
        bucket.turn(0.0, 60)
    bucket.answered()
    assert bucket.per_second == pytest.approx(5.05)
    for _ in range(10):
        bucket.answered()
    assert bucket.per_second == 5.1


def test_iam_and_sts_are_asked_gently_and_accounts_apart() -> None:
    pacing = Time().pacing()

    rates = {service: pacing.bucket("1", service).per_second for service in ("iam", "sts", "s3", "sagemaker")}

    assert rates == {"iam": GENTLE.start, "sts": GENTLE.start, "s3": USUAL.start, "sagemaker": USUAL.start}
    assert pacing.bucket("1", "iam") is pacing.bucket("1", "iam")
    assert pacing.bucket("1", "iam") is not pacing.bucket("2", "iam")


def test_a_fleet_of_calls_takes_the_time_that_the_rate_allows() -> None:
    time = Time()
    pacing = time.pacing()
    for _ in range(60):
        pacing.wait("1", "iam", "iam.GetRole", deadline=1e9)

    assert time.now - 100.0 == pytest.approx(6.0)  # 30 at once, 30 more at 5 a second


def test_a_call_whose_turn_comes_after_the_deadline_is_not_made() -> None:
    time = Time()
    pacing = time.pacing()
    for _ in range(30):
        pacing.wait("1", "iam", "iam.GetRole", deadline=1e9)

    with pytest.raises(TooManyCalls) as late:
        pacing.wait("1", "iam", "iam.GetRole", deadline=time.now + 0.1)

    assert late.value.operation == "iam.GetRole"
    assert late.value.wait_seconds == pytest.approx(0.2)
    assert time.pauses == []


@pytest.mark.parametrize(
    ("kind", "pauses"),
    [
        (FailureKind.THROTTLED, [0.5, 1.0, 2.0, 4.0]),
        (FailureKind.SERVICE_ERROR, [0.5, 1.0]),
        (FailureKind.UNREACHABLE, [0.5]),
        (FailureKind.NOT_PERMITTED, []),
        (FailureKind.CRASHED, []),
    ],
)
def test_pauses_double_and_end(kind: FailureKind, pauses: list[float]) -> None:
    time = Time()
    pacing = time.pacing()
    attempts = 1
    while pacing.back_off(kind, attempts, deadline=1e9):
        attempts += 1

    assert time.pauses == pauses


def test_jitter_halves_a_pause_at_most() -> None:
    time = Time()
    time.pacing(jitter=0.0).back_off(FailureKind.THROTTLED, 1, deadline=1e9)

    assert time.pauses == [0.25]


@pytest.mark.parametrize(("seconds", "again"), [(0.5, False), (0.6, True)])
def test_no_pause_reaches_the_deadline(seconds: float, *, again: bool) -> None:
    time = Time()

    assert time.pacing().back_off(FailureKind.THROTTLED, 1, deadline=time.now + seconds) is again
