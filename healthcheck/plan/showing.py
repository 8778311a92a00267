"""The plan as a settings file that says everything: what `config show` prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from healthcheck.config.durations import format_duration
from healthcheck.config.fields import DAEMON_FIELDS
from healthcheck.config.interpolation import escape
from healthcheck.config.kinds import kind_of
from healthcheck.config.nodes import dump
from healthcheck.plan.model import BoundCheck, Plan, PlannedTarget, Selection
from healthcheck.target import CredentialSource

_LISTS = ("reads", "writes", "images", "output_keys", "volume_keys", "subnets", "security_groups")
_HEADER = "# The settings in force, every default and variable written out. They load again as they stand.\n"
_AMBIENT_HEADER = "# No target is configured: this is what the environment amounts to; save it to begin a file.\n"


def show(plan: Plan) -> str:
    """Return YAML text that loads as a plan of the same targets and checks."""
    is_configured = all(planned.target.configured for planned in plan.targets)
    document = {
        "targets": [_target(group, plan.base) for group in _by_entry(plan.targets)],
        "checks": _checks(plan.base),
        "daemon": {key: field.kind.write(getattr(plan.daemon, key)) for key, field in DAEMON_FIELDS.items()},
    }
    return (_HEADER if is_configured else _AMBIENT_HEADER) + dump(_escaped(document))


def written_settings(bound: BoundCheck) -> dict[str, Any]:
    """Return a check's settings as a file would say them."""
    return {
        "every": format_duration(bound.every),
        "timeout": format_duration(bound.timeout),
        **{setting.name: kind_of(setting.type).write(bound.settings[setting.name]) for setting in bound.check.settings},
    }


def _by_entry(targets: Iterable[PlannedTarget]) -> list[list[PlannedTarget]]:
    """Put the regions of one entry together again."""
    groups: dict[str, list[PlannedTarget]] = {}
    for planned in targets:
        groups.setdefault(planned.name.partition("/")[0], []).append(planned)
    return list(groups.values())


def _target(group: list[PlannedTarget], base: Selection) -> dict[str, Any]:
    target = group[0].target
    regions = [planned.target.region for planned in group if planned.target.region]
    everything = {
        "name": target.name.partition("/")[0],
        "profile": target.source.profile,
        "assume_role": _assume_role(target.source),
        "account": target.account,
        "regions": regions,
        "role": target.role,
        "bucket": target.bucket or "none",
        "purposes": [purpose.value for purpose in target.purposes],
        **{key: _together(group, key) for key in _LISTS},
        "caller": target.caller,
        "labels": dict(target.labels),
        "checks": _difference(Selection(group[0].checks, group[0].disabled), base),
    }
    return {key: value for key, value in everything.items() if value}


def _together(group: list[PlannedTarget], key: str) -> list[str]:
    """Put together what belongs to the single regions of an entry."""
    return list(dict.fromkeys(text for planned in group for text in getattr(planned.target, key)))


def _assume_role(source: CredentialSource) -> dict[str, str] | None:
    if source.assume_role is None:
        return None
    external_id = {"external_id": source.external_id} if source.external_id else {}
    return {"arn": source.assume_role, **external_id, "session_name": source.session_name}


def _checks(selection: Selection) -> dict[str, dict[str, Any]]:
    running = {bound.id: {"enabled": True, **written_settings(bound)} for bound in selection.checks}
    return running | {check_id: {"enabled": False} for check_id in selection.disabled}


def _difference(selection: Selection, base: Selection) -> dict[str, dict[str, Any]]:
    common = _checks(base)
    return {
        check_id: changed
        for check_id, settings in _checks(selection).items()
        if (changed := {key: value for key, value in settings.items() if common[check_id].get(key) != value})
    }


def _escaped(value: Any) -> Any:
    """Double each dollar, so that none begins a variable."""
    if isinstance(value, dict):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return escape(value) if isinstance(value, str) else value
