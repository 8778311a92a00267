"""The default bucket: not there, somebody else's, closed, elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from healthcheck.result import Status
from healthcheck.testing.world.accounts import data_bucket
from healthcheck.testing.world.client import ClientSide
from healthcheck.testing.world.faults.fault import Fault
from healthcheck.testing.world.setups import Area, Setup, create_bucket


def _missing(setup: Setup) -> None:
    for region in setup.bucket_regions:
        setup.delete_bucket(region)


def _squatted(setup: Setup) -> None:
    for region in setup.bucket_regions:
        setup.squat_bucket(region, is_open=True)


def _foreign(setup: Setup) -> None:
    for region in setup.bucket_regions:
        setup.squat_bucket(region, is_open=False)


def _forbidden(setup: Setup) -> None:
    for region in setup.bucket_regions:
        setup.forbid_bucket(region)


def _moved(setup: Setup) -> None:
    for region in setup.bucket_regions:
        setup.delete_bucket(region)
        create_bucket(setup.s3, setup.bucket(region), "eu-west-1" if region != "eu-west-1" else "us-east-1")


def _reading(address: Callable[[str], str]) -> Callable[[ClientSide, str], None]:
    def change(side: ClientSide, target: str) -> None:
        side.targets[target]["reads"] = [address(str(side.setup(target)["account"]))]

    return change


def _deny_role(setup: Setup) -> None:
    setup.deny_in_bucket({"Sid": "NotTheRole", "Principal": {"AWS": setup.role_arn}})


def _deny_unencrypted(setup: Setup) -> None:
    condition = {"Null": {"s3:x-amz-server-side-encryption": "true"}}
    setup.deny_in_bucket({"Sid": "NothingUnencrypted", "Principal": "*", "Condition": condition})


def _deny_from_elsewhere(setup: Setup) -> None:
    condition = {"StringNotEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}
    setup.deny_in_bucket({"Sid": "OnlyThroughTheEndpoint", "Principal": "*", "Condition": condition})


FAULTS = (
    Fault(
        id="bucket-missing",
        sentence="The default bucket does not exist yet.",
        check="bucket.reachable",
        reason="missing",
        status=Status.WARNING,
        area=Area.BUCKET,
        strike=_missing,
    ),
    Fault(
        id="bucket-squatted",
        sentence="A stranger has made the bucket of our name, and lets us in.",
        check="bucket.reachable",
        reason="squatted",
        area=Area.BUCKET,
        strike=_squatted,
    ),
    Fault(
        id="bucket-foreign",
        sentence="A stranger has made the bucket of our name, and keeps us out.",
        check="bucket.reachable",
        reason="foreign",
        area=Area.BUCKET,
        strike=_foreign,
    ),
    Fault(
        id="bucket-forbidden",
        sentence="The bucket is ours, and its policy denies us to look at it.",
        check="bucket.reachable",
        reason="not_permitted",
        status=Status.UNKNOWN,
        missing_action="s3:ListBucket",
        also={"bucket.policy": (Status.UNKNOWN, "undecidable")},
        area=Area.BUCKET,
        strike=_forbidden,
    ),
    Fault(
        id="bucket-elsewhere",
        sentence="The bucket is in another region than the target.",
        check="bucket.reachable",
        reason="wrong_region",
        area=Area.BUCKET,
        strike=_moved,
    ),
    Fault(
        id="bucket-denies-role",
        sentence="The bucket's policy denies the execution role writing.",
        check="bucket.policy",
        reason="explicit_deny",
        area=Area.BUCKET,
        strike=_deny_role,
    ),
    Fault(
        id="bucket-denies-unencrypted",
        sentence="The bucket's policy denies uploads that name no encryption, as the SDK's do not.",
        check="bucket.policy",
        reason="caller_denied",
        area=Area.BUCKET,
        strike=_deny_unencrypted,
    ),
    Fault(
        id="bucket-wants-endpoint",
        sentence="The bucket's policy denies writing to all that does not come through a VPC endpoint.",
        check="bucket.policy",
        reason="undecidable",
        status=Status.UNKNOWN,
        area=Area.BUCKET,
        strike=_deny_from_elsewhere,
    ),
    Fault(
        id="data-out-of-reach",
        sentence="Jobs read what is not called after sagemaker, so that AmazonSageMakerFullAccess does not reach it.",
        check="role.data_access",
        reason="not_allowed",
        client=_reading(lambda account: f"s3://{data_bucket(account)}/train/"),
    ),
    Fault(
        id="data-bucket-missing",
        sentence="Jobs read from a bucket that does not exist.",
        check="role.data_access",
        reason="bucket_missing",
        client=_reading(lambda account: f"s3://acme-datta-{account}/train/"),
    ),
)
