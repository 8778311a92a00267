"""The facts that a verdict rests on, as lines for a reader."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from healthcheck.result import Json

_MOST_PARTS = 12
_MOST_CHARACTERS = 300
_ON_ONE_LINE = 80


def facts(evidence: Mapping[str, Json]) -> Iterator[str]:
    """Yield a line for each fact, and one for each of its parts where they do not fit on that line."""
    for name, value in evidence.items():
        parts = [_cut(part) for part in _parts(value)]
        together = ", ".join(parts)
        if len(parts) < 2 or len(together) <= _ON_ONE_LINE:  # noqa: PLR2004 - one part is no list
            yield f"{name}: {together}"
            continue
        yield f"{name}:"
        yield from (f"- {part}" for part in parts[:_MOST_PARTS])
        if len(parts) > _MOST_PARTS:
            yield f"- and {len(parts) - _MOST_PARTS:,} more"


def _parts(value: Json) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from (f"{name}: {_plain(each)}" for name, each in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield from map(_plain, value)
    else:
        yield _plain(value)


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"
