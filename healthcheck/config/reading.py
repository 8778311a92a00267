"""From a file to a `Config`, telling every mistake of shape at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from healthcheck.config.fields import (
    CHECK_FIELDS,
    CHECK_PATTERN,
    DAEMON_FIELDS,
    LABEL_NAME,
    LABEL_VALUE,
    RESERVED_LABELS,
    SOURCE_FIELDS,
    TARGET_FIELDS,
    Field,
)
from healthcheck.config.files import Unreadable, text_of
from healthcheck.config.kinds import Unfit, met
from healthcheck.config.mistakes import Mistake, Mistakes, Place, did_you_mean, quoted
from healthcheck.config.model import CheckEntry, Config, DaemonSettings, TargetEntry
from healthcheck.config.nodes import Entry, Listing, Node, Scalar, Section, parse
from healthcheck.registry import closest
from healthcheck.target import CredentialSource

_TOP = ("targets", "checks", "daemon")
_TARGET_KEYS = (*TARGET_FIELDS, "assume_role", "labels", "checks")
_EXTENSION = "x-"


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be read of a settings file, and what is wrong with the rest."""

    config: Config
    mistakes: tuple[Mistake, ...]


def load(path: Path | None, environ: Mapping[str, str]) -> Config:
    """Return the settings of a file, or those of no file at all.

    Raises:
        ConfigError: with every mistake of shape.
    """
    reading = read(path, environ)
    Mistakes(str(path), reading.mistakes).raise_if_any()
    return reading.config


def read(path: Path | None, environ: Mapping[str, str]) -> Reading:
    """Return as much of the settings as makes sense, so that mistakes of meaning can be found beside those of shape."""
    if path is None:
        return Reading(Config(), ())
    mistakes = Mistakes(str(path))
    try:
        root = parse(text_of(path), environ, mistakes)
    except Unreadable as error:
        mistakes.add(error.place, error.sentence)
        root = None
    if root is None and not mistakes.found:
        # Cut short by an editor or a full disk: taken for settings, it would end the watch over every target.
        mistakes.add(None, "is empty; write targets: into it, or remove it to watch the ambient credentials")
    config = _Reader(mistakes).config(path, root)
    return Reading(config, tuple(mistakes.found))


