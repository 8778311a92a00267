"""The state: what is shown after what was seen, who is told, and what survives a new plan."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

import pytest

from healthcheck.engine.failures import is_transient
from healthcheck.engine.snapshot import (
    UNDAMPED,
    CheckChanged,
    CheckState,
    Damping,
    Event,
    Incident,
    IncidentChanged,
    PluginFailure,
    RoundFinished,
    TargetState,
)
from healthcheck.engine.state import State
from healthcheck.engine.withheld import blocked_by
from healthcheck.plan import Plan, PlannedTarget
from healthcheck.result import Result, Status, unknown
from healthcheck.run import Cause, Run, status_of
from healthcheck.target import CredentialSource
from tests.engine.workbench import (
    FIX,
    PATIENCE_SECONDS,
    START,
    HeldClock,
    bad,
    beside,
    check,
    good,
    plan,
    planned,
    target,
    unseen,
    weak,
)

NAME = "prod/eu-west-1"
PROD = CredentialSource(profile="prod")
ROLE = Cause("role.exists", "role x")

CHECKS = (
    check("role.exists", every=timedelta(minutes=5)),
    check("role.trust", after=("role.exists",), every=timedelta(minutes=15)),
    check("bucket.reachable", every=timedelta(minutes=5)),
)
NUMBERS = count(1)


def watching(name: str = NAME, *, fingerprint: str = "as it was") -> PlannedTarget:
    return planned(*CHECKS, on=target(name, source=PROD), fingerprint=fingerprint)


def denied(action: str = "iam:GetRole", subject: str = "role x") -> Result:
    return unknown(subject, f"{action} is denied", reason="not_permitted", fix=FIX, missing_actions=(action,))


class Watch:
    """A state whose clock and looks are in the test's hands, and all that its observer was told."""

    def __init__(self, watched: Plan | None = None, *, damping: Damping | None = None, failures: int = 0) -> None:
        self.clock = HeldClock()
        self.told: list[Event] = []
        self.state = State(
            watched or plan(watching()),
            damping=damping or Damping(),
            clock=self.clock.now,
            observers=(self.told.append,),
            plugin_failures=tuple(
                PluginFailure(f"p{n}", f"package{n}", f"p{n} does not load") for n in range(failures)
            ),
        )

    def see(
        self,
        check_id: str,
        *results: Result,
        on: str = NAME,
        causes: tuple[Cause, ...] = (),
        joins: Cause | None = None,
        generation: int = 0,
    ) -> Run:
        if causes:
            results = (blocked_by(causes, on, {}).verdict,)
        run = Run(
            f"run-{next(NUMBERS)}",
            on,
            check_id,
            status_of(results),
            self.clock.now(),
            0.5,
            results,
            causes,
            joins,
            is_transient(results),
            generation,
        )
        self.state.record(run)
        return run

    def finish(self, on: str = NAME, generation: int = 0) -> None:
        self.state.round_finished(RoundFinished(on, "round", self.clock.now(), 2.0, Counter(), generation))

    def after(self, seconds: float) -> Watch:
        self.clock.advance(seconds)
        return self

    def of(self, check_id: str, on: str = NAME) -> CheckState:
        return next(check for check in self.on(on).checks if check.check == check_id)

    def on(self, name: str = NAME) -> TargetState:
        return next(target for target in self.state.snapshot().targets if target.target.name == name)

    def shown(self, check_id: str, on: str = NAME) -> tuple[str, str | None]:
        state = self.of(check_id, on)
        return state.status.value, state.reason

    @property
    def incidents(self) -> dict[str, Incident]:
        return {incident.cause: incident for incident in self.state.snapshot().incidents}

    @property
    def changes(self) -> list[tuple[str, str | None, str]]:
        return [
            (event.check, event.before.value if event.before else None, event.after.value)
            for event in self.told
            if isinstance(event, CheckChanged)
        ]

    @property
    def phases(self) -> list[tuple[str, str]]:
        return [(event.phase.value, event.incident.cause) for event in self.told if isinstance(event, IncidentChanged)]


@pytest.fixture
def watch() -> Watch:
    return Watch()


