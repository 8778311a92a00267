"""Files as they now are, read anew only when they change: thousands of targets look at the same two."""

from __future__ import annotations

import os
import threading
from pathlib import Path

MOST_FILES = 8
"""How many files are kept; the shared AWS files, and a few tokens beside them."""

Stamp = tuple[int, int, int, int, int]


class Files:
    """Reads files. Who asks again for one that has not changed gets the same object."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Path, tuple[Stamp, bytes]] = {}

    def read(self, path: Path, limit: int) -> bytes:
        """Return at most `limit` bytes; raise OSError as `open` does."""
        kept = self._kept.get(path)
        if kept is not None and len(kept[1]) <= limit and kept[0] == _stamp(os.stat(path)):  # noqa: PTH116 # a Path doubles the cost
            return kept[1]
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            data = file.read(limit)
        # Of what only looks like a file, such as those in /proc, neither size nor date tell of changes.
        if len(data) == before.st_size:
            self._keep(path, _stamp(before), data)
        return data

    def _keep(self, path: Path, stamp: Stamp, data: bytes) -> None:
        with self._lock:
            self._kept.pop(path, None)
            self._kept[path] = (stamp, data)
            while len(self._kept) > MOST_FILES:
                del self._kept[next(iter(self._kept))]


def _stamp(stat: os.stat_result) -> Stamp:
    """Return what changes with a file; its status time also tells of permissions that were taken away."""
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino, stat.st_dev
