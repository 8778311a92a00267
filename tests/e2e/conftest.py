"""One world for all tests of the whole; each finds it healthy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from healthcheck.testing.world import WorldClient, start


@pytest.fixture(scope="session")
def running_world() -> Iterator[WorldClient]:
    """A user with keys of its own, and a role that this user assumes in another account."""
    with start(setups=["shop", "vision"]) as world:
        yield world


@pytest.fixture
def world(running_world: WorldClient) -> Iterator[WorldClient]:
    """The world, healthy before and after."""
    yield running_world
    running_world.stop_enforcing()
    running_world.mend_all()
