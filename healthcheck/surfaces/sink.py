"""Where lines of the log go: a file whose reader may be slow, or may have stopped reading, and who holds up nobody."""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TextIO

MOST_LINES = 10_000
"""So many lines wait for a reader who does not read; what comes beyond them is lost."""

STALLED_SECONDS = 1.0
"""A reader who takes no line for so long at the end is not waited for any longer."""

_CHECKED_EVERY_SECONDS = 1.0


class Sink:
    """Takes lines at once and writes them in a thread of its own. May be used from any thread.

    What cannot be written is counted instead of raised: nobody could be told of it. What is no file, but memory,
    keeps nobody waiting and is written directly.

    Args:
        stream: where lines go. Nobody else may write to it unflushed: its own buffer is passed by, because who is
            stuck in it would hold up the end of the interpreter, which flushes it.
        lost: told of each number of lines that was lost; called while a lock is held, so it must be quick.
        most_lines: how many may wait.
    """

    def __init__(self, stream: TextIO, lost: Callable[[int], None], *, most_lines: int = MOST_LINES) -> None:
        self._stream = stream
        self._lost = lost
        self._most_lines = most_lines
        self._file = _file_of(stream)
        self._changed = threading.Condition()
        self._lines: deque[bytes] = deque()
        self._is_writing = False
        self._is_ended = False
        self._is_given_up = False
        self._writer: threading.Thread | None = None

    def write(self, text: str) -> int:
        """Take a line, with its newline."""
        if self._file is None:
            self._write_directly(text)
            return len(text)
        line = text.encode(self._stream.encoding or "utf-8", "backslashreplace")
        with self._changed:
            if self._is_ended or len(self._lines) >= self._most_lines:
                self._lost(1)
            else:
                self._lines.append(line)
                self._changed.notify_all()
                if self._writer is None:
                    self._writer = threading.Thread(target=self._keep_writing, name="healthcheck-log", daemon=True)
                    self._writer.start()
        return len(text)

    def flush(self) -> None:
        """Do nothing: every line goes out as soon as its reader takes it."""

    def end(self, timeout_seconds: float) -> bool:
        """Take no more lines, wait until the reader has those that wait, and return whether he has them all."""
        limit = time.monotonic() + timeout_seconds
        with self._changed:
            self._is_ended = True
            self._changed.notify_all()
            # From here on only the writer notifies: of each line that is written.
            while self._waiting and self._changed.wait(max(min(limit - time.monotonic(), STALLED_SECONDS), 0)):
                pass
            left = self._waiting
            self._lines.clear()
            if left:
                self._is_given_up = True
                self._lost(left)
        return not left

    @property
    def _waiting(self) -> int:
        return len(self._lines) + self._is_writing

    def _write_directly(self, text: str) -> None:
        try:
            self._stream.write(text)
        except (OSError, ValueError):
            self._lost(1)

    def _keep_writing(self) -> None:
        while (line := self._take()) is not None:
            try:
                self._put(line)
            except OSError:
                with self._changed:
                    if not self._is_given_up:
                        self._lost(1)
            with self._changed:
                self._is_writing = False
                self._changed.notify_all()

    def _take(self) -> bytes | None:
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._is_ended)
            if not self._lines:
                return None
            self._is_writing = True
            return self._lines.popleft()

    def _put(self, line: bytes) -> None:
        file, rest = self._file, memoryview(line)
        while rest and file is not None:
            try:
                rest = rest[os.write(file, rest) :]
            except BlockingIOError:
                # Whoever shares the terminal or the pipe with us made it one that does not wait.
                select.select([], [file], [], _CHECKED_EVERY_SECONDS)


def _file_of(stream: TextIO) -> int | None:
    """Return the number of the file behind a stream, or none where there is no such thing."""
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError):
        return None
