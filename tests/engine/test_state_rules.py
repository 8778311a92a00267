"""Rules that hold after any sequence of rounds: who has an incident, who has none, and what is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from healthcheck.engine.records import STALE
from healthcheck.engine.snapshot import (
    UNDAMPED,
    CheckChanged,
    CheckState,
    Damping,
    Event,
    IncidentChanged,
    IncidentPhase,
    RoundFinished,
    Snapshot,
)
from healthcheck.engine.state import State
from healthcheck.engine.withheld import closure, joined_cause, withholding
from healthcheck.result import Result, Status, unknown
from healthcheck.run import Run, status_of
from healthcheck.target import CredentialSource
from tests.engine.workbench import (
    FIX,
    HeldClock,
    bad,
    beside,
    check,
    good,
    has_verdict,
    plan,
    planned,
    target,
    unseen,
    weak,
)

PROD = CredentialSource(profile="prod")
NAMES = ("prod/eu-west-1", "prod/us-east-1")
CHECKS = (
    check("a.root", every=timedelta(minutes=1)),
    check("a.other", every=timedelta(minutes=2)),
    check("a.middle", after=("a.root",), every=timedelta(minutes=1)),
    check("a.leaf", after=("a.middle", "a.other"), every=timedelta(minutes=5)),
)
IDS = [bound.id for bound in CHECKS]


def denied(action: str) -> Result:
    return unknown("x", "denied", reason="not_permitted", fix=FIX, missing_actions=(action,))


VERDICTS = {
    "good": good("x"),
    "bad x": bad("x"),
    "bad y": bad("y"),
    "weak": weak("x"),
    "unseen": unseen("x"),
    "throttled": unseen("x", "throttled"),
    "denied": denied("iam:GetRole"),
    "beside": beside("x"),
}
Step = tuple[str, frozenset[str], tuple[str, ...], float]

rounds = st.tuples(
    st.sampled_from(NAMES),
    st.frozensets(st.sampled_from(IDS), min_size=1),
    st.tuples(*[st.sampled_from(sorted(VERDICTS))] * len(IDS)),
    st.sampled_from([0, 30, 60, 400]),
)
histories = st.lists(rounds, max_size=25)
dampings = st.sampled_from([UNDAMPED, Damping(), Damping(failures=3, recoveries=2)])


class World:
    """Plays rounds as the runner would: in dependency order, with what blocks what."""

    def __init__(self, damping: Damping) -> None:
        self.clock = HeldClock()
        self.told: list[Event] = []
        watched = (planned(*CHECKS, on=target(name, source=PROD)) for name in NAMES)
        self.state = State(plan(*watched), damping=damping, clock=self.clock.now, observers=(self.told.append,))

    def play(self, name: str, due: frozenset[str], verdicts: tuple[str, ...], seconds: float) -> Iterator[Snapshot]:
        self.clock.advance(seconds)
        self.state.expire()
        yield self.state.snapshot()
        waiting = {check_id for check_id, roots in self.state.waiting(name).items() if roots & closure(CHECKS, due)}
        wanted = closure(CHECKS, due | waiting)
        runs: dict[str, Run] = {}
        for bound, verdict in zip(CHECKS, verdicts, strict=True):
            if bound.id in wanted:
                withheld = withholding(bound, name, runs, IDS)
                results = (VERDICTS[verdict] if withheld is None else withheld.verdict,)
                run = Run(
                    "id", name, bound.id, status_of(results), self.clock.now(), 0.0, results,
                    () if withheld is None else withheld.causes,
                    is_transient=results[0].reason == "throttled",
                )  # fmt: skip
                joins = joined_cause(run, bound, runs, {b.id: b for b in CHECKS}, PROD)
                runs[bound.id] = replace(run, joins=joins)
                self.state.record(runs[bound.id])
                yield self.state.snapshot()
        self.state.round_finished(RoundFinished(name, "round", self.clock.now(), 0.0, Counter()))
        yield self.state.snapshot()

    def end_of(self, name: str, due: frozenset[str], verdicts: tuple[str, ...], seconds: float) -> Snapshot:
        *_, last = self.play(name, due, verdicts, seconds)
        return last


def views(snapshot: Snapshot) -> Iterator[CheckState]:
    for state in snapshot.targets:
        yield from state.checks


def wants_action(view: CheckState) -> bool:
    return view.status.needs_action and has_verdict(view)


@given(histories, dampings)
def test_an_incident_is_open_exactly_as_long_as_something_needs_action(history: list[Step], damping: Damping) -> None:
    world = World(damping)
    for step in history:
        for snapshot in world.play(*step):
            listed = {
                (name, check_id): incident
                for incident in snapshot.incidents
                for name in incident.targets
                for check_id in (incident.cause, *incident.blocked.get(name, ()))
            }
            for view in views(snapshot):
                if wants_action(view):
                    assert (view.target, view.check) in listed
            by_key = {(view.target, view.check): view for view in views(snapshot)}
            for incident in snapshot.incidents:
                assert incident.targets
                for name in incident.targets:
                    members = [by_key[name, check_id] for check_id in (incident.cause, *incident.blocked.get(name, ()))]
                    assert any(wants_action(view) for view in members)
                assert incident.status.needs_action
                assert incident.fix is not None
            keys = [(incident.cause, incident.subject) for incident in snapshot.incidents]
            assert len(keys) == len(set(keys)) == len({incident.id for incident in snapshot.incidents})


@given(histories, dampings)
def test_a_blocked_check_has_a_root_that_is_shown_and_never_an_incident_of_its_own(
    history: list[Step], damping: Damping
) -> None:
    world = World(damping)
    for step in history:
        snapshot = world.end_of(*step)
        for view in views(snapshot):
            if view.status is Status.BLOCKED:
                assert view.run is not None
                own = [incident for incident in snapshot.incidents if incident.cause == view.check]
                assert not any(view.target in incident.targets for incident in own)
                critical = {
                    other.check
                    for other in views(snapshot)
                    if other.target == view.target and other.status is Status.CRITICAL
                }
                shown = {cause.check for cause in view.run.causes} & critical
                root = next(v for v in views(snapshot) if (v.target, v.check) == (view.target, view.cause))
                # A root that nobody has heard of for long frees nobody: the next look at it does.
                assert view.cause in shown or root.reason == STALE
                assert shown == {
                    incident.cause
                    for incident in snapshot.incidents
                    if view.check in incident.blocked.get(view.target, ())
                }
            else:
                assert view.cause is None


@given(histories, dampings)
def test_what_is_told_adds_up_to_what_is_shown(history: list[Step], damping: Damping) -> None:
    world = World(damping)
    for step in history:
        world.end_of(*step)
    open_now: dict[str, object] = {}
    statuses: dict[tuple[str, str], Status] = {}
    for event in world.told:
        if isinstance(event, IncidentChanged):
            incident = event.incident
            assert (incident.id in open_now) is (event.phase is not IncidentPhase.OPENED)
            if event.phase is IncidentPhase.CLOSED:
                del open_now[incident.id]
            else:
                open_now[incident.id] = (incident.status, incident.reason, incident.targets, incident.blocked)
        elif isinstance(event, CheckChanged):
            key = (event.target, event.check)
            assert event.before is statuses.get(key)
            assert event.after is not event.before
            statuses[key] = event.after
    snapshot = world.state.snapshot()
    assert open_now == {i.id: (i.status, i.reason, i.targets, i.blocked) for i in snapshot.incidents}
    assert statuses == {
        (view.target, view.check): view.status
        for view in views(snapshot)
        if (view.target, view.check) in statuses or has_verdict(view)
    }


@given(histories)
def test_the_doctor_shows_what_was_seen(
    history: list[Step],
) -> None:
    world = World(UNDAMPED)
    for name, due, verdicts, _ in history:
        snapshot = world.end_of(name, due, verdicts, 0)
        for view in views(snapshot):
            if view.run is not None and not view.run.is_transient and view.raw_status is not Status.BLOCKED:
                assert view.status is view.raw_status


@given(histories)
def test_twice_healthy_is_healthy(
    history: list[Step],
) -> None:
    world = World(Damping(failures=3, recoveries=2))
    healthy = ("good",) * len(IDS)
    for step in (*history, *((name, frozenset(IDS), healthy, 30) for name in NAMES * 2)):
        world.end_of(*step)
    snapshot = world.state.snapshot()
    assert (snapshot.status, snapshot.incidents) == (Status.OK, ())
