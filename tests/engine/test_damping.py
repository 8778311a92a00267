"""Damping: how many looks it takes to believe something, from any standing to any other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcheck.engine.damping import NOTHING_STANDS, Standing, after_look
from healthcheck.engine.snapshot import UNDAMPED, Damping
from healthcheck.result import SEVERITY, Status

DEFAULT = Damping()
JUDGED = [Status.OK, Status.WARNING, Status.UNKNOWN, Status.CRITICAL]

looks = st.lists(st.sampled_from(JUDGED), max_size=12)
dampings = st.builds(Damping, failures=st.integers(1, 4), recoveries=st.integers(1, 4))


def standing_after(*seen: Status, damping: Damping = DEFAULT) -> Status | None:
    standing = NOTHING_STANDS
    for status in seen:
        standing = after_look(standing, status, damping)
    return standing.status


OK, WARNING, UNKNOWN, CRITICAL = JUDGED


@pytest.mark.parametrize(
    ("seen", "believed"),
    [
        ([], None),
        ([OK], OK),
        ([CRITICAL], None),
        ([UNKNOWN], None),
        ([CRITICAL, CRITICAL], CRITICAL),
        ([CRITICAL, OK], OK),
        ([OK, CRITICAL], OK),
        ([OK, CRITICAL, CRITICAL], CRITICAL),
        ([OK, CRITICAL, OK, CRITICAL], OK),
        ([OK, WARNING, CRITICAL], CRITICAL),
        ([OK, CRITICAL, WARNING], WARNING),
        ([OK, CRITICAL, CRITICAL, OK], OK),
        ([OK, CRITICAL, CRITICAL, WARNING], WARNING),
        ([OK, WARNING, WARNING, CRITICAL], WARNING),
        ([OK, WARNING, WARNING, CRITICAL, WARNING, CRITICAL], WARNING),
    ],
)
def test_two_looks_to_fail_and_one_to_recover(seen: list[Status], believed: Status | None) -> None:
    assert standing_after(*seen) is believed


def test_more_looks_to_recover_are_counted_in_a_row() -> None:
    slow = Damping(failures=1, recoveries=3)
    assert standing_after(CRITICAL, OK, OK, damping=slow) is CRITICAL
    assert standing_after(CRITICAL, OK, OK, CRITICAL, OK, damping=slow) is CRITICAL
    assert standing_after(CRITICAL, OK, OK, OK, damping=slow) is OK


def test_a_worse_look_between_better_ones_starts_the_count_again() -> None:
    slow = Damping(failures=2, recoveries=2)
    standing = Standing(WARNING)
    for seen in (OK, CRITICAL, OK):
        standing = after_look(standing, seen, slow)
    assert standing == Standing(WARNING, 1, is_worse=False)


@given(looks)
def test_undamped_believes_every_look(seen: list[Status]) -> None:
    assert standing_after(*seen, damping=UNDAMPED) is (seen[-1] if seen else None)


@given(looks, dampings, st.sampled_from(JUDGED))
def test_what_is_seen_often_enough_in_a_row_is_believed_whatever_was_before(
    seen: list[Status], damping: Damping, last: Status
) -> None:
    often = max(damping.failures, damping.recoveries)
    assert standing_after(*seen, *[last] * often, damping=damping) is last


@given(looks, dampings)
def test_what_is_believed_was_seen(seen: list[Status], damping: Damping) -> None:
    assert standing_after(*seen, damping=damping) in {None, *seen}


@given(looks, dampings)
def test_a_worse_status_is_never_believed_after_fewer_looks_than_asked(seen: list[Status], damping: Damping) -> None:
    standing, worse_in_a_row = NOTHING_STANDS, 0
    for status in seen:
        before = standing
        is_worse = (
            status.needs_action if before.status is None else SEVERITY.index(status) > SEVERITY.index(before.status)
        )
        worse_in_a_row = worse_in_a_row + 1 if is_worse else 0
        standing = after_look(before, status, damping)
        if is_worse and standing.status is status and before.status is not status:
            assert worse_in_a_row >= damping.failures
            worse_in_a_row = 0
