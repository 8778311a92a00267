"""One look as a metrics page, as node_exporter reads it."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from healthcheck.surfaces import textfile
from healthcheck.surfaces.exposition import Per
from healthcheck.surfaces.families import FAMILIES
from healthcheck.surfaces.metrics import Metrics
from tests.e2e.daemon import ask
from tests.e2e.prometheus import free_port, wait_until
from tests.support import require
from tests.surfaces.pictures import picture

PATIENCE_SECONDS = 20.0
MEMORY = {"incident_start_timestamp_seconds", "check_last_ok_timestamp_seconds"}


def page() -> str:
    return textfile.render(picture(), version="1.2.3", checks=[])


def test_what_one_look_can_know_is_word_for_word_what_the_daemon_says() -> None:
    daemon = Metrics(version="1.2.3").render(picture()).decode()
    own = [line for line in page().splitlines() if not re.search(r"plugin_failures|build_info", line)]
    known = [
        line
        for line in daemon.splitlines()
        if (name := re.search(r"sagemaker_healthcheck_(\w+)", line))
        and name[1] in {family.short_name for family in FAMILIES if family.per is not Per.PROCESS} - MEMORY
    ]
    assert own == known


def test_nothing_is_said_of_a_daemon_that_does_not_run_nor_of_what_takes_a_memory() -> None:
    """A heartbeat of 0 would page somebody; a beginning that moves with each look is none."""
    declared = set(re.findall(r"^# TYPE sagemaker_healthcheck_(\w+)", page(), re.MULTILINE))
    per_thing = {family.short_name for family in FAMILIES if family.per is not Per.PROCESS}
    assert declared == per_thing - MEMORY | {"plugin_failures", "build_info"}


def test_it_says_which_program_looked() -> None:
    python = platform.python_version()
    assert page().endswith(f'sagemaker_healthcheck_build_info{{version="1.2.3",python="{python}"}} 1\n')


def test_promtool_finds_nothing_to_say() -> None:
    promtool = require("promtool", package="prometheus")
    told = subprocess.run(
        [promtool, "check", "metrics"], input=page(), text=True, capture_output=True, check=False, timeout=30
    )
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


@pytest.fixture
def node_exporter(tmp_path: Path) -> Iterator[str]:
    """A real one that collects from a folder in which our page is a link, as the unit's comment says."""
    program = require("prometheus-node-exporter")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "sagemaker-healthcheck.prom").write_text(page(), "utf-8")
    (tmp_path / "collected").mkdir()
    (tmp_path / "collected" / "sagemaker-healthcheck.prom").symlink_to(tmp_path / "run" / "sagemaker-healthcheck.prom")
    address = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [
            program,
            "--collector.disable-defaults",
            "--collector.textfile",
            f"--collector.textfile.directory={tmp_path / 'collected'}",
            f"--web.listen-address={address}",
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://{address}/metrics"
    finally:
        process.kill()
        process.wait(PATIENCE_SECONDS)


def test_node_exporter_takes_it_all(node_exporter: str) -> None:
    def answers() -> bool:
        try:
            return ask(node_exporter).code == 200
        except OSError:
            return False

    wait_until(answers, seconds=PATIENCE_SECONDS, what="node_exporter answers")
    collected = ask(node_exporter).text
    assert "node_textfile_scrape_error 0" in collected
    assert "node_textfile_mtime_seconds" in collected
    samples = [line for line in page().splitlines() if not line.startswith("#")]
    # It orders labels and writes numbers its own way.
    ours = [line for line in collected.splitlines() if line.startswith("sagemaker_healthcheck_")]
    assert len(ours) == len(samples)
