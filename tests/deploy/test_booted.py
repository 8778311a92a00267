"""The units on a machine that really boots. About a minute, most of it to install a Debian."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deploy import debian
from tests.deploy.machine import DAEMON, Machine, booted
from tests.deploy.places import INSTALLED, ROOT
from tests.surfaces.certificates import LOCAL, Authority

pytestmark = pytest.mark.slow

SETTINGS = "/etc/sagemaker-healthcheck/healthcheck.yaml"
GOOD = """\
daemon: {confirm_after: 1s}
targets:
  - {name: prod, profile: prod, regions: [us-east-1]}
"""
LOOK = "sagemaker-healthcheck-run.service"
PAGE = "/run/sagemaker-healthcheck/sagemaker-healthcheck.prom"


@pytest.fixture(scope="module")
def machine(system: Path, sources: Path, wheels: Path, workshop: Path) -> Iterator[Machine]:
    """A machine on which all is installed as docs/production.md says, and nothing runs yet."""
    debian.install(system, sources, wheels)
    with booted(system, workshop / "console.log") as machine:
        machine.write(SETTINGS, GOOD)
        machine.write("/etc/sagemaker-healthcheck/aws-config", "[profile prod]\nregion = us-east-1\n", mode="600")
        keys = f"[prod]\naws_access_key_id = AKIA{'0' * 16}\naws_secret_access_key = {'0' * 40}\n"
        machine.write("/etc/sagemaker-healthcheck/aws-credentials", keys, mode="600")
        machine.types("systemd-sysusers")
        yield machine


@pytest.fixture
def daemon(machine: Machine) -> Iterator[Machine]:
    """The machine while the daemon runs."""
    machine.types("systemctl", "start", DAEMON)
    yield machine
    machine.types("systemctl", "stop", DAEMON)


def runs(machine: Machine) -> dict[str, str]:
    """How each check ended, by the log of the daemon's last start."""
    start = machine.events("daemon.started")[-1]["timestamp"]
    return {
        event["check"]: event["status"] for event in machine.events("check.finished") if event["timestamp"] >= start
    }


def test_it_is_ready_when_systemd_says_so(daemon: Machine) -> None:
    """Started means: it listens."""
    assert daemon.show("ActiveState") == "active"
    assert daemon.types(INSTALLED, "ping").stdout == "healthy\n"
    daemon.wait(lambda: daemon.types(INSTALLED, "ping", "--ready", check=False).returncode == 0, "it has looked once")


def test_it_is_nobody_and_reads_keys_that_only_root_can(daemon: Machine) -> None:
    user = daemon.types("stat", "--format=%u", f"/proc/{daemon.show('MainPID')}").stdout.strip()
    assert user != "0"
    daemon.wait(lambda: "credentials.expiry" in runs(daemon), "it has looked once")
    # Without a network nothing beyond this can be seen; and no check crashes for want of a home or a /proc.
    assert runs(daemon)["credentials.resolvable"] == "ok"
    assert daemon.events("check.crashed") == []


def test_a_reload_takes_new_settings_and_refuses_mistakes(daemon: Machine) -> None:
    before = daemon.show("MainPID")
    daemon.write(SETTINGS, GOOD + "  - {name: lab, profile: prod, regions: [eu-west-1]}\n")
    daemon.types("systemctl", "reload", DAEMON)
    daemon.wait(lambda: bool(daemon.events("config.reloaded")), "the settings are in force")
    assert daemon.events("config.reloaded")[-1]["target_count"] == 2

    daemon.write(SETTINGS, GOOD + "targts: []\n")
    assert daemon.types("systemctl", "reload", DAEMON, check=False).returncode != 0
    mistake = f'{SETTINGS}:4:1: the file has no setting "targts"; did you mean targets?'
    daemon.wait(lambda: mistake in daemon.journal(), "the mistake stands in the journal with its line")
    assert (daemon.show("MainPID"), daemon.show("ActiveState")) == (before, "active")
    daemon.write(SETTINGS, GOOD)


@contextmanager
def drop_in(machine: Machine, text: str) -> Iterator[None]:
    """What `systemctl edit` makes, for a while."""
    file = f"/run/systemd/system/{DAEMON}.d/test.conf"
    machine.write(file, text)
    machine.types("systemctl", "daemon-reload")
    try:
        yield
    finally:
        machine.types("rm", file)
        machine.types("systemctl", "daemon-reload")


@pytest.fixture
def impatient(machine: Machine) -> Iterator[Machine]:
    """The machine while the daemon runs under a watchdog with less patience than shipped, and so does the test."""
    with drop_in(machine, "[Service]\nWatchdogSec=5s\nRestartSec=100ms\n"):
        machine.types("systemctl", "start", DAEMON)
        yield machine
        machine.types("systemctl", "stop", DAEMON)


