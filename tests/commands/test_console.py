"""Where documents go."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest

from healthcheck.commands.console import Console


@pytest.fixture
def console() -> Console:
    return Console(io.StringIO(), io.StringIO(), {})


def test_a_file_is_replaced_whole(console: Console, tmp_path: Path) -> None:
    path = tmp_path / "page.prom"
    path.write_text("old\n", "utf-8")
    with path.open(encoding="utf-8") as reader:
        console.put("new", path)
        assert reader.read() == "old\n"
    assert path.read_text("utf-8") == "new\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_and_what_it_leads_to_is_replaced(console: Console, tmp_path: Path) -> None:
    real, link = tmp_path / "real.prom", tmp_path / "link.prom"
    real.write_text("old\n", "utf-8")
    link.symlink_to(real)
    console.put("new", link)
    assert link.is_symlink()
    assert real.read_text("utf-8") == "new\n"


def test_a_pipe_is_written_to_and_stays_a_pipe(console: Console, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=console.put, args=("told", pipe), daemon=True)
    writer.start()
    assert pipe.read_text("utf-8") == "told\n"
    writer.join()
    assert pipe.is_fifo()


def test_an_open_pipe_goes_by_its_number(console: Console) -> None:
    reading, writing = os.pipe()
    console.put("told", Path(f"/dev/fd/{writing}"))
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as reader:
        assert reader.read() == "told\n"


def test_a_folder_that_is_not_there_is_named(console: Console, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        console.put("page", tmp_path / "none" / "page.prom")
    assert raised.value.filename == str(tmp_path / "none")
