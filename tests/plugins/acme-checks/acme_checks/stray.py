"""Comes after a check that does not exist, and after one that so is left out."""

from __future__ import annotations

from collections.abc import Iterator

from healthcheck import Result, Target, check, minutes, ok


@check(every=minutes(5), after=["gpu.drivr"])
def lost(target: Target) -> Iterator[Result]:
    """The lost is well."""
    yield ok(target.name, "well")


@check(every=minutes(5), after=["stray.lost"])
def follower(target: Target) -> Iterator[Result]:
    """The follower is well."""
    yield ok(target.name, "well")


@check(every=minutes(5))
def Loud(target: Target) -> Iterator[Result]:  # noqa: N802 - a name that no id may have
    """The loud is well."""
    yield ok(target.name, "well")
