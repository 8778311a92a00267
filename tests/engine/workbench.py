"""Checks, targets and an imitation of AWS for tests of the engine. Nothing here calls anything."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from healthcheck.capabilities import Aws, Credentials, Endpoint, Host, Reach
from healthcheck.check import Check, Documentation
from healthcheck.engine.execution import Clocks
from healthcheck.engine.failures import TRANSIENT_REASONS
from healthcheck.engine.records import NOT_RUN_YET
from healthcheck.engine.snapshot import CheckState, RoundFinished
from healthcheck.errors import DeadlinePassed, Failure, FailureKind
from healthcheck.plan import BoundCheck, Plan, PlannedTarget
from healthcheck.result import Fix, Result, Status, critical, ok, skipped, unknown, warning
from healthcheck.run import Run
from healthcheck.target import CredentialSource, Target

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FIX = Fix("Mend it.")
PATIENCE_SECONDS = 20.0
"""How long a test waits for another thread before it fails; never waited in full when all is well."""


class Bad(Exception):
    """Stands for an exception of AWS or its SDK that means `failure`."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.sentence)


def denied(action: str) -> Bad:
    return Bad(Failure(FailureKind.NOT_PERMITTED, f"AWS does not allow {action}", missing_actions=(action,)))


def expired() -> Bad:
    kind = FailureKind.CREDENTIALS_EXPIRED
    return Bad(Failure(kind, "the session is over", check="credentials.valid"))


def throttled() -> Bad:
    return Bad(Failure(FailureKind.THROTTLED, "AWS asks for patience"))


class HeldClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return 1_000.0 + self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds

    def clocks(self) -> Clocks:
        numbers = iter(range(1, 1_000_000))
        return Clocks(self.now, self.monotonic, lambda: f"id-{next(numbers)}")


class NoHost:
    """A host that no check of these tests looks at."""

    @property
    def environ(self) -> Mapping[str, str]:
        return {}

    @property
    def home(self) -> Path:
        return Path("/nonexistent")

    def read_bytes(self, path: Path, limit: int = 1_048_576) -> bytes:
        raise FileNotFoundError(path, limit)

    def reach(self, endpoint: Endpoint, *, max_age_seconds: float = 30.0) -> Reach:
        return Reach(endpoint.url, seconds=max_age_seconds)


@dataclass
class Gateway:
    """Imitates healthcheck.aws: keeps books on what the engine asks of it."""

    clock: HeldClock = field(default_factory=HeldClock)
    resolve_with: Callable[[Target], object] = lambda target: target
    resolved: list[str] = field(default_factory=list)
    scopes: list[tuple[str, str]] = field(default_factory=list)
    ages: dict[str, float] = field(default_factory=dict)
    deadlines: dict[str, float] = field(default_factory=dict)
    open_scopes: set[tuple[str, str]] = field(default_factory=set)
    forgotten: list[str] = field(default_factory=list)

    def resolve(self, target: Target) -> Credentials:
        self.resolved.append(target.name)
        self.resolve_with(target)
        return Credentials(target.source.name)

    @contextmanager
    def scope(self, target: Target, check: Check, *, deadline: float, max_age_seconds: float) -> Iterator[Aws]:
        key = (target.name, check.id)
        self.scopes.append(key)
        self.ages[check.id] = max_age_seconds
        self.deadlines[check.id] = deadline
        self.open_scopes.add(key)
        try:
            yield cast("Aws", self)
        finally:
            self.open_scopes.discard(key)

    def forget(self, source: CredentialSource) -> None:
        self.forgotten.append(source.name)

    def classify(self, error: BaseException, *, operation: str | None = None) -> Failure:
        if isinstance(error, Bad):
            return error.failure
        if isinstance(error, DeadlinePassed):
            return Failure(FailureKind.TIMED_OUT, str(error), operation)
        return Failure(FailureKind.CRASHED, f"it ended with: {error}", operation)


NO_VERDICTS = TRANSIENT_REASONS | {NOT_RUN_YET}
"""With these, what is unknown was not judged: nothing stands, and nobody is alarmed."""


def has_verdict(view: CheckState) -> bool:
    """Whether something stands."""
    return view.status is not Status.UNKNOWN or view.reason not in NO_VERDICTS


Probe = Callable[[], Iterable[object]]


def check(
    check_id: str,
    probe: Probe | Iterable[Result] = (),
    *,
    after: tuple[str, ...] = (),
    aws: bool = True,
    reasons: tuple[str, ...] = ("broken", "fragile"),
    gauges: tuple[str, ...] = (),
    every: timedelta = timedelta(minutes=5),
    timeout: timedelta = timedelta(seconds=30),
) -> BoundCheck:
    """A check that yields what `probe` gives, bound to its defaults."""

    def run(*_: object) -> Iterable[Any]:
        return probe() if callable(probe) else iter(probe)

    made = Check(
        id=check_id,
        probe=run,
        every=every,
        timeout=timeout,
        after=after,
        calls=(),
        optional_calls=(),
        reasons=frozenset(reasons),
        writes=False,
        gauges=gauges,
        capabilities=(Aws, Target) if aws else (Host, Target),
        settings=(),
        documentation=Documentation("All is well."),
        origin="tests.workbench",
    )
    return BoundCheck(made, {}, every, timeout, after)


def good(subject: str = "thing") -> Result:
    return ok(subject, f"{subject} is as it should be")


def bad(subject: str = "thing", reason: str = "broken") -> Result:
    return critical(subject, f"{subject} is broken", reason=reason, fix=FIX)


def weak(subject: str = "thing") -> Result:
    return warning(subject, f"{subject} will not hold", reason="fragile", fix=FIX)


def unseen(subject: str = "thing", reason: str = "bad_answer") -> Result:
    return unknown(subject, f"{subject} could not be seen", reason=reason, fix=FIX)


def beside(subject: str = "thing", reason: str = "not_applicable") -> Result:
    return skipped(subject, f"{subject} is not here", reason=reason)


def target(name: str = "prod/eu-west-1", **facts: Any) -> Target:
    return Target(name, **facts)


def planned(*checks: BoundCheck, on: Target | None = None, fingerprint: str = "as it was") -> PlannedTarget:
    return PlannedTarget(on or target(), checks, (), fingerprint)


def plan(*targets: PlannedTarget, generation: int = 0) -> Plan:
    return Plan(targets, generation=generation)


class Notebook:
    """Notes what a round reports."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.rounds: list[RoundFinished] = []
        self._noted = threading.Condition()

    def on_run(self, run: Run) -> None:
        with self._noted:
            self.runs.append(run)
            self._noted.notify_all()

    def on_done(self, event: RoundFinished) -> None:
        self.rounds.append(event)

    def wait_for(self, check_id: str) -> Run:
        """Wait for the first run of a check."""
        with self._noted:
            assert self._noted.wait_for(lambda: any(run.check == check_id for run in self.runs), PATIENCE_SECONDS)
        return self[check_id]

    def __getitem__(self, check_id: str) -> Run:
        """The last run of a check."""
        return next(run for run in reversed(self.runs) if run.check == check_id)

    @property
    def statuses(self) -> dict[str, str]:
        return {run.check: run.status.value for run in self.runs}

    @property
    def order(self) -> list[str]:
        return [run.check for run in self.runs]
