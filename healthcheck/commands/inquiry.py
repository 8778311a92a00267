"""Reads questions to the policy engine, and names the place of each mistake."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from healthcheck.commands.shapes import ASSUMABLE_SCHEMA, EVALUATE_SCHEMA, NAMED, REQUEST, SERVICE, UNREAD, Json
from healthcheck.errors import HealthcheckError
from healthcheck.iam import (
    ABSENT_FOR_SERVICES,
    ContextValue,
    Decision,
    Document,
    Hole,
    PolicyError,
    Request,
    RequestError,
    assumable,
    evaluate,
    load_document,
)


class InquiryError(HealthcheckError):
    """A question to the engine is not one, and where."""

    def __init__(self, place: str, mistake: str) -> None:
        self.place = place
        self.mistake = mistake
        super().__init__(f"{place}: {mistake}")


def decide(text: str) -> Decision:
    """Read a question with its documents, and decide it.

    Raises:
        InquiryError: with the place of the first mistake.
    """
    whole = _Place("").fields(_parsed(text), EVALUATE_SCHEMA)
    asked = _Place("request").fields(whole["request"], REQUEST)
    try:
        request = Request(
            str(asked["action"]),
            str(asked.get("resource", "*")),
            resource_account=_optional(asked.get("resource_account")),
            principal=_optional(asked.get("principal")),
            context=_Place("request.context").context(asked.get("context", {})),
            context_complete=bool(asked.get("context_complete", False)),
        )
    except RequestError as error:
        raise InquiryError(f"stdin: request.{error.field}", str(error)) from error
    return evaluate(
        request,
        identity=_Place("identity").policies(whole["identity"]),
        boundary=_Place("boundary").policies(whole["boundary"]) if "boundary" in whole else None,
        session=_Place("session").policies(whole["session"]) if "session" in whole else None,
        scps=_Place("scps").levels(whole["scps"]) if "scps" in whole else None,
        rcps=_Place("rcps").levels(whole["rcps"]) if "rcps" in whole else None,
        resource_policy=_Place("resource_policy").policy(whole["resource_policy"])
        if "resource_policy" in whole
        else None,
    )


def decide_trust(text: str) -> Decision:
    """Read a trust policy and who asks, and decide whether it may assume the role.

    What services never send is known to be absent; of the rest, what is not given is unknown.

    Raises:
        InquiryError: with the place of the first mistake.
    """
    whole = _Place("").fields(_parsed(text), ASSUMABLE_SCHEMA)
    given = _Place("context").context(whole.get("context", {}))
    folded = {key.lower() for key in given}
    absent = {key: None for key in ABSENT_FOR_SERVICES if key.lower() not in folded}
    policy = _Place("trust_policy").policy(whole["trust_policy"])
    is_complete = bool(whole.get("context_complete", False))
    try:
        return assumable(policy, str(whole.get("service", SERVICE)), {**absent, **given}, context_complete=is_complete)
    except RequestError as error:
        raise InquiryError("stdin: service", f"{error}, such as {SERVICE}") from error


def _parsed(text: str) -> object:
    if not text.strip():
        raise InquiryError("stdin", "is empty; --help shows what to send")
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise InquiryError(f"stdin:{error.lineno}:{error.colno}", f"no JSON: {error.msg}") from error
    except RecursionError as error:
        raise InquiryError("stdin", "is nested too deeply") from error
    except ValueError as error:
        # Python reads no number of thousands of digits.
        raise InquiryError("stdin", "a number has too many digits") from error


def _once(pairs: list[tuple[str, object]]) -> Json:
    # Python would keep the last one in silence: half a policy would be judged.
    found: Json = {}
    for key, value in pairs:
        if key in found:
            raise InquiryError("stdin", f"the key {key[:80]!r} stands twice in one object")
        found[key] = value
    return found


def _refuse_constant(word: str) -> object:
    raise InquiryError("stdin", f"{word} is no JSON value")


def _optional(value: object) -> str | None:
    return None if value is None else str(value)


_TYPES: Final[Mapping[str, tuple[type, str]]] = {
    "string": (str, "text"),
    "boolean": (bool, "true or false"),
    "object": (dict, "an object"),
    "array": (list, "a list"),
}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the question something stands, such as ``identity[1]``; what is read there."""

    path: str

    def mistake(self, sentence: str) -> InquiryError:
        return InquiryError(f"stdin: {self.path}" if self.path else "stdin", sentence)

    def at(self, key: str | int) -> _Place:
        if isinstance(key, int):
            return _Place(f"{self.path}[{key}]")
        return _Place(f"{self.path}.{key}" if self.path else key)

    def fields(self, given: object, schema: Json) -> Json:
        """Return the fields of an object whose names and kinds a schema tells."""
        if not isinstance(given, dict):
            raise self.mistake("is no object")
        properties, required = schema["properties"], schema["required"]
        if not isinstance(properties, dict) or not isinstance(required, list):
            raise TypeError(schema)
        for key, value in given.items():
            if key not in properties:
                close = get_close_matches(key, properties, n=1)
                raise self.mistake(f"{key[:80]!r} is no field{f'; did you mean {close[0]}?' if close else ''}")
            self.at(key).kind(value, properties[key])
        for key in required:
            if key not in given:
                raise self.mistake(f"the field {key!r} is missing")
        return given

    def kind(self, given: object, schema: Json) -> None:
        """Refuse a value of another kind than the schema's."""
        wanted = _TYPES.get(str(schema.get("type")))
        if wanted and not isinstance(given, wanted[0]):
            raise self.mistake(f"is not {wanted[1]}")

    def context(self, given: object) -> dict[str, ContextValue]:
        """Return context keys and their values."""
        if not isinstance(given, dict):
            raise self.mistake("is no object")
        values: dict[str, ContextValue] = {}
        for key, value in given.items():
            listed = value if isinstance(value, list) else [value]
            if not all(isinstance(each, str | bool | int | float) for each in listed if each is not None):
                raise self.at(key).mistake("is neither text, a number, true, false, null nor a list of such")
            if isinstance(value, list) and None in value:
                raise self.at(key).mistake("null stands in a list; alone it says that the key is absent")
            values[key] = value
        return values

    def levels(self, given: object) -> list[Sequence[Document | Hole]]:
        """Return the policies of each level."""
        return [self.at(index).policies(level) for index, level in enumerate(self.listed(given))]

    def policies(self, given: object) -> list[Document | Hole]:
        """Return a list of policies."""
        return [self.at(index).policy(each) for index, each in enumerate(self.listed(given))]

    def listed(self, given: object) -> list[object]:
        if not isinstance(given, list):
            raise self.mistake("is not a list")
        return given

    def policy(self, given: object) -> Document | Hole:
        """Return one policy, in any of the forms in which it may be given."""
        if isinstance(given, dict) and "unread" in given:
            found = self._texts(given, UNREAD)
            return Hole(found["unread"], found.get("action", ""))
        document, name, arn, version = self._opened(given)
        if not isinstance(document, str | dict):
            raise self.mistake("is no policy: neither an object nor text")
        try:
            return load_document(document, name=name or self.path, arn=arn, version=version)
        except PolicyError as error:
            where = f"{error.where}: " if error.where else ""
            raise self.mistake(f"{where}{error.mistake}") from error

    def _opened(self, given: object) -> tuple[object, str | None, str | None, str | None]:
        """Return a document, and what is known of its name, ARN and version."""
        if not isinstance(given, dict):
            return given, None, None, None
        if "document" in given:
            found = self._texts({key: value for key, value in given.items() if key != "document"}, NAMED)
            return given["document"], found.get("name"), found.get("arn"), found.get("version")
        if "PolicyDocument" in given:
            return given["PolicyDocument"], _optional(given.get("PolicyName")), None, None
        printed, role = given.get("PolicyVersion"), given.get("Role")
        if isinstance(printed, dict) and "Document" in printed:
            return printed["Document"], None, None, _optional(printed.get("VersionId"))
        if isinstance(role, dict) and "AssumeRolePolicyDocument" in role:
            return role["AssumeRolePolicyDocument"], f"trust policy of {role.get('RoleName', 'the role')}", None, None
        return given.get("Policy", given), None, None, None

    def _texts(self, given: Json, known: tuple[str, ...]) -> dict[str, str]:
        for key, value in given.items():
            if key not in known:
                raise self.mistake(f"{key[:80]!r} is no field beside {known[0]!r}; known are {', '.join(known)}")
            if not isinstance(value, str):
                raise self.at(key).mistake("is not text")
        return {key: str(value) for key, value in given.items()}
