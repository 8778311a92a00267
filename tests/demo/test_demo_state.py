"""The note that a running demo leaves, and what the demo says where it cannot run."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from healthcheck.demo import DemoError, Wish, folders, run, state
from healthcheck.demo.state import RunningDemo

DEMO = RunningDemo(os.getpid(), "http://127.0.0.1:1", "http://127.0.0.1:2", "/nowhere")


def test_what_was_noted_is_read_by_another_process_of_the_same_user(tmp_path: Path) -> None:
    path = state.place({"XDG_RUNTIME_DIR": str(tmp_path)})
    state.write(path, DEMO)

    assert state.read(path) == DEMO
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    state.forget(path)
    assert state.read(path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_demo_that_was_killed_is_none(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    path = tmp_path / "folder" / "demo.json"
    state.write(path, RunningDemo(ended.pid, DEMO.world_url, DEMO.daemon_url, DEMO.directory))

    assert state.read(path) is None


def test_folders_of_demos_that_were_killed_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = tmp_path / f"sagemaker-healthcheck-demo-{ended.pid}-abc"
    (left / ".aws").mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    kept = [
        tmp_path / f"sagemaker-healthcheck-demo-{name}" for name in (f"{ended.pid}-link", "mine-abc", f"{'9' * 30}-x")
    ]
    kept[0].symlink_to(elsewhere)
    for folder in kept[1:]:
        folder.mkdir()

    with folders.own() as own:
        folders.sweep()
        assert sorted(tmp_path.iterdir()) == sorted([Path(own), elsewhere, *kept])
    assert not Path(own).exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"process_id": 1, "surprise": 2}'])
def test_a_note_that_makes_no_sense_is_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "demo.json"
    path.write_text(content)

    assert state.read(path) is None


def test_a_folder_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    """In a shared temporary folder somebody else might wait with a note of theirs."""
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)

    with pytest.raises(DemoError, match="belongs to somebody else"):
        state.write(tmp_path / "link" / "demo.json", DEMO)


def test_without_a_runtime_folder_it_is_in_the_users_own_temporary_one() -> None:
    assert f"sagemaker-healthcheck-{os.getuid()}" in str(state.place({}))


def test_without_moto_it_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moto", None)

    with pytest.raises(DemoError, match=r"needs moto, which is not installed; .*make demo"):
        run(Wish(), environ={"XDG_RUNTIME_DIR": str(tmp_path)}, tell=print, log_stream=io.StringIO())


def test_the_catalogue_needs_no_demo(tmp_path: Path) -> None:
    told: list[str] = []
    wish = Wish(list_faults=True)

    assert run(wish, environ={"XDG_RUNTIME_DIR": str(tmp_path)}, tell=told.append, log_stream=io.StringIO()) == 0
    assert "role-deleted" in told[0]
    assert "FAULT@TARGET hits another: vision" in told[0]
