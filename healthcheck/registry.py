"""The checks that exist, in an order in which each comes after what it depends on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from healthcheck.check import Check
from healthcheck.errors import DependencyCycle, DuplicateCheck, UnknownCheck


class Registry:
    """An immutable collection of checks whose dependencies all resolve.

    Raises:
        DuplicateCheck: two checks have one id.
        UnknownCheck: a check comes after one that does not exist.
        DependencyCycle: checks come after each other in a circle.
    """

    def __init__(self, checks: Iterable[Check]) -> None:
        by_id: dict[str, Check] = {}
        for check in checks:
            if check.id in by_id:
                raise DuplicateCheck(check.id, by_id[check.id].origin, check.origin)
            by_id[check.id] = check
        for check in by_id.values():
            for dependency in check.after:
                if dependency not in by_id:
                    raise UnknownCheck(dependency, f"check {check.id}", closest(dependency, by_id))
        self._checks = {check_id: by_id[check_id] for check_id in _in_order(by_id)}

    def __iter__(self) -> Iterator[Check]:
        """Yield the checks in dependency order; of two that are free, in alphabetical order."""
        return iter(self._checks.values())

    def __len__(self) -> int:
        return len(self._checks)

    def __contains__(self, check_id: object) -> bool:
        return check_id in self._checks

    def get(self, check_id: str, named_by: str = "the caller") -> Check:
        """Return a check by id; raise `UnknownCheck` with the nearest id otherwise."""
        try:
            return self._checks[check_id]
        except KeyError:
            raise UnknownCheck(check_id, named_by, closest(check_id, self._checks)) from None

    def closure(self, check_ids: Iterable[str]) -> frozenset[str]:
        """Return the ids together with all that they come after."""
        seen: set[str] = set()
        waiting = list(check_ids)
        while waiting:
            check_id = waiting.pop()
            if check_id not in seen:
                seen.add(check_id)
                waiting.extend(self.get(check_id).after)
        return frozenset(seen)


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that the given one was probably meant to be."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def _in_order(checks: dict[str, Check]) -> list[str]:
    """Depth first with an explicit stack of names, so that a circle can be told in full."""
    ordered: dict[str, None] = {}
    path: list[str] = []

    def visit(check_id: str) -> None:
        if check_id in ordered:
            return
        if check_id in path:
            raise DependencyCycle((*path[path.index(check_id) :], check_id))
        path.append(check_id)
        for dependency in checks[check_id].after:
            visit(dependency)
        path.pop()
        ordered[check_id] = None

    for check_id in sorted(checks):
        visit(check_id)
    return list(ordered)
