"""Telling others what happened, so that none of them can do harm."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

E = TypeVar("E")

_LOG = logging.getLogger(__name__)


class Audience:
    """Those who want to be told; who fails is counted, and logged once."""

    def __init__(self) -> None:
        self.failures = 0
        self._failed: set[object] = set()

    def tell(self, observers: Iterable[Callable[[E], None]], event: E) -> None:
        """Tell each observer of an event, in order."""
        for observer in observers:
            try:
                observer(event)
            except Exception:  # noqa: BLE001 - what happened has happened, whatever a surface makes of it
                self.failures += 1
                if observer not in self._failed:
                    self._failed.add(observer)
                    _LOG.exception("an observer failed and is told of the next event all the same")
