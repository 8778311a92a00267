"""The client's side: AWS files, settings and environment with which the healthcheck reaches the world."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


@dataclass(slots=True)
class Profile:
    """One profile of the shared AWS files."""

    config: dict[str, str]
    """Lines of ``[profile NAME]`` in the config file."""
    credentials: dict[str, str]
    """Lines of ``[NAME]`` in the credentials file."""


@dataclass(slots=True)
class ClientSide:
    """All that stands on the client's side. Mutable: faults change it before it is written."""

    world: Mapping[str, Any]
    """The world's description of itself."""
    directory: Path
    """Where the files go."""
    profiles: dict[str, Profile]
    targets: dict[str, dict[str, Any]]
    """Empty = no settings file at all."""
    checks: dict[str, dict[str, Any]] = field(default_factory=dict)
    daemon: dict[str, Any] = field(default_factory=dict)
    """How the daemon works."""
    environ: dict[str, str] = field(default_factory=dict)
    credentials_text: str | None = None
    """Replaces the whole credentials file."""

    def setup(self, name: str) -> Mapping[str, Any]:
        """Return the world's description of a set-up."""
        found: Mapping[str, Any] = self.world["setups"][name]
        return found


@dataclass(frozen=True, slots=True)
class Client:
    """What was written, and the environment that leads to it."""

    environ: Mapping[str, str]
    """The whole environment for the healthcheck: it inherits nothing."""
    settings: Path | None
    """None where the fault is to have no settings file."""


def client_side(world: Mapping[str, Any], names: Iterable[str], directory: Path) -> ClientSide:
    """Set up the client's side for some of the world's set-ups as it is when all is well."""
    profiles: dict[str, Profile] = {}
    targets: dict[str, dict[str, Any]] = {}
    for name in names:
        setup = world["setups"][name]
        profile = setup["profile"]
        owner = world["setups"][profile]
        profiles[profile] = Profile(
            config={"region": owner["regions"][0], "endpoint_url": owner["url"]},
            credentials={"aws_access_key_id": owner["key_id"], "aws_secret_access_key": owner["secret"]},
        )
        target: dict[str, Any] = {
            "profile": profile,
            "account": setup["account"],
            "regions": list(setup["regions"]),
            "role": setup["role"],
            "reads": setup["reads"],
            "caller": setup["caller"],
        }
        if len(setup["regions"]) == 1:
            target["volume_keys"] = [setup["volume_key"]]
        if setup["assume_role"]:
            target["assume_role"] = {"arn": setup["assume_role"], "external_id": setup["external_id"]}
        targets[name] = target
    return ClientSide(world, directory, profiles, targets)


def write(side: ClientSide) -> Client:
    """Write the files; return the environment that makes them count."""
    directory = side.directory
    home = directory / "home"
    aws = home / ".aws"
    aws.mkdir(parents=True, exist_ok=True)
    config = {f"profile {name}": profile.config for name, profile in side.profiles.items()}
    credentials = {name: profile.credentials for name, profile in side.profiles.items() if profile.credentials}
    _replace(aws / "config", _ini(config))
    _replace(aws / "credentials", side.credentials_text or _ini(credentials))
    settings = directory / "healthcheck.yaml"
    if side.targets:
        content: dict[str, Any] = {"targets": [{"name": name, **target} for name, target in side.targets.items()]}
        if side.checks:
            content["checks"] = side.checks
        if side.daemon:
            content["daemon"] = side.daemon
        _replace(settings, yaml.safe_dump(content, sort_keys=False))
    else:
        settings.unlink(missing_ok=True)
    environ = {
        "HOME": str(home),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "AWS_CONFIG_FILE": str(aws / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(aws / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        **side.environ,
    }
    return Client(environ, settings if side.targets else None)


def process_that_says(words: str) -> str:
    """Return a command for ``credential_process`` that prints these words."""
    return f"{sys.executable} -c \"print('{words}')\""


def _ini(sections: Mapping[str, Mapping[str, str]]) -> str:
    lines: list[str] = []
    for name, entries in sections.items():
        lines.append(f"[{name}]")
        lines.extend(f"{key} = {value}" for key, value in entries.items())
        lines.append("")
    return "\n".join(lines)


def _replace(path: Path, text: str) -> None:
    """Put a file in place in one step: a daemon may be reading it."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text)
    beside.chmod(0o600)
    beside.replace(path)
