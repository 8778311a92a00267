"""Kinds of values: how a node of a settings file becomes one, and how JSON Schema describes it."""

from __future__ import annotations

import math
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from typing import Any, Generic, TypeVar

from healthcheck.config.durations import PATTERN as DURATION_PATTERN
from healthcheck.config.durations import format_duration, parse_duration
from healthcheck.config.mistakes import Placed, did_you_mean, quoted
from healthcheck.config.nodes import Listing, Node, Scalar
from healthcheck.registry import closest

T = TypeVar("T")
Schema = dict[str, Any]

_TRUE = frozenset({"true", "yes", "on"})
_FALSE = frozenset({"false", "no", "off"})


class Unfit(Exception):
    """A node is not of the kind that is expected."""

    def __init__(self, *problems: tuple[Placed, str]) -> None:
        self.problems = problems
        super().__init__(*(sentence for _, sentence in problems))


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """A kind of value that a setting may have."""

    read: Callable[[Node, str], T]
    """Node and the words for it → value, or `Unfit`."""
    schema: Schema = field(default_factory=dict)
    write: Callable[[T], object] = str
    """Value → what `config show` writes, such that `read` gives the value again."""
    accepts_null: bool = False
    """Whether an empty value means none; otherwise it means that the setting is left out."""


def met(node: Node) -> str:
    """Return the words for what stands in the file."""
    if isinstance(node, Listing):
        return "a list"
    if not isinstance(node, Scalar):
        return "a mapping"
    return "empty" if node.is_absent else quoted(node.written)


def unfit(node: Node, label: str, expected: str, hint: str = "") -> Unfit:
    """Return the complaint about one node."""
    return Unfit((node, f"{label} is {met(node)}; expected {expected}{hint}"))


def scalar(convert: Callable[[str], T], expected: str, schema: Schema, write: Callable[[T], object] = str) -> Kind[T]:
    """Return the kind of a single value; `convert` raises ValueError, with a hint if it has one."""

    def read(node: Node, label: str) -> T:
        if not isinstance(node, Scalar) or node.is_absent:
            raise unfit(node, label, expected)
        try:
            return convert(node.text)
        except ValueError as error:
            hint = "" if node.is_interpolated else str(error)
            raise unfit(node, label, expected, hint) from None

    return Kind(read, {"anyOf": [schema, {"$ref": "#/$defs/variable"}]}, write)


def text(pattern: str, expected: str, *, hint: Callable[[str], str] = lambda _: "") -> Kind[str]:
    """Return the kind of a text of a certain form."""
    compiled = re.compile(pattern)

    def convert(written: str) -> str:
        if not compiled.fullmatch(written):
            raise ValueError(hint(written))
        return written

    # What looks like a number is one to those who read YAML by its own rules.
    return scalar(convert, expected, {"type": ["string", "number"], "pattern": f"^(?:{pattern})$"})


def concealed(kind: Kind[T], expected: str) -> Kind[T]:
    """Return a kind of which no value is shown, not even one that does not fit."""

    def read(node: Node, label: str) -> T:
        try:
            return kind.read(node, label)
        except Unfit:
            raise Unfit((node, f"{label} does not fit; expected {expected}")) from None

    return replace(kind, read=read)


def word(words: Sequence[str]) -> Kind[str]:
    """Return the kind of one word of a closed list."""

    def convert(written: str) -> str:
        if written not in words:
            raise ValueError(did_you_mean(closest(written, words)))
        return written

    return scalar(convert, "one of " + ", ".join(words), {"enum": list(words)})


def whole_number(least: int, most: int) -> Kind[int]:
    """Return the kind of a whole number between two others, both included."""

    def convert(written: str) -> int:
        # ASCII digits only, and not so many that converting them takes time.
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", written) or not least <= int(written) <= most:
            raise ValueError
        return int(written)

    schema = {"anyOf": [{"type": "integer", "minimum": least, "maximum": most}, _digits(r"^[+-]?[0-9]{1,18}$")]}
    return scalar(convert, f"a whole number from {least} to {most}", schema, write=int)


def _digits(pattern: str) -> Schema:
    return {"type": "string", "pattern": pattern}


def _boolean(written: str) -> bool:
    if written.lower() not in _TRUE | _FALSE:
        raise ValueError
    return written.lower() in _TRUE


