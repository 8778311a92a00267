"""What a fault is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from healthcheck.errors import HealthcheckError
from healthcheck.result import Status
from healthcheck.testing.world.client import ClientSide
from healthcheck.testing.world.setups import Area, Setup


class UnknownFault(HealthcheckError):
    """An id names no fault."""

    def __init__(self, fault: str, suggestion: str | None) -> None:
        self.fault = fault
        self.suggestion = suggestion
        hint = f"; did you mean {suggestion}?" if suggestion else "; --faults lists them all"
        super().__init__(f"there is no fault {fault}{hint}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong, and the root that it must be traced to."""

    id: str
    sentence: str
    """What is wrong, as the person would tell it who knows."""
    check: str
    """The check that must name it."""
    reason: str
    status: Status = Status.CRITICAL
    hits: str | None = None
    """The set-up that it hits unless another is named; none = the first."""
    area: Area | None = None
    """The part of the set-up that `strike` breaks and that mending rebuilds."""
    strike: Callable[[Setup], None] | None = None
    """Break it in the world."""
    client: Callable[[ClientSide, str], None] | None = None
    """Break it on the client's side: in its files, settings or environment, for the target of this name."""
    needs_restart: bool = False
    """The client's environment changes, which a running process does not see."""
    also: Mapping[str, tuple[Status, str]] = field(default_factory=dict)
    """Checks that see it too in a way of their own, and what they say."""
    missing_action: str | None = None
    """The IAM action that must be named as missing."""
