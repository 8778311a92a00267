"""The KMS key of a set-up, with which the disks of its jobs are encrypted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


class CustomerKey:
    """A key that the account's policies share out. Its methods are what faults do to it."""

    def __init__(self, kms: KMSClient, account: str) -> None:
        self._kms = kms
        self._account = account
        self.arn = kms.create_key(Description="disks of jobs", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]

    @property
    def key_id(self) -> str:
        """The key's id, which is all that moto takes for some operations."""
        return self.arn.rpartition("/")[2]

    def restore(self) -> None:
        """Make it as it is when all is well."""
        if self._kms.describe_key(KeyId=self.key_id)["KeyMetadata"]["KeyState"] == "PendingDeletion":
            self._kms.cancel_key_deletion(KeyId=self.key_id)
        self._kms.enable_key(KeyId=self.key_id)
        self.let(f"arn:aws:iam::{self._account}:root")

    def let(self, principal: str, *more: Mapping[str, Any]) -> None:
        """Let nobody but one principal, and whom it shares with, use the key."""
        statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "kms:*", "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [statement, *more]}
        self._kms.put_key_policy(KeyId=self.key_id, PolicyName="default", Policy=json.dumps(policy))

    def disable(self) -> None:
        """Switch it off."""
        self._kms.disable_key(KeyId=self.key_id)

    def schedule_deletion(self) -> None:
        """Let it be deleted in a week."""
        self._kms.schedule_key_deletion(KeyId=self.key_id, PendingWindowInDays=7)