def _integer(written: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", written):
        raise ValueError
    return int(written)


def _number(written: str) -> float:
    try:
        number = float(written)
    except ValueError:
        raise ValueError from None
    if not math.isfinite(number):
        raise ValueError
    return number


def _text(written: str) -> str:
    return written


ANY_TEXT: Kind[str] = scalar(_text, "a text", {"type": ["string", "number", "boolean"]})
BOOLEAN: Kind[bool] = scalar(
    _boolean,
    "true or false",
    {"anyOf": [{"type": "boolean"}, {"enum": ["true", "false", "yes", "no", "on", "off"]}]},
    write=bool,
)
INTEGER: Kind[int] = scalar(
    _integer, "a whole number", {"anyOf": [{"type": "integer"}, _digits(r"^[+-]?[0-9]{1,18}$")]}, write=int
)
NUMBER: Kind[float] = scalar(
    _number, "a number", {"anyOf": [{"type": "number"}, _digits(r"^[+-]?[0-9.]+([eE][+-]?[0-9]+)?$")]}, write=float
)
DURATION: Kind[timedelta] = scalar(
    parse_duration,
    "a duration such as 30s, 15m, 12h or 1h30m",
    {"type": "string", "pattern": f"^(?:{DURATION_PATTERN})$"},
    write=format_duration,
)


def interval(least: timedelta) -> Kind[timedelta]:
    """Return the kind of a duration that is not too short to be one."""

    def convert(written: str) -> timedelta:
        duration = parse_duration(written)
        if duration < least:
            raise ValueError
        return duration

    expected = f"a duration of at least {format_duration(least)}, such as 30s, 15m, 12h or 1h30m"
    return scalar(convert, expected, {"type": "string", "pattern": f"^(?:{DURATION_PATTERN})$"}, write=format_duration)


def listing(item: Kind[T], *, expected: str, allow_empty: bool = False) -> Kind[tuple[T, ...]]:
    """Return the kind of a list of different things of one kind."""

    def read(node: Node, label: str) -> tuple[T, ...]:
        if not isinstance(node, Listing) or not (node.items or allow_empty):
            empty = " an empty list" if isinstance(node, Listing) else f" {met(node)}"
            raise Unfit((node, f"{label} is{empty}; expected {expected}"))
        values: list[T] = []
        problems: list[tuple[Placed, str]] = []
        for number, part in enumerate(node.items, start=1):
            try:
                value = item.read(part, f"entry {number} of {label}")
            except Unfit as error:
                problems.extend(error.problems)
                continue
            if value in values:
                problems.append((part, f"{label} names {met(part)} twice; remove one"))
            values.append(value)
        if problems:
            raise Unfit(*problems)
        return tuple(values)

    schema = {"type": "array", "items": item.schema, "uniqueItems": True} | ({} if allow_empty else {"minItems": 1})
    return Kind(read, schema, lambda values: [item.write(value) for value in values])


def optional(kind: Kind[T]) -> Kind[T | None]:
    """Return a kind that may also be none, written as an empty value or ``null``."""

    def read(node: Node, label: str) -> T | None:
        return None if isinstance(node, Scalar) and node.is_absent else kind.read(node, label)

    schema = {"anyOf": [kind.schema, {"type": "null"}]}
    return Kind(read, schema, lambda value: None if value is None else kind.write(value), accepts_null=True)


def members(enum: type[Enum]) -> Kind[Enum]:
    """Return the kind of one member of an enum, written as its value."""
    by_word: Mapping[str, Enum] = {str(member.value): member for member in enum}
    words = word(tuple(by_word))
    return Kind(lambda node, label: by_word[words.read(node, label)], words.schema, lambda member: str(member.value))


_SIMPLE: Mapping[object, Kind[Any]] = {
    bool: BOOLEAN,
    int: INTEGER,
    float: NUMBER,
    str: ANY_TEXT,
    timedelta: DURATION,
}


def kind_of(annotation: object) -> Kind[Any]:
    """Return the kind for the type of a check's setting, as `healthcheck.check` admits them."""
    if annotation in _SIMPLE:
        return _SIMPLE[annotation]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return members(annotation)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return word(arguments)
    if origin is tuple:
        return listing(kind_of(arguments[0]), expected="a list in brackets", allow_empty=True)
    if origin in (types.UnionType, typing.Union):
        return optional(kind_of(next(argument for argument in arguments if argument is not types.NoneType)))
    raise TypeError(f"{annotation!r} is no type of a setting")
