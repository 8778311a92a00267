"""YAML as texts with places: what is allowed, and where each mistake is said to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from healthcheck.config.mistakes import Mistakes
from healthcheck.config.nodes import DEPTH_LIMIT, Listing, Node, Scalar, dump, parse, syntax_mistake


def bare(node: Node | None) -> Any:
    """Return a tree without its places."""
    if node is None or isinstance(node, Scalar):
        return node and node.text
    if isinstance(node, Listing):
        return [bare(item) for item in node.items]
    return {key: bare(entry.value) for key, entry in node.entries.items()}


def tree(text: str, environ: Mapping[str, str] | None = None) -> Any:
    mistakes = Mistakes("f")
    node = parse(text, environ or {}, mistakes)
    mistakes.raise_if_any()
    return bare(node)


def mistakes_of(text: str) -> list[tuple[int | None, int | None, str]]:
    mistakes = Mistakes("f")
    parse(text, {}, mistakes)
    return [(mistake.line, mistake.column, mistake.sentence) for mistake in mistakes.found]


def test_every_scalar_stays_the_text_that_was_written() -> None:
    assert tree("a: 012345678901\nb: no\nc: 1e3\nd: 2026-01-01\ne: 12:30:45\nf: 0x10\ng: ~\nh:\n") == {
        "a": "012345678901",
        "b": "no",
        "c": "1e3",
        "d": "2026-01-01",
        "e": "12:30:45",
        "f": "0x10",
        "g": "~",
        "h": "",
    }


def test_places_count_from_one() -> None:
    node = parse("a:\n  - b\n  -   c\n", {}, Mistakes("f"))
    assert node is not None
    assert not isinstance(node, Scalar | Listing)
    entry = node.entries["a"]
    assert isinstance(entry.value, Listing)
    assert [(place.line, place.column) for place in (entry, *entry.value.items)] == [(1, 1), (2, 5), (3, 7)]


def test_an_empty_text_has_no_document() -> None:
    assert tree("") is None
    assert tree("# nothing\n") is None


def test_only_what_stands_without_quotes_and_says_so_is_absent() -> None:
    node = parse('- ~\n- null\n- ""\n- "null"\n- ${EMPTY:-}\n- ${WORD}\n', {"WORD": "null"}, Mistakes("f"))
    assert isinstance(node, Listing)
    assert [item.is_absent for item in node.items if isinstance(item, Scalar)] == [
        True,
        True,
        False,
        False,
        True,
        False,
    ]


def test_an_alias_stands_for_its_anchor_and_a_merge_yields_to_what_stands_there() -> None:
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], x: 9}\nd: *a\n"
    assert tree(text) == {
        "a": {"x": "1", "y": "2"},
        "b": {"y": "3", "z": "4"},
        "c": {"x": "9", "y": "2", "z": "4"},
        "d": {"x": "1", "y": "2"},
    }


def test_a_quoted_merge_key_is_a_key_like_any_other() -> None:
    assert tree('"<<": x') == {"<<": "x"}


def test_variables_are_put_into_values_and_not_into_keys() -> None:
    assert tree('${A}: ${A}\nb: ["${A}"]\n', {"A": "1"}) == {"${A}": "1", "b": ["1"]}


def test_windows_line_ends_are_line_ends() -> None:
    assert mistakes_of("a: 1\r\na: 2\r\n") == [(2, 1, '"a" stands here twice, first in line 1; remove one')]


MISTAKES = [
    ("a: 1\nb: 2\na: 3\n", 3, 1, '"a" stands here twice, first in line 1; remove one'),
    ("a:\n\t- b\n", 2, 1, "is not YAML here: a tab indents this line; YAML is indented with spaces"),
    (
        "a: @b\n",
        1,
        4,
        "is not YAML here: found character that cannot start any token; put a text that begins with @ in quotes",
    ),
    (
        "a: b: c\n",
        1,
        5,
        (
            "is not YAML here: mapping values are not allowed in this context; "
            "check the indentation, and put a text that holds ': ' in quotes"
        ),
    ),
    (
        "a: [${B}]\n",
        1,
        6,
        "is not YAML here: did not find expected ',' or ']'; inside brackets, put ${NAME} in quotes",
    ),
    ("a: [1,\n", 2, 1, "is not YAML here: did not find expected node content"),
    ("a: 'x\n", 2, 1, "is not YAML here: found unexpected end of stream"),
    ("a: 1\n---\nb: 2\n", 2, 1, "a second document starts here; put everything into one, without ---"),
    ("a: *b\n", 1, 4, "*b refers to no anchor above it; write &b there"),
    ("a: &a [1, *a]\n", 1, 11, "*a stands inside what it stands for"),
    ("a: &a {b: {<<: *a}}\n", 1, 16, "*a stands inside what it stands for"),
    (
        "a: !!python/object:os.system x\n",
        1,
        4,
        'the tag "tag:yaml.org,2002:python/object:os.system" has no meaning here; leave it out',
    ),
    ("a: !secret x\n", 1, 4, 'the tag "!secret" has no meaning here; leave it out'),
    ("[a]: 1\n", 1, 1, "expected a key here, a plain text before a colon"),
    ("? {a: b}\n: 1\n", 1, 3, "expected a key here, a plain text before a colon"),
    ("a: 1\nb: {<<: 5}\n", 2, 9, "<< needs an alias of a mapping, such as *defaults"),
    ("a: 1\nb: x\x07y\n", 2, 5, "holds the character '\\x07', which YAML does not allow"),
    ("a: ${NOPE}\n", 1, 4, "the environment variable NOPE is not set; set it, or write ${NOPE:-default}"),
]


@pytest.mark.parametrize(("text", "line", "column", "sentence"), MISTAKES)
def test_a_mistake_has_its_place(text: str, line: int, column: int, sentence: str) -> None:
    assert [(line, column, sentence)] == mistakes_of(text)


def test_a_syntax_error_without_a_place_still_has_a_sentence() -> None:
    assert syntax_mistake(yaml.MarkedYAMLError(problem="odd"), "") == (None, "is not YAML here: odd")


def test_after_a_duplicate_reading_goes_on() -> None:
    assert [len(mistakes_of(text)) for text in ("a: 1\na: 2\n", "a: 1\na: 2\nb: 1\nb: 2\n")] == [1, 2]


def test_core_tags_say_nothing_new_and_are_allowed() -> None:
    assert tree("a: !!str 1\nb: !!seq [! 2]\n") == {"a": "1", "b": ["2"]}


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_ends_in_a_sentence_and_not_in_a_crash(opening: str) -> None:
    (mistake,) = mistakes_of(opening * 100_000)
    assert f"is nested deeper than {DEPTH_LIMIT} levels, which no setting is" == mistake[2]


def test_aliases_that_multiply_are_refused_before_they_are_followed() -> None:
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10))
    (mistake,) = mistakes_of(f"a0: &a0 [x]\n{levels}\n")
    assert (mistake[0], mistake[2]) == (7, "stands for more than 1,000,000 values, aliases followed; make it smaller")


@given(
    st.recursive(
        st.text(),
        lambda inner: st.lists(inner, min_size=1) | st.dictionaries(st.text().filter(lambda key: key != "<<"), inner),
        max_leaves=10,
    ).filter(lambda value: "\ufeff" not in repr(value) and "\\ufeff" not in repr(value))
)
def test_what_is_dumped_reads_as_the_same_texts(document: Any) -> None:
    text = dump(_escaped(document))
    assert document == tree(text)


def _escaped(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return value.replace("$", "$$")


@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!#|>'\"%@`,?$ \n\t")))
def test_whatever_the_text_each_mistake_has_a_place_in_it(text: str) -> None:
    lines = text.count("\n") + 2
    assert all(line and column and line <= lines for line, column, _ in mistakes_of(text))
