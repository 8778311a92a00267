"""The daemon itself: whether it looks in time, what it asks of AWS, and whether anything hangs."""

from __future__ import annotations

from typing import Any

from grafana_foundation_sdk.models import dashboard as models  # type: ignore[import-untyped]

from tools.dashboards import columns, parts
from tools.dashboards.parts import metric

_RATE = "[$__rate_interval]"


def dashboard() -> models.Dashboard:
    """Return the dashboard."""
    built = parts.board(parts.DAEMON, "sagemaker-healthcheck itself", "Whether the watcher watches.")
    for panel in (*_numbers(), *_graphs()):
        built = built.with_panel(panel)
    return built.build()


def _numbers() -> tuple[Any, ...]:
    return (
        parts.number(
            "Scheduler's last sign of life",
            "More than two minutes, and it does not look any more.",
            f"time() - min({metric('heartbeat_timestamp_seconds')})",
            unit="s",
            bad_from=120,
        ),
        parts.number(
            "Settings refused",
            "1 while the daemon goes on with older settings, or an older web configuration.",
            f"max((1 - {metric('config_last_reload_successful')}) "
            f"or (1 - {metric('web_config_last_reload_successful')}))",
            bad_from=1,
        ),
        parts.number(
            "Workers abandoned",
            "They hang in checks that ran past their time.",
            f"sum({metric('workers_abandoned')})",
            bad_from=1,
        ),
        parts.number(
            "Plugins that failed",
            "Contributed checks that could not be loaded.",
            f"max({metric('plugin_failures')})",
            bad_from=1,
        ),
        parts.number(
            "Rounds skipped",
            "In the dashboard's time.",
            # Prometheus's increase is no whole number.
            parts.or_none(f"round(sum(increase({metric('scheduler_skipped_rounds_total')}[$__range])))"),
            bad_from=1,
        ),
        _versions(),
    )


def _versions() -> Any:
    panel = parts.rows(
        "Versions", "", [parts.now(f"count by (version, python) ({metric('build_info')})")], width=4, height=4
    )
    for transformation in columns.together(order=("version", "python"), renamed={"Value": "count"}):
        panel.with_transformation(transformation)
    # Three columns where Grafana gives room for one and a half.
    return panel.min_width(50)


def _graphs() -> tuple[Any, ...]:
    lag = f"sum by (le) (rate({metric('scheduler_lag_seconds_bucket')}{_RATE}))"
    calls, runs = metric("aws_api_calls_total"), metric("check_runs_total")
    seconds = f"sum by (check, le) (rate({metric('check_duration_seconds_bucket')}{_RATE}))"
    return (
        parts.lines(
            "Lag",
            "How long after their due time rounds begin.",
            [
                parts.over_time(f"histogram_quantile(0.5, {lag})", "half of all", ref="A"),
                parts.over_time(f"histogram_quantile(0.99, {lag})", "99 of 100", ref="B"),
            ],
            unit="s",
        ),
        parts.lines(
            "Rounds and workers",
            "Rounds that have begun and not ended; workers that hang.",
            [
                parts.over_time(f"sum({metric('rounds_running')})", "rounds running", ref="A"),
                parts.over_time(f"sum({metric('workers_abandoned')})", "workers abandoned", ref="B"),
            ],
            unit="none",
        ).decimals(0),
        parts.layers(
            "Calls to AWS by outcome",
            "Remembered ones were answered without a call.",
            [parts.over_time(f"sum by (outcome) (rate({calls}{_RATE}))", "{{outcome}}")],
            unit="reqps",
            colours=parts.OUTCOMES,
        ),
        parts.lines(
            "Calls to AWS by operation",
            "The ten that are asked most; remembered ones left out.",
            [
                parts.over_time(
                    "topk(10, sum by (service, operation) "
                    f"(rate({metric('aws_api_calls_total', outcome='~ok|denied|throttled|failed')}{_RATE})))",
                    "{{service}} {{operation}}",
                )
            ],
            unit="reqps",
            ranked=True,
        ),
        parts.status_layers(
            "Runs by status",
            "What each look came to, before a second one confirms it.",
            [parts.over_time(f"sum by (status) (rate({runs}{_RATE}))", "{{status}}")],
            unit="ops",
        ),
        parts.lines(
            "How long checks take, 95 of 100 runs",
            "Those that were blocked or skipped looked at nothing and are left out.",
            [parts.over_time(f"histogram_quantile(0.95, {seconds})", "{{check}}")],
            unit="s",
            ranked=True,
        ),
    )
