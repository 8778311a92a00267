"""The fleet: what is broken, since when and how to mend it, and how every target stands."""

from __future__ import annotations

from typing import Any

from grafana_foundation_sdk.models import dashboard as models  # type: ignore[import-untyped]

from healthcheck.result import Status
from tools.dashboards import parts
from tools.dashboards.parts import metric

_KEY = "incident, cause, reason, status"
_ON = "on (job, instance, incident) group_left ()"
_TO_TARGET = f"/d/{parts.TARGET}?var-target=${{__data.fields.target}}&${{job:queryparam}}&${{__url_time_range}}"


def dashboard() -> models.Dashboard:
    """Return the dashboard."""
    built = (
        parts.board(parts.FLEET, "SageMaker set-ups", "What is broken, why, and how to mend it: all targets.")
        .with_variable(parts.page_variable())
        .with_panel(_incidents_of(Status.CRITICAL, "Set-ups that do not do their job, by cause."))
        .with_panel(_incidents_of(Status.WARNING, "What works, and will not for long."))
        .with_panel(_incidents_of(Status.UNKNOWN, "What could not be judged."))
        .with_panel(parts.number("Targets", "How many are watched.", _or_none(f"count({metric('target_status')})")))
        .with_panel(
            parts.number(
                "Targets that are not ok",
                "Blocked and skipped are no fault of their own.",
                _or_none(f"count({metric('target_status')} > 0 < 4)"),
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


def _or_none(expression: str) -> str:
    """Return an expression that is 0 where nothing is to be counted."""
    return f"{expression} or vector(0)"


def _incidents_of(status: Status, description: str) -> Any:
    opened = metric("incident_info", status=status.value)
    return parts.number(
        f"Incidents, {status.value}",
        description,
        _or_none(f"count(count by (incident) ({opened}))"),
        bad_from=1,
        bad=parts.COLOURS[status],
    )


def _incidents() -> Any:
    panel = parts.rows(
        "Open incidents",
        "One root cause each, over all targets where it is seen. The incident leads to its fix.",
        [
            parts.now(f"max by ({_KEY}) ({metric('incident_info')} * {_ON} {metric('incident_targets')})", ref="A"),
            parts.now(
                f"time() - min by ({_KEY}) "
                f"({metric('incident_info')} * {_ON} {metric('incident_start_timestamp_seconds')})",
                ref="B",
            ),
        ],
        height=9,
    )
    for transformation in parts.together(
        order=("status", "cause", "reason", "Value #A", "Value #B", "incident"),
        renamed={"Value #A": "targets", "Value #B": "open for"},
    ):
        panel.with_transformation(transformation)
    panel.override_by_name("status", parts.coloured())
    panel.override_by_name("open for", [parts.unit("s")])
    panel.override_by_name("incident", [parts.linked("Its fix", "${page}/#${__data.fields.incident}")])
    return panel.no_value("Nothing is broken.")


def _grid() -> Any:
    panel = parts.rows(
        "How each check stands on each target",
        "The target leads to its own dashboard.",
        [parts.now(f"max by (target, check) ({metric('check_status')})")],
        height=12,
    )
    matrix = {"columnField": "check", "rowField": "target", "valueField": "Value", "emptyValue": "empty"}
    panel.with_transformation(models.DataTransformerConfig(id_val="groupingToMatrix", options=matrix))
    panel.with_transformation(
        models.DataTransformerConfig(id_val="organize", options={"renameByName": {"target\\check": "target"}})
    )
    panel.mappings(parts.status_mappings()).filterable(filterable=True)
    panel.override_by_regexp(
        "/\\./",
        [models.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-background"})],
    )
    panel.override_by_name("target", [parts.linked("This target", _TO_TARGET)])
    return panel


def _statuses() -> Any:
    stands = metric("target_status")
    queries = [
        parts.over_time(_or_none(f"count({stands} == {status.code})"), status.value, ref=f"S{status.code}")
        for status in Status
    ]
    panel = parts.lines("Targets by status", "The most severe status of each.", queries, unit="none", stacked=True)
    for status in Status:
        fixed = {"mode": "fixed", "fixedColor": parts.COLOURS[status]}
        panel.override_by_name(status.value, [models.DynamicConfigValue(id_val="color", value=fixed)])
    return panel


def _credentials() -> Any:
    return parts.bars(
        "Credentials that end",
        "Time left. Those that have no end, or whose end AWS does not tell, are not here.",
        f"sort(min by (target) ({metric('credential_expiry_timestamp_seconds')}) - time())",
        "{{target}}",
        unit="s",
    ).no_value("No credentials have an end.")
