"""Checks of somebody else's that misbehave, installed for real: they are seen as unknown; everything else goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from healthcheck.testing.world import WorldClient
from healthcheck.testing.world.client import ClientSide
from tests.e2e.daemon import PATIENCE_SECONDS, RunningDaemon, patient, serving
from tests.e2e.prometheus import wait_until

SHOP = "shop/us-east-1"
PLUGIN = Path(__file__).parents[1] / "plugins" / "rogue-checks"
SHUTDOWN_SECONDS = 2

# What a check may come by in the daemon's environment, and tell in its exceptions.
SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "9fXk2mQw7Lr0tYc5Vb8Zn3Hs6Jd1Pg4AuEiOxKqW",
    "CANARY_PASSWORD": "correct horse battery staple",
    "HTTPS_PROXY": "http://proxyuser:Tr0ub4dor@proxy.example:3128",
}
TELLING = [*SECRETS.values(), "Tr0ub4dor", "battery staple"]

# What a look is said to have come to. One that took too long says nothing of the set-up, so it is what follows from
# having heard nothing for three cadences that stands.
REASONS = {
    "rogue.hangs": "stale",
    "rogue.crashes": "crashed",
    "rogue.quits": "crashed",
    "rogue.babbles": "bad_result",
    "rogue.returns": "bad_result",
    "rogue.silent": "no_verdict",
    "rogue.endless": "bad_result",
    "rogue.mislabels": "bad_result",
    "rogue.oversteps": "undeclared_call",
}


def bounded(side: ClientSide) -> None:
    """Look once and once more, but often at what hangs; and wait for little when stopping."""
    patient(side)
    side.checks["rogue.hangs"] = {"every": "2s"}
    side.daemon.update(confirm_after="1s", shutdown_after=f"{SHUTDOWN_SECONDS}s")


def install(package: Path, folder: Path) -> None:
    """Install a package into a folder, as any package is."""
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    assert uv, "uv is missing: make test installs it beside python"
    command = [uv, "pip", "install", "--quiet", "--offline", "--no-cache", "--no-deps", "--no-build-isolation"]
    command += ["--python", sys.executable, "--target", str(folder), str(package)]
    subprocess.run(command, check=True, timeout=PATIENCE_SECONDS * 2)


@pytest.fixture(scope="module")
def daemon(running_world: WorldClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    folder, packages = tmp_path_factory.mktemp("rogue"), tmp_path_factory.mktemp("site-packages")
    install(PLUGIN, packages)
    client = running_world.client(folder, ["shop"], bounded)
    with serving(client, folder, PYTHONPATH=str(packages), **SECRETS) as daemon:
        wait_until(
            lambda: REASONS.items() <= {check: run["reason"] for check, run in daemon.runs(SHOP).items()}.items(),
            seconds=PATIENCE_SECONDS,
            what="each rogue check is judged for what it does",
        )
        yield daemon


def test_each_is_unknown_and_told_what_to_do(daemon: RunningDaemon) -> None:
    """Not the set-up is at fault but the check, and the sentence names it; each is an incident of its own."""
    runs = daemon.runs(SHOP)

    rogue = {check: run for check, run in runs.items() if run["status"] == "unknown"}
    assert rogue.keys() == REASONS.keys()
    last = {check: run["results"][-1] for check, run in rogue.items()}
    assert {check: result["reason"] for check, result in last.items()} == REASONS | {"rogue.hangs": "timed_out"}
    assert [check for check, result in last.items() if check not in result["summary"]] == []
    assert [check for check, result in last.items() if not result["fix"]["text"]] == []
    assert "DeleteRole" in last["rogue.oversteps"]["summary"]
    incidents = daemon.get("/api/v1/incidents").document()["incidents"]
    assert {incident["cause"] for incident in incidents} >= REASONS.keys()


def test_everything_else_goes_on(daemon: RunningDaemon) -> None:
    """The checks that are built in, and one that comes after all of those that could not judge."""
    others = {check: run["status"] for check, run in daemon.runs(SHOP).items() if check not in REASONS}

    assert others.pop("rogue.behaves") == "ok"
    # The environment's stray half of a pair of keys is a finding of its own, and a true one.
    assert others.pop("credentials.shadowing") in {"ok", "warning"}
    assert set(others.values()) == {"ok"}
    assert daemon.get("/-/healthy").code == 200


def test_what_cannot_be_imported_is_told_everywhere(daemon: RunningDaemon) -> None:
    failures = daemon.get("/api/v1/status").document()["plugin_failures"]

    (failure,) = [failure for failure in failures if failure["package"] == "rogue-checks"]
    assert failure["name"] == "raises"
    assert "cannot be imported: RuntimeError" in failure["sentence"]
    assert f"sagemaker_healthcheck_plugin_failures {len(failures)}.0" in daemon.get("/metrics").text
    assert "rogue-checks" in daemon.get("/").text
    (event,) = [event for event in daemon.events("plugin.failed") if event["package"] == "rogue-checks"]
    assert event["level"] == "error"


def test_the_place_of_a_crash_is_in_the_log_and_not_in_the_verdict(daemon: RunningDaemon) -> None:
    """The operator gets a sentence, and whoever mends the check gets the line."""
    traces = [line["traceback"] for line in daemon.events() if "traceback" in line]

    assert any("rogue.py" in trace and "RuntimeError" in trace for trace in traces)
    assert "Traceback" not in daemon.get("/api/v1/status").text
    assert "Traceback" not in daemon.get("/").text


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/v1/status", "/api/v1/incidents", "/api/v1/checks"])
def test_no_secret_that_a_check_tells_is_shown(daemon: RunningDaemon, path: str) -> None:
    assert [secret for secret in TELLING if secret in daemon.get(path).text] == []


def test_no_secret_that_a_check_tells_is_logged(daemon: RunningDaemon) -> None:
    log = daemon.log.read_text("utf-8")

    assert "[redacted]" in log
    assert [secret for secret in TELLING if secret in log] == []


def test_a_worker_that_hangs_is_counted_and_its_check_is_not_begun_again(daemon: RunningDaemon) -> None:
    """Looking again and again must not fill the process with hung threads."""
    for _ in range(3):
        daemon.look_again(SHOP, "rogue.silent")

    assert "sagemaker_healthcheck_workers_abandoned 1.0" in daemon.get("/metrics").text
    assert daemon.get("/-/healthy").code == 200


def test_stopping_is_bounded_all_the_same(daemon: RunningDaemon) -> None:
    """Last of its module: it ends the daemon."""
    assert daemon.stop() < SHUTDOWN_SECONDS + 3
    (stopped,) = daemon.events("daemon.stopped")
    assert (stopped["clean"], stopped["workers_abandoned"]) == (False, 1)
