"""Ticks: the same after every restart, never lost to rounding, and each check within its cadence."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcheck.engine.timetable import Timetable, timetable
from healthcheck.target import CredentialSource
from tests.engine.workbench import START, check, planned, target

cadences = st.timedeltas(timedelta(milliseconds=10), timedelta(days=2))
tables = st.builds(Timetable, cadence=cadences, seed=st.integers(0, 2**64))
moments = st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1)).map(  # noqa: DTZ001 - given its zone here
    lambda moment: moment.replace(tzinfo=START.tzinfo)
)

MINUTELY = Timetable(timedelta(minutes=1), seed=0)


def of(profile: str, *, every: timedelta = timedelta(minutes=1)) -> Timetable:
    return timetable(planned(check("a.a", every=every), on=target(source=CredentialSource(profile))))


@given(tables, st.integers(0, 10**9))
def test_a_tick_is_found_at_its_own_time(table: Timetable, tick: int) -> None:
    tick = tick % (timedelta(days=36500) // table.cadence)
    assert table.tick_at(table.time_of(tick)) == tick
    assert table.tick_at(table.time_of(tick) - timedelta(microseconds=1)) == tick - 1


@given(tables, moments)
def test_rounds_follow_each_other_at_the_cadence(table: Timetable, now: datetime) -> None:
    first = table.next_after(None, now)
    second = table.next_after(first, first)
    assert now < first <= now + table.cadence
    assert second - first == table.cadence
    assert table.tick_at(second) == table.tick_at(first) + 1


@given(tables, moments)
def test_after_a_round_off_the_beat_half_a_cadence_to_one_and_a_half_pass(table: Timetable, begun: datetime) -> None:
    following = table.next_after(begun, begun)
    assert table.time_of(table.tick_at(following)) == following
    assert table.cadence / 2 - timedelta(microseconds=1) <= following - begun
    assert following - begun <= table.cadence * 3 / 2 + timedelta(microseconds=1)
    assert table.missed_between(begun, following) == 0


@given(tables, moments, st.integers(2, 10**4))
def test_what_was_slept_through_is_one_round_at_the_last_tick(table: Timetable, now: datetime, slept: int) -> None:
    previous = table.next_after(None, now)
    woken = previous + slept * table.cadence + table.cadence / 3
    following = table.next_after(previous, woken)
    assert following == previous + slept * table.cadence
    assert table.missed_between(previous, following) == slept - 1
    assert table.next_after(following, woken) == following + table.cadence


def test_targets_of_one_source_tick_together_and_others_at_other_times() -> None:
    names = [f"profile-{number}" for number in range(300)]
    times = {name: of(name).next_after(None, START) for name in names}
    assert times == {name: of(name).next_after(None, START) for name in names}
    assert len(set(times.values())) == 300
    seconds = [(moment - START).total_seconds() for moment in times.values()]
    assert all(sum(low < second <= low + 10 for second in seconds) > 25 for low in range(0, 60, 10))


def test_the_ticks_are_the_same_after_a_restart() -> None:
    assert of("prod").next_after(None, START) == START + timedelta(seconds=49, microseconds=829901)


@pytest.mark.parametrize(
    ("every_seconds", "ticks"), [(60, [1, 2, 3, 4, 5, 6]), (120, [2, 4, 6]), (180, [3, 6]), (90, [1, 2, 3, 4, 5, 6])]
)
def test_a_check_is_due_at_its_own_cadence(every_seconds: int, ticks: list[int]) -> None:
    checks = [check("a.a", every=timedelta(seconds=every_seconds))]
    assert [tick for tick in range(1, 7) if MINUTELY.due(checks, tick - 1, tick)] == ticks


def test_what_was_due_at_a_tick_that_was_skipped_is_due_at_the_next() -> None:
    checks = [check("a.often", every=timedelta(minutes=1)), check("a.hourly", every=timedelta(hours=1))]
    assert MINUTELY.due(checks, 59, 60) == {"a.often", "a.hourly"}
    assert MINUTELY.due(checks, 60, 61) == {"a.often"}
    assert MINUTELY.due(checks, 58, 63) == {"a.often", "a.hourly"}


@given(tables, st.integers(0, 10**6), st.integers(1, 500))
def test_no_check_waits_longer_than_its_cadence(table: Timetable, start: int, factor: int) -> None:
    bound = check("a.rare", every=table.cadence * factor)
    due = [tick for tick in range(start + 1, start + 2 * factor + 1) if table.due([bound], tick - 1, tick)]
    assert len(due) == 2
    assert due[1] - due[0] == factor


def test_rare_checks_of_different_sources_are_spread_over_the_ticks() -> None:
    bound = [check("a.hourly", every=timedelta(hours=1))]
    first_due = set()
    for number in range(200):
        table = of(f"profile-{number}")
        start = table.tick_at(START)
        first_due.add(next(tick - start for tick in range(start + 1, start + 61) if table.due(bound, tick - 1, tick)))
    assert len(first_due) > 40
