"""What tests share: finding real programs, and saying which one is missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest


def missing(what: str, how: str) -> NoReturn:
    """Skip the test because a real part is not installed; on CI that is a failure."""
    sentence = f"{what} is missing: {how}"
    if os.environ.get("CI"):
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def require(program: str, *, package: str | None = None) -> Path:
    """Return the path of a program; where it is not installed, skip, naming the Debian package (on CI: fail)."""
    found = shutil.which(program)
    if found is None:
        missing(program, f"apt install {package or program}")
    return Path(found)