class TestBeforeTheFirstVerdict:
    def test_nothing_is_known_and_nothing_is_wrong(self, watch: Watch) -> None:
        assert watch.of("role.exists") == CheckState(
            NAME, "role.exists", Status.UNKNOWN, Status.UNKNOWN, "not_run_yet", None, START, None, None
        )
        assert watch.incidents == {}
        assert watch.told == []

    def test_a_good_first_look_is_believed_at_once(self, watch: Watch) -> None:
        watch.see("role.exists", good())
        assert watch.shown("role.exists") == ("ok", None)
        assert watch.changes == [("role.exists", None, "ok")]

    @pytest.mark.parametrize("result", [bad(), weak(), unseen()])
    def test_a_bad_first_look_is_no_alarm_and_no_all_clear(self, watch: Watch, result: Result) -> None:
        run = watch.see("role.exists", result)
        state = watch.of("role.exists")
        assert (state.status, state.reason, state.raw_status) == (Status.UNKNOWN, "not_run_yet", result.status)
        assert state.run == run
        assert watch.incidents == {}
        assert watch.changes == []

    def test_confirmed_it_is_a_first_verdict(self, watch: Watch) -> None:
        watch.see("role.exists", bad())
        watch.after(30).see("role.exists", bad())
        assert watch.shown("role.exists") == ("critical", "broken")
        assert watch.of("role.exists").since == START + timedelta(seconds=30)
        assert watch.changes == [("role.exists", None, "critical")]

    def test_what_only_ever_times_out_says_so_and_is_no_alarm_before_it_is_stale(self, watch: Watch) -> None:
        for seconds, reason in ((0, "timed_out"), (300, "throttled"), (599, "timed_out")):
            watch.after(seconds).see("role.exists", unseen(reason=reason))
            assert watch.shown("role.exists") == ("unknown", reason)
            assert watch.of("role.exists").since == START
            assert watch.incidents == {}
            assert watch.changes == []
        watch.after(1).state.expire()
        assert watch.shown("role.exists") == ("unknown", "stale")
        assert watch.incidents["role.exists"].reason == "stale"
        assert ("role.exists", None, "unknown") in watch.changes

    def test_after_a_transient_first_look_the_first_verdict_is_told(self, watch: Watch) -> None:
        watch.see("role.exists", unseen(reason="timed_out"))
        watch.after(30).see("role.exists", bad())
        assert watch.shown("role.exists") == ("unknown", "not_run_yet")
        watch.after(30).see("role.exists", bad())
        assert watch.shown("role.exists") == ("critical", "broken")
        assert watch.changes == [("role.exists", None, "critical")]

    def test_the_doctor_believes_every_look(self) -> None:
        watch = Watch(damping=UNDAMPED)
        watch.see("role.exists", bad("role x"))
        watch.see("role.trust", causes=(ROLE,))
        assert watch.shown("role.exists") == ("critical", "broken")
        assert watch.shown("role.trust") == ("blocked", None)
        assert watch.incidents["role.exists"].blocked == {NAME: ("role.trust",)}


class TestConfirming:
    def test_a_look_that_differs_is_to_be_repeated_soon(self, watch: Watch) -> None:
        watch.see("role.exists", good())
        assert watch.state.due_confirmations() == {}
        watch.after(300).see("role.exists", bad())
        assert watch.shown("role.exists") == ("ok", None)
        assert watch.after(29).state.due_confirmations() == {}
        assert watch.after(1).state.due_confirmations() == {NAME: frozenset({"role.exists"})}
        watch.see("role.exists", bad())
        assert watch.shown("role.exists") == ("critical", "broken")
        assert watch.after(3600).state.due_confirmations() == {}

    def test_a_glitch_leaves_no_trace_but_its_raw_status(self, watch: Watch) -> None:
        watch.see("role.exists", good())
        watch.after(300).see("role.exists", bad())
        assert watch.of("role.exists").raw_status is Status.CRITICAL
        watch.after(30).see("role.exists", good())
        assert watch.shown("role.exists") == ("ok", None)
        assert watch.after(60).state.due_confirmations() == {}
        assert watch.changes == [("role.exists", None, "ok")]

    def test_what_passes_is_looked_at_once_more_and_then_left_in_peace(self, watch: Watch) -> None:
        watch.see("role.exists", good())
        watch.see("role.exists", unseen(reason="throttled"))
        assert watch.after(30).state.due_confirmations() == {NAME: frozenset({"role.exists"})}
        watch.see("role.exists", unseen(reason="throttled"))
        assert watch.after(3600).state.due_confirmations() == {}

    def test_one_good_look_recovers(self, watch: Watch) -> None:
        for result in (bad(), bad(), good()):
            watch.after(30).see("role.exists", result)
        assert watch.shown("role.exists") == ("ok", None)
        assert watch.of("role.exists").last_ok == START + timedelta(seconds=90)
        assert watch.changes == [("role.exists", None, "critical"), ("role.exists", "critical", "ok")]


