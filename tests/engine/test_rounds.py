"""A round: dependency order, what blocks what, refused credentials, and those who hang."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from healthcheck.engine.runner import Runner
from healthcheck.plan import BoundCheck
from healthcheck.result import Result, Status
from healthcheck.run import Cause, Run
from healthcheck.target import CredentialSource
from tests.engine.workbench import (
    PATIENCE_SECONDS,
    START,
    Gateway,
    HeldClock,
    NoHost,
    Notebook,
    bad,
    beside,
    check,
    denied,
    expired,
    good,
    planned,
    target,
    unseen,
    weak,
)

PROD = CredentialSource(profile="prod")


def raising(*errors: BaseException) -> Callable[[], Iterator[Result]]:
    """A probe that raises these, one a look, and then is good."""
    waiting = list(errors)

    def probe() -> Iterator[Result]:
        if waiting:
            raise waiting.pop(0)
        yield good()

    return probe


class Bench:
    """A runner over an imitation of AWS, and a notebook of what it reports."""

    def __init__(self, *, workers: int = 4) -> None:
        self.gateway = Gateway()
        self.clock: HeldClock = self.gateway.clock
        self.runner = Runner(self.gateway, NoHost(), workers=workers, clocks=self.clock.clocks())
        self.notes = Notebook()

    def start(self, *checks: BoundCheck, due: tuple[str, ...] | None = None, **options: Any) -> Any:
        return self.runner.start_round(
            planned(*checks, on=target(source=PROD)),
            due,
            on_run=self.notes.on_run,
            on_done=self.notes.on_done,
            **options,
        )

    def run(self, *checks: BoundCheck, **options: Any) -> Notebook:
        assert self.start(*checks, **options).wait(PATIENCE_SECONDS)
        return self.notes

    def expire(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.runner._pool.expire()


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.runner.close(PATIENCE_SECONDS)


def test_checks_run_after_what_they_come_after(bench: Bench) -> None:
    notes = bench.run(
        check("a.a", [good()]),
        check("a.b", [good()], after=("a.a",)),
        check("a.c", [good()], after=("a.a",)),
        check("a.d", [good()], after=("a.b", "a.c")),
    )
    assert (notes.order[0], set(notes.order[1:3]), notes.order[3]) == ("a.a", {"a.b", "a.c"}, "a.d")


def test_independent_checks_run_side_by_side(bench: Bench) -> None:
    both = threading.Barrier(2, timeout=PATIENCE_SECONDS)

    def meet() -> Iterator[Result]:
        both.wait()
        yield good()

    assert bench.run(check("a.a", meet), check("a.b", meet)).statuses == {"a.a": "ok", "a.b": "ok"}


def test_a_round_is_what_is_due_and_all_that_it_comes_after(bench: Bench) -> None:
    checks = (
        check("a.a", [good()]),
        check("a.b", [good()], after=("a.a",)),
        check("a.c", [good()], after=("a.b",)),
        check("a.d", [good()]),
    )
    assert bench.run(*checks, due=("a.b",)).order == ["a.a", "a.b"]


def test_a_round_of_nothing_ends_at_once(bench: Bench) -> None:
    bench.run(check("a.a", [good()]), due=())
    assert [event.statuses for event in bench.notes.rounds] == [{}]
    assert bench.gateway.resolved == []


def test_the_end_of_a_round_counts_its_verdicts(bench: Bench) -> None:
    def slow() -> Iterator[Result]:
        bench.clock.advance(2)
        yield bad()

    bench.run(
        check("a.a", slow),
        check("a.b", after=("a.a",)),
        check("a.c", [good()], after=("a.d",)),
        check("a.d", [good()]),
        generation=3,
        lag_seconds=0.25,
    )
    event = bench.notes.rounds[0]
    assert event.statuses == {Status.CRITICAL: 1, Status.BLOCKED: 1, Status.OK: 2}
    assert (event.target, event.started, event.duration_seconds) == ("prod/eu-west-1", START, 2)
    assert (event.plan_generation, event.lag_seconds) == (3, 0.25)
    assert {run.plan_generation for run in bench.notes.runs} == {3}
    assert len({run.run_id for run in bench.notes.runs} | {event.round_id}) == 5


@pytest.mark.parametrize(
    ("first", "status"),
    [
        (good(), "ok"),
        (weak(), "ok"),
        (unseen(), "ok"),
        (bad(), "blocked"),
        (beside(reason="not_configured"), "skipped"),
    ],
)
def test_what_a_check_comes_after_decides_whether_it_runs(bench: Bench, first: Result, status: str) -> None:
    notes = bench.run(check("a.a", [first]), check("a.b", [good()], after=("a.a",)))
    assert notes.statuses["a.b"] == status


def test_a_blocked_check_names_its_root_and_all_behind_it_name_the_same(bench: Bench) -> None:
    notes = bench.run(check("a.a", [bad("role x")]), check("a.b", after=("a.a",)), check("a.c", after=("a.b",)))
    for check_id in ("a.b", "a.c"):
        run = notes[check_id]
        assert (run.status, run.cause, run.causes) == (Status.BLOCKED, "a.a", (Cause("a.a", "role x"),))
        assert run.decisive.summary == "waits for a.a: role x is broken"
        assert (run.reason, run.is_transient, run.duration_seconds) == (None, False, 0.0)
    assert bench.gateway.scopes == [("prod/eu-west-1", "a.a")]


def test_of_several_causes_the_first_in_dependency_order_is_the_cause(bench: Bench) -> None:
    notes = bench.run(
        *(check(f"a.root{number}", [bad(f"thing {number}")]) for number in range(6)),
        check("a.middle", after=("a.root3", "a.root1")),
        check("a.leaf", after=("a.middle", "a.root5", "a.root0", "a.root1", "a.root4", "a.root2")),
    )
    assert notes["a.leaf"].causes == tuple(Cause(f"a.root{number}", f"thing {number}") for number in range(6))
    assert notes["a.leaf"].cause == "a.root0"


def test_what_does_not_apply_is_skipped_for_the_same_reason_even_behind_something_broken(bench: Bench) -> None:
    notes = bench.run(
        check("a.a", [beside("role", "not_configured")]),
        check("a.b", [bad()]),
        check("a.c", after=("a.b", "a.a")),
        check("a.d", after=("a.c",)),
    )
    assert [(notes[name].status, notes[name].reason) for name in ("a.c", "a.d")] == [
        (Status.SKIPPED, "not_configured")
    ] * 2


def test_an_unknown_for_the_same_missing_action_joins_the_first(bench: Bench) -> None:
    notes = bench.run(
        check("a.a", raising(denied("iam:GetRole"))),
        check("a.b", raising(denied("iam:GetPolicy")), after=("a.a",)),
        check("a.c", raising(denied("iam:GetRole")), after=("a.b",)),
        check("a.d", [unseen()], after=("a.a",)),
        check("a.e", raising(denied("iam:GetRole"))),
    )
    joined = {name: notes[name].joins for name in ("a.a", "a.b", "a.c", "a.d", "a.e")}
    assert joined == {
        "a.a": None,
        "a.b": None,
        "a.c": Cause("a.a", "iam:GetRole for profile prod"),
        "a.d": None,
        "a.e": None,
    }


class TestRefusedCredentials:
    def test_they_make_credentials_valid_look_again_and_block_if_it_is_critical(self, bench: Bench) -> None:
        looks = iter([good(), bad("profile prod")])
        notes = bench.run(
            check("credentials.valid", lambda: [next(looks)]),
            check("role.exists", raising(expired()), after=("credentials.valid",)),
            check("role.trust", [good()], after=("role.exists",)),
        )
        assert notes.order == ["credentials.valid", "credentials.valid", "role.exists", "role.trust"]
        assert notes["credentials.valid"].status is Status.CRITICAL
        for name in ("role.exists", "role.trust"):
            run = notes[name]
            assert (run.status, run.causes) == (Status.BLOCKED, (Cause("credentials.valid", "profile prod"),))
        assert notes["role.exists"].decisive.summary == "waits for credentials.valid: profile prod is broken"
        assert bench.gateway.forgotten == ["profile prod"]
        assert bench.notes.rounds[0].statuses == {Status.CRITICAL: 1, Status.BLOCKED: 2}

    def test_the_second_look_uses_no_answer_from_before_the_refusal(self, bench: Bench) -> None:
        bench.run(
            check("credentials.valid", [good()]),
            check("role.exists", raising(expired()), after=("credentials.valid",)),
        )
        assert bench.gateway.ages["credentials.valid"] == 0

    def test_where_it_is_not_critical_the_check_is_unknown(self, bench: Bench) -> None:
        notes = bench.run(
            check("credentials.valid", [good()]),
            check("role.exists", raising(expired()), after=("credentials.valid",)),
        )
        assert notes["role.exists"].status is Status.UNKNOWN
        assert notes["role.exists"].reason == "credentials_expired"
        assert bench.gateway.forgotten == []

    def test_it_looks_again_once_for_all(self, bench: Bench) -> None:
        notes = bench.run(
            check("credentials.valid", [good()]),
            *(check(f"role.r{number}", raising(expired()), after=("credentials.valid",)) for number in range(6)),
            check("role.last", raising(expired()), after=("role.r0", "role.r5")),
        )
        assert notes.order.count("credentials.valid") == 2
        assert {notes[f"role.r{number}"].status for number in range(6)} == {Status.UNKNOWN}

    def test_one_that_is_critical_already_is_not_asked_again(self, bench: Bench) -> None:
        gate = threading.Event()

        def refused() -> Iterator[Result]:
            assert gate.wait(PATIENCE_SECONDS)
            yield from raising(expired())()

        bench.start(check("credentials.valid", [bad("profile prod")]), check("bucket.free", refused))
        bench.notes.wait_for("credentials.valid")
        gate.set()
        assert bench.notes.wait_for("bucket.free").status is Status.BLOCKED
        assert bench.notes.order == ["credentials.valid", "bucket.free"]

    def test_a_refusal_waits_for_a_verdict_that_is_on_its_way(self, bench: Bench) -> None:
        gate = threading.Event()

        def slow() -> Iterator[Result]:
            assert gate.wait(PATIENCE_SECONDS)
            yield bad("profile prod")

        started = bench.start(
            check("credentials.valid", slow),
            check("bucket.free", raising(expired())),
            check("a.a", [good()], after=("a.b",)),
            check("a.b", [good()]),
        )
        bench.notes.wait_for("a.a")
        gate.set()
        assert started.wait(PATIENCE_SECONDS)
        assert bench.notes["bucket.free"].causes == (Cause("credentials.valid", "profile prod"),)
        assert bench.notes.order.count("credentials.valid") == 1

    def test_it_is_asked_although_it_was_not_due(self, bench: Bench) -> None:
        notes = bench.run(
            check("bucket.free", raising(expired())),
            check("credentials.valid", [bad("profile prod")]),
            due=("bucket.free",),
        )
        assert notes.order == ["credentials.valid", "bucket.free"]
        assert notes["bucket.free"].status is Status.BLOCKED
        assert bench.notes.rounds[0].statuses == {Status.BLOCKED: 1}

    def test_what_it_comes_after_itself_cannot_wait_for_it(self, bench: Bench) -> None:
        notes = bench.run(
            check("credentials.resolvable", raising(expired())),
            check("credentials.valid", [bad("profile prod")], after=("credentials.resolvable",)),
        )
        assert notes.statuses == {"credentials.resolvable": "unknown", "credentials.valid": "critical"}

    def test_without_that_check_the_refusal_stays_unknown(self, bench: Bench) -> None:
        assert bench.run(check("role.exists", raising(expired()))).statuses == {"role.exists": "unknown"}

    def test_one_that_is_blocked_itself_proves_nothing(self, bench: Bench) -> None:
        notes = bench.run(
            check("network.clock", [bad("clock")]),
            check("credentials.valid", after=("network.clock",)),
            check("bucket.free", raising(expired())),
        )
        assert notes["bucket.free"].status is Status.UNKNOWN
        assert notes.order.count("credentials.valid") == 1


class TestCredentialsBeforeTheRound:
    def test_they_are_resolved_first_and_once(self, bench: Bench) -> None:
        bench.gateway.resolve_with = lambda _: bench.gateway.scopes.append(("resolving", "credentials"))
        bench.run(check("a.a", [good()]), check("a.b", [good()], after=("a.a",)))
        assert bench.gateway.resolved == ["prod/eu-west-1"]
        assert [name for _, name in bench.gateway.scopes] == ["credentials", "a.a", "a.b"]

    def test_a_round_without_aws_needs_none(self, bench: Bench) -> None:
        bench.run(check("a.a", [good()], aws=False))
        assert bench.gateway.resolved == []

    def test_an_error_of_ours_is_no_crash_of_the_round(self, bench: Bench) -> None:
        def fail(_: object) -> None:
            raise denied("sts:AssumeRole")

        bench.gateway.resolve_with = fail
        notes = bench.run(check("a.a", [good()]), check("a.b", [good()], aws=False))
        assert notes["a.a"].reason == "not_permitted"
        assert notes["a.b"].status is Status.OK

    def test_one_that_hangs_is_given_up_and_not_tried_again_while_it_does(self, bench: Bench) -> None:
        begun, release = threading.Event(), threading.Event()

        def hang(_: object) -> None:
            begun.set()
            assert release.wait(PATIENCE_SECONDS)

        bench.gateway.resolve_with = hang
        checks = (check("a.a", [good()]), check("a.b", [good()], aws=False))
        first = bench.start(*checks)
        assert begun.wait(PATIENCE_SECONDS)
        bench.expire(30)
        assert first.wait(PATIENCE_SECONDS)
        assert bench.notes.statuses == {"a.a": "unknown", "a.b": "ok"}
        assert bench.notes["a.a"].reason == "timed_out"
        assert "profile prod" in bench.notes["a.a"].decisive.summary
        assert bench.start(*checks).wait(PATIENCE_SECONDS)
        assert bench.gateway.resolved == ["prod/eu-west-1"]
        assert bench.runner.abandoned_workers == 1
        release.set()


class TestHanging:
    @pytest.fixture
    def hung(self) -> Iterator[tuple[BoundCheck, threading.Event, threading.Event]]:
        begun, release = threading.Event(), threading.Event()

        def probe() -> Iterator[Result]:
            begun.set()
            assert release.wait(PATIENCE_SECONDS)
            yield good()

        yield check("a.hangs", probe, timeout=timedelta(seconds=5)), begun, release
        release.set()

    def test_it_is_unknown_after_its_timeout_and_what_comes_after_it_runs(self, bench: Bench, hung: Any) -> None:
        bound, begun, _ = hung
        started = bench.start(bound, check("a.b", [good()], after=("a.hangs",)))
        assert begun.wait(PATIENCE_SECONDS)
        bench.expire(5.9)
        assert not started.wait(0)
        bench.expire(0.1)
        assert started.wait(PATIENCE_SECONDS)
        run = bench.notes["a.hangs"]
        assert (run.status, run.reason, run.is_transient, run.duration_seconds) == (
            Status.UNKNOWN,
            "timed_out",
            True,
            5.0,
        )
        assert run.started == START + timedelta(seconds=1)
        assert run.decisive.summary == "check a.hangs had no verdict after 5 s and was given up"
        assert bench.notes["a.b"].status is Status.OK
        assert bench.runner.abandoned_workers == 1

    def test_it_is_not_started_again_while_it_lives_and_its_late_word_is_dropped(self, bench: Bench, hung: Any) -> None:
        bound, begun, release = hung
        first = bench.start(bound)
        assert begun.wait(PATIENCE_SECONDS)
        bench.expire(6)
        assert first.wait(PATIENCE_SECONDS)
        bench.run(bound)
        assert [run.reason for run in bench.notes.runs] == ["timed_out", "timed_out"]
        assert "hangs since an earlier round" in bench.notes.runs[1].decisive.summary
        assert bench.notes.runs[1].is_transient
        release.set()
        pool = bench.runner._pool
        with pool._quiet:
            assert pool._quiet.wait_for(lambda: not pool._hung, PATIENCE_SECONDS)
        bench.run(bound)
        assert [run.status.value for run in bench.notes.runs] == ["unknown", "unknown", "ok"]

    def test_a_second_look_at_credentials_that_would_hang_proves_nothing(self, bench: Bench, hung: Any) -> None:
        bound, begun, _ = hung
        valid = check("credentials.valid", bound.check.probe, timeout=timedelta(seconds=5))
        first = bench.start(valid)
        assert begun.wait(PATIENCE_SECONDS)
        bench.expire(6)
        assert first.wait(PATIENCE_SECONDS)
        bench.run(valid, check("bucket.free", raising(expired())), due=("bucket.free",))
        assert bench.notes["bucket.free"].reason == "credentials_expired"

    def test_closing_is_bounded_and_frees_those_who_wait(self, bench: Bench, hung: Any) -> None:
        bound, begun, release = hung
        started = bench.start(bound, check("a.b", [good()], after=("a.hangs",)))
        assert begun.wait(PATIENCE_SECONDS)
        assert bench.runner.rounds_running == 1
        assert not bench.runner.close(0.01)
        assert not started.wait(0)
        assert started.is_aborted
        assert bench.runner.rounds_running == 0
        release.set()
        assert bench.runner.close(PATIENCE_SECONDS)
        assert (bench.notes.runs, bench.notes.rounds) == ([], [])


def test_an_observer_that_fails_harms_nobody_and_is_counted(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Run) -> None:
        raise ZeroDivisionError

    round_ = bench.runner.start_round(
        planned(check("a.a", [good()]), check("a.b", [good()], after=("a.a",))),
        on_run=fail,
        on_done=bench.notes.on_done,
    )
    assert round_.wait(PATIENCE_SECONDS)
    assert bench.notes.rounds[0].statuses == {Status.OK: 2}
    assert bench.runner.failures_of_observers == 2
    assert len(caplog.records) == 1


def test_answers_may_be_as_old_as_was_asked_when_the_round_began_plus_the_rounds_own_age(bench: Bench) -> None:
    def slow() -> Iterator[Result]:
        bench.clock.advance(4)
        yield good()

    every = timedelta(hours=1)
    bench.run(check("a.a", slow, every=every), check("a.b", [good()], after=("a.a",), every=every), max_age_seconds=0)
    assert bench.gateway.ages == {"a.a": 0, "a.b": 4}


def test_a_round_that_has_ended_cannot_be_aborted(bench: Bench) -> None:
    ended = bench.start(check("a.a", [good()]))
    assert ended.wait(PATIENCE_SECONDS)
    ended.abort()
    assert (ended.is_aborted, ended.wait(0)) == (False, True)


def test_a_runner_is_healthy_as_long_as_hung_workers_can_be_replaced(bench: Bench) -> None:
    assert (bench.runner.is_healthy, bench.runner.workers, bench.runner.rounds_running) == (True, 4, 0)
    bench.runner._pool.max_abandoned = 0
    assert not bench.runner.is_healthy
