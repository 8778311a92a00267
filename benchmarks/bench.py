"""What the measurements share: the imitation of AWS, fleets of targets, and goals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.fake_aws import ROLE

LATENCY_SECONDS = 0.05
"""What one call to AWS takes in every measurement that is about time."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One figure beside its target; smaller is better."""

    goal: str
    value: float
    must: float
    beyond: float
    detail: str = ""

    @property
    def verdict(self) -> str:
        """Return how the figure stands to its target."""
        if self.value <= self.beyond:
            return "beyond"
        return "met" if self.value <= self.must else "MISSED"


class Endpoint:
    """The imitation of AWS in a process of its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def counts(self) -> dict[str, Any]:
        """Return what was asked since the last `set`."""
        with urllib.request.urlopen(f"{self.url}/_bench") as response:
            counts: dict[str, Any] = json.load(response)
        return counts

    def set(self, **settings: float) -> None:
        """Change latency or throttling, and count from nothing."""
        body = json.dumps(settings).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/_bench", data=body)).close()

    def calls(self) -> int:
        """Return how many requests there were since the last `set`."""
        return sum(self.counts()["calls"].values())


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """Start the imitation, and stop it."""
    command = [sys.executable, "-m", "benchmarks.fake_aws"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Endpoint(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.terminate()


def account(number: int) -> str:
    """Return the 12-digit account of that number."""
    return f"{100_000_000_000 + number}"


def environment(url: str, home: Path) -> dict[str, str]:
    """Return the environment of a process that knows no AWS but the imitation."""
    foreign = ("AWS_", "SAGEMAKER_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {
        "AWS_ENDPOINT_URL": url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(home / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
        "HOME": str(home),
    }


REGIONS = ("us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-central-1")


def write_fleet(home: Path, accounts: int, regions: int = 1) -> Path:
    """Write credentials for so many accounts, and a settings file with a target for each and each region."""
    credentials, targets = [], []
    (home / "config").touch()
    for number in range(accounts):
        digits = account(number)
        credentials.append(f"[p{number}]\naws_access_key_id = AKIA0000{digits}\naws_secret_access_key = {'s' * 40}\n")
        targets.append(
            {
                "name": f"t{number}",
                "profile": f"p{number}",
                "account": digits,
                "regions": list(REGIONS[:regions]),
                "role": f"arn:aws:iam::{digits}:role/{ROLE}",
                # A fleet is watched by an identity of its own, and not by whoever starts jobs.
                "caller": "none",
            }
        )
    (home / "credentials").write_text("\n".join(credentials))
    settings = home / "healthcheck.yaml"
    settings.write_text(json.dumps({"targets": targets}))
    return settings


@contextmanager
def folder() -> Iterator[Path]:
    """Return a folder that goes when the measurement ends."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def in_process(function: Callable[..., Mapping[str, Any]], *arguments: object, env: Mapping[str, str]) -> Any:
    """Call a module's function in a fresh interpreter, so that memory and CPU are its own; return its figures."""
    module = function.__module__
    code = (
        f"import json, sys; from {module} import {function.__name__} as f; "
        "print(json.dumps(f(*json.loads(sys.argv[1]))), file=sys.stdout)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(arguments)],
        env=dict(env),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def resident_bytes() -> int:
    """Return this process's resident memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)
