"""YAML text as a tree of texts, lists and mappings that know where they stand.

The only module that knows PyYAML. It reads events, not PyYAML's own node tree: composing nodes recurses
in C and ends the process on deeply nested input (seen with PyYAML 6.0.3), and takes five times as long.
No scalar is given a type here, so that an account id with a leading zero, or ``no``, stays what was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import yaml

from healthcheck.config.interpolation import interpolate
from healthcheck.config.mistakes import Mistakes, Place, quoted

DEPTH_LIMIT = 24
SIZE_LIMIT = 1_000_000
"""How many nodes a file may stand for once its aliases are followed; 5,000 targets take about 130,000."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_CORE_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map"))
_NULLS = frozenset({"~", "null", "Null", "NULL"})
_MERGE = "<<"
# What YAML 1.1 §5.1 does not let a stream hold; the parser's own message for it has no line.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Scalar(NamedTuple):
    """A text."""

    text: str
    line: int
    column: int
    plain: bool
    """Whether it stood there without quotes."""
    written: str
    """As in the file, before variables were put in; what a mistake shows, since a variable may hold a secret."""

    @property
    def is_absent(self) -> bool:
        """Whether this is YAML's way to say that there is no value."""
        return self.plain and (not self.text or self.written in _NULLS)

    @property
    def is_interpolated(self) -> bool:
        """Whether the text came, in part, from the environment."""
        return "${" in self.written.replace("$$", "")


class Listing(NamedTuple):
    """A sequence of nodes."""

    items: tuple[Node, ...]
    line: int
    column: int


class Section(NamedTuple):
    """A mapping from texts to nodes."""

    entries: Mapping[str, Entry]
    line: int
    column: int


class Entry(NamedTuple):
    """One key of a section, and what stands behind it."""

    key: str
    line: int
    column: int
    value: Node


Node: TypeAlias = Scalar | Listing | Section


class _Stop(Exception):
    """Nothing that follows can be understood; the mistake is noted."""


def parse(text: str, environ: Mapping[str, str] | None, mistakes: Mistakes) -> Node | None:
    """Return the tree of the one document in a text; none if there is none, or if it cannot be understood.

    Without an environment every ``$`` stands for itself: formats that are not ours know no variables.
    """
    unprintable = _UNPRINTABLE.search(text)
    if unprintable:
        line = text.count("\n", 0, unprintable.start()) + 1
        column = unprintable.start() - (text.rfind("\n", 0, unprintable.start()) + 1) + 1
        mistakes.add(Place(line, column), f"holds the character {unprintable[0]!r}, which YAML does not allow")
        return None
    try:
        return _Builder(text, environ, mistakes).document()
    except _Stop:
        return None
    except yaml.MarkedYAMLError as error:
        mistakes.add(*syntax_mistake(error, text))
        return None


def dump(document: object) -> str:
    """Return plain values as YAML text that `parse` reads back as the same texts."""
    text: str = yaml.dump(document, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=110)
    return text


def syntax_mistake(error: yaml.MarkedYAMLError, text: str) -> tuple[Place | None, str]:
    """Return where a text ceases to be YAML, and a sentence with the likely reason."""
    mark = error.problem_mark or error.context_mark
    place = Place(mark.line + 1, mark.column + 1) if mark else None
    sentence = f"is not YAML here: {error.problem or error.context or 'it cannot be parsed'}"
    if mark:
        lines = text.splitlines()
        line = lines[mark.line] if mark.line < len(lines) else ""
        rest = line[mark.column :]
        if rest.startswith("\t"):
            sentence = "is not YAML here: a tab indents this line; YAML is indented with spaces"
        elif rest[:1] in ("@", "`", "%", "*", "&"):
            sentence += f"; put a text that begins with {rest[0]} in quotes"
        elif "${" in line:
            sentence += "; inside brackets, put ${NAME} in quotes"
        elif "mapping values" in (error.problem or ""):
            sentence += "; check the indentation, and put a text that holds ': ' in quotes"
    return place, sentence


