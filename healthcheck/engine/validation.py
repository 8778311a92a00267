"""What a check may yield: the form that every reader of a result relies on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import UnionType

from healthcheck.check import Check
from healthcheck.result import Fix, Result, Status

MAX_VALUES = 1_000
"""Values in one piece of evidence or one policy; more is a raw answer, not a fact."""

MAX_CHARACTERS = 32_768
"""Characters of one text; a result is kept in memory and shown on a page."""


def mistake_in(yielded: object, check: Check) -> str | None:
    """Return what is wrong with something that a check yielded, as the end of a sentence; none when nothing is."""
    if not isinstance(yielded, Result):
        return f"yielded a value of type {type(yielded).__name__} instead of a Result"
    return _mistake_in_form(yielded) or _mistake_in_meaning(yielded, check) or _mistake_in_gauges(yielded, check)


def _mistake_in_form(result: Result) -> str | None:
    """A dataclass does not hold its fields to their types, and a check may come from anybody."""
    about = f"for {result.subject}"
    if not _is_text(result.subject) or not _is_text(result.summary):
        return f"yielded a subject or summary that is no text of 1 to {MAX_CHARACTERS} characters"
    if not _is(result.status, Status):
        return f"yielded a status {about} that is no Status"
    if not _is(result.evidence, Mapping) or not is_json(result.evidence):
        return f"yielded evidence {about} that is no small JSON object"
    if not _are_texts(result.missing_actions):
        return f"yielded missing_actions {about} that are no tuple of texts"
    if result.fix is not None and not (_is(result.fix, Fix) and _is_whole(result.fix)):
        return f"yielded a fix {about} that is no Fix of a sentence, commands, a policy and a link"
    return None


def _is_whole(fix: Fix) -> bool:
    return (
        _is_text(fix.text)
        and _are_texts(fix.commands)
        and _is(fix.policy, Mapping | None)
        and is_json(fix.policy)
        and _is(fix.link, str | None)
    )


def _is(value: object, kind: type | UnionType) -> bool:
    return isinstance(value, kind)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_CHARACTERS


def _are_texts(value: object) -> bool:
    return isinstance(value, tuple) and all(_is_text(item) for item in value)


def _mistake_in_meaning(result: Result, check: Check) -> str | None:
    if result.status is Status.BLOCKED:
        return f"yielded blocked for {result.subject}; only the runner knows what blocks a check"
    if result.reason is None:
        if result.status is not Status.OK:
            return f"yielded {result.status.value} for {result.subject} without a reason"
    elif result.reason not in check.all_reasons:
        return f"yielded the reason {result.reason!r} for {result.subject} without declaring it in reasons=[…]"
    if result.status.needs_action and result.fix is None:
        return f"yielded {result.status.value} for {result.subject} without a fix"
    return None


def _mistake_in_gauges(result: Result, check: Check) -> str | None:
    if not _is(result.gauges, Mapping):
        return f"yielded gauges for {result.subject} that are no mapping"
    for family, value in result.gauges.items():
        if family not in check.gauges:
            return f"yielded the gauge {family!r} for {result.subject} without declaring it in gauges=[…]"
        if not _is_number(value):
            return f"yielded {value!r} for the gauge {family}, which is no finite number"
    return None


def is_json(value: object) -> bool:
    """Whether JSON can say the value, in a size that people read. A circle is never small."""
    waiting = [value]
    for _ in range(MAX_VALUES):
        if not waiting:
            return True
        item = waiting.pop()
        if isinstance(item, Mapping) and all(isinstance(key, str) for key in item):
            waiting.extend(item.values())
        elif isinstance(item, Sequence) and not isinstance(item, str | bytes | bytearray):
            waiting.extend(item)
        elif not _is_atom(item):
            return False
    return not waiting


def _is_atom(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_CHARACTERS
    return value is None or isinstance(value, bool) or _is_number(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
