"""From a pasted text to what it may mean, the likeliest first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache

from healthcheck.aws.answers import Denial, ErrorAnswer
from healthcheck.aws.errors import SDK_ERRORS
from healthcheck.errors import FailureKind
from healthcheck.result import Fix
from healthcheck.symptoms.naming import filled
from healthcheck.symptoms.pasting import QUOTES, readings
from healthcheck.symptoms.symptom import Confidence, Symptom
from healthcheck.symptoms.table import SYMPTOMS

_LONGEST = 20_000
"""Characters of a text that are read: what matters of a traceback is at its end."""

_ANSWER = re.compile(
    r"An error occurred \(([\w.]+)\) when calling the (\w+) operation(?: \([^)]*\))?: ?(.*)", re.DOTALL
)
_REFUSAL = re.compile(r"not authorized to perform", re.IGNORECASE)
_REFUSAL_LENGTH = 1_500
_WORD = re.compile(r"\b[A-Z][A-Za-z0-9]{5,60}\b")
_CODE = re.compile(r"\b([A-Z][A-Za-z0-9]{5,60})(?:: |</Code>|\)| \(HTTP \d{3}\))|Code\W{1,4}([A-Z][A-Za-z0-9]{5,60})\b")
_STATUS = re.compile(r"\b(?:Status Code|HTTP)[: ]{1,2}(\d{3})\b", re.IGNORECASE)
_CONFIDENCES = tuple(Confidence)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a text may mean."""

    symptom: Symptom
    confidence: Confidence
    """The symptom's, and no more than likely where a word that could be a code is all there is."""
    meaning: str
    """The symptom's, with what the text names in its place."""
    fix: Fix
    """The symptom's, likewise."""


class _Grade(Enum):
    """What a symptom was recognised by; the earlier the better."""

    DENY = 0
    """A Deny in a layer that the text names: whatever else is missing, no Allow helps."""
    WORDS = 1
    LAYER = 2
    CODE = 3


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a text says, before anything is made of it."""

    text: str
    operation: str
    denial: Denial
    kinds: frozenset[FailureKind]
    """By a code or exception that stands where such stand."""
    hints: frozenset[FailureKind]
    """By words that are codes or exceptions, wherever they stand."""


def diagnose(text: str) -> tuple[Finding, ...]:
    """Return what a text may mean, the likeliest first; nothing where no row of the table knows it."""
    found = [_found(_facts(reading)) for reading in readings(text[-_LONGEST:])]
    # That which is understood best; of equals the first, which takes a line's end for a space.
    rows, facts = min(found, key=lambda each: _by_words(each[0]))
    named = {"operation": facts.operation or "the request", "action": facts.denial.action or "the action"}
    return tuple(
        Finding(symptom, confidence, symptom.means.format_map(named), _fix(symptom, facts.text))
        for _, confidence, symptom in rows
    )


@dataclass(frozen=True, slots=True)
class Answered:
    """What AWS was asked, and the code of its answer."""

    operation: str
    code: str


def answered(text: str) -> Answered | None:
    """Return which answer of AWS's a text is; None where it is none, or its SDK wrote it otherwise."""
    found = next((match for reading in readings(text[-_LONGEST:]) if (match := _ANSWER.search(reading))), None)
    return Answered(found[2], found[1]) if found else None


def _fix(symptom: Symptom, text: str) -> Fix:
    return replace(symptom.fix, commands=tuple(filled(command, text) for command in symptom.fix.commands))


_Row = tuple[_Grade, Confidence, Symptom]


def _found(facts: _Facts) -> tuple[list[_Row], _Facts]:
    found = [(grade, confidence, symptom) for symptom in SYMPTOMS for grade, confidence in _grades(symptom, facts)]
    if any(grade is not _Grade.CODE for grade, _, _ in found):
        # A bare code tells less than the words beside it do.
        found = [row for row in found if row[0] is not _Grade.CODE]
    return sorted(found, key=_rank), facts


def _rank(row: _Row) -> tuple[int, int]:
    return _CONFIDENCES.index(row[1]), row[0].value


def _by_words(rows: list[_Row]) -> tuple[int, ...]:
    """Rank readings: words that are known, then codes, which stand in any reading, then nothing."""
    if not rows:
        return (2,)
    is_code_alone = all(grade is _Grade.CODE for grade, _, _ in rows)
    return (1, *_rank(rows[0])) if is_code_alone else (0,)


def _grades(symptom: Symptom, facts: _Facts) -> Iterator[tuple[_Grade, Confidence]]:
    """Yield by what a symptom is recognised, and how surely, once; nothing where it does not apply."""
    denial = facts.denial
    if any(pattern.search(facts.text) for pattern in _compiled(symptom.patterns)):
        yield _Grade.WORDS, symptom.confidence
    elif denial.layer in symptom.layers and symptom.is_explicit in (None, denial.is_explicit):
        # That no policy allows it is all that a code says, too.
        implicit = _Grade.CODE if denial.layer == "identity" else _Grade.LAYER
        yield _Grade.DENY if denial.is_explicit else implicit, symptom.confidence
    elif facts.kinds.intersection(symptom.kinds):
        yield _Grade.CODE, symptom.confidence
    elif facts.hints.intersection(symptom.kinds):
        weaker = max(_CONFIDENCES.index(symptom.confidence), _CONFIDENCES.index(Confidence.LIKELY))
        yield _Grade.CODE, _CONFIDENCES[weaker]


@cache
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern.translate(QUOTES), re.IGNORECASE) for pattern in patterns)


def _facts(text: str) -> _Facts:
    kinds: set[FailureKind] = set()
    answer = _ANSWER.search(text)
    if answer:
        kinds.add(ErrorAnswer(answer[1], answer[3], 0).kind)
    named = {word: _kind_of(word, text) for word in set(_WORD.findall(text))}
    kinds |= {kind for pair in _CODE.findall(text) if (kind := named.get(pair[0] or pair[1]))}
    hints = {kind for kind in named.values() if kind}
    hints |= {ErrorAnswer("", text, int(status)).kind for status in _STATUS.findall(text)}
    meaningless = {FailureKind.BAD_ANSWER}
    return _Facts(
        text,
        answer[2] if answer else "",
        _denial(text),
        frozenset(kinds - meaningless),
        frozenset(hints - meaningless),
    )


def _denial(text: str) -> Denial:
    """Read AWS's sentence about a refusal, wherever it stands: what follows it may have a because of its own."""
    sentences = [text[match.start() : match.start() + _REFUSAL_LENGTH] for match in _REFUSAL.finditer(text)]
    denials = [Denial.of(sentence) for sentence in sentences or [text]]
    return next((denial for denial in denials if denial.layer), denials[0])


def _kind_of(word: str, text: str) -> FailureKind | None:
    """Return what a word means if it is a code of AWS's or an exception of its SDK's."""
    if word in SDK_ERRORS:
        return SDK_ERRORS[word]
    kind = ErrorAnswer(word, text, 0).kind
    # What the message says by itself, it says beside any word.
    return kind if kind is not ErrorAnswer("", text, 0).kind else None
