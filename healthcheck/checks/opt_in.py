"""Regions that an account has to enable first, and what it looks like where it has not."""

from __future__ import annotations

from dataclasses import dataclass

from healthcheck.capabilities import Aws
from healthcheck.errors import Failure, FailureKind
from healthcheck.result import Fix, Result, critical, unknown

_PAGE = "https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html"

# Every region that AWS has opened since March 2019 has to be enabled, so this list does not grow.
_ENABLED_BY_DEFAULT = frozenset(
    {
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    }
)


_ENABLED = frozenset({"ENABLED", "ENABLED_BY_DEFAULT"})

_TELLING = frozenset({FailureKind.NOT_PERMITTED, FailureKind.CREDENTIALS_INVALID, FailureKind.CREDENTIALS_EXPIRED})
"""Refusals of the account service that say whether AWS knows the key."""


@dataclass(frozen=True, slots=True)
class OptIn:
    """What AWS's account service says of a region, where other services refuse us."""

    is_known_to_aws: bool
    """Whether it accepted the credentials at all; then they are good, and the region is what refuses them."""
    status: str | None
    """ENABLED, ENABLED_BY_DEFAULT, ENABLING, DISABLING or DISABLED; none where it may not be asked."""


def may_be_off(aws: Aws) -> bool:
    """Whether the region is one that an account has to enable."""
    return aws.partition == "aws" and aws.region not in _ENABLED_BY_DEFAULT


def ask(aws: Aws) -> OptIn:
    """Ask the account service, which answers from a region that is always enabled."""
    client = aws.client("account")
    try:
        return OptIn(True, client.get_region_opt_status(RegionName=aws.region)["RegionOptStatus"])
    except client.exceptions.ClientError as error:
        kind = aws.failure(error).kind
        if kind not in _TELLING:
            raise  # throttled, or AWS's own failure: nothing was learnt about the key
        return OptIn(kind is FailureKind.NOT_PERMITTED, None)


def refusal(region: str, service: str, failure: Failure, found: OptIn) -> Result:
    """Explain why a service refuses in one region the credentials that AWS accepts elsewhere."""
    evidence = {"aws_error": failure.code, "opt_status": found.status}
    said = f"region {region}: {service} refuses there the credentials that AWS accepts elsewhere ({failure.code})"
    enable = f"aws account enable-region --region-name {region}"
    if found.status is None:
        return unknown(
            region,
            f"{said}; most likely the account has not enabled the region, which may not be asked",
            reason="not_permitted",
            fix=Fix("Allow account:GetRegionOptStatus, or enable the region.", (enable,), link=_PAGE),
            evidence=evidence,
            missing_actions=("account:GetRegionOptStatus",),
        )
    if found.status in {"DISABLED", "DISABLING"}:
        return critical(
            region,
            f"{said}: the account has not enabled the region (its status is {found.status})",
            reason="region_disabled",
            fix=Fix("Enable the region; it takes minutes, at times hours.", (enable,), link=_PAGE),
            evidence=evidence,
        )
    if found.status == "ENABLING":
        return critical(
            region,
            f"{said}: the region is being enabled for the account, which is not finished",
            reason="region_enabling",
            fix=Fix(
                "Wait until the status is ENABLED.", (f"aws account get-region-opt-status --region-name {region}",)
            ),
            evidence=evidence,
        )
    if found.status not in _ENABLED:
        return unknown(
            region,
            f"{said}; whether the region is enabled cannot be told: its status is {found.status}, which is new",
            reason="bad_answer",
            fix=Fix("Look at the region's status in the console of AWS Account Management.", link=_PAGE),
            evidence=evidence,
        )
    return critical(
        region,
        f"{said}, though it is enabled ({found.status}): sessions of the global STS endpoint are not valid there",
        reason="session_refused",
        fix=Fix(
            "Take sessions from the region's own STS endpoint, or let the global one give sessions for all regions.",
            (
                "unset AWS_STS_REGIONAL_ENDPOINTS",
                "aws iam set-security-token-service-preferences --global-endpoint-token-version v2Token",
            ),
        ),
        evidence=evidence,
    )
