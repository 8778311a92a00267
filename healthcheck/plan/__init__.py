"""What is watched and how: targets times checks, bound and typed, before anything runs."""

from healthcheck.config.model import DaemonSettings
from healthcheck.plan.building import AMBIENT_NAME, ROLE_VARIABLE, build, load
from healthcheck.plan.model import BoundCheck, Plan, PlannedTarget, Selection
from healthcheck.plan.showing import show

__all__ = [
    "AMBIENT_NAME",
    "ROLE_VARIABLE",
    "BoundCheck",
    "DaemonSettings",
    "Plan",
    "PlannedTarget",
    "Selection",
    "build",
    "load",
    "show",
]
