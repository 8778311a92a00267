"""The web configuration in force: read again when one of its files changes, and kept when they are wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from healthcheck.config.mistakes import ConfigError, Mistakes
from healthcheck.surfaces.web.guard import OPEN, Guard
from healthcheck.surfaces.web.reading import Reading, read

LOOK_EVERY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of reading the files again."""

    mistakes: tuple[str, ...] = ()
    """With their places; none = what they say is in force."""


Told = Callable[[Outcome], None]
_Print = tuple[tuple[int, ...] | None, ...]


class Web:
    """Holds the guard. Owned by the daemon; may be used from any thread.

    Files are looked at once a second by a thread of its own: a disk that hangs must hang nobody else. They are
    read once a look has found them as the look before did, so that nobody meets half of a file that is being
    written; certificate and key, which are two files, may still be caught out of step, and then the next look
    mends it.

    Raises:
        ConfigError: the file has mistakes.
    """

    def __init__(self, path: Path | None, *, told: Told, look_every_seconds: float = LOOK_EVERY_SECONDS) -> None:
        self._path = path
        self._told = told
        self._look_every_seconds = look_every_seconds
        self._lock = threading.Lock()
        self._guard = OPEN
        self._files: tuple[Path, ...] = (path,) if path else ()
        self._read: _Print = ()
        self._seen: _Print = ()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        if path is not None:
            reading = self._reading(path)
            Mistakes(str(path), reading.mistakes).raise_if_any()
            self._guard = reading.guard

    @property
    def guard(self) -> Guard:
        """What is in force now."""
        return self._guard

    def start(self) -> None:
        """Begin to look for changes, if there is a file."""
        if self._path is not None:
            self._thread = threading.Thread(target=self._watch, name="web-config", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Look no longer."""
        self._stop.set()
        if self._thread is not None:
            # It waits for nothing but a disk; should that hang, the process ends without it.
            self._thread.join(self._look_every_seconds)

    def read_again(self) -> Outcome:
        """Read the files now, whether they have changed or not."""
        if self._path is None:
            return Outcome()
        with self._lock:
            reading = self._reading(self._path)
            if not reading.mistakes:
                self._guard = reading.guard
        outcome = Outcome(tuple(map(str, ConfigError(reading.mistakes).mistakes)))
        self._told(outcome)
        return outcome

    def look(self) -> None:
        """Read the files again if they differ from what was read, and no longer change."""
        now = _print_of(self._files)
        is_settled, self._seen = now == self._seen, now
        if is_settled and now != self._read:
            self.read_again()

    def _reading(self, path: Path) -> Reading:
        """Read, with the files' stamps from before: what changes while it is read is read again at the next look."""
        while True:
            stamps = _print_of(self._files)
            reading = read(path)
            if reading.files == self._files:
                self._read = stamps
                return reading
            # It names other files than before; once more, for their stamps.
            self._files = reading.files

    def _watch(self) -> None:
        while not self._stop.wait(self._look_every_seconds):
            self.look()


def _print_of(files: Iterable[Path]) -> _Print:
    """Return what differs once one of the files has changed."""
    return tuple(_stamp(path) for path in files)


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        # Follows symbolic links, which is how Kubernetes renews what it mounts.
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
