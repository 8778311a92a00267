"""Commands of this program, as they have to be pasted into the shell where it was called."""

from __future__ import annotations

import re
from dataclasses import replace
from shlex import quote

from healthcheck.commands.arguments import PROGRAM
from healthcheck.result import Result

_READS_SETTINGS = re.compile(rf"{PROGRAM} (?:run|policy|explain|config check)(?= |$)(?!.* --config )")


def with_settings(result: Result, path: str) -> Result:
    """Return a verdict whose fix goes on with the settings file that this run was given by name."""
    if result.fix is None:
        return result
    commands = tuple(
        f"{command} --config {quote(path)}" if _READS_SETTINGS.match(command) else command
        for command in result.fix.commands
    )
    return result if commands == result.fix.commands else replace(result, fix=replace(result.fix, commands=commands))
