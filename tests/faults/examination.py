"""What the doctor saw of the world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from healthcheck.engine.snapshot import Snapshot
from healthcheck.run import Run


@dataclass(frozen=True)
class Examination:
    """What one look came to."""

    snapshot: Snapshot
    runs: tuple[Run, ...]

    def run(self, check: str) -> Run:
        """Return the only run of a check."""
        (found,) = [run for run in self.runs if run.check == check]
        return found


Look = Callable[..., Examination]
