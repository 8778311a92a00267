"""How fast the commands are, against the AWS CLI and against Python itself."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.bench import LATENCY_SECONDS, Endpoint, Measurement, account, environment, folder
from benchmarks.fake_aws import ROLE

TURNS = 7
PROGRAM = str(Path(sys.executable).with_name("sagemaker-healthcheck"))


def _seconds(commands: Sequence[Sequence[str]], env: Mapping[str, str]) -> list[float]:
    """Run commands in turn, after one turn that warms the disk; return the median seconds of each."""
    taken: list[list[float]] = [[] for _ in commands]
    for turn in range(TURNS + 1):
        for position, command in enumerate(commands):
            before = time.perf_counter()
            subprocess.run(command, env=dict(env), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            if turn:
                taken[position].append(time.perf_counter() - before)
    return [statistics.median(times) for times in taken]


def doctor(endpoint: Endpoint) -> tuple[Measurement, ...]:
    """The doctor's whole look against one call of the AWS CLI; nothing where the CLI is not installed."""
    aws = shutil.which("aws")
    if aws is None:
        return ()
    with folder() as home:
        endpoint.set(latency_seconds=LATENCY_SECONDS, throttle_every=0)
        env = environment(endpoint.url, home) | {
            "AWS_ACCESS_KEY_ID": f"AKIA0000{account(0)}",
            "AWS_SECRET_ACCESS_KEY": "s" * 40,
            "AWS_DEFAULT_REGION": "us-east-1",
            "SAGEMAKER_ROLE_ARN": f"arn:aws:iam::{account(0)}:role/{ROLE}",
        }
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            env.pop(name)
        # The CLI imports from wherever it is installed; ours must not leak into it.
        seconds = _seconds([[PROGRAM, "run", "--fail-on", "critical"], [aws, "sts", "get-caller-identity"]], env)
    return (
        Measurement(
            "doctor / `aws sts get-caller-identity`, 50 ms a call",
            seconds[0] / seconds[1],
            1.45,
            1.00,
            f"{1000 * seconds[0]:.0f} ms / {1000 * seconds[1]:.0f} ms",
        ),
    )


def help_page(_endpoint: Endpoint) -> tuple[Measurement, ...]:
    """The help page against an empty Python program."""
    with folder() as home:
        seconds = _seconds(
            [[PROGRAM, "--help"], [sys.executable, "-c", "pass"]], environment("http://127.0.0.1:1", home)
        )
    return (
        Measurement(
            "`--help` / `python -c pass`",
            seconds[0] / seconds[1],
            8,
            4,
            f"{1000 * seconds[0]:.0f} ms / {1000 * seconds[1]:.0f} ms",
        ),
    )