class _Reader:
    """Turns nodes into settings, noting what does not fit and going on."""

    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes

    def config(self, path: Path, root: Node | None) -> Config:
        """Read the whole file; one whose keys are empty says nothing, as no file does."""
        entries = (self._section(root, "the file", "keys such as targets: and checks:") or {}) if root else {}
        for key, entry in entries.items():
            # Keys that begin with x- are the user's own: a place for anchors.
            if key not in _TOP and not key.startswith(_EXTENSION):
                self._unknown(entry, "the file", _TOP)
        daemon = self._fields(entries.get("daemon"), "daemon", DAEMON_FIELDS)
        return Config(
            path=path,
            targets=self._targets(entries.get("targets")),
            checks=self._checks(entries.get("checks"), "checks"),
            daemon=DaemonSettings(**daemon),
        )

    def _targets(self, entry: Entry | None) -> tuple[TargetEntry, ...]:
        if entry is None or _is_absent(entry.value):
            return ()
        node = entry.value
        if not isinstance(node, Listing):
            self._mistakes.add(node, f"targets is {met(node)}; expected a list whose entries begin with - name:")
            return ()
        if not node.items:
            self._mistakes.add(node, "targets is an empty list; leave it out to watch the ambient credentials")
        targets = [self._target(item, number) for number, item in enumerate(node.items, start=1)]
        first: dict[str, TargetEntry] = {}
        for target in targets:
            if target and first.setdefault(target.name, target) is not target:
                line = first[target.name].place.line
                sentence = f"another target is named {target.name}, in line {line}; names must differ"
                self._mistakes.add(target.place, sentence)
        return tuple(target for target in targets if target)

    def _target(self, node: Node, number: int) -> TargetEntry | None:
        label = f"target {number}"
        name = node.entries["name"].value if isinstance(node, Section) and "name" in node.entries else None
        if isinstance(name, Scalar) and name.text:
            label = f"target {name.written}"
        entries = self._section(node, label, "a mapping that begins with name:")
        if entries is None:
            return None
        for key, entry in entries.items():
            if key not in _TARGET_KEYS:
                self._unknown(entry, label, _TARGET_KEYS)
        values = self._values(entries, label, TARGET_FIELDS)
        profile = values.pop("profile", None)
        # Read even where the target cannot be kept, so that all mistakes are told.
        source = self._source(entries.get("assume_role"), profile, label)
        labels = self._labels(entries.get("labels"), label)
        checks = self._checks(entries.get("checks"), f"checks of {label}")
        if "name" not in values:
            if name is None or _is_absent(name):
                self._mistakes.add(node, f"{label} has no name; add name: and a word")
            return None
        place = entries["name"].value
        return TargetEntry(place=Place(place.line, place.column), source=source, labels=labels, checks=checks, **values)

    def _source(self, entry: Entry | None, profile: str | None, label: str) -> CredentialSource:
        values: dict[str, Any] = {}
        if entry is not None and not _is_absent(entry.value):
            values = self._fields(entry, f"assume_role of {label}", SOURCE_FIELDS)
            is_complete = not isinstance(entry.value, Section) or "arn" in entry.value.entries
            if not is_complete:
                self._mistakes.add(entry, f"assume_role of {label} has no arn; add the ARN of the role to assume")
        return CredentialSource(profile=profile, assume_role=values.pop("arn", None), **values)

    def _labels(self, entry: Entry | None, label: str) -> dict[str, str]:
        if entry is None or _is_absent(entry.value):
            return {}
        labels: dict[str, str] = {}
        entries = self._section(entry.value, f"labels of {label}", "a mapping such as {team: vision}") or {}
        for name, item in entries.items():
            if name in RESERVED_LABELS:
                self._mistakes.add(item, f"the label {name} of {label} exists for every target; choose another name")
            elif not LABEL_NAME.fullmatch(name):
                expected = "letters, digits and _, beginning with no digit and not with __"
                self._mistakes.add(item, f"{quoted(name)} of {label} is no name of a label; expected {expected}")
            else:
                labels |= self._values({name: item}, f"labels of {label}", {name: Field(LABEL_VALUE, "")})
        return labels

    def _checks(self, entry: Entry | None, label: str) -> tuple[CheckEntry, ...]:
        if entry is None or _is_absent(entry.value):
            return ()
        found = self._section(entry.value, label, "a mapping such as {role.trust: {every: 30m}}") or {}
        return tuple(self._check(item) for item in found.values() if self._is_pattern(item, label))

    def _is_pattern(self, entry: Entry, label: str) -> bool:
        if CHECK_PATTERN.fullmatch(entry.key):
            return True
        expected = "a check such as role.trust, or a pattern such as role.*"
        self._mistakes.add(entry, f"{quoted(entry.key)} in {label} names no check; expected {expected}")
        return False

    def _check(self, entry: Entry) -> CheckEntry:
        label = f"check {entry.key}"
        place = Place(entry.line, entry.column)
        if _is_absent(entry.value):
            return CheckEntry(entry.key, place)
        entries = self._section(entry.value, label, "a mapping such as {enabled: false}") or {}
        common = self._values(entries, label, CHECK_FIELDS)
        own = {key: item for key, item in entries.items() if key not in CHECK_FIELDS}
        return CheckEntry(entry.key, place, settings=own, **common)

    def _section(self, node: Node, label: str, expected: str) -> Mapping[str, Entry] | None:
        if isinstance(node, Section):
            return node.entries
        self._mistakes.add(node, f"{label} is {met(node)}; expected {expected}")
        return None

    def _fields(self, entry: Entry | None, label: str, fields: Mapping[str, Field]) -> dict[str, Any]:
        """Read a section that has no keys but these."""
        if entry is None or _is_absent(entry.value):
            return {}
        entries = self._section(entry.value, label, "a mapping with keys of " + ", ".join(fields)) or {}
        for key, item in entries.items():
            if key not in fields:
                self._unknown(item, label, fields)
        return self._values(entries, label, fields)

    def _values(self, entries: Mapping[str, Entry], label: str, fields: Mapping[str, Field]) -> dict[str, Any]:
        """Return the values of those fields that stand there and make sense."""
        values: dict[str, Any] = {}
        for key, entry in entries.items():
            if key not in fields or (_is_absent(entry.value) and not fields[key].kind.accepts_null):
                continue
            try:
                values[key] = fields[key].kind.read(entry.value, f"{key} of {label}")
            except Unfit as error:
                for place, sentence in error.problems:
                    self._mistakes.add(place, sentence)
        return values

    def _unknown(self, entry: Entry, label: str, known: tuple[str, ...] | Mapping[str, Field]) -> None:
        suggestion = closest(entry.key, known)
        hint = did_you_mean(suggestion) if suggestion else "; it may have " + ", ".join(known)
        self._mistakes.add(entry, f"{label} has no setting {quoted(entry.key)}{hint}")


def _is_absent(node: Node) -> bool:
    return isinstance(node, Scalar) and node.is_absent
