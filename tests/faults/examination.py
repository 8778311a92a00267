"""What the doctor saw of the world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from healthcheck.check import Check
from healthcheck.engine.snapshot import Snapshot
from healthcheck.permissions import OPERATIONS
from healthcheck.run import Run


@dataclass(frozen=True)
class Examination:
    """What one look came to."""

    snapshot: Snapshot
    runs: tuple[Run, ...]

    def run(self, check: str) -> Run:
        """Return the only run of a check."""
        (found,) = [run for run in self.runs if run.check == check]
        return found


_OF_ROLES = ("iam.GetRole", "iam.GetRolePolicy", "iam.ListAttachedRolePolicies", "iam.ListRolePolicies")

# Who starts jobs is a person there, and the bucket's policy has nothing to add to what the role's own ones allow.
NOT_ASKED = frozenset(
    {(check, "s3.GetBucketPolicy") for check in ("role.permissions", "role.data_access", "caller.permissions")}
    | {("role.encryption", "kms.ListGrants")}
    | {(check, call) for check in ("caller.permissions", "role.passable") for call in _OF_ROLES}
)
"""Calls that a check needs only in set-ups of another kind than those of the world: it is blind to their denial."""


def needs(check: Check, action: str) -> bool:
    """Whether a check has no verdict on the world's set-ups without an IAM action."""
    return any(action in OPERATIONS[call].actions for call in check.calls if (check.id, call) not in NOT_ASKED)


Look = Callable[..., Examination]
