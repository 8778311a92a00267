"""What is known about a request: its context keys, and which of them are known to be absent."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TypeAlias

ContextValue: TypeAlias = "str | bool | int | float | datetime | bytes | Iterable[str | bool | int | float] | None"
"""One value, or several for a key with several values; none = the key is known to be absent."""


class Context:
    """The context keys of one request, by name in any letter case (AWS: names of keys are not case-sensitive).

    Args:
        values: By key. None or an empty list says that the key is known to be absent. A name that ends with ``*``
            and has the value None says so of a whole family: ``aws:PrincipalTag/*``.
        complete: Whether every key that is not given is known to be absent.
        beginnings: How the values of keys begin of which nothing else is known; an empty text says only that there
            is a value.
    """

    __slots__ = ("_absent_families", "_beginnings", "_complete", "_values")

    def __init__(
        self,
        values: Mapping[str, ContextValue],
        *,
        complete: bool,
        beginnings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._complete = complete
        self._values: dict[str, tuple[str, ...]] = {}
        self._beginnings = {key.lower(): text for key, text in beginnings.items()}
        families = []
        for key, value in values.items():
            name = key.lower()
            if value is None and name.endswith("*"):
                families.append(name[:-1])
            else:
                self._values[name] = _as_texts(value)
        self._absent_families = tuple(families)

    def values(self, key: str) -> tuple[str, ...] | None:
        """Return the values of a key (given in lower case): empty when it is known to be absent, None when unknown."""
        found = self._values.get(key)
        if found is not None or key in self._beginnings:
            return found
        if self._complete or (self._absent_families and key.startswith(self._absent_families)):
            return ()
        return None

    def beginning(self, key: str) -> str | None:
        """Return how the value of a key (given in lower case) begins, where no more of it is known."""
        return self._beginnings.get(key)


def _as_texts(value: ContextValue) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, (bool, int, float, datetime, bytes)):
        return (_as_text(value),)
    return tuple(_as_text(each) for each in value)


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        # A moment without a zone is in UTC, as in a policy; it must not depend on where this runs.
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)
