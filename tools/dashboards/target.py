"""One target: how each check has stood, why it fails, how long it takes, and when its credentials end."""

from __future__ import annotations

from typing import Any

from grafana_foundation_sdk.models import dashboard as models  # type: ignore[import-untyped]
from grafana_foundation_sdk.models.common import BigValueColorMode  # type: ignore[import-untyped]

from tools.dashboards import parts
from tools.dashboards.parts import metric

_TARGET = "$target"


def dashboard() -> models.Dashboard:
    """Return the dashboard."""
    built = (
        parts.board(parts.TARGET, "SageMaker set-up: one target", "How one target stands, and how it came to that.")
        .with_variable(parts.target_variable())
        .with_variable(parts.page_variable())
        .with_panel(_status())
        .with_panel(
            parts.number(
                "Last look",
                "How long ago its last round ended.",
                f"time() - max({metric('target_last_round_timestamp_seconds', target=_TARGET)})",
                unit="s",
                width=5,
            )
        )
        .with_panel(
            parts.number(
                "Credentials end in",
                "Nothing where they have no end, or AWS does not tell it.",
                f"min({metric('credential_expiry_timestamp_seconds', target=_TARGET)}) - time()",
                unit="s",
                width=5,
            ).no_value("no end")
        )
        .with_panel(_facts())
        .with_panel(
            parts.timeline(
                "How each check stood",
                "Once confirmed by a second look.",
                f"max by (check) ({metric('check_status', target=_TARGET)})",
                "{{check}}",
                height=13,
            )
        )
        .with_panel(_failures())
        .with_panel(_incidents())
        .with_panel(_durations())
    )
    return built.build()


def _status() -> Any:
    panel = parts.number(
        "Stands", "The most severe status of its checks.", f"max({metric('target_status', target=_TARGET)})", width=4
    )
    return panel.mappings(parts.status_mappings()).color_mode(BigValueColorMode.BACKGROUND)


def _facts() -> Any:
    panel = parts.rows(
        "What it is", "Its account, its region and the labels of the settings.",
        [parts.now(metric("target_info", target=_TARGET))], width=10, height=4,
    )  # fmt: skip
    for transformation in parts.together(hidden=("Value", "__name__", "instance", "job", "target")):
        panel.with_transformation(transformation)
    return panel


def _failures() -> Any:
    panel = parts.rows(
        "What is not ok",
        "What is blocked names its cause; the cause is what is to be mended.",
        [
            parts.now(f"max by (check, reason, cause) ({metric('check_failure_info', target=_TARGET)})"),
            parts.now(
                "time() - max by (check, reason, cause) ("
                f"{metric('check_last_ok_timestamp_seconds', target=_TARGET)} * on (job, instance, target, check) "
                f"group_right () {metric('check_failure_info', target=_TARGET)})",
                ref="B",
            ),
        ],
        width=12,
    )
    for transformation in parts.together(hidden=("Value #A",), renamed={"Value #B": "last ok"}):
        panel.with_transformation(transformation)
    panel.override_by_name("last ok", [parts.unit("s")])
    return panel.no_value("All is well.")


def _incidents() -> Any:
    panel = parts.rows(
        "Its incidents",
        "The incident leads to its fix.",
        [
            parts.now(
                "max by (incident, cause, reason, status) "
                f"({metric('incident_info')} * on (job, instance, incident) group_left () "
                f"{metric('incident_target_info', target=_TARGET)})"
            )
        ],
        width=12,
    )
    for transformation in parts.together(hidden=("Value",), order=("status", "cause", "reason", "incident")):
        panel.with_transformation(transformation)
    panel.override_by_name("status", parts.coloured())
    panel.override_by_name("incident", [parts.linked("Its fix", "${page}/#${__data.fields.incident}")])
    return panel.no_value("None is open.")


def _durations() -> Any:
    seconds = f"sum by (check, le) (rate({metric('check_duration_seconds_bucket')}[$__rate_interval]))"
    return parts.lines(
        "How long checks take, 95 of 100 runs",
        "Over all targets: runs are not counted by target.",
        [parts.over_time(f"histogram_quantile(0.95, {seconds})", "{{check}}")],
        unit="s",
        width=parts.WIDTH,
    )
