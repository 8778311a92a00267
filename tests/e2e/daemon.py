"""The real daemon in a process of its own: what is sent to it, what it answers, and what it logs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from healthcheck.testing.world import Client
from healthcheck.testing.world.client import ClientSide
from tests.e2e.prometheus import wait_until

PATIENCE_SECONDS = 30.0
PROGRAM = Path(sys.executable).with_name("sagemaker-healthcheck")

# The tests' own requests go to this machine, whatever proxy the shell is set up for.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Answer:
    """What the daemon answered."""

    code: int
    text: str
    headers: Mapping[str, str]

    def document(self) -> Any:
        """Return the JSON that it is."""
        return json.loads(self.text)


def ask(url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None) -> Answer:
    """Send one request; a refusal is an answer like another."""
    request = urllib.request.Request(url, method=method, headers=dict(headers or {}))
    try:
        with DIRECT.open(request, timeout=PATIENCE_SECONDS) as response:
            return Answer(response.status, response.read().decode(), dict(response.headers))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read().decode(), dict(error.headers))


class RunningDaemon:
    """A daemon that was started."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, settings: Path) -> None:
        self.process = process
        self.log = log
        self.settings = settings
        self.url = ""

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return the lines of the log, each of which must be JSON, or those of one name."""
        # A line that is being written at this moment is read the next time.
        whole = self.log.read_text("utf-8").rpartition("\n")[0]
        lines: list[dict[str, Any]] = [json.loads(line) for line in whole.splitlines()]
        return [line for line in lines if name in (None, line["event"])]

    def get(self, path: str, **headers: str) -> Answer:
        """Read something."""
        return ask(f"{self.url}{path}", headers=headers)

    def post(self, path: str, **headers: str) -> Answer:
        """Ask for a change."""
        return ask(f"{self.url}{path}", method="POST", headers=headers)

    def runs(self, target: str) -> dict[str, dict[str, Any]]:
        """Return how each check stands on a target, by its id."""
        status = self.get("/api/v1/status").document()
        return {run["check"]: run for run in status["runs"] if run["target"] == target}

    def stands(self, target: str, check: str, status: str) -> bool:
        """Whether a check stands like this on a target, once damped."""
        return bool(self.runs(target)[check]["status"] == status)

    def look_again(self, target: str, check: str, order: Callable[[], object] | None = None) -> None:
        """Ask for a look at a target, by request unless told otherwise; return when it has come to one check."""

        def run_id() -> str:
            return str(self.runs(target)[check]["run_id"])

        before = run_id()
        if order is None:
            assert self.post(f"/api/v1/targets/{target}/run").code == 202
        else:
            order()
        wait_until(lambda: run_id() != before, seconds=PATIENCE_SECONDS, what=f"{check} has run again on {target}")

    def is_ready(self) -> bool:
        """Whether everything has been looked at."""
        return self.get("/-/ready").code == 200

    def is_content(self) -> bool:
        """Whether all is well."""
        return bool(self.get("/api/v1/status").document()["status"] == "ok")

    def wait(self, event: str, *, after: int = 0) -> dict[str, Any]:
        """Return the first line of an event beyond so many earlier ones, when it comes."""
        wait_until(lambda: len(self.events(event)) > after, seconds=PATIENCE_SECONDS, what=f"{event} is logged")
        return self.events(event)[after]

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def stop(self) -> float:
        """Send SIGTERM; return the seconds until the process had ended, which must be with exit code 0."""
        began = time.monotonic()
        self.send(signal.SIGTERM)
        assert self.process.wait(PATIENCE_SECONDS) == 0
        return time.monotonic() - began


@contextmanager
def serving(client: Client, folder: Path, *options: str, **environ: str) -> Iterator[RunningDaemon]:
    """Run `sagemaker-healthcheck serve` for a while; unless a test ends it otherwise, it must stop when told to."""
    assert client.settings is not None
    log = folder / "daemon.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [PROGRAM, "serve", "--config", client.settings, *options],
            env={**client.environ, "PYTHONWARNINGS": "error", **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stream,
        )
    daemon = RunningDaemon(process, log, client.settings)
    try:
        wait_until(
            lambda: process.poll() is not None or bool(log.read_bytes().count(b"\n")),
            seconds=PATIENCE_SECONDS,
            what="the daemon says where it listens",
        )
        assert process.poll() is None, log.read_text()
        daemon.url = daemon.wait("daemon.started")["url"]
        yield daemon
        if process.poll() is None:
            daemon.stop()
            assert daemon.events()[-1]["event"] == "daemon.stopped"
    finally:
        process.kill()
        process.wait(PATIENCE_SECONDS)


def hasty(side: ClientSide) -> None:
    """Let everything happen within seconds: a fault is found, confirmed and shown while a test waits."""
    side.checks["*"] = {"every": "2s"}
    side.daemon.update(listen="127.0.0.1:0", confirm_after="1s", log_format="json", enable_lifecycle=True)


def patient(side: ClientSide) -> None:
    """Let nothing happen by itself after the first look: what is seen later was asked for."""
    side.checks["*"] = {"every": "1h"}
    side.daemon.update(listen="127.0.0.1:0", confirm_after="1h", log_format="json", enable_lifecycle=True)
