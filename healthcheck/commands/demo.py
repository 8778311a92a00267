"""`demo`: the whole product without an AWS account."""

from __future__ import annotations

from healthcheck.commands.arguments import Arguments
from healthcheck.commands.console import Console
from healthcheck.commands.serve import BadAddress
from healthcheck.config.fields import listen_address
from healthcheck.demo import Wish, run


def execute(arguments: Arguments, console: Console) -> int:
    """Run the demo until it is told to stop, or reach into the one that runs."""
    listen = arguments.listen
    if listen is not None:
        try:
            listen = listen_address(listen)
        except ValueError as error:
            raise BadAddress(listen, str(error)) from None
    wish = Wish(
        listen=listen,
        break_fault=arguments.break_fault,
        mend_fault=arguments.mend_fault,
        list_faults=arguments.faults,
    )
    return run(wish, environ=console.environ, tell=console.document, log_stream=console.stderr)
