"""Where jobs read and write: the target's bucket and what stands beside it."""

from __future__ import annotations

from dataclasses import dataclass

from healthcheck.checks.bucket_names import Home, bucket_of
from healthcheck.target import Target


@dataclass(frozen=True, slots=True)
class Location:
    """A part of a bucket."""

    bucket: str
    prefix: str
    """Empty, or with a slash at its end."""
    writes: bool
    is_default: bool = False
    """Whether the bucket's name is the account's default one."""
    is_named: bool = True
    """Whether the settings name it under reads or writes; else it is the target's bucket."""

    @property
    def subject(self) -> str:
        """How it is named everywhere."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


def of(target: Target, home: Home) -> tuple[Location, ...]:
    """Return them all, each once; what is written is read, too."""
    found: dict[tuple[str, str], Location] = {}
    bucket = bucket_of(target, home)
    if bucket is not None:
        own = Location(bucket.name, "", writes=True, is_default=bucket.is_ours_by_name, is_named=False)
        found[own.bucket, own.prefix] = own
    default = f"sagemaker-{home.region}-{home.account}"
    for address, writes in (*((each, True) for each in target.writes), *((each, False) for each in target.reads)):
        name, _, prefix = address.removeprefix("s3://").partition("/")
        prefix = prefix if not prefix or prefix.endswith("/") else prefix + "/"
        found.setdefault((name, prefix), Location(name, prefix, writes, is_default=name == default))
    return tuple(found.values())
