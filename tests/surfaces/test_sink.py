"""Where the log goes: whatever its reader does, nobody who logs waits for him, and what is lost is counted."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TextIO

import pytest

from healthcheck.surfaces import logs
from healthcheck.surfaces.sink import Sink

PATIENCE_SECONDS = 20.0
MORE_THAN_A_PIPE_HOLDS = "x" * 2_000_000 + "\n"


@dataclass
class Pipe:
    """A pipe, and how many lines for it were lost."""

    reader: int
    stream: TextIO
    losses: list[int] = field(default_factory=list)

    def sink(self, most_lines: int = 100) -> Sink:
        return Sink(self.stream, self.losses.append, most_lines=most_lines)

    def stalled(self, most_lines: int = 100) -> Sink:
        """Return a sink whose writer is in the middle of a line that nobody reads."""
        sink = self.sink(most_lines)
        sink.write(MORE_THAN_A_PIPE_HOLDS)
        assert os.read(self.reader, 1) == b"x"
        return sink

    def read_to_the_end(self) -> bytes:
        pieces = []
        while piece := os.read(self.reader, 1 << 16):
            pieces.append(piece)
        return b"".join(pieces)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reader, writer = os.pipe()
    made = Pipe(reader, os.fdopen(writer, "w", encoding="utf-8"))
    yield made
    # Frees a writer that is stuck.
    with suppress(OSError):
        os.close(reader)
    made.stream.close()


def read_by_another(pipe: Pipe) -> tuple[threading.Thread, list[bytes]]:
    read: list[bytes] = []
    thread = threading.Thread(target=lambda: read.append(pipe.read_to_the_end()))
    thread.start()
    return thread, read


def test_everything_reaches_the_reader_in_order(pipe: Pipe) -> None:
    sink = pipe.sink(most_lines=1000)
    lines = [f"line {number}: ü\n" for number in range(500)]
    for line in lines:
        assert sink.write(line) == len(line)
        sink.flush()
    assert sink.end(PATIENCE_SECONDS)
    pipe.stream.close()
    assert pipe.read_to_the_end().decode() == "".join(lines)
    assert pipe.losses == []


def test_nobody_waits_for_a_reader_who_does_not_read_and_what_overflows_is_counted(pipe: Pipe) -> None:
    sink = pipe.stalled(most_lines=5)
    for number in range(8):
        sink.write(f"{number}\n")
    assert sum(pipe.losses) == 3
    assert not sink.end(0)
    # The line that is being written, and the five that wait.
    assert sum(pipe.losses) == 3 + 6


def test_at_the_end_a_slow_reader_gets_what_waits(pipe: Pipe) -> None:
    sink = pipe.stalled()
    sink.write("the last\n")
    thread, read = read_by_another(pipe)
    assert sink.end(PATIENCE_SECONDS)
    pipe.stream.close()
    thread.join(PATIENCE_SECONDS)
    assert read[0].endswith(b"x\nthe last\n")
    assert pipe.losses == []


def test_after_the_end_lines_are_lost(pipe: Pipe) -> None:
    sink = pipe.sink()
    assert sink.end(0)
    sink.write("too late\n")
    assert pipe.losses == [1]


def test_a_pipe_that_does_not_wait_loses_nothing(pipe: Pipe) -> None:
    """Whoever shares it may have made it so."""
    os.set_blocking(pipe.stream.fileno(), False)
    sink = pipe.stalled()
    thread, read = read_by_another(pipe)
    assert sink.end(PATIENCE_SECONDS)
    pipe.stream.close()
    thread.join(PATIENCE_SECONDS)
    assert len(read[0]) == len(MORE_THAN_A_PIPE_HOLDS) - 1
    assert pipe.losses == []


def test_a_reader_who_is_gone_costs_lines_and_nothing_else(pipe: Pipe) -> None:
    os.close(pipe.reader)
    sink = pipe.sink()
    sink.write("one\n")
    sink.write("two\n")
    assert sink.end(PATIENCE_SECONDS)
    assert sum(pipe.losses) == 2


def test_memory_is_written_at_once() -> None:
    stream, losses = io.StringIO(), list[int]()
    sink = Sink(stream, losses.append)
    sink.write("one\n")
    assert stream.getvalue() == "one\n"
    assert sink.end(0)
    stream.close()
    sink.write("two\n")
    assert losses == [1]


def test_the_log_counts_and_tells_what_was_lost(pipe: Pipe) -> None:
    told: list[int] = []
    os.close(pipe.reader)
    log = logs.configure("json", "info", pipe.stream, on_lost=told.append)
    log.logger.info("daemon.started")
    log.close(PATIENCE_SECONDS)
    assert (log.lost_lines, told) == (1, [1])
