"""Lengths of time, in words."""

from __future__ import annotations

from datetime import timedelta


def spoken(span: timedelta) -> str:
    """Say a span in its largest unit, cut down: a session of 59 minutes does not last an hour."""
    seconds = int(span.total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size or (unit != "d" and seconds >= size):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
