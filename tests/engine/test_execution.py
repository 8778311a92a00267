"""One execution: what a check yields, raises or forgets becomes a run that every reader can rely on."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count, repeat
from pathlib import Path
from typing import Any, cast

import pytest

from healthcheck.capabilities import Aws, Endpoint, Host
from healthcheck.engine.execution import MAX_RESULTS, Execution, attempt, execute
from healthcheck.engine.failures import fix_of
from healthcheck.engine.validation import MAX_CHARACTERS, MAX_VALUES, is_json
from healthcheck.errors import (
    TRANSIENT,
    DeadlinePassed,
    Failure,
    FailureKind,
    UndeclaredCall,
    UnknownOperation,
    WriteRefused,
)
from healthcheck.plan import BoundCheck
from healthcheck.result import Fix, Result, Status
from healthcheck.run import Run
from healthcheck.target import CredentialSource, Target
from tests.engine.workbench import (
    FIX,
    START,
    Bad,
    Gateway,
    HeldClock,
    NoHost,
    bad,
    check,
    denied,
    expired,
    good,
    target,
    throttled,
    unseen,
    weak,
)

PROD = CredentialSource(profile="prod")


def executed(bound: BoundCheck, gateway: Gateway | None = None, **options: Any) -> Execution:
    gateway = gateway or Gateway()
    return execute(bound, target(source=PROD), gateway=gateway, host=NoHost(), clocks=gateway.clock.clocks(), **options)


def run_of(probe: Any, **options: Any) -> Run:
    return executed(check("role.exists", probe, **options)).run


def raising(error: BaseException) -> Any:
    def probe() -> Iterable[Result]:
        raise error

    return probe


def test_a_run_says_who_when_and_what() -> None:
    clock = HeldClock()

    def probe() -> Iterator[Result]:
        clock.advance(1.5)
        yield good()

    execution = executed(check("role.exists", probe), Gateway(clock), plan_generation=7)
    assert execution == Execution(
        Run("id-1", "prod/eu-west-1", "role.exists", Status.OK, START, 1.5, (good(),), plan_generation=7),
        accuses_credentials=False,
    )


def test_the_worst_verdict_is_the_status() -> None:
    run = run_of([good("a"), bad("b"), weak("c"), bad("d")])
    assert (run.status, run.decisive.subject, len(run.results)) == (Status.CRITICAL, "b", 4)


def test_a_generator_runs_inside_the_scope_to_its_last_word() -> None:
    gateway = Gateway()
    inside: list[bool] = []

    def probe() -> Iterator[Result]:
        try:
            inside.append(bool(gateway.open_scopes))
            yield good()
            inside.append(bool(gateway.open_scopes))
        finally:
            inside.append(bool(gateway.open_scopes))

    executed(check("role.exists", probe), gateway)
    assert inside == [True, True, True]
    assert gateway.open_scopes == set()


def test_a_generator_that_is_stopped_says_its_last_words_inside_the_scope() -> None:
    gateway = Gateway()
    last: list[bool] = []

    def probe() -> Iterator[object]:
        try:
            yield from count()
        finally:
            last.append(bool(gateway.open_scopes))

    executed(check("role.exists", probe), gateway)
    assert last == [True]


def test_a_check_without_aws_gets_no_scope() -> None:
    gateway = Gateway()
    executed(check("role.configured", [good()], aws=False), gateway)
    assert gateway.scopes == []


@pytest.mark.parametrize(
    ("every_seconds", "asked", "allowed"), [(3600, 60, 60), (3600, 90, 60), (60, 60, 30), (3600, 10, 10)]
)
def test_an_answer_is_at_most_a_minute_or_half_a_cadence_old(every_seconds: int, asked: float, allowed: float) -> None:
    gateway = Gateway()
    bound = check("role.exists", [good()], every=timedelta(seconds=every_seconds))
    executed(bound, gateway, max_age_seconds=asked)
    assert gateway.ages == {"role.exists": allowed}


def test_the_deadline_is_the_timeout_from_now() -> None:
    gateway = Gateway()
    executed(check("role.exists", [good()], timeout=timedelta(seconds=12)), gateway)
    assert gateway.deadlines == {"role.exists": gateway.clock.monotonic() + 12}


def test_nothing_yielded_is_no_verdict() -> None:
    run = run_of([])
    assert (run.status, run.reason, run.decisive.subject) == (Status.UNKNOWN, "no_verdict", "role.exists")
    assert run.decisive.fix is not None


@pytest.mark.parametrize(
    ("yielded", "words"),
    [
        ("ok", "yielded a value of type str instead of a Result"),
        (None, "yielded a value of type NoneType instead of a Result"),
        (replace(bad(), reason=None), "yielded critical for thing without a reason"),
        (replace(bad(), reason="unheard_of"), "yielded the reason 'unheard_of' for thing without declaring it"),
        (replace(good(), reason="unheard_of"), "yielded the reason 'unheard_of' for thing without declaring it"),
        (replace(bad(), fix=None), "yielded critical for thing without a fix"),
        (replace(weak(), fix=None), "yielded warning for thing without a fix"),
        (replace(unseen(), fix=None), "yielded unknown for thing without a fix"),
        (replace(good(), status=Status.SKIPPED), "yielded skipped for thing without a reason"),
        (replace(bad(), status=Status.BLOCKED), "yielded blocked for thing; only the runner knows"),
        (replace(good(), gauges={"surprise": 1.0}), "yielded the gauge 'surprise' for thing without declaring it"),
        (replace(good(), gauges={"age": math.nan}), "yielded nan for the gauge age, which is no finite number"),
        (replace(good(), gauges={"age": True}), "yielded True for the gauge age, which is no finite number"),
        (replace(good(), gauges=cast("Any", [])), "yielded gauges for thing that are no mapping"),
        (replace(good(), subject=""), "yielded a subject or summary that is no text"),
        (replace(good(), summary=cast("Any", None)), "yielded a subject or summary that is no text"),
        (replace(good(), summary="x" * (MAX_CHARACTERS + 1)), "yielded a subject or summary that is no text"),
        (replace(good(), status=cast("Any", "ok")), "yielded a status for thing that is no Status"),
        (replace(good(), evidence=cast("Any", {"when": START})), "yielded evidence for thing that is no small JSON"),
        (replace(good(), evidence=cast("Any", {1: "one"})), "yielded evidence for thing that is no small JSON"),
        (replace(good(), evidence={"raw": list(range(MAX_VALUES))}), "yielded evidence for thing that is no small"),
        (replace(good(), missing_actions=cast("Any", "iam:GetRole")), "yielded missing_actions for thing that are"),
        (replace(bad(), fix=cast("Any", "mend it")), "yielded a fix for thing that is no Fix"),
        (replace(bad(), fix=Fix("")), "yielded a fix for thing that is no Fix"),
        (replace(bad(), fix=Fix("Mend.", cast("Any", "mend"))), "yielded a fix for thing that is no Fix"),
        (replace(bad(), fix=Fix("Mend.", policy=cast("Any", {"a": {1}}))), "yielded a fix for thing that is no Fix"),
    ],
)
def test_a_verdict_of_the_wrong_form_is_a_bad_result_and_the_others_stand(yielded: object, words: str) -> None:
    run = run_of([good("before"), yielded, good("after")], gauges=("age",))
    assert [result.status for result in run.results] == [Status.OK, Status.UNKNOWN, Status.OK]
    assert (run.reason, run.decisive.subject) == ("bad_result", "role.exists")
    assert run.decisive.summary.startswith(f"check role.exists {words}")
    assert run.decisive.fix is not None


def test_declared_gauges_and_reasons_pass() -> None:
    results = (replace(good(), gauges={"age": 3.0}), bad(), weak(), unseen(reason="throttled"))
    assert run_of(results, gauges=("age",)).results == results


def test_json_is_what_json_can_say() -> None:
    assert is_json({"a": [1, 2.5, None, True, "text", {"b": ()}]})
    circle: list[object] = []
    circle.append(circle)
    assert not any(is_json(value) for value in (b"x", {"a": {1, 2}}, math.inf, object(), circle, {1: 2}))
    assert is_json([0] * (MAX_VALUES - 1))
    assert not is_json([0] * MAX_VALUES)


@pytest.mark.parametrize("value", [None, 3, good])
def test_a_check_that_returns_instead_of_yielding_gives_a_bad_result(value: object) -> None:
    run = run_of(lambda: value)
    assert (run.status, run.reason) == (Status.UNKNOWN, "bad_result")
    assert f"returned a value of type {type(value).__name__}" in run.decisive.summary


def test_an_endless_check_is_stopped_and_says_so() -> None:
    run = run_of(lambda: (good(str(number)) for number in count()))
    assert (run.status, run.reason, len(run.results)) == (Status.UNKNOWN, "bad_result", MAX_RESULTS + 1)


def test_as_many_results_as_are_allowed_are_no_mistake() -> None:
    assert run_of(repeat(good(), MAX_RESULTS)).status is Status.OK


def test_a_check_that_still_yields_when_its_time_is_over_keeps_its_verdicts_and_is_unknown() -> None:
    clock = HeldClock()

    def probe() -> Iterator[Result]:
        for number in count():
            clock.advance(10)
            yield good(str(number))

    run = executed(check("role.exists", probe), Gateway(clock)).run
    assert (run.status, run.reason, run.is_transient) == (Status.UNKNOWN, "timed_out", True)
    assert [result.subject for result in run.results[:-1]] == ["0", "1", "2"]


def test_what_was_seen_before_a_crash_stands() -> None:
    def probe() -> Iterator[Result]:
        yield bad("bucket a")
        raise ZeroDivisionError

    run = run_of(probe)
    assert (run.status, run.decisive.subject) == (Status.CRITICAL, "bucket a")
    assert [result.reason for result in run.results] == ["broken", "crashed"]


@pytest.mark.parametrize("kind", FailureKind)
def test_every_kind_of_failure_is_an_unknown_with_its_reason_and_a_next_step(kind: FailureKind) -> None:
    run = run_of(raising(Bad(Failure(kind, "it went wrong", operation="iam.GetRole", code="Code"))))
    assert (run.status, run.reason) == (Status.UNKNOWN, kind.value)
    whose = "check role.exists crashed with Code: " if kind is FailureKind.CRASHED else ""
    assert run.decisive.summary == f"{whose}it went wrong"
    assert run.is_transient is (kind in TRANSIENT)
    assert run.decisive.fix is not None
    assert not {"{", "}"} & set(run.decisive.fix.text + "".join(run.decisive.fix.commands))


def test_a_denied_call_names_the_action_and_the_credentials() -> None:
    run = run_of(raising(denied("iam:GetRole")))
    assert run.decisive == Result(
        "iam:GetRole for profile prod",
        Status.UNKNOWN,
        "AWS does not allow iam:GetRole",
        "not_permitted",
        Fix("Allow iam:GetRole to the identity behind profile prod.", ("sagemaker-healthcheck policy",)),
        missing_actions=("iam:GetRole",),
    )
    assert not run.is_transient


def test_an_explicit_deny_is_not_mended_by_allowing() -> None:
    kind = FailureKind.NOT_PERMITTED
    failure = Failure(kind, "denied", missing_actions=("iam:GetRole",), layer="scp", explicit_deny=True)
    text = fix_of(failure, check("role.exists").check, target(source=PROD)).text
    assert (
        text == "Exempt the identity behind profile prod from the statement in the scp policy that denies iam:GetRole."
    )


@pytest.mark.parametrize(
    ("error", "reason", "subject"),
    [
        (UndeclaredCall("role.exists", "iam.GetRole"), "undeclared_call", "role.exists"),
        (WriteRefused("role.exists", "s3.PutObject"), "undeclared_call", "role.exists"),
        (UnknownOperation("iam.Foo", "role.exists"), "undeclared_call", "role.exists"),
        (DeadlinePassed("iam.GetRole"), "timed_out", "prod/eu-west-1"),
        (ZeroDivisionError("zero"), "crashed", "role.exists"),
        (SystemExit(3), "crashed", "role.exists"),
        (GeneratorExit(), "crashed", "role.exists"),
        (throttled(), "throttled", "prod/eu-west-1"),
        (expired(), "credentials_expired", "profile prod"),
    ],
)
def test_an_exception_becomes_an_unknown_about_what_is_at_fault(
    error: BaseException, reason: str, subject: str
) -> None:
    run = run_of(raising(error))
    assert (run.status, run.reason, run.decisive.subject) == (Status.UNKNOWN, reason, subject)


def test_ctrl_c_is_not_for_a_check_to_keep() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt(interrupt)


def test_a_crash_is_logged_with_its_place(caplog: pytest.LogCaptureFixture) -> None:
    run_of(lambda: sys.exit("no"))
    (record,) = [record for record in caplog.records if record.message == "check.crashed"]
    assert (vars(record)["check"], vars(record)["target"]) == ("role.exists", "prod/eu-west-1")
    assert "SystemExit" in caplog.text


@pytest.mark.parametrize(
    ("probe", "accuses"),
    [
        (raising(expired()), True),
        (raising(Bad(Failure(FailureKind.BAD_ANSWER, "a bare 400", check="credentials.valid"))), True),
        ([unseen(reason="credentials_invalid")], True),
        (raising(throttled()), False),
        ([unseen()], False),
        ([bad(), unseen(reason="credentials_invalid")], False),
    ],
)
def test_a_refused_credential_accuses_credentials_valid(probe: Any, *, accuses: bool) -> None:
    assert executed(check("role.exists", probe)).accuses_credentials is accuses
    assert executed(check("credentials.valid", probe)).accuses_credentials is False


def test_a_check_that_needs_aws_is_not_begun_when_credentials_cannot_be_looked_for() -> None:
    hangs = Failure(FailureKind.TIMED_OUT, "finding profile prod takes too long")
    gateway = Gateway()
    remote, local = check("a.a", [good()]), check("a.b", [good()], aws=False)
    run = executed(remote, gateway, credentials_failure=hangs).run
    assert (run.reason, run.is_transient, run.decisive.summary) == ("timed_out", True, hangs.sentence)
    assert executed(local, gateway, credentials_failure=hangs).run.status is Status.OK
    assert gateway.scopes == []


@pytest.mark.parametrize(
    ("reasons", "is_transient"),
    [
        (["throttled"], True),
        (["throttled", "timed_out"], True),
        (["throttled", "bad_answer"], False),
        (["not_permitted"], False),
    ],
)
def test_a_run_is_transient_when_nothing_else_kept_it_from_judging(reasons: list[str], *, is_transient: bool) -> None:
    assert run_of([good(), *(unseen(reason=reason) for reason in reasons)]).is_transient is is_transient
    assert not run_of([bad(), *(unseen(reason=reason) for reason in reasons)]).is_transient


def test_the_probe_receives_what_it_asked_for_and_its_settings() -> None:
    seen: list[object] = []

    def probe(*given: object, **settings: object) -> Iterable[Result]:
        seen.extend([*given, settings])
        return [good()]

    bound = check("role.exists")
    bound = replace(bound, check=replace(bound.check, probe=probe), settings={"horizon": timedelta(hours=2)})
    gateway = Gateway()
    executed(bound, gateway)
    assert bound.check.capabilities[0] is Aws
    assert seen == [gateway, target(source=PROD), {"horizon": timedelta(hours=2)}]
    assert FIX.text


def test_a_session_that_no_profile_can_renew_is_renewed_where_it_comes_from() -> None:
    fix = fix_of(expired().failure, check("role.exists").check, target())
    assert fix == Fix("Renew ambient credentials where this process gets them from, then let it look again.")
    assert fix_of(expired().failure, check("role.exists").check, target(source=PROD)).commands == (
        "aws sso login --profile prod",
    )


@pytest.mark.parametrize(("asked", "allowed"), [(0.0, 0.0), (-1.0, -1.0), (12.0, 12.0), (60.0, 30.0)])
def test_a_check_gets_no_older_a_look_at_an_endpoint_than_the_round_allows(asked: float, allowed: float) -> None:
    """The host of these tests says how old a look it was asked for."""
    ages: list[float] = []

    def look(host: Host, on: Target) -> Iterator[Result]:
        ages.append(host.reach(Endpoint("sts", "https://sts")).seconds)
        ages.append(host.reach(Endpoint("sts", "https://sts"), max_age_seconds=1_000).seconds)
        yield good(f"{on.name} {host.home} {dict(host.environ)}")

    bound = check("network.reachable", aws=False)
    bound = replace(bound, check=replace(bound.check, probe=look))
    run = execute(bound, target("prod"), gateway=Gateway(), host=NoHost(), max_age_seconds=asked).run
    assert run.decisive.subject == "prod /nonexistent {}"
    assert ages == [allowed, min(asked, 60.0)]


def test_a_file_is_read_as_the_host_has_it() -> None:
    def look(host: Host, _on: Target) -> Iterator[Result]:
        with pytest.raises(FileNotFoundError, match="/gone"):
            host.read_bytes(Path("/gone"), 7)
        yield good()

    bound = check("role.exists", aws=False)
    bound = replace(bound, check=replace(bound.check, probe=look))
    run = execute(bound, target("prod"), gateway=Gateway(), host=NoHost()).run
    assert run.status is Status.OK
