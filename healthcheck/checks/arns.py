"""ARNs of execution roles: what one is, and what people write instead."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The pattern by which SageMaker's own API describes RoleArn, with the partition made strict.
_ROLE = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>\d{12}):role(?P<path>/(?:[\x21-\x7e]+/)?)(?P<name>[\w+=,.@-]{1,64})",
    re.ASCII,
)
_ASSUMED = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):sts::(?P<account>\d{12}):assumed-role/(?P<name>[^/]+)/.+", re.ASCII
)
_ANY_IAM = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:(?P<kind>[a-z-]+)/(?:.*/)?(?P<name>[^/]+)", re.ASCII)
_NAME = re.compile(r"[\w+=,.@/-]{1,128}", re.ASCII)
_PLACEHOLDER = re.compile(
    r"^[\[<{].*[\]>}]$|<[^>]*>|\[[^\]]*\]|\{[^}]*\}|YOUR[_ -]|\bX{4,}\b|:iam::(?:ACCOUNT|account)", re.ASCII
)
_QUOTES = "\"'`\u201c\u201d\u2018\u2019"

SERVICE_LINKED_PATH = "/aws-service-role/"
SSO_PATH = "/aws-reserved/sso.amazonaws.com/"


@dataclass(frozen=True, slots=True)
class RoleArn:
    """The ARN of an IAM role, taken apart."""

    text: str
    partition: str
    account: str
    path: str
    """With a slash at both ends; ``/`` when there is none."""
    name: str


@dataclass(frozen=True, slots=True)
class Misreading:
    """A text that is no usable execution role's ARN, and what it seems to be."""

    reason: str
    sentence: str
    """What is wrong, without the text itself."""
    meant: str | None = None
    """The ARN that was meant, where that is certain."""
    role_name: str | None = None
    """The role's name, where only IAM can tell its path."""


def parse(text: str) -> RoleArn | None:
    """Take a role's ARN apart; None unless it is exactly one."""
    match = _ROLE.fullmatch(text)
    if match is None:
        return None
    return RoleArn(text, match["partition"], match["account"], match["path"], match["name"])


def misreading(text: str) -> Misreading | None:
    """Say why a text cannot be SageMaker's execution role; None when it can."""
    arn = parse(text)
    if arn is not None:
        return _unusable(arn)
    return _wrapped(text) or _other_kind(text) or _malformed(text)


def _unusable(arn: RoleArn) -> Misreading | None:
    if arn.path.startswith(SERVICE_LINKED_PATH):
        return Misreading("service_linked", "is a service-linked role, which only its own service can assume")
    if arn.path.startswith(SSO_PATH):
        return Misreading(
            "sso_role", "is a role of IAM Identity Center, which people sign in to and SageMaker cannot assume"
        )
    return None


def _wrapped(text: str) -> Misreading | None:
    """An ARN with something around it: the commonest mistakes of .Renviron, .env and unit files."""
    inner = text.strip()
    if text != inner and parse(inner):
        return Misreading("whitespace", "has white space around it", inner)
    unquoted = inner.strip(_QUOTES)
    if inner != unquoted:
        return Misreading("quoted", "has quotes in it, which this kind of file does not strip", _certain(unquoted))
    if inner[:1] + inner[-1:] in {"[]", "<>", "{}"} and parse(inner[1:-1].strip()):
        return Misreading(
            "brackets", f"still has the {inner[0]}{inner[-1]} of the template around it", inner[1:-1].strip()
        )
    if _PLACEHOLDER.search(inner):
        return Misreading("placeholder", "is the placeholder of a template, not a role of yours")
    head, _, comment = inner.partition("#")
    if comment and parse(head.strip()):
        return Misreading("trailing_comment", "has a comment behind the ARN, which became part of it", head.strip())
    return None


def _other_kind(text: str) -> Misreading | None:
    assumed = _ASSUMED.fullmatch(text)
    if assumed:
        return Misreading(
            "assumed_role",
            "is the ARN of a session, which has lost its role's path, and not of the role that was assumed",
            role_name=assumed["name"],
        )
    other = _ANY_IAM.fullmatch(text)
    if other and other["kind"] == "instance-profile":
        return Misreading(
            "instance_profile",
            "is the ARN of an instance profile, which holds a role and is none (its role often has the same name)",
            role_name=other["name"],
        )
    if other and other["kind"] != "role":
        return Misreading("not_a_role", f"is the ARN of a {other['kind']}, not of a role")
    if _NAME.fullmatch(text) and not text.startswith("arn"):
        return Misreading(
            "name_only", "is a role's name; SageMaker wants the whole ARN", role_name=text.rsplit("/", 1)[-1]
        )
    return None


def _malformed(text: str) -> Misreading:
    account = re.match(r"arn:aws[a-z-]*:iam::(\d*):", text)
    if account and len(account[1]) != 12:  # noqa: PLR2004 - AWS accounts have twelve digits
        return Misreading("malformed", f"has an account of {len(account[1])} digits where 12 are needed")
    return Misreading("malformed", "is not of the form arn:PARTITION:iam::ACCOUNT:role/PATH/NAME")


def _certain(text: str) -> str | None:
    return text if parse(text) else None
