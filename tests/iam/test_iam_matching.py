"""Patterns: what matches, and that no pattern takes long."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthcheck.iam.context import Context
from healthcheck.iam.matching import Pattern, resource_pattern
from healthcheck.iam.truth import Maybe
from healthcheck.iam.wildcards import Glob, Variable, tokenize

NOTHING = Context({}, complete=True)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "", True),
        ("*", "anything:at/all", True),
        ("", "", True),
        ("", "a", False),
        ("?", "", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a*c", "ac", True),
        ("a*c", "abcc", True),
        ("a*c", "abcd", False),
        ("*a?b*", "xxaab", True),
        ("*a?b*", "xxaaab", True),
        ("*a??b*", "xxaab", False),
        ("*??*", "a", False),
        ("*??*", "ab", True),
        ("a*a", "a", False),
        ("ab*ba", "aba", False),
        ("*a?b*", "xacb", True),
        ("*a?b*", "xacxb", False),
        ("*ab*ab*", "abab", True),
        # What stands between two stars must not reach into the end.
        ("*ab*b", "ab", False),
        ("*ab*b", "xab", False),
        ("*ab*b", "abb", True),
        ("*a?*b", "ab", False),
        ("*a?*b", "acb", True),
        ("*??*b", "ab", False),
        ("*??*b", "aab", True),
        ("*ab*ab*", "aba", False),
        ("*?", "a", True),
        ("a[b]", "ab", False),
        ("a.c", "abc", False),
        ("**", "x", True),
    ],
)
def test_wildcards(pattern: str, text: str, expected: bool) -> None:  # noqa: FBT001 - a table
    assert Pattern(pattern).match(text, NOTHING) is expected


@settings(max_examples=1_000)
@given(st.text("ab*?:", max_size=8), st.text("abc:*\n", max_size=8))
def test_wildcards_match_what_the_plain_meaning_says(pattern: str, text: str) -> None:
    meaning = "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern)
    expected = re.fullmatch(meaning, text, re.DOTALL) is not None
    assert Glob(tokenize(pattern, wildcards=True, variables=False)).matches(text) is expected


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/x:y", True),
        ("arn:aws:s3:::b*", "arn:aws:s3:::b/k", True),
        ("arn:aws:s3:::b", "arn:aws:s3:::b/k", False),
        ("arn:aws:s3:::B/*", "arn:aws:s3:::b/k", False),
        ("arn:aws:sqs", "arn:aws:sqs:eu-west-1:1:q", True),
        ("arn:aws:sqs:eu-west-1", "arn:aws:sqs:us-east-1:1:q", False),
        ("arn:aws:iam::*:role/*", "arn:aws:iam::1:role/service-role/x", True),
        ("arn:*:s3:::b/k", "arn:aws-cn:s3:::b/k", True),
        ("*", "*", True),
        ("arn:aws:ecr:*", "*", False),
    ],
)
def test_resources(pattern: str, resource: str, expected: bool) -> None:  # noqa: FBT001 - a table
    assert resource_pattern(pattern, variables=True).match(resource, NOTHING) is expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("1/test/", True),
        ("1/2/test/3/object.jpg", True),
        ("1///test///object.jpg", True),
        ("/test/object.jpg", True),
        ("1-test/object.jpg", False),
        ("test/object.jpg", False),
        ("1/2/test.jpg", False),
    ],
)
def test_a_star_reaches_over_slashes(key: str, expected: bool) -> None:  # noqa: FBT001 - a table
    """IAM User Guide, Resource: the example of ``/*/test/*`` (read 2026-11-22)."""
    pattern = resource_pattern("arn:aws:s3:::amzn-s3-demo-bucket/*/test/*", variables=True)
    assert pattern.match(f"arn:aws:s3:::amzn-s3-demo-bucket/{key}", NOTHING) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${aws:username}", (Variable("aws:username"),)),
        ("a${ aws:username }b", ("a", Variable("aws:username"), "b")),
        ("${aws:x, 'd'}", (Variable("aws:x", "d"),)),
        ("${aws:x,'a}b'}", (Variable("aws:x", "a}b"),)),
        ("${aws:x, ''}", (Variable("aws:x", ""),)),
        ("${aws:PrincipalTag/a b}", (Variable("aws:PrincipalTag/a b"),)),
        ("${$}{x}", ("$", "{x}")),
        ("${?}", ("?",)),
        ("${}", ("${}",)),
        ("${aws:x", ("${aws:x",)),
        ("${aws:x, d}", ("${aws:x, d}",)),
        ("${aws:x, 'd}", ("${aws:x, 'd}",)),
        ("${aws:x, 'd' }", ("${aws:x, 'd' }",)),
        ("${a${aws:x}", ("${a", Variable("aws:x"))),
        ("$", ("$",)),
        ("$${aws:x}", ("$", Variable("aws:x"))),
    ],
)
def test_variables_are_found_and_what_is_none_stays_text(text: str, expected: object) -> None:
    assert tokenize(text, wildcards=False, variables=True) == expected


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        ("zoe", "home/zoe/x", True),
        ("zoe", "home/adam/x", False),
        ("*", "home/zoe/x", False),
        ("*", "home/*/x", True),
        (None, "home/zoe/x", False),
        (None, "home//x", False),
    ],
)
def test_a_value_is_substituted_literally(value: object, text: str, expected: bool) -> None:  # noqa: FBT001
    context = Context({"aws:username": value}, complete=True)  # type: ignore[dict-item]
    assert Pattern("home/${aws:username}/*").match(text, context) is expected


