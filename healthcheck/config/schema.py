"""The JSON Schema of the settings file, for editors and for those who generate settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from healthcheck.check import Check
from healthcheck.config.durations import format_duration
from healthcheck.config.fields import (
    CHECK_FIELDS,
    DAEMON_FIELDS,
    LABEL_NAME,
    LABEL_VALUE,
    RESERVED_LABELS,
    SOURCE_FIELDS,
    TARGET_FIELDS,
    Field,
)
from healthcheck.config.kinds import Schema, kind_of
from healthcheck.config.model import DaemonSettings
from healthcheck.registry import Registry

_PATTERNS = r"^(?:\*|[a-z][a-z0-9_]*\.\*)$"


def json_schema(registry: Registry) -> dict[str, Any]:
    """Return the schema (draft 2020-12) of a settings file for these checks."""
    check_properties = {check.id: {"$ref": f"#/$defs/check:{check.id}"} for check in registry}
    checks = _or_empty(
        {
            "description": "Settings of checks, by id; a pattern such as role.* speaks of several.",
            "type": "object",
            "properties": check_properties,
            "patternProperties": {_PATTERNS: {"$ref": "#/$defs/pattern"}},
            "additionalProperties": False,
        }
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of sagemaker-healthcheck",
        **_or_empty(
            {
                "type": "object",
                "properties": {
                    "targets": _or_empty({"type": "array", "minItems": 1, "items": _target()}),
                    "checks": {"$ref": "#/$defs/checks"},
                    "daemon": _or_empty(_object(DAEMON_FIELDS, _daemon_defaults())),
                },
                "patternProperties": {"^x-": {"description": "Your own: a place for anchors."}},
                "additionalProperties": False,
            }
        ),
        "$defs": {
            # Any value may come from the environment; what it then is, only reading it tells.
            "variable": {"type": "string", "pattern": r"\$\{"},
            "checks": checks,
            "pattern": _or_empty(_object(CHECK_FIELDS, {})),
            **{f"check:{check.id}": _or_empty(_check(check)) for check in registry},
        },
    }


def _or_empty(schema: Schema) -> Schema:
    """Let a key stand with nothing behind it, as it does when all lines under it are comments."""
    description = {"description": schema["description"]} if "description" in schema else {}
    return description | {"anyOf": [schema, {"type": "null"}]}


def _object(table: Mapping[str, Field], defaults: Mapping[str, object]) -> Schema:
    return {
        "type": "object",
        "properties": {
            key: _or_empty({"description": field.doc, **field.kind.schema})
            | ({"default": defaults[key]} if key in defaults else {})
            for key, field in table.items()
        },
        "additionalProperties": False,
    }


def _target() -> Schema:
    schema = _object(TARGET_FIELDS, {"bucket": "default", "purposes": ["training"]})
    # A name is the one thing that cannot be left out.
    schema["properties"]["name"] = {"description": TARGET_FIELDS["name"].doc, **TARGET_FIELDS["name"].kind.schema}
    source = _object(SOURCE_FIELDS, {"session_name": "sagemaker-healthcheck"}) | {"required": ["arn"]}
    source["properties"]["arn"] = {"description": SOURCE_FIELDS["arn"].doc, **SOURCE_FIELDS["arn"].kind.schema}
    schema["properties"] |= {
        "assume_role": _or_empty({"description": "A role to assume with the target's credentials.", **source}),
        "labels": _or_empty(
            {
                "description": "Your own labels on target_info, to route alerts by.",
                "type": "object",
                "propertyNames": {"pattern": f"^{LABEL_NAME.pattern}$", "not": {"enum": sorted(RESERVED_LABELS)}},
                "additionalProperties": _or_empty(LABEL_VALUE.schema),
            }
        ),
        "checks": {"$ref": "#/$defs/checks"},
    }
    return schema | {"required": ["name"]}


def _check(check: Check) -> Schema:
    common = {
        "enabled": not check.writes,
        "every": format_duration(check.every),
        "timeout": format_duration(check.timeout),
    }
    own = {setting.name: Field(kind_of(setting.type), setting.doc) for setting in check.settings}
    defaults = {setting.name: own[setting.name].kind.write(setting.default) for setting in check.settings}
    return {"description": check.documentation.summary, **_object(CHECK_FIELDS | own, common | defaults)}


def _daemon_defaults() -> dict[str, object]:
    return {
        field.name: DAEMON_FIELDS[field.name].kind.write(field.default)
        for field in fields(DaemonSettings)
        if field.default is not MISSING
    }
