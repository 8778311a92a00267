"""A symptom: an error text, and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from healthcheck.errors import FailureKind
from healthcheck.result import Fix


class Confidence(Enum):
    """How far a text settles its meaning. The value is the word for it."""

    CERTAIN = "certainly"
    """The words say just this, and nothing else makes AWS or its SDK say them."""
    LIKELY = "very likely"
    POSSIBLE = "possibly"
    """Several causes have these words."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """One row of the table. It applies where a pattern, a kind of failure or a denying layer does."""

    id: str
    means: str
    """What is really the matter. ``{operation}`` and ``{action}`` stand for what the text names."""
    checks: tuple[str, ...]
    """The checks that settle it, the first one first; none = nothing that is looked at settles it."""
    fix: Fix
    confidence: Confidence
    patterns: tuple[str, ...] = ()
    """Regular expressions, whatever the letter case; spaces stand for any white space."""
    kinds: tuple[FailureKind, ...] = ()
    """What the code or exception means to the classifier."""
    layers: tuple[str, ...] = ()
    """The policy layers that a refusal may name, as `healthcheck.aws.answers.Denial` calls them."""
    is_explicit: bool | None = None
    """Whether a Deny has to be named, or must not be; none = either."""
    source: str = ""
    """Where the text was seen."""
