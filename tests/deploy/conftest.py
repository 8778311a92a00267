"""One Debian for all tests that boot it or build on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy import debian
from tests.deploy.workshop import working


@pytest.fixture(scope="session")
def workshop() -> Iterator[Path]:
    """A folder in memory; all that the slow tests make stands there, and nothing of it stays."""
    with working() as folder:
        yield folder


@pytest.fixture(scope="session")
def system(workshop: Path) -> Path:
    """A small Debian in a folder, for whoever installs in it what is to be tried. Half a minute on an idle machine."""
    root = workshop / "debian"
    debian.make_system(root)
    return root


@pytest.fixture(scope="session")
def sources(workshop: Path) -> Path:
    """The project's files that an image or an installation is made of."""
    folder = workshop / "sources"
    folder.mkdir()
    debian.copy_sources(folder)
    return folder


@pytest.fixture(scope="session")
def wheels(workshop: Path) -> Path:
    """All locked libraries."""
    folder = workshop / "wheels"
    folder.mkdir()
    debian.fetch_wheels(folder)
    return folder
