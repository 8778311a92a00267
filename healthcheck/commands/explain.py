"""`explain`: what a pasted error really means, offline; with a target, the checks that settle it."""

from __future__ import annotations

import io
import json
import textwrap
from collections.abc import Iterator, Sequence

from healthcheck.commands.arguments import EXIT_USAGE, PROGRAM, Arguments
from healthcheck.commands.console import Console
from healthcheck.errors import HealthcheckError
from healthcheck.symptoms import Finding, answered, diagnose

_SCHEMA_OF_ANSWERS = 1
_INDENT = 2

_UNKNOWN = f"""\
Nothing that is known here explains this text.{{answered}}

  look at everything:  {PROGRAM} run
  report it:           open an issue with the whole text, what you did, and `{PROGRAM} --version`;
                       take account numbers, names and keys out first"""


class NoTextError(HealthcheckError):
    """There is nothing to explain."""

    def __init__(self) -> None:
        super().__init__(f'there is no text to explain; {PROGRAM} explain "TEXT", or the text by stdin')


def execute(arguments: Arguments, console: Console) -> int:
    """Explain a text, and let the checks settle it where a target is named."""
    pasted = " ".join(arguments.error)
    text = console.read("the error's text", errors="replace") if pasted in ("", "-") else pasted
    if not text.strip():
        raise NoTextError
    findings = diagnose(text)
    checks = tuple(dict.fromkeys(check for finding in findings for check in finding.symptom.checks))
    # Of what nobody knows, any check may tell.
    settles = bool(arguments.target and (checks or not findings))
    if arguments.format == "json":
        return _document(arguments, console, findings, checks if settles else None)
    console.document(render(findings, console.width) if findings else _unknown(text, console.width))
    if settles:
        named = "The checks that settle it" if findings else "All checks"
        console.document(f"\n{named}, on {', '.join(arguments.target)}:\n")
        return _examine(arguments, checks, console)
    return 0 if findings else EXIT_USAGE


def _unknown(text: str, width: int) -> str:
    """Say that it is not known, and what can be said of it all the same."""
    found = answered(text)
    if found is None:
        return _UNKNOWN.format(answered="")
    said = (
        f"It is AWS's own answer ({found.code}) to {found.operation}: so AWS was reached, and knew who asked; network, "
        "clock and keys are fine. Its own words say what it has against the request."
    )
    return _UNKNOWN.format(answered="\n\n" + "\n".join(textwrap.wrap(said, width)))


def _document(arguments: Arguments, console: Console, findings: Sequence[Finding], checks: Sequence[str] | None) -> int:
    code = 0 if findings else EXIT_USAGE
    answer: dict[str, object] = {"schema": _SCHEMA_OF_ANSWERS, "findings": [as_json(finding) for finding in findings]}
    if checks is not None:
        caught = Console(io.StringIO(), console.stderr, console.environ, color="never")
        code = _examine(arguments, checks, caught)
        answer["run"] = json.loads(caught.stdout.getvalue()) if isinstance(caught.stdout, io.StringIO) else None
    console.document(json.dumps(answer, indent=_INDENT, ensure_ascii=False))
    return code


def _examine(arguments: Arguments, checks: Sequence[str], console: Console) -> int:
    """Look as `run` does, at these checks and all that they come after."""
    from healthcheck.commands import run  # noqa: PLC0415 - it brings AWS's SDK, which a text alone does not need

    doctor = Arguments(**vars(arguments))
    vars(doctor).update(check=list(checks), fail_on="warning", output=None, debug=False)
    return run.execute(doctor, console)


def render(findings: Sequence[Finding], width: int) -> str:
    """Return the findings for people, the likeliest first."""
    return "\n\n".join("\n".join(_lines(finding, width)) for finding in findings)


def _lines(finding: Finding, width: int) -> Iterator[str]:
    symptom = finding.symptom
    yield from textwrap.wrap(f"{finding.confidence.value} ({symptom.id}): {finding.meaning}", width)
    if symptom.checks:
        chosen = " ".join(f"--check {check}" for check in symptom.checks)
        yield f"  settled by: {PROGRAM} run {chosen}"
    else:
        yield "  settled by: no check, as it is nothing that a set-up has or lacks"
    yield from textwrap.wrap(f"fix: {finding.fix.text}", width, initial_indent="  ", subsequent_indent="  ")
    yield from (f"    $ {command}" for command in finding.fix.commands)


def as_json(finding: Finding) -> dict[str, object]:
    """Return a finding for programs."""
    symptom = finding.symptom
    return {
        "id": symptom.id,
        "confidence": finding.confidence.value,
        "meaning": finding.meaning,
        "checks": list(symptom.checks),
        "fix": {"text": finding.fix.text, "commands": list(finding.fix.commands)},
        "source": symptom.source,
    }
