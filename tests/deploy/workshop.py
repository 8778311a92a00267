"""A folder in memory for what takes a disk minutes: systems, images, layers."""

from __future__ import annotations

import ctypes
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.deploy.debian import require_root
from tests.support import missing

_NEW_MOUNTS = 0x00020000
"""CLONE_NEWNS of unshare(2); Python has a name for it from 3.12 on."""
_MOST_OF_IT = "8g"


@contextmanager
def working() -> Iterator[Path]:
    """Make a folder in memory, for this process and those that it starts.

    Nobody else sees what is in it, and that ends with them, even when they are killed.
    """
    require_root("mount")
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_MOUNTS):
        missing("the right to mount", f"run these tests outside of a container ({os.strerror(ctypes.get_errno())})")
    # What others mount is seen here, and what is mounted here by nobody.
    subprocess.run(["mount", "--make-rslave", "/"], check=True)
    # Not one of pytest's: podman takes no long paths.
    folder = Path(tempfile.mkdtemp(prefix="healthcheck-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_MOST_OF_IT},mode=755", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()
