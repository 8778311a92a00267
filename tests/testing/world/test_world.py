"""The world answers as AWS does where moto does not, and its faults come and go."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import BadStatusLine, HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from healthcheck.testing.world import WorldClient, WorldFailed, start

ACCOUNT = "111122223333"
BUCKET = f"sagemaker-us-east-1-{ACCOUNT}"
ROLE = "AmazonSageMaker-ExecutionRole-20200630T141851"
MakeClient = Callable[..., Any]


@pytest.fixture(scope="module")
def world() -> Iterator[WorldClient]:
    with start(setups=("shop", "vision")) as running:
        yield running


@pytest.fixture
def client(world: WorldClient) -> Iterator[MakeClient]:
    """Make a boto3 client with the shop's keys; everything is mended afterwards."""
    session = boto3.session.Session()

    def make(service: str, region: str = "us-east-1", **keys: str) -> Any:
        shop = world.describe()["setups"]["shop"]
        given = {"aws_access_key_id": shop["key_id"], "aws_secret_access_key": shop["secret"], **keys}
        config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=1)
        return session.client(service, region_name=region, endpoint_url=shop["url"], config=config, **given)  # type: ignore[call-overload]

    yield make
    world.stop_enforcing()
    world.mend_all()


def refusal(call: Callable[..., Any], **parameters: Any) -> tuple[int, str]:
    """Return status and code of the error that a call ends in."""
    with pytest.raises(ClientError) as raised:
        call(**parameters)
    response = raised.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def test_the_newcomers_set_up_stands(client: MakeClient) -> None:
    iam = client("iam")
    role = iam.get_role(RoleName=ROLE)["Role"]
    attached = iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]

    assert role["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/service-role/{ROLE}"
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert {policy["PolicyName"] for policy in attached} == {"AmazonSageMakerFullAccess", "SageMakerBucketAccess"}
    assert client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/shop-user"
    assert client("sagemaker").list_training_jobs()["TrainingJobSummaries"] == []


def test_buckets_have_the_defaults_of_today(client: MakeClient) -> None:
    s3 = client("s3")

    rule = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert all(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values())
    ownership = s3.get_bucket_ownership_controls(Bucket=BUCKET)["OwnershipControls"]["Rules"]
    assert ownership == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_the_expected_owner_of_a_bucket_counts(client: MakeClient) -> None:
    s3 = client("s3")

    assert s3.head_bucket(Bucket=BUCKET, ExpectedBucketOwner=ACCOUNT)["BucketRegion"] == "us-east-1"
    assert refusal(s3.head_bucket, Bucket=BUCKET, ExpectedBucketOwner="444455556666") == (403, "403")


def test_a_bucket_in_another_region_redirects(client: MakeClient, world: WorldClient) -> None:
    """The answer is 301 and names the region; boto3 follows it, so that the region must be compared."""
    world.break_("bucket-elsewhere")

    assert client("s3").head_bucket(Bucket=BUCKET)["BucketRegion"] == "eu-west-1"


@pytest.mark.parametrize(
    ("fault", "with_owner", "without"),
    [("bucket-squatted", 403, 200), ("bucket-foreign", 403, 403), ("bucket-forbidden", 403, 403)],
)
def test_a_bucket_that_is_not_for_us(
    client: MakeClient, world: WorldClient, fault: str, with_owner: int, without: int
) -> None:
    world.break_(fault)
    s3 = client("s3")

    def status(**parameters: str) -> int:
        try:
            return int(s3.head_bucket(Bucket=BUCKET, **parameters)["ResponseMetadata"]["HTTPStatusCode"])
        except ClientError as error:
            return int(error.response["ResponseMetadata"]["HTTPStatusCode"])

    assert (status(ExpectedBucketOwner=ACCOUNT), status()) == (with_owner, without)
    listed = {bucket["Name"] for bucket in s3.list_buckets(Prefix=BUCKET)["Buckets"]}
    assert listed == ({BUCKET} if fault == "bucket-forbidden" else set())


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    [
        ("sts", "get_caller_identity", {}, (403, "InvalidClientTokenId")),
        ("iam", "list_roles", {}, (403, "InvalidClientTokenId")),
        ("s3", "list_buckets", {}, (403, "InvalidAccessKeyId")),
        ("sagemaker", "list_endpoints", {}, (400, "UnrecognizedClientException")),
        ("ec2", "describe_regions", {}, (401, "AuthFailure")),
    ],
)
def test_a_deactivated_key_is_refused_in_each_services_words(  # noqa: PLR0917 # pytest passes them by name
    client: MakeClient, world: WorldClient, service: str, operation: str, parameters: dict[str, str], expected: Any
) -> None:
    world.break_("key-deactivated")

    assert refusal(getattr(client(service), operation), **parameters) == expected


