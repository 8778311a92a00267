"""One Debian for all tests that boot it or build on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy import debian


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small Debian in a folder; nobody may change it. Three quarters of a minute."""
    root = tmp_path_factory.mktemp("debian") / "root"
    debian.make_system(root)
    return root


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's files that an image or an installation is made of."""
    folder = tmp_path_factory.mktemp("sources")
    debian.copy_sources(folder)
    return folder


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All locked libraries."""
    folder = tmp_path_factory.mktemp("wheels")
    debian.fetch_wheels(folder)
    return folder
