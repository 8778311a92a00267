"""A fleet of targets with all that is needed to look at them, in the process that measures."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bench import now
from healthcheck.aws import Gateway
from healthcheck.engine.discovery import discover
from healthcheck.engine.runner import Runner
from healthcheck.host import LocalHost
from healthcheck.loading import Loader
from healthcheck.plan import Plan
from healthcheck.registry import Registry

WORKERS = 64


@dataclass(frozen=True, slots=True)
class Fleet:
    """What the settings name, ready to be looked at; its clients are made."""

    registry: Registry
    gateway: Gateway
    plan: Plan
    runner: Runner


def fleet(settings: str, **of_gateway: Any) -> Fleet:
    """Load a settings file and make the clients that its targets need."""
    discovery = discover()
    gateway = Gateway(environ=os.environ, clock=now, **of_gateway)
    folder, region = Path(settings).parent, gateway.configured_region
    plan = Loader(discovery.registry, (), os.environ, folder, region, explicit=settings)()
    services = {call.partition(".")[0] for check in discovery.registry for call in check.calls}
    gateway.warm([planned.target for planned in plan.targets], services)
    return Fleet(discovery.registry, gateway, plan, Runner(gateway, LocalHost(os.environ), workers=WORKERS))
