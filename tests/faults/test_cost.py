"""What a look at a role costs in calls to AWS, counted on the wire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from healthcheck.aws import Gateway
from healthcheck.doctor import examine
from healthcheck.engine.runner import Runner
from healthcheck.host import LocalHost
from healthcheck.loading import Loader
from healthcheck.registry import Registry
from healthcheck.run import Run
from healthcheck.testing.world import WorldClient
from tests.faults.conftest import inhabit

_ROLE = ("role.exists", "role.trust", "role.permissions", "role.hygiene")


class Meter:
    """A gateway whose calls to IAM are counted, on a clock that the test moves."""

    def __init__(self, environ: dict[str, str], folder: Path, registry: Registry) -> None:
        self._calls: Counter[str] = Counter()
        self._later = timedelta(0)
        self._gateway = Gateway(environ=environ, clock=self._now, on_call=self._count)
        self._runner = Runner(self._gateway, LocalHost(environ))
        self._load = Loader(
            registry=registry,
            plugin_failures=(),
            environ=environ,
            cwd=folder,
            ambient_region=self._gateway.configured_region,
            only_checks=_ROLE,
        )

    def look(self) -> dict[str, int]:
        """Look once; return the calls to IAM by operation."""
        self._calls.clear()
        runs: list[Run] = []
        examine(self._load(), self._runner, clock=self._now, on_run=runs.append)
        assert {run.status.value for run in runs} == {"ok"}
        return dict(self._calls)

    def wait(self, **delta: float) -> None:
        """Let time pass."""
        self._later += timedelta(**delta)

    def close(self) -> None:
        """Give everything back."""
        self._runner.close(0)
        self._gateway.close()

    def _now(self) -> datetime:
        return datetime.now(UTC) + self._later

    def _count(self, service: str, operation: str, outcome: str) -> None:
        if service == "iam" and outcome != "remembered" and operation != "SimulatePrincipalPolicy":
            self._calls[operation] += 1


@pytest.fixture
def meter(
    world: WorldClient,
    registry: Registry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[Meter]:
    client = world.client(tmp_path, [request.param])
    inhabit(client, monkeypatch)
    made = Meter(dict(client.environ), tmp_path, registry)
    yield made
    made.close()


@pytest.mark.parametrize("meter", ["shop"], indirect=True)
def test_a_first_look_at_a_role_takes_at_most_twelve_calls(meter: Meter) -> None:
    """With two attached policies and two inline ones, all four checks together."""
    assert sum(meter.look().values()) == 9


@pytest.mark.parametrize("meter", ["fleet"], indirect=True)
def test_a_role_that_twenty_regions_share_is_read_once(meter: Meter) -> None:
    assert sum(meter.look().values()) == 9


@pytest.mark.parametrize("meter", ["shop"], indirect=True)
def test_what_was_just_read_is_not_read_again(meter: Meter) -> None:
    meter.look()

    assert meter.look() == {}


@pytest.mark.parametrize("meter", ["shop"], indirect=True)
def test_later_no_version_of_a_policy_is_read_again(meter: Meter) -> None:
    """IAM tells of a change only who asks for each list, each inline policy and each version in force."""
    first = meter.look()
    meter.wait(minutes=15)

    assert meter.look() == {operation: count for operation, count in first.items() if operation != "GetPolicyVersion"}
