"""Podman in namespaces of its own: its mounts, processes, bridges and firewall rules are seen by nobody else."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.deploy.debian import require_root
from tests.deploy.groups import MOUNTS, remove
from tests.e2e.prometheus import wait_until
from tests.support import require

PATIENCE_SECONDS = 60.0
BUILD_SECONDS = 600.0
BASE = "docker.io/library/python:3.13-slim-bookworm"

# crun refuses hybrid cgroups, and a container that has this machine's limits needs more rights than CI may have.
_SETTINGS = """\
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
_NOT_IN_A_BASE = ("opt/*", "src", "usr/lib/systemd", "usr/share/doc", "usr/share/locale", "var/cache", "var/lib/apt")


class Engine:
    """Builds and runs, for as long as it is entered."""

    def __init__(self, folder: Path, shell: str) -> None:
        self._folder = folder
        self._inside = ["nsenter", f"--target={shell}", "--mount", "--net", "--pid"]
        self.socket = folder / "podman.sock"

    def inside(self, *words: str | Path) -> list[str | Path]:
        """Return what runs a command where containers are to be reached."""
        return [*self._inside, *words]

    def environ(self) -> dict[str, str]:
        """What podman and buildah have to know."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "CONTAINERS_CONF": str(self._folder / "containers.conf"),
            "TMPDIR": str(self._folder),
            # Without it, each layer is a copy of all that is below it: minutes instead of seconds.
            "STORAGE_DRIVER": "overlay",
        }

    def tool(self, name: str, *words: str | Path) -> list[str | Path]:
        """Return what runs podman or buildah over our own storage."""
        return self.inside(name, f"--root={self._folder}/storage", f"--runroot={self._folder}/run", *words)

    def attempt(
        self, name: str, *words: str | Path, seconds: float = PATIENCE_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Run podman or buildah, whatever comes of it."""
        return subprocess.run(
            self.tool(name, *words),
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            env=self.environ(),
        )

    def does(self, name: str, *words: str | Path, seconds: float = PATIENCE_SECONDS) -> str:
        """Run podman or buildah, and return what it says."""
        told = self.attempt(name, *words, seconds=seconds)
        assert told.returncode == 0, f"{name} {words}: {told.returncode}\n{told.stdout[-4000:]}{told.stderr[-4000:]}"
        return told.stdout.strip()

    def inspect(self, kind: str, name: str) -> dict[str, Any]:
        """Return what podman knows of an image or a container."""
        found: dict[str, Any] = json.loads(self.does("podman", "inspect", f"--type={kind}", name))[0]
        return found

    def make_base(self, system: Path, wheels: Path) -> None:
        """Put a Debian of our own in the place of the image that the recipe begins with; pip finds its wheels there.

        No registry is asked: what is proved is the recipe, unchanged.
        """
        archive = self._folder / "base.tar"
        exclude = [f"--exclude=./{name}" for name in _NOT_IN_A_BASE]
        subprocess.run(["tar", f"--directory={system}", *exclude, f"--file={archive}", "--create", "."], check=True)
        pip = self._folder / "pip.conf"
        pip.write_text("[global]\nno-index = true\nfind-links = /wheels\n", "utf-8")
        container = self.does("buildah", "from", "scratch")
        self.does("buildah", "add", "--quiet", container, archive, "/", seconds=BUILD_SECONDS)
        self.does("buildah", "copy", "--quiet", container, wheels, "/wheels")
        self.does("buildah", "copy", "--quiet", container, pip, "/etc/pip.conf")
        self.does("buildah", "commit", "--quiet", container, BASE, seconds=BUILD_SECONDS)
        self.does("buildah", "rm", container)
        archive.unlink()

    @contextmanager
    def service(self) -> Iterator[str]:
        """Answer as a Docker engine does; where, is for DOCKER_HOST."""
        address = f"unix://{self.socket}"
        with (self._folder / "service.log").open("wb") as log:
            process = subprocess.Popen(
                self.tool("podman", "system", "service", "--time=0", address),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=self.environ(),
            )
        try:
            wait_until(self.socket.exists, seconds=PATIENCE_SECONDS, what="podman answers as an engine")
            yield address
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)

    def clear(self) -> None:
        """End all containers."""
        self.does("podman", "rm", "--all", "--force", "--time=5")
        self.attempt("podman", "network", "prune", "--force")


@contextmanager
def running(folder: Path) -> Iterator[Engine]:
    """Make the namespaces; whatever still is in them ends with them."""
    require_root("make containers")
    packages = {"nsenter": "util-linux", "ip": "iproute2", "iptables": "iptables"}
    for program in ("podman", "buildah", "runc", *packages):
        require(program, package=packages.get(program))
    (folder / "containers.conf").write_text(_SETTINGS, "utf-8")
    shell = subprocess.Popen(
        [
            "unshare",
            "--mount",
            "--net",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "--propagation=private",
            "sh",
            "-c",
            "ip link set lo up && echo up && exec cat",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert shell.stdout is not None
    assert shell.stdin is not None
    try:
        assert shell.stdout.readline() == b"up\n"
        (child,) = Path(f"/proc/{shell.pid}/task/{shell.pid}/children").read_text("ascii").split()
        engine = Engine(folder, child)
        try:
            yield engine
        finally:
            engine.clear()
    finally:
        shell.stdin.close()
        shell.wait(PATIENCE_SECONDS)
        shell.stdout.close()
        # What podman leaves outside of any namespace.
        for place in ("libpod_parent", "*/libpod_parent"):
            for group in MOUNTS.glob(place):
                remove(group)
