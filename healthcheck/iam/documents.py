"""Policy documents, read once and kept ready for many requests.

Sources: IAM User Guide, "Grammar of the IAM JSON policy language", "Version" and "IAM JSON policy elements"
(read 2026-11-22). GetRole and GetPolicyVersion give a document as URL-encoded text, boto3 as a mapping: both are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum
from typing import Final
from urllib.parse import unquote

from healthcheck.errors import HealthcheckError
from healthcheck.iam.conditions import Condition, ConditionError, parse_conditions
from healthcheck.iam.context import Context
from healthcheck.iam.matching import Pattern, resource_pattern
from healthcheck.iam.principals import PrincipalElement, PrincipalError, parse_element
from healthcheck.iam.truth import Truth, every, opposite, some
from healthcheck.iam.wildcards import Glob, tokenize
from healthcheck.iam.words import shown

_LARGEST_DOCUMENT: Final = 1 << 20  # AWS's largest, a key policy, has 32 KiB
_WITH_VARIABLES: Final = "2012-10-17"
_VERSIONS: Final = (_WITH_VARIABLES, "2008-10-17")
_TOP_ELEMENTS: Final = ("Version", "Id", "Statement")
_ELEMENTS: Final = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
_REMEMBERED_ACTIONS: Final = 4096


class PolicyError(HealthcheckError):
    """A policy document cannot be understood."""

    def __init__(self, document: str, where: str, mistake: str) -> None:
        self.document = document
        self.where = where
        """Such as ``statement 2, Condition``; empty for the document as a whole."""
        self.mistake = mistake
        super().__init__(f"policy {document}{f', {where}' if where else ''}: {mistake}")


class Effect(Enum):
    """What a statement does."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True)
class ActionElement:
    """An element Action or NotAction. Letter case is irrelevant."""

    written: tuple[str, ...]
    negated: bool
    literals: frozenset[str]
    globs: tuple[Glob, ...]

    def covers(self, action: str) -> bool:
        """Return whether an action, given in lower case, is meant."""
        listed = action in self.literals or any(glob.matches(action) for glob in self.globs)
        return listed is not self.negated


@dataclass(frozen=True, slots=True)
class ResourceElement:
    """An element Resource or NotResource."""

    patterns: tuple[Pattern, ...]
    negated: bool

    def covers(self, resource: str, context: Context) -> Truth:
        """Return whether a resource is meant. Letter case matters."""
        listed = some(pattern.match(resource, context) for pattern in self.patterns)
        return opposite(listed) if self.negated else listed


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement."""

    index: int
    """From 0."""
    sid: str | None
    effect: Effect
    principal: PrincipalElement | None
    action: ActionElement
    resource: ResourceElement | None
    conditions: tuple[Condition, ...]
    text: str = field(repr=False)
    """The statement as JSON."""

    @property
    def label(self) -> str:
        """How people find it: ``statement AllowData``, or by its place, from 1."""
        return f"statement {self.sid}" if self.sid else f"statement {self.index + 1}"

    def conditions_hold(self, context: Context) -> Truth:
        """Return whether all conditions hold."""
        return every(condition.holds(context) for condition in self.conditions)


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One policy document, compiled. Made by `load_document`; immutable; may be shared between threads."""

    name: str
    arn: str | None
    version: str | None
    """The version of the managed policy, such as ``v29``; not the version of the language."""
    statements: tuple[Statement, ...]
    _by_action: dict[str, tuple[Statement, ...]] = field(default_factory=dict, repr=False)

    @property
    def label(self) -> str:
        """The document for a reader: its ARN or name, with its version."""
        return f"{self.arn or self.name}{f' ({self.version})' if self.version else ''}"

    def about(self, action: str) -> tuple[Statement, ...]:
        """Return the statements that mean an action, given in lower case; remembered, as requests repeat actions."""
        found = self._by_action.get(action)
        if found is None:
            found = tuple(statement for statement in self.statements if statement.action.covers(action))
            if len(self._by_action) >= _REMEMBERED_ACTIONS:
                self._by_action.clear()
            self._by_action[action] = found
        return found


def load_document(
    source: str | Mapping[str, object], *, name: str, arn: str | None = None, version: str | None = None
) -> Document:
    """Read a policy document and compile it.

    Args:
        source: JSON text, URL-encoded JSON text, or the mapping that boto3 makes of it.
        name: How the document is called in explanations: the policy's name, ``trust policy of role X`` …
        arn: The managed policy's ARN.
        version: The managed policy's version, such as ``v29``.

    Raises:
        PolicyError: where the document cannot be understood, whatever is wrong with it.
    """
    given = _decode(source, name) if isinstance(source, str) else source
    if not isinstance(given, Mapping):
        raise PolicyError(name, "", "is no JSON object")
    _refuse_unknown(given, _TOP_ELEMENTS, name, "")
    language = given.get("Version", _VERSIONS[-1])
    if not isinstance(language, str) or language not in _VERSIONS:
        raise PolicyError(name, "Version", f"{shown(language)} is neither {_VERSIONS[0]} nor {_VERSIONS[1]}")
    statements = given.get("Statement")
    if isinstance(statements, Mapping):
        statements = (statements,)
    if not isinstance(statements, (list, tuple)):
        raise PolicyError(name, "Statement", "is missing" if statements is None else "is neither an object nor a list")
    reader = _StatementReader(name, variables=language == _WITH_VARIABLES)
    return Document(name, arn, version, tuple(reader.read(each, index) for index, each in enumerate(statements)))


