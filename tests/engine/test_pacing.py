"""Pacing: one round at a time per target, a bounded number in all, none lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from healthcheck.engine.pacing import Lane, Look, Pacer, Request
from healthcheck.engine.runner import Runner
from healthcheck.engine.snapshot import UNDAMPED, Event, RoundFinished
from healthcheck.engine.state import State
from healthcheck.plan import BoundCheck
from healthcheck.result import Result
from healthcheck.run import Run
from tests.engine.workbench import PATIENCE_SECONDS, START, Gateway, NoHost, bad, check, good, plan, planned, target


class Road:
    """A pacer, and gates that hold the rounds of targets until they are opened."""

    def __init__(self, *names: str, limit: int = 8, checks: tuple[BoundCheck, ...] = ()) -> None:
        self.gateway = Gateway()
        self.gates = {name: threading.Event() for name in names}
        self.begun = {name: threading.Event() for name in names}
        self.targets = {name: planned(*(checks or (self._held(name),)), on=target(name)) for name in names}
        self.told: list[Event] = []
        self.state = State(
            plan(*self.targets.values()), damping=UNDAMPED, clock=self.gateway.clock.now, observers=(self.told.append,)
        )
        self.runner = Runner(self.gateway, NoHost(), workers=8, clocks=self.gateway.clock.clocks())
        self.pacer = Pacer(self.runner, self.state, clock=self.gateway.clock.now, limit=limit)
        self.lanes = {name: Lane(watched, 0) for name, watched in self.targets.items()}

    def _held(self, name: str) -> BoundCheck:
        def probe() -> Iterator[Result]:
            self.begun[name].set()
            assert self.gates[name].wait(PATIENCE_SECONDS)
            yield good()

        return check("a.a", probe)

    def ask(self, name: str, due: frozenset[str] | None = None, *, max_age_seconds: float = 60) -> Look:
        look = Look()
        self.pacer.ask(self.lanes[name], Request(self.gateway.clock.now(), due, max_age_seconds, looks=(look,)))
        return look

    def wait_begun(self, name: str) -> None:
        assert self.begun[name].wait(PATIENCE_SECONDS)

    def finish(self, name: str, look: Look) -> None:
        self.gates[name].set()
        assert look.wait(PATIENCE_SECONDS)

    @property
    def rounds(self) -> list[RoundFinished]:
        return [event for event in self.told if isinstance(event, RoundFinished)]

    @property
    def runs(self) -> list[str]:
        return [event.check for event in self.told if isinstance(event, Run)]


@pytest.fixture
def roads() -> Iterator[list[Road]]:
    made: list[Road] = []
    yield made
    for road in made:
        for gate in road.gates.values():
            gate.set()
        assert road.pacer.stop(PATIENCE_SECONDS)
        road.runner.close(PATIENCE_SECONDS)


def road(roads: list[Road], *names: str, limit: int = 8, checks: tuple[BoundCheck, ...] = ()) -> Road:
    roads.append(Road(*names, limit=limit, checks=checks))
    return roads[-1]


def test_no_more_rounds_run_than_the_bound_and_the_others_follow_in_order(roads: list[Road]) -> None:
    paced = road(roads, "a", "b", "c", limit=2)
    looks = {name: paced.ask(name) for name in "abc"}
    paced.wait_begun("a")
    paced.wait_begun("b")
    assert not paced.begun["c"].is_set()
    paced.gateway.clock.advance(5)
    paced.finish("a", looks["a"])
    paced.wait_begun("c")
    paced.finish("c", looks["c"])
    paced.finish("b", looks["b"])
    assert {event.target: event.lag_seconds for event in paced.rounds} == {"a": 0, "b": 0, "c": 5}


def test_rounds_of_one_target_follow_each_other(roads: list[Road]) -> None:
    paced = road(roads, "a")
    first = paced.ask("a")
    paced.wait_begun("a")
    second = paced.ask("a")
    assert paced.pacer.is_busy(paced.lanes["a"])
    assert not first.wait(0)
    paced.finish("a", first)
    assert second.wait(PATIENCE_SECONDS)
    assert len(paced.rounds) == 2
    assert not paced.pacer.is_busy(paced.lanes["a"])


def test_what_is_asked_while_a_round_runs_becomes_one_round(roads: list[Road]) -> None:
    paced = road(roads, "a")
    watched = planned(paced._held("a"), check("a.b", [good()]), check("a.c", [good()]), on=target("a"))
    paced.lanes["a"].planned = watched
    paced.state.replace_plan(plan(watched))
    first = paced.ask("a", frozenset({"a.a"}))
    paced.wait_begun("a")
    looks = [paced.ask("a", frozenset({"a.b"})), paced.ask("a", frozenset({"a.c"}), max_age_seconds=7)]
    paced.finish("a", first)
    assert all(look.wait(PATIENCE_SECONDS) for look in looks)
    assert (paced.runs[0], set(paced.runs[1:]), len(paced.rounds)) == ("a.a", {"a.b", "a.c"}, 2)
    assert paced.gateway.ages["a.b"] == 7


def test_one_request_for_everything_covers_the_others() -> None:
    early, late = START, START + timedelta(seconds=9)
    first, second = Look(), Look()
    merged = Request(late, frozenset({"a.a"}), 60, (first,)).merged(Request(early, None, 0, (second,)))
    assert (merged.due_at, merged.due, merged.max_age_seconds, merged.looks) == (early, None, 0, (first, second))


def test_checks_that_wait_for_what_is_looked_at_are_looked_at_too(roads: list[Road]) -> None:
    verdicts = iter([bad("x"), bad("x"), good(), good()])
    checks = (
        check("a.root", lambda: [next(verdicts)]),
        check("a.behind", [good()], after=("a.root",)),
        check("a.beside", [good()]),
    )
    paced = road(roads, "a", checks=checks)
    for due in (None, frozenset({"a.root"}), frozenset({"a.beside"}), frozenset({"a.root"}), frozenset({"a.root"})):
        assert paced.ask("a", due).wait(PATIENCE_SECONDS)
    statuses = [event.statuses for event in paced.rounds]
    assert [sum(counts.values()) for counts in statuses] == [3, 2, 1, 2, 1]
    assert [view.status.value for view in paced.state.snapshot().targets[0].checks] == ["ok", "ok", "ok"]


def test_thousands_of_rounds_that_end_at_once_need_no_deep_stack(roads: list[Road]) -> None:
    names = [f"t{number}" for number in range(3000)]
    paced = road(roads, *names, limit=1, checks=(check("a.a", [good()]),))
    for lane in paced.lanes.values():
        lane.planned = planned(on=lane.planned.target)
    looks = [paced.ask(name) for name in names]
    assert all(look.wait(PATIENCE_SECONDS) for look in looks)
    assert len(paced.rounds) == 3000


def test_a_lane_that_is_retired_begins_no_more_rounds(roads: list[Road]) -> None:
    paced = road(roads, "a", "b", limit=1)
    running = paced.ask("a")
    paced.wait_begun("a")
    waiting = [paced.ask("a"), paced.ask("b")]
    for name in "ab":
        paced.pacer.retire(paced.lanes[name])
    assert not any(look.wait(PATIENCE_SECONDS) for look in waiting)
    paced.finish("a", running)
    assert [event.target for event in paced.rounds] == ["a"]


def test_stopping_waits_for_what_runs_and_frees_those_who_wait(roads: list[Road]) -> None:
    paced = road(roads, "a", "b", limit=1)
    running = paced.ask("a")
    paced.wait_begun("a")
    waiting = paced.ask("b")
    assert not paced.pacer.stop(0)
    assert not waiting.wait(0)
    assert not paced.ask("b").wait(0)
    assert not paced.pacer.ask(paced.lanes["b"], Request(START, None))
    paced.finish("a", running)
    assert paced.pacer.stop(PATIENCE_SECONDS)
    assert not paced.begun["b"].is_set()


def test_stopping_drops_the_round_that_waits_behind_the_one_that_runs(roads: list[Road]) -> None:
    paced = road(roads, "a")
    running = paced.ask("a")
    paced.wait_begun("a")
    waiting = paced.ask("a")
    assert not paced.pacer.stop(0)
    paced.finish("a", running)
    assert not waiting.wait(PATIENCE_SECONDS)
    assert paced.pacer.stop(PATIENCE_SECONDS)
    assert len(paced.rounds) == 1


def test_a_round_that_is_aborted_is_not_whole_and_the_lane_is_free(roads: list[Road]) -> None:
    paced = road(roads, "a")
    look = paced.ask("a")
    paced.wait_begun("a")
    paced.runner.close(0)
    assert not look.wait(PATIENCE_SECONDS)
    assert not paced.pacer.is_busy(paced.lanes["a"])


def test_a_mistake_of_ours_stops_one_round_and_not_those_that_follow(
    roads: list[Road], monkeypatch: pytest.MonkeyPatch
) -> None:
    paced = road(roads, "a", "b")
    with monkeypatch.context() as broken:
        broken.setattr(paced.state, "waiting", {}.__getitem__)
        with pytest.raises(KeyError):
            paced.ask("a", frozenset({"a.a"}))
    look = paced.ask("b", frozenset({"a.a"}))
    paced.finish("b", look)
    assert not paced.pacer.stop(0)
    paced.pacer._running -= 1