def test_the_watchdog_is_fed_and_systemctl_says_how_it_stands(impatient: Machine) -> None:
    fed = impatient.show("WatchdogTimestampMonotonic")
    impatient.wait(lambda: impatient.show("WatchdogTimestampMonotonic") > fed, "the watchdog is fed")
    impatient.wait(lambda: "network.reachable dns" in impatient.show("StatusText"), "its status line")
    assert impatient.show("NRestarts") == "0"


def test_the_watchdog_ends_a_daemon_that_hangs_and_it_starts_again(impatient: Machine) -> None:
    daemon = impatient
    before = daemon.show("MainPID")

    daemon.types("systemctl", "kill", "--kill-whom=main", "--signal=STOP", DAEMON)
    daemon.wait(lambda: daemon.show("NRestarts") == "1" and daemon.show("ActiveState") == "active", "it runs again")
    assert daemon.show("MainPID") != before
    said = daemon.journal()
    assert f"{DAEMON}: Failed with result 'watchdog'." in said
    assert any("most recent call first" in line for line in said), "each thread's stack"
    assert daemon.types(INSTALLED, "ping").stdout == "healthy\n"


def test_it_stops_cleanly(machine: Machine) -> None:
    machine.types("systemctl", "start", DAEMON)
    machine.types("systemctl", "stop", DAEMON)
    assert (machine.show("ActiveState"), machine.show("Result")) == ("inactive", "success")
    assert machine.events("daemon.stopped")[-1]["clean"] is True


def test_tls_takes_files_of_root_s_as_the_docs_say(machine: Machine, tmp_path: Path) -> None:
    pair = Authority(tmp_path).sign("server", *LOCAL)
    edit = re.findall(r"```ini\n(.*?)```", (ROOT / "docs/production.md").read_text("utf-8"), re.DOTALL)[0]
    folder = "/etc/sagemaker-healthcheck"
    machine.write(f"{folder}/server.crt", pair.cert.read_text(), mode="600")
    machine.write(f"{folder}/server.key", pair.key.read_text(), mode="600")
    tls = "tls_server_config: {cert_file: server.crt, key_file: server.key}\n"
    machine.write(f"{folder}/web-config.yml", tls, mode="600")
    with drop_in(machine, edit):
        machine.types("systemctl", "start", DAEMON)
        asked = ("ping", "--url", "https://127.0.0.1:9479", "--insecure")
        assert machine.types(INSTALLED, *asked).stdout == "healthy\n"
        assert machine.types(INSTALLED, "ping", check=False).returncode == 1
        machine.types("systemctl", "stop", DAEMON)


def test_without_files_of_keys_it_starts_as_well(machine: Machine) -> None:
    """An instance role needs none."""
    keys = [f"/etc/sagemaker-healthcheck/aws-{name}" for name in ("config", "credentials")]
    for path in keys:
        machine.types("mv", path, f"{path}.away")
    machine.write(SETTINGS, "targets:\n  - name: here\n    regions: [us-east-1]\n")
    machine.types("systemctl", "start", DAEMON)
    assert machine.types(INSTALLED, "ping").stdout == "healthy\n"
    machine.types("systemctl", "stop", DAEMON)
    machine.write(SETTINGS, GOOD)
    for path in keys:
        machine.types("mv", f"{path}.away", path)


def test_one_look_leaves_a_page_that_anybody_can_read(machine: Machine) -> None:
    """It says what is broken, and so fails nothing; the next one takes its place."""
    for _ in range(2):
        machine.types("systemctl", "start", LOOK)
        assert machine.show("Result", LOOK) == "success"
    page = machine.types("setpriv", "--reuid=nobody", "--clear-groups", "cat", PAGE).stdout
    assert 'sagemaker_healthcheck_check_status{target="prod/us-east-1",check="network.reachable"} 2' in page
    assert machine.types("ls", "-A", str(Path(PAGE).parent)).stdout.split() == [Path(PAGE).name]
    assert machine.types("stat", "--format=%U", PAGE).stdout.strip() == "sagemaker-healthcheck"


def test_a_look_that_cannot_be_had_fails_its_unit_and_leaves_the_page(machine: Machine) -> None:
    machine.types("systemctl", "start", LOOK)
    before = machine.types("cat", PAGE).stdout
    machine.write(SETTINGS, "targts: []\n")
    assert machine.types("systemctl", "start", LOOK, check=False).returncode != 0
    assert machine.types("cat", PAGE).stdout == before
    machine.write(SETTINGS, GOOD)


def test_the_timer_looks_again_and_again(machine: Machine) -> None:
    machine.types("systemctl", "start", "sagemaker-healthcheck-run.timer")
    machine.types("systemctl", "start", LOOK)
    machine.wait(
        lambda: machine.show("NextElapseUSecMonotonic", "sagemaker-healthcheck-run.timer") not in {"", "infinity"},
        "the next look has a time",
    )
    machine.types("systemctl", "stop", "sagemaker-healthcheck-run.timer")