def _decode(text: str, name: str) -> object:
    if len(text) > _LARGEST_DOCUMENT:
        raise PolicyError(name, "", f"is longer than {_LARGEST_DOCUMENT} characters, which no AWS policy can be")
    if text.lstrip()[:1] == "%":
        text = unquote(text)
    try:
        return json.loads(text, object_pairs_hook=_refuse_duplicates, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise PolicyError(name, "", f"is no JSON: {reason[:200]}") from error


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Python would keep the last one in silence: half a policy would be judged.
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            message = f"the key {key[:80]!r} stands twice in one object"
            raise ValueError(message)
        found[key] = value
    return found


def _refuse_constant(word: str) -> object:
    message = f"{word} is no JSON value"
    raise ValueError(message)


def _refuse_unknown(given: Mapping[object, object], known: tuple[str, ...], name: str, where: str) -> None:
    for element in given:
        if element not in known:
            written = shown(element)
            close = get_close_matches(written.capitalize(), known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise PolicyError(name, where, f"{written} is no element of a policy{hint}")


class _StatementReader:
    """Reads the statements of one document."""

    def __init__(self, document: str, *, variables: bool) -> None:
        self._document = document
        self._variables = variables

    def read(self, given: object, index: int) -> Statement:
        where = f"statement {index + 1}"
        if not isinstance(given, Mapping):
            raise PolicyError(self._document, where, "is no object")
        _refuse_unknown(given, _ELEMENTS, self._document, where)
        sid = given.get("Sid")
        if sid is not None and not isinstance(sid, str):
            raise PolicyError(self._document, f"{where}, Sid", "is not text")
        effect = given.get("Effect")
        if effect not in ("Allow", "Deny"):
            raise PolicyError(self._document, f"{where}, Effect", "is neither Allow nor Deny")
        return Statement(
            index=index,
            sid=sid or None,
            effect=Effect(effect),
            principal=self._principal(given, where),
            action=self._action(given, where),
            resource=self._resource(given, where),
            conditions=self._conditions(given.get("Condition"), f"{where}, Condition"),
            text=json.dumps(given, default=dict),
        )

    def _principal(self, given: Mapping[str, object], where: str) -> PrincipalElement | None:
        element = self._one_of(given, "Principal", "NotPrincipal", where)
        if element is None:
            return None
        try:
            return parse_element(given[element], negated=element == "NotPrincipal")
        except PrincipalError as error:
            raise PolicyError(self._document, f"{where}, {element}", str(error)) from error

    def _action(self, given: Mapping[str, object], where: str) -> ActionElement:
        element = self._one_of(given, "Action", "NotAction", where)
        if element is None:
            raise PolicyError(self._document, where, "has neither Action nor NotAction")
        written = self._texts(given[element], element, where)
        literals = set()
        globs = []
        for action in written:
            tokens = tokenize(action.lower(), wildcards=True, variables=False)
            if all(isinstance(token, str) for token in tokens):
                literals.add(action.lower())
            else:
                globs.append(Glob(tokens))
        return ActionElement(written, element == "NotAction", frozenset(literals), tuple(globs))

    def _resource(self, given: Mapping[str, object], where: str) -> ResourceElement | None:
        element = self._one_of(given, "Resource", "NotResource", where)
        if element is None:
            return None
        written = self._texts(given[element], element, where)
        patterns = tuple(resource_pattern(text, variables=self._variables) for text in written)
        return ResourceElement(patterns, element == "NotResource")

    def _conditions(self, given: object, where: str) -> tuple[Condition, ...]:
        if given is None:
            return ()
        if not isinstance(given, Mapping):
            raise PolicyError(self._document, where, "is no object of operators")
        try:
            return parse_conditions(given, variables=self._variables)
        except ConditionError as error:
            raise PolicyError(self._document, where, str(error)) from error

    def _one_of(self, given: Mapping[str, object], element: str, opposed: str, where: str) -> str | None:
        if element in given and opposed in given:
            raise PolicyError(self._document, where, f"has both {element} and {opposed}")
        return next((each for each in (element, opposed) if each in given), None)

    def _texts(self, given: object, element: str, where: str) -> tuple[str, ...]:
        listed: Iterable[object] = given if isinstance(given, (list, tuple)) else (given,)
        texts = tuple(each for each in listed if isinstance(each, str))
        if len(texts) != len(tuple(listed)):
            raise PolicyError(self._document, f"{where}, {element}", "needs text or a list of texts")
        # AWS accepts an empty list and says that the statement has then no effect; of the negations it says nothing.
        if not texts and element.startswith("Not"):
            raise PolicyError(self._document, f"{where}, {element}", "is empty, and what that means AWS does not say")
        return texts
