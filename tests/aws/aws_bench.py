"""A gateway and its surroundings, for tests."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from healthcheck import Aws, Check, CredentialSource, Target, check, minutes
from healthcheck.aws.gateway import Gateway
from healthcheck.aws.pacing import Pacing
from tests.aws.aws_imitation import Imitation

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def make_check(*calls: str, writes: bool = False, check_id: str = "role.exists") -> Check:
    """Make a check that declares operations."""

    def probe(aws: Aws) -> Iterator[object]:
        """All is well."""
        raise NotImplementedError

    probe.__module__, probe.__name__ = f"tests.{check_id.partition('.')[0]}", check_id.partition(".")[2]
    made: Check = check(every=minutes(5), calls=calls, writes=writes)(probe)  # type: ignore[arg-type]
    return made


@dataclass
class Bench:
    """A gateway, the imitation that it talks to, and its surroundings."""

    aws: Imitation
    home: Path
    gateway: Gateway
    calls: Counter[tuple[str, str, str]]
    pacing: Pacing
    pauses: list[float] = field(default_factory=list)
    now: list[datetime] = field(default_factory=lambda: [NOON])

    def scope(
        self,
        *calls: str,
        source: CredentialSource = CredentialSource(),  # noqa: B008 # frozen
        region: str | None = "us-east-1",
        seconds: float = 20.0,
        max_age_seconds: float = 60.0,
        writes: bool = False,
    ) -> AbstractContextManager[Any]:
        """Return the scope of a run; untyped, since tests also make calls that the types refuse."""
        target = Target("prod", source=source, region=region)
        return self.gateway.scope(
            target,
            make_check(*calls, writes=writes),
            deadline=time.monotonic() + seconds,
            max_age_seconds=max_age_seconds,
        )

    def later(self, **delta: float) -> None:
        self.now[0] += timedelta(**delta)

    def write_profiles(self, text: str) -> None:
        (self.home / "credentials").write_text(text)

    def write_config(self, text: str) -> None:
        (self.home / "config").write_text(text)
