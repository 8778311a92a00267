"""Settings as the file says them: typed where their type is known without the checks, and placed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

from healthcheck.config.mistakes import Place
from healthcheck.config.nodes import Entry
from healthcheck.target import AMBIENT, CredentialSource, Purpose


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    """How the daemon works, whatever it watches."""

    listen: str = "127.0.0.1:9479"
    """Address and port; an IPv6 address stands in brackets."""
    workers: int = 64
    failures_to_fail: int = 2
    successes_to_recover: int = 1
    confirm_after: timedelta = timedelta(seconds=30)
    log_format: Literal["auto", "json", "console"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_check_finished: Literal["auto", "info", "debug"] = "auto"
    enable_lifecycle: bool = False
    web_config: Path | None = None
    """TLS, passwords and headers, in Prometheus's format; a relative name starts at the settings file's folder."""
    shutdown_after: timedelta = timedelta(seconds=20)

    @property
    def host(self) -> str:
        """The address to listen on, without brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port to listen on; 0 = any free one."""
        return int(self.listen.rpartition(":")[2])

    @property
    def confirm_seconds(self) -> float:
        """`confirm_after`, in seconds."""
        return self.confirm_after.total_seconds()

    @property
    def shutdown_seconds(self) -> float:
        """`shutdown_after`, in seconds."""
        return self.shutdown_after.total_seconds()


@dataclass(frozen=True, slots=True)
class CheckEntry:
    """What the file says about one check, or about all those that a pattern such as ``role.*`` stands for."""

    pattern: str
    place: Place
    enabled: bool | None = None
    every: timedelta | None = None
    timeout: timedelta | None = None
    settings: Mapping[str, Entry] = field(default_factory=dict)
    """The check's own settings; only the check knows their types."""

    @property
    def is_pattern(self) -> bool:
        """Whether it speaks of all checks of a module, or of all checks."""
        return self.pattern.endswith("*")

    def matches(self, check_id: str) -> bool:
        """Whether it speaks of this check."""
        return check_id.startswith(self.pattern[:-1]) if self.is_pattern else check_id == self.pattern


@dataclass(frozen=True, slots=True)
class TargetEntry:
    """One entry under ``targets``: a set-up in one or more regions."""

    name: str
    place: Place
    source: CredentialSource = AMBIENT
    account: str | None = None
    regions: tuple[str, ...] = ()
    """None = the region that the credential source's profile or environment names."""
    role: str | None = None
    bucket: str | None = "default"
    purposes: tuple[Purpose, ...] = (Purpose.TRAINING,)
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    output_keys: tuple[str, ...] = ()
    volume_keys: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    caller: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    checks: tuple[CheckEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """A settings file, read."""

    path: Path | None = None
    """None when there is no file."""
    targets: tuple[TargetEntry, ...] = ()
    checks: tuple[CheckEntry, ...] = ()
    daemon: DaemonSettings = field(default_factory=DaemonSettings)
