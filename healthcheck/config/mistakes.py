"""Mistakes in settings: where they are, what was met, what was expected."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from healthcheck.errors import HealthcheckError

_SHOWN_CHARACTERS = 80


class Placed(Protocol):
    """Anything that stands somewhere in a settings file."""

    @property
    def line(self) -> int:
        """Counted from 1."""

    @property
    def column(self) -> int:
        """Counted from 1, in characters."""


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a settings file."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing to mend."""

    path: str
    """The settings file, or the option of the command line that is wrong."""
    line: int | None
    column: int | None
    sentence: str

    def __str__(self) -> str:
        position = f":{self.line}:{self.column}" if self.line is not None else ""
        return f"{self.path}{position}: {self.sentence}"


class ConfigError(HealthcheckError):
    """The settings cannot be used; every mistake that was found is in it, in the order of the file."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes), key=_position))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


def _position(mistake: Mistake) -> tuple[str, int, int, str]:
    return (mistake.path, mistake.line or 0, mistake.column or 0, mistake.sentence)


class Mistakes:
    """Collects the mistakes of one settings file, so that they can be told all at once.

    Of several mistakes at one place the first stands: what follows it is mostly its consequence, and a
    wrong value behind an alias is one mistake, however many targets share it.
    """

    def __init__(self, path: str, found: Iterable[Mistake] = ()) -> None:
        self.path = path
        self.found = list(found)
        self._places = {(mistake.line, mistake.column) for mistake in self.found}

    def add(self, place: Placed | None, sentence: str) -> None:
        """Note a mistake at a place of the file, or in the file as a whole."""
        if place is None:
            self.found.append(Mistake(self.path, None, None, sentence))
        elif (place.line, place.column) not in self._places:
            self._places.add((place.line, place.column))
            self.found.append(Mistake(self.path, place.line, place.column, sentence))

    def add_at_option(self, option: str, sentence: str) -> None:
        """Note a mistake in an option of the command line."""
        self.found.append(Mistake(option, None, None, sentence))

    def raise_if_any(self) -> None:
        """Raise `ConfigError` with all that was found."""
        if self.found:
            raise ConfigError(self.found)


def quoted(text: str) -> str:
    """Return a text as a sentence shows it: in quotes, on one line, not too long."""
    shown = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
    return json.dumps(shown, ensure_ascii=False)


def did_you_mean(suggestion: str | None) -> str:
    """Return the end of a sentence that offers the nearest known word."""
    return f"; did you mean {suggestion}?" if suggestion else ""
