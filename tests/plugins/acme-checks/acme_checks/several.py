"""Two checks, of which the entry point names one."""

from __future__ import annotations

from collections.abc import Iterator

from healthcheck import Result, Target, check, minutes, ok


@check(every=minutes(5), after=["gpu.driver"])
def first(target: Target) -> Iterator[Result]:
    """The first is well."""
    yield ok(target.name, "well")


@check(every=minutes(5))
def second(target: Target) -> Iterator[Result]:
    """The second is well."""
    yield ok(target.name, "well")
