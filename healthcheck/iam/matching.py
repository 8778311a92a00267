"""Patterns as policies hold them: wildcards, policy variables, the parts of an ARN.

Sources: IAM User Guide, "Resource" (wildcards), "Variables and tags" (substitution, defaults, variables without a
value), "Condition operators" (each of the six parts of an ARN is checked separately).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import Final

from healthcheck.iam.context import Context
from healthcheck.iam.truth import Maybe, Truth, every, on_doubt, on_key
from healthcheck.iam.wildcards import STAR, Glob, Token, Variable, tokenize

ARN_PARTS: Final = 6


def _value_of(variable: Variable, context: Context) -> str | Maybe | None:
    """Return what stands for a variable: its value or default, none where it has no value, else what that hangs on."""
    values = context.values(variable.key.lower())
    if values is None:
        return on_key(variable.key)
    if not values:
        return variable.default
    if len(values) > 1:
        return on_doubt(f"{variable.key} has several values, and what AWS substitutes then is not documented")
    if not values[0]:
        return on_doubt(f"{variable.key} is empty, and whether that is a value to substitute is not documented")
    return values[0]


class Pattern:
    """A pattern as it stands in a policy.

    Args:
        text: As written.
        wildcards: Whether ``*`` and ``?`` stand for other characters.
        variables: Whether ``${…}`` is substituted (not in policies of version 2008-10-17).
        ignore_case: Whether letter case is irrelevant.
        by_arn_part: Whether the six parts of an ARN are compared one by one, as the Arn operators do; else a star
            reaches over colons, as it does in the element Resource.
        written: The text to quote, where it is not the text to match.
    """

    __slots__ = ("_by_arn_part", "_globs", "_ignore_case", "_tokens", "text", "variables")

    def __init__(
        self,
        text: str,
        *,
        wildcards: bool = True,
        variables: bool = True,
        ignore_case: bool = False,
        by_arn_part: bool = False,
        written: str | None = None,
    ) -> None:
        self.text = text if written is None else written
        self._by_arn_part = by_arn_part
        self._ignore_case = ignore_case
        self._tokens = tokenize(text, wildcards=wildcards, variables=variables)
        self.variables = tuple(token for token in self._tokens if isinstance(token, Variable))
        self._globs = None if self.variables else self._compile(self._tokens)

    def match(self, text: str, context: Context) -> Truth:
        """Return whether the text matches, given what is known about the request."""
        if self._ignore_case:
            text = text.casefold()
        if self._globs is not None:
            return self._compare(self._globs, text)
        values = [_value_of(variable, context) for variable in self.variables]
        if None in values:
            return False
        tokens = self._resolved(values)
        open_points = [value for value in values if isinstance(value, Maybe)]
        if not open_points:
            return self._compare(self._compile(tokens), text)
        # A value that is not known may be anything, colons included.
        glob = Glob(_folded(tokens) if self._ignore_case else tokens)
        return every(open_points) if glob.matches(text) else False

    def match_beginning(self, text: str, context: Context) -> bool | None:
        """Return whether every text that begins so matches, or that none does; nothing where it depends."""
        if self.is_void(context):
            return False
        if self.is_universal:
            return True
        if self._globs is None or (self._by_arn_part and len(self._globs) != ARN_PARTS):
            return None
        tokens, text = (_folded(self._tokens), text.casefold()) if self._ignore_case else (self._tokens, text)
        head = "".join(takewhile(lambda token: isinstance(token, str), tokens))  # type: ignore[arg-type]
        is_literal = all(isinstance(token, str) for token in tokens)
        if not head.startswith(text) and (is_literal or not text.startswith(head)):
            return False
        is_open_ended = bool(tokens) and tokens[-1] is STAR
        return True if is_open_ended and self._compare(self._globs, text) is True else None

    def is_void(self, context: Context) -> bool:
        """Return whether a variable is known to have no value, so that nothing can match."""
        return self.key_without_value(context) is not None

    @property
    def is_universal(self) -> bool:
        """Whether it matches every text."""
        return self._tokens == (STAR,)

    def key_without_value(self, context: Context) -> str | None:
        """Return the key of a variable that is known to have no value."""
        return next((each.key for each in self.variables if _value_of(each, context) is None), None)

    def _resolved(self, values: Iterable[str | Maybe | None]) -> tuple[Token, ...]:
        """Return the tokens with each variable's value in its place, or a star where it is not known."""
        left = iter(values)
        return tuple(
            (value if isinstance(value := next(left), str) else STAR) if isinstance(token, Variable) else token
            for token in self._tokens
        )

    def _compile(self, tokens: Iterable[Token]) -> tuple[Glob, ...]:
        if self._ignore_case:
            tokens = _folded(tokens)
        if not self._by_arn_part:
            return (Glob(tokens),)
        return tuple(Glob(part) for part in split_arn(tokens))

    def _compare(self, globs: tuple[Glob, ...], text: str) -> Truth:
        if not self._by_arn_part:
            return globs[0].matches(text)
        parts = text.split(":", ARN_PARTS - 1)
        if len(globs) == ARN_PARTS:
            return len(parts) == ARN_PARTS and all(map(Glob.matches, globs, parts))
        if self.text == "*":
            return True
        if all(glob.matches(part) for glob, part in zip(globs, parts, strict=False)):
            return on_doubt(
                f"“{self.text}” has fewer than the six parts of an ARN; what AWS makes of it is not documented"
            )
        return False


def _folded(tokens: Iterable[Token]) -> tuple[Token, ...]:
    return tuple(token.casefold() if isinstance(token, str) else token for token in tokens)


def split_arn(tokens: Iterable[Token]) -> list[list[Token]]:
    """Return the parts between the first five colons; a colon inside a variable's name is none."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if not isinstance(token, str):
            parts[-1].append(token)
            continue
        pieces = token.split(":", ARN_PARTS - len(parts))
        parts[-1].append(pieces[0])
        parts.extend([piece] for piece in pieces[1:])
    return parts


def resource_pattern(text: str, *, variables: bool) -> Pattern:
    """Return the pattern of an element Resource; an ARN with fewer than six parts is completed with stars."""
    if text.startswith("arn:"):
        missing = ARN_PARTS - len(split_arn(tokenize(text, wildcards=True, variables=variables)))
        return Pattern(text + ":*" * missing, variables=variables, written=text)
    return Pattern(text, variables=variables)