@pytest.mark.parametrize(
    ("service", "operation", "expected"),
    [
        ("sts", "get_caller_identity", (403, "ExpiredToken")),
        ("s3", "list_buckets", (400, "ExpiredToken")),
        ("sagemaker", "list_endpoints", (400, "ExpiredTokenException")),
    ],
)
def test_an_expired_token_is_refused(
    client: MakeClient, world: WorldClient, service: str, operation: str, expected: tuple[int, str]
) -> None:
    session = world.describe()["setups"]["shop"]["session"]
    keys = {
        "aws_access_key_id": session["key_id"],
        "aws_secret_access_key": session["secret"],
        "aws_session_token": session["token"],
    }
    client("sts", **keys).get_caller_identity()
    world.break_("token-expired")

    assert refusal(getattr(client(service, **keys), operation)) == expected


def test_signatures_are_verified(client: MakeClient) -> None:
    """Path, query, headers and body are all part of what is signed; one wrong letter of the secret shows."""
    s3 = client("s3")
    s3.put_object(Bucket=BUCKET, Key="sagemaker/a b/ü+c~*.txt", Body=b"data", Metadata={"note": "two  spaces"})
    assert s3.get_object(Bucket=BUCKET, Key="sagemaker/a b/ü+c~*.txt")["Body"].read() == b"data"

    wrong = {"aws_secret_access_key": "x" * 40}
    assert refusal(client("sts", **wrong).get_caller_identity) == (403, "SignatureDoesNotMatch")
    assert refusal(client("sagemaker", **wrong).list_endpoints) == (403, "InvalidSignatureException")
    assert refusal(client("s3", **wrong).list_buckets) == (403, "SignatureDoesNotMatch")


def test_a_clock_that_is_off_is_told_from_a_wrong_secret(client: MakeClient, world: WorldClient) -> None:
    world.break_("clock-behind")

    with pytest.raises(ClientError, match=r"Signature expired: \d{8}T\d{6}Z is now earlier than") as raised:
        client("sts").get_caller_identity()
    told = parsedate_to_datetime(raised.value.response["ResponseMetadata"]["HTTPHeaders"]["date"])
    assert 19 < (told - datetime.now(UTC)).total_seconds() / 60 < 21
    assert refusal(client("s3").list_buckets) == (403, "RequestTimeTooSkewed")


def test_denied_actions_are_named(client: MakeClient, world: WorldClient) -> None:
    world.break_("may-not-iam-GetRole")
    world.break_("may-not-sagemaker-ListTrainingJobs")

    with pytest.raises(ClientError, match=r"user/shop-user is not authorized to perform: iam:GetRole on resource"):
        client("iam").get_role(RoleName=ROLE)
    assert refusal(client("sagemaker").list_training_jobs) == (400, "AccessDeniedException")
    client("iam").list_role_policies(RoleName=ROLE)


def test_regions_have_an_opt_in_status(client: MakeClient) -> None:
    account, ec2 = client("account"), client("ec2")

    def status(region: str) -> tuple[str, str]:
        described = ec2.describe_regions(RegionNames=[region], AllRegions=True)["Regions"][0]["OptInStatus"]
        return account.get_region_opt_status(RegionName=region)["RegionOptStatus"], described

    assert status("us-east-1") == ("ENABLED_BY_DEFAULT", "opt-in-not-required")
    assert status("eu-south-2") == ("DISABLED", "not-opted-in")
    assert refusal(client("sagemaker", "eu-south-2").list_endpoints) == (400, "UnrecognizedClientException")


