"""Checks bound to their settings: layers of the file over a check's own defaults, and the edges in effect."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from healthcheck.check import Check
from healthcheck.config import CheckEntry, Mistakes
from healthcheck.config.fields import CHECK_FIELDS
from healthcheck.config.kinds import Unfit, kind_of
from healthcheck.config.mistakes import did_you_mean, quoted
from healthcheck.config.nodes import Scalar
from healthcheck.plan.model import BoundCheck, Selection
from healthcheck.registry import Registry, closest


class FailedPlugin(Protocol):
    """Contributed checks that could not be loaded, as discovery tells them."""

    @property
    def name(self) -> str:
        """The entry point's name."""

    @property
    def sentence(self) -> str:
        """What is wrong."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """One `CheckEntry` whose settings have their types."""

    entry: CheckEntry
    settings: Mapping[str, object]

    @property
    def precedence(self) -> tuple[bool, int]:
        """A check's own name beats a pattern, and the longer pattern the shorter."""
        return not self.entry.is_pattern, len(self.entry.pattern)


class Binder:
    """Binds the checks of a registry to the settings of one file."""

    def __init__(
        self,
        registry: Registry,
        entries: Iterable[CheckEntry],
        mistakes: Mistakes,
        failures: Collection[FailedPlugin] = (),
    ) -> None:
        self._registry = registry
        self._mistakes = mistakes
        self._failures = failures
        self._modules = {check.module for check in registry}
        self._common = self._layers(entries)
        self._states = {check.id: _state(check, self._common) for check in registry}
        self._edges = edges(registry, _running(self._states))
        self.base = self._bind(self._states, self._edges, self._common, {})

    def bind(self, overrides: Iterable[CheckEntry]) -> Selection:
        """Return the checks for a target that overrides the file's settings with these.

        What a target does not override it shares with all others: thousands of targets bind in a second.
        """
        own = self._layers(overrides)
        if not own:
            return self.base
        touched = {check.id: check for check in self._registry if any(layer.entry.matches(check.id) for layer in own)}
        layers = self._common + own
        states = self._states | {check_id: _state(check, layers) for check_id, check in touched.items()}
        effective = self._edges if states == self._states else edges(self._registry, _running(states))
        shared = {
            bound.id: bound
            for bound in self.base.checks
            if bound.id not in touched and bound.after == effective[bound.id]
        }
        return self._bind(states, effective, layers, shared)

    def _bind(
        self,
        states: Mapping[str, bool],
        effective: Mapping[str, tuple[str, ...]],
        layers: Iterable[_Layer],
        shared: Mapping[str, BoundCheck],
    ) -> Selection:
        checks = tuple(
            shared.get(check.id) or _bound(check, layers, effective[check.id])
            for check in self._registry
            if states[check.id]
        )
        return Selection(checks, tuple(check_id for check_id, is_enabled in states.items() if not is_enabled))

    def _layers(self, entries: Iterable[CheckEntry]) -> tuple[_Layer, ...]:
        layers = [_Layer(entry, self._settings(entry)) for entry in entries if self._is_known(entry)]
        return tuple(sorted(layers, key=lambda layer: layer.precedence))

    def _is_known(self, entry: CheckEntry) -> bool:
        module = entry.pattern.partition(".")[0]
        if entry.pattern == "*" or entry.pattern in self._registry or (entry.is_pattern and module in self._modules):
            return True
        if not self._is_of_failed_plugin(entry.pattern, module):
            kind, known = ("module", self._modules) if entry.is_pattern else ("check", {c.id for c in self._registry})
            word = module if entry.is_pattern else entry.pattern
            hint = did_you_mean(closest(word, known)) or "; `sagemaker-healthcheck list` shows them all"
            self._mistakes.add(entry.place, f"there is no {kind} {quoted(word)}{hint}")
        return False

    def _is_of_failed_plugin(self, pattern: str, module: str) -> bool:
        """Whether the settings speak of a check that failed to load: that is told as its own failure, not here."""
        return any(
            failure.name == module or pattern in failure.sentence or module not in self._modules
            for failure in self._failures
        )

    def _settings(self, entry: CheckEntry) -> Mapping[str, object]:
        if entry.is_pattern:
            for item in entry.settings.values():
                allowed = ", ".join(CHECK_FIELDS)
                sentence = f"the pattern {entry.pattern} can set {allowed} only; put {quoted(item.key)} under one check"
                self._mistakes.add(item, sentence)
            return {}
        check = self._registry.get(entry.pattern)
        known = {setting.name: setting for setting in check.settings}
        values: dict[str, object] = {}
        for key, item in entry.settings.items():
            if key not in known:
                words = (*known, *CHECK_FIELDS)
                hint = did_you_mean(closest(key, words)) or "; it has " + ", ".join(words)
                self._mistakes.add(item, f"check {check.id} has no setting {quoted(key)}{hint}")
                continue
            kind = kind_of(known[key].type)
            if isinstance(item.value, Scalar) and item.value.is_absent and not kind.accepts_null:
                continue
            try:
                values[key] = kind.read(item.value, f"{key} of check {check.id}")
            except Unfit as error:
                for place, sentence in error.problems:
                    self._mistakes.add(place, sentence)
        return values


def _running(states: Mapping[str, bool]) -> frozenset[str]:
    return frozenset(check_id for check_id, is_enabled in states.items() if is_enabled)


def _state(check: Check, layers: Iterable[_Layer]) -> bool:
    is_enabled = not check.writes
    for layer in layers:
        word = layer.entry.enabled
        if word is None or not layer.entry.matches(check.id):
            continue
        # What writes is turned on by its own name only, never by a pattern that happens to cover it.
        if not (word and check.writes and layer.entry.is_pattern):
            is_enabled = word
    return is_enabled


def _bound(check: Check, layers: Iterable[_Layer], after: tuple[str, ...]) -> BoundCheck:
    every, timeout, settings = check.every, check.timeout, check.defaults()
    for layer in layers:
        if layer.entry.matches(check.id):
            every = layer.entry.every or every
            timeout = layer.entry.timeout or timeout
            settings |= layer.settings
    return BoundCheck(check, MappingProxyType(settings), every, timeout, after)


def edges(registry: Registry, kept: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return, for each check, which of the kept ones it comes after, passed on through those that are not."""
    effective: dict[str, tuple[str, ...]] = {}
    for check in registry:
        found: dict[str, None] = {}
        for dependency in check.after:
            found |= dict.fromkeys((dependency,) if dependency in kept else effective[dependency])
        effective[check.id] = tuple(found)
    return effective


def narrow(selection: Selection, registry: Registry, roots: Collection[str]) -> Selection:
    """Return of a selection only the roots that run, and all that they come after."""
    by_id = {bound.id: bound for bound in selection.checks}
    kept: set[str] = set()
    waiting = [root for root in roots if root in by_id]
    while waiting:
        check_id = waiting.pop()
        if check_id not in kept:
            kept.add(check_id)
            waiting.extend(by_id[check_id].after)
    reached = registry.closure(roots)
    return Selection(
        checks=tuple(bound for bound in selection.checks if bound.id in kept),
        disabled=tuple(check_id for check_id in selection.disabled if check_id in reached),
    )
