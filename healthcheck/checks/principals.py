"""Principals: whose policies are looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?P<service>iam|sts)::(?P<account>\d{12}):(?P<kind>root|[a-z-]+)(?:/(?P<rest>.+))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Principal:
    """A user or role, or who cannot be looked up as one."""

    arn: str
    """As it was given; of a session, its own."""
    kind: str
    """``role``, ``user``, ``root``, or what else the ARN says."""
    account: str
    name: str
    """The role's or user's name, without its path."""

    @property
    def is_session(self) -> bool:
        """Whether the ARN is a session's, which has lost its role's path."""
        return ":assumed-role/" in self.arn


def parse(arn: str) -> Principal | None:
    """Take a principal's ARN apart; a session is its role."""
    match = _ARN.fullmatch(arn)
    if match is None:
        return None
    kind, rest = match["kind"], match["rest"] or ""
    if kind == "assumed-role":
        return Principal(arn, "role", match["account"], rest.partition("/")[0])
    return Principal(arn, kind, match["account"], rest.rpartition("/")[2])
