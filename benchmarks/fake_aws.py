"""A fast imitation of the AWS calls that the checks make: one asyncio process, latency, throttling, no logic.

One account per access key: the key ``AKIA`` + 16 digits belongs to the account of its last 12 digits.
Everything is healthy. Not checked against AWS beyond what the clients parse; correctness is the tests' business.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from html import escape
from urllib.parse import parse_qs, quote

_SCOPE = re.compile(rb"Credential=([A-Z0-9]+)/\d+/([a-z0-9-]+)/([a-z0-9-]+)/")
_TRUSTED = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:*", "ecr:*", "logs:*", "cloudwatch:*", "sagemaker:*", "iam:PassRole"],
            "Resource": "*",
        }
    ],
}
ROLE = "service-role/AmazonSageMaker-ExecutionRole-20260101T000000"
POLICY = "policy/service-role/AmazonSageMaker-ExecutionPolicy-20260101T000000"


@dataclass
class World:
    """What the imitation does, and what it was asked."""

    latency_seconds: float = 0.0
    throttle_every: int = 0
    """Every n-th IAM or STS request is answered with Throttling; 0 = none."""
    calls: Counter[str] = field(default_factory=Counter)
    throttled: int = 0
    accounts: set[str] = field(default_factory=set)


def _xml(operation: str, namespace: str, body: str) -> bytes:
    return (
        f'<{operation}Response xmlns="{namespace}"><{operation}Result>{body}</{operation}Result>'
        f"<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{operation}Response>"
    ).encode()


_IAM = "https://iam.amazonaws.com/doc/2010-05-08/"
_STS = "https://sts.amazonaws.com/doc/2011-06-15/"
_ENCRYPTION = (
    b"<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>"
    b"</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
)
_CREATED = "<CreateDate>2026-01-01T00:00:00Z</CreateDate>"


def _trust(account: str) -> str:
    condition = {"StringEquals": {"aws:SourceAccount": account}}
    return quote(json.dumps({"Version": "2012-10-17", "Statement": [_TRUSTED | {"Condition": condition}]}))


def _simulated(form: Mapping[str, list[str]]) -> str:
    """Allow each action on each resource, in the API's form."""
    actions = [values[0] for name, values in form.items() if name.startswith("ActionNames.")]
    resources = [values[0] for name, values in form.items() if name.startswith("ResourceArns.")]
    answers = "".join(
        f"<member><EvalResourceName>{escape(resource)}</EvalResourceName>"
        "<EvalResourceDecision>allowed</EvalResourceDecision><MissingContextValues/><MatchedStatements/></member>"
        for resource in resources
    )
    results = "".join(
        f"<member><EvalActionName>{action}</EvalActionName><EvalDecision>allowed</EvalDecision>"
        f"<MatchedStatements/><ResourceSpecificResults>{answers}</ResourceSpecificResults></member>"
        for action in actions
    )
    return f"<IsTruncated>false</IsTruncated><EvaluationResults>{results}</EvaluationResults>"


def _query(operation: str, account: str, form: Mapping[str, list[str]]) -> bytes:  # noqa: C901, PLR0912 - one case an operation
    role = f"arn:aws:iam::{account}:role/{ROLE}"
    policy = f"arn:aws:iam::{account}:{POLICY}"
    caller = f"arn:aws:iam::{account}:user/bench"
    name = ROLE.rpartition("/")[2]
    match operation:
        case "GetCallerIdentity":
            body = f"<Arn>{caller}</Arn><UserId>AIDA</UserId><Account>{account}</Account>"
            return _xml(operation, _STS, body)
        case "GetRole":
            used = f"{datetime.now(UTC):%Y-%m-%dT00:00:00Z}"
            body = (
                f"<Role><Path>/service-role/</Path><RoleName>{name}</RoleName><RoleId>AROA</RoleId><Arn>{role}</Arn>"
                f"{_CREATED}<AssumeRolePolicyDocument>{_trust(account)}</AssumeRolePolicyDocument>"
                f"<RoleLastUsed><LastUsedDate>{used}</LastUsedDate><Region>us-east-1</Region></RoleLastUsed>"
                "<MaxSessionDuration>3600</MaxSessionDuration></Role>"
            )
        case "ListAttachedRolePolicies" | "ListAttachedUserPolicies":
            body = (
                "<IsTruncated>false</IsTruncated><AttachedPolicies><member>"
                f"<PolicyName>bench</PolicyName><PolicyArn>{policy}</PolicyArn></member></AttachedPolicies>"
            )
        case "ListRolePolicies":
            body = "<IsTruncated>false</IsTruncated><PolicyNames><member>inline</member></PolicyNames>"
        case "GetRolePolicy":
            document = quote(json.dumps(_POLICY))
            body = (
                f"<RoleName>{name}</RoleName><PolicyName>inline</PolicyName><PolicyDocument>{document}</PolicyDocument>"
            )
        case "GetUser":
            user = f"<Path>/</Path><UserName>bench</UserName><UserId>AIDA</UserId><Arn>{caller}</Arn>{_CREATED}"
            body = f"<User>{user}</User>"
        case "ListUserPolicies":
            body = "<IsTruncated>false</IsTruncated><PolicyNames/>"
        case "ListGroupsForUser":
            body = "<IsTruncated>false</IsTruncated><Groups/>"
        case "GetPolicy":
            body = (
                f"<Policy><PolicyName>bench</PolicyName><PolicyId>ANPA</PolicyId><Arn>{policy}</Arn><Path>/</Path>"
                f"<DefaultVersionId>v1</DefaultVersionId><IsAttachable>true</IsAttachable>{_CREATED}</Policy>"
            )
        case "GetPolicyVersion":
            document = quote(json.dumps(_POLICY))
            body = (
                f"<PolicyVersion><Document>{document}</Document><VersionId>v1</VersionId>"
                f"<IsDefaultVersion>true</IsDefaultVersion>{_CREATED}</PolicyVersion>"
            )
        case "SimulatePrincipalPolicy":
            body = _simulated(form)
        case "DescribeRegions":
            return (
                b'<DescribeRegionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>'
                b"<regionInfo><item><regionName>us-east-1</regionName><optInStatus>opt-in-not-required</optInStatus>"
                b"</item></regionInfo></DescribeRegionsResponse>"
            )
        case _:
            raise KeyError(operation)
    return _xml(operation, _IAM, body)