class TestWhatCountsNeitherWay:
    def test_the_last_status_stands_through_transient_runs_until_it_is_stale(self, watch: Watch) -> None:
        watch.see("role.exists", good())
        watch.after(299).see("role.exists", unseen(reason="throttled"))
        assert watch.shown("role.exists") == ("ok", None)
        watch.after(600).state.expire()
        assert watch.shown("role.exists") == ("ok", None)
        watch.after(1).state.expire()
        assert watch.shown("role.exists") == ("unknown", "stale")
        assert watch.incidents["role.exists"].reason == "stale"
        assert watch.of("role.exists").last_ok == START

    def test_transient_runs_do_not_interrupt_a_confirmation(self, watch: Watch) -> None:
        watch.see("role.exists", good())
        watch.see("role.exists", bad())
        watch.see("role.exists", unseen(reason="throttled"))
        watch.see("role.exists", bad())
        assert watch.shown("role.exists") == ("critical", "broken")

    def test_what_does_not_apply_is_skipped_at_once_and_has_to_be_seen_again_after(self, watch: Watch) -> None:
        for result in (bad(), bad(), beside(reason="not_configured")):
            watch.see("role.exists", result)
        assert watch.shown("role.exists") == ("skipped", "not_configured")
        watch.see("role.exists", bad())
        assert watch.shown("role.exists") == ("unknown", "not_run_yet")
        watch.see("role.exists", bad())
        assert watch.shown("role.exists") == ("critical", "broken")

    def test_a_stale_verdict_is_replaced_by_a_good_look_at_once_and_by_a_bad_one_when_confirmed(self) -> None:
        for results, shown in (
            ([good()], ("ok", None)),
            ([bad()], ("unknown", "stale")),
            ([bad(), bad()], ("critical", "broken")),
        ):
            watch = Watch()
            watch.see("role.exists", good())
            watch.after(901).state.expire()
            for result in results:
                watch.see("role.exists", result)
            watch.state.expire()
            assert watch.shown("role.exists") == shown


class TestStale:
    def test_a_check_that_never_had_a_verdict_is_stale_after_three_cadences(self, watch: Watch) -> None:
        watch.after(900).state.expire()
        assert watch.shown("role.exists") == ("unknown", "stale")
        assert watch.shown("role.trust") == ("unknown", "not_run_yet")
        assert ("role.exists", None, "unknown") in watch.changes
        run = watch.of("role.exists").run
        assert run is not None
        assert run.decisive.summary.startswith("check role.exists has no verdict since 2026-03-01 12:00:00 UTC")
        assert run.decisive.fix is not None

    def test_all_that_is_stale_on_a_target_is_one_incident(self, watch: Watch) -> None:
        watch.after(3600).state.expire()
        incident = watch.incidents["role.exists"]
        assert len(watch.incidents) == 1
        assert (incident.subject, incident.status, incident.reason) == (NAME, Status.UNKNOWN, "stale")
        assert incident.blocked == {NAME: ("role.trust", "bucket.reachable")}
        assert watch.phases == [("opened", "role.exists")]

    def test_looking_for_it_changes_nothing_while_all_is_fresh(self, watch: Watch) -> None:
        for check_id in ("role.exists", "role.trust", "bucket.reachable"):
            watch.see(check_id, good())
        before = watch.on()
        watch.after(899).state.expire()
        assert watch.on() is before
        assert watch.state.snapshot().status is Status.OK

    def test_what_is_heard_of_again_is_not_stale_any_more(self, watch: Watch) -> None:
        watch.after(900).state.expire()
        for check_id in ("role.exists", "bucket.reachable"):
            watch.see(check_id, good())
        watch.finish()
        assert watch.incidents == {}
        assert watch.phases == [("opened", "role.exists"), ("closed", "role.exists")]


