"""Whether the role that the settings name is one, and is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from shlex import quote

from healthcheck.checks import arns
from healthcheck.checks.arns import Misreading, RoleArn
from healthcheck.result import Evidence, Fix, Result, critical, ok, skipped, warning
from healthcheck.target import Target

_LIST = "aws iam list-roles --query \"Roles[?contains(RoleName, 'SageMaker')].Arn\" --output text"
_PROPAGATION = timedelta(seconds=60)
_VARIABLE = "SAGEMAKER_ROLE_ARN"


@dataclass(frozen=True, slots=True)
class Found:
    """What IAM says of a role."""

    arn: str
    created: datetime
    boundary: str | None
    """ARN of its permissions boundary."""


def judge_configured(target: Target) -> Result:
    """Judge the text of the role, without asking AWS."""
    if not target.role:
        return _not_named(target)
    wrong = arns.misreading(target.role)
    if wrong is None:
        return ok(target.role, f"{target.role}: is the ARN of a role", evidence={"role": target.role})
    return critical(
        target.role,
        f"role {target.role!r}: {wrong.sentence}" + (f"; {wrong.meant} was meant" if wrong.meant else ""),
        reason=wrong.reason,
        fix=_fix(target, wrong),
        evidence={"role": target.role, "meant": wrong.meant},
    )


def missing(wanted: RoleArn) -> Result:
    """Say that no role has this name."""
    return critical(
        wanted.text,
        f"{wanted.text}: does not exist; the account {wanted.account} has no role named {wanted.name}",
        reason="missing",
        fix=Fix(
            "Make the role, or name one that exists.",
            (_LIST,),
            link="https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html",
        ),
        evidence={"role_name": wanted.name},
    )


def judge_found(target: Target, wanted: RoleArn, found: Found, now: datetime) -> Result:
    """Compare the role that IAM found by its name with the ARN that was meant, byte for byte."""
    evidence: Evidence = {
        "arn": found.arn,
        "created": found.created.isoformat(),
        "permissions_boundary": found.boundary,
    }
    if found.arn != wanted.text:
        return _differs(target, wanted, found, evidence)
    age = now - found.created
    if timedelta(0) <= age < _PROPAGATION:
        return warning(
            wanted.text,
            f"{wanted.text}: was made {age.total_seconds():.0f} s ago; other services may not see it for a minute",
            reason="propagating",
            fix=Fix("Wait a minute before starting a job.", (f"aws iam wait role-exists --role-name {wanted.name}",)),
            evidence=evidence,
        )
    return ok(wanted.text, f"{wanted.text}: exists under exactly this ARN", evidence=evidence)


def _differs(target: Target, wanted: RoleArn, found: Found, evidence: Evidence) -> Result:
    there = arns.parse(found.arn)
    unusable = arns.misreading(found.arn)
    if there is None or unusable is not None:
        what = unusable.sentence if unusable else "is no role's ARN"
        return critical(
            wanted.text,
            f"{wanted.text}: the role of that name, {found.arn}, {what}",
            reason="wrong_kind",
            fix=Fix("Name a role that was made for SageMaker.", (_LIST,)),
            evidence=evidence,
        )
    if there.account != wanted.account:
        reason, what = "other_account", f"only the account {there.account} has a role of that name"
    elif there.path != wanted.path:
        reason, what = "other_path", f"its path is {there.path}, not {wanted.path}"
    else:
        reason, what = "arn_differs", "it is spelt otherwise (ARNs are compared letter by letter)"
    return critical(
        wanted.text,
        f"{wanted.text}: names no role, though IAM has {found.arn}: {what}",
        reason=reason,
        fix=_name_it(target, found.arn),
        evidence=evidence,
    )


def _not_named(target: Target) -> Result:
    if target.configured:
        return skipped(target.name, f"{target.name}: the settings name no execution role", reason="not_configured")
    return warning(
        _VARIABLE,
        f"{_VARIABLE}: is not set, and there is no settings file, so no execution role is looked at",
        reason="not_named",
        fix=Fix(f"Set {_VARIABLE}, or write role: into a healthcheck.yaml.", (_LIST, _export("ROLE_ARN"))),
    )


def _fix(target: Target, wrong: Misreading) -> Fix:
    if wrong.meant:
        return _name_it(target, wrong.meant)
    if wrong.role_name:
        ask = f"aws iam get-role --role-name {quote(wrong.role_name)} --query Role.Arn --output text"
        return Fix("Name the role by the ARN that IAM gives it.", (ask,))
    return Fix("Name a role that was made for SageMaker, by its whole ARN.", (_LIST,))


def _name_it(target: Target, arn: str) -> Fix:
    """Say where the ARN belongs: into the settings file, or where there is none, into the environment."""
    if target.configured:
        return Fix(f"Write role: {arn} into the settings file, and into {_VARIABLE} where programs read that.")
    return Fix(f"Set {_VARIABLE} to the role's own ARN.", (_export(arn),))


def _export(arn: str) -> str:
    return f"export {_VARIABLE}={arn}"
