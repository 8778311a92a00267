"""Colours and signs for a terminal, and what becomes of them where it has none."""

from __future__ import annotations

import unicodedata
from types import MappingProxyType

from healthcheck.result import Status
from healthcheck.surfaces.words import SYMBOLS

_ASCII_SYMBOLS = MappingProxyType(
    {
        Status.OK: "+",
        Status.WARNING: "!",
        Status.CRITICAL: "x",
        Status.UNKNOWN: "?",
        Status.BLOCKED: "/",
        Status.SKIPPED: "-",
    }
)
_COLOURS = MappingProxyType(
    {
        Status.OK: "32",
        Status.WARNING: "33",
        Status.CRITICAL: "31",
        Status.UNKNOWN: "35",
        Status.BLOCKED: "2",
        Status.SKIPPED: "2",
    }
)
_OURS_BEYOND_ASCII = "".join(SYMBOLS.values()) + "├└─│"
_BRANCHES = {False: ("├─ ", "│  "), True: ("└─ ", "   ")}
_ASCII_BRANCHES = {False: ("|- ", "|  "), True: ("`- ", "   ")}


class Paint:
    """How one terminal or file is written to."""

    def __init__(self, *, colour: bool, encoding: str) -> None:
        self._colour = colour
        self._encoding = encoding
        is_rich = _can_encode(_OURS_BEYOND_ASCII, encoding)
        self._symbols = SYMBOLS if is_rich else _ASCII_SYMBOLS
        self._branches = _BRANCHES if is_rich else _ASCII_BRANCHES

    def symbol(self, status: Status) -> str:
        """Return a status's sign, without colour."""
        return self._symbols[status]

    def sign(self, status: Status) -> str:
        """Return a status's sign in its colour."""
        return self.status(status, self._symbols[status])

    def status(self, status: Status, text: str) -> str:
        """Return a text in a status's colour."""
        return self._styled(text, _COLOURS[status])

    def bold(self, text: str) -> str:
        """Return a text that stands out."""
        return self._styled(text, "1")

    def dim(self, text: str) -> str:
        """Return a text that stands back."""
        return self._styled(text, "2")

    def command(self, text: str) -> str:
        """Return a text that is to be copied."""
        return self._styled(text, "36")

    def branch(self, *, is_last: bool) -> tuple[str, str]:
        """Return what stands before a branch's first line, and before its further ones."""
        return self._branches[is_last]

    def cleaned(self, text: str) -> str:
        """Return somebody else's text without what could steer the terminal."""
        return (
            "".join(
                " "
                if character in "\n\t"
                else "\N{REPLACEMENT CHARACTER}"
                if unicodedata.category(character) in _CONTROLS
                else character
                for character in text
            )
            if not text.isprintable()
            else text
        )

    def encodable(self, text: str) -> str:
        """Return the text with question marks for what the encoding lacks."""
        return text.encode(self._encoding, "replace").decode(self._encoding)

    def _styled(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._colour and text else text


_CONTROLS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def _can_encode(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
