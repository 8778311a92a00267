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

from healthcheck.surfaces.families import BY_NAME
from tools.dashboards import statuses
from tools.tables import own_checks

FLEET, TARGET, DAEMON = "sagemaker-fleet", "sagemaker-target", "sagemaker-daemon"
"""The dashboards' addresses."""

OUTCOMES: Mapping[str, str] = MappingProxyType(
    {"ok": "green", "remembered": "blue", "denied": "purple", "throttled": "yellow", "failed": "red"}
)
"""Of calls to AWS."""

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
WIDTH = 24
_LAST_HOUR = 3600


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


def or_none(count: str) -> str:
    """Return an expression that is 0 where nothing is to be counted, and nothing where no daemon says so."""
    return f"{count} or 0 * count({metric('build_info')})"


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
    panel.unit(unit).graph_mode(common_models.BigValueGraphMode.NONE).mappings([statuses.absent()])
    return panel.thresholds(_limits("text") if bad_from is None else _limits("green", (bad_from, bad)))


def _limits(base: str, *limits: tuple[float, str]) -> dashboard.ThresholdsConfig:
    """Return a colour, and the others that begin at a value."""
    steps = [models.Threshold(color=base), *(models.Threshold(value=value, color=color) for value, color in limits)]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def time_left(panel: P) -> P:
    """Colour how long credentials last: yellow when their check warns, red for the alert's last hour."""
    horizon: Any = own_checks().get("credentials.expiry").defaults()["horizon"]
    limits = _limits("red", (_LAST_HOUR, "yellow"), (horizon.total_seconds(), "green"))
    builder = cast("Any", panel)
    builder.unit("s").thresholds(limits).mappings([statuses.absent("no end known", "text")])
    return panel


def lines(
    title: str, description: str, queries: Sequence[Any], *, unit: str, width: int = 12, ranked: bool = False
) -> timeseries.Panel:
    """Return lines over time; if they are many, with a list of the highest beside them."""
    panel = shaped(timeseries.Panel(), title, description, width=width, height=8, queries=queries)
    panel.unit(unit).min(0).line_width(1).fill_opacity(0 if ranked else 5)
    legend = common.VizLegendOptions().show_legend(show_legend=True)
    if ranked:
        legend.display_mode(common_models.LegendDisplayMode.TABLE).placement(common_models.LegendPlacement.RIGHT)
        legend.calcs(["max"]).sort_by("Max").sort_desc(sort_desc=True)
    else:
        legend.display_mode(common_models.LegendDisplayMode.LIST).placement(common_models.LegendPlacement.BOTTOM)
    return panel.legend(legend)


def layers(
    title: str, description: str, queries: Sequence[Any], *, unit: str, colours: Mapping[str, str]
) -> timeseries.Panel:
    """Return areas over time, one upon the other, each with the colour of its name."""
    panel = lines(title, description, queries, unit=unit)
    # Without lines: that of an empty layer would hide the edge of the one below it.
    panel.line_width(0).fill_opacity(70)
    for name, colour in colours.items():
        fixed = {"mode": "fixed", "fixedColor": colour}
        panel.override_by_name(name, [models.DynamicConfigValue(id_val="color", value=fixed)])
    return panel.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))


def status_layers(title: str, description: str, queries: Sequence[Any], *, unit: str) -> timeseries.Panel:
    """Return how many stand how over time, by the words of statuses."""
    colours = {status.value: colour for status, colour in statuses.COLOURS.items()}
    return layers(title, description, queries, unit=unit, colours=colours)


def timeline(title: str, description: str, expression: str, legend: str, *, height: int) -> statetimeline.Panel:
    """Return how things stood over time, a row each."""
    panel = shaped(
        statetimeline.Panel(), title, description, width=WIDTH, height=height, queries=[over_time(expression, legend)]
    )
    return panel.mappings(statuses.mappings()).show_value(common_models.VisibilityMode.NEVER).row_height(0.8)


def rows(title: str, description: str, queries: Sequence[Any], *, width: int = WIDTH, height: int = 8) -> table.Panel:
    """Return a table."""
    return shaped(table.Panel(), title, description, width=width, height=height, queries=queries)


def bars(title: str, description: str, expression: str, legend: str) -> bargauge.Panel:
    """Return a bar for each series, as they are now."""
    panel = shaped(bargauge.Panel(), title, description, width=12, height=8, queries=[current(expression, legend)])
    return panel.min(0).orientation(common_models.VizOrientation.HORIZONTAL).max_viz_height(40)
