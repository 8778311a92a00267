"""A stand-in for the daemon behind the web application."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from healthcheck.engine.snapshot import Asked, Snapshot
from healthcheck.registry import Registry
from healthcheck.surfaces.metrics import Metrics
from tests.surfaces.pictures import picture


@dataclass
class Outcome:
    accepted: bool
    sentences: tuple[str, ...]


@dataclass
class World:
    """A daemon's stand-in that notes what it was told to do."""

    shown: Snapshot = field(default_factory=picture)
    healthy: bool = True
    ready: bool = True
    outcome: Outcome = field(default_factory=lambda: Outcome(accepted=True, sentences=("5 targets",)))
    asked: Asked = Asked.BEGUN
    ran: list[str] = field(default_factory=list)
    reloads: int = 0
    registry: Registry = field(default_factory=lambda: Registry([]))
    kept: Metrics = field(default_factory=lambda: Metrics(version="1.2.3"))
    gate: threading.Event | None = None
    """While it is closed, snapshots do not come."""
    entered: threading.Event = field(default_factory=threading.Event)
    """Set once somebody has asked for a snapshot."""
    broken: bool = False

    def snapshot(self) -> Snapshot:
        self.entered.set()
        if self.gate is not None:
            self.gate.wait(30)
        if self.broken:
            raise RuntimeError("a mistake of ours")
        return self.shown

    def metrics(self) -> bytes:
        return self.kept.render(self.shown)

    def is_healthy(self) -> bool:
        return self.healthy

    def is_ready(self) -> bool:
        return self.ready

    def reload(self) -> Outcome:
        self.reloads += 1
        return self.outcome

    def run_target(self, name: str) -> Asked:
        self.ran.append(name)
        return self.asked
