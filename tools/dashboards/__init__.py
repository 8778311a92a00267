"""The Grafana dashboards of deploy/grafana, built with Grafana's foundation SDK."""

from __future__ import annotations

from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder  # type: ignore[import-untyped]

from tools.dashboards import daemon, fleet, target
from tools.tables import ROOT

FOLDER = ROOT / "deploy" / "grafana" / "dashboards"


def files() -> dict[Path, str]:
    """Return the JSON of each dashboard."""
    encoder = JSONEncoder(sort_keys=True, indent=2)
    dashboards = (fleet.dashboard(), target.dashboard(), daemon.dashboard())
    return {FOLDER / f"{built.uid}.json": encoder.encode(built) + "\n" for built in dashboards}
