"""Durations, variables and kinds: how a text becomes a value."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcheck.config.durations import format_duration, parse_duration
from healthcheck.config.interpolation import escape, interpolate
from healthcheck.config.kinds import Unfit, kind_of
from healthcheck.config.nodes import Listing, Node, Scalar
from tests.registries import Colour

DURATIONS = [
    ("30s", timedelta(seconds=30)),
    ("15m", timedelta(minutes=15)),
    ("12h", timedelta(hours=12)),
    ("1h30m", timedelta(hours=1, minutes=30)),
    ("7d", timedelta(days=7)),
    ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ("0.25s", timedelta(milliseconds=250)),
    ("90m", timedelta(minutes=90)),
    ("3650d", timedelta(days=3650)),
]


def of(text: str) -> Scalar:
    return Scalar(text, 1, 1, plain=True, written=text)


def items(*nodes: Node) -> Listing:
    return Listing(nodes, 1, 1)


@pytest.mark.parametrize(("text", "duration"), DURATIONS)
def test_a_duration_is_numbers_with_units(text: str, duration: timedelta) -> None:
    assert duration == parse_duration(text)


@pytest.mark.parametrize(
    "text", ["", "s", "h30m", "1m1h", "-5m", "1 h", "1.5h", "5M", "5min", "3651d", "99999d", "123456d", "1h 30m", "٣s"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^( and no longer than 3650d)?$"):
        parse_duration(text)


def test_a_number_without_a_unit_gets_one_offered() -> None:
    with pytest.raises(ValueError, match=r"^; did you mean 30s\?$"):
        parse_duration("30")


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(0), "0s"),
        (timedelta(minutes=90), "1h30m"),
        (timedelta(hours=36), "1d12h"),
        (timedelta(microseconds=1_500_000), "1.5s"),
        (timedelta(seconds=100), "1m40s"),
    ],
)
def test_a_duration_is_written_with_the_largest_units(duration: timedelta, text: str) -> None:
    assert text == format_duration(duration)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3650)))
def test_a_written_duration_reads_as_itself(duration: timedelta) -> None:
    assert duration == parse_duration(format_duration(duration))


ENVIRON = {"NAME": "value", "EMPTY": "", "YAML": "[a, b]: ${NAME}", "REGION": "eu-west-1"}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${NAME}", "value"),
        ("a-${NAME}-${REGION}", "a-value-eu-west-1"),
        ("${UNSET:-default}", "default"),
        ("${EMPTY:-default}", "default"),
        ("${UNSET:-}", ""),
        ("${NAME:-default}", "value"),
        ("$${NAME}", "${NAME}"),
        ("$$", "$"),
        ("$NAME costs $5", "$NAME costs $5"),
        ("${YAML}", "[a, b]: ${NAME}"),
        ("${UNSET:-a:-b}", "a:-b"),
    ],
)
def test_variables_are_put_in_once_and_never_parsed(text: str, result: str) -> None:
    assert (result, ()) == interpolate(text, ENVIRON)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "${REGON}",
            "the environment variable REGON is not set; set it, or write ${REGON:-default}; did you mean ${REGION}?",
        ),
        ("${EMPTY}", "the environment variable EMPTY is set but empty; set it, or write ${EMPTY:-default}"),
        ("${}", '"${}" is no variable; write ${NAME}, or $$ for a dollar'),
        ("${NAME", '"${NAME" is no variable; write ${NAME}, or $$ for a dollar'),
        ("${1A}", '"${1A}" is no variable; write ${NAME}, or $$ for a dollar'),
        ("${NAME:=x}", '"${NAME:=x}" is no variable; write ${NAME}, or $$ for a dollar'),
    ],
)
def test_a_variable_that_cannot_be_put_in_is_told(text: str, problem: str) -> None:
    assert ("", (problem,)) == interpolate(text, ENVIRON)


@given(st.text())
def test_an_escaped_text_reads_as_itself(text: str) -> None:
    assert (text, ()) == interpolate(escape(text), {})


@pytest.mark.parametrize(
    ("annotation", "node", "value"),
    [
        (bool, of("yes"), True),
        (bool, of("Off"), False),
        (int, of("-3"), -3),
        (int, of("010"), 10),
        (float, of("1e3"), 1000.0),
        (str, of("no"), "no"),
        (str, of("0123"), "0123"),
        (timedelta, of("2h"), timedelta(hours=2)),
        (timedelta | None, of("null"), None),
        (timedelta | None, of("2h"), timedelta(hours=2)),
        (Colour, of("dark-blue"), Colour.DARK_BLUE),
        (Literal["fast", "slow"], of("slow"), "slow"),
        (tuple[int, ...], items(of("1"), of("2")), (1, 2)),
        (tuple[int, ...], items(), ()),
    ],
)
def test_each_type_of_setting_reads_its_texts(annotation: object, node: Node, value: object) -> None:
    assert value == kind_of(annotation).read(node, "x")


@pytest.mark.parametrize(
    ("annotation", "node", "sentence"),
    [
        (bool, of("maybe"), 'x is "maybe"; expected true or false'),
        (int, of("1.5"), 'x is "1.5"; expected a whole number'),
        (int, of("0x10"), 'x is "0x10"; expected a whole number'),
        (int, of("9" * 19), f'x is "{"9" * 19}"; expected a whole number'),
        (float, of("nan"), 'x is "nan"; expected a number'),
        (float, of("much"), 'x is "much"; expected a number'),
        (float, of("1e999"), 'x is "1e999"; expected a number'),
        (str, items(), "x is a list; expected a text"),
        (str, of("~"), "x is empty; expected a text"),
        (timedelta, of("2"), 'x is "2"; expected a duration such as 30s, 15m, 12h or 1h30m; did you mean 2s?'),
        (Colour, of("rad"), 'x is "rad"; expected one of red, dark-blue; did you mean red?'),
        (Literal["fast", "slow"], of("FAST"), 'x is "FAST"; expected one of fast, slow'),
        (tuple[int, ...], of("1"), 'x is "1"; expected a list in brackets'),
        (tuple[int, ...], items(of("a")), 'entry 1 of x is "a"; expected a whole number'),
        (tuple[int, ...], items(of("1"), of("01")), 'x names "01" twice; remove one'),
    ],
)
def test_each_type_of_setting_refuses_what_it_is_not(annotation: object, node: Node, sentence: str) -> None:
    with pytest.raises(Unfit) as caught:
        kind_of(annotation).read(node, "x")
    assert [sentence] == [words for _, words in caught.value.problems]


def test_a_list_tells_all_its_mistakes() -> None:
    with pytest.raises(Unfit) as caught:
        kind_of(tuple[bool, ...]).read(items(of("a"), of("yes"), of("b")), "x")
    assert [words.partition(" is")[0] for _, words in caught.value.problems] == ["entry 1 of x", "entry 3 of x"]


class Number(Enum):
    ONE = 1


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (bool, True),
        (int, 7),
        (float, 0.25),
        (str, "a $ sign"),
        (timedelta, timedelta(minutes=90)),
        (timedelta | None, None),
        (Colour, Colour.DARK_BLUE),
        (Number, Number.ONE),
        (Literal["fast", "slow"], "slow"),
        (tuple[timedelta, ...], (timedelta(hours=1), timedelta(hours=2))),
    ],
)
def test_what_a_kind_writes_it_reads(annotation: object, value: object) -> None:
    kind = kind_of(annotation)
    written = kind.write(value)
    if isinstance(written, list):
        node: Node = items(*(of(str(item)) for item in written))
    else:
        node = of("null" if written is None else str(written))
    assert value == kind.read(node, "x")


def test_a_type_that_no_setting_has_is_refused() -> None:
    with pytest.raises(TypeError, match="dict"):
        kind_of(dict)


def test_a_value_from_the_environment_is_not_shown() -> None:
    secret = Scalar("hunter2", 1, 1, plain=True, written="${PASSWORD}")
    with pytest.raises(Unfit) as caught:
        kind_of(int).read(secret, "x")
    assert 'x is "${PASSWORD}"; expected a whole number' == caught.value.problems[0][1]  # noqa: SIM300
