"""Two checks that come after each other, and one that has nothing to do with it."""

from __future__ import annotations

from collections.abc import Iterator

from healthcheck import Result, Target, check, minutes, ok


@check(every=minutes(5), after=["circle.egg"])
def hen(target: Target) -> Iterator[Result]:
    """The hen is well."""
    yield ok(target.name, "well")


@check(every=minutes(5), after=["circle.hen"])
def egg(target: Target) -> Iterator[Result]:
    """The egg is well."""
    yield ok(target.name, "well")


@check(every=minutes(5))
def bystander(target: Target) -> Iterator[Result]:
    """The bystander is well."""
    yield ok(target.name, "well")
