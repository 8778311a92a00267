"""`config check`, `config show` and `config schema`: settings, without touching the network."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from healthcheck.checks import region, role_existence
from healthcheck.commands.arguments import Arguments
from healthcheck.commands.console import Console
from healthcheck.commands.parts import Parts
from healthcheck.config import json_schema
from healthcheck.engine.discovery import discover
from healthcheck.plan import show
from healthcheck.result import Result, Status
from healthcheck.surfaces import documents
from healthcheck.surfaces.redaction import Redactor, secrets_in
from healthcheck.surfaces.web.reading import load
from healthcheck.surfaces.words import SYMBOLS
from healthcheck.target import Target

_INDENT = 2


def execute_check(arguments: Arguments, console: Console) -> int:
    """Load the plan; its mistakes, if there are any, are told as of any other command."""
    parts = Parts(arguments, console)
    plan = parts.load()
    if plan.web_config:
        load(plan.web_config)
    where = plan.path or "no settings file, so this is what the environment amounts to"
    lines: list[str] = []
    for planned in plan.targets:
        lines.append(f"  {planned.name}: {len(planned.checks)} checks, {planned.target.source.name}")
        lines.extend(f"    {fault}" for fault in _faults(planned.target, parts.gateway.known_regions))
    is_fine = len(lines) == len(plan.targets)
    verdict = "no mistakes" if is_fine else "can be used, but checks will find fault with what is marked"
    console.document("\n".join([f"{where}: {verdict}", *lines]))
    return 0


def _faults(target: Target, known_regions: Collection[str]) -> Iterator[str]:
    """Yield what checks will say of a target whatever AWS answers. It harms no other target, so it refuses no file."""
    judged: list[tuple[str, Result]] = []
    if target.region:
        # The variables of this shell are not the daemon's.
        judged.append(("region.configured", region.spelling(target, {}, known_regions)))
    if target.role:
        judged.append(("role.configured", role_existence.judge_configured(target)))
    for check, result in judged:
        if result.status is not Status.OK:
            yield f"{SYMBOLS[result.status]} {result.summary} ({check})"


def execute_show(arguments: Arguments, console: Console) -> int:
    """Print the settings that are in force."""
    console.document(show(Parts(arguments, console).load()))
    return 0


def execute_schema(_arguments: Arguments, console: Console) -> int:
    """Print the JSON Schema of the settings file."""
    registry = discover(cleaned=Redactor(secrets_in(console.environ)).text).registry
    console.document(documents.dump(json_schema(registry), indent=_INDENT))
    return 0
