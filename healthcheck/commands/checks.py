"""`list` and `show`: the checks, from their declarations and docstrings."""

from __future__ import annotations

import json
import textwrap
from datetime import timedelta
from enum import Enum
from typing import get_args, get_origin

from healthcheck.check import COMMON_REASONS, Check, Setting
from healthcheck.commands.arguments import Arguments
from healthcheck.commands.console import Console
from healthcheck.config.durations import format_duration
from healthcheck.config.kinds import kind_of
from healthcheck.engine.discovery import discover
from healthcheck.permissions import OPERATIONS
from healthcheck.registry import Registry
from healthcheck.surfaces import documents
from healthcheck.surfaces.redaction import Redactor, secrets_in

_INDENT = "  "


def execute_list(arguments: Arguments, console: Console) -> int:
    """Print one line for each check, in dependency order."""
    discovery = discover(cleaned=Redactor(secrets_in(console.environ)).text)
    for failure in discovery.failures:
        console.note(f"{failure.package}: {failure.sentence}")
    if arguments.format == "json":
        console.document(documents.dump(documents.checks_document(discovery.registry)))
    else:
        console.document(table(discovery.registry, console.width))
    return 0


def execute_show(arguments: Arguments, console: Console) -> int:
    """Print one check's page."""
    registry = discover(cleaned=Redactor(secrets_in(console.environ)).text).registry
    console.document(page(registry.get(arguments.check_id, "the command line"), registry, console.width))
    return 0


def table(registry: Registry, width: int) -> str:
    """Return id, cadence and healthy condition of every check."""
    id_width = max((len(check.id) for check in registry), default=0)
    lead = id_width + 9
    lines: list[str] = []
    for check in registry:
        head = f"{check.id:<{id_width}}  {format_duration(check.every):>5}  "
        body = textwrap.wrap(check.documentation.summary, max(width - lead, 30)) or [""]
        lines.append(head + body[0])
        lines.extend(" " * lead + line for line in body[1:])
    return "\n".join(lines)


def page(check: Check, registry: Registry, width: int) -> str:
    """Return all there is to know about a check before it runs."""
    documentation = check.documentation
    before = [other.id for other in registry if check.id in other.after]
    parts = [f"{check.id}: {documentation.summary}"]
    for title, prose in (
        ("Why", documentation.why),
        ("Sees", documentation.sees),
        ("Cannot see", documentation.cannot_see),
    ):
        if prose:
            parts.append(_prose(title, prose, width))
    parts.append(_listing("Needs", _needs(check)))
    if check.optional_calls:
        parts.append(_listing("Sees more with", _actions(check.optional_calls)))
    parts.append(
        _listing(
            "Runs",
            [
                f"every {format_duration(check.every)}, given up after {format_duration(check.timeout)}",
                f"after {', '.join(check.after) or 'nothing'}",
                f"before {', '.join(before) or 'nothing'}",
                *(["only when named in the settings, because it writes"] if check.writes else []),
            ],
        )
    )
    parts.append(_listing("Settings", [_setting(setting) for setting in check.settings] or ["none of its own"]))
    own = [_prose("", ", ".join(sorted(check.reasons)), width)] if check.reasons else []
    shared = _prose("", "and, when it could not be judged: " + ", ".join(sorted(COMMON_REASONS)), width)
    parts.append("\n".join(["Reasons", *own, shared]))
    if documentation.source:
        parts.append(_prose("Source", documentation.source, width))
    return "\n\n".join(parts)


def _needs(check: Check) -> list[str]:
    return _actions(check.calls) or ["no permission"]


def _actions(operations: tuple[str, ...]) -> list[str]:
    """Return the IAM actions, naming the operation where its name is another."""
    lines: dict[str, None] = {}
    for operation_id in operations:
        operation = OPERATIONS[operation_id]
        own_name = f"{operation.service}:{operation.name}"
        for action in operation.actions:
            lines[action if action == own_name else f"{action} (for {operation_id})"] = None
        if not operation.actions:
            lines[f"no permission (for {operation_id})"] = None
    return list(lines)


def _setting(setting: Setting) -> str:
    return f"{setting.name} ({type_words(setting.type)}, default {default_words(setting)}): {setting.doc}"


def type_words(kind: object) -> str:
    """Return what a setting may be, for people."""
    if isinstance(kind, type):
        if issubclass(kind, Enum):
            return " or ".join(str(member.value) for member in kind)
        return {bool: "true or false", int: "whole number", float: "number", str: "text", timedelta: "duration"}[kind]
    arguments = get_args(kind)
    if get_origin(kind) is tuple:
        return f"list of {type_words(arguments[0])}"
    return " or ".join("nothing" if item is type(None) else _word(item) for item in arguments)


def _word(item: object) -> str:
    return item if isinstance(item, str) else type_words(item)


def default_words(setting: Setting) -> str:
    """Return a setting's default as the settings file writes it."""
    written = kind_of(setting.type).write(setting.default)
    if written is None or written == []:
        return "none"
    return ", ".join(map(str, written)) if isinstance(written, list) else json.dumps(written).strip('"')


def _prose(title: str, text: str, width: int) -> str:
    body = textwrap.fill(
        text, width, initial_indent=_INDENT, subsequent_indent=_INDENT, break_long_words=False, break_on_hyphens=False
    )
    return f"{title}\n{body}" if title else body


def _listing(title: str, lines: list[str]) -> str:
    return "\n".join([title, *(_INDENT + line for line in lines)])
