"""The scope of a run: on whose behalf, with which permissions and until when AWS may be asked.

One context variable holds it, set in the worker around the whole consumption of a check's iterator.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from botocore.credentials import Credentials, ReadOnlyCredentials

from healthcheck.aws.errors import Unresolved
from healthcheck.aws.memory import Flight
from healthcheck.errors import DeadlinePassed, Failure, NoScope
from healthcheck.target import CredentialSource


@dataclass(frozen=True, slots=True)
class Scope:
    """What one run may do. Its text never shows a secret."""

    check: str
    calls: frozenset[str]
    """Declared operations, such as ``iam.GetRole``."""
    may_write: bool
    source: CredentialSource
    generation: int
    """Stands for the source as it was last resolved from scratch; what was answered before is not remembered."""
    keys: ReadOnlyCredentials | None = field(repr=False)
    failure: Failure | None
    """Why there are no keys."""
    deadline: float
    """On the monotonic clock."""
    max_age_seconds: float
    """How old a remembered answer may be."""
    heard: list[tuple[str, float]] = field(default_factory=list, repr=False)
    """The operations that were asked, each with the time (in seconds since the epoch) as of which it was answered."""
    led: list[Flight] = field(default_factory=list, repr=False)
    """Requests that others may be waiting for; whatever is left at the end is given up."""

    @property
    def remaining_seconds(self) -> float:
        """The time that is left, which may be negative."""
        return self.deadline - time.monotonic()

    def require_time(self, operation: str) -> None:
        """Raise `DeadlinePassed` when the time is over."""
        if self.remaining_seconds <= 0:
            raise DeadlinePassed(operation)


_SCOPE: ContextVar[Scope | None] = ContextVar("healthcheck_scope", default=None)


@contextmanager
def in_force(scope: Scope) -> Iterator[None]:
    """Put a scope in force in this thread, and give up at its end what it has left open."""
    token = _SCOPE.set(scope)
    try:
        yield
    finally:
        _SCOPE.reset(token)
        for flight in scope.led:
            flight.give_up()


def current(operation: str) -> Scope:
    """Return the scope in force; raise `NoScope` where there is none."""
    scope = _SCOPE.get()
    if scope is None:
        raise NoScope(operation)
    return scope


class ScopedCredentials(Credentials):
    """Credentials of whichever scope is in force when a request is signed.

    Every client of the process holds this one object: that is what lets all targets share the clients.
    """

    def __init__(self) -> None:  # the base class would want keys
        self.method = "healthcheck"
        self.account_id = None

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return the keys of the scope in force."""
        scope = current("signing a request")
        if scope.keys is None:
            raise Unresolved(scope.failure) if scope.failure else NoScope("signing a request")
        return scope.keys

    # Older signers read the parts one by one.
    @property
    def access_key(self) -> str | None:  # type: ignore[override]
        """The key id of the scope in force."""
        return self.get_frozen_credentials().access_key

    @property
    def secret_key(self) -> str | None:  # type: ignore[override]
        """The secret key of the scope in force."""
        return self.get_frozen_credentials().secret_key

    @property
    def token(self) -> str | None:  # type: ignore[override]
        """The session token of the scope in force."""
        return self.get_frozen_credentials().token
