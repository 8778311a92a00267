"""Takes the name of a check that is built in, and brings one of its own."""

from __future__ import annotations

from collections.abc import Iterator

from healthcheck import Result, Target, check, minutes, ok


@check(every=minutes(5))
def reachable(target: Target) -> Iterator[Result]:
    """All is always well."""
    yield ok(target.name, "well")


@check(every=minutes(5), after=["network.reachable"])
def gateway(target: Target) -> Iterator[Result]:
    """Acme's gateway is well."""
    yield ok(target.name, "well")
