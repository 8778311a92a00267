"""The doctor: every target once, as many at a time as there are workers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from healthcheck.doctor import examine
from healthcheck.engine.runner import Runner
from healthcheck.result import Result, Status
from healthcheck.run import Run
from tests.engine.workbench import PATIENCE_SECONDS, Gateway, NoHost, bad, check, good, plan, planned, target

WORKERS = 2


@pytest.fixture
def runner() -> Iterator[Runner]:
    gateway = Gateway()
    made = Runner(gateway, NoHost(), workers=WORKERS, clocks=gateway.clock.clocks())
    yield made
    made.close(PATIENCE_SECONDS)


def test_every_target_is_looked_at_once_and_the_worst_counts(runner: Runner) -> None:
    runs: list[Run] = []
    watched = plan(
        *(planned(check("role.exists", [good()]), on=target(f"t{number}")) for number in range(5)),
        planned(check("role.exists", [bad()]), on=target("broken")),
    )

    seen = examine(watched, runner, clock=Gateway().clock.now, on_run=runs.append)

    assert sorted(run.target for run in runs) == ["broken", "t0", "t1", "t2", "t3", "t4"]
    assert [state.target.name for state in seen.targets] == ["t0", "t1", "t2", "t3", "t4", "broken"]
    assert seen.status is Status.CRITICAL


def test_no_more_targets_are_looked_at_side_by_side_than_there_are_workers(runner: Runner) -> None:
    """What one check was told is forgotten by the time the next one asks, where a thousand targets come between."""
    running: list[int] = []

    def probe() -> Iterator[Result]:
        running.append(runner.rounds_running)
        yield good()

    checks = (check("role.exists", probe), check("role.trust", probe, after=("role.exists",)))
    watched = plan(*(planned(*checks, on=target(f"t{number}")) for number in range(8)))

    examine(watched, runner, clock=Gateway().clock.now, on_run=lambda _: None)

    assert len(running) == 16
    assert max(running) <= WORKERS
