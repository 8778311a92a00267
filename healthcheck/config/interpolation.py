"""Variables of the environment inside settings: ``${NAME}``, ``${NAME:-default}``, and ``$$`` for a dollar."""

from __future__ import annotations

import re
from collections.abc import Mapping

from healthcheck.config.mistakes import quoted
from healthcheck.registry import closest

_DOLLAR = re.compile(r"\$(?:(?P<escape>\$)|\{(?P<body>[^}]*)(?P<end>\}?))")
_BODY = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)


def interpolate(text: str, environ: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return the text with its variables put in, and a sentence for each that could not be.

    An empty variable counts as unset, as in a shell's ``:-``: an empty role or account would
    otherwise silently turn off what depends on it.
    """
    problems: list[str] = []

    def value(match: re.Match[str]) -> str:
        if match["escape"]:
            return "$"
        body = _BODY.fullmatch(match["body"])
        if body is None or not match["end"]:
            problems.append(f"{quoted(match[0])} is no variable; write ${{NAME}}, or $$ for a dollar")
            return ""
        found = environ.get(body["name"], "")
        if found:
            return found
        if body["default"] is not None:
            return body["default"]
        problems.append(_missing(body["name"], environ))
        return ""

    return _DOLLAR.sub(value, text), tuple(problems)


def escape(text: str) -> str:
    """Return a text that `interpolate` turns back into this one."""
    return text.replace("$", "$$")


def _missing(name: str, environ: Mapping[str, str]) -> str:
    state = "is set but empty" if name in environ else "is not set"
    near = None if name in environ else closest(name, environ)
    meant = f"; did you mean ${{{near}}}?" if near else ""
    return f"the environment variable {name} {state}; set it, or write ${{{name}:-default}}{meant}"