class _Builder:
    """Turns the events of one text into nodes."""

    def __init__(self, text: str, environ: Mapping[str, str] | None, mistakes: Mistakes) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self._environ = environ
        self._mistakes = mistakes
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._open_anchors: set[str] = set()

    def document(self) -> Node | None:
        """Build the only document; a second one is a mistake."""
        root: Node | None = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    sentence = "a second document starts here; put everything into one, without ---"
                    raise self._stop(event, sentence)
                root = self._node(next(self._events), depth=0)[0]
        return root

    def _stop(self, event: Any, sentence: str) -> _Stop:
        self._mistakes.add(_place(event), sentence)
        return _Stop()

    def _node(self, event: Any, depth: int) -> tuple[Node, int]:
        """Return a node, and for how many nodes it stands."""
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.tag is not None and event.tag != "!" and event.tag not in _CORE_TAGS:
            self._mistakes.add(_place(event), f"the tag {quoted(event.tag)} has no meaning here; leave it out")
        if event.anchor is not None:
            self._open_anchors.add(event.anchor)
        if isinstance(event, yaml.ScalarEvent):
            built: tuple[Node, int] = (self._scalar(event), 1)
        elif depth >= DEPTH_LIMIT:
            raise self._stop(event, f"is nested deeper than {DEPTH_LIMIT} levels, which no setting is")
        elif isinstance(event, yaml.SequenceStartEvent):
            built = self._listing(event, depth)
        else:
            built = self._section(event, depth)
        if built[1] > SIZE_LIMIT:
            raise self._stop(event, f"stands for more than {SIZE_LIMIT:,} values, aliases followed; make it smaller")
        if event.anchor is not None:
            self._open_anchors.discard(event.anchor)
            self._anchors[event.anchor] = built
        return built

    def _alias(self, event: Any) -> tuple[Node, int]:
        if event.anchor in self._open_anchors:
            raise self._stop(event, f"*{event.anchor} stands inside what it stands for")
        if event.anchor not in self._anchors:
            raise self._stop(event, f"*{event.anchor} refers to no anchor above it; write &{event.anchor} there")
        return self._anchors[event.anchor]

    def _scalar(self, event: Any) -> Scalar:
        place = _place(event)
        written: str = event.value
        if self._environ is None or "$" not in written:
            return Scalar(written, place.line, place.column, event.implicit[0], written)
        text, problems = interpolate(written, self._environ)
        for problem in problems:
            self._mistakes.add(place, problem)
        return Scalar(text, place.line, place.column, event.implicit[0], written)

    def _listing(self, event: Any, depth: int) -> tuple[Node, int]:
        items = []
        size = 1
        while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
            node, weight = self._node(item, depth + 1)
            items.append(node)
            size += weight
        place = _place(event)
        return Listing(tuple(items), place.line, place.column), size

    def _section(self, event: Any, depth: int) -> tuple[Node, int]:
        own: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        size = 1
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent):
                raise self._stop(key, "expected a key here, a plain text before a colon")
            value, weight = self._node(next(self._events), depth + 1)
            size += weight + 1
            place = _place(key)
            name: str = key.value
            if name == _MERGE and key.implicit[0]:
                self._merge(value, merged)
            elif name in own:
                first = own[name]
                self._mistakes.add(place, f"{quoted(name)} stands here twice, first in line {first.line}; remove one")
            else:
                own[name] = Entry(name, place.line, place.column, value)
        place = _place(event)
        return Section(merged | own, place.line, place.column), size

    def _merge(self, value: Node, merged: dict[str, Entry]) -> None:
        """Put in what ``<<`` names; of several mappings the first wins, as YAML's merge key has it."""
        for part in value.items if isinstance(value, Listing) else (value,):
            if isinstance(part, Section):
                for name, entry in part.entries.items():
                    merged.setdefault(name, entry)
            else:
                self._mistakes.add(part, "<< needs an alias of a mapping, such as *defaults")


def _place(event: Any) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)
