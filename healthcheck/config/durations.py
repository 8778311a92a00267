"""Durations as people write them: ``30s``, ``15m``, ``12h``, ``1h30m``, ``7d``."""

from __future__ import annotations

import re
from datetime import timedelta

_FORM = re.compile(
    r"(?=[0-9])(?:(?P<days>[0-9]{1,5})d)?(?:(?P<hours>[0-9]{1,9})h)?(?:(?P<minutes>[0-9]{1,9})m)?"
    r"(?:(?P<seconds>[0-9]{1,9}(?:\.[0-9]{1,6})?)s)?"
)
PATTERN = re.sub(r"\?P<[a-z]+>", "?:", _FORM.pattern)
"""What `parse_duration` takes, as a regular expression that JSON Schema understands too."""

_LONGEST = timedelta(days=3650)
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}


def parse_duration(written: str) -> timedelta:
    """Return the duration; raise ValueError, with a hint where there is one, if it is none."""
    match = _FORM.fullmatch(written)
    if match is None:
        hint = f"; did you mean {written}s?" if re.fullmatch(r"[0-9]{1,9}", written) else ""
        raise ValueError(hint)
    duration = timedelta(**{unit: float(number) for unit, number in match.groupdict(default="0").items()})
    if duration > _LONGEST:
        raise ValueError(f" and no longer than {_LONGEST.days}d")
    return duration


def format_duration(duration: timedelta) -> str:
    """Return the shortest text that `parse_duration` takes for this duration."""
    text = ""
    rest = duration
    for unit, length in _UNITS.items():
        count, rest = divmod(rest, length)
        text += f"{count}{unit}" if count else ""
    if rest or not text:
        text += f"{rest.total_seconds():.6f}".rstrip("0").rstrip(".") + "s"
    return text
