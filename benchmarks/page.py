"""What a scrape costs, against a gauge for each series, which is what people write."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from benchmarks.bench import Endpoint, Measurement, environment, folder, in_process, now, write_fleet
from benchmarks.fleets import fleet
from healthcheck.doctor import examine
from healthcheck.engine.discovery import discover
from healthcheck.engine.snapshot import CheckState, Snapshot, TargetState
from healthcheck.interpreter import tuned
from healthcheck.result import Status
from healthcheck.surfaces.metrics import Metrics
from healthcheck.target import Target

SERIES = 100_000
SCRAPES = 30
CHANGED_BETWEEN_SCRAPES = 20
"""One of so many targets: a scrape every 15 s, a round every 300 s."""

SWEPT = 100


def _target(number: int, checks: tuple[str, ...], moment: datetime) -> TargetState:
    name = f"team-{number:05d}/us-east-1"
    views = tuple(CheckState(name, check, Status.OK, Status.OK, None, None, moment, moment, None) for check in checks)
    target = Target(name, region="us-east-1", account=f"{100_000_000_000 + number}", labels={"team": "vision"})
    return TargetState(target, Status.OK, target.account, moment, views, {})


def _snapshot(series: int) -> Snapshot:
    moment = now()
    checks = tuple(check.id for check in discover().registry)
    count = series // (len(checks) + 3)
    targets = tuple(_target(number, checks, moment) for number in range(count))
    return Snapshot(moment, moment, 0, Status.OK, targets, ())


def _changed(snapshot: Snapshot, turn: int) -> Snapshot:
    """Return the picture of a scrape later: a round has been through its share of the targets."""
    at = now() + timedelta(seconds=turn)
    targets = tuple(
        replace(state, last_round=at) if number % CHANGED_BETWEEN_SCRAPES == turn % CHANGED_BETWEEN_SCRAPES else state
        for number, state in enumerate(snapshot.targets)
    )
    return replace(snapshot, targets=targets)


def _ours() -> tuple[Callable[[int], int], Callable[[], None]]:
    """Return how to scrape our page, and how to prepare the next one."""
    metrics = Metrics(version="0", checks=discover().registry)
    pictures = [_snapshot(SERIES)]
    metrics.render(pictures[0])

    def prepare() -> None:
        pictures[0] = _changed(pictures[0], len(pictures))

    return lambda _: len(metrics.render(pictures[0])), prepare


def _gauges() -> tuple[Callable[[int], int], Callable[[], None]]:
    """Return the same for a gauge with a child for each series."""
    registry = CollectorRegistry()
    gauge = Gauge("sagemaker_healthcheck_check_status", "How a check stands.", ("target", "check"), registry=registry)
    checks = tuple(check.id for check in discover().registry)
    for number in range(SERIES // len(checks)):
        for check in checks:
            gauge.labels(target=f"team-{number:05d}/us-east-1", check=check).set(0)
    return lambda _: len(generate_latest(registry)), lambda: None


def _timed(scrape: Callable[[int], int], prepare: Callable[[], None], turns: int) -> list[float]:
    taken = []
    for turn in range(turns):
        prepare()
        before = time.perf_counter()
        scrape(turn)
        taken.append(time.perf_counter() - before)
    return taken


@contextmanager
def sweeping(settings: str) -> Iterator[None]:
    """Look at a fleet again and again meanwhile, in the same interpreter."""
    looked = fleet(settings)
    is_over = threading.Event()

    def sweep() -> None:
        while not is_over.is_set():
            # Never from memory: each round is to cost what a round costs.
            rounds = [
                looked.runner.start_round(planned, max_age_seconds=0.0, on_run=lambda _: None, on_done=lambda _: None)
                for planned in looked.plan.targets
            ]
            for begun in rounds:
                begun.wait()

    examine(looked.plan, looked.runner, clock=now, on_run=lambda _: None)
    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        yield
    finally:
        is_over.set()
        sweeper.join()
        looked.runner.close(5)


def scrape(kind: str, settings: str = "") -> dict[str, Any]:
    """Scrape a page of 100,000 series so often, alone or beside a sweep; return seconds."""
    take, prepare = _ours() if kind == "ours" else _gauges()
    beside: AbstractContextManager[None] = sweeping(settings) if settings else nullcontext()
    with tuned(), beside:  # as the daemon is; for gauges too
        taken = _timed(take, prepare, SCRAPES)
    return {"median": statistics.median(taken), "worst": max(taken), "bytes": take(0)}


def page(endpoint: Endpoint) -> tuple[Measurement, ...]:
    """Compare a scrape alone, and the worst of 30 beside a sweep that saturates the interpreter."""
    with folder() as home:
        endpoint.set(latency_seconds=0.0, throttle_every=0)
        settings = str(write_fleet(home, SWEPT))
        env = environment(endpoint.url, home)
        alone = {kind: in_process(scrape, kind, env=env) for kind in ("gauges", "ours")}
        beside = {kind: in_process(scrape, kind, settings, env=env) for kind in ("gauges", "ours")}
    return (
        Measurement(
            f"page of {SERIES} series / generate_latest of gauges",
            alone["ours"]["median"] / alone["gauges"]["median"],
            0.10,
            0.03,
            f"{1000 * alone['ours']['median']:.0f} ms / {1000 * alone['gauges']['median']:.0f} ms; "
            f"{alone['ours']['bytes'] / 1e6:.1f} MB",
        ),
        Measurement(
            f"worst of {SCRAPES} scrapes while a sweep saturates the interpreter / gauges",
            beside["ours"]["worst"] / beside["gauges"]["worst"],
            0.15,
            0.05,
            f"{1000 * beside['ours']['worst']:.0f} ms / {1000 * beside['gauges']['worst']:.0f} ms",
        ),
    )
