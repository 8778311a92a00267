"""Finds checks: ours and contributed ones alike, through the entry points of installed packages.

Find, load, admit: each step keeps what is good and tells what is not, so that one broken package costs its own
checks and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from healthcheck.check import Check
from healthcheck.engine.snapshot import PluginFailure
from healthcheck.errors import DependencyCycle, HealthcheckError
from healthcheck.registry import Registry, closest

GROUP = "healthcheck.checks"
"""The entry-point group. An entry names a module, all of whose checks count, or one check in a module."""

PACKAGE = "sagemaker-healthcheck"

_ID = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found."""

    registry: Registry
    failures: tuple[PluginFailure, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A check, and the entry point that brought it."""

    check: Check
    entry: EntryPoint

    def failure(self, sentence: str) -> PluginFailure:
        return _failure(self.entry, sentence)


def discover(
    entries: Iterable[EntryPoint] | None = None, *, cleaned: Callable[[str], str] = lambda sentence: sentence
) -> Discovery:
    """Load all checks there are.

    Args:
        entries: entry points to load in place of those of the installed packages.
        cleaned: takes secrets out of what is told of a failure, which quotes somebody else's exception.
    """
    found = sorted(set(entry_points(group=GROUP) if entries is None else entries), key=_precedence)
    failures: list[PluginFailure] = []
    if not any(_is_ours(entry) for entry in found):
        # Watching nothing must not look like health.
        sentence = f"the checks of {PACKAGE} itself are not registered; install the package, such as by pip install ."
        failures.append(PluginFailure(GROUP, PACKAGE, sentence))
    candidates: list[_Candidate] = []
    for entry in found:
        loaded = _load(entry)
        if isinstance(loaded, PluginFailure):
            failures.append(loaded)
        else:
            candidates.extend(_Candidate(check, entry) for check in loaded)
    admitted = _admit(candidates, failures)
    registry = _ordered(admitted, failures)
    return Discovery(registry, tuple(replace(failure, sentence=cleaned(failure.sentence)) for failure in failures))


def collect(module: ModuleType) -> list[Check]:
    """Return the checks among a module's values, each once, in the order of their names there."""
    found = {id(value): value for value in vars(module).values() if isinstance(value, Check)}
    return list(found.values())


def _precedence(entry: EntryPoint) -> tuple[bool, str, str]:
    """Ours come first, so that nobody takes the place of a built-in check."""
    return not _is_ours(entry), _package(entry), entry.name


def _is_ours(entry: EntryPoint) -> bool:
    return entry.module.partition(".")[0] == "healthcheck"


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.module.partition(".")[0]


def _failure(entry: EntryPoint, sentence: str) -> PluginFailure:
    return PluginFailure(entry.name, _package(entry), sentence)


def _load(entry: EntryPoint) -> list[Check] | PluginFailure:
    try:
        loaded = entry.load()
    except HealthcheckError as error:
        return _failure(entry, str(error))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a contributed module may raise anything when imported
        words = f"{type(error).__name__}: {error}".rstrip(": ")
        return _failure(entry, f"{entry.value} cannot be imported: {words}")
    if isinstance(loaded, Check):
        return [loaded]
    checks = collect(loaded) if isinstance(loaded, ModuleType) else []
    if not checks:
        return _failure(entry, f"{entry.value} holds no check; decorate a function of it with @check")
    return checks


def _admit(candidates: Iterable[_Candidate], failures: list[PluginFailure]) -> list[_Candidate]:
    """Leave out what has no proper id, and of two with one id the later."""
    admitted: dict[str, _Candidate] = {}
    for candidate in candidates:
        check_id = candidate.check.id
        first = admitted.get(check_id)
        if not _ID.fullmatch(check_id):
            sentence = f"check {check_id}: module and function must be named in lower-case letters, digits and _"
            failures.append(candidate.failure(sentence))
        elif first is None:
            admitted[check_id] = candidate
        elif first.check is not candidate.check:
            sentence = (
                f"check {check_id} of {candidate.check.origin} exists already, in {first.check.origin}; rename it"
            )
            failures.append(candidate.failure(sentence))
    return list(admitted.values())


def _ordered(candidates: list[_Candidate], failures: list[PluginFailure]) -> Registry:
    """Build the registry, leaving out what comes after nothing that exists, or after itself."""
    while True:
        candidates = _with_dependencies(candidates, failures)
        try:
            return Registry(candidate.check for candidate in candidates)
        except DependencyCycle as error:
            circle = frozenset(error.cycle)
            failures.extend(
                candidate.failure(f"check {candidate.check.id} is left out: {error}")
                for candidate in candidates
                if candidate.check.id in circle
            )
            candidates = [candidate for candidate in candidates if candidate.check.id not in circle]


def _with_dependencies(candidates: list[_Candidate], failures: list[PluginFailure]) -> list[_Candidate]:
    known = {candidate.check.id for candidate in candidates}
    while True:
        ids = {candidate.check.id for candidate in candidates}
        kept: list[_Candidate] = []
        for candidate in candidates:
            missing = [dependency for dependency in candidate.check.after if dependency not in ids]
            if missing:
                failures.append(candidate.failure(_lacks(candidate.check, missing[0], known)))
            else:
                kept.append(candidate)
        if len(kept) == len(candidates):
            return kept
        candidates = kept


def _lacks(check: Check, dependency: str, known: set[str]) -> str:
    if dependency in known:
        return f"check {check.id} comes after {dependency}, which is left out itself"
    suggestion = closest(dependency, known - {check.id})
    hint = f"; did you mean {suggestion}?" if suggestion else ""
    return f"check {check.id} comes after {dependency}, which does not exist{hint}"