class TestBlocked:
    def test_a_root_that_is_yet_to_be_confirmed_blocks_nothing_that_is_shown(self, watch: Watch) -> None:
        for check_id in ("role.exists", "role.trust"):
            watch.see(check_id, good())
        watch.see("role.exists", bad("role x"))
        watch.see("role.trust", causes=(ROLE,))
        assert watch.shown("role.trust") == ("ok", None)
        watch.see("role.exists", bad("role x"))
        assert watch.shown("role.trust") == ("blocked", None)
        assert watch.of("role.trust").cause == "role.exists"
        assert watch.changes[2:] == [("role.exists", "ok", "critical"), ("role.trust", "ok", "blocked")]

    def test_a_blocked_check_gives_up_its_own_incident(self, watch: Watch) -> None:
        for check_id, subject in (("role.exists", good()), ("role.trust", bad("trust")), ("role.trust", bad("trust"))):
            watch.see(check_id, subject)
        watch.finish()
        assert set(watch.incidents) == {"role.trust"}
        for _ in range(2):
            watch.see("role.exists", bad("role x"))
            watch.see("role.trust", causes=(ROLE,))
        watch.finish()
        assert set(watch.incidents) == {"role.exists"}
        assert watch.phases == [("opened", "role.trust"), ("opened", "role.exists"), ("closed", "role.trust")]

    def test_it_stays_blocked_until_its_own_look_after_the_way_is_free(self, watch: Watch) -> None:
        for _ in range(2):
            watch.see("role.exists", bad("role x"))
            watch.see("role.trust", causes=(ROLE,))
        watch.see("role.exists", good())
        assert watch.shown("role.trust") == ("blocked", None)
        assert watch.incidents == {}
        watch.see("role.trust", bad("trust"))
        assert watch.shown("role.trust") == ("unknown", "not_run_yet")
        watch.see("role.trust", bad("trust"))
        assert watch.shown("role.trust") == ("critical", "broken")

    def test_it_belongs_into_the_rounds_that_look_at_its_root(self, watch: Watch) -> None:
        watch.see("role.trust", causes=(ROLE, Cause("bucket.reachable", "y")))
        watch.see("bucket.reachable", denied(), joins=Cause("role.exists", "z"))
        assert watch.state.waiting(NAME) == {
            "role.trust": {"role.exists", "bucket.reachable"},
            "bucket.reachable": {"role.exists"},
        }
        watch.see("role.trust", good())
        watch.see("bucket.reachable", good())
        assert watch.state.waiting(NAME) == {}
        assert watch.state.waiting("nowhere") == {}

    def test_being_blocked_is_no_silence(self, watch: Watch) -> None:
        watch.see("role.exists", good())
        watch.see("role.trust", good())
        for _ in range(20):
            watch.after(300).see("role.exists", bad("role x"))
            watch.see("role.trust", causes=(ROLE,))
            watch.state.expire()
        assert watch.shown("role.trust") == ("blocked", None)
        watch.see("role.exists", good())
        watch.see("role.trust", bad("trust"))
        watch.state.expire()
        assert watch.shown("role.trust") == ("unknown", "not_run_yet")

    def test_two_incidents_list_a_check_that_both_block(self, watch: Watch) -> None:
        causes = (ROLE, Cause("bucket.reachable", "bucket y"))
        for _ in range(2):
            watch.see("role.exists", bad("role x"))
            watch.see("bucket.reachable", bad("bucket y"))
        checks = (*CHECKS, check("role.data", after=("role.exists", "bucket.reachable")))
        watch = Watch(plan(planned(*checks, on=target(NAME))), damping=UNDAMPED)
        watch.see("role.exists", bad("role x"))
        watch.see("bucket.reachable", bad("bucket y"))
        watch.see("role.data", causes=causes)
        assert watch.of("role.data").cause == "role.exists"
        for cause in ("role.exists", "bucket.reachable"):
            assert watch.incidents[cause].blocked == {NAME: ("role.data",)}