_JSON_TARGETS = {
    "GetParametersByPath": {
        "Parameters": [
            {"Name": f"/aws/service/global-infrastructure/services/sagemaker/regions/{region}", "Value": region}
            for region in ("us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-central-1")
        ]
    },
    "ListEndpoints": {"Endpoints": []},
    "ListTrainingJobs": {"TrainingJobSummaries": []},
}


def answer(  # noqa: PLR0911 - one return a kind of answer
    world: World, method: str, path: str, headers: dict[bytes, bytes], body: bytes
) -> tuple[int, bytes, str]:
    """Return status, body and the additional header lines of one request."""
    scope = _SCOPE.search(headers.get(b"authorization", b""))
    if scope is None:
        return 403, b"", ""
    key, region = scope[1].decode(), scope[2].decode()
    account = key[-12:]
    world.accounts.add(account)
    target = headers.get(b"x-amz-target", b"").decode().rpartition(".")[2]
    form = parse_qs(body.decode()) if b"x-www-form-urlencoded" in headers.get(b"content-type", b"") else {}
    operation = target or form.get("Action", [""])[0] or ("GetRegionOptStatus" if "egion" in path else "Bucket")
    world.calls[operation] += 1
    total = world.calls.total()
    if world.throttle_every and form and total % world.throttle_every == 0:
        world.throttled += 1
        error = b"<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"
        return 400, error, "Content-Type: text/xml\r\n"
    if target:
        return 200, json.dumps(_JSON_TARGETS[target]).encode(), "Content-Type: application/x-amz-json-1.1\r\n"
    if operation == "GetRegionOptStatus":
        document = {"RegionName": region, "RegionOptStatus": "ENABLED_BY_DEFAULT"}
        return 200, json.dumps(document).encode(), "Content-Type: application/json\r\n"
    if operation == "Bucket" and "?policy" in path:
        error = b"<Error><Code>NoSuchBucketPolicy</Code><Message>The bucket policy does not exist</Message></Error>"
        return 404, error, "Content-Type: application/xml\r\n"
    if operation == "Bucket" and "?encryption" in path:
        return 200, _ENCRYPTION, "Content-Type: application/xml\r\n"
    if operation == "Bucket":
        if method == "HEAD":
            bucket_region = re.sub(r"^/sagemaker-(.+)-\d{12}.*$", r"\1", path)
            return 200, b"", f"x-amz-bucket-region: {bucket_region}\r\n"
        names = f"<Bucket><Name>sagemaker-{region}-{account}</Name></Bucket>"
        listing = f"<ListAllMyBucketsResult><Buckets>{names}</Buckets></ListAllMyBucketsResult>"
        return 200, listing.encode(), "Content-Type: application/xml\r\n"
    try:
        return 200, _query(operation, account, form), "Content-Type: text/xml\r\n"
    except KeyError:
        # A new check shows as one that may not look, and not as a server that hangs up.
        error = (
            b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>unknown here</Message></Error></ErrorResponse>"
        )
        return 403, error, "Content-Type: text/xml\r\n"


_REQUEST_IDS = "x-amzn-RequestId: bench\r\nx-amz-request-id: bench\r\n"
"""Without one, nothing is AWS's answer."""


async def _serve(world: World, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.split(b"\r\n")
            method, path, _ = lines[0].decode().split(" ", 2)
            fields = (line.partition(b": ") for line in lines[1:] if line)
            headers = {name.lower(): value for name, _, value in fields}
            body = await reader.readexactly(int(headers.get(b"content-length", b"0")))
            if path == "/_bench":
                document = {"calls": world.calls, "throttled": world.throttled, "accounts": len(world.accounts)}
                status, payload, extra = 200, json.dumps(document).encode(), ""
                if body:
                    for name, value in json.loads(body).items():
                        setattr(world, name, value)
                    world.calls, world.throttled, world.accounts = Counter(), 0, set()
            else:
                if world.latency_seconds:
                    await asyncio.sleep(world.latency_seconds)
                status, payload, extra = answer(world, method, path, headers, body)
            date = formatdate(time.time(), usegmt=True)
            length = f"Date: {date}\r\nContent-Length: {len(payload)}\r\n"
            writer.write(f"HTTP/1.1 {status} X\r\n{_REQUEST_IDS}{length}{extra}\r\n".encode())
            if method != "HEAD":
                writer.write(payload)
            await writer.drain()
    writer.close()


async def main(port: int) -> None:
    """Serve until stopped; print the port once it listens."""
    world = World()
    server = await asyncio.start_server(lambda r, w: _serve(world, r, w), "127.0.0.1", port, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(main(parser.parse_args().port))
