"""The doctor: every check once, and how things stand as seen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from healthcheck.engine.runner import Runner
from healthcheck.engine.snapshot import UNDAMPED, PluginFailure, RoundFinished, Snapshot
from healthcheck.engine.state import State
from healthcheck.plan import Plan
from healthcheck.result import SEVERITY, Status
from healthcheck.run import Run

EXIT_CODES: Mapping[Status, int] = MappingProxyType(
    {
        Status.OK: 0,
        Status.WARNING: 1,
        Status.CRITICAL: 2,
        Status.UNKNOWN: 3,
        # Its cause is in the same snapshot, and more severe.
        Status.BLOCKED: 3,
        # Everything skipped: nothing was seen, which is no reason to call it good.
        Status.SKIPPED: 3,
    }
)
"""What `run` exits with for the most severe status, in the vocabulary of Nagios."""


def examine(
    plan: Plan,
    runner: Runner,
    *,
    clock: Callable[[], datetime],
    plugin_failures: tuple[PluginFailure, ...] = (),
    on_run: Callable[[Run], None],
) -> Snapshot:
    """Run all checks of all targets once, and return what they saw.

    As many targets side by side as there are workers: what one check of a target was told is then still remembered
    when the next one asks. Each check has a deadline, so this ends.
    """
    state = State(plan, damping=UNDAMPED, clock=clock, plugin_failures=plugin_failures)

    def record(run: Run) -> None:
        state.record(run)
        on_run(run)

    def finish(event: RoundFinished) -> None:
        state.round_finished(event)

    room = threading.Semaphore(runner.workers)
    rounds = []
    for planned in plan.targets:
        room.acquire()
        rounds.append(
            runner.start_round(
                planned, generation=plan.generation, on_run=record, on_done=finish, on_end=lambda _: room.release()
            )
        )
    for started in rounds:
        started.wait()
    return state.snapshot()


def exit_code(status: Status, fail_on: Status | None) -> int:
    """Return the exit code for the worst status, where less than `fail_on` passes; none = everything passes."""
    if fail_on is None:
        return 0
    if status is not Status.SKIPPED and SEVERITY.index(status) < SEVERITY.index(fail_on):
        return 0
    return EXIT_CODES[status]
