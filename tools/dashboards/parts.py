"""What the dashboards have in common: variables, colours of statuses, queries and kinds of panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar, cast

from grafana_foundation_sdk.builders import (  # type: ignore[import-untyped]
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.models import common as common_models  # type: ignore[import-untyped]
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat  # type: ignore[import-untyped]

from healthcheck.result import Status
from healthcheck.surfaces.families import BY_NAME

FLEET, TARGET, DAEMON = "sagemaker-fleet", "sagemaker-target", "sagemaker-daemon"
"""The dashboards' addresses."""

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
SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
WIDTH = 24


P = TypeVar("P")


def metric(name: str, **labels: str) -> str:
    """Return a selector of a family that is declared, over the chosen jobs; ``=~`` where a value begins with ``~``."""
    family = name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")
    declared = BY_NAME[name if name in BY_NAME else family]
    unknown = set(labels) - set(declared.labels)
    if unknown:
        raise ValueError(f"{name} has no label {', '.join(sorted(unknown))}")
    matchers = ['job=~"$job"']
    matchers += [
        f'{label}=~"{value[1:]}"' if value.startswith("~") else f'{label}="{value}"' for label, value in labels.items()
    ]
    return f"sagemaker_healthcheck_{name}{{{', '.join(matchers)}}}"


def board(uid: str, title: str, description: str) -> dashboard.Dashboard:
    """Return a dashboard without panels, linked to the other two."""
    links = (
        dashboard.DashboardLink("SageMaker dashboards")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags(["sagemaker-healthcheck"])
        .as_dropdown(as_dropdown=False)
        .keep_time(keep_time=True)
    )
    return (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags(["sagemaker-healthcheck"])
        .readonly()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .time("now-6h", "now")
        .refresh("30s")
        .link(links)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .with_variable(
            _query("job", "label_values(sagemaker_healthcheck_build_info, job)")
            .multi(multi=True)
            .include_all(include_all=True)
            .all_value(".*")
            .current(models.VariableOption(selected=True, text="All", value="$__all"))
        )
    )


def target_variable() -> dashboard.QueryVariable:
    """Return the choice of one target."""
    return _query("target", f"label_values({metric('target_info')}, target)")


def page_variable() -> dashboard.TextBoxVariable:
    """Return the address at which the reader's browser finds the daemon."""
    return dashboard.TextBoxVariable("page").label("status page").default_value("http://localhost:9479")


def _query(name: str, query: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .datasource(SOURCE)
        .query(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )


def shaped(panel: P, title: str, description: str, *, width: int, height: int, queries: Sequence[Any]) -> P:
    """Return a panel with what every panel has."""
    # The SDK's builders have this in common, and no base that says so.
    builder = cast("Any", panel)
    builder.title(title).description(description).datasource(SOURCE).span(width).height(height)
    for query in queries:
        builder.with_target(query)
    return panel


def now(expression: str, legend: str = "", *, ref: str = "A") -> prometheus.Dataquery:
    """Return a query of this moment, as a table."""
    return _asked(expression, legend, ref).instant().format(PromQueryFormat.TABLE)


def current(expression: str, legend: str = "", *, ref: str = "A") -> prometheus.Dataquery:
    """Return a query of this moment, as one value for each series."""
    return _asked(expression, legend, ref).instant()


def over_time(expression: str, legend: str = "", *, ref: str = "A") -> prometheus.Dataquery:
    """Return a query over the dashboard's time."""
    return _asked(expression, legend, ref).range()


def _asked(expression: str, legend: str, ref: str) -> prometheus.Dataquery:
    query = prometheus.Dataquery().expr(expression).ref_id(ref).datasource(SOURCE)
    return query.legend_format(legend) if legend else query


def number(
    title: str,
    description: str,
    expression: str,
    *,
    unit: str = "none",
    width: int = 4,
    bad_from: float | None = None,
    bad: str = "red",
) -> stat.Panel:
    """Return one number, coloured from a limit on."""
    panel = shaped(stat.Panel(), title, description, width=width, height=4, queries=[current(expression)])
    panel.unit(unit).graph_mode(common_models.BigValueGraphMode.NONE)
    steps = [models.Threshold(color="green" if bad_from is not None else "text")]
    if bad_from is not None:
        steps.append(models.Threshold(value=bad_from, color=bad))
    return panel.thresholds(dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps))


def lines(
    title: str, description: str, queries: Sequence[Any], *, unit: str, width: int = 12, stacked: bool = False
) -> timeseries.Panel:
    """Return lines over time."""
    panel = shaped(timeseries.Panel(), title, description, width=width, height=8, queries=queries)
    panel.unit(unit).min(0).line_width(1).fill_opacity(20 if stacked else 5)
    panel.legend(
        common.VizLegendOptions()
        .display_mode(common_models.LegendDisplayMode.LIST)
        .placement(common_models.LegendPlacement.BOTTOM)
        .show_legend(show_legend=True)
    )
    if stacked:
        panel.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))
    return panel


def timeline(title: str, description: str, expression: str, legend: str, *, height: int) -> statetimeline.Panel:
    """Return how things stood over time, a row each."""
    panel = shaped(
        statetimeline.Panel(), title, description, width=WIDTH, height=height, queries=[over_time(expression, legend)]
    )
    return panel.mappings(status_mappings()).show_value(common_models.VisibilityMode.NEVER).row_height(0.8)


def rows(title: str, description: str, queries: Sequence[Any], *, width: int = WIDTH, height: int = 8) -> table.Panel:
    """Return a table."""
    return shaped(table.Panel(), title, description, width=width, height=height, queries=queries)


def bars(title: str, description: str, expression: str, legend: str, *, unit: str, width: int = 12) -> bargauge.Panel:
    """Return a bar for each series, as they are now."""
    panel = shaped(bargauge.Panel(), title, description, width=width, height=8, queries=[current(expression, legend)])
    return panel.unit(unit).min(0).orientation(common_models.VizOrientation.HORIZONTAL)


def status_mappings() -> list[Any]:
    """Return words and colours for the numbers of statuses."""
    words = {
        str(status.code): models.ValueMappingResult(text=status.value, color=COLOURS[status], index=status.code)
        for status in Status
    }
    return [models.ValueMap(options=words)]


def word_mappings() -> list[Any]:
    """Return colours for the words of statuses."""
    words = {
        status.value: models.ValueMappingResult(text=status.value, color=COLOURS[status], index=status.code)
        for status in Status
    }
    return [models.ValueMap(options=words)]


def coloured() -> list[models.DynamicConfigValue]:
    """Return the properties of a column whose words are statuses."""
    return [
        models.DynamicConfigValue(id_val="mappings", value=word_mappings()),
        models.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-background"}),
    ]


def linked(title: str, url: str) -> models.DynamicConfigValue:
    """Return the property of a column that leads somewhere."""
    return models.DynamicConfigValue(id_val="links", value=[{"title": title, "url": url}])


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
