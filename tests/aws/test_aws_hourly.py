"""What is asked once an hour, and what a check can do without."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from healthcheck.errors import DeadlinePassed, Failure, FailureKind, UndeclaredCall
from healthcheck.target import CredentialSource
from tests.aws.aws_bench import Bench
from tests.aws.aws_imitation import Told, error, one_by_one, role


def age(bench: Bench, subject: str = "the role", **of_scope: Any) -> object:
    """Ask for a role hourly, or be told why not."""
    with bench.scope("iam.GetRole", **of_scope) as aws:
        return aws.hourly(
            subject, lambda: aws.optional(lambda: aws.client("iam").get_role(RoleName="Trainer")["Role"]["RoleName"])
        )


@pytest.mark.parametrize(("minutes", "calls"), [(0, 1), (59, 1), (60, 2), (-1, 2)])
def test_an_answer_counts_for_an_hour(bench: Bench, minutes: int, calls: int) -> None:
    age(bench)
    bench.later(minutes=minutes)

    assert age(bench) == "Trainer"
    assert bench.aws.count("iam.GetRole") == (calls if minutes else 1)


def test_other_subjects_and_other_sources_are_asked_for_by_themselves(bench: Bench) -> None:
    bench.write_profiles("[other]\naws_access_key_id=AKIAAAAA111122223333\naws_secret_access_key=x\n")
    age(bench)
    bench.later(minutes=2)
    age(bench, "another subject")
    bench.later(minutes=2)
    age(bench, source=CredentialSource(profile="other"))

    assert bench.aws.count("iam.GetRole") == 3


def test_who_confirms_something_is_told_nothing_old_and_others_hear_of_it(bench: Bench) -> None:
    age(bench)
    bench.later(minutes=59)
    age(bench, max_age_seconds=15)
    bench.later(minutes=59)
    age(bench)

    assert bench.aws.count("iam.GetRole") == 2


def test_a_refusal_counts_for_an_hour_and_what_may_be_gone_soon_does_not(bench: Bench) -> None:
    bench.aws.answers["iam.GetRole"] = one_by_one(*[error("ServiceUnavailable", status=503)] * 3, error("AccessDenied"))
    failures = []
    for _ in range(3):
        failures.append(age(bench))
        bench.later(minutes=2)

    assert [failure.kind for failure in failures if isinstance(failure, Failure)] == [
        FailureKind.SERVICE_ERROR,
        FailureKind.NOT_PERMITTED,
        FailureKind.NOT_PERMITTED,
    ]
    assert bench.aws.count("iam.GetRole") == 4


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (error("AccessDenied"), FailureKind.NOT_PERMITTED),
        (error("NoSuchEntity"), FailureKind.NOT_FOUND),
        (error("InvalidInput", status=400), FailureKind.BAD_ANSWER),
        (Told("<GetRoleResponse><"), FailureKind.BAD_ANSWER),
    ],
)
def test_that_there_is_no_usable_answer_is_an_answer(bench: Bench, told: Told, kind: FailureKind) -> None:
    bench.aws.answers["iam.GetRole"] = lambda _: told

    failure = age(bench)

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.operation or "iam.GetRole") == (kind, "iam.GetRole")


def test_mistakes_of_a_check_and_the_end_of_its_time_are_raised_all_the_same(bench: Bench) -> None:
    with bench.scope("iam.GetRole") as aws:
        with pytest.raises(ParamValidationError):
            aws.optional(lambda: aws.client("iam").get_role(Role="Trainer"))
        with pytest.raises(UndeclaredCall):
            aws.optional(lambda: aws.client("iam").get_user())
    with pytest.raises(DeadlinePassed):
        age(bench, seconds=0)


def test_what_is_asked_is_asked_of_the_answers_that_are_remembered(bench: Bench) -> None:
    bench.aws.answers["iam.GetRole"] = one_by_one(role, error("AccessDenied"))
    with bench.scope("iam.GetRole") as aws:
        aws.client("iam").get_role(RoleName="Trainer")

    assert age(bench) == "Trainer"
    assert bench.aws.count("iam.GetRole") == 1
