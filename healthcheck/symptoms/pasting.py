"""Texts as people paste them: coloured, wrapped, quoted, escaped, framed. What is read is what was said."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

_MARKS = "\N{QUOTATION MARK}\N{GRAVE ACCENT}\N{ACUTE ACCENT}\N{PRIME}\N{DOUBLE PRIME}\u00ab\u00bb"
QUOTES = {ord(mark): "'" for mark in _MARKS} | dict.fromkeys(range(0x2018, 0x2020), "'")
"""All quotation marks are one: chats, mail and R's printing change them."""

# Colours of terminals and notebooks, with the escape that begins them or, out of many a log, without.
_COLOUR = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\[\d{1,3}(?:;\d{1,3})*m")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_ESCAPED = re.compile(r"\\+([nrt\"'])")
# What stands before and behind a line in mail, in a diff's or container's log, and in a box drawn around it.
_MARGIN = re.compile(r"^(?:\s*[>|│┃╎]+)*\s?|\s*[│┃╎|]+\s*$")
_FEWEST_WRAPPED = 40
"""A line shorter than this was not cut by a terminal's edge."""


def readings(text: str) -> Iterator[str]:
    """Yield the ways to read a pasted text, as one line each: the ends of lines as spaces, then as nothing.

    The second way is for terminals that cut words where their edge is.
    """
    plain = _INVISIBLE.sub("", _COLOUR.sub("", html.unescape(text)))
    plain = _ESCAPED.sub(lambda escape: " " if escape[1] in "nrt" else escape[1], plain)
    lines = [_MARGIN.sub("", line) for line in plain.translate(QUOTES).splitlines()]
    spaced = " ".join(" ".join(lines).split())
    yield spaced
    glued = " ".join("".join(_cut(lines)).split())
    if glued != spaced:
        yield glued


def _cut(lines: list[str]) -> Iterator[str]:
    """Yield lines with what was at their end: nothing behind a full one, a space behind others."""
    width = max(map(len, lines), default=0)
    for line in lines:
        is_full = len(line) >= max(width - 1, _FEWEST_WRAPPED)
        yield line if is_full else line + " "
