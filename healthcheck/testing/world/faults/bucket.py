"""The default bucket: not there, somebody else's, closed, elsewhere."""

from __future__ import annotations

from healthcheck.result import Status
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
)
