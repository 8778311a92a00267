"""What stays resident: of a further target, and of a daemon that watches thousands."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench import (
    Endpoint,
    Measurement,
    account,
    environment,
    folder,
    in_process,
    now,
    resident_bytes,
    write_fleet,
)
from benchmarks.fleets import WORKERS, fleet
from healthcheck.engine.discovery import discover
from healthcheck.engine.snapshot import Damping
from healthcheck.engine.state import State
from healthcheck.surfaces.metrics import Metrics

FEW, MANY = 300, 1300
SWEEPS = 2
"""So that whatever grows with each sweep is seen, too."""

WATCHED = 5000
CADENCE_SECONDS = 300
SERVICES = ("sts", "iam", "s3", "ssm", "sagemaker", "service-quotas", "ec2")
SCRAPE_SECONDS = 15
WINDOW_SECONDS = 60
_ROUNDS = b"sagemaker_healthcheck_scheduler_lag_seconds_count "
_SKIPPED = b"sagemaker_healthcheck_scheduler_skipped_rounds_total"


def after_sweeps(settings: str) -> dict[str, float]:
    """Sweep a fleet as the daemon does, show it, and return what is resident then."""
    metrics = Metrics(version="0", checks=discover().registry)
    looked = fleet(settings, on_call=metrics.count_call)
    state = State(looked.plan, damping=Damping(), clock=now, observers=(metrics,))
    for _ in range(SWEEPS):
        for start in range(0, len(looked.plan.targets), WORKERS):  # as many at a time as the daemon
            rounds = [
                looked.runner.start_round(planned, on_run=state.record, on_done=state.round_finished)
                for planned in looked.plan.targets[start : start + WORKERS]
            ]
            for begun in rounds:
                begun.wait()
        metrics.render(state.snapshot())
    gc.collect()
    return {"resident": resident_bytes(), "status": state.snapshot().status.code}


def per_target(endpoint: Endpoint) -> tuple[Measurement, ...]:
    """The difference that a thousand further targets make, for each of them."""
    resident = {}
    for count in (FEW, MANY):
        with folder() as home:
            endpoint.set(latency_seconds=0.0, throttle_every=0)
            settings = write_fleet(home, count)
            figures = in_process(after_sweeps, str(settings), env=environment(endpoint.url, home))
            resident[count] = figures["resident"]
    kilobytes = (resident[MANY] - resident[FEW]) / (MANY - FEW) / 1000
    return (
        Measurement(
            "resident kB for each further target",
            kilobytes,
            20,
            5,
            f"{resident[FEW] / 1e6:.0f} MB with {FEW}, {resident[MANY] / 1e6:.0f} MB with {MANY} targets",
        ),
    )


def boto3_with_clients() -> dict[str, float]:
    """Make clients as a script does, and return what is resident then."""
    import boto3  # noqa: PLC0415 # not in the process that only measures

    clients = [boto3.client(name, region_name="us-east-1") for name in SERVICES]  # type: ignore[call-overload]
    return {"resident": resident_bytes(), "clients": len(clients)}


@dataclass(frozen=True, slots=True)
class Served:
    """A daemon in a process of its own."""

    process_id: int
    url: str

    def get(self, path: str) -> bytes:
        """Return what it answers."""
        with urllib.request.urlopen(self.url + path) as answer:
            body: bytes = answer.read()
        return body

    def is_ready(self) -> bool:
        """Whether every target has been looked at."""
        try:
            self.get("/-/ready")
        except OSError:
            return False
        return True

    def cpu_seconds(self) -> float:
        """Return the CPU time that it has used."""
        fields = Path(f"/proc/{self.process_id}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self) -> int:
        """Return its resident memory."""
        return int(Path(f"/proc/{self.process_id}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def count(self, family: bytes) -> float:
        """Return the sum of a family's series."""
        lines = self.get("/metrics").splitlines()
        return sum(float(line.rpartition(b" ")[2]) for line in lines if line.startswith(family))


@contextmanager
def served(settings: Path, env: Mapping[str, str], port: int = 19479) -> Iterator[Served]:
    """Start the daemon as its user would, and stop it."""
    program = Path(sys.executable).with_name("sagemaker-healthcheck")
    command: list[str | Path] = [
        program,
        "serve",
        "--config",
        settings,
        "--listen",
        f"127.0.0.1:{port}",
        "--log-level",
        "warning",
    ]
    with subprocess.Popen(command, env=dict(env), stderr=subprocess.DEVNULL) as process:
        try:
            yield Served(process.pid, f"http://127.0.0.1:{port}")
        finally:
            process.terminate()


def daemon(endpoint: Endpoint) -> tuple[Measurement, ...]:
    """Memory and CPU of a daemon with 5,000 accounts, each looked at every five minutes, in its steady state."""
    with folder() as home:
        endpoint.set(latency_seconds=0.05, throttle_every=0)
        env = environment(endpoint.url, home)
        keys = {"AWS_ACCESS_KEY_ID": f"AKIA0000{account(0)}", "AWS_SECRET_ACCESS_KEY": "s" * 40}
        reference = in_process(boto3_with_clients, env=env | keys)["resident"]
        settings = write_fleet(home, WATCHED)
        began = time.monotonic()
        with served(settings, env) as watcher:
            while not watcher.is_ready():
                time.sleep(1)
            first_pass = time.monotonic() - began
            # Ticks are spread over the cadence, and at least half of one lies between a target's first two rounds:
            # from then on rounds come as they will for ever.
            time.sleep(CADENCE_SECONDS / 2 + 5)
            skipped, rounds, cpu = watcher.count(_SKIPPED), watcher.count(_ROUNDS), watcher.cpu_seconds()
            began = time.monotonic()
            while (left := began + WINDOW_SECONDS - time.monotonic()) > 0:
                time.sleep(min(left, SCRAPE_SECONDS))
                watcher.get("/metrics")
            seconds = time.monotonic() - began
            cpu = watcher.cpu_seconds() - cpu
            rounds, skipped = watcher.count(_ROUNDS) - rounds, watcher.count(_SKIPPED) - skipped
            resident = watcher.resident()
    expected = WATCHED * seconds / CADENCE_SECONDS
    return (
        Measurement(
            f"daemon's resident memory with {WATCHED} targets / a process with boto3 and {len(SERVICES)} clients",
            resident / reference,
            1.5,
            1.0,
            f"{resident / 1e6:.0f} MB / {reference / 1e6:.0f} MB",
        ),
        Measurement(
            f"daemon's CPU, {WATCHED} targets every {CADENCE_SECONDS} s / one core",
            cpu / seconds * max(1.0, expected / max(rounds, 1)),
            0.25,
            0.12,
            f"{cpu:.1f} s in {seconds:.0f} s; {rounds:.0f} of {expected:.0f} rounds expected, {skipped:.0f} skipped; "
            f"first pass {first_pass:.0f} s",
        ),
    )
