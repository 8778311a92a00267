"""Every metric that the daemon exports, declared once."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from healthcheck.check import Check
from healthcheck.surfaces.exposition import Family, Kind, Per

FAMILIES: tuple[Family, ...] = (
    Family(
        "check_status",
        Kind.GAUGE,
        "How a check stands: 0 ok, 1 warning, 2 critical, 3 unknown, 4 blocked, 5 skipped.",
        ("target", "check"),
        Per.TARGET,
    ),
    Family(
        "check_failure_info",
        Kind.GAUGE,
        "1 while a check is warning, critical, unknown or blocked; cause is the root check, itself if it is the root.",
        ("target", "check", "reason", "cause"),
        Per.TARGET,
    ),
    Family(
        "check_last_ok_timestamp_seconds",
        Kind.GAUGE,
        "When a check that is warning, critical, unknown or blocked was last seen ok.",
        ("target", "check"),
        Per.TARGET,
    ),
    Family(
        "target_status",
        Kind.GAUGE,
        "The most severe status of a target's checks, in the numbers of check_status.",
        ("target",),
        Per.TARGET,
    ),
    Family(
        "target_last_round_timestamp_seconds",
        Kind.GAUGE,
        "When a target's last round ended.",
        ("target",),
        Per.TARGET,
    ),
    Family(
        "target_info",
        Kind.GAUGE,
        "1 for each target, with its account, its region and the labels that its settings give.",
        ("target", "account", "region", "…"),
        Per.TARGET,
    ),
    Family(
        "credential_expiry_timestamp_seconds",
        Kind.GAUGE,
        "When a target's credentials end; absent when they have no end.",
        ("target",),
        Per.TARGET,
    ),
    Family(
        "incident_info",
        Kind.GAUGE,
        "1 while an incident is open: one root check on one subject, over all targets where it is seen.",
        ("incident", "cause", "reason", "status"),
        Per.INCIDENT,
    ),
    Family(
        "incident_targets",
        Kind.GAUGE,
        "On how many targets an incident is seen.",
        ("incident",),
        Per.INCIDENT,
    ),
    Family(
        "incident_start_timestamp_seconds",
        Kind.GAUGE,
        "When an incident began.",
        ("incident",),
        Per.INCIDENT,
    ),
    Family(
        "incident_target_info",
        Kind.GAUGE,
        "1 for each target on which an open incident is seen: joins incidents to target_info and its labels.",
        ("incident", "target"),
        Per.INCIDENT,
    ),
    Family(
        "check_runs_total",
        Kind.COUNTER,
        "Runs of a check, by the status that each came to before damping.",
        ("check", "status"),
        Per.PROCESS,
    ),
    Family(
        "check_duration_seconds",
        Kind.HISTOGRAM,
        "How long a check's runs took; those that were blocked or skipped looked at nothing and are left out.",
        ("check",),
        Per.PROCESS,
    ),
    Family(
        "aws_api_calls_total",
        Kind.COUNTER,
        "Calls to AWS by outcome: ok, denied, throttled, failed, or remembered (answered without a call).",
        ("service", "operation", "outcome"),
        Per.PROCESS,
    ),
    Family(
        "scheduler_lag_seconds",
        Kind.HISTOGRAM,
        "How long after their due time rounds began.",
        (),
        Per.PROCESS,
    ),
    Family(
        "scheduler_skipped_rounds_total",
        Kind.COUNTER,
        "Rounds that were due and did not begin, by cause: missed, or the target's last round still going on.",
        ("cause",),
        Per.PROCESS,
    ),
    Family("rounds_running", Kind.GAUGE, "Rounds that have begun and not ended.", (), Per.PROCESS),
    Family(
        "workers_abandoned",
        Kind.GAUGE,
        "Workers that were given up because their check ran past its time, and still live.",
        (),
        Per.PROCESS,
    ),
    Family(
        "log_lines_lost_total",
        Kind.COUNTER,
        "Lines of the log that could not be written: nobody reads it, or not fast enough, or the disk is full.",
        (),
        Per.PROCESS,
    ),
    Family(
        "heartbeat_timestamp_seconds",
        Kind.GAUGE,
        "When the scheduler was last seen at work.",
        (),
        Per.PROCESS,
    ),
    Family(
        "config_last_reload_successful",
        Kind.GAUGE,
        "Whether the settings were accepted when they were last read: 1 yes, 0 no, and the older ones stand.",
        (),
        Per.PROCESS,
    ),
    Family(
        "config_last_reload_success_timestamp_seconds",
        Kind.GAUGE,
        "When settings were last accepted.",
        (),
        Per.PROCESS,
    ),
    Family(
        "web_config_last_reload_successful",
        Kind.GAUGE,
        "Whether the web configuration was accepted when it was last read: 1 yes, or there is none; 0 no, "
        "and the older one protects the server.",
        (),
        Per.PROCESS,
    ),
    Family(
        "plugin_failures",
        Kind.GAUGE,
        "Contributed checks that could not be loaded.",
        (),
        Per.PROCESS,
    ),
    Family(
        "build_info",
        Kind.GAUGE,
        "1, with the version of this program and of the Python that it runs on.",
        ("version", "python"),
        Per.PROCESS,
    ),
)

BY_NAME = MappingProxyType({family.short_name: family for family in FAMILIES})


def contributed(checks: Iterable[Check]) -> tuple[Family, ...]:
    """Return families for the gauges that contributed checks declare and the table does not have."""
    sources: dict[str, list[str]] = {}
    for check in checks:
        for gauge in check.gauges:
            if gauge not in BY_NAME:
                sources.setdefault(gauge, []).append(check.id)
    return tuple(
        Family(name, Kind.GAUGE, f"Reported by {', '.join(sorted(by))}.", ("target",), Per.TARGET)
        for name, by in sorted(sources.items())
    )
