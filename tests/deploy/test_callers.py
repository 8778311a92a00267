"""The ways in which other programs call us, each by the program itself where it is to be had."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from healthcheck.commands.arguments import build_parser
from healthcheck.testing.world import Client, WorldClient, start
from tests.deploy.places import DEPLOY, INSTALLED
from tests.support import require

PATIENCE_SECONDS = 60.0
PROGRAM = Path(sys.executable).with_name("sagemaker-healthcheck")
GATE = DEPLOY / "pipeline" / "gate.sh"
NAGIOS = DEPLOY / "nagios" / "sagemaker-healthcheck.cfg"
ICINGA = DEPLOY / "nagios" / "icinga2.conf"


@pytest.fixture(scope="module")
def running_world() -> Iterator[WorldClient]:
    with start(setups=["shop"]) as world:
        yield world


@pytest.fixture
def world(running_world: WorldClient) -> Iterator[WorldClient]:
    yield running_world
    running_world.mend_all()


@pytest.fixture
def client(world: WorldClient, tmp_path: Path) -> Client:
    return world.client(tmp_path, ["shop"])


def environ(client: Client, **more: str) -> dict[str, str]:
    """What a caller's process has: the AWS files, the settings, and the program by its name."""
    return {
        **client.environ,
        "PATH": f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}",
        "SAGEMAKER_HEALTHCHECK_CONFIG": str(client.settings),
        **more,
    }


