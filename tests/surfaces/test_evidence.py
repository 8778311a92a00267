"""Facts as lines for a reader."""

from __future__ import annotations

import pytest

from healthcheck.result import Json
from healthcheck.surfaces.evidence import facts

LONG = "arn:aws:s3:::sagemaker-us-east-1-111122223333/team-a/*"


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ("text", ["fact: text"]),
        (7, ["fact: 7"]),
        (True, ["fact: true"]),
        (None, ["fact: null"]),
        ([], ["fact: "]),
        (["a", "b"], ["fact: a, b"]),
        ([LONG], [f"fact: {LONG}"]),
        ([LONG, LONG], ["fact:", f"- {LONG}", f"- {LONG}"]),
        ({"training": "denied"}, ["fact: training: denied"]),
        ({"read": LONG, "write": ["x", 1]}, ["fact: read: " + LONG + ', write: ["x", 1]']),
        ({"read": LONG, "write": LONG}, ["fact:", f"- read: {LONG}", f"- write: {LONG}"]),
    ],
)
def test_a_fact_takes_a_line_or_a_line_a_part(value: Json, lines: list[str]) -> None:
    assert list(facts({"fact": value})) == lines


def test_what_is_too_much_to_read_is_cut_and_says_so() -> None:
    told = list(facts({"many": [f"{number} {LONG}" for number in range(20)], "long": "x" * 400}))
    assert told[-2] == "- and 8 more"
    assert told[-1] == "long: " + "x" * 299 + "…"
