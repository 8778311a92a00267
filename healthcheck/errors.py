"""Our own errors, and the one description of anybody else's.

Each error is named for the fact, carries the facts as attributes and builds its sentence once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class HealthcheckError(Exception):
    """Anything that a user or a check author can mend; its text is a sentence for them."""


class InvalidCheck(HealthcheckError):
    """A check is declared wrongly."""

    def __init__(self, check: str, mistake: str) -> None:
        self.check = check
        self.mistake = mistake
        super().__init__(f"check {check}: {mistake}")


class DuplicateCheck(HealthcheckError):
    """Two checks have one id."""

    def __init__(self, check: str, first: str, second: str) -> None:
        self.check = check
        super().__init__(f"check {check} is defined twice: in {first} and in {second}; rename one of them")


class UnknownCheck(HealthcheckError):
    """An id names no check."""

    def __init__(self, check: str, named_by: str, suggestion: str | None = None) -> None:
        self.check = check
        self.named_by = named_by
        self.suggestion = suggestion
        hint = f"; did you mean {suggestion}?" if suggestion else ""
        super().__init__(f"{named_by} names the check {check}, which does not exist{hint}")


class DependencyCycle(HealthcheckError):
    """Checks come after each other in a circle."""

    def __init__(self, cycle: tuple[str, ...]) -> None:
        self.cycle = cycle
        super().__init__("checks come after each other in a circle: " + " after ".join(cycle))


class UndeclaredCall(HealthcheckError):
    """A check asked AWS for something that it had not declared."""

    def __init__(self, check: str, operation: str) -> None:
        self.check = check
        self.operation = operation
        super().__init__(f"check {check} calls {operation} without declaring it; add it to calls=[…]")


class UnknownOperation(HealthcheckError):
    """An operation has no row in the table of permissions."""

    def __init__(self, operation: str, named_by: str) -> None:
        self.operation = operation
        super().__init__(f"{named_by} names {operation}, which healthcheck.permissions does not list; add a row")


class WriteRefused(HealthcheckError):
    """An operation that writes was asked for by a check that only reads."""

    def __init__(self, check: str, operation: str) -> None:
        self.check = check
        self.operation = operation
        super().__init__(f"check {check} calls {operation}, which writes; only a check with writes=True may")


class NoScope(HealthcheckError):
    """AWS was asked for something outside a check's run."""

    def __init__(self, operation: str) -> None:
        self.operation = operation
        super().__init__(f"{operation} was called outside a check's run, where no credentials are in force")


class DeadlinePassed(HealthcheckError):
    """A check's time is over; nothing more is asked on its behalf."""

    def __init__(self, operation: str) -> None:
        self.operation = operation
        super().__init__(f"the check's time was over before {operation} could be asked")


class FailureKind(Enum):
    """What an exception from AWS, its SDK or the network means. The value doubles as a reason."""

    NOT_PERMITTED = "not_permitted"
    """AWS answered that the caller may not do this."""
    NO_CREDENTIALS = "no_credentials"
    CREDENTIALS_EXPIRED = "credentials_expired"
    CREDENTIALS_INVALID = "credentials_invalid"
    CLOCK_SKEWED = "clock_skewed"
    REGION_INVALID = "region_invalid"
    UNREACHABLE = "unreachable"
    """DNS, TCP, TLS or proxy: no answer came from AWS."""
    THROTTLED = "throttled"
    TIMED_OUT = "timed_out"
    SERVICE_ERROR = "service_error"
    """AWS answered 5xx."""
    NOT_FOUND = "not_found"
    BAD_ANSWER = "bad_answer"
    """An answer came that cannot be understood."""
    CRASHED = "crashed"
    """None of the above: a mistake in a check or in us."""


TRANSIENT = frozenset(
    {FailureKind.THROTTLED, FailureKind.TIMED_OUT, FailureKind.SERVICE_ERROR, FailureKind.UNREACHABLE}
)
"""Kinds that count neither for nor against: the last status stands, with its age."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One exception, understood."""

    kind: FailureKind
    sentence: str
    """What happened, for the operator; no secrets, no class names."""
    operation: str | None = None
    """Such as ``iam.GetRole``."""
    code: str | None = None
    """AWS's own error code."""
    missing_actions: tuple[str, ...] = ()
    """IAM actions whose lack explains the failure."""
    layer: str | None = None
    """The policy layer that AWS named: identity, boundary, scp, session, resource, vpc_endpoint."""
    explicit_deny: bool = False
    check: str | None = None
    """The check that owns this kind of fault, if one does (CREDENTIALS_EXPIRED → credentials.valid)."""

    @property
    def is_transient(self) -> bool:
        """Whether looking again later may simply work."""
        return self.kind in TRANSIENT