class TestIncidents:
    def test_one_role_seen_broken_from_twenty_regions_is_one_incident(self) -> None:
        regions = [f"prod/region-{number:02}" for number in range(20)]
        watch = Watch(plan(*(watching(name) for name in regions)))
        for _ in range(2):
            for name in regions:
                watch.see("role.exists", bad("role x"), on=name)
                watch.see("role.trust", causes=(ROLE,), on=name)
                watch.finish(name)
        (incident,) = watch.state.snapshot().incidents
        assert incident.targets == tuple(regions)
        assert incident.blocked == dict.fromkeys(regions, ("role.trust",))
        assert Counter(watch.phases) == {("opened", "role.exists"): 1, ("updated", "role.exists"): 19}

    def test_whoever_answers_in_awss_place_is_one_incident_a_target(self) -> None:
        """An unknown blocks nothing, so that each check meets it by itself."""
        watch = Watch(damping=UNDAMPED)
        for check_id in ("role.exists", "role.trust", "bucket.reachable"):
            watch.see(check_id, unknown(NAME, "a web page came", reason="bad_answer", fix=FIX))
        (incident,) = watch.state.snapshot().incidents
        assert incident.cause == "role.exists"
        assert incident.blocked == {NAME: ("role.trust", "bucket.reachable")}

    def test_one_missing_action_is_one_incident_over_checks_and_regions(self) -> None:
        names = ["prod/eu-west-1", "prod/us-east-1"]
        watch = Watch(plan(*(watching(name) for name in names)), damping=UNDAMPED)
        for name in names:
            watch.see("role.exists", denied(subject="role x"), on=name)
            watch.see("role.trust", denied(subject="trust of x"), on=name)
            watch.see("bucket.reachable", denied("s3:ListBucket"), on=name)
        assert {incident.subject: incident.blocked for incident in watch.state.snapshot().incidents} == {
            "iam:GetRole for profile prod": dict.fromkeys(names, ("role.trust",)),
            "s3:ListBucket for profile prod": {},
        }

    def test_an_unknown_that_joined_stays_with_its_root_until_it_is_looked_at_itself(self) -> None:
        watch = Watch(damping=UNDAMPED)
        watch.see("role.exists", denied())
        watch.see("role.trust", denied(), joins=Cause("role.exists", "iam:GetRole for profile prod"))
        watch.see("role.exists", good())
        assert watch.incidents["role.exists"].blocked == {NAME: ("role.trust",)}
        watch.see("role.trust", good())
        assert watch.incidents == {}

    def test_it_carries_the_words_and_the_fix_of_the_look_that_confirmed_it(self, watch: Watch) -> None:
        watch.see("role.exists", bad("role x"))
        watch.after(30).see("role.exists", bad("role x"))
        watch.see("role.exists", unseen(reason="throttled"))
        incident = watch.incidents["role.exists"]
        assert (incident.summary, incident.fix, incident.reason) == ("role x is broken", FIX, "broken")
        assert incident.since == START + timedelta(seconds=30)

    def test_another_subject_is_another_incident(self, watch: Watch) -> None:
        for subject in ("role x", "role x", "role y"):
            watch.see("role.exists", bad(subject))
            watch.finish()
        assert [incident.subject for incident in watch.state.snapshot().incidents] == ["role y"]
        assert [phase for phase, _ in watch.phases] == ["opened", "opened", "closed"]

    def test_plugins_that_do_not_load_are_incidents_from_the_start(self) -> None:
        watch = Watch(failures=2)
        assert {incident.subject for incident in watch.state.snapshot().incidents} == {"p0", "p1"}
        assert watch.phases == [("opened", "plugins.loadable")] * 2
        for check_id in ("role.exists", "role.trust", "bucket.reachable"):
            watch.see(check_id, good())
        assert watch.state.snapshot().status is Status.UNKNOWN
        assert watch.on().status is Status.OK


