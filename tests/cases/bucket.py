"""Cases of the checks in healthcheck.checks.bucket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from healthcheck.result import Status
from healthcheck.testing import ACCOUNT, TARGET, AwsError, Case, Pages, Situation, denied

_NAME = f"sagemaker-us-east-1-{ACCOUNT}"
_HERE = {"BucketRegion": "us-east-1"}
_REFUSED = denied("s3.HeadBucket")
_ABSENT = AwsError("404", "Not Found", 404)
_OTHERS = Pages(
    [{"Buckets": [{"Name": "a"}]}, {"Buckets": [{"Name": _NAME + "0"}]}], "ContinuationToken", "ContinuationToken"
)
_OURS = Pages(
    [{"Buckets": [{"Name": _NAME + "0"}]}, {"Buckets": [{"Name": _NAME}]}], "ContinuationToken", "ContinuationToken"
)


def _by_owner(
    owned: Mapping[str, Any] | AwsError, anybody: Mapping[str, Any] | AwsError
) -> Callable[[Mapping[str, Any]], Mapping[str, Any] | AwsError]:
    return lambda asked: owned if asked.get("ExpectedBucketOwner") == ACCOUNT else anybody


def _default(head: object, listed: object = None) -> Situation:
    answers = {"s3.HeadBucket": head} | ({"s3.ListBuckets": listed} if listed else {})
    return Situation(answers=answers)  # type: ignore[arg-type]


def _named(name: str | None, head: object = _HERE) -> Situation:
    return Situation(target=replace(TARGET, bucket=name), answers={"s3.HeadBucket": head})  # type: ignore[dict-item]


CASES = {
    "bucket.reachable": (
        Case("the default bucket is there and ours", _default(_HERE), Status.OK),
        Case("it is not there yet", _default(_ABSENT), Status.WARNING, "missing"),
        Case("a stranger's, open to us", _default(_by_owner(_REFUSED, _HERE)), Status.CRITICAL, "squatted"),
        Case("a stranger's, closed to us", _default(_REFUSED, _OTHERS), Status.CRITICAL, "foreign"),
        Case("ours, and closed to us", _default(_REFUSED, _OURS), Status.UNKNOWN, "not_permitted"),
        Case("closed, and whose may not be asked", _default(_REFUSED), Status.UNKNOWN, "not_permitted"),
        Case("in another region", _default({"BucketRegion": "eu-west-1"}), Status.CRITICAL, "wrong_region"),
        Case("moved", _default(AwsError("301", "Moved Permanently", 301)), Status.CRITICAL, "wrong_region"),
        Case(
            "an answer without a word, as for a worn-out token",
            _default(AwsError("400", "Bad Request", 400)),
            Status.UNKNOWN,
            "credentials_expired",
        ),
        Case("a bucket of another name, perhaps shared", _named("team-data"), Status.OK),
        Case(
            "the default bucket under its own name",
            _named(_NAME, _by_owner(_REFUSED, _HERE)),
            Status.CRITICAL,
            "squatted",
        ),
        Case("a named bucket that is not there", _named("team-data", _ABSENT), Status.CRITICAL, "missing"),
        Case("a named bucket that is closed", _named("team-data", _REFUSED), Status.UNKNOWN, "not_permitted"),
        Case("a URL for a name", _named("s3://team-data/in"), Status.CRITICAL, "bad_name"),
        Case("no bucket", _named(None), Status.SKIPPED, "not_configured"),
    ),
}
