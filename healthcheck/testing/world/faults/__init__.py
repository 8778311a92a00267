"""Every fault of the world, with the root that it must be traced to."""

from __future__ import annotations

from healthcheck.registry import closest
from healthcheck.testing.world.faults import (
    bucket,
    credentials,
    introspection,
    keys,
    network,
    past_jobs,
    people,
    region,
    rights,
    role,
)
from healthcheck.testing.world.faults.fault import Fault, UnknownFault

__all__ = ["FAULTS", "Fault", "UnknownFault", "find"]

FAULTS: tuple[Fault, ...] = (
    *credentials.FAULTS,
    *region.FAULTS,
    *network.FAULTS,
    *role.FAULTS,
    *rights.FAULTS,
    *people.FAULTS,
    *bucket.FAULTS,
    *keys.FAULTS,
    *introspection.FAULTS,
    *past_jobs.FAULTS,
)
"""In the order of the checks that they are traced to."""

_BY_ID = {fault.id: fault for fault in FAULTS}


def find(fault_id: str) -> Fault:
    """Return a fault by id; raise `UnknownFault` with the nearest id otherwise."""
    try:
        return _BY_ID[fault_id]
    except KeyError:
        raise UnknownFault(fault_id, closest(fault_id, _BY_ID)) from None
