"""What `python -m tools` writes is what is committed: one fact is said in one place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import aws, chart, dashboards, reference
from tools.tables import ROOT

FILES = chart.files() | aws.files() | reference.files() | dashboards.files()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_derived_files_are_up_to_date(path: Path) -> None:
    """`python -m tools` brings them up to date."""
    assert path.read_text("utf-8") == FILES[path]
