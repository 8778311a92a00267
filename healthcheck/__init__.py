"""A diagnostic daemon for Amazon SageMaker set-ups, and the vocabulary of check authors."""

from datetime import timedelta as _timedelta

from healthcheck.capabilities import Aws, Credentials, Endpoint, Host, Reach
from healthcheck.check import Check, check
from healthcheck.errors import Failure, FailureKind, HealthcheckError
from healthcheck.result import Fix, Result, Status, critical, ok, skipped, unknown, warning
from healthcheck.target import CredentialSource, Purpose, Target

__all__ = [
    "Aws",
    "Check",
    "CredentialSource",
    "Credentials",
    "Endpoint",
    "Failure",
    "FailureKind",
    "Fix",
    "HealthcheckError",
    "Host",
    "Purpose",
    "Reach",
    "Result",
    "Status",
    "Target",
    "check",
    "critical",
    "hours",
    "minutes",
    "ok",
    "seconds",
    "skipped",
    "unknown",
    "warning",
]

__version__ = "0.1.0"


def seconds(number: float) -> _timedelta:
    """Return so many seconds."""
    return _timedelta(seconds=number)


def minutes(number: float) -> _timedelta:
    """Return so many minutes."""
    return _timedelta(minutes=number)


def hours(number: float) -> _timedelta:
    """Return so many hours."""
    return _timedelta(hours=number)
