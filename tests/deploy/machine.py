"""A machine that really boots: systemd in a container of its own, without a network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.deploy.groups import own_groups
from tests.e2e.prometheus import wait_until
from tests.support import require

BOOT_SECONDS = 120.0
PATIENCE_SECONDS = 60.0
DAEMON = "sagemaker-healthcheck.service"
_LINES_TOLD = 40


class Machine:
    """What is typed on it, and what it shows."""

    def __init__(self, nspawn: subprocess.Popen[bytes]) -> None:
        self._nspawn = nspawn

    def types(self, *words: str, check: bool = True, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command on the machine, as root, with something to read."""
        told = subprocess.run(
            ["nsenter", f"--target={self._leader()}", "--mount", "--uts", "--ipc", "--net", "--pid", *words],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
        assert not check or told.returncode == 0, self._why(told)
        return told

    def show(self, name: str, unit: str = DAEMON) -> str:
        """Return a property of a unit."""
        return self.types("systemctl", "show", unit, f"--property={name}", "--value").stdout.strip()

    def journal(self, unit: str = DAEMON) -> list[str]:
        """Return what a unit has logged, and what systemd has logged of it."""
        return self.types("journalctl", "--no-pager", "--output=cat", f"--unit={unit}").stdout.splitlines()

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the daemon's own lines of one name."""
        lines: list[dict[str, Any]] = [json.loads(line) for line in self.journal() if line.startswith("{")]
        return [line for line in lines if line["event"] == name]

    def write(self, path: str, text: str, *, mode: str = "644") -> None:
        """Put a file in place."""
        self.types("install", "-D", f"--mode={mode}", "/dev/stdin", path, given=text)

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something to happen on it."""
        wait_until(condition, seconds=PATIENCE_SECONDS, what=what)

    def is_up(self) -> bool:
        """Whether it has finished booting."""
        assert self._nspawn.poll() is None, "it ended while booting"
        told = self.types("systemctl", "is-system-running", check=False).stdout.strip()
        return told in {"running", "degraded"}

    def has_begun(self) -> bool:
        """Whether there is an init."""
        return bool(self._children())

    def power_off(self) -> None:
        """End it, by its own means if it still has any."""
        if self._nspawn.poll() is None and self.has_begun():
            self.types("systemctl", "poweroff", check=False)
        try:
            self._nspawn.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait(PATIENCE_SECONDS)

    def _why(self, told: subprocess.CompletedProcess[str]) -> str:
        """Say what was typed, what came of it, and what the machine logged last, but for the daemon's own events."""
        logged = self.types("journalctl", "--no-pager", "--output=short-precise", "--grep=^[^{]", check=False)
        lines = logged.stdout.splitlines()[-_LINES_TOLD:]
        return "\n".join([f"{told.args}: {told.returncode}", told.stdout, told.stderr, *lines])

    def _leader(self) -> str:
        (leader,) = self._children()
        return leader

    def _children(self) -> list[str]:
        pid = self._nspawn.pid
        return Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()


@contextmanager
def booted(root: Path, log: Path) -> Iterator[Machine]:
    """Boot a system; what it changes is gone when it is off, as it is when the tests are killed."""
    program = require("systemd-nspawn", package="systemd-container")
    name = f"healthcheck-{os.getpid()}"
    with own_groups() as groups, log.open("wb") as console:
        nspawn = subprocess.Popen(
            [
                # A machine does not outlive the tests, whatever ends them: told to end, it powers off.
                require("setpriv", package="util-linux"),
                "--pdeathsig=TERM",
                "sh",
                "-c",
                # nspawn keeps its machine in the groups that it is started in.
                *('n=$1; shift; while [ "$n" -gt 0 ]; do echo $$ >"$1"; shift; n=$((n - 1)); done; exec "$@"', "sh"),
                *(str(len(groups)), *(str(group / "cgroup.procs") for group in groups)),
                program,
                "--quiet",
                f"--directory={root}",
                f"--machine={name}",
                "--register=no",
                "--keep-unit",
                "--private-network",
                "--volatile=overlay",
                "--boot",
            ],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
        )
        machine = Machine(nspawn)
        try:
            wait_until(machine.has_begun, seconds=BOOT_SECONDS, what="the machine has an init")
            wait_until(machine.is_up, seconds=BOOT_SECONDS, what="the machine has booted")
            yield machine
        finally:
            machine.power_off()
            # Where /run is a disk, nspawn leaves it.
            shutil.rmtree(f"/run/systemd/nspawn/propagate/{name}", ignore_errors=True)
