"""The chain from a metric to somebody's pager: the shipped rules and routing, in real servers, in a hurry."""

from __future__ import annotations

import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.daemon import DIRECT, PATIENCE_SECONDS
from tests.e2e.prometheus import Prometheus, configured_prometheus, free_port, started, wait_until
from tests.support import require

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "sagemaker-healthcheck.rules.yml"
SCRAPING = DEPLOY / "prometheus" / "prometheus.yml"
ROUTING = DEPLOY / "alertmanager" / "alertmanager.yml"

MILLISECONDS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
TIMES_FASTER = 60
"""A minute of the shipped files is a second of the test. Nothing else in them is changed, but addresses."""

_DURATION = re.compile(r"\b(for|keep_firing_for|group_wait|\w+_interval): (\d+)([smhd])$", re.MULTILINE)
_PAUSE_OF_PROMETHEUS_SECONDS = 15.0
"""It looks for whom to scrape and whom to tell every five seconds only."""


def hurried(text: str) -> str:
    """Shorten every duration of a configuration, and nothing else."""

    def shorter(match: re.Match[str]) -> str:
        name, number, unit = match.groups()
        return f"{name}: {int(number) * MILLISECONDS[unit] // TIMES_FASTER}ms"

    return _DURATION.sub(shorter, text)


@dataclass(frozen=True)
class Delivery:
    """One alert of one message that a receiver got."""

    receiver: str
    status: str
    labels: dict[str, str]
    annotations: dict[str, str]


class Receivers:
    """Whoever is told: a server that takes down what is delivered to each of its paths."""

    def __init__(self, server: _Server) -> None:
        self._server = server

    @property
    def address(self) -> str:
        """The host and port that stand in for those of the shipped receivers."""
        return f"127.0.0.1:{self._server.server_port}"

    def got(self, incident: str | None = None, alert: str | None = None) -> list[Delivery]:
        """Return what was delivered of an incident or an alert, in order."""
        return [
            delivery
            for delivery in tuple(self._server.deliveries)
            if incident in (None, delivery.labels.get("incident")) and alert in (None, delivery.labels["alertname"])
        ]

    def wait(self, number: int, *, incident: str | None = None, alert: str | None = None) -> list[Delivery]:
        """Return what was delivered once there are so many."""
        wait_until(
            lambda: len(self.got(incident, alert)) >= number,
            seconds=PATIENCE_SECONDS,
            what=f"{number} messages about {incident or alert} are delivered: {self.got(incident, alert)}",
        )
        return self.got(incident, alert)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        message: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.deliveries.extend(
            Delivery(self.path.removeprefix("/"), alert["status"], alert["labels"], alert["annotations"])
            for alert in message["alerts"]
        )
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Chain:
    """Prometheus, which Alertmanager is behind, and those whom it tells."""

    prometheus: Prometheus
    receivers: Receivers

    def alert(self, incident: str) -> dict[str, Any] | None:
        """Return the alert that Prometheus has for an incident, if it is pending or firing."""
        alerts = (each for each in self.prometheus.alerts() if each["labels"].get("incident") == incident)
        return next(alerts, None)


@contextmanager
def receiving() -> Iterator[Receivers]:
    """Take down what is delivered, for a while."""
    server = _Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="receivers")
    thread.start()
    try:
        yield Receivers(server)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Alertmanager:
    """A running server that routes as shipped, in a hurry, and those whom it tells."""

    def __init__(self, address: str, receivers: Receivers) -> None:
        self.address = address
        self.receivers = receivers

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            with DIRECT.open(f"http://{self.address}/-/ready", timeout=1) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def take(self, *alerts: dict[str, str]) -> None:
        """Give it alerts with these labels, as Prometheus does."""
        body = json.dumps([{"labels": labels, "annotations": {"summary": labels["alertname"]}} for labels in alerts])
        url, headers = f"http://{self.address}/api/v2/alerts", {"Content-Type": "application/json"}
        with DIRECT.open(urllib.request.Request(url, body.encode(), headers), timeout=5) as response:
            assert response.status == 200

    def kept_back(self) -> list[dict[str, str]]:
        """Return the labels of the alerts of which nobody is told because of another."""
        with DIRECT.open(f"http://{self.address}/api/v2/alerts", timeout=5) as response:
            alerts: list[dict[str, Any]] = json.load(response)
        return [alert["labels"] for alert in alerts if alert["status"]["inhibitedBy"]]


@contextmanager
def routing(folder: Path) -> Iterator[Alertmanager]:
    """Run Alertmanager with the shipped routing."""
    program = require("prometheus-alertmanager")
    address = f"127.0.0.1:{free_port()}"
    with receiving() as receivers:
        config = folder / "alertmanager.yml"
        config.write_text(hurried(ROUTING.read_text("utf-8")).replace("127.0.0.1:9095", receivers.address))
        command = [
            str(program),
            f"--config.file={config}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address={address}",
            "--cluster.listen-address=",
        ]
        with started(command, folder / "alertmanager.log"):
            alertmanager = Alertmanager(address, receivers)
            wait_until(alertmanager.is_ready, seconds=20, what="Alertmanager is ready")
            yield alertmanager


@contextmanager
def alerting(daemon: str, folder: Path) -> Iterator[Chain]:
    """Watch the daemon at ``host:port`` with what is shipped, in a hurry."""
    with routing(folder) as alertmanager:
        scraping = folder / "prometheus.yml"
        scraping.write_text(
            hurried(SCRAPING.read_text("utf-8"))
            .replace("127.0.0.1:9479", daemon)
            .replace("127.0.0.1:9093", alertmanager.address)
        )
        with configured_prometheus(scraping, folder) as prometheus:
            # It is scraped before there are rules: five seconds' pause would be five minutes of absence to them.
            wait_until(
                lambda: bool(prometheus.query("up == 1")),
                seconds=_PAUSE_OF_PROMETHEUS_SECONDS,
                what="the daemon is scraped",
            )
            (folder / RULES.name).write_text(hurried(RULES.read_text("utf-8")))
            prometheus.reload()
            wait_until(
                lambda: prometheus.tells() == 1,
                seconds=_PAUSE_OF_PROMETHEUS_SECONDS,
                what="Prometheus has found Alertmanager",
            )
            yield Chain(prometheus, alertmanager.receivers)


def shipped_alerts() -> dict[str, dict[str, Any]]:
    """Return the alerts of the shipped rules by name."""
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}
