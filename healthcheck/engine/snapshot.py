"""What every surface renders: an immutable picture of all targets, and the events between two pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from healthcheck.result import Fix, Status
from healthcheck.run import Run
from healthcheck.target import Target


@dataclass(frozen=True, slots=True)
class CheckState:
    """How one check stands on one target."""

    target: str
    check: str
    status: Status
    """Damped: what people and alerts see."""
    raw_status: Status
    """What the last run saw."""
    reason: str | None
    cause: str | None
    """Id of the root check while blocked."""
    since: datetime
    """When `status` began."""
    last_ok: datetime | None
    run: Run | None
    """The last run; none before the first."""


@dataclass(frozen=True, slots=True)
class TargetState:
    """How one target stands."""

    target: Target
    status: Status
    """The worst of its checks."""
    account: str | None
    """The account seen by credentials.valid, else the one configured."""
    last_round: datetime | None
    checks: tuple[CheckState, ...]
    """In dependency order."""
    gauges: Mapping[str, float]
    """Values that the last runs' results carried, by family name without the prefix."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One cause, over all targets where it is seen, and all that it blocks. Open as long as it exists."""

    id: str
    """Twelve hexadecimal digits, a function of `cause` and `subject` alone: the same after a restart."""
    cause: str
    """Id of the root check."""
    subject: str
    targets: tuple[str, ...]
    status: Status
    """warning, critical or unknown: the most severe of the targets'."""
    reason: str | None
    summary: str
    fix: Fix | None
    blocked: Mapping[str, tuple[str, ...]]
    """Target → ids of the checks that it blocks there (and that joined it there), in dependency order."""
    since: datetime


@dataclass(frozen=True, slots=True)
class PluginFailure:
    """Contributed checks that could not be loaded."""

    name: str
    """The entry point's name."""
    package: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that is known at one moment."""

    taken: datetime
    started: datetime
    generation: int
    status: Status
    """The worst of all targets and plugin failures."""
    targets: tuple[TargetState, ...]
    incidents: tuple[Incident, ...]
    """Most severe first, then oldest first."""
    plugin_failures: tuple[PluginFailure, ...] = ()


class IncidentPhase(Enum):
    """What happened to an incident."""

    OPENED = "opened"
    UPDATED = "updated"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class CheckChanged:
    """A check's damped status changed."""

    target: str
    check: str
    before: Status | None
    """None at the first verdict."""
    after: Status
    reason: str | None
    cause: str | None
    run: Run


@dataclass(frozen=True, slots=True)
class IncidentChanged:
    """An incident opened, changed its status, reason, targets or what it blocks, or closed."""

    phase: IncidentPhase
    incident: Incident


@dataclass(frozen=True, slots=True)
class RoundFinished:
    """All due checks of one target have a verdict."""

    target: str
    round_id: str
    started: datetime
    duration_seconds: float
    statuses: Mapping[Status, int]
    """How many runs came to which raw status."""
    plan_generation: int = 0
    lag_seconds: float = 0.0
    """How long after its due time the round began."""


class Asked(Enum):
    """What became of asking for a look at a target."""

    BEGUN = "begun"
    """It begins now, or when the round that is under way has ended."""
    ALREADY = "already"
    """The same was asked for before, and has not begun."""
    STOPPING = "stopping"
    """No round begins any more."""


Event = Run | CheckChanged | IncidentChanged | RoundFinished


class Observer(Protocol):
    """Is told of each event, in order, from whichever thread it happened on; must be quick and must not raise."""

    def __call__(self, event: Event, /) -> None:
        """Take note of one event."""


@dataclass(frozen=True, slots=True)
class Damping:
    """How often a new raw status must be seen before it becomes the status."""

    failures: int = 2
    """Looks in a row until a worse status stands."""
    recoveries: int = 1
    """Looks in a row until a better status stands."""
    confirm_seconds: float = 30.0
    """How soon a differing raw status is looked at again."""


UNDAMPED = Damping(failures=1, recoveries=1)
"""The doctor's: what it sees is what it says."""