class TestSnapshots:
    def test_a_target_that_did_not_change_is_the_same_object(self) -> None:
        watch = Watch(plan(watching("a"), watching("b")))
        before = watch.state.snapshot()
        watch.see("role.exists", good(), on="b")
        after = watch.after(1).state.snapshot()
        assert after.targets[0] is before.targets[0]
        assert after.targets[1] is not before.targets[1]
        assert (before.taken, after.taken, after.started) == (START, START + timedelta(seconds=1), START)

    def test_a_target_is_as_bad_as_its_worst_check(self) -> None:
        watch = Watch(damping=UNDAMPED)
        watch.see("role.exists", good())
        watch.see("role.trust", weak())
        watch.see("bucket.reachable", beside())
        assert watch.on().status is Status.WARNING
        assert watch.state.snapshot().status is Status.WARNING

    def test_the_account_is_the_one_that_was_seen_else_the_one_expected(self) -> None:
        watched = planned(check("credentials.valid"), on=target(NAME, account="111122223333"))
        watch = Watch(plan(watched))
        assert watch.on().account == "111122223333"
        watch.see("credentials.valid", replace(good(), evidence={"account": "444455556666"}))
        assert watch.on().account == "444455556666"
        watch.see("credentials.valid", bad())
        assert watch.on().account == "444455556666"

    def test_gauges_are_those_of_the_last_runs(self, watch: Watch) -> None:
        watch.see("role.exists", replace(good(), gauges={"age": 3.0}))
        watch.see("role.trust", replace(good(), gauges={"size": 4.0}))
        assert watch.on().gauges == {"age": 3.0, "size": 4.0}
        watch.see("role.exists", good())
        assert watch.on().gauges == {"size": 4.0}

    def test_the_end_of_a_round_is_when_its_last_verdict_was_in(self, watch: Watch) -> None:
        assert watch.on().last_round is None
        watch.after(10).finish()
        assert watch.on().last_round == START + timedelta(seconds=12)


class TestTelling:
    def test_nobody_needs_to_listen(self) -> None:
        state = State(plan(watching()), damping=UNDAMPED, clock=lambda: START)
        watch = Watch()
        watch.state = state
        watch.see("role.exists", good())
        assert (watch.shown("role.exists"), state.failures_of_observers) == (("ok", None), 0)

    def test_everything_is_told_in_order(self) -> None:
        watch = Watch(damping=UNDAMPED)
        watch.see("role.exists", bad("role x"))
        watch.see("role.trust", causes=(ROLE,))
        watch.finish()
        kinds = [type(event).__name__ for event in watch.told]
        assert kinds == ["Run", "CheckChanged", "Run", "CheckChanged", "IncidentChanged", "RoundFinished"]

    def test_an_observer_that_fails_harms_nobody_and_is_logged_once(self, caplog: pytest.LogCaptureFixture) -> None:
        told: list[Event] = []

        def fail(_: Event) -> None:
            raise ZeroDivisionError

        state = State(plan(watching()), damping=UNDAMPED, clock=lambda: START, observers=(fail, told.append))
        watch = Watch()
        watch.state = state
        watch.see("role.exists", good())
        assert len(told) == 2
        assert state.failures_of_observers == 2
        assert len(caplog.records) == 1

    def test_an_observer_may_ask_for_the_picture(self) -> None:
        pictures: list[Status] = []
        watch = Watch()

        def look(_: Event) -> None:
            pictures.append(watch.of("role.exists").status)

        watch.state = State(plan(watching()), damping=UNDAMPED, clock=lambda: START, observers=(look,))
        watch.see("role.exists", bad())
        assert pictures == [Status.CRITICAL, Status.CRITICAL]

    def test_a_slow_observer_holds_up_nobody_and_hears_everything_in_order(self) -> None:
        entered, release = threading.Event(), threading.Event()
        heard: list[str] = []

        def slow(event: Event) -> None:
            if isinstance(event, Run):
                entered.set()
                assert release.wait(PATIENCE_SECONDS)
                heard.append(event.check)

        watch = Watch()
        watch.state = State(plan(watching()), damping=UNDAMPED, clock=watch.clock.now, observers=(slow,))
        teller = threading.Thread(target=lambda: watch.see("role.exists", good()))
        teller.start()
        assert entered.wait(PATIENCE_SECONDS)
        watch.see("role.trust", good())
        watch.see("bucket.reachable", good())
        assert (watch.shown("bucket.reachable"), heard) == (("ok", None), [])
        release.set()
        teller.join(PATIENCE_SECONDS)
        assert heard == ["role.exists", "role.trust", "bucket.reachable"]


