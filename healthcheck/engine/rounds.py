"""One round: the due checks of one target and all that they come after, in dependency order."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from healthcheck.capabilities import Aws, Host
from healthcheck.engine.execution import Clocks, Execution, attempt, execute
from healthcheck.engine.failures import CREDENTIALS_CHECK, causes_of, timed_out
from healthcheck.engine.gateway import Gateway
from healthcheck.engine.pool import Pool, Task
from healthcheck.engine.snapshot import RoundFinished
from healthcheck.engine.telling import Audience
from healthcheck.engine.withheld import Withholding, blocked_by, closure, joined_cause, withholding
from healthcheck.errors import Failure, FailureKind
from healthcheck.result import Result, Status
from healthcheck.run import Run

if TYPE_CHECKING:
    from healthcheck.plan import BoundCheck, PlannedTarget

RESOLVE_SECONDS = 30.0
"""How long finding credentials may take: an SSO, STS or metadata call, or a program of the user's."""

GRACE_SECONDS = 1.0
"""A check that notices its own deadline says better than we can what it was waiting for."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every round works with; owned by the runner."""

    gateway: Gateway
    host: Host
    pool: Pool
    clocks: Clocks
    audience: Audience
    cleaned: Callable[[Result], Result] = lambda result: result
    """Takes secrets out of what checks say."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a round is asked to do, and who wants to know."""

    planned: PlannedTarget
    due: Collection[str] | None
    """None = all checks of the target."""
    plan_generation: int
    max_age_seconds: float
    """How old the answers of AWS may be when the round begins."""
    on_run: Callable[[Run], None]
    on_done: Callable[[RoundFinished], None]
    on_end: Callable[[Round], None]
    """Called last, also when the round is aborted."""


