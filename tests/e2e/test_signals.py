"""The daemon as its supervisor and its operator meet it: signals, lifecycle requests, probes and the log.

Each order is sent to a process that watches the world of faults over HTTP, and its effect is read where an operator
would read it: in the exit code, the log, the metrics and the answers.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from healthcheck.daemon import LOG_EVENTS as DAEMON_EVENTS
from healthcheck.surfaces.logs import EVENTS as ENGINE_EVENTS
from healthcheck.testing.world import Client, WorldClient
from healthcheck.testing.world.client import ClientSide
from tests.e2e.daemon import PATIENCE_SECONDS, RunningDaemon, patient, serving
from tests.e2e.prometheus import wait_until

SHOP, VISION = "shop/us-east-1", "vision/us-east-1"
SHUTDOWN_SECONDS = 2
RELOADED = "sagemaker_healthcheck_config_last_reload_successful"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def running(running_world: WorldClient, folder: Path) -> Iterator[RunningDaemon]:
    with serving(running_world.client(folder, ["shop"], patient), folder) as daemon:
        wait_until(daemon.is_ready, seconds=PATIENCE_SECONDS, what="everything has been looked at")
        daemon.wait("round.finished")
        yield daemon


@pytest.fixture
def daemon(running: RunningDaemon, world: WorldClient, folder: Path) -> Iterator[RunningDaemon]:
    """A daemon that watches one set-up, and does after the first look only what it is told."""
    yield running
    world.client(folder, ["shop"], patient)
    assert running.post("/-/reload").code == 200


def brief(side: ClientSide) -> None:
    """Look once, take orders by signal only, and wait for little when stopping."""
    patient(side)
    side.daemon.update(enable_lifecycle=False, shutdown_after=f"{SHUTDOWN_SECONDS}s")


def unhurried(side: ClientSide) -> None:
    """Wait, when stopping, for longer than any test lasts."""
    patient(side)
    side.daemon.update(shutdown_after="10m")


def one_call(side: ClientSide) -> None:
    """Look at little: what takes no time, and what takes one call."""
    patient(side)
    side.checks = {"*": {"enabled": False, "every": "1h"}}
    side.checks |= {"role.configured": {"enabled": True}, "credentials.valid": {"enabled": True}}


def hup(daemon: RunningDaemon) -> None:
    daemon.send(signal.SIGHUP)


def post(daemon: RunningDaemon) -> None:
    daemon.post("/-/reload")


def look_by_signal(daemon: RunningDaemon) -> None:
    daemon.send(signal.SIGUSR1)


def look_by_request(daemon: RunningDaemon) -> None:
    answer = daemon.post(f"/api/v1/targets/{SHOP}/run")
    assert (answer.code, answer.document()) == (202, {"target": SHOP, "started": True})


def reloads(daemon: RunningDaemon) -> str:
    """Return the metric's value."""
    lines = daemon.get("/metrics").text.splitlines()
    return next(line.partition(" ")[2] for line in lines if line.startswith(RELOADED + " "))


def watched(daemon: RunningDaemon) -> list[str]:
    return [target["name"] for target in daemon.get("/api/v1/status").document()["targets"]]


@pytest.mark.parametrize("order", [hup, post])
def test_a_good_file_is_put_in_force(
    daemon: RunningDaemon, world: WorldClient, folder: Path, order: Callable[[RunningDaemon], None]
) -> None:
    """The new target is looked at without waiting for its turn; what did not change is not looked at again."""
    before = daemon.runs(SHOP)
    reloaded = len(daemon.events("config.reloaded"))
    world.client(folder, ["shop", "vision"], patient)

    order(daemon)

    event = daemon.wait("config.reloaded", after=reloaded)
    assert (event["targets"], event["config"]) == ([SHOP, VISION], str(daemon.settings))
    wait_until(daemon.is_ready, seconds=PATIENCE_SECONDS, what="the new target has been looked at")
    assert {run["status"] for run in daemon.runs(VISION).values()} == {"ok"}
    assert daemon.runs(SHOP) == before
    assert reloads(daemon) == "1.0"
    assert f'target="{VISION}"' in daemon.get("/metrics").text
    assert VISION in daemon.get("/").text


