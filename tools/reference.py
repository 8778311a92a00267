"""The fields of the JSON documents in docs/reference.md, from the schema that the tests hold them to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.tables import ROOT, filled, table

PAGE = ROOT / "docs" / "reference.md"
SCHEMA = ROOT / "tests" / "surfaces" / "status.schema.json"

Schema = Mapping[str, Any]


def files() -> dict[Path, str]:
    """Return the content of the page."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    parts = {
        "status": schema,
        "targets": schema["properties"]["targets"]["items"],
        "runs": schema["properties"]["runs"]["items"],
        "results": schema["$defs"]["result"],
        "fix": schema["$defs"]["fix"],
        "incidents": schema["$defs"]["incident"],
        "plugin_failures": schema["properties"]["plugin_failures"]["items"],
    }
    text = PAGE.read_text("utf-8")
    for name, part in parts.items():
        text = filled(text, name, fields_table(part, schema["$defs"]))
    return {PAGE: text}


def fields_table(schema: Schema, definitions: Schema) -> str:
    """Return field, type and meaning of each property of an object."""
    rows = [
        (f"`{name}`", ", ".join(dict.fromkeys(_types(field, definitions))), field["description"])
        for name, field in schema["properties"].items()
    ]
    return table(("field", "type", "meaning"), rows)


def _types(schema: Schema, definitions: Schema) -> Iterator[str]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from _NAMED[name] if name in _NAMED else _types(definitions[name], definitions)
    elif "anyOf" in schema:
        for part in schema["anyOf"]:
            yield from _types(part, definitions)
    elif "const" in schema:
        yield f"`{json.dumps(schema['const'])}`"
    elif "enum" in schema:
        yield from (f"`{word}`" for word in schema["enum"])
    else:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        yield from (f"{kind} of {_items(schema, definitions)}" if kind == "array" else kind for kind in kinds)


def _items(schema: Schema, definitions: Schema) -> str:
    items = schema["items"]
    return "objects" if "$ref" in items or items.get("type") == "object" else f"{next(_types(items, definitions))}s"


_NAMED: Mapping[str, tuple[str, ...]] = {
    "status": ("status",),
    "check": ("check id",),
    "reason": ("word", "null"),
    "instant": ("RFC 3339 in UTC",),
}
"""Kinds of text that the page explains."""
