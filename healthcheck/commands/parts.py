"""What several commands begin with: the checks, the way to AWS, and the plan."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from healthcheck.aws import Gateway
from healthcheck.commands.arguments import Arguments
from healthcheck.commands.console import Console
from healthcheck.engine.discovery import discover
from healthcheck.loading import Loader
from healthcheck.surfaces.redaction import Redactor, secrets_in


class Parts:
    """The checks that are installed, a gateway, and the loader of the plan that was asked for."""

    def __init__(self, arguments: Arguments, console: Console) -> None:
        self.discovery = discover(cleaned=Redactor(secrets_in(console.environ)).text)
        self.gateway = Gateway(environ=console.environ, clock=lambda: datetime.now(UTC))
        self.load = Loader(
            registry=self.discovery.registry,
            plugin_failures=self.discovery.failures,
            environ=console.environ,
            cwd=Path.cwd(),
            ambient_region=self.gateway.configured_region,
            explicit=arguments.config,
            only_checks=tuple(getattr(arguments, "check", ())),
            only_targets=tuple(getattr(arguments, "target", ())),
        )
