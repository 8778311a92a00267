"""Wildcards and the places of variables in a text, and whether another text matches.

Nothing here is a regular expression: a pattern that somebody else wrote must not decide how long we compute.
Between two stars a pattern is searched once from left to right, and never gone back over.

Sources: IAM User Guide, "Resource" (wildcards) and "Variables and tags" (the form of variables; read 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

_LONGEST_KEY: Final = 512
_LONGEST_DEFAULT: Final = 2048


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A star, or a question mark."""

    sign: str


STAR: Final = Wildcard("*")
ANY: Final = Wildcard("?")


@dataclass(frozen=True, slots=True)
class Variable:
    """``${aws:username}`` or ``${aws:username, 'nobody'}``."""

    key: str
    default: str | None = None


Token: TypeAlias = str | Wildcard | Variable
_SPECIAL: Final = {"${*}": "*", "${?}": "?", "${$}": "$"}


def tokenize(text: str, *, wildcards: bool, variables: bool) -> tuple[Token, ...]:
    """Return the parts of a pattern. What looks like a variable and is none stays as it is written."""
    tokens: list[Token] = []
    start = position = 0
    stops = ("*" if wildcards else "") + ("?" if wildcards else "") + ("$" if variables else "")
    while position < len(text):
        sign = text[position]
        if sign not in stops:
            position += 1
            continue
        if sign == "$":
            token, after = _variable(text, position)
        else:
            token, after = (STAR if sign == "*" else ANY), position + 1
        if token is not None:
            if start < position:
                tokens.append(text[start:position])
            tokens.append(token)
            start = after
        position = after
    if start < len(text):
        tokens.append(text[start:])
    return tuple(tokens)


def _variable(text: str, start: int) -> tuple[Token | None, int]:
    """Return the variable that starts here and where it ends, or nothing and where to go on.

    Both searches are bounded, so that a text full of openings costs no more than its length.
    """
    special = _SPECIAL.get(text[start : start + 4])
    if special is not None:
        return special, start + 4
    nothing = (None, start + 1)
    if not text.startswith("{", start + 1):
        return nothing
    limit = start + 2 + _LONGEST_KEY
    close = text.find("}", start + 2, limit)
    comma = text.find(",", start + 2, limit if close < 0 else close)
    if comma < 0:
        key = "" if close < 0 else text[start + 2 : close].strip()
        return (Variable(key), close + 1) if _is_key(key) else nothing
    key = text[start + 2 : comma].strip()
    quote = comma + 1
    while text.startswith(" ", quote) and quote < limit:
        quote += 1
    end = text.find("'", quote + 1, quote + 1 + _LONGEST_DEFAULT) if text.startswith("'", quote) else -1
    if end < 0 or not text.startswith("}", end + 1) or not _is_key(key):
        return nothing
    return Variable(key, text[quote + 1 : end]), end + 2


def _is_key(key: str) -> bool:
    return bool(key) and not any(sign in key for sign in "${}*?'\"")


class Glob:
    """A pattern without variables: literal text, stars and question marks."""

    __slots__ = ("_segments",)

    def __init__(self, tokens: Iterable[Token]) -> None:
        segments: list[list[str | None]] = [[]]
        for token in tokens:
            if token is STAR:
                segments.append([])
            else:
                segments[-1].append(token if isinstance(token, str) else None)
        self._segments = tuple(_Segment(segment) for segment in segments)

    def matches(self, text: str) -> bool:
        """Return whether the whole text matches."""
        first, last = self._segments[0], self._segments[-1]
        if len(self._segments) == 1:
            return len(text) == first.length and first.stands_at(text, 0)
        end = len(text) - last.length
        if end < first.length or not first.stands_at(text, 0) or not last.stands_at(text, end):
            return False
        position = first.length
        for segment in self._segments[1:-1]:
            position = segment.find(text, position, end)
            if position < 0:
                return False
            position += segment.length
        return True


class _Segment:
    """What stands between two stars: chunks of literal text with question marks (None) between them."""

    __slots__ = ("_chunks", "_has_gaps", "length")

    def __init__(self, pieces: Sequence[str | None]) -> None:
        self._has_gaps = None in pieces
        chunks: list[tuple[int, str]] = []
        self.length = 0
        for piece in pieces if self._has_gaps else ("".join(piece for piece in pieces if piece is not None),):
            if piece:
                chunks.append((self.length, piece))
            self.length += 1 if piece is None else len(piece)
        self._chunks = tuple(chunks)

    def stands_at(self, text: str, position: int) -> bool:
        return all(text.startswith(chunk, position + offset) for offset, chunk in self._chunks)

    def find(self, text: str, start: int, end: int) -> int:
        """Return where the segment first stands in ``text[start:end]``, or -1."""
        if start + self.length > end:
            return -1
        if not self._chunks:
            return start
        if not self._has_gaps:
            return text.find(self._chunks[0][1], start, end)
        return self._find_with_gaps(text, start, end)

    def _find_with_gaps(self, text: str, start: int, end: int) -> int:
        # One pass over the text with one bit for each sign of the segment (the "shift-and" method): the time does
        # not depend on how often a beginning of the segment recurs in the text.
        gaps = (1 << self.length) - 1
        for offset, chunk in self._chunks:
            gaps &= ~(((1 << len(chunk)) - 1) << offset)
        places: dict[str, int] = {}
        for offset, chunk in self._chunks:
            for index, sign in enumerate(chunk, start=offset):
                places[sign] = places.get(sign, gaps) | 1 << index
        found = 1 << (self.length - 1)
        state = 0
        for position in range(start, end):
            state = (state << 1 | 1) & places.get(text[position], gaps)
            if state & found:
                return position - self.length + 1
        return -1
