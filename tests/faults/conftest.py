"""The doctor, looking at a world in a process of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from healthcheck.aws import Gateway
from healthcheck.doctor import examine
from healthcheck.engine.discovery import discover
from healthcheck.engine.runner import Runner
from healthcheck.host import LocalHost
from healthcheck.loading import Loader
from healthcheck.registry import Registry
from healthcheck.run import Run
from healthcheck.testing.world import Client, WorldClient, start
from healthcheck.testing.world.client import ClientSide
from tests.faults.examination import Examination, Look


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The checks that are installed."""
    discovery = discover()
    assert discovery.failures == ()
    return discovery.registry


@pytest.fixture(scope="module")
def running_world() -> Iterator[WorldClient]:
    """One world for a module's faults: they are mended, not rebuilt, and what a printed fix adds is left there."""
    with start(setups=("shop", "vision", "fleet")) as world:
        yield world


@pytest.fixture
def world(running_world: WorldClient) -> Iterator[WorldClient]:
    """The world, healthy before and after."""
    yield running_world
    running_world.stop_enforcing()
    running_world.mend_all()


@pytest.fixture
def look(world: WorldClient, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Return a function that examines set-ups of the world as the doctor would, with whatever is broken now."""

    def look(*setups: str, adapt: Callable[[ClientSide], None] = lambda _: None) -> Examination:
        client = world.client(tmp_path, setups or ("shop",), adapt)
        inhabit(client, monkeypatch)
        gateway = Gateway(environ=client.environ, clock=lambda: datetime.now(UTC))
        load = Loader(
            registry=registry,
            plugin_failures=(),
            environ=client.environ,
            cwd=tmp_path if client.settings else tmp_path / "home",
            ambient_region=gateway.configured_region,
        )
        runner = Runner(gateway, LocalHost(client.environ))
        runs: list[Run] = []
        try:
            snapshot = examine(load(), runner, clock=lambda: datetime.now(UTC), on_run=runs.append)
        finally:
            runner.close(0)
            gateway.close()
        return Examination(snapshot, tuple(runs))

    return look


def inhabit(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process have the client's environment and no other: botocore reads it by itself."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "SAGEMAKER_")) or name.lower() in {"http_proxy", "https_proxy", "no_proxy"}:
            monkeypatch.delenv(name)
    for name, value in client.environ.items():
        monkeypatch.setenv(name, value)
