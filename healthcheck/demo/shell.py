"""A file for a shell to read, so that every command of this program looks at the demo's accounts."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from healthcheck.testing.world.client import Client

_NAME = "env"
_OF_THE_CLIENT = ("AWS_", "SAGEMAKER_")
"""HOME and PATH stay the user's own."""


def write(folder: Path, client: Client, *, foreign: Iterable[str], names: Iterable[str]) -> Path:
    """Write the file, and return its path.

    Args:
        folder: where to.
        client: whose environment it is.
        foreign: what names of variables begin with that would lead elsewhere.
        names: variables that would, too.
    """
    beginnings = "|".join(foreign)
    whole = "|".join(sorted(spelling for name in names for spelling in (name, name.upper())))
    settings = {name: value for name, value in client.environ.items() if name.startswith(_OF_THE_CLIENT)}
    if client.settings:
        settings["SAGEMAKER_HEALTHCHECK_CONFIG"] = str(client.settings)
    lines = [
        "# Of sagemaker-healthcheck's demo, for a shell to read: (. THIS-FILE; sagemaker-healthcheck run)",
        f"for name in $(env | sed -nE 's/^(({beginnings})[A-Za-z_]*|{whole})=.*/\\1/p'); do unset \"$name\"; done",
        *(f"export {name}={shlex.quote(value)}" for name, value in settings.items()),
    ]
    path = folder / _NAME
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path
