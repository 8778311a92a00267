"""The demo as its user meets it: started in one terminal, broken and mended from another."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from healthcheck.demo.scene import BROKEN_AT_FIRST, TARGETS
from healthcheck.testing.world.faults import find

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Terminal:
    """Somebody's shell."""

    environ: dict[str, str]

    def type(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "healthcheck", "demo", *words],
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a command that goes on."""
        return subprocess.Popen(
            [sys.executable, "-u", "-m", "healthcheck", "demo", *words],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@dataclass(frozen=True)
class Demo:
    """A demo that runs."""

    process: subprocess.Popen[str]
    url: str
    told: str

    def get(self, path: str) -> str:
        with urlopen(self.url + path, timeout=10) as answer:
            return str(answer.read().decode())

    def status(self) -> Any:
        return json.loads(self.get("/api/v1/status"))


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture(scope="module")
def terminal(folder: Path) -> Terminal:
    # What a user may have in the shell must not lead the demo astray.
    foreign = {"AWS_ACCESS_KEY_ID": "AKIAFOREIGNFOREIGN00", "AWS_SECRET_ACCESS_KEY": "x", "AWS_PROFILE": "mine"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return Terminal(kept | foreign | {"XDG_RUNTIME_DIR": str(folder), "TMPDIR": str(folder)})


@pytest.fixture(scope="module")
def demo(terminal: Terminal) -> Iterator[Demo]:
    with terminal.start("--listen", "127.0.0.1:0") as process:
        assert process.stdout
        told = ""
        for line in process.stdout:
            told += line
            if line.startswith("Ctrl-C"):
                break
        url = next((word for word in told.split() if word.startswith("http://")), "").rstrip("/")
        try:
            assert url, told
            yield Demo(process, url, told)
        finally:
            process.kill()


def until(found: Callable[[], bool], what: str) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not found():
        assert time.monotonic() < deadline, f"{what} did not come within {PATIENCE_SECONDS:.0f} s"
        time.sleep(0.1)


def test_it_says_where_to_look_and_what_is_broken(demo: Demo) -> None:
    assert f"{demo.url}/metrics" in demo.told
    for fault, setup in BROKEN_AT_FIRST:
        assert f"{setup:<10}{find(fault).sentence}" in demo.told


def test_the_daemon_finds_what_is_broken_at_first(demo: Demo) -> None:
    """Each fault is one incident with its root and reason, whatever number of regions it is seen from."""
    expected = {(setup, find(fault).check, find(fault).reason) for fault, setup in BROKEN_AT_FIRST}

    def incidents() -> set[tuple[str, str, str]]:
        return {
            (incident["targets"][0].partition("/")[0], incident["cause"], incident["reason"])
            for incident in demo.status()["incidents"]
        }

    until(lambda: incidents() == expected, f"{expected}")
    statuses = {target["name"]: target["status"] for target in demo.status()["targets"]}
    assert statuses["shop/us-east-1"] == "ok"
    assert len(statuses) == len(TARGETS) + 2
    assert "role.trust" in demo.get("/")


@pytest.mark.parametrize(
    ("fault", "label"),
    [
        ("role-deleted", 'target="shop/us-east-1",check="role.exists",reason="missing"'),
        ("region-is-a-zone", 'target="shop/us-east-1a",check="region.configured",reason="zone"'),
        ("secret-wrong", 'target="shop/us-east-1",check="credentials.valid",reason="wrong_secret"'),
        ("connection-refused", 'target="shop/us-east-1",check="network.reachable",reason="tcp"'),
    ],
)
def test_what_is_broken_and_mended_shows_in_the_metrics(demo: Demo, terminal: Terminal, fault: str, label: str) -> None:
    """Faults of the world, of the settings, of the AWS files and of the network alike."""
    line = f"sagemaker_healthcheck_check_failure_info{{{label}"

    broken = terminal.type("--break", fault)
    assert broken.returncode == 0, broken.stderr
    assert find(fault).sentence in broken.stdout
    until(lambda: line in demo.get("/metrics"), line)

    mended = terminal.type("--mend", fault)
    assert mended.returncode == 0, mended.stderr
    healthy = 'sagemaker_healthcheck_target_status{target="shop/us-east-1"} 0'
    until(lambda: line not in demo.get("/metrics") and healthy in demo.get("/metrics"), f"the end of {line}")


def test_the_catalogue_shows_what_is_on(demo: Demo, terminal: Terminal) -> None:
    assert demo.url
    listed = terminal.type("--faults")

    assert listed.returncode == 0
    assert "trust-without-sagemaker" in listed.stdout
    assert "[on in vision]" in listed.stdout
    heads = [line for line in listed.stdout.splitlines() if re.fullmatch(r"[a-z]+\.[a-z_]+", line)]
    assert len(heads) == len(set(heads))


def test_the_doctor_looks_at_the_same_accounts_whatever_the_shell_had_set(demo: Demo, terminal: Terminal) -> None:
    line = re.search(r"\(\. (\S+); .* run\)", demo.told)
    assert line
    command = f"(. {line[1]}; {shlex.quote(sys.executable)} -m healthcheck run --target churn/us-east-1)"
    outcome = subprocess.run(
        ["sh", "-c", command],
        env={**terminal.environ, "HTTP_PROXY": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (outcome.returncode, outcome.stderr) == (2, "")
    assert "CRITICAL  credentials.valid  key_rejected" in outcome.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--break", "role-delete"], "there is no fault role-delete; did you mean role-deleted?"),
        (["--break", "role-deleted@shopp"], "the demo has no target shopp"),
        (["--break", "keys-shadow-profile"], "changes the environment of a process"),
        (["--mend", "role-deleted"], "role-deleted is not broken in shop"),
        ([], "a demo is running already"),
    ],
)
def test_what_cannot_be_done_is_said(demo: Demo, terminal: Terminal, words: list[str], said: str) -> None:
    assert demo.url
    answer = terminal.type(*words)

    assert answer.returncode == 3
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


def test_ctrl_c_ends_it_cleanly(demo: Demo, terminal: Terminal, folder: Path) -> None:
    """The last of the module: everything that was started or written is gone."""
    demo.process.send_signal(signal.SIGINT)

    assert demo.process.wait(20) == 0
    assert list(folder.rglob("*")) == []
    answer = terminal.type("--break", "role-deleted")
    assert answer.returncode == 3
    assert "no demo is running; start one" in answer.stderr


def test_it_does_not_outlive_its_terminal(terminal: Terminal, folder: Path) -> None:
    """Closed or killed: the imitation, which is a process of its own, ends too, and another demo may start."""
    for number in (signal.SIGHUP, signal.SIGKILL):
        with terminal.start("--listen", "127.0.0.1:0") as process:
            try:
                assert process.stdout
                assert any(line.startswith("Ctrl-C") for line in process.stdout)
                note = json.loads((folder / "sagemaker-healthcheck" / "demo.json").read_text())
                process.send_signal(number)
                process.wait(20)
            finally:
                process.kill()
        until(partial(is_gone, note["world_url"]), "the end of the world")


def is_gone(url: str) -> bool:
    """Whether nobody takes connections there any more."""
    address = urlsplit(url)
    try:
        socket.create_connection((str(address.hostname), address.port or 0), timeout=5).close()
    except ConnectionError:
        return True
    return False


def test_a_port_that_is_taken_is_named(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = terminal.type("--listen", f"127.0.0.1:{port}")

    assert answer.returncode == 3
    assert str(port) in answer.stderr
    assert "Traceback" not in answer.stderr
