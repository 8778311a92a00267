"""Who starts jobs: the user or role that the settings name, or whose credentials are in use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from healthcheck.capabilities import Aws
from healthcheck.checks import principal_policies, principals
from healthcheck.checks.dossier import Verdict
from healthcheck.checks.principal_policies import READING_ROLES, READING_USERS, Policies
from healthcheck.checks.principals import Principal
from healthcheck.iam import Outcome, load_document
from healthcheck.result import Fix, Result, critical, skipped, unknown
from healthcheck.target import Target

READING = tuple(sorted({*READING_ROLES, *READING_USERS}))
"""The calls that reading the policies of whoever it is takes."""

_EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who starts jobs."""

    principal: Principal
    is_certain: bool
    """Whether it is known that this one starts jobs; else it may be one that only looks."""
    is_named: bool
    """Whether the settings name it; else it is whose credentials these are."""

    @property
    def cannot_be_read(self) -> bool:
        """Whether nobody can look up what it may do."""
        return self.principal.kind not in ("role", "user", "root")


def find(aws: Aws, target: Target) -> Caller | None:
    """Return who starts jobs; None where the settings say that nobody here does."""
    if target.caller == "none":
        return None
    is_self = target.caller in (None, "self")
    arn = aws.client("sts").get_caller_identity()["Arn"] if is_self else str(target.caller)
    principal = principals.parse(arn) or Principal(arn, "other", "", arn)
    is_certain = target.caller is not None or not target.configured
    return Caller(principal, is_certain=is_certain, is_named=not is_self)


def policies_of(aws: Aws, caller: Caller) -> Policies:
    """Read its policies; the root user needs none."""
    principal = caller.principal
    if principal.kind == "root":
        return Policies((load_document(_EVERYTHING, name="the root user's own right"),), arn=principal.arn)
    return principal_policies.fetch(aws, principal)


def arn_of(caller: Caller, policies: Policies) -> str:
    """Return the user's or role's own ARN: a session's has lost its role's path."""
    if policies.arn:
        return policies.arn
    principal = caller.principal
    if principal.is_session:
        partition = principal.arn.split(":")[1]
        return f"arn:{partition}:iam::{principal.account}:role/{principal.name}"
    return principal.arn


def only_looks(caller: Caller, starting: Sequence[Verdict]) -> bool:
    """Whether it is one that nobody calls the starter of jobs, and that may start none."""
    return not caller.is_certain and bool(starting) and all(v.outcome is Outcome.IMPLICIT_DENY for v in starting)


def nobody(target: Target) -> Result:
    """Say that the settings name nobody."""
    return skipped(target.name, f"{target.name}: nobody starts jobs here, as the settings say", reason="not_configured")


def onlooker(target: Target, arn: str) -> Result:
    """Say that whose credentials these are only looks."""
    return skipped(
        target.name,
        f"{target.name}: {arn} only looks, as it may start nothing; to look at who starts jobs write their ARN under "
        "caller: in the settings",
        reason="not_configured",
    )


def elsewhere(caller: Caller, account: str) -> Result:
    """Say that it is of another account."""
    arn = caller.principal.arn
    return critical(
        arn,
        f"{arn}: is of account {caller.principal.account}, and the role and its jobs are of {account}: SageMaker takes "
        "no role from another account",
        reason="caller_elsewhere",
        fix=Fix(f"Write a user or role of account {account} under caller: in the settings, or caller: none."),
        evidence={"account": account, "caller_account": caller.principal.account},
    )


def missing(caller: Caller) -> Result:
    """Say that IAM has no such user or role; of one whose credentials work, that says nothing."""
    principal = caller.principal
    if not caller.is_named:
        return unknown(
            principal.arn,
            f"{principal.arn}: IAM does not know it, though AWS accepts its credentials; what it may do cannot be told",
            reason="not_found",
            fix=Fix("Look again in a few minutes (IAM takes a while to tell of what is new), or name caller: instead."),
        )
    return critical(
        principal.arn,
        f"{principal.arn}: does not exist, though the settings name it as who starts jobs",
        reason="caller_missing",
        fix=Fix(
            "Correct caller: in the settings.",
            (f"aws iam list-{principal.kind}s --query '{principal.kind.title()}s[].Arn' --output text",),
        ),
    )


def unreadable(caller: Caller) -> Result:
    """Say that no policies of such a principal can be looked up."""
    arn = caller.principal.arn
    return unknown(
        arn,
        f"{arn}: is neither a user nor a role, so what it may do cannot be looked up",
        reason="undecidable",
        fix=Fix("Write the ARN of the user or role who starts jobs under caller: in the settings, or caller: none."),
    )
