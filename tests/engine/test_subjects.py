"""Subjects: a check that fails on several has an incident for each, over all targets where that one fails."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from healthcheck.engine.failures import is_transient
from healthcheck.engine.records import STALE
from healthcheck.engine.snapshot import UNDAMPED, Damping, Incident
from healthcheck.engine.state import State
from healthcheck.engine.withheld import withholding
from healthcheck.result import SEVERITY, Result, Status, worst
from healthcheck.run import Run, status_of
from tests.engine.workbench import (
    START,
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

NAMES = ("one", "two")
ROOT = check("a.root")
LEAF = check("a.leaf", after=("a.root",))
KINDS = {
    "good": good,
    "bad": bad,
    "weak": weak,
    "unseen": unseen,
    "beside": beside,
    "throttled": lambda subject: unseen(subject, "throttled"),
}


class Watch:
    """Two targets with a root and what comes after it, looked at by hand."""

    def __init__(self, damping: Damping | None = None) -> None:
        self.clock = HeldClock()
        self.state = State(
            plan(*(planned(ROOT, LEAF, on=target(name)) for name in NAMES)),
            damping=damping or Damping(),
            clock=self.clock.now,
        )

    def sees(self, *results: Result, on: str = "one", seconds: float = 0) -> dict[str, Incident]:
        """Play a round in which the root says this, and return the open incidents by subject."""
        self.clock.advance(seconds)
        root = self._run(on, "a.root", results)
        withheld = withholding(LEAF, on, {"a.root": root}, ["a.root", "a.leaf"])
        self.state.record(root)
        if withheld is None:
            self.state.record(self._run(on, "a.leaf", (good("leaf"),)))
        else:
            self.state.record(
                withheld.as_run("id", "a.leaf", self.clock.now(), plan_generation=0, target=on),
            )
        return {incident.subject: incident for incident in self.state.snapshot().incidents}

    def settles(self, *results: Result, on: str = "one") -> dict[str, Incident]:
        self.sees(*results, on=on)
        return self.sees(*results, on=on, seconds=30)

    def is_to_be_looked_at(self) -> bool:
        return "one" in self.state.due_confirmations(self.clock.now() + timedelta(seconds=30))

    def _run(self, on: str, check_id: str, results: tuple[Result, ...]) -> Run:
        return Run(
            "id", on, check_id, status_of(results), self.clock.now(), 0.0, results, is_transient=is_transient(results)
        )  # fmt: skip


def targets(incidents: dict[str, Incident]) -> dict[str, tuple[str, ...]]:
    return {subject: incident.targets for subject, incident in incidents.items()}


def test_each_subject_counts_all_targets_that_it_fails_on() -> None:
    watch = Watch(UNDAMPED)
    watch.sees(bad("A"), bad("B"))
    seen = watch.sees(good("A"), bad("B"), on="two")
    assert targets(seen) == {"A": ("one",), "B": ("one", "two")}


def test_each_incident_has_its_subjects_own_status_and_words() -> None:
    seen = Watch(UNDAMPED).sees(bad("A"), weak("B"), unseen("C"), good("D"), beside("E"))
    assert {subject: (found.status, found.reason, found.summary) for subject, found in seen.items()} == {
        "A": (Status.CRITICAL, "broken", "A is broken"),
        "B": (Status.WARNING, "fragile", "B will not hold"),
        "C": (Status.UNKNOWN, "bad_answer", "C could not be seen"),
    }


def test_what_is_blocked_is_listed_under_each_subject_that_blocks_it() -> None:
    seen = Watch(UNDAMPED).sees(bad("A"), weak("B"), bad("C"))
    blocked = {subject: dict(incident.blocked) for subject, incident in seen.items()}
    assert blocked == {"A": {"one": ("a.leaf",)}, "B": {}, "C": {"one": ("a.leaf",)}}


def test_the_worst_that_is_said_of_a_subject_counts() -> None:
    seen = Watch(UNDAMPED).sees(weak("A"), bad("A"), unseen("A"))
    assert {subject: incident.status for subject, incident in seen.items()} == {"A": Status.CRITICAL}


def test_no_subject_has_an_incident_before_the_checks_status_stands() -> None:
    watch = Watch()
    assert watch.sees(bad("A"), bad("B")) == {}
    assert watch.sees(bad("A"), bad("B"), seconds=30).keys() == {"A", "B"}


def test_a_subject_that_joins_is_confirmed_by_another_look_soon() -> None:
    watch = Watch()
    watch.settles(bad("A"))
    assert not watch.is_to_be_looked_at()
    assert watch.sees(bad("A"), bad("B"), seconds=300).keys() == {"A"}
    assert watch.is_to_be_looked_at()
    seen = watch.sees(bad("A"), bad("B"), seconds=30)
    assert seen.keys() == {"A", "B"}
    assert (seen["A"].since, seen["B"].since) == (START + timedelta(seconds=30), START + timedelta(seconds=360))
    assert not watch.is_to_be_looked_at()


def test_a_subject_that_was_seen_failing_only_once_is_nothing() -> None:
    watch = Watch()
    watch.settles(bad("A"))
    watch.sees(bad("A"), bad("B"))
    watch.sees(bad("A"), good("B"), seconds=30)
    assert watch.sees(bad("A"), bad("B"), seconds=300).keys() == {"A"}


def test_subjects_that_never_come_twice_are_not_chased() -> None:
    watch = Watch()
    watch.settles(bad("A"))
    watch.sees(bad("A"), bad("task 1"), seconds=300)
    assert watch.is_to_be_looked_at()
    watch.sees(bad("A"), bad("task 2"), seconds=30)
    assert not watch.is_to_be_looked_at()


def test_with_three_looks_to_confirm_there_are_three() -> None:
    watch = Watch(Damping(failures=3))
    for _ in range(3):
        watch.sees(bad("A"))
    for looks in (1, 2):
        assert watch.sees(bad("A"), bad("B"), seconds=30).keys() == {"A"}, looks
        assert watch.is_to_be_looked_at()
    assert watch.sees(bad("A"), bad("B"), seconds=30).keys() == {"A", "B"}


def test_a_subject_that_gets_worse_beside_another_is_confirmed() -> None:
    watch = Watch()
    watch.settles(bad("A"), weak("B"))
    assert watch.sees(bad("A"), bad("B"))["B"].status is Status.WARNING
    assert watch.sees(bad("A"), bad("B"), seconds=30)["B"].status is Status.CRITICAL


def test_a_mended_or_vanished_subject_closes_at_once() -> None:
    watch = Watch()
    watch.settles(bad("A"), bad("B"), bad("C"))
    assert watch.sees(bad("A"), good("B")).keys() == {"A"}


def test_with_two_looks_to_recover_there_are_two() -> None:
    watch = Watch(Damping(recoveries=2))
    watch.settles(bad("A"), bad("B"))
    assert watch.sees(bad("A"), good("B")).keys() == {"A", "B"}
    assert watch.is_to_be_looked_at()
    assert watch.sees(bad("A"), good("B"), seconds=30).keys() == {"A"}


def test_a_cause_that_gives_way_to_another_leaves_no_moment_of_calm() -> None:
    watch = Watch()
    watch.settles(bad("A"), weak("B"))
    seen = watch.sees(good("A"), weak("B"), bad("C"), weak("D"))
    assert {subject: incident.status for subject, incident in seen.items()} == {
        "B": Status.WARNING,
        "C": Status.CRITICAL,
    }
    assert seen["C"].blocked == {"one": ("a.leaf",)}


def test_what_could_not_be_reached_for_a_moment_stands_and_opens_nothing() -> None:
    watch = Watch()
    watch.settles(bad("A"), bad("B"), bad("C"))
    seen = watch.sees(bad("A"), unseen("B", "throttled"), unseen("D", "throttled"), seconds=300)
    assert {subject: incident.status for subject, incident in seen.items()} == dict.fromkeys("ABC", Status.CRITICAL)


def test_what_could_not_be_reached_for_a_moment_is_not_taken_for_what_explains_the_check() -> None:
    watch = Watch()
    watch.settles(bad("A"), bad("B"))
    watch.sees(unseen("A"), unseen("B", "throttled"))
    seen = watch.sees(unseen("B", "throttled"), beside("A"), unseen("C"))
    assert {subject: (incident.status, incident.reason) for subject, incident in seen.items()} == {
        "B": (Status.CRITICAL, "broken"),
        "C": (Status.UNKNOWN, "bad_answer"),
    }


def test_what_could_not_be_reached_for_three_cadences_does_not_stand() -> None:
    watch = Watch()
    watch.settles(bad("A"), bad("B"), bad("C"))
    again = (bad("A"), unseen("B", "throttled"))
    assert watch.sees(*again, seconds=899).keys() == {"A", "B", "C"}
    seen = watch.sees(*again, seconds=1)
    assert {subject: incident.status for subject, incident in seen.items()} == {
        "A": Status.CRITICAL,
        "B": Status.UNKNOWN,
    }


def test_what_passes_by_itself_is_not_the_reason_where_something_else_is() -> None:
    watch = Watch(UNDAMPED)
    watch.sees(bad("A"))
    watch.sees(unseen("A", "throttled"), bad("B"), seconds=300)
    watch.sees(unseen("A", "throttled"), unseen("B"), seconds=600)
    assert watch.state.snapshot().targets[0].checks[0].reason == "bad_answer"


def test_an_incident_that_goes_on_under_another_status_of_the_check_keeps_its_beginning() -> None:
    watch = Watch()
    watch.settles(weak("A"))
    seen = watch.settles(weak("A"), bad("B"))
    assert (seen["A"].since, seen["B"].since) == (START + timedelta(seconds=30), START + timedelta(seconds=60))
    assert watch.sees(weak("A"), seconds=300)["A"].since == START + timedelta(seconds=30)


verdicts = st.dictionaries(st.sampled_from("ABC"), st.sampled_from(sorted(KINDS)), min_size=1)
looks = st.lists(st.tuples(st.sampled_from(NAMES), verdicts, st.sampled_from([0, 30, 300])), max_size=12)
dampings = st.sampled_from([UNDAMPED, Damping(), Damping(failures=3, recoveries=2)])


def told(said: dict[str, str]) -> tuple[Result, ...]:
    return tuple(KINDS[kind](subject) for subject, kind in said.items())


@given(looks, dampings)
def test_incidents_explain_the_status_of_their_check(
    history: list[tuple[str, dict[str, str], int]], damping: Damping
) -> None:
    """On each target the worst of a check's incidents is as severe as the check, and blocked ones list all that are."""
    watch = Watch(damping)
    for on, said, seconds in history:
        watch.sees(*told(said), on=on, seconds=seconds)
        snapshot = watch.state.snapshot()
        for state in snapshot.targets:
            root, leaf = state.checks
            mine = [found for found in snapshot.incidents if found.cause == root.check and root.target in found.targets]
            assert len({found.subject for found in mine}) == len(mine)
            if root.status.needs_action and has_verdict(root):
                # Another target may see worse of the same subject: never less.
                assert SEVERITY.index(worst(found.status for found in mine)) >= SEVERITY.index(root.status)
                assert root.reason is not None
            else:
                assert mine == []
            if leaf.status is Status.BLOCKED:
                assert any(leaf.check in found.blocked.get(leaf.target, ()) for found in mine)
            elif root.reason != STALE:  # whatever else is stale joins that incident
                assert not any(found.blocked.get(leaf.target) for found in mine)


