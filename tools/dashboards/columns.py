"""What the columns of tables have in common: colours, widths, links, and how several queries become one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.models import dashboard as models  # type: ignore[import-untyped]

from tools.dashboards import statuses


def coloured() -> list[models.DynamicConfigValue]:
    """Return the properties of a column of statuses."""
    return [models.DynamicConfigValue(id_val="mappings", value=statuses.mappings()), backed(), left(), wide(90)]


def backed() -> models.DynamicConfigValue:
    """Return the property of a column whose cells have the colour of their value."""
    return models.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-background", "mode": "basic"})


def left() -> models.DynamicConfigValue:
    """Return the property of a column that is read like a word, though it may hold numbers."""
    return models.DynamicConfigValue(id_val="custom.align", value="left")


def wide(pixels: int) -> models.DynamicConfigValue:
    """Return the property of a column that shall have no more than it needs."""
    return models.DynamicConfigValue(id_val="custom.width", value=pixels)


def linked(title: str, url: str) -> models.DynamicConfigValue:
    """Return the property of a column that leads somewhere."""
    return models.DynamicConfigValue(id_val="links", value=[{"title": title, "url": url}])


def fix() -> list[models.DynamicConfigValue]:
    """Return the properties of a column of incidents' ids: each leads to its place on the status page."""
    words = models.RegexMap(
        options=models.DashboardRegexMapOptions(pattern=".+", result=models.ValueMappingResult(text="how to mend it"))
    )
    return [
        models.DynamicConfigValue(id_val="mappings", value=[words]),
        linked("How to mend it", "${page}/#${__value.raw}"),
        wide(135),
    ]


def unit(name: str) -> models.DynamicConfigValue:
    """Return the property of a column that has a unit."""
    return models.DynamicConfigValue(id_val="unit", value=name)


def together(
    *, hidden: Sequence[str] = (), renamed: Mapping[str, str] | None = None, order: Sequence[str] = ()
) -> list[models.DataTransformerConfig]:
    """Return transformations that make one table of several queries with the same labels."""
    return [
        models.DataTransformerConfig(id_val="merge", options={}),
        models.DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": dict.fromkeys(("Time", *hidden), True),
                "indexByName": {name: index for index, name in enumerate(order)},
                "renameByName": dict(renamed or {}),
            },
        ),
    ]
