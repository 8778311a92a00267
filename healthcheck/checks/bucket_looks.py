"""What two looks at a bucket mean together."""

from __future__ import annotations

from dataclasses import dataclass

from healthcheck.checks.bucket_names import Bucket, Home
from healthcheck.result import Evidence, Fix, Result, critical, ok, unknown, warning

_OK, _MOVED, _REFUSED, _ABSENT = 200, 301, 403, 404
TELLING = frozenset({_MOVED, _REFUSED, _ABSENT})
"""Error statuses that are answers about the bucket; the others are about us."""

_OWNER_PAGE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html"


@dataclass(frozen=True, slots=True)
class Look:
    """One HeadBucket."""

    status: int
    region: str | None = None
    """Where the bucket is, which S3 tells even with a refusal."""

    @property
    def is_refused(self) -> bool:
        """Whether S3 refused: for want of permission, or because the owner is not the expected one."""
        return self.status == _REFUSED


def misnamed(bucket: Bucket, sentence: str, meant: str | None) -> Result:
    """Say that no bucket can have this name."""
    hint = f"; {meant} was probably meant" if meant else ""
    return critical(
        bucket.subject,
        f"bucket {bucket.name!r}: {sentence}{hint}",
        reason="bad_name",
        fix=Fix(f"Write bucket: {meant or 'default'} into the settings.", ("aws s3 ls",)),
        evidence={"bucket": bucket.name, "meant": meant},
    )


def judge(
    bucket: Bucket,
    home: Home,
    first: Look,
    second: Look | None = None,
    *,
    is_listed: bool | None = None,
) -> Result:
    """Combine the looks.

    Args:
        bucket: which.
        home: where the target lives.
        first: with our account as the expected owner where the name is our default one, else without.
        second: without an expected owner, where the first was refused.
        is_listed: whether the bucket is among our own, where both were refused and that could be asked.
    """
    last = second or first
    evidence: Evidence = {
        "expected_owner": home.account if bucket.is_ours_by_name else None,
        "status": first.status,
        "status_without_owner": second.status if second else None,
        "bucket_region": last.region or first.region,
        "in_own_list": is_listed,
    }
    if last.status == _ABSENT:
        return _absent(bucket, home, evidence)
    if second is not None and (second.status != _REFUSED or is_listed is False):
        return _foreign(bucket, home, evidence, is_open=second.status != _REFUSED)
    if last.status == _REFUSED:
        return _refused(bucket, home, evidence, is_listed=is_listed)
    found = last.region
    if last.status == _MOVED or (found and found != home.region):
        return critical(
            bucket.subject,
            f"{bucket.subject}: is in {found or 'another region'}, not in {home.region}, where its jobs run",
            reason="wrong_region",
            fix=_move(bucket, home, found),
            evidence=evidence,
        )
    owned = f", belongs to {home.account}" if bucket.is_ours_by_name else ""
    return ok(
        bucket.subject, f"{bucket.subject}: exists{owned}{f' and is in {found}' if found else ''}", evidence=evidence
    )


def _move(bucket: Bucket, home: Home, found: str | None) -> Fix:
    """Return what to do about a bucket in another region."""
    name = f"sagemaker-{home.region}-{home.account}"
    if bucket.subject == f"s3://{name}":
        # A name exists once in the world: the default bucket cannot be made a second time.
        name += "-jobs"
    return Fix(
        f"Use a bucket in {home.region}, and name it to the jobs and in the settings; or run the jobs in "
        f"{found or 'the region of the bucket'}.",
        (f"aws s3 mb s3://{name} --region {home.region}",),
    )


def _absent(bucket: Bucket, home: Home, evidence: Evidence) -> Result:
    fix = Fix("Make the bucket.", (f"aws s3 mb {bucket.subject} --region {home.region}",))
    if bucket.is_default:
        return warning(
            bucket.subject,
            f"{bucket.subject}: does not exist yet; the first use of the SDK makes it, if it may",
            reason="missing",
            fix=fix,
            evidence=evidence,
        )
    sentence = f"{bucket.subject}: does not exist, and nothing makes it by itself"
    return critical(bucket.subject, sentence, reason="missing", fix=fix, evidence=evidence)


def _foreign(bucket: Bucket, home: Home, evidence: Evidence, *, is_open: bool) -> Result:
    danger = "whatever is written there, a stranger reads" if is_open else "and it is closed to us"
    return critical(
        bucket.subject,
        f"{bucket.subject}: belongs to another account, though it is named as the default bucket of {home.account}; "
        f"{danger}",
        reason="squatted" if is_open else "foreign",
        fix=Fix(
            "Do not use it: make a bucket of another name, and name it under bucket: in the settings and in the SDK "
            "(SageMaker.PythonSDK.Modules.Session.DefaultS3Bucket).",
            (f"aws s3 mb s3://sagemaker-data-{home.account}-{home.region} --region {home.region}",),
            link=_OWNER_PAGE,
        ),
        evidence=evidence,
    )


def _refused(bucket: Bucket, home: Home, evidence: Evidence, *, is_listed: bool | None) -> Result:
    """Say what a refusal leaves open: it is ours, or nobody knows whose."""
    known = "it is ours, but" if is_listed else "whether it is ours or is there at all cannot be told:"
    return unknown(
        bucket.subject,
        f"{bucket.subject}: {known} S3 refuses s3:ListBucket (for want of an Allow, or by a Deny in a bucket, "
        "endpoint or organisation policy)",
        reason="not_permitted",
        fix=Fix(
            "Allow s3:ListBucket on the bucket to the credentials that look.",
            ("sagemaker-healthcheck policy",),
            policy={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": "s3:ListBucket",
                        "Resource": f"arn:{home.partition}:s3:::{bucket.name}",
                    }
                ],
            },
        ),
        evidence=evidence,
        missing_actions=("s3:ListBucket",),
    )
