"""`demo`: the daemon against an imitation of AWS, and the hand that breaks and mends it."""

from __future__ import annotations

from healthcheck import demo
from healthcheck.commands.arguments import Arguments
from healthcheck.commands.console import Console
from healthcheck.commands.serve import address


def execute(arguments: Arguments, console: Console) -> int:
    """Run the demo until told to stop, or reach into the one that runs."""
    wish = demo.Wish(
        listen=address(arguments.listen),
        break_fault=arguments.break_fault,
        mend_fault=arguments.mend_fault,
        list_faults=arguments.faults,
    )
    return demo.run(wish, environ=console.environ, tell=console.document, log_stream=console.stderr)