def test_a_bad_file_changes_nothing_and_is_told_everywhere(daemon: RunningDaemon) -> None:
    """By signal there is no answer, so the log and the metric say what the answer to a request says."""
    good = daemon.settings.read_text("utf-8")
    line = good.splitlines().index("  '*':") + 2
    refused = len(daemon.events("config.refused"))
    daemon.settings.write_text(good.replace("targets:", "tragets:").replace("every:", "evry:"), "utf-8")

    hup(daemon)
    by_signal = daemon.wait("config.refused", after=refused)
    answer = daemon.post("/-/reload")

    assert answer.code == 400
    assert answer.document() == {"accepted": False, "sentences": by_signal["mistakes"]}
    assert [sentence.partition(": ")[0] for sentence in by_signal["mistakes"]] == [
        f"{daemon.settings}:1:1",
        f"{daemon.settings}:{line}:5",
    ]
    assert "did you mean targets?" in by_signal["mistakes"][0]
    assert reloads(daemon) == "0.0"
    # The old settings are in force: the target is there, and looked at when asked.
    assert watched(daemon) == [SHOP]
    daemon.look_again(SHOP, "role.trust")

    daemon.settings.write_text(good, "utf-8")
    answer = daemon.post("/-/reload")
    assert (answer.code, answer.document()["accepted"]) == (200, True)
    assert reloads(daemon) == "1.0"


def test_a_file_that_vanished_changes_nothing(daemon: RunningDaemon) -> None:
    refused = len(daemon.events("config.refused"))
    aside = daemon.settings.rename(daemon.settings.with_name("aside.yaml"))

    hup(daemon)

    (mistake,) = daemon.wait("config.refused", after=refused)["mistakes"]
    aside.rename(daemon.settings)
    assert str(daemon.settings) in mistake
    assert watched(daemon) == [SHOP]


@pytest.mark.parametrize("order", [look_by_signal, look_by_request])
def test_a_mended_fault_is_seen_as_soon_as_somebody_asks(
    daemon: RunningDaemon, world: WorldClient, order: Callable[[RunningDaemon], None]
) -> None:
    """Nothing is due for an hour. Two looks confirm a fault, one its mending, and none uses remembered answers."""
    incidents = len(daemon.events("incident.opened"))
    world.break_("bucket-squatted")
    for _ in range(2):
        daemon.look_again(SHOP, "bucket.reachable", lambda: order(daemon))

    opened = daemon.wait("incident.opened", after=incidents)
    assert (opened["cause"], opened["reason"], opened["targets"]) == ("bucket.reachable", "squatted", [SHOP])
    assert opened["level"] == "error"
    assert daemon.stands(SHOP, "bucket.reachable", "critical")
    world.mend("bucket-squatted")
    closed = len(daemon.events("incident.closed"))
    daemon.look_again(SHOP, "bucket.reachable", lambda: order(daemon))
    assert daemon.stands(SHOP, "bucket.reachable", "ok")
    assert daemon.wait("incident.closed", after=closed)["incident"] == opened["incident"]


def test_a_target_that_does_not_exist_is_told_with_a_neighbour(daemon: RunningDaemon) -> None:
    answer = daemon.post("/api/v1/targets/shpo/us-east-1/run")

    assert answer.code == 404
    assert f"did you mean {SHOP}?" in answer.document()["error"]


def test_changes_are_refused_from_web_pages_and_under_other_names(daemon: RunningDaemon) -> None:
    """A page in the operator's browser may send a POST to this machine; nothing comes of it."""
    before = len(daemon.events("config.reloaded"))

    from_a_page = daemon.post("/-/reload", Origin="http://evil.example")
    rebound = daemon.post("/-/reload", Host="evil.example")

    assert (from_a_page.code, rebound.code) == (403, 421)
    assert len(daemon.events("config.reloaded")) == before


