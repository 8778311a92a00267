"""`config check`, `config show` and `config schema`: settings, without touching the network."""

from __future__ import annotations

from healthcheck.commands.arguments import Arguments
from healthcheck.commands.console import Console
from healthcheck.commands.parts import Parts
from healthcheck.config import json_schema
from healthcheck.engine.discovery import discover
from healthcheck.plan import show
from healthcheck.surfaces import documents
from healthcheck.surfaces.redaction import Redactor, secrets_in
from healthcheck.surfaces.web.reading import load

_INDENT = 2


def execute_check(arguments: Arguments, console: Console) -> int:
    """Load the plan; its mistakes, if there are any, are told as of any other command."""
    plan = Parts(arguments, console).load()
    if plan.web_config:
        load(plan.web_config)
    where = plan.path or "no settings file, so this is what the environment amounts to"
    console.document(f"{where}: no mistakes")
    for planned in plan.targets:
        console.document(f"  {planned.name}: {len(planned.checks)} checks, {planned.target.source.name}")
    return 0


def execute_show(arguments: Arguments, console: Console) -> int:
    """Print the settings that are in force."""
    console.document(show(Parts(arguments, console).load()))
    return 0


def execute_schema(_arguments: Arguments, console: Console) -> int:
    """Print the JSON Schema of the settings file."""
    registry = discover(cleaned=Redactor(secrets_in(console.environ)).text).registry
    console.document(documents.dump(json_schema(registry), indent=_INDENT))
    return 0
