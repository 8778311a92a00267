"""What the engine asks of AWS: the port that `healthcheck.aws` fills, and that a test's imitation fills too."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from healthcheck.capabilities import Aws, Credentials
from healthcheck.check import Check
from healthcheck.errors import Failure
from healthcheck.target import CredentialSource, Target


class Gateway(Protocol):
    """The way to AWS for one process."""

    def resolve(self, target: Target) -> Credentials:
        """Find or refresh the credentials of a target before its round; may take as long as a network call."""

    def scope(
        self, target: Target, check: Check, *, deadline: float, max_age_seconds: float
    ) -> AbstractContextManager[Aws]:
        """Let the code inside call AWS for one check of one target, until `deadline` on the monotonic clock."""

    def forget(self, source: CredentialSource) -> None:
        """Resolve a source anew before its next round."""

    def classify(self, error: BaseException, *, operation: str | None = None) -> Failure:
        """Say what an exception means."""
