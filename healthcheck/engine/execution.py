"""One execution of one check on one target, from its scope to its run record."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from healthcheck.capabilities import Aws, Host
from healthcheck.check import Check
from healthcheck.engine.failures import (
    CREDENTIALS_CHECK,
    CREDENTIALS_REASONS,
    faulty,
    is_transient,
    unjudged,
)
from healthcheck.engine.freshness import FreshHost
from healthcheck.engine.gateway import Gateway
from healthcheck.engine.validation import mistake_in
from healthcheck.errors import (
    DeadlinePassed,
    Failure,
    FailureKind,
    HealthcheckError,
    UndeclaredCall,
    UnknownOperation,
    WriteRefused,
)
from healthcheck.result import Result, Status
from healthcheck.run import Run, status_of
from healthcheck.target import Target

if TYPE_CHECKING:
    from healthcheck.plan import BoundCheck

MAX_RESULTS = 1_000
"""Verdicts of one run; a check that yields more is taken to be endless."""

MAX_ANSWER_AGE_SECONDS = 60.0

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Execution:
    """A run, and whether it met a fault that another check owns."""

    run: Run
    accuses_credentials: bool
    """It met an expired or refused credential; what that means is for credentials.valid to say."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Time and randomness, so that tests can hold them still."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic
    new_id: Callable[[], str] = lambda: secrets.token_hex(8)


CLOCKS = Clocks()


def execute(
    bound: BoundCheck,
    target: Target,
    *,
    gateway: Gateway,
    host: Host,
    max_age_seconds: float = MAX_ANSWER_AGE_SECONDS,
    plan_generation: int = 0,
    clocks: Clocks = CLOCKS,
    credentials_failure: Failure | None = None,
    cleaned: Callable[[Result], Result] = lambda result: result,
) -> Execution:
    """Run one check on one target in this thread, and return what it came to; nothing that a check does is raised.

    Answers that another check got may be `max_age_seconds` old, and half the check's cadence at most in any case.
    Where the target's credentials could not even be looked for, `credentials_failure` says why, and a check
    that needs AWS is not begun. What a check says passes `cleaned` before anybody hears of it.
    """
    check = bound.check
    started, began = clocks.now(), clocks.monotonic()
    deadline = began + bound.timeout.total_seconds()
    failure: Failure | None = None
    results: list[Result] = []
    if credentials_failure is not None and Aws in check.capabilities:
        failure = credentials_failure
        results.append(unjudged(failure, check, target))
    else:
        # An answer from before the check's last look must not stand for this one.
        age = min(max_age_seconds, MAX_ANSWER_AGE_SECONDS, bound.every.total_seconds() / 2)
        scope = _scope(bound, target, gateway, deadline, age)
        given = {Host: FreshHost(host, age), Target: target}
        error = attempt(lambda: _consume(bound, scope, given, results, lambda: clocks.monotonic() >= deadline))
        if error is not None:
            failure, verdict = _verdict_on(error, check, target, gateway)
            results.append(verdict)
    if not results:
        results.append(faulty("no_verdict", f"check {check.id} ended without a verdict", check))
    verdicts = tuple(map(cleaned, results))
    run = Run(
        run_id=clocks.new_id(),
        target=target.name,
        check=check.id,
        status=status_of(verdicts),
        started=started,
        duration_seconds=clocks.monotonic() - began,
        results=verdicts,
        is_transient=is_transient(verdicts),
        plan_generation=plan_generation,
    )
    return Execution(run, _accuses_credentials(run, failure))


def attempt(action: Callable[[], object]) -> BaseException | None:
    """Do something that may fail in any way, and return how it failed.

    A check is anybody's code: even `sys.exit()` in it must end that check only. Ctrl-C is for the whole process.
    """
    try:
        action()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - the one boundary around code that is not ours
        return error
    return None


def _scope(
    bound: BoundCheck, target: Target, gateway: Gateway, deadline: float, max_age_seconds: float
) -> AbstractContextManager[Aws | None]:
    if Aws not in bound.check.capabilities:
        # Without a scope every call to AWS is refused, which is what this check has asked for.
        return nullcontext()
    return gateway.scope(target, bound.check, deadline=deadline, max_age_seconds=max_age_seconds)


def _consume(
    bound: BoundCheck,
    scope: AbstractContextManager[Aws | None],
    given: Mapping[type, object],
    results: list[Result],
    is_late: Callable[[], bool],
) -> None:
    """Take every verdict inside the scope: a generator's code runs when it is asked, not when it is made."""
    check = bound.check
    with scope as aws:
        yielded = check({**given, Aws: aws}, bound.settings)
        if not hasattr(yielded, "__iter__"):
            raise _Nonsense(f"check {check.id} returned a value of type {type(yielded).__name__} and yields nothing")
        iterator = iter(yielded)
        try:
            for verdict in islice(iterator, MAX_RESULTS):
                results.append(_valid(verdict, check))
                if is_late():
                    raise _OutOfTime(f"check {check.id} had not judged everything when its time was over")
            if next(iterator, None) is not None:
                raise _Nonsense(f"check {check.id} yields more than {MAX_RESULTS} results and was stopped")
        finally:
            # Its last words belong inside the scope too, and not to whichever thread collects garbage.
            if close := getattr(iterator, "close", None):
                close()


class _Nonsense(HealthcheckError):
    """What a check gives is no series of results."""


class _OutOfTime(HealthcheckError):
    """A check still yields when its time is over."""


def _valid(verdict: object, check: Check) -> Result:
    mistake = mistake_in(verdict, check)
    if mistake is None and isinstance(verdict, Result):
        return verdict
    return faulty("bad_result", f"check {check.id} {mistake}", check)


def _verdict_on(error: BaseException, check: Check, target: Target, gateway: Gateway) -> tuple[Failure | None, Result]:
    match error:
        case _Nonsense():
            return None, faulty("bad_result", str(error), check)
        case UndeclaredCall() | WriteRefused() | UnknownOperation():
            return None, faulty("undeclared_call", str(error), check)
        case _OutOfTime():
            failure = Failure(FailureKind.TIMED_OUT, str(error))
        case DeadlinePassed():
            failure = Failure(FailureKind.TIMED_OUT, str(error), operation=error.operation)
        case _:
            failure = gateway.classify(error)
    if failure.kind is FailureKind.CRASHED:
        # The sentence is for the operator; whoever mends the check needs the place.
        _LOG.error("check.crashed", extra={"check": check.id, "target": target.name}, exc_info=error)
        kind = f" with {failure.code}" if failure.code else ""
        return failure, faulty(failure.kind.value, f"check {check.id} crashed{kind}: {failure.sentence}", check)
    return failure, unjudged(failure, check, target)


def _accuses_credentials(run: Run, failure: Failure | None) -> bool:
    """Whether the run met a refused credential, be it that an exception left the check or that the check said so."""
    if run.check == CREDENTIALS_CHECK or run.status is not Status.UNKNOWN:
        return False
    if failure is not None and failure.check == CREDENTIALS_CHECK:
        return True
    return any(result.status is Status.UNKNOWN and result.reason in CREDENTIALS_REASONS for result in run.results)
