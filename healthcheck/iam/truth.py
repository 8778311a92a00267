"""Three truth values: yes, no, and "it depends", which says on what.

A daemon never knows the whole context of a request. What it does not know must neither pass nor fail, so
`Maybe` has no boolean value: code that tries to round it fails at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn, TypeAlias


@dataclass(frozen=True, slots=True)
class Hole:
    """A document that could not be read, and the one action that would close the gap.

    It stands in the place of the document: what it may allow or deny is unknown.
    """

    name: str
    """What could not be read: ``the service control policies``, ``policy Data``."""
    action: str
    """The IAM action that the caller lacked, such as ``iam:GetRolePolicy``; empty where no action would help."""


@dataclass(frozen=True, slots=True)
class Maybe:
    """Neither yes nor no, and what it hangs on."""

    keys: frozenset[str] = frozenset()
    """Context keys that are neither known nor known to be absent."""
    holes: frozenset[Hole] = frozenset()
    """Documents that could not be read."""
    doubts: frozenset[str] = frozenset()
    """Points that AWS leaves open, each a sentence."""

    def __bool__(self) -> NoReturn:
        """Refuse to be rounded.

        Raises:
            TypeError: always; compare with ``is True`` or ``is False``.
        """
        message = "a Maybe is neither true nor false; compare with `is True` or `is False`"
        raise TypeError(message)


Truth: TypeAlias = bool | Maybe


def on_key(key: str) -> Maybe:
    """Return what hangs on the value of a context key."""
    return Maybe(keys=frozenset((key,)))


def on_hole(hole: Hole) -> Maybe:
    """Return what hangs on an unread document."""
    return Maybe(holes=frozenset((hole,)))


def on_doubt(sentence: str) -> Maybe:
    """Return what hangs on a point that AWS leaves open."""
    return Maybe(doubts=frozenset((sentence,)))


def every(truths: Iterable[Truth]) -> Truth:
    """Return whether all hold: one no settles it; of none, yes."""
    seen: list[Truth] = []
    for truth in truths:
        if truth is False:
            return False
        seen.append(truth)
    return _settled(seen, otherwise=True)


def some(truths: Iterable[Truth]) -> Truth:
    """Return whether at least one holds: one yes settles it; of none, no."""
    seen: list[Truth] = []
    for truth in truths:
        if truth is True:
            return True
        seen.append(truth)
    return _settled(seen, otherwise=False)


def _settled(truths: list[Truth], *, otherwise: bool) -> Truth:
    open_points = [truth for truth in truths if isinstance(truth, Maybe)]
    if len(open_points) == 1:
        return open_points[0]
    return joined(*open_points) if open_points else otherwise


def joined(*truths: Truth) -> Maybe:
    """Return what is open in any of them.

    All at once, as one after the other would take time by the square of their number.
    """
    open_points = [truth for truth in truths if isinstance(truth, Maybe)]
    return Maybe(
        frozenset(key for each in open_points for key in each.keys),
        frozenset(hole for each in open_points for hole in each.holes),
        frozenset(doubt for each in open_points for doubt in each.doubts),
    )


def opposite(truth: Truth) -> Truth:
    """Return no for yes, yes for no, and what is open as it is."""
    return truth if isinstance(truth, Maybe) else not truth
