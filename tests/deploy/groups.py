"""Control groups of our own: in one group, two machines at once would be one to the systemd of each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOUNTS = Path("/sys/fs/cgroup")
_OURS = "sagemaker-healthcheck-test-"


@contextmanager
def own_groups() -> Iterator[list[Path]]:
    """Make a group in each hierarchy that systemd keeps its units in; what it leaves in them goes with them.

    So do the groups of tests that were killed.
    """
    made = [here / f"{_OURS}{os.getpid()}" for here in _hierarchies()]
    for group in made:
        for left in group.parent.glob(f"{_OURS}*"):
            remove(left)
        group.mkdir()
    try:
        yield made
    finally:
        for group in made:
            remove(group)


def _hierarchies() -> Iterator[Path]:
    """Yield where this process is: in the one hierarchy of today, or in the two of a machine between the times."""
    for line in Path("/proc/self/cgroup").read_text("ascii").splitlines():
        _, name, path = line.split(":", 2)
        if name == "name=systemd":
            yield MOUNTS / "systemd" / path.lstrip("/")
        elif not name:
            unified = MOUNTS / "unified"
            yield (unified if unified.is_dir() else MOUNTS) / path.lstrip("/")


def remove(group: Path) -> None:
    """Remove a group with those in it, unless somebody lives there."""
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            Path(folder).rmdir()
        except OSError:
            return
