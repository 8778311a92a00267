"""Where a running demo is to be found: a small file that only its user can read."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from healthcheck.demo.errors import DemoError


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """What another process has to know to reach into a running demo."""

    process_id: int
    world_url: str
    daemon_url: str
    directory: str
    """Where the AWS files and the settings are."""


def place(environ: Mapping[str, str]) -> Path:
    """Return the file's path; nothing is made."""
    base = environ.get("XDG_RUNTIME_DIR")
    if base and Path(base).is_dir():
        return Path(base) / "sagemaker-healthcheck" / "demo.json"
    return Path(tempfile.gettempdir()) / f"sagemaker-healthcheck-{os.getuid()}" / "demo.json"


def write(path: Path, demo: RunningDemo) -> None:
    """Note a running demo.

    Raises:
        DemoError: the folder is somebody else's: whoever owns it could send us anywhere.
    """
    path.parent.mkdir(mode=0o700, exist_ok=True)
    _refuse_foreign(path.parent)
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(asdict(demo)))
    beside.chmod(0o600)
    beside.replace(path)


def forget(path: Path) -> None:
    """Remove the note, and the folder if nothing else is in it."""
    path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        path.parent.rmdir()


def read(path: Path) -> RunningDemo | None:
    """Return the demo that is running, or none."""
    try:
        _refuse_foreign(path.parent)
        content = json.loads(path.read_text())
        demo = RunningDemo(**content)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return demo if is_alive(demo.process_id) else None


def is_alive(process_id: int) -> bool:
    """Whether a process with this number lives."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, as somebody else
        return True
    return True


def _refuse_foreign(folder: Path) -> None:
    found = folder.lstat()
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
        raise DemoError(f"{folder} belongs to somebody else; set XDG_RUNTIME_DIR to a folder of your own")
