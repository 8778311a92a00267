"""The command line: reads arguments, starts one command, and turns whatever happens into an exit code."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import TextIO

from healthcheck.commands.arguments import EXIT_USAGE, PROGRAM, Arguments, build_parser
from healthcheck.commands.console import Console
from healthcheck.errors import HealthcheckError

EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
"""As the shell counts a program that SIGINT or SIGPIPE ended: 128 + its number."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        code = _dispatch(sys.argv[1:] if argv is None else argv)
    except SystemExit as stop:  # argparse ends so after --help, --version and usage errors
        code = stop.code if isinstance(stop.code, int) else EXIT_USAGE
    except KeyboardInterrupt:
        _tell(f"\n{PROGRAM}: interrupted; nothing was concluded")
        code = EXIT_INTERRUPTED
    except BrokenPipeError:
        _let_go(sys.stdout)
        code = EXIT_BROKEN_PIPE
    except (HealthcheckError, OSError) as error:
        _tell(_sentence(error))
        code = EXIT_USAGE
    except Exception:  # noqa: BLE001 - Python's own exit code for a crash is 1, which means "warning" to every scheduler
        _tell(_without_secrets(traceback.format_exc().rstrip()))
        _tell(f"{PROGRAM}: this is a mistake in the program; please report it with the lines above")
        code = EXIT_USAGE
    return code


def _dispatch(argv: Sequence[str]) -> int:
    arguments = build_parser().parse_args(argv, namespace=Arguments())
    module_name, _, function = arguments.command.partition(":")
    # Imported now, because `--help` must not wait for libraries that it does not use.
    command: Callable[[Arguments, Console], int] = getattr(
        importlib.import_module(f"healthcheck.commands.{module_name}"), function
    )
    return command(arguments, Console(sys.stdout, sys.stderr, os.environ, stdin=sys.stdin, color=arguments.color))


def _sentence(error: HealthcheckError | OSError) -> str:
    mistakes = getattr(error, "mistakes", ())
    if mistakes:
        # Each begins with its place, so that editors and terminals can jump to it.
        return "\n".join(str(mistake) for mistake in mistakes)
    if isinstance(error, OSError) and error.filename:
        return f"{PROGRAM}: {error.filename}: {error.strerror}"
    return f"{PROGRAM}: {error}"


def _without_secrets(text: str) -> str:
    from healthcheck.surfaces.redaction import Redactor, secrets_in  # noqa: PLC0415 - `--help` can do without it

    return Redactor(secrets_in(os.environ)).text(text)


def _tell(sentence: str) -> None:
    try:
        sys.stderr.write(f"{sentence}\n")
    except BrokenPipeError:
        _let_go(sys.stderr)


def _let_go(stream: TextIO) -> None:
    """Point a stream whose reader has gone at nothing, so that the interpreter's last flush does not complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
