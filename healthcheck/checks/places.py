"""The place that a target's policies are asked about."""

from __future__ import annotations

from healthcheck.capabilities import Aws
from healthcheck.checks.bucket_names import Home, bucket_of
from healthcheck.checks.needs import Place
from healthcheck.target import Target


def place_of(aws: Aws, target: Target, role: str, prefix: str = "") -> Place:
    """Return the target's place; the check that asks declares ``sts.GetCallerIdentity``."""
    home = Home(aws.partition, aws.region, aws.account())
    bucket = bucket_of(target, home)
    return Place(
        home=home,
        role=role,
        bucket=bucket.name if bucket else None,
        bucket_account=home.account if bucket and bucket.is_ours_by_name else None,
        prefix=prefix if not prefix or prefix.endswith("/") else prefix + "/",
        now=aws.now,
        images=target.images,
        subnets=target.subnets,
        security_groups=target.security_groups,
    )