def test_every_line_has_a_named_event(daemon: RunningDaemon) -> None:
    """The names and fields that programs rely on; that every line is JSON is asked each time the log is read."""
    lines = daemon.events()

    assert {line["event"] for line in lines} <= {*DAEMON_EVENTS, *ENGINE_EVENTS}
    assert all(list(line)[:3] == ["timestamp", "level", "event"] for line in lines)
    (started,) = daemon.events("daemon.started")
    assert started["process_id"] == daemon.process.pid
    logged = {line["run_id"] for line in daemon.events("check.finished") if line["target"] == SHOP}
    assert {run["run_id"] for run in daemon.runs(SHOP).values()} <= logged


@pytest.fixture
def briefly(world: WorldClient, tmp_path: Path) -> Client:
    """Settings of a daemon of the test's own, which takes no orders by request."""
    return world.client(tmp_path, ["shop"], brief)


def test_stopping_drains_what_runs(world: WorldClient, tmp_path: Path) -> None:
    """A round that is under way ends by itself where the time allows it, and its verdicts are told."""
    with serving(world.client(tmp_path, ["shop"], one_call), tmp_path) as daemon:
        wait_until(daemon.is_ready, seconds=PATIENCE_SECONDS, what="everything has been looked at")
        world.break_("endpoint-slow")
        daemon.look_again(SHOP, "role.configured", lambda: look_by_signal(daemon))

        daemon.stop()

        told = [(line["event"], line.get("check")) for line in daemon.events()]
        last = told[told.index(("daemon.stopping", None)) :]
        assert ("check.finished", "credentials.valid") in last
        assert ("round.finished", None) in last
        assert daemon.events("daemon.stopped")[0]["clean"] is True


def test_stopping_waits_no_longer_than_it_may_for_what_hangs(
    world: WorldClient, briefly: Client, tmp_path: Path
) -> None:
    """Behind an endpoint that never answers, the probes still tell the truth, and SIGTERM still ends the process."""
    world.break_("endpoint-hangs")
    with serving(briefly, tmp_path) as daemon:
        daemon.wait("check.finished")
        assert daemon.get("/-/healthy").code == 200
        unready = daemon.get("/-/ready")
        assert unready.code == 503
        assert "Not every target has been looked at" in unready.text

        # Beyond the bound, a process on a busy machine needs some time to end at all.
        assert daemon.stop() < SHUTDOWN_SECONDS + 3
        assert daemon.events("daemon.stopped")[0]["clean"] is False


def test_a_second_signal_ends_the_process_at_once(world: WorldClient, tmp_path: Path) -> None:
    """An operator in a hurry need not wait for the bound."""
    world.break_("endpoint-hangs")
    with serving(world.client(tmp_path, ["shop"], unhurried), tmp_path) as daemon:
        daemon.wait("check.finished")
        daemon.send(signal.SIGTERM)
        daemon.wait("daemon.stopping")
        daemon.send(signal.SIGTERM)
        assert daemon.process.wait(PATIENCE_SECONDS) == -signal.SIGTERM


@pytest.mark.parametrize("path", ["/-/reload", f"/api/v1/targets/{SHOP}/run"])
def test_no_request_changes_anything_unless_that_is_enabled(running_brief: RunningDaemon, path: str) -> None:
    before = len(running_brief.events())

    refused = running_brief.post(path)

    assert refused.code == 403
    assert "--enable-lifecycle" in refused.text
    assert running_brief.events()[before:] == []


def test_the_probes_of_a_daemon_at_work(running_brief: RunningDaemon) -> None:
    assert running_brief.get("/-/healthy").text == "healthy\n"
    assert running_brief.get("/-/ready").text == "ready\n"


@pytest.fixture(scope="module")
def running_brief(running_world: WorldClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    folder = tmp_path_factory.mktemp("closed")
    with serving(running_world.client(folder, ["shop"], brief), folder) as daemon:
        wait_until(daemon.is_ready, seconds=PATIENCE_SECONDS, what="everything has been looked at")
        daemon.wait("round.finished")
        yield daemon
