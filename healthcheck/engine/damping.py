"""How often something must be seen before it is believed: pure steps from look to look."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from healthcheck.engine.snapshot import Damping
from healthcheck.result import SEVERITY, Status


@dataclass(frozen=True, slots=True)
class Standing:
    """What is believed of a check, and how many looks in a row have said otherwise."""

    status: Status | None
    """None: nothing has been seen often enough yet."""
    looks: int = 0
    """In a row that were worse, or in a row that were better."""
    is_worse: bool = False
    """Which of the two."""


NOTHING_STANDS = Standing(None)


@cache  # the few possible standings are shared by all checks of all targets
def after_look(before: Standing, seen: Status, damping: Damping) -> Standing:
    """Return what stands after one more look that counts.

    Looks in a row need not agree with each other, only differ from what stands in the same direction:
    warning, critical, warning is no reason to go on believing in ok. The last of them is then believed.
    The first look is believed when it is good; a bad one must be confirmed like any other.
    """
    if seen is before.status:
        return Standing(seen)
    is_worse = before.status is None or SEVERITY.index(seen) > SEVERITY.index(before.status)
    if before.status is None and not seen.needs_action:
        return Standing(seen)
    looks = before.looks + 1 if before.looks and before.is_worse is is_worse else 1
    needed = damping.failures if is_worse else damping.recoveries
    return Standing(seen) if looks >= needed else Standing(before.status, looks, is_worse)