@given(verdicts, verdicts, dampings)
def test_what_is_seen_again_and_again_is_what_is_told(
    before: dict[str, str], after: dict[str, str], damping: Damping
) -> None:
    """Whatever was before, and in whichever order: at last there is an incident for each subject that fails."""
    watch = Watch(damping)
    for said in (before, *(after,) * 7):
        if is_transient(told(said)):
            return
        watch.sees(*told(said), seconds=300)
    incidents = watch.state.snapshot().incidents
    root = watch.state.snapshot().targets[0].checks[0]
    open_now = {found.subject: found.status for found in incidents}
    fails = {result.subject: result.status for result in told(after) if result.status.needs_action}
    lasting = {subject: status for subject, status in fails.items() if after[subject] != "throttled"}
    assert {subject: open_now.get(subject) for subject in lasting} == lasting
    assert open_now.keys() <= fails.keys()
    assert root.status is status_of(told(after))


@given(verdicts)
def test_the_doctor_says_of_each_subject_what_it_saw(said: dict[str, str]) -> None:
    watch = Watch(UNDAMPED)
    seen = watch.sees(*told(said))
    expected = {
        result.subject: result.status
        for result in told(said)
        if result.status.needs_action and result.reason != "throttled"
    }
    if is_transient(told(said)):
        expected = {}
    assert {subject: incident.status for subject, incident in seen.items()} == expected
