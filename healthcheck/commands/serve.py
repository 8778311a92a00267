"""`serve`: the daemon, until somebody stops it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from healthcheck.commands.arguments import Arguments
from healthcheck.commands.console import Console
from healthcheck.config.fields import listen_address
from healthcheck.daemon import Daemon, assemble
from healthcheck.engine.discovery import discover
from healthcheck.errors import HealthcheckError
from healthcheck.interpreter import tuned
from healthcheck.plan import DaemonSettings
from healthcheck.signals import Order, orders
from healthcheck.supervision import Supervisor
from healthcheck.surfaces import text
from healthcheck.surfaces.redaction import Redactor, secrets_in


class BadAddress(HealthcheckError):
    """`--listen` names no place to listen."""

    def __init__(self, written: str, hint: str) -> None:
        self.written = written
        super().__init__(f"--listen is {written!r}; expected an address and a port, such as 127.0.0.1:9479{hint}")


def execute(arguments: Arguments, console: Console) -> int:
    """Watch until told to stop."""
    daemon = assemble(
        discover(cleaned=Redactor(secrets_in(console.environ)).text),
        environ=console.environ,
        cwd=Path.cwd(),
        explicit=arguments.config,
        override=override(arguments),
        log_stream=console.stderr,
    )
    obey(daemon, environ=console.environ)
    return 0


def override(arguments: Arguments) -> Callable[[DaemonSettings], DaemonSettings]:
    """Return what puts the options of the command line in place of the file's settings, at each reading."""
    listen = address(arguments.listen)
    web_config = Path.cwd() / arguments.web_config if arguments.web_config else None

    def apply(settings: DaemonSettings) -> DaemonSettings:
        return replace(
            settings,
            listen=listen or settings.listen,
            web_config=web_config or settings.web_config,
            enable_lifecycle=arguments.enable_lifecycle or settings.enable_lifecycle,
            log_format=arguments.log_format or settings.log_format,
            log_level=arguments.log_level or settings.log_level,
        )

    return apply


def obey(daemon: Daemon, *, environ: Mapping[str, str]) -> None:
    """Start the daemon, do what signals say, and stop it; tell whoever supervises this process."""
    supervisor = Supervisor(environ, is_healthy=daemon.is_healthy, status=lambda: text.in_short(daemon.snapshot()))
    try:
        with orders() as received:
            daemon.start()
            supervisor.ready()
            with supervisor, tuned():
                while (order := received.get()) is not Order.STOP:
                    if order is Order.RELOAD:
                        supervisor.reloading()
                        daemon.reload()
                        supervisor.ready()
                    else:
                        daemon.run_all()
    finally:
        supervisor.stopping()
        # Out of the block above a second signal has its usual effect: it ends the process at once.
        daemon.stop()


def address(written: str | None) -> str | None:
    """Return what `--listen` names, if it was given; raise `BadAddress` if it names no place to listen."""
    try:
        return None if written is None else listen_address(written)
    except ValueError as error:
        raise BadAddress(written or "", str(error)) from None
