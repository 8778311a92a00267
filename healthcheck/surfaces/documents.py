"""The JSON that other programs read: the doctor's `--format json` and the API. The shapes are promises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import get_args, get_origin

import msgspec

from healthcheck.check import Check, Setting
from healthcheck.engine.snapshot import CheckState, Incident, PluginFailure, Snapshot
from healthcheck.result import Fix, Result
from healthcheck.target import Target

Document = dict[str, object]

SCHEMA = 1
"""Raised when a field changes its meaning or goes; a new field does not raise it."""


def status_document(snapshot: Snapshot, *, version: str) -> Document:
    """Return everything: targets, the last run of each check on each, and incidents.

    A check that has not run yet has a row too, with `run_id`, `started` and `duration_seconds` null:
    a missing row would look like health.
    """
    return {
        "schema": SCHEMA,
        "version": version,
        "started": timestamp(snapshot.started),
        "finished": timestamp(snapshot.taken),
        "status": snapshot.status.value,
        "targets": [
            {
                "name": state.target.name,
                "account": state.account,
                "region": state.target.region,
                "status": state.status.value,
            }
            for state in snapshot.targets
        ],
        "runs": [_run(check) for state in snapshot.targets for check in state.checks],
        "incidents": [_incident(incident) for incident in snapshot.incidents],
        "plugin_failures": [_plugin_failure(failure) for failure in snapshot.plugin_failures],
    }


def target_document(snapshot: Snapshot, name: str, *, version: str) -> Document | None:
    """Return the part of the status document that is about one target; none if it is not watched."""
    for state in snapshot.targets:
        if state.target.name == name:
            own = tuple(incident for incident in snapshot.incidents if name in incident.targets)
            part = replace(snapshot, status=state.status, targets=(state,), incidents=own, plugin_failures=())
            return status_document(part, version=version)
    return None


def incidents_document(snapshot: Snapshot) -> Document:
    """Return the open incidents only."""
    return {
        "schema": SCHEMA,
        "finished": timestamp(snapshot.taken),
        "status": snapshot.status.value,
        "incidents": [_incident(incident) for incident in snapshot.incidents],
        "plugin_failures": [_plugin_failure(failure) for failure in snapshot.plugin_failures],
    }


def checks_document(registry: Iterable[Check]) -> Document:
    """Return what is known of each check before it runs, in dependency order."""
    return {"schema": SCHEMA, "checks": [_check(check) for check in registry]}


def dump(document: object, *, indent: int | None = None) -> str:
    """Return JSON text, on one line unless indented."""
    encoded = msgspec.json.encode(document)
    return (msgspec.json.format(encoded, indent=indent) if indent else encoded).decode()


def timestamp(moment: datetime) -> str:
    """Return RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def plain(value: object) -> object:
    """Return evidence or a default as JSON's own types; what JSON cannot say becomes its text."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (Sequence, set, frozenset)) and not isinstance(value, (bytes, bytearray)):
        return [plain(inner) for inner in value]
    return _scalar(value)


def _scalar(value: object) -> object:
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Enum):
        return plain(value.value)
    return str(value)


def _run(check: CheckState) -> Document:
    run = check.run
    return {
        "run_id": run.run_id if run else None,
        "target": check.target,
        "check": check.check,
        "status": check.status.value,
        "raw_status": check.raw_status.value,
        "reason": check.reason,
        "cause": check.cause,
        "started": timestamp(run.started) if run else None,
        "duration_seconds": round(run.duration_seconds, 6) if run else None,
        "results": [_result(result) for result in run.results] if run else [],
    }


def _result(result: Result) -> Document:
    return {
        "subject": result.subject,
        "status": result.status.value,
        "reason": result.reason,
        "summary": result.summary,
        "fix": _fix(result.fix),
        "evidence": plain(result.evidence),
    }


def _fix(fix: Fix | None) -> Document | None:
    if fix is None:
        return None
    return {"text": fix.text, "commands": list(fix.commands), "policy": plain(fix.policy), "link": fix.link}


def _incident(incident: Incident) -> Document:
    return {
        "id": incident.id,
        "cause": incident.cause,
        "subject": incident.subject,
        "targets": list(incident.targets),
        "reason": incident.reason,
        "status": incident.status.value,
        "summary": incident.summary,
        "fix": _fix(incident.fix),
        "blocked": {target: list(checks) for target, checks in incident.blocked.items()},
        "since": timestamp(incident.since),
    }


def _plugin_failure(failure: PluginFailure) -> Document:
    return {"name": failure.name, "package": failure.package, "sentence": failure.sentence}


def _check(check: Check) -> Document:
    documentation = check.documentation
    return {
        "id": check.id,
        "summary": documentation.summary,
        "why": documentation.why,
        "sees": documentation.sees,
        "cannot_see": documentation.cannot_see,
        "source": documentation.source,
        "every_seconds": check.every.total_seconds(),
        "timeout_seconds": check.timeout.total_seconds(),
        "after": list(check.after),
        "calls": list(check.calls),
        "optional_calls": list(check.optional_calls),
        "reasons": sorted(check.reasons),
        "writes": check.writes,
        "gauges": list(check.gauges),
        "needs": [_needs(kind) for kind in check.capabilities],
        "settings": [_setting(setting) for setting in check.settings],
        "origin": check.origin,
    }


def _needs(capability: type) -> str:
    return "target" if capability is Target else capability.__name__.lower()


def _setting(setting: Setting) -> Document:
    return {
        "name": setting.name,
        "type": _type_name(setting.type),
        "default": plain(setting.default),
        "doc": setting.doc,
    }


def _type_name(kind: object) -> str:
    """Return a setting's type in words of JSON: durations are seconds, choices their values."""
    if kind is timedelta:
        return "duration_seconds"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " | ".join(repr(member.value) for member in kind)
    if get_origin(kind) is tuple:
        return f"list of {_type_name(get_args(kind)[0])}"
    if isinstance(kind, type):
        return kind.__name__
    return " | ".join("null" if part is type(None) else _choice(part) for part in get_args(kind))


def _choice(part: object) -> str:
    return repr(part) if isinstance(part, str) else _type_name(part)
