"""Runs as the state keeps them: by the hundred thousand, each for minutes, and read by few."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from healthcheck.result import Evidence, Json, Result
from healthcheck.run import Run

_NO_GAUGES: Mapping[str, float] = MappingProxyType({})


class Facts(Mapping[str, Json]):
    """Evidence as the JSON text that it is: a third of the memory of its lists and mappings, and never changed."""

    __slots__ = ("_text",)

    def __init__(self, text: bytes) -> None:
        self._text = text

    def __getitem__(self, name: str) -> Json:
        return self._facts()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts())

    def __len__(self) -> int:
        return len(self._facts())

    def __repr__(self) -> str:
        return repr(self._facts())

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Facts) else self._facts() == other

    __hash__ = None  # type: ignore[assignment]  # a mapping, like the dict that it stands for

    def _facts(self) -> dict[str, Json]:
        facts: dict[str, Json] = json.loads(self._text)
        return facts


def kept(run: Run, before: Run | None) -> Run:
    """Return a run that equals the given one and takes less memory, sharing what it can with the run before it."""
    results = tuple(_kept(result) for result in run.results)
    if before is not None and before.results == results:
        results = before.results
    return replace(run, results=results)


def _kept(result: Result) -> Result:
    return replace(
        result,
        # Many checks speak of one role, and the regions of an account say the same of it.
        subject=_shared(str(result.subject)),
        summary=_shared(str(result.summary)),
        evidence=_packed(result.evidence),
        gauges=result.gauges or _NO_GAUGES,
    )


def _shared(text: str) -> str:
    """Return one object for equal texts."""
    # Python 3.12 alone never lets an interned text go, and summaries hold numbers that move with every look.
    return text if sys.version_info[:2] == (3, 12) else sys.intern(text)


def _packed(evidence: Evidence) -> Evidence:
    if not evidence or isinstance(evidence, Facts):
        return evidence
    return Facts(json.dumps(evidence, default=_plain, ensure_ascii=False, separators=(",", ":")).encode())


def _plain(value: Any) -> Any:
    """Say to JSON what it takes only as its own kinds of mapping and list."""
    return dict(value) if isinstance(value, Mapping) else list(value)
