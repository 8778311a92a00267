"""Whether the role may use one place in S3."""

from __future__ import annotations

from functools import partial

from healthcheck.capabilities import Aws
from healthcheck.checks import bucket_facts, entitlements
from healthcheck.checks.dossier import Dossier
from healthcheck.checks.entitlements import Question
from healthcheck.checks.locations import Location
from healthcheck.checks.needs import Place, of_location
from healthcheck.checks.principal_policies import Policies
from healthcheck.result import Fix, Result, critical
from healthcheck.target import Target


def judge(
    aws: Aws, location: Location, *, place: Place, target: Target, policies: Policies, owner: str | None
) -> Result:
    """Decide what reading, and writing, below the prefix takes.

    Args:
        aws: to read the bucket's policy, where the role's own ones do not suffice.
        location: which.
        place: the target's.
        target: whose purposes are concerned.
        policies: the role's.
        owner: the account that the bucket belongs to, where that is known.
    """
    needs = of_location(
        place, location.bucket, location.prefix, owner=owner or None, writes=location.writes, purposes=target.purposes
    )
    elsewhere = partial(
        of_location,
        place,
        f"{location.bucket}-2",
        location.prefix,
        owner=None,
        writes=True,
        purposes=target.purposes,
    )
    dossier = Dossier(place.role, place.home, place.now, needs, policies, is_only_rescued=True)
    dossier, verdicts = bucket_facts.rescue(aws, dossier, location.bucket)
    may = "read and write" if location.writes else "read"
    foreign = "; the bucket is another account's, whose policy has to let it in, too" if owner == "" else ""
    question = Question(
        location.subject,
        f"the role may {may} it{foreign}",
        dossier,
        controls=elsewhere,
        who=f"role {place.role.rpartition('/')[2]} ",
    )
    return entitlements.judge(question, verdicts)


def missing(location: Location, region: str) -> Result:
    """Say that there is no such bucket."""
    return critical(
        location.subject,
        f"{location.subject}: there is no bucket {location.bucket}, though the settings name it",
        reason="bucket_missing",
        fix=Fix(
            "Make the bucket, or correct reads: and writes: in the settings.",
            (f"aws s3 mb s3://{location.bucket} --region {region}",),
        ),
        evidence={"bucket": location.bucket},
    )
