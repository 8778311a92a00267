"""Which bucket a target uses, and whether it can be one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from healthcheck.target import Target

# Rules of general-purpose buckets (Amazon S3 User Guide, "Bucket naming rules", read 2026-11-22).
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Home:
    """Where the target lives: what names and ARNs of its resources are made of."""

    partition: str
    region: str
    account: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """The target's bucket."""

    name: str
    is_default: bool
    """Whether the settings say ``default``: then the SDK makes it when it is not there."""
    is_ours_by_name: bool
    """Whether its name is this account's default one, so that anybody else's bucket of this name is a trap."""

    @property
    def subject(self) -> str:
        """How it is named everywhere."""
        return f"s3://{self.name}"


def bucket_of(target: Target, home: Home) -> Bucket | None:
    """Return the bucket that the target uses in this region; None when it uses none."""
    if not target.bucket:
        return None
    default = f"sagemaker-{home.region}-{home.account}"
    is_default = target.bucket == "default"
    name = default if is_default else target.bucket
    return Bucket(name, is_default, name == default)


def misnaming(name: str) -> tuple[str, str | None] | None:
    """Say why no bucket can have this name, and which name was meant; None when one can."""
    if name.startswith("s3://"):
        return "is a URL; a bucket's name has no s3:// before it and no path behind it", _legal(
            name[5:].partition("/")[0]
        )
    if name.startswith("arn:"):
        return "is an ARN; the bucket's name is its last part", _legal(name.rpartition(":")[2].partition("/")[0])
    if "/" in name:
        return "has a path behind it; a bucket's name has no slash", _legal(name.partition("/")[0])
    if name != name.lower():
        return "has capital letters, which no bucket has", _legal(name.lower())
    if not _NAME.fullmatch(name) or ".." in name or _ADDRESS.fullmatch(name):
        return "breaks S3's rules: 3 to 63 small letters, digits, hyphens and dots, no two dots together", None
    return None


def _legal(name: str) -> str | None:
    return name if misnaming(name) is None else None
