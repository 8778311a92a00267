"""The execution role's rights: too few in one place, taken away in another, and by whom."""

from __future__ import annotations

from healthcheck.result import Status
from healthcheck.testing.world.accounts import data_bucket
from healthcheck.testing.world.faults.fault import Fault
from healthcheck.testing.world.setups import Area, Setup


def _without_telemetry(setup: Setup) -> None:
    setup.detach()
    setup.grant({"Effect": "Allow", "NotAction": ["cloudwatch:*", "logs:*"], "Resource": "*"}, policy="Quiet")


def _without_objects(setup: Setup) -> None:
    """Name the bucket and forget what is in it."""
    setup.detach()
    buckets = [f"arn:aws:s3:::{setup.bucket(region)}" for region in setup.bucket_regions]
    setup.grant(
        {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:*", "Resource": buckets},
        policy="BucketsAlone",
    )


def _denied_by_the_company(setup: Setup) -> None:
    deny = {"Sid": "NoUploads", "Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}
    setup.attach("CompanyGuard", deny)


def _data(setup: Setup) -> list[str]:
    bucket = f"arn:aws:s3:::{data_bucket(setup.blueprint.account)}"
    return [bucket, f"{bucket}/*"]


def _data_denied(setup: Setup) -> None:
    deny = {"Sid": "NotTheData", "Effect": "Deny", "Action": "s3:*", "Resource": _data(setup)}
    setup.grant(deny, policy="NoData")


def _data_bounded(setup: Setup) -> None:
    setup.bound("NotTheData", {"Effect": "Allow", "Action": "*", "NotResource": _data(setup)})


def _keys_bounded(setup: Setup) -> None:
    setup.bound("NoKeys", {"Effect": "Allow", "NotAction": "kms:*", "Resource": "*"})


FAULTS = (
    Fault(
        id="permissions-without-logs",
        sentence="The role was given everything but logs and metrics.",
        check="role.permissions",
        reason="telemetry_lost",
        status=Status.WARNING,
        area=Area.ROLE,
        strike=_without_telemetry,
    ),
    Fault(
        id="permissions-without-objects",
        sentence="The role's policy names the bucket, and not the objects in it.",
        check="role.permissions",
        reason="not_allowed",
        area=Area.ROLE,
        strike=_without_objects,
    ),
    Fault(
        id="permissions-denied-by-company",
        sentence="A policy of the company's that many share denies the role uploads.",
        check="role.permissions",
        reason="explicit_deny",
        area=Area.ROLE,
        strike=_denied_by_the_company,
    ),
    Fault(
        id="data-denied",
        sentence="An inline policy denies the role the bucket of its data.",
        check="role.data_access",
        reason="explicit_deny",
        area=Area.ROLE,
        strike=_data_denied,
    ),
    Fault(
        id="data-bounded",
        sentence="A permissions boundary leaves out the bucket of the data.",
        check="role.data_access",
        reason="boundary",
        area=Area.ROLE,
        strike=_data_bounded,
    ),
    Fault(
        id="key-bounded",
        sentence="A permissions boundary leaves out every key.",
        check="role.encryption",
        reason="boundary",
        area=Area.ROLE,
        strike=_keys_bounded,
    ),
)
