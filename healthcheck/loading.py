"""From a settings file to a plan, anew each time it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from healthcheck import config, plan
from healthcheck.engine.snapshot import PluginFailure
from healthcheck.plan import Plan
from healthcheck.registry import Registry
from healthcheck.target import CredentialSource


@dataclass(frozen=True, slots=True)
class Loader:
    """Everything that decides what the plan is, but for the file's content."""

    registry: Registry
    plugin_failures: tuple[PluginFailure, ...]
    environ: Mapping[str, str]
    cwd: Path
    ambient_region: Callable[[CredentialSource], str | None]
    """The region of a profile or of the environment, for targets that name none."""
    explicit: str | None = None
    """The file that the user named; none = the usual places."""
    only_checks: Collection[str] = ()
    only_targets: Collection[str] = ()

    def __call__(self, generation: int = 0) -> Plan:
        """Read the file and return the plan; raise `ConfigError` with every mistake that it has."""
        return plan.load(
            config.locate(self.explicit, self.environ, self.cwd),
            self.registry,
            environ=self.environ,
            ambient_region=self.ambient_region,
            only_checks=self.only_checks,
            only_targets=self.only_targets,
            generation=generation,
            plugin_failures=self.plugin_failures,
        )
