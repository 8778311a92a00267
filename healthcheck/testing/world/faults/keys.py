"""The KMS key of disks, and of the bucket: off, going, not shared, not granted."""

from __future__ import annotations

from healthcheck.testing.world.faults.fault import Fault
from healthcheck.testing.world.setups import Area, Setup


def _shared_with_others(setup: Setup) -> None:
    setup.key.let(f"arn:aws:iam::{setup.blueprint.account}:role/KeyAdmin")


def _denied(setup: Setup) -> None:
    # moto takes a Deny of any action to be meant for everybody.
    deny = {"Sid": "NotTheRole", "Effect": "Deny", "Action": "kms:CreateGrant", "Resource": "*"}
    setup.key.let(f"arn:aws:iam::{setup.blueprint.account}:root", {**deny, "Principal": {"AWS": setup.role_arn}})


FAULTS = (
    Fault(
        id="key-disabled",
        sentence="Somebody disabled the key that encrypts the disks of jobs.",
        check="role.encryption",
        reason="key_disabled",
        area=Area.KEY,
        strike=lambda setup: setup.key.disable(),
    ),
    Fault(
        id="key-pending-deletion",
        sentence="The key that encrypts the disks of jobs is about to be deleted.",
        check="role.encryption",
        reason="key_deleted",
        area=Area.KEY,
        strike=lambda setup: setup.key.schedule_deletion(),
    ),
    Fault(
        id="key-for-others",
        sentence="The key's policy names an administrator alone, and leaves nothing to the account's own policies.",
        check="role.encryption",
        reason="resource_policy",
        area=Area.KEY,
        strike=_shared_with_others,
    ),
    Fault(
        id="key-denied",
        sentence="The key's policy denies the role to share it with its disks.",
        check="role.encryption",
        reason="explicit_deny",
        area=Area.KEY,
        strike=_denied,
    ),
    Fault(
        id="key-not-granted",
        sentence="The role lost the policy that lets it use the key of its disks.",
        check="role.encryption",
        reason="not_allowed",
        area=Area.ROLE,
        strike=Setup.take_key_away,
    ),
    Fault(
        id="bucket-encrypted",
        sentence="The bucket was set to encrypt with a key that the role may use for disks alone.",
        check="role.encryption",
        reason="not_allowed",
        area=Area.BUCKET,
        strike=Setup.encrypt_buckets,
    ),
)
