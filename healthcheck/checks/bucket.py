"""The bucket that jobs read from and write to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from healthcheck.capabilities import Aws
from healthcheck.check import check
from healthcheck.checks import arns, bucket_facts, bucket_looks, bucket_policies, calling, locations
from healthcheck.checks.bucket_looks import Look
from healthcheck.checks.bucket_names import Bucket, Home, bucket_of, misnaming
from healthcheck.checks.places import place_of
from healthcheck.errors import FailureKind
from healthcheck.result import Result, skipped
from healthcheck.target import Target

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@check(
    every=timedelta(minutes=5),
    after=["region.supported"],
    calls=["s3.HeadBucket", "sts.GetCallerIdentity"],
    optional_calls=["s3.ListBuckets"],
    reasons=["bad_name", "foreign", "missing", "squatted", "wrong_region"],
)
def reachable(aws: Aws, target: Target) -> Iterator[Result]:
    """The bucket exists, is in the target's region, and a default bucket belongs to this account.

    Why: jobs fail on a bucket that is missing, forbidden or in another region; and the default bucket's name can be
        guessed, so that somebody else may own it and read what is written there.
    Sees: s3:HeadBucket with this account as the expected owner (only for a default bucket's name: others may be
        shared), and once more without it when that is refused; where both are refused, s3:ListAllMyBuckets, all
        pages of it. Nothing is created: the SDK's own default_bucket() is never called.
    Cannot see: whether the role may use it (role.permissions does); bucket policies, encryption, objects.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html and
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html, read 2026-11-22.
    """
    home = Home(aws.partition, aws.region, aws.account())
    bucket = bucket_of(target, home)
    if bucket is None:
        yield skipped(target.name, f"{target.name}: the settings name no bucket", reason="not_configured")
        return
    wrong = misnaming(bucket.name)
    if wrong is not None:
        yield bucket_looks.misnamed(bucket, *wrong)
        return
    client = aws.client("s3")
    first = _look(client, bucket.name, home.account if bucket.is_ours_by_name else None)
    second = _look(client, bucket.name, None) if first.is_refused and bucket.is_ours_by_name else None
    is_listed = _is_listed(aws, bucket) if (second or first).is_refused and bucket.is_ours_by_name else None
    yield bucket_looks.judge(bucket, home, first, second, is_listed=is_listed)


@check(
    every=timedelta(minutes=15),
    after=["bucket.reachable"],
    calls=["s3.GetBucketPolicy", "sts.GetCallerIdentity"],
    optional_calls=["s3.HeadBucket"],
    reasons=["caller_denied", "explicit_deny", "malformed_document", "undecidable"],
)
def policy(aws: Aws, target: Target, *, vpc_endpoint: str = "", organization: str = "") -> Iterator[Result]:
    """No bucket's policy denies the role or whoever starts jobs what they need of it.

    Why: a Deny in a bucket's policy overrides all that a role's own policies allow, and shows as a bare 403: for want
        of TLS, of an encryption header, of the right VPC endpoint or organisation.
    Sees: the policies of the target's bucket and of those that it reads and writes beside it, evaluated for listing,
        reading and writing by the role, and by whoever the settings name under caller; over TLS 1.2, the least that
        S3 accepts. What jobs write bears the header of SSE-KMS, as SageMaker documents; what the SDK uploads bears
        none, unless the settings name output_keys.
    Cannot see: the network that requests come from, and the organisation, unless the settings of this check say so;
        policies of VPC endpoints and of access points; policies of other accounts' buckets.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html and
        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_OutputDataConfig.html, read 2026-11-22.
    Settings:
        vpc_endpoint: the VPC endpoint through which jobs reach S3, such as vpce-0123456789abcdef0; empty if not known
        organization: the id of your organisation, such as o-exampleorgid; empty if not known
    """
    place = place_of(aws, target, target.role or "")
    buckets: dict[str, bool] = {}
    for location in locations.of(target, place.home):
        buckets[location.bucket] = buckets.get(location.bucket, False) or location.writes
    caller = calling.find(aws, target)
    role = arns.parse(target.role) if target.role else None
    is_looked_at = False
    for name, writes in buckets.items():
        parties = []
        if role:
            parties.append(
                bucket_policies.role_party(
                    target, role.text, writes=writes, vpc_endpoint=vpc_endpoint, organization=organization
                )
            )
        if caller and caller.is_certain and not caller.cannot_be_read:
            arn = caller.principal.arn
            parties.append(bucket_policies.caller_party(target, arn, writes=writes, organization=organization))
        facts = bucket_facts.fetch(aws, name) if parties else None
        # That a bucket is missing is told by bucket.reachable, or role.data_access.
        if facts is not None and facts.exists:
            is_looked_at = True
            yield bucket_policies.judge(place, facts, parties)
    if not is_looked_at:
        yield skipped(target.name, f"{target.name}: there is no bucket, or nobody to use it", reason="not_configured")


def _look(client: S3Client, name: str, owner: str | None) -> Look:
    """Ask for the bucket's headers; the three statuses that mean something are answers, all others leave."""
    try:
        answer = (
            client.head_bucket(Bucket=name, ExpectedBucketOwner=owner) if owner else client.head_bucket(Bucket=name)
        )
    except client.exceptions.ClientError as error:
        metadata = error.response["ResponseMetadata"]
        status = metadata["HTTPStatusCode"]
        if status not in bucket_looks.TELLING:
            raise
        return Look(status, metadata.get("HTTPHeaders", {}).get("x-amz-bucket-region"))
    return Look(200, answer.get("BucketRegion") or answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region"))


def _is_listed(aws: Aws, bucket: Bucket) -> bool | None:
    """Look the bucket up among the account's own; None where that is refused. Other failures leave."""
    client = aws.client("s3")
    try:
        pages = client.get_paginator("list_buckets").paginate(Prefix=bucket.name)
        return any(ours.get("Name") == bucket.name for page in pages for ours in page.get("Buckets", []))
    except client.exceptions.ClientError as error:
        if aws.failure(error).kind is not FailureKind.NOT_PERMITTED:
            raise
        return None
