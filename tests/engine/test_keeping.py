"""Runs as they are kept: equal to what was reported, smaller, and shared where they can be."""

from __future__ import annotations

import copy
import json
import sys
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcheck.engine.keeping import Facts, kept
from healthcheck.engine.validation import is_json
from healthcheck.result import Json, Result, Status
from healthcheck.run import Run
from tests.engine.workbench import START, bad, good

EVIDENCE: dict[str, Json] = {"arn": "arn:aws:iam::1:role/größe", "purposes": {"training": ["allowed", None]}, "n": 3}


def run(*results: Result, run_id: str = "run") -> Run:
    return Run(run_id, "prod/eu-west-1", "role.exists", Status.OK, START, 0.5, results)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), values, max_size=5))
def test_evidence_is_the_same_after_it_was_kept(evidence: dict[str, Json]) -> None:
    assert is_json(evidence)
    assert kept(run(replace(good(), evidence=evidence)), None) == run(replace(good(), evidence=evidence))


def test_kept_evidence_is_a_mapping_like_any_other() -> None:
    (result,) = kept(run(replace(good(), evidence=EVIDENCE)), None).results
    facts = result.evidence
    assert isinstance(facts, Facts)
    assert (dict(facts), list(facts), len(facts), facts["n"]) == (EVIDENCE, list(EVIDENCE), 3, 3)
    assert (facts.get("nothing"), "arn" in facts, repr(facts)) == (None, True, repr(EVIDENCE))
    assert facts == copy.copy(facts) != Facts(b"{}")
    with pytest.raises(TypeError):
        hash(facts)
    with pytest.raises(KeyError):
        facts["nothing"]


def test_tuples_and_read_only_mappings_are_kept_as_json_says_them() -> None:
    evidence: Json = MappingProxyType({"regions": ("a", "b"), "inner": MappingProxyType({"x": 1})})
    (result,) = kept(run(replace(good(), evidence=evidence)), None).results  # type: ignore[arg-type]
    assert dict(result.evidence) == {"regions": ["a", "b"], "inner": {"x": 1}}
    assert json.dumps(dict(result.evidence))


def test_a_run_that_saw_the_same_shares_what_was_seen() -> None:
    first = kept(run(replace(good(), evidence=EVIDENCE)), None)
    again = kept(run(replace(good(), evidence=dict(EVIDENCE)), run_id="again"), first)
    assert again.run_id == "again"
    assert again.results is first.results
    assert kept(run(bad()), first).results == (bad(),)


def test_targets_that_say_the_same_share_the_words() -> None:
    words = "the role is as it should be"
    first, second = (kept(run(replace(good(), summary="".join(words))), None).results[0] for _ in range(2))
    # Python 3.12 would keep what it shares for ever.
    assert (first.summary is second.summary) is (sys.version_info[:2] != (3, 12))
    assert first.subject is second.subject


def test_texts_go_with_the_last_run_that_holds_them() -> None:
    before = sys.getallocatedblocks()
    for number in range(20_000):
        kept(run(replace(good(), subject=f"subject {number}", summary=f"ended {number} s ago")), None)
    assert sys.getallocatedblocks() - before < 5_000


def test_kept_runs_are_smaller() -> None:
    def size(value: object) -> int:
        inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
        return sys.getsizeof(value) + sum(size(item) for item in inner)

    plain: dict[str, Json] = {
        "purposes": {"training": "allowed", "hosting": "allowed"},
        "statements": [1, 2],
        "misses": [],
    }
    (result,) = kept(run(replace(good(), evidence=plain)), None).results
    assert isinstance(result.evidence, Facts)
    assert sys.getsizeof(result.evidence) + sys.getsizeof(result.evidence._text) < size(plain) / 3
