"""The guard: a check asks AWS for what it declared, and for nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from healthcheck.aws.scope import Scope, current
from healthcheck.errors import UndeclaredCall, WriteRefused
from healthcheck.permissions import OPERATIONS, Operation


def admit(operation: str, operations: Mapping[str, Operation] = OPERATIONS) -> Scope:
    """Return the scope in force if it may ask for an operation such as ``iam.GetRole``.

    Raises:
        NoScope: nobody's run is on in this thread.
        UndeclaredCall: the check has not declared the operation, or nobody could: it has no row in the table.
        WriteRefused: the operation writes, and the check said that it only reads.
    """
    scope = current(operation)
    row = operations.get(operation)
    if row is None or operation not in scope.calls:
        raise UndeclaredCall(scope.check, operation)
    if not row.reads_only and not scope.may_write:
        raise WriteRefused(scope.check, operation)
    return scope
