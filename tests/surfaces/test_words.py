from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from healthcheck.engine.snapshot import Snapshot
from healthcheck.result import Status
from healthcheck.surfaces import words
from tests.surfaces.pictures import fleet, healthy, not_run_yet, picture, prod, snapshot


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (3660, "1 h 1 min"),
        (86399, "23 h 59 min"),
        (86400, "1 d"),
        (90000, "1 d 1 h"),
        (864000, "10 d"),
    ],
)
def test_times_are_told_in_their_two_largest_units(seconds: float, text: str) -> None:
    assert words.spoken(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(("number", "text"), [(0, "0 targets"), (1, "1 target"), (5000, "5,000 targets")])
def test_numbers_agree_with_their_nouns(number: int, text: str) -> None:
    assert words.count(number, "target") == text


@pytest.mark.parametrize(("limit", "text"), [(3, "a, b, c"), (2, "a, b and 1 more"), (1, "a and 2 more")])
def test_long_lists_are_cut(limit: int, text: str) -> None:
    assert words.listed(["a", "b", "c"], limit) == text


def all_of(status: Status, count: int = 2) -> Snapshot:
    return snapshot(tuple(replace(state, status=status) for state in fleet(count).targets))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (snapshot(()), "No target is configured"),
        (healthy(), "All 2 targets are in order"),
        (picture(), "2 of 5 targets do not work"),
        (snapshot((prod("us-east-1"),)), "The target does not work"),
        (snapshot((prod("us-east-1"), *healthy().targets)), "1 of 3 targets does not work"),
        (snapshot(healthy().targets[:1]), "The target is in order"),
        (not_run_yet(), "The first look is still going on: 0 of 1 target seen"),
        (
            snapshot((*not_run_yet().targets, *healthy().targets)),
            "The first look is still going on: 2 of 3 targets seen",
        ),
        (snapshot((*not_run_yet().targets, prod("us-east-1"))), "1 of 2 targets does not work"),
        (all_of(Status.UNKNOWN), "2 of 2 targets could not be judged in full"),
        (all_of(Status.WARNING), "2 of 2 targets need attention"),
        (all_of(Status.WARNING, 1), "The target needs attention"),
        (all_of(Status.SKIPPED), "No check applies, so nothing was seen"),
        (replace(healthy(), plugin_failures=picture().plugin_failures), "Contributed checks could not be loaded"),
    ],
)
def test_the_verdict_is_one_true_sentence(given: Snapshot, sentence: str) -> None:
    assert words.verdict(given) == sentence


def test_statuses_are_counted_most_severe_first() -> None:
    given = [Status.OK, Status.SKIPPED, Status.UNKNOWN, Status.OK, Status.CRITICAL, Status.WARNING, Status.BLOCKED]
    assert words.counts(given) == [
        (Status.CRITICAL, 1),
        (Status.UNKNOWN, 1),
        (Status.WARNING, 1),
        (Status.BLOCKED, 1),
        (Status.OK, 2),
        (Status.SKIPPED, 1),
    ]


@pytest.mark.parametrize(
    ("subject", "headline"),
    [
        ("arn:aws:iam::111122223333:role/ml/Train", "role/ml/Train: may not be used"),
        ("arn:aws-cn:kms:cn-north-1:111122223333:key/1234", "key/1234: may not be used"),
        ("s3://acme-data/in", "s3://acme-data/in: may not be used"),
        ("arn:of nothing", "arn:of nothing: may not be used"),
    ],
)
def test_a_headline_says_of_what_and_leaves_the_long_form_to_what_stands_beside_it(subject: str, headline: str) -> None:
    incident = replace(picture().incidents[0], subject=subject, summary=f"{subject}: may not be used")
    assert words.headline(incident) == headline


def test_a_headline_that_does_not_begin_with_its_subject_is_the_summary() -> None:
    incident = picture().incidents[0]
    assert words.headline(incident) == incident.summary
