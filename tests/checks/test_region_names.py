"""Names of regions, and what people write instead."""

from __future__ import annotations

import pytest

from healthcheck.checks.region_names import misspelling, nearest

KNOWN = ("us-east-1", "us-east-2", "eu-west-1", "us-gov-west-1", "ap-southeast-1", "us-isob-east-1", "eusc-de-east-1")


@pytest.mark.parametrize("region", [*KNOWN, "us-east-9", "mx-central-1", "ap-southeast-12"])
def test_a_well_formed_name_is_no_misspelling_even_when_unheard_of(region: str) -> None:
    assert misspelling(region, KNOWN) is None


@pytest.mark.parametrize(
    ("text", "reason", "meant"),
    [
        ("us-east-1 ", "whitespace", "us-east-1"),
        ("\tus-east-1", "whitespace", "us-east-1"),
        ('"us-east-1"', "quoted", "us-east-1"),
        ("\u2018eu-west-1\u2019", "quoted", "eu-west-1"),
        ("US-EAST-1", "upper_case", "us-east-1"),
        ('"US-East-1"', "upper_case", "us-east-1"),
        ("us-east-1a", "zone", "us-east-1"),
        ("US-EAST-1F", "zone", "us-east-1"),
        ("us-west-2-lax-1a", "zone", "us-west-2"),
        ("N. Virginia", "human_name", "us-east-1"),
        ("US East (N. Virginia)", "human_name", "us-east-1"),
        ("Europe (Ireland)", "human_name", "eu-west-1"),
        ("frankfurt", "human_name", "eu-central-1"),
        ("us-east1", "malformed", "us-east-1"),
        ("useast1", "malformed", "us-east-1"),
        ("us_east_1", "malformed", "us-east-1"),
        ("eu-west 1", "malformed", "eu-west-1"),
        ("global", "malformed", None),
        ("aws-global", "malformed", None),
        ("", "malformed", None),
        ("[YOUR_REGION]", "malformed", None),
    ],
)
def test_a_misspelling_is_named_with_what_was_meant(text: str, reason: str, meant: str | None) -> None:
    found = misspelling(text, KNOWN)
    assert found is not None
    assert (found.reason, found.meant) == (reason, meant)


def test_the_nearest_region_is_only_told_when_it_is_near() -> None:
    assert nearest("us-esat-1", KNOWN) == "us-east-1"
    assert nearest("moon-base-7", KNOWN) is None
