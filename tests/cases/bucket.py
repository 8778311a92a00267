"""Cases of the checks in healthcheck.checks.bucket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from healthcheck.result import Status
from healthcheck.target import Target
from healthcheck.testing import ACCOUNT, ROLE, TARGET, AwsError, Case, Pages, Situation, denied

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


_ROLE = {"AWS": ROLE}
_ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
_OBJECTS = f"arn:aws:s3:::{_NAME}/*"


def _deny(principal: object = "*", **condition: object) -> Mapping[str, Any]:
    when = {"Condition": condition} if condition else {}
    return {"Effect": "Deny", "Principal": principal, "Action": "s3:PutObject", "Resource": _OBJECTS, **when}


def _policy(*statements: Mapping[str, Any], target: Target = TARGET, **more: Any) -> Situation:
    answer = {"Policy": {"Version": "2012-10-17", "Statement": list(statements)}}
    return Situation(target=target, answers={"s3.GetBucketPolicy": answer, **more.pop("answers", {})}, **more)


def _without_policy(answer: object = AwsError("NoSuchBucketPolicy", "none", 404), **facts: Any) -> Situation:
    head = facts.pop("head", _HERE)
    return Situation(target=replace(TARGET, **facts), answers={"s3.GetBucketPolicy": answer, "s3.HeadBucket": head})  # type: ignore[dict-item]


_ENCRYPTED: Mapping[str, Any] = {"Null": {"s3:x-amz-server-side-encryption": "true"}}
_WITH_ALICE = replace(TARGET, caller=_ALICE)
_FROM_ENDPOINT: Mapping[str, Any] = {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}
_OF_ORGANISATION: Mapping[str, Any] = {"StringNotEquals": {"aws:PrincipalOrgID": "o-ours"}}
_NO_TLS: Mapping[str, Any] = {"Bool": {"aws:SecureTransport": "false"}}
_OLD_TLS: Mapping[str, Any] = {"NumericLessThan": {"s3:TlsVersion": 1.2}}

_POLICIES = (
    Case("no policy", _without_policy(), Status.OK),
    Case("nobody without TLS", _policy(_deny(**_NO_TLS), _deny(**_OLD_TLS)), Status.OK),
    Case("not the role", _policy(_deny(principal=_ROLE)), Status.CRITICAL, "explicit_deny"),
    Case(
        "only others", _policy(_deny(ArnNotLike={"aws:PrincipalArn": "arn:aws:iam::*:role/service-role/*"})), Status.OK
    ),
    Case("nothing unencrypted", _policy(_deny(**_ENCRYPTED)), Status.OK),
    Case(
        "nothing unencrypted, and a person",
        _policy(_deny(**_ENCRYPTED), target=_WITH_ALICE),
        Status.CRITICAL,
        "caller_denied",
    ),
    Case(
        "nothing unencrypted, and a person who names a key",
        _policy(
            _deny(**_ENCRYPTED),
            target=replace(_WITH_ALICE, output_keys=(f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0-1",)),
        ),
        Status.OK,
    ),
    Case("nobody from elsewhere", _policy(_deny(**_FROM_ENDPOINT)), Status.UNKNOWN, "undecidable"),
    Case("from the endpoint", _policy(_deny(**_FROM_ENDPOINT), settings={"vpc_endpoint": "vpce-1"}), Status.OK),
    Case(
        "from another endpoint",
        _policy(_deny(**_FROM_ENDPOINT), settings={"vpc_endpoint": "vpce-2"}),
        Status.CRITICAL,
        "explicit_deny",
    ),
    Case("nobody of elsewhere", _policy(_deny(**_OF_ORGANISATION)), Status.UNKNOWN, "undecidable"),
    Case("of the organisation", _policy(_deny(**_OF_ORGANISATION), settings={"organization": "o-ours"}), Status.OK),
    Case("a policy of another grammar", _policy({"Effect": "Perhaps"}), Status.UNKNOWN, "malformed_document"),
    Case(
        "ours, and its policy closed to us",
        _without_policy(denied("s3.GetBucketPolicy")),
        Status.UNKNOWN,
        "not_permitted",
    ),
    Case(
        "another account's",
        _without_policy(denied("s3.GetBucketPolicy"), bucket="theirs", head=_by_owner(_REFUSED, _HERE)),
        Status.SKIPPED,
        "not_applicable",
    ),
    Case(
        "nobody knows whose",
        _without_policy(denied("s3.GetBucketPolicy"), bucket="theirs", head=_REFUSED),
        Status.UNKNOWN,
        "not_permitted",
    ),
    Case("gone", _without_policy(AwsError("NoSuchBucket", "gone", 404)), Status.SKIPPED, "not_configured"),
    Case("data beside it", _without_policy(bucket=None, writes=("s3://acme/out",)), Status.OK),
    Case("no bucket", _without_policy(bucket=None), Status.SKIPPED, "not_configured"),
    Case("nobody", _without_policy(role=None, caller="none"), Status.SKIPPED, "not_configured"),
)

CASES = {
    "bucket.policy": _POLICIES,
    "bucket.reachable": (
        Case("the default bucket is there and ours", _default(_HERE), Status.OK),
        Case("it is not there yet", _default(_ABSENT), Status.WARNING, "missing"),
        Case("a stranger's, open to us", _default(_by_owner(_REFUSED, _HERE)), Status.CRITICAL, "squatted"),
        Case("a stranger's, closed to us", _default(_REFUSED, _OTHERS), Status.CRITICAL, "foreign"),
        Case("ours, and closed to us", _default(_REFUSED, _OURS), Status.UNKNOWN, "not_permitted"),
        Case("closed, and whose may not be asked", _default(_REFUSED), Status.UNKNOWN, "not_permitted"),
        Case(
            "closed, and whose cannot be asked just now",
            _default(_REFUSED, AwsError("SlowDown", "Please reduce your request rate.", 503)),
            Status.UNKNOWN,
            "throttled",
        ),
        Case(
            "closed, and the session ends before it is asked whose",
            _default(_REFUSED, AwsError("ExpiredToken", "The provided token has expired.", 400)),
            Status.UNKNOWN,
            "credentials_expired",
        ),
        Case("in another region", _default({"BucketRegion": "eu-west-1"}), Status.CRITICAL, "wrong_region"),
        Case(
            "moved",
            _default(AwsError("301", "Moved Permanently", 301, {"x-amz-bucket-region": "eu-west-1"})),
            Status.CRITICAL,
            "wrong_region",
        ),
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
