"""Conditions: one operator, one key, and the values that it is compared with.

Sources: IAM User Guide, "Condition", "Condition operators", "Multivalued context keys", "Policy variables with no
value" and "Access Analyzer policy check reference" (empty lists; read 2026-11-22); an empty value counts as absent for
`Null` (AWS's behaviour, as PMapper's author measured it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from typing import Final

from healthcheck.iam.context import Context
from healthcheck.iam.operators import NULL, OPERATORS, Comparison, Operator
from healthcheck.iam.truth import Truth, every, on_doubt, on_key, opposite, some
from healthcheck.iam.words import shown


class Quantifier(Enum):
    """How a key with several values is compared."""

    NONE = ""
    ALL = "forallvalues:"
    ANY = "foranyvalue:"


_IF_EXISTS: Final = "ifexists"


class ConditionError(Exception):
    """A condition cannot be understood; `documents` says in which policy."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of an element Condition. All lines of a statement must hold."""

    written: str
    """The operator as written: ``ForAnyValue:StringLikeIfExists``."""
    key: str
    """As written."""
    values: tuple[str, ...]
    operator: Operator
    quantifier: Quantifier
    if_exists: bool
    comparisons: tuple[Comparison, ...]

    def holds(self, context: Context) -> Truth:
        """Return whether the condition holds, given what is known about the request."""
        found = context.values(self.key.lower())
        if self.operator is NULL:
            return self._is_null(found, context)
        if not self.comparisons and not self._is_settled_without_values(found):
            return on_doubt(f"{self.written} compares {self.key} with an empty list, of which AWS says no clear thing")
        if found is None:
            return self._holds_for_unknown(context)
        if not found:
            return self._holds_for_absent()
        by_kind = self._holds_for_plain if self.quantifier is Quantifier.NONE else self._holds_for_set
        return by_kind(found, context)

    def _is_null(self, found: tuple[str, ...] | None, context: Context) -> Truth:
        if found is None and context.beginning(self.key.lower()) is None:
            return on_key(self.key)
        absent = "false" if found is None or any(found) else "true"
        return some(comparison.match(absent, context) for comparison in self.comparisons)

    def _is_settled_without_values(self, found: tuple[str, ...] | None) -> bool:
        """Return whether AWS says what an empty list of values means.

        ForAllValues and IfExists then hold for an absent key only, ForAnyValue never (Access Analyzer, "Policy check
        reference"). Of a plain operator it says that it holds and that the statement has no effect.
        """
        if self.operator.negated and found != ():
            return False
        return self.if_exists or self.quantifier is not Quantifier.NONE

    def _holds_for_absent(self) -> bool:
        if self.if_exists or self.quantifier is Quantifier.ALL:
            return True
        return self.operator.negated and self.quantifier is Quantifier.NONE

    def _holds_for_beginning(self, beginning: str, context: Context) -> Truth:
        if self.quantifier is not Quantifier.NONE:
            return on_key(self.key)
        verdicts = [comparison.match_beginning(beginning, context) for comparison in self.comparisons]
        matched = some(on_key(self.key) if verdict is None else verdict for verdict in verdicts)
        return opposite(matched) if self.operator.negated else matched

    def _holds_for_unknown(self, context: Context) -> Truth:
        beginning = context.beginning(self.key.lower())
        if beginning is not None:
            return self._holds_for_beginning(beginning, context)
        # Where every value matches, or none can, the answer may be the same for all values and for an absent key.
        if all(comparison.is_void(context) for comparison in self.comparisons):
            for_present = self.operator.negated
        elif any(comparison.is_universal for comparison in self.comparisons):
            for_present = not self.operator.negated
        else:
            return on_key(self.key)
        # A key that is present and empty fails ForAnyValue.
        is_same = for_present == self._holds_for_absent() and not (for_present and self.quantifier is Quantifier.ANY)
        return for_present if is_same else on_key(self.key)

    def _holds_for_plain(self, found: tuple[str, ...], context: Context) -> Truth:
        verdicts = [self._holds_for_value(value, context) for value in found]
        if len(found) > 1 and any(verdict is True for verdict in verdicts) and any(v is False for v in verdicts):
            return on_doubt(
                f"{self.written} compares {self.key}, which has several values, without ForAllValues or ForAnyValue"
            )
        return every(verdicts)

    def _holds_for_set(self, found: tuple[str, ...], context: Context) -> Truth:
        if not any(found):
            # An empty data set, such as an empty text.
            return self.quantifier is Quantifier.ALL
        verdicts = (self._holds_for_value(value, context) for value in found)
        return every(verdicts) if self.quantifier is Quantifier.ALL else some(verdicts)

    def _holds_for_value(self, value: str, context: Context) -> Truth:
        matched = some(comparison.match(value, context) for comparison in self.comparisons)
        return opposite(matched) if self.operator.negated else matched

    def __str__(self) -> str:
        values = " or ".join(f"“{value}”" for value in self.values[:_SHOWN]) or "nothing"
        more = f" or {len(self.values) - _SHOWN} more" if len(self.values) > _SHOWN else ""
        return f"{self.written} {self.key} {values}{more}"


_SHOWN: Final = 3


def parse_conditions(block: Mapping[object, object], *, variables: bool) -> tuple[Condition, ...]:
    """Return the conditions of an element Condition.

    Raises:
        ConditionError: where it cannot be understood.
    """
    conditions = []
    for written, tests in block.items():
        if not isinstance(written, str):
            raise ConditionError("an operator is not text")
        if not isinstance(tests, Mapping):
            raise ConditionError(f"{written} needs an object of keys and values")
        operator, quantifier, if_exists = _parse_operator(written)
        for key, given in tests.items():
            if not isinstance(key, str) or not key:
                raise ConditionError(f"a key of {written} is not text")
            values = _parse_values(given, f"{written} {key}")
            comparisons = tuple(operator.compile(value, variables) for value in values)
            conditions.append(Condition(written, key, values, operator, quantifier, if_exists, comparisons))
    return tuple(conditions)


def _parse_operator(written: str) -> tuple[Operator, Quantifier, bool]:
    name = written.lower()
    quantifier = next(
        (each for each in (Quantifier.ALL, Quantifier.ANY) if name.startswith(each.value)), Quantifier.NONE
    )
    name = name.removeprefix(quantifier.value)
    if_exists = name.endswith(_IF_EXISTS)
    operator = OPERATORS.get(name.removesuffix(_IF_EXISTS))
    if operator is None:
        close = get_close_matches(name[:64], OPERATORS, n=1)
        hint = f"; did you mean {OPERATORS[close[0]].name}?" if close else ""
        raise ConditionError(f"{shown(written)} is no condition operator{hint}")
    if operator is NULL and (if_exists or quantifier is not Quantifier.NONE):
        raise ConditionError(f"{written} is no condition operator: Null takes neither prefix nor suffix")
    return operator, quantifier, if_exists


def _parse_values(given: object, where: str) -> tuple[str, ...]:
    if isinstance(given, (list, tuple)):
        return tuple(_parse_value(each, where) for each in given)
    return (_parse_value(given, where),)


def _parse_value(given: object, where: str) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, float) or (isinstance(given, int) and abs(given) < _LARGEST):
        return str(given)
    raise ConditionError(f"a value of {where} is neither text, boolean nor a number of sane size")


_LARGEST: Final = 1 << 128  # Python refuses to write integers of thousands of digits
