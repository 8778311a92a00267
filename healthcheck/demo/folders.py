"""The demo's temporary folders: its own, and those that demos left which were killed."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from healthcheck.demo.state import is_alive

_PREFIX = "sagemaker-healthcheck-demo-"
_DIGITS = 9


def own() -> tempfile.TemporaryDirectory[str]:
    """Make the folder of this process's demo, which goes when it is left."""
    return tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-")


def sweep() -> None:
    """Remove this user's folders of demos whose process is gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        process_id = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if not process_id.isdecimal() or len(process_id) > _DIGITS or is_alive(int(process_id)):
            continue
        # A link could lead anywhere, and whose folder it is not, he will see to it himself.
        if not folder.is_symlink() and folder.is_dir() and folder.stat().st_uid == os.getuid():
            shutil.rmtree(folder, ignore_errors=True)
