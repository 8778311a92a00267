"""How long rounds take and how many calls they cost, against the least that the network allows."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from benchmarks.bench import (
    LATENCY_SECONDS,
    REGIONS,
    Endpoint,
    Measurement,
    environment,
    folder,
    in_process,
    now,
    write_fleet,
)
from benchmarks.fleets import WORKERS, fleet
from healthcheck.doctor import examine

CRITICAL_PATH_CALLS = 8
"""Calls that must follow each other in one round: a look at the network, who am I, the role, what is attached to it,
which version, its document, what AWS's simulator says to that, and how the bucket encrypts: keys are looked at once the
role is known to have its other rights, so that one cause is told once."""


def sweep(settings: str, url: str, prior_sweeps: int = 0) -> dict[str, Any]:
    """Run every check of a fleet once; return seconds, CPU seconds, and how the runs ended."""
    looked = fleet(settings)
    statuses: Counter[str] = Counter()
    target = Endpoint(url)
    seconds = cpu = 0.0
    for _ in range(prior_sweeps + 1):
        statuses.clear()
        target.set()
        wall_before, cpu_before = time.perf_counter(), time.process_time()
        examine(looked.plan, looked.runner, clock=now, on_run=lambda run: statuses.update([run.status.value]))
        seconds, cpu = time.perf_counter() - wall_before, time.process_time() - cpu_before
    counts = target.counts()
    looked.runner.close(5)
    calls = sum(counts["calls"].values())
    return {"seconds": seconds, "cpu": cpu, "calls": calls, "throttled": counts["throttled"], **statuses}


def one_target(endpoint: Endpoint) -> tuple[Measurement, ...]:
    """One target's round against its critical path."""
    with folder() as home:
        endpoint.set(latency_seconds=LATENCY_SECONDS, throttle_every=0)
        settings = write_fleet(home, 1)
        figures = in_process(sweep, str(settings), endpoint.url, env=environment(endpoint.url, home))
    path = CRITICAL_PATH_CALLS * LATENCY_SECONDS
    return (
        Measurement(
            "one target's round / its critical path at 50 ms a call",
            figures["seconds"] / path,
            1.30,
            1.10,
            f"{figures['seconds'] * 1000:.0f} ms / {path * 1000:.0f} ms; {figures['calls']} calls",
        ),
    )


def many_targets(endpoint: Endpoint, targets: int = 1000) -> tuple[Measurement, ...]:
    """A sweep of many accounts against the least that 64 calls in flight allow, and its CPU against a tenth of it."""
    figures = {}
    for count in (targets // 10, targets):
        with folder() as home:
            endpoint.set(latency_seconds=LATENCY_SECONDS, throttle_every=0)
            settings = write_fleet(home, count)
            figures[count] = in_process(sweep, str(settings), endpoint.url, env=environment(endpoint.url, home))
    many, few = figures[targets], figures[targets // 10]
    ideal = max(many["calls"] / WORKERS, CRITICAL_PATH_CALLS) * LATENCY_SECONDS
    return (
        Measurement(
            f"sweep of {targets} targets at 50 ms a call, {WORKERS} in flight / ideal",
            many["seconds"] / ideal,
            1.20,
            1.10,
            f"{many['seconds']:.1f} s / {ideal:.1f} s; {many['calls']} calls, {many.get('ok', 0)} ok",
        ),
        Measurement(
            f"CPU a call at {targets} targets / at {targets // 10}",
            (many["cpu"] / many["calls"]) / (few["cpu"] / few["calls"]),
            1.15,
            1.0,
            f"{1000 * many['cpu'] / many['calls']:.2f} ms / {1000 * few['cpu'] / few['calls']:.2f} ms",
        ),
    )


def shared_role(endpoint: Endpoint) -> tuple[Measurement, ...]:
    """Regions of one account that share a role, against as many accounts with one region each."""
    regions = len(REGIONS)
    figures = {}
    for accounts in (1, regions):
        with folder() as home:
            endpoint.set(latency_seconds=0.0, throttle_every=0)
            settings = write_fleet(home, accounts, regions // accounts)
            figures[accounts] = in_process(sweep, str(settings), endpoint.url, env=environment(endpoint.url, home))
    shared, naive = figures[1]["calls"], figures[regions]["calls"]
    # Calls of a region are what each further region adds; the rest is asked once for all.
    per_target = naive / regions
    own = (shared - per_target) / (regions - 1)
    of_twenty = (per_target + 19 * own) / (20 * per_target)
    return (
        Measurement(
            "requests for 20 regions that share a role / naive",
            of_twenty,
            0.55,
            0.49,
            f"{shared} / {naive} calls for {regions} regions; {own:.1f} calls for each further region",
        ),
    )


def verdicts(settings: str) -> dict[str, str]:
    """Run every check of a fleet once; return the status of each check of each target."""
    looked = fleet(settings)
    seen: dict[str, str] = {}
    record = seen.__setitem__
    examine(
        looked.plan, looked.runner, clock=now, on_run=lambda run: record(f"{run.target} {run.check}", run.status.value)
    )
    looked.runner.close(5)
    return seen


def throttled(endpoint: Endpoint, targets: int = 100) -> tuple[Measurement, ...]:
    """Verdicts that change when AWS throttles every tenth of the calls that it can throttle."""
    with folder() as home:
        settings = str(write_fleet(home, targets))
        env = environment(endpoint.url, home)
        endpoint.set(latency_seconds=0.01, throttle_every=0)
        calm = in_process(verdicts, settings, env=env)
        endpoint.set(latency_seconds=0.01, throttle_every=10)
        harried = in_process(verdicts, settings, env=env)
        counts = endpoint.counts()
        endpoint.set(latency_seconds=0.0, throttle_every=0)
    lost = [run for run, status in calm.items() if harried.get(run) != status]
    statuses = ", ".join(f"{count} {status}" for status, count in Counter(harried.values()).most_common())
    return (
        Measurement(
            "throttled answers that cost a verdict",
            len(lost),
            0,
            0,
            f"{counts['throttled']} answers throttled in {sum(counts['calls'].values())} calls; {statuses}",
        ),
    )
