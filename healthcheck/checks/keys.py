"""KMS keys: which ones the target's data and disks take, and what can be read of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from healthcheck.capabilities import Aws
from healthcheck.checks import bucket_facts
from healthcheck.checks.locations import Location
from healthcheck.checks.origins import Kind, Origin, Source
from healthcheck.checks.principal_policies import load
from healthcheck.errors import FailureKind
from healthcheck.iam import Document, Hole
from healthcheck.target import Target


class Use(Enum):
    """What a key is for. The value is said of the key."""

    READS = "encrypts what jobs read from {}"
    WRITES = "encrypts what jobs write to {}"
    OUTPUT = "encrypts what jobs write, as output_keys say"
    VOLUMES = "encrypts the disks of jobs, as volume_keys say"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A key that is needed, as it is named where it is needed."""

    key: str
    """An ARN, an id, or an alias."""
    use: Use
    bucket: str = ""

    @property
    def purpose(self) -> str:
        """What it is for, in words."""
        return self.use.value.format(f"s3://{self.bucket}")


@dataclass(frozen=True, slots=True)
class Plain:
    """A bucket that encrypts with keys of S3's own, which take no rights."""

    bucket: str


@dataclass(frozen=True, slots=True)
class Key:
    """What KMS says of a key."""

    arn: str
    state: str
    is_aws_managed: bool
    kind: str
    """Its specification and usage: ``SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT`` for one that S3 and disks can use."""
    policy: Source | Document | Hole | None = None
    """None where it has not been read."""

    @property
    def account(self) -> str:
        """Whose it is."""
        return self.arn.split(":")[4]

    @property
    def region(self) -> str:
        """Where it is."""
        return self.arn.split(":")[3]


def configured(target: Target) -> Iterator[Wanted]:
    """Yield the keys that the settings name."""
    yield from (Wanted(key, Use.OUTPUT) for key in target.output_keys)
    yield from (Wanted(key, Use.VOLUMES) for key in target.volume_keys)


def of_bucket(aws: Aws, location: Location) -> tuple[Wanted, ...] | Plain | None:
    """Return the keys with which a bucket encrypts what names no other; None where there is none of ours.

    A refusal leaves: without it nothing can be said.
    """
    client = aws.client("s3")
    try:
        rules = client.get_bucket_encryption(Bucket=location.bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    except client.exceptions.ClientError as error:
        code = error.response["Error"].get("Code")
        if code == "NoSuchBucket":
            return None
        if code == "ServerSideEncryptionConfigurationNotFoundError":
            return Plain(location.bucket)
        if aws.failure(error).kind is FailureKind.NOT_PERMITTED and bucket_facts.owner(aws, location.bucket) == "":
            return None
        raise
    named = [rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID") for rule in rules]
    uses = (Use.READS, Use.WRITES) if location.writes else (Use.READS,)
    found = tuple(Wanted(key, use, location.bucket) for key in named if key for use in uses)
    return found or Plain(location.bucket)


def describe(aws: Aws, key: str) -> Key | None:
    """Ask KMS about a key; None where there is none."""
    client = aws.client("kms")
    try:
        found = client.describe_key(KeyId=key)["KeyMetadata"]
    except client.exceptions.NotFoundException:
        return None
    return Key(
        arn=found["Arn"],
        state=found["KeyState"],
        is_aws_managed=found["KeyManager"] == "AWS",
        kind=f"{found['KeySpec']}, {found['KeyUsage']}",
    )


def read_policy(aws: Aws, key: Key) -> Source | Document | Hole:
    """Read a key's policy, which only its own account may."""
    if key.account != aws.account():
        return Hole(f"the policy of {key.arn}, a key of another account", "")
    text = aws.client("kms").get_key_policy(KeyId=key.arn, PolicyName="default")["Policy"]
    loaded = load(text, name=f"key policy of {key.arn}")
    return loaded if isinstance(loaded, Hole) else Source(loaded, json.loads(text), Origin(Kind.KEY, key.arn))


def granted(aws: Aws, key: Key, principal: str) -> frozenset[str] | Hole:
    """Return the actions that grants of the key give a principal without further conditions."""
    client = aws.client("kms")
    try:
        pages = client.get_paginator("list_grants").paginate(KeyId=key.arn)
        grants = [grant for page in pages for grant in page["Grants"]]
    except client.exceptions.ClientError as error:
        if aws.failure(error).kind is not FailureKind.NOT_PERMITTED:
            raise
        return Hole(f"the grants of {key.arn}", "kms:ListGrants")
    return frozenset(
        f"kms:{operation}"
        for grant in grants
        if grant.get("GranteePrincipal") == principal and not grant.get("Constraints")
        for operation in grant.get("Operations", ())
    )
