"""The terminal, or whatever stands in its place: where documents, notes and progress go."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from healthcheck.errors import HealthcheckError

_WIDTH_OF_A_FILE = 100
"""Columns where stdout is no terminal: what reads well in a pager, a mail or a build log."""

_WIDEST = 120
"""Sentences longer than this are hard to follow however wide the terminal is."""


class UnreadableInput(HealthcheckError):
    """What came by stdin is no text."""

    def __init__(self, offset: int) -> None:
        self.offset = offset
        super().__init__(f"stdin: byte {offset + 1} is no UTF-8")


class Console:
    """Documents to stdout, all else to stderr. Owned by `cli.main`, handed to each command."""

    def __init__(
        self,
        stdout: TextIO,
        stderr: TextIO,
        environ: Mapping[str, str],
        *,
        stdin: TextIO | None = None,
        color: str = "auto",
    ) -> None:
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.environ = environ
        self._color = color

    @property
    def colour(self) -> bool:
        """Whether documents may be coloured: as told, else on a terminal where NO_COLOR is not set."""
        if self._color != "auto":
            return self._color == "always"
        return self.stdout.isatty() and not self.environ.get("NO_COLOR") and self.environ.get("TERM") != "dumb"

    @property
    def width(self) -> int:
        """Columns to fill."""
        if not self.stdout.isatty():
            return _WIDTH_OF_A_FILE
        return min(shutil.get_terminal_size((_WIDTH_OF_A_FILE, 24)).columns, _WIDEST)

    @property
    def encoding(self) -> str:
        """What stdout can show."""
        return self.stdout.encoding or "utf-8"

    def document(self, text: str) -> None:
        """Write what was asked for, ending in a newline, and make sure that it arrives."""
        whole = text if text.endswith("\n") else f"{text}\n"
        # What the terminal's encoding does not have is shown as ?, because half a document helps nobody.
        self.stdout.write(whole.encode(self.encoding, "replace").decode(self.encoding))
        # A full disk or a closed pipe shows here, where it can be told, and not at interpreter exit.
        self.stdout.flush()

    def put(self, text: str, path: Path) -> None:
        """Write what was asked for in a file's place: whoever reads it sees the old one or the new one, whole.

        A device or a pipe is written to as it is: root could put a file in its place.
        """
        whole = text if text.endswith("\n") else f"{text}\n"
        if path.exists() and not path.is_file():
            path.write_text(whole, "utf-8")
            return
        # A link stays one, and what it leads to is replaced.
        place = path.resolve()
        if not place.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(place.parent))
        # Collectors of such files go by the end of the name, and so leave this one alone.
        beside = place.with_name(f".{place.name}.{os.getpid()}.new")
        try:
            beside.write_text(whole, "utf-8")
            beside.replace(place)
        finally:
            beside.unlink(missing_ok=True)

    def read(self, what: str, *, errors: str = "strict") -> str:
        """Return all of stdin; whoever sits at a terminal is told what is waited for."""
        if self.stdin is None:
            return ""
        if self.stdin.isatty():
            self.note(f"reading {what}; end with Ctrl-D")
        # Under some locales Python smuggles foreign bytes through as half characters, so the bytes are decoded here.
        buffer = getattr(self.stdin, "buffer", None)
        try:
            return str(buffer.read(), "utf-8-sig", errors) if buffer else self.stdin.read()
        except UnicodeDecodeError as error:
            raise UnreadableInput(error.start) from error

    def note(self, text: str) -> None:
        """Write a sentence that is no part of the document."""
        self.stderr.write(f"{text}\n")
        self.stderr.flush()


class Progress:
    """One line on a terminal's stderr that is rewritten while work goes on; nothing where there is no terminal."""

    def __init__(self, console: Console, total: int) -> None:
        self._stream = console.stderr
        self._total = total
        self._finished = 0
        self._lock = threading.Lock()
        self._is_shown = console.stderr.isatty() and console.environ.get("TERM") != "dumb"
        self._columns = shutil.get_terminal_size().columns

    def step(self, words: str) -> None:
        """Tell that one more piece is finished. Called from worker threads."""
        with self._lock:
            self._finished += 1
            if self._is_shown:
                line = f"{self._finished}/{self._total}  {words}"[: self._columns - 1]
                self._stream.write(f"\r\x1b[2K{line}")
                self._stream.flush()

    def end(self) -> None:
        """Leave the line empty for what comes next."""
        with self._lock:
            if self._is_shown:
                self._is_shown = False
                self._stream.write("\r\x1b[2K")
                self._stream.flush()
