"""`iam evaluate` and `iam assumable`: the policy engine at the command line, offline."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

from healthcheck.commands import inquiry, shapes
from healthcheck.commands.arguments import Arguments
from healthcheck.commands.console import Console
from healthcheck.iam import Decision, Outcome

_SCHEMA_OF_ANSWERS = 1
_INDENT = 2

EXIT_CODES: Mapping[Outcome, int] = MappingProxyType(
    {Outcome.ALLOWED: 0, Outcome.IMPLICIT_DENY: 2, Outcome.EXPLICIT_DENY: 2, Outcome.UNKNOWN: 3}
)
"""As of `run`: what does its job, what does not, and what cannot be told."""


def execute_evaluate(arguments: Arguments, console: Console) -> int:
    """Answer whether a request is allowed."""
    return _answer(arguments, console, inquiry.decide, shapes.EVALUATE_SCHEMA)


def execute_assumable(arguments: Arguments, console: Console) -> int:
    """Answer whether a service may assume a role."""
    return _answer(arguments, console, inquiry.decide_trust, shapes.ASSUMABLE_SCHEMA)


def _answer(arguments: Arguments, console: Console, decide: Callable[[str], Decision], schema: shapes.Json) -> int:
    if arguments.schema:
        console.document(json.dumps(schema, indent=_INDENT))
        return 0
    decision = decide(console.read("the question as JSON; --help shows an example"))
    if arguments.format == "json":
        answer = {
            "schema": _SCHEMA_OF_ANSWERS,
            **decision.as_json(),
            "explanation": [line.strip() for line in decision.explain().splitlines()],
        }
        console.document(json.dumps(answer, indent=_INDENT, ensure_ascii=False))
    else:
        console.document(decision.explain())
    return EXIT_CODES[decision.outcome]
