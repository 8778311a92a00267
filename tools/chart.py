"""The parts of the Helm chart that are said elsewhere first: its version, its alert rules, the schema of its settings.

All else of values.schema.json is written by hand, in that file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from healthcheck import __version__
from healthcheck.config.schema import json_schema
from healthcheck.registry import Registry
from tools.tables import ROOT, own_checks

CHART = ROOT / "deploy" / "helm" / "sagemaker-healthcheck"
RULES = ROOT / "deploy" / "prometheus" / "sagemaker-healthcheck.rules.yml"

_REF = "$ref"
_ACCOUNT_NUMBER = {"type": "integer", "minimum": 100_000_000_000, "maximum": 999_999_999_999}
_GO_REFUSES = re.compile(r"\(\?<?[!=][^)]*\)|(?<=\{)(?P<least>[0-9]+,)[0-9]{4,}(?=\})")


def files() -> dict[Path, str]:
    """Return the content of each file of the chart that is derived."""
    chart, schema = CHART / "Chart.yaml", CHART / "values.schema.json"
    return {
        chart: versioned(chart.read_text("utf-8")),
        schema: with_settings(schema.read_text("utf-8"), own_checks()),
        CHART / "files" / RULES.name: RULES.read_text("utf-8"),
    }


def versioned(text: str) -> str:
    """Return Chart.yaml with this program's version."""
    text = re.sub(r"(?m)^version: .*$", f"version: {__version__}", text)
    return re.sub(r"(?m)^appVersion: .*$", f'appVersion: "{__version__}"', text)


def with_settings(text: str, registry: Registry) -> str:
    """Return values.schema.json with the schema of the settings file for some checks."""
    schema = json.loads(text)
    settings = json_schema(registry)
    definitions = settings["$defs"]
    definitions["checks"] = {"anyOf": [_open_to_plugins(definitions["checks"]["anyOf"][0]), {"type": "null"}]}
    # Empty is no null here, but a map without keys.
    schema["properties"]["settings"] = _for_helm(settings["anyOf"][0])
    schema["definitions"] = {name: _for_helm(definitions[name]) for name in sorted(definitions)}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _open_to_plugins(checks: dict[str, Any]) -> dict[str, Any]:
    """Let checks of other modules than ours be named: which are installed only the image knows."""
    ours = sorted(checks["properties"])
    modules = sorted({check.partition(".")[0] for check in ours})
    names = [
        {"enum": ours},
        *({"pattern": pattern} for pattern in checks["patternProperties"]),
        {"not": {"pattern": rf"^({'|'.join(modules)})\."}},
    ]
    return checks | {"propertyNames": {"anyOf": names}, "additionalProperties": {"type": ["object", "null"]}}


def _for_helm(schema: Any) -> Any:
    """Put a schema into words that Helm's validators, old and new, and its reading of numbers agree with.

    They know draft 7, Go's regular expressions look neither ahead nor back and count to 1000, and Helm turns a number
    that is not quoted into a float, 111122223333 into 1.11122223333e+11: what is text must be written as text.
    """
    if isinstance(schema, list):
        return [_for_helm(part) for part in schema if part != _ACCOUNT_NUMBER]
    if not isinstance(schema, Mapping):
        return schema
    changed: dict[str, Any] = {key: _for_helm(value) for key, value in schema.items()}
    if changed.get("type") == ["string", "number"]:
        changed["type"] = "string"
    if isinstance(changed.get("pattern"), str):
        changed["pattern"] = _GO_REFUSES.sub(lambda found: found["least"] or "", changed["pattern"])
    if _REF in changed:
        changed[_REF] = changed[_REF].replace("#/$defs/", "#/definitions/")
    if "anyOf" in changed:
        # Each layer of alternatives is a line more to read when none of them fits.
        changed["anyOf"] = [inner for part in changed["anyOf"] for inner in _alternatives(part)]
    return changed


def _alternatives(schema: dict[str, Any]) -> list[Any]:
    return list(schema["anyOf"]) if set(schema) <= {"anyOf", "description"} else [schema]
