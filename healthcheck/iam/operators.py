"""The condition operators: how one value of a request is compared with one value of a policy.

Source: IAM User Guide, "Condition operators" (read 2026-11-22).
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Protocol, TypeAlias

from healthcheck.iam.context import Context
from healthcheck.iam.matching import Pattern
from healthcheck.iam.truth import Truth, on_doubt


class Comparison(Protocol):
    """One value of a policy, ready to be compared."""

    def match(self, text: str, context: Context) -> Truth:
        """Return whether a value of the request matches, before any negation."""

    def is_void(self, context: Context) -> bool:
        """Return whether nothing can match, whatever the request says."""

    def match_beginning(self, text: str, context: Context) -> bool | None:
        """Return whether every value that begins so matches, or that none does; nothing where it depends."""

    @property
    def is_universal(self) -> bool:
        """Whether every value matches."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One documented operator, without prefix and suffix."""

    name: str
    compile: Callable[[str, bool], Comparison]
    """From a value of the policy, and whether policy variables are substituted, to its comparison."""
    negated: bool = False


class _Parsed:
    """A comparison of two values of one type; what is not of the type leaves the answer open."""

    __slots__ = ("_compare", "_parse", "_right", "_text")
    is_universal = False

    def __init__(self, text: str, parse: Callable[[str], object], compare: Callable[..., Truth]) -> None:
        self._text = text
        self._parse = parse
        self._compare = compare
        self._right = parse(text)

    def match(self, text: str, context: Context) -> Truth:  # noqa: ARG002 - the protocol's; no variables here
        left = self._parse(text)
        if left is None or self._right is None:
            bad = text if left is None else self._text
            return on_doubt(f"“{bad}” is not of the type that the condition operator compares")
        return self._compare(left, self._right)

    def match_beginning(self, text: str, context: Context) -> bool | None:  # noqa: ARG002 - see above
        return None

    def is_void(self, context: Context) -> bool:  # noqa: ARG002 - see above
        return False


def _typed(parse: Callable[[str], object], compare: Callable[..., bool]) -> Callable[..., Comparison]:
    def prepare(text: str, variables: bool) -> Comparison:  # noqa: ARG001, FBT001 - AWS: no variables in these types
        return _Parsed(text, parse, compare)

    return prepare


def _exact(text: str, variables: bool) -> Comparison:  # noqa: FBT001 - the table below calls it by position
    return Pattern(text, wildcards=False, variables=variables)


def _exact_ignoring_case(text: str, variables: bool) -> Comparison:  # noqa: FBT001
    return Pattern(text, wildcards=False, variables=variables, ignore_case=True)


def _like(text: str, variables: bool) -> Comparison:  # noqa: FBT001
    return Pattern(text, variables=variables)


def _arn(text: str, variables: bool) -> Comparison:  # noqa: FBT001
    return Pattern(text, variables=variables, by_arn_part=True)


def parse_number(text: str) -> Decimal | None:
    """Return an integer or decimal number; nothing for exponents, infinities and words."""
    digits = (text[1:] if text.startswith(("+", "-")) else text).replace(".", "", 1)
    if len(digits) > _LONGEST_NUMBER or not digits.isascii() or not digits.isdigit():
        return None
    return Decimal(text)


_LONGEST_NUMBER: Final = 64
_YEAR: Final = 4
_LONGEST_DATE: Final = 40


def parse_date(text: str) -> datetime | None:
    """Return a moment given by ISO 8601 (the W3C profile: from a year to a fraction of a second) or epoch seconds.

    AWS counts epoch time in seconds. A number of four digits is a year.
    """
    if len(text) > _LONGEST_DATE or not text.isascii():
        return None
    try:
        number = parse_number(text)
        if number is not None and len(text) != _YEAR:
            return datetime.fromtimestamp(float(number), UTC)
        moment = datetime.fromisoformat(text + {4: "-01-01", 7: "-01"}.get(len(text), ""))
    except (ValueError, OverflowError, OSError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def _parse_network(text: str) -> _Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


def _is_within(address: _Network, network: _Network) -> bool:
    if isinstance(address, ipaddress.IPv4Network):
        return isinstance(network, ipaddress.IPv4Network) and address.subnet_of(network)
    return isinstance(network, ipaddress.IPv6Network) and address.subnet_of(network)


def _is_about(address: _Network, lone: _Network) -> Truth:
    """Return whether an address is an IPv6 address that a policy names without a prefix, which AWS says is then /32."""
    if _is_within(address, lone):
        return True
    if _is_within(address, lone.supernet(new_prefix=_DEFAULT_PREFIX)):
        return on_doubt(f"“{lone.network_address}” has no prefix; AWS says /32, which in IPv6 is no single address")
    return False


_DEFAULT_PREFIX: Final = 32


def _in_network(text: str, variables: bool) -> Comparison:  # noqa: ARG001, FBT001
    return _Parsed(text, _parse_network, _is_about if ":" in text and "/" not in text else _is_within)


def _parse_binary(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


class _Bool(Pattern):
    """True or false in any letter case. The only type beside text and ARNs that takes policy variables."""

    __slots__ = ()

    def __init__(self, text: str, variables: bool) -> None:  # noqa: FBT001
        super().__init__(text, wildcards=False, variables=variables, ignore_case=True)


class _Null(_Parsed):
    """Whether the key is absent; `conditions` gives it ``true`` or ``false``."""

    __slots__ = ()

    def __init__(self, text: str, variables: bool) -> None:  # noqa: ARG002, FBT001
        super().__init__(text, lambda word: word.lower() if word.lower() in ("true", "false") else None, _same)


def _same(left: object, right: object) -> bool:
    return left == right


def _orders(kind: str, parse: Callable[[str], object]) -> list[Operator]:
    """Return the six operators of a type with an order."""
    # Decimal and datetime have an order; a type variable cannot say so without a protocol of four methods.
    comparisons: dict[str, Callable[..., bool]] = {
        "LessThan": lambda left, right: left < right,
        "LessThanEquals": lambda left, right: left <= right,
        "GreaterThan": lambda left, right: left > right,
        "GreaterThanEquals": lambda left, right: left >= right,
    }
    equal = _typed(parse, _same)
    return [
        Operator(f"{kind}Equals", equal),
        Operator(f"{kind}NotEquals", equal, negated=True),
        *(Operator(f"{kind}{name}", _typed(parse, compare)) for name, compare in comparisons.items()),
    ]


NULL: Final = Operator("Null", _Null)

OPERATORS: Final = {
    operator.name.lower(): operator
    for operator in (
        Operator("StringEquals", _exact),
        Operator("StringNotEquals", _exact, negated=True),
        Operator("StringEqualsIgnoreCase", _exact_ignoring_case),
        Operator("StringNotEqualsIgnoreCase", _exact_ignoring_case, negated=True),
        Operator("StringLike", _like),
        Operator("StringNotLike", _like, negated=True),
        *_orders("Numeric", parse_number),
        *_orders("Date", parse_date),
        Operator("Bool", _Bool),
        Operator("BinaryEquals", _typed(_parse_binary, _same)),
        Operator("IpAddress", _in_network),
        Operator("NotIpAddress", _in_network, negated=True),
        Operator("ArnEquals", _arn),
        Operator("ArnLike", _arn),
        Operator("ArnNotEquals", _arn, negated=True),
        Operator("ArnNotLike", _arn, negated=True),
        NULL,
    )
}
"""By name in lower case."""
