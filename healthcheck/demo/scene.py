"""What the demo shows: its targets, what is broken in them at first, and how often it looks."""

from __future__ import annotations

from healthcheck.testing.world.client import ClientSide

TARGETS = ("shop", "vision", "forecast", "fraud", "churn", "pricing")
"""The first is healthy and is what ``--break`` hits."""

BROKEN_AT_FIRST = (
    ("trust-without-sagemaker", "vision"),
    ("permissions-denied", "forecast"),
    ("bucket-squatted", "fraud"),
    ("key-deactivated", "churn"),
    ("may-not-iam-GetRole", "pricing"),
)
"""A root with something behind it; one root in three regions; a danger; a root that hides all else; and something
that cannot be seen."""

_TEAMS = {"shop": "web", "vision": "research", "forecast": "supply", "fraud": "risk", "churn": "web", "pricing": "web"}


def adapt(side: ClientSide) -> None:
    """Look every few seconds, so that the page follows what is broken and mended while one watches."""
    for name, target in side.targets.items():
        target["labels"] = {"team": _TEAMS[name]}
        target["purposes"] = ["training", "hosting"] if name == "shop" else ["training"]
    side.checks["*"] = {"every": "10s"}
    side.daemon.update(failures_to_fail="2", confirm_after="2s", log_level="warning", enable_lifecycle="true")
