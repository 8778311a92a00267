"""The fleet: what is broken, since when and how to mend it, and how every target stands."""

from __future__ import annotations

from typing import Any

from grafana_foundation_sdk.builders import common  # type: ignore[import-untyped]
from grafana_foundation_sdk.models import dashboard as models  # type: ignore[import-untyped]
from grafana_foundation_sdk.models.common import FieldTextAlignment  # type: ignore[import-untyped]

from healthcheck.result import Status
from tools.dashboards import columns, parts, statuses
from tools.dashboards.parts import metric
from tools.tables import own_checks

_KEY = "incident, cause, reason, status"
_ON = "on (job, instance, incident) group_left ()"
_TO_TARGET = f"/d/{parts.TARGET}?var-target=${{__value.raw}}&${{job:queryparam}}&${{__url_time_range}}"


def dashboard() -> models.Dashboard:
    """Return the dashboard."""
    built = (
        parts.board(parts.FLEET, "SageMaker set-ups", "What is broken, why, and how to mend it: all targets.")
        .with_variable(parts.page_variable())
        .with_panel(_incidents_of(Status.CRITICAL, "Set-ups that do not do their job, by cause."))
        .with_panel(_incidents_of(Status.WARNING, "What works, and will not for long."))
        .with_panel(_incidents_of(Status.UNKNOWN, "What could not be judged."))
        .with_panel(
            parts.number("Targets", "How many are watched.", parts.or_none(f"count({metric('target_status')})"))
        )
        .with_panel(
            parts.number(
                "Targets that are not ok",
                "Blocked and skipped are no fault of their own.",
                parts.or_none(f"count({metric('target_status')} > 0 < 4)"),
                bad_from=1,
            )
        )
        .with_panel(
            parts.number(
                "Oldest look",
                "How long ago the target was looked at that was looked at least lately.",
                f"time() - min({metric('target_last_round_timestamp_seconds')})",
                unit="s",
            )
        )
        .with_panel(_incidents())
        .with_panel(_grid())
        .with_panel(_statuses())
        .with_panel(_credentials())
    )
    return built.build()


def _incidents_of(status: Status, description: str) -> Any:
    opened = metric("incident_info", status=status.value)
    return parts.number(
        f"Incidents, {status.value}",
        description,
        parts.or_none(f"count(count by (incident) ({opened}))"),
        bad_from=1,
        bad=statuses.COLOURS[status],
    )


def _incidents() -> Any:
    panel = parts.rows(
        "Open incidents",
        "One root cause each, over all targets where it is seen.",
        [
            parts.now(f"max by ({_KEY}) ({metric('incident_info')} * {_ON} {metric('incident_targets')})", ref="A"),
            parts.now(
                f"time() - min by ({_KEY}) "
                f"({metric('incident_info')} * {_ON} {metric('incident_start_timestamp_seconds')})",
                ref="B",
            ),
            parts.now(
                f"max by ({_KEY}, target) (topk by ({_KEY}) (1, {metric('incident_target_info')} "
                f"* on (job, instance, incident) group_left (cause, reason, status) {metric('incident_info')}))",
                ref="C",
            ),
        ],
        height=9,
    )
    for transformation in columns.together(
        hidden=("Value #C",),
        order=("status", "cause", "reason", "Value #A", "target", "Value #B", "incident"),
        renamed={"Value #A": "targets", "target": "one of them", "Value #B": "open for", "incident": "fix"},
    ):
        panel.with_transformation(transformation)
    panel.override_by_name("status", columns.coloured())
    panel.override_by_name("targets", [columns.wide(80)])
    panel.override_by_name("one of them", [columns.linked("This target", _TO_TARGET)])
    panel.override_by_name("open for", [columns.unit("s"), columns.wide(100)])
    panel.override_by_name("fix", columns.fix())
    # By the alphabet critical is before unknown, and that before warning.
    by_status = common.TableSortByFieldState().display_name("status")
    by_targets = common.TableSortByFieldState().display_name("targets").desc(desc=True)
    return panel.sort_by([by_status, by_targets]).no_value("No open incident is known.")


def _grid() -> Any:
    part = f'label_replace({metric("check_status")}, "part", "$1", "check", "(.+?)[.].*")'
    panel = parts.rows(
        "How each target stands, part by part",
        "The most severe of a part's checks. The target leads to its own dashboard, with each check.",
        [parts.now(statuses.severest(part, "target, part"))],
        height=12,
    )
    corner = "target\\part"
    matrix = {"rowField": "target", "columnField": "part", "valueField": "Value", "emptyValue": "empty"}
    # Whatever is worst today, a part keeps its place.
    order = {name: index for index, name in enumerate([corner, *dict.fromkeys(c.module for c in own_checks())])}
    arranged = {"indexByName": order, "renameByName": {corner: "target"}}
    panel.with_transformation(models.DataTransformerConfig(id_val="groupingToMatrix", options=matrix))
    panel.with_transformation(models.DataTransformerConfig(id_val="organize", options=arranged))
    panel.mappings(statuses.mappings()).align(FieldTextAlignment.CENTER).filterable(filterable=True)
    panel.override_by_regexp("/^(?!target$)/", [columns.backed()])
    panel.override_by_name("target", [columns.linked("This target", _TO_TARGET), columns.wide(260), columns.left()])
    return panel


def _statuses() -> Any:
    stands = metric("target_status")
    queries = [
        parts.over_time(parts.or_none(f"count({stands} == {status.code})"), status.value, ref=f"S{status.code}")
        for status in Status
    ]
    return parts.status_layers("Targets by status", "The most severe status of each.", queries, unit="none").decimals(0)


def _credentials() -> Any:
    panel = parts.bars(
        "Credentials that end",
        "Time left. Those that have no end, or whose end AWS does not tell, are not here.",
        f"sort(min by (target) ({metric('credential_expiry_timestamp_seconds')}) - time())",
        "{{target}}",
    )
    return parts.time_left(panel)