class Round:
    """One round. No thread waits for another: a check that ends submits those that it made ready."""

    def __init__(self, order: Order, workshop: Workshop) -> None:
        wanted = closure(order.planned.checks, order.due)
        self.target = order.planned.target
        self.round_id = workshop.clocks.new_id()
        self.is_aborted = False
        self._order = order
        self._workshop = workshop
        self._checks = {bound.id: bound for bound in order.planned.checks if bound.id in wanted}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._runs: dict[str, Run] = {}
        self._begun: set[str] = set()
        self._is_finishing = False
        self._started: datetime | None = None
        self._began = 0.0
        self._lag_seconds = 0.0
        self._credentials_failure: Failure | None = None
        # Runs that met a refused credential wait here for the verdict of credentials.valid.
        self._accusers: list[Run] = []
        self._proof: Run | None = None
        self._is_proving = False

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait for the end, and return whether every check has a verdict."""
        return self._ended.wait(timeout_seconds) and not self.is_aborted

    def begin(self, *, lag_seconds: float = 0.0) -> None:
        """Start, and return at once."""
        clocks = self._workshop.clocks
        self._started, self._began, self._lag_seconds = clocks.now(), clocks.monotonic(), lag_seconds
        if any(Aws in bound.check.capabilities for bound in self._checks.values()):
            self._resolve()
        else:
            self._advance()

    def abort(self) -> None:
        """Free those who wait; what still runs is not reported."""
        with self._lock:
            if self._is_finishing:
                return
            self._is_finishing = self.is_aborted = True
        self._end()

    def _resolve(self) -> None:
        """Find the credentials first, in a worker: it may block, and it is not the check's own time."""
        pool, source = self._workshop.pool, self.target.source
        key = ("credentials", source)
        hangs = Failure(
            FailureKind.TIMED_OUT, f"finding {source.name} takes longer than {RESOLVE_SECONDS:.0f} s and was given up"
        )

        def go_on(failure: Failure | None) -> None:
            self._credentials_failure = failure
            self._advance()

        def work() -> Callable[[], None]:
            error = attempt(lambda: self._workshop.gateway.resolve(self.target))
            failure = None if error is None else self._workshop.gateway.classify(error)
            return lambda: go_on(failure)

        if pool.is_hung(key):
            go_on(hangs)
        else:
            pool.submit(Task(work, lambda: go_on(hangs), RESOLVE_SECONDS, key))

    def _advance(self) -> None:
        """Begin every check whose dependencies all have a verdict; after the last one, finish."""
        while True:
            self._judge_accusers()
            with self._lock:
                if self._is_finishing:
                    return
                ready = [
                    bound
                    for check_id, bound in self._checks.items()
                    if check_id not in self._begun and all(earlier in self._runs for earlier in bound.after)
                ]
                self._begun.update(bound.id for bound in ready)
                is_last = self._is_finishing = len(self._runs) == len(self._checks)
            if is_last:
                self._finish()
                return
            for bound in ready:
                withheld = self._withholding(bound)
                if withheld is None:
                    self._submit(bound, self._executed, self._order.max_age_seconds)
                else:
                    self._record(self._run_of(bound, withheld))
            if all(bound.id not in self._runs for bound in ready):
                return

    def _withholding(self, bound: BoundCheck) -> Withholding | None:
        withheld = withholding(bound, self.target.name, self._runs, self._checks)
        if withheld is None and self._workshop.pool.is_hung((self.target.name, bound.id)):
            sentence = f"check {bound.id} hangs since an earlier round; it is not started again while it does"
            return Withholding(timed_out(bound.check, self.target, sentence))
        return withheld

    def _submit(self, bound: BoundCheck, then: Callable[[BoundCheck, Execution], None], max_age_seconds: float) -> None:
        workshop = self._workshop

        def work() -> Callable[[], None]:
            execution = execute(
                bound,
                self.target,
                gateway=workshop.gateway,
                host=workshop.host,
                max_age_seconds=max_age_seconds + workshop.clocks.monotonic() - self._began,
                plan_generation=self._order.plan_generation,
                clocks=workshop.clocks,
                credentials_failure=self._credentials_failure,
                cleaned=workshop.cleaned,
            )
            return lambda: then(bound, execution)

        def late() -> None:
            sentence = f"check {bound.id} had no verdict after {bound.timeout.total_seconds():g} s and was given up"
            run = self._run_of(bound, Withholding(timed_out(bound.check, self.target, sentence)), bound.timeout)
            then(bound, Execution(run, accuses_credentials=False))

        seconds = bound.timeout.total_seconds() + GRACE_SECONDS
        workshop.pool.submit(Task(work, late, seconds, (self.target.name, bound.id)))

    def _executed(self, bound: BoundCheck, execution: Execution) -> None:
        joins = joined_cause(execution.run, bound, self._runs, self._checks, self.target.source)
        run = replace(execution.run, joins=joins) if joins else execution.run
        if execution.accuses_credentials and self._may_accuse(bound):
            with self._lock:
                self._accusers.append(run)
        else:
            self._record(run)
        self._advance()

    def _may_accuse(self, bound: BoundCheck) -> bool:
        """Whether credentials.valid can be asked about what a check met: not when it comes after that very check."""
        planned = self._order.planned.checks
        return self._credentials_check() is not None and bound.id not in closure(planned, {CREDENTIALS_CHECK})

    def _credentials_check(self) -> BoundCheck | None:
        return next((bound for bound in self._order.planned.checks if bound.id == CREDENTIALS_CHECK), None)

    def _judge_accusers(self) -> None:
        """Say what refused credentials mean, after credentials.valid has looked again; it does so once a round."""
        bound = self._credentials_check()
        if bound is None:
            return
        with self._lock:
            own = self._runs.get(CREDENTIALS_CHECK)
            is_on_its_way = own is None and CREDENTIALS_CHECK in self._checks
            if not self._accusers or is_on_its_way or (self._is_proving and self._proof is None):
                return
            is_settled = own is not None and own.status in (Status.CRITICAL, Status.BLOCKED, Status.SKIPPED)
            verdict = self._proof or (own if is_settled else None)
            is_hung = self._workshop.pool.is_hung((self.target.name, bound.id))
            if verdict is None and not is_hung:
                self._is_proving = True
                # What was answered before the refusal proves nothing.
                self._submit(bound, self._proved, -self._elapsed())
                return
            accusers, self._accusers = self._accusers, []
        for run in accusers:
            self._record(self._judged(run, verdict))

    def _proved(self, _bound: BoundCheck, execution: Execution) -> None:
        self._record(execution.run)
        self._proof = execution.run
        self._advance()

    def _judged(self, run: Run, verdict: Run | None) -> Run:
        if verdict is None or verdict.status is not Status.CRITICAL:
            return run
        causes = causes_of(verdict)
        withheld = blocked_by(causes, self.target.name, {verdict.check: verdict})
        return replace(
            run, status=Status.BLOCKED, results=(withheld.verdict,), causes=causes, joins=None, is_transient=False
        )

    def _run_of(self, bound: BoundCheck, withheld: Withholding, took: timedelta = timedelta(0)) -> Run:
        clocks = self._workshop.clocks
        return withheld.as_run(
            clocks.new_id(),
            bound.id,
            clocks.now() - took,
            plan_generation=self._order.plan_generation,
            target=self.target.name,
            seconds=took.total_seconds(),
        )

    def _record(self, run: Run) -> None:
        """Report a run, and only then let others build on it."""
        if self.is_aborted:
            return
        if run.check == CREDENTIALS_CHECK and run.status is Status.CRITICAL:
            self._workshop.gateway.forget(self.target.source)
        self._workshop.audience.tell((self._order.on_run,), run)
        with self._lock:
            if run.check in self._checks:
                self._runs[run.check] = run

    def _elapsed(self) -> float:
        return self._workshop.clocks.monotonic() - self._began

    def _finish(self) -> None:
        started = self._started or self._workshop.clocks.now()
        event = RoundFinished(
            target=self.target.name,
            round_id=self.round_id,
            started=started,
            duration_seconds=self._elapsed(),
            statuses=Counter(run.status for run in self._runs.values()),
            plan_generation=self._order.plan_generation,
            lag_seconds=self._lag_seconds,
        )
        self._workshop.audience.tell((self._order.on_done,), event)
        self._end()

    def _end(self) -> None:
        self._order.on_end(self)
        self._ended.set()