def gate(client: Client, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [GATE, *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
        env=environ(client, **more),
    )


def test_the_gate_starts_what_the_set_up_can_carry(client: Client) -> None:
    outcome = gate(client, "sh", "-c", 'echo "$1"; exit 7', "sh", "two words")
    assert (outcome.returncode, outcome.stdout) == (7, "two words\n")


def test_the_gate_stops_what_it_cannot_and_says_why(world: WorldClient, client: Client) -> None:
    with world.broken("trust-without-sagemaker"):
        outcome = gate(client, "echo", "training", GATE_TARGET="shop/us-east-1")
    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert "CRITICAL  role.trust" in outcome.stderr
    assert outcome.stderr.endswith("gate: not started: echo training\n")


@pytest.mark.parametrize(("fail_on", "code"), [("critical", 0), ("unknown", 3)])
def test_a_gate_is_as_strict_as_it_is_told(world: WorldClient, client: Client, fail_on: str, code: int) -> None:
    with world.broken("may-not-iam-GetRole"):
        assert gate(client, "true", GATE_FAIL_ON=fail_on).returncode == code


def test_a_gate_with_a_mistake_is_shut(client: Client) -> None:
    assert gate(client, "true", GATE_TARGET="shap").returncode == 3


def test_a_workflow_s_gate_can_be_typed_and_stands_before_the_training() -> None:
    workflow = yaml.safe_load((DEPLOY / "pipeline" / "github-actions.yaml").read_text("utf-8"))
    assert workflow["jobs"]["train"]["needs"] == "gate"
    lines = [step["run"] for step in workflow["jobs"]["gate"]["steps"] if "run" in step]
    (line,) = [line for line in lines if line.startswith("sagemaker-healthcheck ")]
    assert build_parser().parse_args(shlex.split(line)[1:]).fail_on == "critical"


def cron_line() -> str:
    lines = (DEPLOY / "cron" / "sagemaker-healthcheck").read_text("utf-8").splitlines()
    (line,) = [line for line in lines if re.match(r"[*\d]", line)]
    return line


def test_cron_says_nothing_while_all_is_well_and_the_tree_when_it_is_not(world: WorldClient, client: Client) -> None:
    *_, user, command = cron_line().split(maxsplit=6)
    assert user == "healthcheck"
    assert "%" not in command, "cron makes a line break of it"
    command = command.replace("/etc/sagemaker-healthcheck/healthcheck.yaml", str(client.settings))

    def said() -> str:
        outcome = subprocess.run(
            ["/bin/sh", "-c", command],
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_SECONDS,
            env=environ(client),
        )
        return outcome.stdout + outcome.stderr

    assert said() == ""
    with world.broken("bucket-missing"):
        assert "WARNING  bucket.reachable" in said()


NAGIOS_SETTINGS = """\
cfg_file={folder}/objects.cfg
object_cache_file={folder}/objects.cache
status_file={folder}/status.dat
log_file={folder}/nagios.log
command_file={folder}/nagios.cmd
temp_file={folder}/nagios.tmp
temp_path={folder}
check_result_path={folder}
state_retention_file={folder}/retention.dat
lock_file={folder}/nagios.lock
query_socket={folder}/nagios.qh
nagios_user={user}
nagios_group={user}
interval_length=1
status_update_interval=1
use_syslog=0
illegal_macro_output_chars=`~$&|'"<>
"""

NAGIOS_HOUSE = """\
define timeperiod {{
    timeperiod_name 24x7
    alias           always
    {days}
}}
define command {{
    command_name nothing
    command_line /bin/true
}}
define contact {{
    contact_name                  somebody
    host_notification_commands    nothing
    service_notification_commands nothing
    host_notification_period      24x7
    service_notification_period   24x7
}}
define contactgroup {{
    contactgroup_name admins
    alias             admins
    members           somebody
}}
define host {{
    host_name          localhost
    address            127.0.0.1
    max_check_attempts 1
    check_period       24x7
    contact_groups     admins
}}
"""
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def nagios_house(folder: Path, definitions: str) -> Path:
    """A Nagios that has what is shipped and what every Nagios has."""
    days = "\n    ".join(f"{day} 00:00-24:00" for day in _DAYS)
    (folder / "objects.cfg").write_text(NAGIOS_HOUSE.format(days=days) + definitions, "utf-8")
    settings = folder / "nagios.cfg"
    settings.write_text(NAGIOS_SETTINGS.format(folder=folder, user=folder.owner()), "utf-8")
    return settings


def test_nagios_takes_the_definitions(tmp_path: Path) -> None:
    nagios = require("nagios4", package="nagios4-core")
    settings = nagios_house(tmp_path, NAGIOS.read_text("utf-8"))
    told = subprocess.run(
        [nagios, "-v", settings], capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )
    assert told.returncode == 0, told.stdout
    assert re.search(r"Total Warnings: 0\n", told.stdout), told.stdout
    assert "Checked 1 services" in told.stdout


def test_nagios_shows_the_cause_and_its_fix(world: WorldClient, client: Client, tmp_path: Path) -> None:
    """The real Nagios, with its second as its unit of time, so that it asks at once."""
    nagios = require("nagios4", package="nagios4-core")
    folder = tmp_path / "nagios"
    folder.mkdir()
    definitions = NAGIOS.read_text("utf-8").replace(INSTALLED, str(PROGRAM))
    definitions = definitions.replace("prod/us-east-1", "shop/us-east-1")
    definitions = definitions.replace("/etc/sagemaker-healthcheck/healthcheck.yaml", str(client.settings))
    settings = nagios_house(folder, definitions)
    with world.broken("trust-without-sagemaker"), (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [nagios, settings], stdout=said, stderr=said, env=environ(client), start_new_session=True
        )
        try:
            began = time.monotonic()
            status = folder / "status.dat"
            while not (status.exists() and "plugin_output=SAGEMAKER" in status.read_text("utf-8")):
                assert process.poll() is None, (folder / "said").read_text()
                assert time.monotonic() - began < PATIENCE_SECONDS, (folder / "said").read_text()
                time.sleep(0.1)
            shown = status.read_text("utf-8").partition("servicestatus {")[2]
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)
    assert "current_state=2" in shown
    assert "plugin_output=SAGEMAKER CRITICAL - " in shown
    assert re.search(r"long_plugin_output=CRITICAL role\.trust on 1 target: .* Fix: ", shown)
    assert re.search(r"performance_data=targets_ok=0;;;0;1 ", shown)


def test_icinga_takes_the_definitions(tmp_path: Path) -> None:
    """And makes a service of each host that names a target."""
    icinga = require("icinga2", package="icinga2-bin")
    shutil.copy(ICINGA, tmp_path)
    whole = tmp_path / "whole.conf"
    whole.write_text(
        f'include "{tmp_path}/icinga2.conf"\n'
        'object CheckCommand "nothing" { command = [ "/bin/true" ] }\n'
        'object Host "one" { check_command = "nothing", vars.sagemaker_target = "prod/us-east-1" }\n'
        'object Host "two" { check_command = "nothing", vars.sagemaker_target = [ "prod/us-east-1", "lab" ] }\n'
        'object Host "other" { check_command = "nothing" }\n',
        "utf-8",
    )
    places = ("DataDir", "LogDir", "CacheDir", "SpoolDir", "InitRunDir")
    for place in places:
        (tmp_path / place).mkdir()
    told = subprocess.run(
        [
            icinga,
            "daemon",
            "--validate",
            "--config",
            whole,
            *(f"--define={place}={tmp_path / place}" for place in places),
            f"--define=RunAsUser={tmp_path.owner()}",
            f"--define=RunAsGroup={tmp_path.group()}",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "Instantiated 2 Services" in told.stdout
    assert "warning" not in told.stdout
