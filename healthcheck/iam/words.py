"""What a malformed document holds, in few words."""

from __future__ import annotations

from typing import Final

_LONGEST: Final = 80


def shown(given: object) -> str:
    """Return a value for a message: text cut to size; of anything else its type, as it may be huge or nested."""
    return given[:_LONGEST] if isinstance(given, str) else f"a value of type {type(given).__name__}"
