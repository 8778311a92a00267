"""How late rounds begin, and whether any is lost, with 15,000 of them due in turn while a sweep goes on."""

from __future__ import annotations

import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from benchmarks.bench import Endpoint, Measurement, environment, folder, in_process, now, write_fleet
from benchmarks.page import SWEPT, sweeping
from healthcheck import Result, check, ok, seconds
from healthcheck.aws import Gateway
from healthcheck.engine.runner import Runner
from healthcheck.engine.scheduler import Scheduler
from healthcheck.engine.snapshot import Damping, Event, RoundFinished
from healthcheck.engine.state import State
from healthcheck.host import LocalHost
from healthcheck.interpreter import tuned
from healthcheck.plan import BoundCheck, Plan, PlannedTarget
from healthcheck.target import CredentialSource, Target

TARGETS = 15_000
CADENCE = timedelta(seconds=60)


@check(every=seconds(60))
def idle(target: Target) -> Iterator[Result]:
    """Nothing is asked."""
    yield ok(target.name, "nothing was asked")


def _plan() -> Plan:
    bound = BoundCheck(idle, {}, CADENCE, timedelta(seconds=10), ())
    targets = (Target(f"t{number}", CredentialSource(f"p{number}")) for number in range(TARGETS))
    return Plan(tuple(PlannedTarget(target, (bound,), (), target.name) for target in targets))


class _Rounds:
    """Notes when rounds were due, and how late they began."""

    def __init__(self) -> None:
        self.due: dict[str, list[datetime]] = defaultdict(list)
        self.lags: list[float] = []
        self.since: datetime | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, RoundFinished):
            due = event.started - timedelta(seconds=event.lag_seconds)
            self.due[event.target].append(due)
            if self.since is not None and due >= self.since:
                self.lags.append(event.lag_seconds)

    def gaps(self) -> int:
        """Count the rounds that should have been between two that were; the first round is off the beat."""
        return sum(
            round((later - earlier) / CADENCE) - 1
            for dues in self.due.values()
            for earlier, later in pairwise(dues[1:])
        )


def lateness(settings: str) -> dict[str, float]:
    """Keep 15,000 targets going for two minutes; return how late the rounds of the second began."""
    rounds = _Rounds()
    skipped: list[str] = []
    plan = _plan()
    gateway = Gateway(environ={}, clock=now)
    runner = Runner(gateway, LocalHost({}))
    state = State(plan, damping=Damping(), clock=now, observers=(rounds,))
    scheduler = Scheduler(plan, runner, state, clock=now, on_skipped=skipped.append)
    # The first looks come all at once, and are no measure of how punctual the later ones are.
    scheduler.start()
    while len(rounds.due) < TARGETS:
        time.sleep(0.5)
    with tuned(), sweeping(settings):
        # At least half a cadence lies between the first two rounds of a target; from then on they come in turn.
        time.sleep(CADENCE.total_seconds() / 2)
        rounds.since = now()
        time.sleep(CADENCE.total_seconds())
        lags = sorted(rounds.lags)
        scheduler.stop(10)
    runner.close(5)
    return {
        "rounds": len(lags),
        "median": statistics.median(lags),
        "p99": lags[int(len(lags) * 0.99)],
        "worst": lags[-1],
        "lost": rounds.gaps() - len(skipped),
        "skipped": len(skipped),
        "threads": threading.active_count(),
    }


def schedule(endpoint: Endpoint) -> tuple[Measurement, ...]:
    """Measure lateness and loss beside a sweep that saturates the interpreter."""
    with folder() as home:
        endpoint.set(latency_seconds=0.0, throttle_every=0)
        settings = str(write_fleet(home, SWEPT))
        figures = in_process(lateness, settings, env=environment(endpoint.url, home))
    return (
        Measurement(
            f"ms that rounds begin late (99 of 100), {TARGETS} due in turn while sweeping",
            1000 * figures["p99"],
            100,
            20,
            f"{figures['rounds']} rounds; median {1000 * figures['median']:.1f} ms, "
            f"worst {1000 * figures['worst']:.0f} ms",
        ),
        Measurement(
            "rounds lost without being counted",
            figures["lost"],
            0,
            0,
            f"{figures['skipped']} skipped and counted",
        ),
    )
