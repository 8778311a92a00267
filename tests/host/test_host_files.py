"""Files that are read anew only when they change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from healthcheck.host.files import MOST_FILES, Files

LIMIT = 100


def test_a_file_that_has_not_changed_is_given_as_the_same_object(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_bytes(b"[default]")
    files = Files()

    assert files.read(file, LIMIT) is files.read(file, LIMIT)


def test_a_change_is_seen_even_where_size_and_date_stay(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_bytes(b"one")
    files = Files()
    files.read(file, LIMIT)

    before = file.stat()
    other = tmp_path / "other"
    other.write_bytes(b"two")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(file)

    assert files.read(file, LIMIT) == b"two"


def test_a_file_that_goes_is_missed_and_one_that_comes_back_is_read(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_bytes(b"one")
    files = Files()
    files.read(file, LIMIT)

    file.unlink()
    with pytest.raises(FileNotFoundError):
        files.read(file, LIMIT)

    file.write_bytes(b"again")
    assert files.read(file, LIMIT) == b"again"


def test_more_is_read_when_more_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_bytes(b"0123456789")
    files = Files()

    assert [files.read(file, limit) for limit in (4, LIMIT, 4)] == [b"0123", b"0123456789", b"0123"]


def test_what_only_looks_like_a_file_is_read_each_time() -> None:
    uptime = Path("/proc/self/stat")
    files = Files()

    assert files.read(uptime, LIMIT) is not files.read(uptime, LIMIT)


def test_few_files_are_kept(tmp_path: Path) -> None:
    files = Files()
    paths = [tmp_path / str(number) for number in range(MOST_FILES + 1)]
    for path in paths:
        path.write_bytes(b"same")
    first, *_, last = [files.read(path, LIMIT) for path in paths]

    assert files.read(paths[-1], LIMIT) is last
    assert files.read(paths[0], LIMIT) is not first
