"""Answers of moto, over real HTTP: what is remembered equals what boto3 itself is told."""

from __future__ import annotations

import json
import logging
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from healthcheck import CredentialSource, FailureKind, Target
from tests.aws.aws_bench import Bench

KEYS = {"aws_access_key_id": "AKIAAAAA111122223333", "aws_secret_access_key": "x"}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
INLINE = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def plain(moto_url: str) -> Callable[[str], Any]:
    """Make boto3's own clients, for an account with a role and two buckets."""

    def client(service: str) -> Any:
        return boto3.client(service, endpoint_url=moto_url, region_name="eu-west-1", **KEYS)  # type: ignore[call-overload]

    iam, s3 = client("iam"), client("s3")
    if not any(role["RoleName"] == "Trainer" for role in iam.list_roles()["Roles"]):
        iam.create_role(RoleName="Trainer", Path="/service-role/", AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.put_role_policy(RoleName="Trainer", PolicyName="no-s3", PolicyDocument=json.dumps(INLINE))
        policy = iam.create_policy(PolicyName="extra", PolicyDocument=json.dumps(INLINE))["Policy"]
        iam.attach_role_policy(RoleName="Trainer", PolicyArn=policy["Arn"])
        s3.create_bucket(Bucket="sagemaker-here", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return client


@pytest.fixture
def bench(make_bench: Callable[[], Bench], monkeypatch: pytest.MonkeyPatch, moto_url: str) -> Bench:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS["aws_secret_access_key"])
    return make_bench()


def told(client: Any, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return an answer, or the error in its place."""
    try:
        answer: dict[str, Any] = getattr(client, operation)(**parameters)
    except ClientError as error:
        return {"raised": type(error).__name__, "text": str(error), **error.response}
    return answer


@pytest.mark.parametrize(
    ("call", "operation", "parameters"),
    [
        ("iam.GetRole", "get_role", {"RoleName": "Trainer"}),
        ("iam.GetRole", "get_role", {"RoleName": "nobody"}),
        ("iam.GetRolePolicy", "get_role_policy", {"RoleName": "Trainer", "PolicyName": "no-s3"}),
        ("iam.ListAttachedRolePolicies", "list_attached_role_policies", {"RoleName": "Trainer"}),
        ("iam.GetPolicyVersion", "get_policy_version",
         {"PolicyArn": "arn:aws:iam::123456789012:policy/extra", "VersionId": "v1"}),
        ("s3.HeadBucket", "head_bucket", {"Bucket": "sagemaker-here"}),
        ("s3.HeadBucket", "head_bucket", {"Bucket": "sagemaker-nowhere"}),
        ("s3.ListBuckets", "list_buckets", {}),
        ("sts.GetCallerIdentity", "get_caller_identity", {}),
        ("sagemaker.ListTrainingJobs", "list_training_jobs", {"MaxResults": 1}),
    ],
)  # fmt: skip
def test_a_remembered_answer_is_the_answer(  # pytest passes them by name
    bench: Bench, plain: Callable[[str], Any], call: str, operation: str, parameters: dict[str, Any]
) -> None:
    service = call.partition(".")[0]
    answers = []
    for _ in range(3):
        with bench.scope(call, region="eu-west-1") as aws:
            answers.append(told(aws.client(service), operation, parameters))

    assert bench.calls[(*call.split("."), "remembered")] == 2  # type: ignore[index]
    assert answers[0] == answers[1] == answers[2]
    theirs = told(plain(service), operation, parameters)
    for answer in (theirs, answers[2]):
        metadata = answer.pop("ResponseMetadata")
        assert metadata["HTTPStatusCode"] in (200, 404)
    assert answers[2] == theirs


def test_32_threads_of_many_sources_each_see_their_own_account(bench: Bench, plain: Callable[[str], Any]) -> None:
    """Roles of sixteen accounts, assumed and asked for side by side over the same clients."""
    assert plain("sts").get_caller_identity()["Account"] == "123456789012"
    accounts = [f"{number:012d}" for number in range(200000000001, 200000000017)]

    def ask(account: str) -> str:
        source = CredentialSource(assume_role=f"arn:aws:iam::{account}:role/Watcher")
        assert bench.gateway.resolve(Target(account, source=source, region="eu-west-1")).failure is None
        with bench.scope("sts.GetCallerIdentity", source=source, max_age_seconds=0) as aws:
            return str(aws.account())

    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(ask, accounts * 4)) == accounts * 4

    assert bench.calls["sts", "AssumeRole", "ok"] == 16
    assert bench.calls["sts", "GetCallerIdentity", "ok"] == 64


@pytest.fixture
def user(plain: Callable[[str], Any], moto_url: str) -> Iterator[dict[str, str]]:
    """The key of a user without permissions, while moto enforces them."""
    iam = plain("iam")
    iam.create_user(UserName="ci")
    key = iam.create_access_key(UserName="ci")["AccessKey"]
    enforce(moto_url, b"0")
    yield key
    enforce(moto_url, b"Infinity")
    iam.delete_access_key(UserName="ci", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="ci")


def enforce(moto_url: str, after_calls: bytes) -> None:
    """moto's own switch: after so many calls it looks at permissions."""
    request = urllib.request.Request(
        f"{moto_url}/moto-api/reset-auth", data=after_calls, headers={"Content-Type": "text/plain"}, method="POST"
    )
    urllib.request.urlopen(request, timeout=10).close()


@pytest.mark.parametrize(
    ("call", "operation", "actions"),
    [
        ("sagemaker.ListEndpoints", "list_endpoints", ("sagemaker:ListEndpoints",)),  # code 403, XML in a JSON answer
        ("s3.ListBuckets", "list_buckets", ("s3:ListAllMyBuckets",)),
        ("iam.GetRole", "get_role", ("iam:GetRole",)),
    ],
)
def test_a_denial_names_the_missing_action_in_each_of_motos_shapes(  # pytest passes them by name
    bench: Bench, user: dict[str, str], call: str, operation: str, actions: tuple[str, ...]
) -> None:
    bench.write_profiles(
        f"[ci]\naws_access_key_id={user['AccessKeyId']}\naws_secret_access_key={user['SecretAccessKey']}\n"
    )
    with bench.scope(call, source=CredentialSource(profile="ci"), region="eu-west-1") as aws:
        parameters = {"RoleName": "Trainer"} if call == "iam.GetRole" else {}
        with pytest.raises(ClientError) as denied:
            getattr(aws.client(call.partition(".")[0]), operation)(**parameters)
        failure = aws.failure(denied.value)

    assert (failure.kind, failure.operation, failure.missing_actions) == (FailureKind.NOT_PERMITTED, call, actions)
