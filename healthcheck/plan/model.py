"""The plan as values: what the engine runs and the surfaces name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from healthcheck.check import Check
from healthcheck.config.model import DaemonSettings
from healthcheck.target import Target

_CADENCE_OF_NOTHING = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class BoundCheck:
    """A check with its settings for one target."""

    check: Check
    settings: Mapping[str, object]
    every: timedelta
    timeout: timedelta
    after: tuple[str, ...]
    """Ids in effect: an edge to a disabled or filtered check is passed on to what that check comes after."""

    @property
    def id(self) -> str:
        """The check's id."""
        return self.check.id


@dataclass(frozen=True, slots=True)
class Selection:
    """Which checks run, and which are turned off."""

    checks: tuple[BoundCheck, ...]
    """In dependency order."""
    disabled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedTarget:
    """A target and the checks that run on it."""

    target: Target
    checks: tuple[BoundCheck, ...]
    """In dependency order."""
    disabled: tuple[str, ...]
    """Ids of the checks that the settings turn off, or that write and are not turned on, in dependency order."""
    fingerprint: str
    """Equal across reloads exactly when the target, its checks and their settings are."""

    @property
    def name(self) -> str:
        """The target's name."""
        return self.target.name

    @property
    def cadence(self) -> timedelta:
        """The shortest cadence of its checks."""
        return min((bound.every for bound in self.checks), default=_CADENCE_OF_NOTHING)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is watched, from one reading of the settings."""

    targets: tuple[PlannedTarget, ...]
    daemon: DaemonSettings = field(default_factory=DaemonSettings)
    generation: int = 0
    path: Path | None = None
    """The settings file; none = there is none."""
    base: Selection = field(default_factory=lambda: Selection((), ()))
    """The checks as they are for a target that overrides nothing."""

    @property
    def services(self) -> tuple[str, ...]:
        """The AWS services that its checks are sure to call, those first that most of the checks wait for."""
        checks = {bound.id: bound.check for planned in self.targets for bound in planned.checks}
        counted = Counter(
            service
            for check in checks.values()
            for service in dict.fromkeys(call.partition(".")[0] for call in check.calls)
        )
        return tuple(service for service, _ in counted.most_common())

    @property
    def web_config(self) -> Path | None:
        """The web configuration, if one is named; a relative name starts at the settings file's folder."""
        if self.daemon.web_config is None:
            return None
        return (self.path.parent if self.path else Path()) / self.daemon.web_config
