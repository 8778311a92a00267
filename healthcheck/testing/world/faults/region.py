"""Regions: missing, mistyped, not enabled, without SageMaker."""

from __future__ import annotations

from collections.abc import Callable

from healthcheck.result import Status
from healthcheck.testing.world.client import ClientSide
from healthcheck.testing.world.faults.fault import Fault


def _set(region: str) -> Callable[[ClientSide, str], None]:
    def change(side: ClientSide, target: str) -> None:
        side.targets[target]["regions"] = [region]
        del side.targets[target]["volume_keys"]

    return change


def _unset(side: ClientSide, target: str) -> None:
    del side.targets[target]["regions"]
    side.profiles[side.setup(target)["profile"]].config.pop("region")


def _without_bucket(region: str) -> Callable[[ClientSide, str], None]:
    def change(side: ClientSide, target: str) -> None:
        side.targets[target] |= {"regions": [region], "bucket": "none"}
        del side.targets[target]["reads"], side.targets[target]["volume_keys"]

    return change


FAULTS = (
    Fault(
        id="region-unset",
        sentence="Neither the settings nor the profile name a region.",
        check="region.configured",
        reason="unset",
        client=_unset,
    ),
    Fault(
        id="region-is-a-zone",
        sentence="The settings name an availability zone where a region belongs.",
        check="region.configured",
        reason="zone",
        client=_set("us-east-1a"),
    ),
    Fault(
        id="region-mistyped",
        sentence="The region has lost a hyphen.",
        check="region.configured",
        reason="malformed",
        client=_set("us-east1"),
    ),
    Fault(
        id="region-new",
        sentence="AWS has opened the region after this SDK was made.",
        check="region.configured",
        reason="unlisted",
        status=Status.WARNING,
        client=_without_bucket("us-central-1"),
        also=dict.fromkeys(
            ("bucket.reachable", "bucket.policy", "role.data_access", "role.encryption"),
            (Status.SKIPPED, "not_configured"),
        ),
    ),
    Fault(
        id="region-unheard-of",
        sentence="The region is well formed, and AWS has none of that name.",
        check="credentials.valid",
        reason="region_scope",
        client=_set("us-east-9"),
        also={"region.configured": (Status.WARNING, "unlisted")},
    ),
    Fault(
        id="region-not-enabled",
        sentence="The region has to be opted in to, and the account has not.",
        check="credentials.valid",
        reason="region_disabled",
        client=_set("eu-south-2"),
    ),
)
