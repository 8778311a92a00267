"""One target: how each check has stood, why it fails, how long it takes, and when its credentials end."""

from __future__ import annotations

from typing import Any

from grafana_foundation_sdk.builders import common  # type: ignore[import-untyped]
from grafana_foundation_sdk.models import dashboard as models  # type: ignore[import-untyped]
from grafana_foundation_sdk.models.common import BigValueColorMode  # type: ignore[import-untyped]

from tools.dashboards import columns, parts, statuses
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
        .with_panel(_credentials())
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
    stands = statuses.severest(metric("target_status", target=_TARGET), "target")
    panel = parts.number("Stands", "The most severe status of its checks.", stands, width=4)
    return panel.mappings([*statuses.mappings(), statuses.absent()]).color_mode(BigValueColorMode.BACKGROUND)


def _credentials() -> Any:
    panel = parts.number(
        "Credentials end in",
        "Not known where they have none, or AWS does not tell it.",
        f"min({metric('credential_expiry_timestamp_seconds', target=_TARGET)}) - time()",
        width=5,
    )
    return parts.time_left(panel)


def _facts() -> Any:
    panel = parts.rows(
        "What it is", "Its account, its region and the labels of the settings.",
        [parts.now(metric("target_info", target=_TARGET))], width=10, height=4,
    )  # fmt: skip
    for transformation in columns.together(hidden=("Value", "__name__", "instance", "job", "target")):
        panel.with_transformation(transformation)
    return panel


def _failures() -> Any:
    failures = metric("check_failure_info", target=_TARGET)
    on = "* on (job, instance, target, check)"
    stands = f"({failures} {on} group_left () {metric('check_status', target=_TARGET)})"
    last_ok = f"{failures} {on} group_left () {metric('check_last_ok_timestamp_seconds', target=_TARGET)}"
    panel = parts.rows(
        "What is not ok",
        "What is blocked names its cause; the cause is what is to be mended.",
        [
            parts.now(statuses.severest(stands, "check, reason, cause")),
            parts.now(f"time() - max by (check, reason, cause) ({last_ok})", ref="B"),
        ],
        width=13,
    )
    for transformation in columns.together(
        order=("Value #A", "check", "reason", "cause"), renamed={"Value #A": "status", "Value #B": "last ok"}
    ):
        panel.with_transformation(transformation)
    panel.override_by_name("status", columns.coloured())
    never = models.DynamicConfigValue(id_val="noValue", value="never seen")
    panel.override_by_name("last ok", [columns.unit("s"), columns.wide(110), never])
    return panel.no_value("Nothing is known to be wrong.")


def _incidents() -> Any:
    opened = (
        f"{metric('incident_info')} * on (job, instance, incident) group_left () "
        f"{metric('incident_start_timestamp_seconds')} and on (job, instance, incident) "
        f"{metric('incident_target_info', target=_TARGET)}"
    )
    panel = parts.rows(
        "Its incidents",
        "A check that is broken elsewhere in the same way belongs to the same incident.",
        [parts.now(f"time() - min by (incident, cause, reason, status) ({opened})")],
        width=11,
    )
    for transformation in columns.together(
        order=("status", "cause", "reason", "Value", "incident"), renamed={"Value": "open for", "incident": "fix"}
    ):
        panel.with_transformation(transformation)
    panel.override_by_name("status", columns.coloured())
    panel.override_by_name("open for", [columns.unit("s"), columns.wide(100)])
    panel.override_by_name("fix", columns.fix())
    by_status = common.TableSortByFieldState().display_name("status")
    return panel.sort_by([by_status]).no_value("No open incident is known.")


def _durations() -> Any:
    seconds = f"sum by (check, le) (rate({metric('check_duration_seconds_bucket')}[$__rate_interval]))"
    return parts.lines(
        "How long checks take, 95 of 100 runs",
        "Over all targets: runs are not counted by target.",
        [parts.over_time(f"histogram_quantile(0.95, {seconds})", "{{check}}")],
        unit="s",
        width=parts.WIDTH,
        ranked=True,
    )