class TestANewPlan:
    def test_what_it_does_not_change_keeps_its_status_and_its_beginning(self, watch: Watch) -> None:
        run = watch.see("role.exists", good())
        watch.after(60).state.replace_plan(plan(watching(), watching("new"), generation=1))
        state = watch.of("role.exists")
        assert (state.status, state.since, state.run) == (Status.OK, START, run)
        assert watch.shown("role.exists", "new") == ("unknown", "not_run_yet")
        assert watch.state.snapshot().generation == 1

    def test_results_of_an_unchanged_target_still_count(self, watch: Watch) -> None:
        watch.state.replace_plan(plan(watching(), generation=1))
        watch.see("role.exists", good(), generation=0)
        assert watch.shown("role.exists") == ("ok", None)

    def test_results_of_the_plan_before_are_dropped_for_what_changed_or_went(self) -> None:
        watch = Watch(plan(watching("a"), watching("b")))
        watch.state.replace_plan(plan(watching("a", fingerprint="other"), generation=1))
        watch.see("role.exists", good(), on="a", generation=0)
        watch.see("role.exists", good(), on="b", generation=0)
        watch.finish("a")
        watch.finish("b")
        watch.see("nothing.known", good(), on="a", generation=1)
        assert watch.told == []
        assert watch.shown("role.exists", "a") == ("unknown", "not_run_yet")
        watch.see("role.exists", good(), on="a", generation=1)
        assert watch.shown("role.exists", "a") == ("ok", None)

    def test_a_removed_target_takes_its_share_of_incidents_with_it(self) -> None:
        watch = Watch(plan(watching("a"), watching("b")), damping=UNDAMPED)
        for name in ("a", "b"):
            watch.see("role.exists", bad("role x"), on=name)
            watch.finish(name)
        watch.state.replace_plan(plan(watching("a"), generation=1))
        assert watch.incidents["role.exists"].targets == ("a",)
        watch.state.replace_plan(plan(generation=2))
        assert watch.incidents == {}
        assert watch.phases == [(phase, "role.exists") for phase in ("opened", "updated", "updated", "closed")]

    def test_a_changed_check_starts_anew_and_the_others_of_its_target_go_on(self) -> None:
        watch = Watch(damping=UNDAMPED)
        for check_id in ("role.exists", "bucket.reachable"):
            watch.see(check_id, bad())
        changed = (replace(CHECKS[0], settings={"strict": True}), *CHECKS[1:])
        watched = planned(*changed, on=target(NAME, source=PROD, labels={"team": "a"}), fingerprint="other")
        watch.state.replace_plan(plan(watched, generation=1))
        assert watch.shown("role.exists") == ("unknown", "not_run_yet")
        assert watch.shown("bucket.reachable") == ("critical", "broken")
        assert watch.on().target.labels == {"team": "a"}
        assert set(watch.incidents) == {"bucket.reachable"}

    def test_another_role_makes_it_another_target_in_all_but_name(self) -> None:
        watch = Watch(damping=UNDAMPED)
        watch.see("bucket.reachable", bad())
        watched = planned(*CHECKS, on=target(NAME, source=PROD, role="arn:aws:iam::1:role/x"), fingerprint="other")
        watch.state.replace_plan(plan(watched, generation=1))
        assert watch.shown("bucket.reachable") == ("unknown", "not_run_yet")

    def test_looks_that_are_not_wanted_any_more_are_forgotten(self) -> None:
        watch = Watch(plan(watching("a"), watching("b")))
        for name in ("a", "b"):
            watch.see("role.exists", bad(), on=name)
        watch.state.replace_plan(plan(watching("b"), generation=1))
        assert watch.after(30).state.due_confirmations() == {"b": frozenset({"role.exists"})}

    def test_the_same_plan_twice_is_no_change(self, watch: Watch) -> None:
        again = plan(watching(), generation=1)
        watch.state.replace_plan(again, damping=UNDAMPED)
        before = watch.on()
        watch.state.replace_plan(again)
        assert watch.on() is before
        watch.see("role.exists", bad(), generation=1)
        assert watch.shown("role.exists") == ("critical", "broken")


def test_the_clock_is_asked_and_never_the_machine() -> None:
    assert Watch().state.snapshot().taken == START < datetime.now(START.tzinfo)