@pytest.mark.parametrize("value", [["zoe", "adam"], ""], ids=["several values", "an empty value"])
def test_what_aws_substitutes_for_such_a_value_is_open(value: object) -> None:
    context = Context({"aws:username": value}, complete=True)  # type: ignore[dict-item]
    pattern = Pattern("home/${aws:username}/*")
    verdict = pattern.match("home/zoe/x", context)
    assert isinstance(verdict, Maybe)
    assert "aws:username" in min(verdict.doubts)
    assert pattern.match("work/zoe/x", context) is False


def test_an_unknown_value_is_open_only_where_it_matters() -> None:
    context = Context({}, complete=False)
    pattern = Pattern("home/${aws:username}/*")
    assert pattern.match("home/zoe/x", context) == Maybe(keys=frozenset({"aws:username"}))
    assert pattern.match("work/zoe/x", context) is False


def test_letter_case_is_irrelevant_around_an_unknown_value_too() -> None:
    pattern = Pattern("Team-${aws:PrincipalTag/Name}", wildcards=False, ignore_case=True)
    unknown = Context({}, complete=False)
    assert pattern.match("TEAM-x", unknown) == Maybe(keys=frozenset({"aws:PrincipalTag/Name"}))
    assert pattern.match("crew-x", unknown) is False
    assert pattern.match("TEAM-BLUE", Context({"aws:PrincipalTag/Name": "Blue"}, complete=True)) is True


def test_a_default_stands_in_for_an_absent_key_and_not_for_an_unknown_one() -> None:
    pattern = Pattern("${aws:PrincipalTag/team, 'all'}/*")
    assert pattern.match("all/x", NOTHING) is True
    assert isinstance(pattern.match("all/x", Context({}, complete=False)), Maybe)


@settings(max_examples=500)
@given(
    st.text("aB*?:", max_size=6), st.text("aB:", max_size=4), st.text("abB:", max_size=3), st.booleans(), st.booleans()
)
def test_what_a_beginning_settles_holds_for_every_end(
    written: str,
    beginning: str,
    end: str,
    ignore_case: bool,  # noqa: FBT001 - hypothesis gives them by position
    by_arn_part: bool,  # noqa: FBT001
) -> None:
    pattern = Pattern(written, ignore_case=ignore_case, by_arn_part=by_arn_part)
    settled = pattern.match_beginning(beginning, NOTHING)
    if settled is not None:
        assert pattern.match(beginning + end, NOTHING) is settled


HOSTILE: list[tuple[str, Callable[[int], str], Callable[[int], str]]] = [
    ("many stars", lambda n: "a*" * n + "b", lambda n: "a" * n),
    ("stars and question marks", lambda n: "*a?" * n, lambda n: "a" * n),
    ("a late mismatch", lambda n: "*" + "a" * n + "b*", lambda n: "a" * (2 * n)),
    ("a late mismatch with a gap", lambda n: "*" + "a" * n + "?b*", lambda n: "a" * (2 * n)),
    ("gaps everywhere", lambda n: "*" + "a?" * n + "b*", lambda n: "a" * (4 * n)),
    ("openings of variables", lambda n: "${" * n, lambda n: "x" * n),
    ("openings with a far end", lambda n: "${a," * n + "'}", lambda n: "x" * n),
    ("openings with quotes", lambda n: "${a, '" * n, lambda n: "x" * n),
]


@pytest.mark.parametrize(("pattern", "text"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_no_pattern_takes_long(pattern: Callable[[int], str], text: Callable[[int], str]) -> None:
    """Ten times what AWS accepts takes well under a second; a regular expression would not come back."""
    size = 20_000
    started = time.process_time()
    Pattern(pattern(size)).match(text(size), NOTHING)
    assert time.process_time() - started < 1
