"""Every query of every panel, asked of a real Prometheus that scrapes the real daemon while something is broken.

Takes a third of a minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from healthcheck.result import Status
from healthcheck.testing.world import WorldClient
from healthcheck.testing.world.client import ClientSide
from healthcheck.testing.world.faults import find
from tests.deploy.test_dashboards import QUERIES, filled, panels
from tests.e2e.daemon import PATIENCE_SECONDS, RunningDaemon, hasty, serving
from tests.e2e.prometheus import Prometheus, running_prometheus, wait_until
from tools.tables import own_checks

pytestmark = pytest.mark.slow

TARGET = "shop/us-east-1"
BROKEN, ENDING = find("trust-without-sagemaker"), find("credentials-expire-soon")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shown")


def ending(side: ClientSide) -> None:
    hasty(side)
    assert ENDING.client is not None
    ENDING.client(side, "shop")


@pytest.fixture(scope="module")
def daemon(running_world: WorldClient, folder: Path) -> Iterator[RunningDaemon]:
    """A daemon that has seen everything well, but credentials that end, and then something break."""
    running_world.mend_all()
    with serving(running_world.client(folder, ["shop", "vision"], ending), folder) as daemon:
        wait_until(daemon.is_ready, seconds=PATIENCE_SECONDS, what="everything has been looked at")
        running_world.break_(BROKEN.id)
        for fault, status in ((BROKEN, "critical"), (ENDING, "warning")):
            check, what = fault.check, f"{fault.id} is confirmed"
            wait_until(lambda c=check, s=status: daemon.stands(TARGET, c, s), seconds=PATIENCE_SECONDS, what=what)  # type: ignore[misc]
        yield daemon
        running_world.mend_all()


@pytest.fixture(scope="module")
def prometheus(daemon: RunningDaemon, folder: Path) -> Iterator[Prometheus]:
    with running_prometheus(daemon.url.removeprefix("http://"), folder) as prometheus:
        # A rate needs two looks of Prometheus, and a look of the daemon between them.
        rate = "sum(rate(sagemaker_healthcheck_scheduler_lag_seconds_count[10s])) > 0"
        wait_until(lambda: bool(prometheus.query(rate)), seconds=PATIENCE_SECONDS, what="rounds are counted")
        yield prometheus


@pytest.mark.parametrize("expression", QUERIES)
def test_each_query_has_an_answer(prometheus: Prometheus, expression: str) -> None:
    assert prometheus.query(filled(expression, TARGET))


@pytest.mark.parametrize("expression", QUERIES)
def test_no_query_claims_anything_where_no_daemon_is_scraped(prometheus: Prometheus, expression: str) -> None:
    assert prometheus.query(filled(expression.replace("$job", "nobody"), TARGET)) == []


def asked(prometheus: Prometheus, title: str) -> list[list[dict[str, Any]]]:
    """What the queries of a panel are answered."""
    panel = next(panel for _, panel in panels() if panel["title"] == title)
    return [prometheus.query(filled(query["expr"], TARGET)) for query in panel["targets"]]


def test_the_grid_shows_the_most_severe_status_of_each_part_and_what_is_worst_first(prometheus: Prometheus) -> None:
    (samples,) = asked(prometheus, "How each target stands, part by part")
    stands = {(one["metric"]["target"], one["metric"]["part"]): int(one["value"][1]) for one in samples}
    assert {part for _, part in stands} == {check.module for check in own_checks()}
    not_ok = {place: code for place, code in stands.items() if code != Status.OK.code}
    # Others of the role's checks are blocked, whose number is higher.
    assert list(not_ok.items()) == [
        ((TARGET, "role"), Status.CRITICAL.code),
        ((TARGET, "credentials"), Status.WARNING.code),
    ]
    assert list(stands)[:2] == list(not_ok)


def test_what_is_not_ok_has_its_status_and_its_cause(prometheus: Prometheus) -> None:
    statuses, last_ok = asked(prometheus, "What is not ok")
    shown = {one["metric"]["check"]: (int(one["value"][1]), one["metric"]["cause"]) for one in statuses}
    assert shown[BROKEN.check] == (Status.CRITICAL.code, BROKEN.check)
    assert shown[ENDING.check] == (Status.WARNING.code, ENDING.check)
    others = {verdict for check, verdict in shown.items() if check not in (BROKEN.check, ENDING.check)}
    assert others == {(Status.BLOCKED.code, BROKEN.check)}
    # What has been wrong since the daemon's start was never seen ok.
    assert {one["metric"]["check"] for one in last_ok} == shown.keys() - {ENDING.check}


def test_incidents_are_shown_with_their_targets_and_their_age(prometheus: Prometheus) -> None:
    targets, ages, examples = (
        {sample["metric"]["cause"]: sample for sample in samples} for samples in asked(prometheus, "Open incidents")
    )
    assert {cause: sample["metric"]["status"] for cause, sample in targets.items()} == {
        BROKEN.check: "critical",
        ENDING.check: "warning",
    }
    for cause, sample in targets.items():
        # Grafana makes one row of what has the same labels.
        assert sample["metric"] == ages[cause]["metric"]
        assert 0 < float(ages[cause]["value"][1]) < 90
        # And another column of it.
        assert examples[cause]["metric"] == {**sample["metric"], "target": TARGET}
    assert targets[BROKEN.check]["value"][1] == "1"