def test_aws_lists_the_regions_of_sagemaker_in_pages(client: MakeClient) -> None:
    ssm = client("ssm")
    path = "/aws/service/global-infrastructure/services/sagemaker/regions"
    pages = list(ssm.get_paginator("get_parameters_by_path").paginate(Path=path))
    values = [parameter["Value"] for page in pages for parameter in page["Parameters"]]

    assert len(pages) > 1
    assert {len(page["Parameters"]) for page in pages[:-1]} == {10}
    assert {"us-east-1", "us-central-1"} <= set(values)
    assert "us-east-9" not in values


def test_a_role_in_another_account_is_assumed_with_its_external_id_alone(
    client: MakeClient, world: WorldClient
) -> None:
    vision = world.describe()["setups"]["vision"]
    wanted = {"RoleArn": vision["assume_role"], "RoleSessionName": "test"}

    assert refusal(client("sts").assume_role, **wanted) == (403, "AccessDenied")
    keys = client("sts").assume_role(**wanted, ExternalId=vision["external_id"])["Credentials"]
    identity = client(
        "sts",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    ).get_caller_identity()
    assert identity["Account"] == "222233334444"
    assert identity["Arn"] == "arn:aws:sts::222233334444:assumed-role/HealthcheckReader/test"


@pytest.mark.parametrize(
    ("fault", "error"),
    [("connection-refused", EndpointConnectionError), ("endpoint-hangs", ReadTimeoutError)],
)
def test_doors_shut_and_open_again(client: MakeClient, world: WorldClient, fault: str, error: type[Exception]) -> None:
    sts = client("sts")
    sts.get_caller_identity()
    with world.broken(fault), pytest.raises(error):
        sts.get_caller_identity()

    assert sts.get_caller_identity()["Account"] == ACCOUNT


def test_garbage_is_no_http(world: WorldClient) -> None:
    with world.broken("endpoint-garbage"):
        address = urlsplit(world.describe()["setups"]["shop"]["url"])
        connection = HTTPConnection(str(address.hostname), address.port, timeout=5)
        connection.request("GET", "/")
        with pytest.raises(BadStatusLine, match="220 mail"):
            connection.getresponse()
        connection.close()


def test_mending_one_fault_leaves_the_others(client: MakeClient, world: WorldClient) -> None:
    """Both faults break the role; mending the one rebuilds it and breaks it again in the other way."""
    world.break_("trust-denied")
    world.break_("permissions-detached")
    world.mend("trust-denied")

    iam = client("iam")
    assert iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"] == []
    assert len(iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]["Statement"]) == 1
    assert world.describe()["active"] == [["permissions-detached", "shop"]]


def test_a_fault_can_hit_another_set_up(client: MakeClient, world: WorldClient) -> None:
    world.break_("role-deleted", "vision")

    client("iam").get_role(RoleName=ROLE)
    assert world.describe()["active"] == [["role-deleted", "vision"]]


def test_a_fault_that_does_not_exist_has_a_neighbour(world: WorldClient) -> None:
    with pytest.raises(WorldFailed, match="there is no fault role-delete; did you mean role-deleted"):
        world.break_("role-delete")
    with pytest.raises(WorldFailed, match="there is no set-up shopp; did you mean shop"):
        world.break_("role-deleted", "shopp")


def test_moto_can_enforce_a_policy_by_itself(client: MakeClient, world: WorldClient) -> None:
    """Of one required action too few, exactly that call is denied, in the words of its service."""
    actions = ["iam:ListRolePolicies", "s3:ListAllMyBuckets", "sagemaker:ListEndpoints"]
    world.enforce(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}, "shop"
    )

    client("iam").list_role_policies(RoleName=ROLE)
    client("s3").list_buckets()
    client("sagemaker").list_endpoints()
    assert refusal(client("iam").get_role, RoleName=ROLE) == (403, "AccessDenied")
    assert refusal(client("sagemaker").list_training_jobs) == (400, "AccessDeniedException")


def test_every_fault_is_told_over_http(world: WorldClient) -> None:
    rows = world.faults()

    assert len({row["id"] for row in rows}) == len(rows)
    assert json.dumps(rows)
    assert all(row["sentence"].endswith(".") for row in rows)
