"""What every check promises, as assertions over cases: a new check is born with these tests.

    CASES = [
        Case("the role is there", Situation(answers=...), Status.OK),
        Case("the role is gone", Situation(answers=...), Status.CRITICAL, "missing"),
    ]

    def test_exists_keeps_the_contract() -> None:
        assert_contract(exists, CASES)

Each promise is a function of its own, and its docstring is the promise.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from healthcheck.check import COMMON_REASONS, SKIP_REASONS, Check
from healthcheck.permissions import OPERATIONS
from healthcheck.result import Result, Status
from healthcheck.testing.answers import denied
from healthcheck.testing.harness import KEY_ID, SECRET, Examination, Situation, examine


@dataclass(frozen=True, slots=True)
class Case:
    """A situation, and the verdict that it must come to."""

    name: str
    """The situation as a person would tell it."""
    situation: Situation
    status: Status
    reason: str | None = None


def assert_contract(check: Check, cases: Sequence[Case]) -> None:
    """Hold a check to everything below.

    Raises:
        AssertionError: naming the promise that is broken, and the case that shows it.
    """
    assert_documented(check)
    seen = {case.name: assert_case(check, case) for case in cases}
    assert_healthy_case(check, cases)
    assert_calls_are_declared(check, seen.values())
    assert_reasons_are_declared(check, seen.values())
    assert_pages_are_read(check, seen.values())
    for case in cases:
        if case.status is Status.OK:
            assert_required_calls_count(check, case, seen[case.name])
            assert_optional_calls_only_sharpen(check, case, seen[case.name])


def assert_documented(check: Check) -> None:
    """The docstring states the healthy condition in one sentence, and says what, why and from where."""
    documentation = check.documentation
    _require(documentation.summary.endswith("."), check, "its docstring must begin with one sentence on one line")
    for name in ("why", "sees", "cannot_see", "source"):
        _require(bool(getattr(documentation, name)), check, f"its docstring lacks the section {name.replace('_', ' ')}")


def assert_case(check: Check, case: Case) -> Examination:
    """The situation comes to the verdict, and every result is fit to be shown."""
    found = examine(check, case.situation)
    told = (found.run.status, found.run.reason)
    expected = (case.status, case.reason)
    _require(told == expected, check, f"{case.name}: {_say(told)}, not {_say(expected)}: {found.run.decisive.summary}")
    for result in found.run.results:
        assert_fit_to_be_shown(check, result)
    return found


def assert_fit_to_be_shown(check: Check, result: Result) -> None:
    """A result is JSON, holds no secret, and says what to do where something has to be done."""
    text = json.dumps(
        {
            "subject": result.subject,
            "summary": result.summary,
            "evidence": dict(result.evidence),
            "fix": _fix_of(result),
        }
    )
    for secret in (SECRET[:-1], KEY_ID):
        _require(secret not in text, check, f"a verdict on {result.subject} shows a secret")
    if result.status.needs_action:
        _require(result.reason in check.all_reasons, check, f"the reason {result.reason} is not declared")
        _require(result.fix is not None, check, f"a {result.status.value} on {result.subject} has no fix")


def assert_healthy_case(check: Check, cases: Iterable[Case]) -> None:
    """At least one case is healthy: a check that is never ok is an alarm without an end."""
    _require(any(case.status is Status.OK for case in cases), check, "no case is ok")


def assert_calls_are_declared(check: Check, seen: Iterable[Examination]) -> None:
    """What is declared is called in some case, and (by the guard) nothing else is."""
    called = {operation for found in seen for operation in found.operations}
    unused = sorted(check.all_calls - called)
    _require(not unused, check, f"it declares {', '.join(unused)} and calls it in no case")


def assert_reasons_are_declared(check: Check, seen: Iterable[Examination]) -> None:
    """Every reason that is declared is given in some case; a reason that nothing comes to is a promise unkept."""
    given = {result.reason for found in seen for result in found.run.results if result.reason}
    unused = sorted(check.reasons - given)
    _require(not unused, check, f"it declares the reasons {', '.join(unused)}, to which no case comes")
    foreign = sorted(given - check.reasons - COMMON_REASONS - SKIP_REASONS)
    _require(not foreign, check, f"it gives the reasons {', '.join(foreign)} without declaring them")


def assert_pages_are_read(check: Check, seen: Iterable[Examination]) -> None:
    """Where AWS answers in pages, some case has a second one, and it is read."""
    calls = [call for found in seen for call in found.calls]
    for operation in sorted({call.operation for call in calls if call.is_paginated}):
        is_read = any(call.operation == operation and call.page > 0 for call in calls)
        is_single = operation in _SINGLE_BY_REQUEST and all(
            set(call.parameters) >= _SINGLE_BY_REQUEST[operation] for call in calls if call.operation == operation
        )
        _require(is_read or is_single, check, f"no case shows that the second page of {operation} is read")


_SINGLE_BY_REQUEST: Mapping[str, frozenset[str]] = {"sagemaker.ListTrainingJobs": frozenset({"MaxResults"})}
"""Operations that are called for the proof that they answer, with the request's members that say so."""


def assert_required_calls_count(check: Check, healthy: Case, found: Examination) -> None:
    """Each required call that is denied makes the verdict unknown, naming the missing action."""
    for operation in sorted(set(check.calls) & found.operations):
        run = examine(check, _with_denied(healthy.situation, operation)).run
        told = f"{healthy.name}, but {operation} is denied"
        _require(run.status is Status.UNKNOWN, check, f"{told}: {_say((run.status, run.reason))}, not unknown")
        _require(run.reason == "not_permitted", check, f"{told}: the reason is {run.reason}, not not_permitted")
        missing = set(OPERATIONS[operation].actions) - set(run.decisive.missing_actions)
        _require(not missing, check, f"{told}: {', '.join(sorted(missing))} is not named as missing")


def assert_optional_calls_only_sharpen(check: Check, healthy: Case, found: Examination) -> None:
    """An optional call that is denied does not turn ok into anything else."""
    for operation in sorted(set(check.optional_calls) & found.operations):
        run = examine(check, _with_denied(healthy.situation, operation)).run
        told = f"{healthy.name}, but the optional {operation} is denied"
        _require(run.status is Status.OK, check, f"{told}: {_say((run.status, run.reason))}, not ok")


def _with_denied(situation: Situation, operation: str) -> Situation:
    return replace(situation, answers={**situation.answers, operation: denied(operation)})


def _fix_of(result: Result) -> object:
    fix = result.fix
    return fix and {"text": fix.text, "commands": fix.commands, "policy": fix.policy, "link": fix.link}


def _say(verdict: tuple[Status, str | None]) -> str:
    status, reason = verdict
    return f"{status.value} ({reason})" if reason else status.value


def _require(holds: bool, check: Check, otherwise: str) -> None:  # noqa: FBT001 - as assert takes it
    if not holds:
        message = f"check {check.id}: {otherwise}"
        raise AssertionError(message)
