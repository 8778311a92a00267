"""A real Prometheus, for as long as a test needs it."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support import require

SCRAPE_SECONDS = 1.0

# The tests' own requests go to this machine, whatever proxy the shell is set up for.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

_CONFIG = """
global: {{scrape_interval: {interval}s, scrape_timeout: {interval}s, evaluation_interval: {interval}s}}
scrape_configs:
  - job_name: sagemaker-healthcheck
    static_configs: [{{targets: ["{target}"]}}]
"""


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> float:
    """Ask until the condition holds; return the seconds that it took, fail with `what` when it does not."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            message = f"after {seconds:g} s still not: {what}"
            raise AssertionError(message)
        time.sleep(0.05)
    return time.monotonic() - began


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Prometheus:
    """A running server and its query API."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, expression: str, *, at: float | None = None) -> list[dict[str, Any]]:
        """Return an expression's samples, now or at a moment: each with `metric` and `value` or `values`."""
        asked = {"query": expression} | ({} if at is None else {"time": f"{at:.3f}"})
        url = f"{self.url}/api/v1/query?" + urllib.parse.urlencode(asked)
        with _DIRECT.open(url, timeout=5) as response:
            document = json.load(response)
        assert document["status"] == "success", document
        result: list[dict[str, Any]] = document["data"]["result"]
        return result

    def alerts(self) -> list[dict[str, Any]]:
        """Return the alerts that are pending or firing, each with `labels`, `annotations`, `state` and `activeAt`."""
        with _DIRECT.open(f"{self.url}/api/v1/alerts", timeout=5) as response:
            found: list[dict[str, Any]] = json.load(response)["data"]["alerts"]
        return found

    def tells(self) -> int:
        """Return how many Alertmanagers it knows; what fires while there is none is told a minute later only."""
        with _DIRECT.open(f"{self.url}/api/v1/alertmanagers", timeout=5) as response:
            return len(json.load(response)["data"]["activeAlertmanagers"])

    def reload(self) -> None:
        """Let it read its configuration and its rules again."""
        with _DIRECT.open(urllib.request.Request(f"{self.url}/-/reload", method="POST"), timeout=20) as response:
            assert response.status == 200

    def scrapes(self) -> list[float]:
        """Return when each scrape of the last minutes began that is stored whole: its samples have this time."""
        return [float(moment) for series in self.query("up[5m]") for moment, _ in series["values"]]

    def is_ready(self) -> bool:
        """Whether it answers queries."""
        try:
            with _DIRECT.open(f"{self.url}/-/ready", timeout=1) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@contextmanager
def running_prometheus(target: str, folder: Path) -> Iterator[Prometheus]:
    """Start Prometheus against ``host:port`` and stop it afterwards."""
    config = folder / "prometheus.yml"
    config.write_text(_CONFIG.format(interval=f"{SCRAPE_SECONDS:g}", target=target))
    with configured_prometheus(config, folder) as server:
        yield server


@contextmanager
def configured_prometheus(config: Path, folder: Path) -> Iterator[Prometheus]:
    """Start Prometheus with a configuration and stop it afterwards."""
    program = require("prometheus")
    port = free_port()
    command = [
        str(program),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-lifecycle",
    ]
    with started(command, folder / "prometheus.log"):
        server = Prometheus(f"http://127.0.0.1:{port}")
        wait_until(server.is_ready, seconds=20, what="Prometheus is ready")
        yield server


@contextmanager
def started(command: list[str], log: Path) -> Iterator[None]:
    """Run a server for a while; what it says goes to a file."""
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=10)
