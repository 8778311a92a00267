"""GPUs of the machine that the daemon runs on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from healthcheck import Fix, Host, Result, check, critical, minutes, ok, skipped

_VERSION = Path("/proc/driver/nvidia/version")


@check(every=minutes(30), after=["credentials.valid"], reasons=["too_old"])
def driver(host: Host, *, oldest: int = 535) -> Iterator[Result]:
    """The GPU driver is recent enough for our images.

    Why: a training image that is built for a newer driver fails when it starts, after its instance is paid for.
    Sees: the version that the kernel module tells in /proc.
    Cannot see: the drivers of SageMaker's own instances.
    Source: NVIDIA's driver README, read 2026-11.
    Settings:
        oldest: the major version that is still good.
    """
    try:
        text = host.read_bytes(_VERSION).decode("ascii", "replace")
    except FileNotFoundError:
        yield skipped("GPU driver", "This machine has no GPU driver.")
        return
    major = int(text.split("Kernel Module")[1].split()[0].split(".")[0])
    if major >= oldest:
        yield ok("GPU driver", f"GPU driver: major version {major}.", evidence={"major_version": major})
    else:
        summary = f"GPU driver: major version {major}, older than {oldest}."
        yield critical("GPU driver", summary, reason="too_old", fix=Fix("Install a newer driver."))


same_driver = driver
"""One check under two names is one check."""
