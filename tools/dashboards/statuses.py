"""Statuses in dashboards: their colours, their words, and which is the most severe."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from grafana_foundation_sdk.models import dashboard as models  # type: ignore[import-untyped]

from healthcheck.result import SEVERITY, Status

COLOURS: Mapping[Status, str] = MappingProxyType(
    {
        Status.OK: "green",
        Status.WARNING: "yellow",
        Status.CRITICAL: "red",
        Status.UNKNOWN: "purple",
        Status.BLOCKED: "blue",
        Status.SKIPPED: "#808080",
    }
)


def mappings() -> list[Any]:
    """Return the word and the colour of each status, whether a query gives its number or its word."""
    words = {
        given: models.ValueMappingResult(text=status.value, color=COLOURS[status], index=status.code)
        for status in Status
        for given in (str(status.code), status.value)
    }
    return [models.ValueMap(options=words)]


def absent(text: str = "no data", colour: str = COLOURS[Status.UNKNOWN]) -> models.SpecialValueMap:
    """Return what stands for no answer; Grafana would give it the colour of the lowest value, which is often green."""
    return models.SpecialValueMap(
        options=models.DashboardSpecialValueMapOptions(
            match=models.SpecialValueMatch.NULL_AND_NAN, result=models.ValueMappingResult(text=text, color=colour)
        )
    )


def severest(statuses: str, by: str) -> str:
    """Return an expression of the most severe status of each group; the most severe come first."""
    # The numbers of statuses are no order, so max() over all of them will not do.
    return " or ".join(f"max by ({by}) ({statuses} == {status.code})" for status in reversed(SEVERITY))
