"""`demo`: the daemon against an imitation of AWS, and the hand that breaks and mends it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from healthcheck import demo
from healthcheck.commands.arguments import PROGRAM, Arguments
from healthcheck.commands.console import Console
from healthcheck.commands.serve import address


def execute(arguments: Arguments, console: Console) -> int:
    """Run the demo until told to stop, or reach into the one that runs."""
    wish = demo.Wish(
        listen=address(arguments.listen),
        break_fault=arguments.break_fault,
        mend_fault=arguments.mend_fault,
        list_faults=arguments.faults,
        program=called_as(sys.argv[0]),
    )
    return demo.run(wish, environ=console.environ, tell=console.document, log_stream=console.stderr)


def called_as(path: str) -> str:
    """Return what to type to call this program again: its name, or its path where the shell does not find it."""
    script = Path(path).absolute()
    if script.name != PROGRAM or shutil.which(PROGRAM) == str(script):
        return PROGRAM
    return os.path.relpath(script)
