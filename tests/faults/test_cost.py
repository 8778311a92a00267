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
from healthcheck.result import Status
from healthcheck.run import Run
from healthcheck.testing.world import WorldClient
from tests.faults.conftest import inhabit

_ROLE = ("role.exists", "role.trust", "role.permissions", "role.hygiene")
_WARM = {
    "GetPolicy": 1,  # the customer's; AWS's own is asked for its version once an hour
    "GetRole": 1,
    "GetRolePolicy": 2,
    "ListAttachedRolePolicies": 1,
    "ListRolePolicies": 1,
}
"""What tells whether anything of a role has changed that has two attached policies and two inline ones."""


class Meter:
    """A gateway whose answered calls are counted, but for those about the credentials, on a clock that tests move."""

    def __init__(self, environ: dict[str, str], folder: Path, registry: Registry) -> None:
        self._calls: Counter[str] = Counter()
        self._later = timedelta(0)
        self._gateway = Gateway(environ=environ, clock=self._now, on_call=self._count)
        self._runner = Runner(self._gateway, LocalHost(environ))
        self._environ = environ
        self._folder = folder
        self._registry = registry

    def look(self, *checks: str, statuses: frozenset[Status] = frozenset({Status.OK})) -> dict[str, int]:
        """Look once; return the calls by operation."""
        self._calls.clear()
        load = Loader(
            registry=self._registry,
            plugin_failures=(),
            environ=self._environ,
            cwd=self._folder,
            ambient_region=self._gateway.configured_region,
            only_checks=checks or _ROLE,
        )
        runs: list[Run] = []
        examine(load(), self._runner, clock=self._now, on_run=runs.append)
        assert {run.status for run in runs} == statuses
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
        # A connection that broke off before its answer came costs AWS nothing, and is asked again.
        if service != "sts" and outcome in {"ok", "denied"}:
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


on_shop = pytest.mark.parametrize("meter", ["shop"], indirect=True)
on_fleet = pytest.mark.parametrize("meter", ["fleet"], indirect=True)


@on_shop
def test_a_first_look_at_a_role_takes_at_most_twelve_calls(meter: Meter) -> None:
    """With two attached policies and two inline ones, all four checks together, and AWS's simulator."""
    first = meter.look()

    assert first == {**_WARM, "GetPolicy": 2, "GetPolicyVersion": 2, "SimulatePrincipalPolicy": 2}
    assert sum(first.values()) == 11


@on_shop
def test_buckets_and_keys_cost_calls_of_their_own(meter: Meter) -> None:
    """Two buckets and the key of disks; what the role may do with them is decided by what was read of it before."""
    meter.look()
    more = meter.look(*_ROLE, "role.data_access", "role.encryption")

    of_region = {"ListTrainingJobs": 1}  # region.supported, which comes before any bucket
    assert more == {"DescribeKey": 1, "GetBucketEncryption": 2, "GetKeyPolicy": 1, "HeadBucket": 2, **of_region}


@on_fleet
def test_a_role_that_twenty_regions_share_is_read_once(meter: Meter) -> None:
    """What it may do is asked for each region: it is about other buckets, images and logs there."""
    first = meter.look()

    assert first == {**_WARM, "GetPolicy": 2, "GetPolicyVersion": 2, "SimulatePrincipalPolicy": 2 * 20}


@on_shop
def test_what_was_just_read_is_not_read_again(meter: Meter) -> None:
    meter.look()

    assert meter.look() == {}


@on_shop
def test_later_only_what_may_have_changed_unnoticed_is_read_again(meter: Meter) -> None:
    """IAM tells of a change only who asks for each list, each inline policy and each version in force."""
    meter.look()
    for _ in range(3):
        meter.wait(minutes=15)
        assert meter.look() == _WARM


@on_shop
def test_between_those_looks_one_call_tells_of_the_role_and_its_trust(meter: Meter) -> None:
    meter.look()
    meter.wait(minutes=5)

    assert meter.look("role.exists", "role.trust") == {"GetRole": 1}


@on_shop
def test_after_an_hour_the_simulator_and_awss_own_policies_are_asked_again(meter: Meter) -> None:
    meter.look()
    meter.wait(minutes=60)

    assert meter.look() == {**_WARM, "GetPolicy": 2, "SimulatePrincipalPolicy": 2}


@on_shop
def test_the_simulator_is_asked_as_soon_as_a_policy_has_changed(meter: Meter, world: WorldClient) -> None:
    meter.look()
    meter.wait(minutes=15)
    world.break_("policy-dead")

    later = meter.look(statuses=frozenset({Status.OK, Status.WARNING}))

    assert later == {**_WARM, "GetRolePolicy": 3, "SimulatePrincipalPolicy": 2}


@on_shop
def test_what_the_organization_changes_is_seen_within_the_hour(meter: Meter, world: WorldClient) -> None:
    meter.look()
    world.break_("organization-denies")
    meter.wait(minutes=45)
    meter.look()
    meter.wait(minutes=15)

    later = meter.look(statuses=frozenset({Status.OK, Status.WARNING}))

    assert later["SimulatePrincipalPolicy"] == 3  # once more, with all that a request might bring along


@on_shop
def test_of_a_role_that_may_not_be_read_the_last_job_is_described_once_an_hour(
    meter: Meter, world: WorldClient
) -> None:
    """A job that has ended changes no more; only which one is the last is asked anew."""
    world.break_("dark-role-job-completed")
    calm = frozenset({Status.OK, Status.UNKNOWN})
    first = meter.look("role.exists", "role.trust", statuses=calm)
    meter.wait(minutes=5)

    later = meter.look("role.exists", "role.trust", statuses=calm)

    assert first == {"GetRole": 1, "ListTrainingJobs": 1, "DescribeTrainingJob": 1}
    assert later == {"GetRole": 1, "ListTrainingJobs": 1}
