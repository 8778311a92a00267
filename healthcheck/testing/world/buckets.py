"""Buckets as S3 treats them: owners, regions, policies, and the defaults of today."""

from __future__ import annotations

import io

from healthcheck.testing.world import answers
from healthcheck.testing.world.answers import Answer
from healthcheck.testing.world.conditions import Account
from healthcheck.testing.world.imitation import Bucket, Imitation
from healthcheck.testing.world.principals import Principal
from healthcheck.testing.world.requests import Call, Environ

_LOOKING = frozenset({"HeadBucket", "ListObjects"})
_MODERN = {
    "encryption": b"<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>"
    b"<SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>"
    b"</ServerSideEncryptionConfiguration>",
    "publicAccessBlock": b"<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>"
    b"<IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy>"
    b"<RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>",
    "ownershipControls": b"<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>"
    b"</OwnershipControls>",
}
"""What every new bucket has had since 2023, and moto's have not."""


def answer(call: Call, bucket: Bucket, caller: Principal, owner: Account) -> Answer | None:
    """Answer a request for a bucket where moto would be wrong; none lets it pass to moto."""
    where = {"x-amz-bucket-region": bucket.region}
    expected = call.headers.get("x-amz-expected-bucket-owner")
    if (
        (expected and expected != bucket.account)
        or (bucket.account != caller.account and bucket.name not in owner.open_buckets)
        or (call.operation in _LOOKING and bucket.denies("s3:ListBucket"))
    ):
        return answers.DENIED.answer(call, "Access Denied", where)
    if call.region != bucket.region:
        text = "The bucket you are attempting to access must be addressed using the specified endpoint."
        return answers.s3_error(301, "PermanentRedirect", text, call=call, headers=where)
    if call.operation == "HeadBucket":
        headers = {**where, "x-amz-request-id": answers.REQUEST_ID, "x-amz-access-point-alias": "false"}
        return Answer(200, b"", {**headers, "Content-Type": "application/xml"})
    return None


def modernise(environ: Environ, imitation: Imitation, account: str) -> None:
    """Give a bucket, whose making this request was, the defaults of today."""
    for subresource, body in _MODERN.items():
        target = f"{environ['PATH_INFO']}?{subresource}"
        request = {
            **environ,
            "QUERY_STRING": subresource,
            "RAW_URI": target,
            "REQUEST_URI": target,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        imitation.dispatch(request, account=account)
