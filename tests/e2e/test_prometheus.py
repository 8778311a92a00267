"""From a fault in AWS to an alert: a real Prometheus scrapes the real daemon, which watches the world of faults.

What is proved: the expressions that an alert would use turn true by the second scrape after the daemon's own API
calls the fault confirmed, and false by the second scrape after it is mended; only the root is critical; a target that
the settings no longer name leaves no series behind; and the page is one that Prometheus's own tools have no complaint
about. Expressions are evaluated at the times of scrapes, so nothing here depends on how fast this machine is.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from healthcheck.engine.discovery import discover
from healthcheck.surfaces.families import FAMILIES
from healthcheck.testing.world import WorldClient
from healthcheck.testing.world.faults import find
from tests.e2e.daemon import PATIENCE_SECONDS, RunningDaemon, hasty, serving
from tests.e2e.prometheus import Prometheus, running_prometheus, wait_until
from tests.support import require

SHOP, VISION = "shop/us-east-1", "vision/us-east-1"
SCRAPES = 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("watched")


@pytest.fixture(scope="module")
def daemon(running_world: WorldClient, folder: Path) -> Iterator[RunningDaemon]:
    with serving(running_world.client(folder, ["shop", "vision"], hasty), folder) as daemon:
        wait_until(daemon.is_ready, seconds=PATIENCE_SECONDS, what="everything has been looked at")
        yield daemon


@pytest.fixture(scope="module")
def prometheus(daemon: RunningDaemon, folder: Path) -> Iterator[Prometheus]:
    with running_prometheus(daemon.url.removeprefix("http://"), folder) as prometheus:
        wait_until(lambda: bool(prometheus.scrapes()), seconds=PATIENCE_SECONDS, what="the daemon is scraped")
        yield prometheus


def second_scrape_after(prometheus: Prometheus, moment: float) -> float:
    """Return the time of the second scrape that began after a moment, when it is there."""

    def later() -> list[float]:
        return [scrape for scrape in prometheus.scrapes() if scrape > moment]

    wait_until(lambda: len(later()) >= SCRAPES, seconds=PATIENCE_SECONDS, what=f"{SCRAPES} more scrapes")
    return later()[SCRAPES - 1]


def behind_it(check: str) -> set[str]:
    """Return the checks that come after one, directly or not."""
    registry = discover().registry
    return {other.id for other in registry if check in registry.closure([other.id]) and other.id != check}


@pytest.mark.parametrize("fault", ["trust-without-sagemaker", "bucket-squatted"])
def test_an_alert_follows_a_fault_and_its_mending_by_the_second_scrape(
    world: WorldClient, daemon: RunningDaemon, prometheus: Prometheus, fault: str
) -> None:
    check, reason = find(fault).check, find(fault).reason
    behind = behind_it(check)
    by_check = f'sagemaker_healthcheck_check_status{{target="{SHOP}",check="{check}"}} == 2'
    by_incident = f'sagemaker_healthcheck_incident_info{{cause="{check}",reason="{reason}",status="critical"}} == 1'
    assert not prometheus.query(by_check)
    assert not prometheus.query(by_incident)

    world.break_(fault)
    wait_until(lambda: daemon.stands(SHOP, check, "critical"), seconds=PATIENCE_SECONDS, what=f"{fault} is confirmed")
    seen = second_scrape_after(prometheus, time.time())

    assert len(prometheus.query(by_check, at=seen)) == 1
    assert len(prometheus.query(by_incident, at=seen)) == 1
    # Nothing else alerts: what is behind the fault is blocked, and the other target is well.
    critical = prometheus.query("sagemaker_healthcheck_check_status == 2", at=seen)
    assert [(sample["metric"]["target"], sample["metric"]["check"]) for sample in critical] == [(SHOP, check)]
    blocked = prometheus.query("sagemaker_healthcheck_check_status == 4", at=seen)
    assert {sample["metric"]["check"] for sample in blocked} == behind
    told = prometheus.query("sagemaker_healthcheck_check_failure_info", at=seen)
    assert {sample["metric"]["check"] for sample in told} == {check, *behind}
    assert {sample["metric"]["cause"] for sample in told} == {check}
    assert {sample["metric"]["reason"] for sample in told if sample["metric"]["check"] == check} == {reason}

    world.mend(fault)
    wait_until(lambda: daemon.stands(SHOP, check, "ok"), seconds=PATIENCE_SECONDS, what=f"{fault} is mended")
    mended = second_scrape_after(prometheus, time.time())

    assert not prometheus.query(by_check, at=mended)
    assert not prometheus.query(by_incident, at=mended)


def test_an_alert_on_silence_hears_the_daemon(daemon: RunningDaemon, prometheus: Prometheus) -> None:
    """What watches the watcher: the scheduler beats, every target was looked at lately, and the settings are good."""
    seen = second_scrape_after(prometheus, time.time())

    assert not prometheus.query("time() - sagemaker_healthcheck_heartbeat_timestamp_seconds > 10", at=seen)
    assert not prometheus.query("time() - sagemaker_healthcheck_target_last_round_timestamp_seconds > 20", at=seen)
    assert not prometheus.query("sagemaker_healthcheck_config_last_reload_successful == 0", at=seen)
    rounds = prometheus.query("sagemaker_healthcheck_target_last_round_timestamp_seconds", at=seen)
    assert {sample["metric"]["target"] for sample in rounds} == {SHOP, VISION}
    assert daemon.get("/-/healthy").code == 200


def test_promtool_has_no_complaint(daemon: RunningDaemon) -> None:
    done = subprocess.run(
        [require("promtool", package="prometheus"), "check", "metrics"],
        input=daemon.get("/metrics").text,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_page_is_read_back_whole(daemon: RunningDaemon) -> None:
    """Each line is a sample, of a family that is declared with its help, type and labels, in one block."""
    text = daemon.get("/metrics").text
    families = list(text_string_to_metric_families(text))

    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert sum(len(family.samples) for family in families) == len(lines)
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    declared = {family.name.removesuffix("_total"): family for family in FAMILIES}
    for family in families:
        ours = declared[family.name]
        assert (family.documentation, family.type) == (ours.help, ours.kind.value)
        if "…" not in ours.labels:  # where the settings' own labels stand
            assert {frozenset(sample.labels) - {"le"} for sample in family.samples} <= {frozenset(ours.labels)}
    labels = [sample.labels for family in families for sample in family.samples]
    assert {each["target"] for each in labels if "target" in each} == {SHOP, VISION}


def test_prometheus_takes_in_every_line(daemon: RunningDaemon, prometheus: Prometheus) -> None:
    assert prometheus.query("up")[0]["value"][1] == "1"

    def counts() -> tuple[int, int]:
        lines = [line for line in daemon.get("/metrics").text.splitlines() if not line.startswith("#")]
        return len(lines), int(prometheus.query("scrape_samples_scraped")[0]["value"][1])

    # A counter may get its first sample of some label between the two readings, so they are compared until they agree.
    wait_until(lambda: len(set(counts())) == 1, seconds=PATIENCE_SECONDS, what="as many samples as lines")


def test_a_target_that_the_settings_no_longer_name_leaves_no_series(
    running_world: WorldClient, daemon: RunningDaemon, prometheus: Prometheus, folder: Path
) -> None:
    of_vision = '{__name__=~"sagemaker_healthcheck_.+",target="vision/us-east-1"}'
    assert prometheus.query(of_vision)

    running_world.client(folder, ["shop"], hasty)
    assert daemon.post("/-/reload").code == 200
    gone = second_scrape_after(prometheus, time.time())

    assert not prometheus.query(of_vision, at=gone)
    assert prometheus.query(f'sagemaker_healthcheck_check_status{{target="{SHOP}"}}', at=gone)

    running_world.client(folder, ["shop", "vision"], hasty)
    assert daemon.post("/-/reload").code == 200
    wait_until(daemon.is_ready, seconds=PATIENCE_SECONDS, what="the target that came back is looked at")
    assert prometheus.query(of_vision, at=second_scrape_after(prometheus, time.time()))
