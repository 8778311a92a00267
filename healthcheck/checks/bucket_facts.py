"""What can be read of a bucket beside its content: whose it is, and its policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from healthcheck.capabilities import Aws
from healthcheck.checks.dossier import Dossier, Verdict
from healthcheck.checks.needs import Need
from healthcheck.checks.origins import Kind, Origin, Source
from healthcheck.checks.principal_policies import load
from healthcheck.errors import FailureKind
from healthcheck.iam import Document, Hole, Outcome, load_document

NO_POLICY: Mapping[str, Any] = {"Version": "2012-10-17", "Statement": []}

_REFUSED = 403
_ABSENT = 404
_NOT_THE_OWNER = 405


@dataclass(frozen=True, slots=True)
class BucketFacts:
    """One bucket, as far as we may see it."""

    name: str
    exists: bool = True
    is_ours: bool | None = None
    """Whether it belongs to the account of the credentials; None where that cannot be told."""
    policy: Source | Document | Hole | None = None
    """None where there is no bucket."""

    @property
    def subject(self) -> str:
        """How it is named everywhere."""
        return f"s3://{self.name}"


def fetch(aws: Aws, name: str, *, may_look: bool = True) -> BucketFacts:
    """Read a bucket's policy, in the name of its being ours; where that is refused, find out whose it is.

    Args:
        aws: the capability.
        name: of the bucket.
        may_look: whether the check declares ``s3.HeadBucket``.
    """
    client = aws.client("s3")
    label = f"policy of bucket {name}"
    try:
        text = client.get_bucket_policy(Bucket=name, ExpectedBucketOwner=aws.account())["Policy"]
    except client.exceptions.ClientError as error:
        code = error.response["Error"].get("Code", "")
        if code == "NoSuchBucketPolicy":
            return BucketFacts(name, is_ours=True, policy=load_document(NO_POLICY, name=label))
        if code == "NoSuchBucket":
            return BucketFacts(name, exists=False)
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if aws.failure(error).kind is not FailureKind.NOT_PERMITTED and status != _NOT_THE_OWNER:
            raise
        return _refused(aws, name) if may_look else BucketFacts(name, policy=Hole(label, "s3:GetBucketPolicy"))
    loaded = load(text, name=label)
    if isinstance(loaded, Hole):
        return BucketFacts(name, is_ours=True, policy=loaded)
    return BucketFacts(name, is_ours=True, policy=Source(loaded, json.loads(text), Origin(Kind.BUCKET, name)))


NOBODY = "nobody"
"""The owner of a bucket that does not exist."""


def owner(aws: Aws, name: str) -> str | None:
    """Return the account of the credentials where the bucket is its own, empty text where it is another account's.

    None where that cannot be told, and `NOBODY` where there is no such bucket.
    """
    account = aws.account()
    ours = _look(aws, name, account)
    if ours is None:
        return account
    if ours == _ABSENT:
        return NOBODY
    return "" if ours == _REFUSED and _look(aws, name, None) is None else None


def rescue(aws: Aws, dossier: Dossier, bucket: str | None) -> tuple[Dossier, tuple[Verdict, ...]]:
    """Return the verdicts of a dossier, with what the bucket's policy allows where the principal's own do not."""
    verdicts = dossier.verdicts()
    if bucket and any(verdict.need.policy_of and verdict.outcome is not Outcome.ALLOWED for verdict in verdicts):
        facts = fetch(aws, bucket, may_look=False)
        if facts.policy is not None:
            owner = aws.account() if facts.is_ours else None
            dossier = replace(
                dossier,
                needs=tuple(_owned(need, owner) if need.policy_of else need for need in dossier.needs),
                resources={facts.subject: facts.policy},
            )
            verdicts = dossier.verdicts()
    return dossier, verdicts


def _owned(need: Need, owner: str | None) -> Need:
    """Say whose the bucket is, where reading its policy has told it."""
    if owner is None or need.account is not None:
        return need
    return replace(need, account=owner, context={**need.context, "s3:ResourceAccount": owner})


def _refused(aws: Aws, name: str) -> BucketFacts:
    """Tell a bucket of ours, whose policy we may not read, from one of somebody else, whose policy nobody here may."""
    ours = _look(aws, name, aws.account())
    if ours == _ABSENT:
        return BucketFacts(name, exists=False)
    if ours is None:
        return BucketFacts(name, is_ours=True, policy=Hole(f"policy of bucket {name}", "s3:GetBucketPolicy"))
    if ours == _REFUSED and _look(aws, name, None) is None:
        return BucketFacts(name, is_ours=False, policy=Hole(f"the policy of {name}, a bucket of another account", ""))
    return BucketFacts(name, policy=Hole(f"policy of bucket {name}", "s3:GetBucketPolicy"))


def _look(aws: Aws, name: str, owner: str | None) -> int | None:
    """Return the status with which a look is refused; None where it is not."""
    client = aws.client("s3")
    try:
        if owner:
            client.head_bucket(Bucket=name, ExpectedBucketOwner=owner)
        else:
            client.head_bucket(Bucket=name)
    except client.exceptions.ClientError as error:
        return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
    return None
