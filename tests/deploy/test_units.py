"""The systemd units, read by systemd itself. tests/deploy/test_booted.py boots them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from healthcheck.commands.arguments import build_parser
from healthcheck.daemon import BEATS_WITHIN
from healthcheck.plan import DaemonSettings
from tests.deploy.places import DEPLOY, INSTALLED
from tests.support import missing, require

UNITS = DEPLOY / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
DAEMON = UNITS / "sagemaker-healthcheck.service"
SYSTEM_UNITS = Path("/usr/lib/systemd/system")
MOST_EXPOSURE_IN_TENTHS = 20


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root folder in which all that the units name exists, as it does where they are installed."""
    root = tmp_path_factory.mktemp("machine")
    if not SYSTEM_UNITS.is_dir():
        missing("systemd's own units", "apt install systemd")
    shutil.copytree(SYSTEM_UNITS, root / "usr/lib/systemd/system", symlinks=True)
    (root / "lib").symlink_to("usr/lib")
    (root / "etc/systemd/system").mkdir(parents=True)
    for unit in [*SERVICES, *UNITS.glob("*.timer")]:
        shutil.copy(unit, root / "etc/systemd/system")
    for program in (INSTALLED, "/bin/sh"):
        place = root / program.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch(mode=0o755)
    return root


def analyzed(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [require("systemd-analyze", package="systemd"), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("unit", [*SERVICES, UNITS / "sagemaker-healthcheck-run.timer"], ids=lambda unit: unit.name)
def test_systemd_has_nothing_to_say(machine: Path, unit: Path) -> None:
    """It says what it does not know, and exits with 0 all the same."""
    told = analyzed(f"--root={machine}", "--man=no", "verify", unit.name)
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_systemd_would_have_something_to_say(machine: Path) -> None:
    (machine / "etc/systemd/system/careless.service").write_text("[Service]\nExecStart=/bin/sh\nLoadCredentials=a:b\n")
    assert "LoadCredentials" in analyzed(f"--root={machine}", "verify", "careless.service").stderr


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_the_exposure_is_little(unit: Path) -> None:
    told = analyzed("security", "--offline=true", f"--threshold={MOST_EXPOSURE_IN_TENTHS}", unit)
    assert told.returncode == 0, told.stdout[-200:]
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", told.stdout)
    assert found
    assert float(found[1]) * 10 <= MOST_EXPOSURE_IN_TENTHS


def settings(unit: Path) -> list[tuple[str, str]]:
    lines = [line for line in unit.read_text("utf-8").splitlines() if "=" in line and not line.startswith("#")]
    return [(name, value) for name, _, value in (line.partition("=") for line in lines)]


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_what_they_run_can_be_typed(unit: Path) -> None:
    lines = [value for name, value in settings(unit) if name.startswith("Exec") and value.startswith(INSTALLED)]
    assert lines
    for line in lines:
        assert build_parser().parse_args(shlex.split(line)[1:]).command


def test_both_are_shut_in_alike() -> None:
    """But for what one writes for others to read, and the user that this takes."""
    daemon, run = (set(settings(unit)) for unit in (DAEMON, UNITS / "sagemaker-healthcheck-run.service"))
    begins = {"DynamicUser", "UMask", "User"}
    shut_in = re.compile(r"Protect|Private|Restrict|SystemCall|Capability|Ambient|NoNew|Lock|MemoryDeny|RemoveIPC|Load")
    confined = [{each for each in unit if shut_in.match(each[0])} for unit in (daemon, run)]
    assert confined[0] == confined[1]
    assert {each for each in daemon if each[0] in begins} == {("DynamicUser", "yes"), ("UMask", "0077")}
    assert {each for each in run if each[0] in begins} == {("User", "sagemaker-healthcheck"), ("UMask", "0022")}
    assert "u sagemaker-healthcheck -" in (UNITS / "sysusers.d" / "sagemaker-healthcheck.conf").read_text("utf-8")


def test_its_times_fit_the_daemon_s() -> None:
    """Longer than a beat may be late, lest it bite what is well; longer than stopping takes, lest it cut that off."""
    times = {name: int(value.removesuffix("s")) for name, value in settings(DAEMON) if re.fullmatch(r"\d+s", value)}
    assert times["WatchdogSec"] > BEATS_WITHIN.total_seconds()
    assert times["TimeoutStopSec"] > DaemonSettings().shutdown_seconds
