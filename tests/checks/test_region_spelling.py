"""Where a region is set, and what sets it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from healthcheck.checks.region import spelling
from healthcheck.result import Result
from healthcheck.target import CredentialSource, Target

NOWHERE = Target("prod", region=None)
PROFILES = ("default", "shop")


def judged(target: Target = NOWHERE, **environ: str) -> Result:
    return spelling(target, environ, ("us-east-1",), PROFILES)


def commands(result: Result) -> tuple[str, ...]:
    assert result.fix is not None
    return result.fix.commands


def test_a_region_that_nobody_can_guess_is_not_made_up() -> None:
    assert commands(judged()) == ("aws configure set region REGION", "export AWS_DEFAULT_REGION=REGION")
    assert commands(judged(replace(NOWHERE, region="??"))) == commands(judged())


def test_a_region_that_another_program_reads_is_the_one_to_set() -> None:
    assert "export AWS_DEFAULT_REGION=eu-west-1" in commands(judged(AWS_REGION="eu-west-1"))


@pytest.mark.parametrize(
    ("target", "environ"),
    [
        (NOWHERE, {"AWS_PROFILE": "shopp"}),
        (replace(NOWHERE, source=CredentialSource(profile="shopp")), {}),
    ],
)
def test_a_profile_that_does_not_exist_is_named_as_what_may_have_set_it(
    target: Target, environ: dict[str, str]
) -> None:
    result = judged(target, **environ)
    assert "or the profile shopp, which does not exist" in result.summary
    # Setting the region would make the profile, without credentials.
    assert commands(result) == ("export AWS_DEFAULT_REGION=REGION",)


def test_a_profile_that_exists_is_not_said_to_be_missing() -> None:
    assert "does not exist" not in judged(AWS_PROFILE="shop").summary
