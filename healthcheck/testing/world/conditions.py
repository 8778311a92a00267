"""The conditions that hold in the world, which faults change: the way to AWS, and accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any


@dataclass(slots=True)
class Weather:
    """How the way to AWS is behind one door. Mutable: faults make it bad."""

    latency_seconds: float = 0.0
    is_throttled: bool = False
    is_failing: bool = False
    is_portal: bool = False
    clock_offset: timedelta = timedelta(0)
    """How far AWS's clock is ahead of this machine's: what a skewed host sees of it."""


@dataclass(slots=True)
class Account:
    """What is true of a whole account. Mutable: faults change it."""

    number: str
    enabled_regions: set[str] = field(default_factory=set)
    """The opt-in regions that it has opted in to."""
    open_buckets: set[str] = field(default_factory=set)
    """Buckets that other accounts may list."""
    denied_to_visitors: set[str] = field(default_factory=set)
    """IAM actions that are denied to whoever assumes a role here."""
    service_control_policies: list[dict[str, Any]] = field(default_factory=list)
    """Documents of the organization that bind the account; none = nothing is limited."""
    role_external_ids: dict[str, str] = field(default_factory=dict)
    """Role ARN → the external id that its trust policy asks for."""
