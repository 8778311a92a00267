"""Near misses: an Allow that fails by one element, and what is wrong with that element."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from healthcheck.iam.conditions import Condition
from healthcheck.iam.documents import Document, Effect, ResourceElement, Statement
from healthcheck.iam.layers import Layer, LayerVerdict, named_by, resource_truth
from healthcheck.iam.matching import Pattern
from healthcheck.iam.principals import Principal, PrincipalElement, PrincipalKind, names_a_deleted_principal
from healthcheck.iam.request import Request

_ARN_PARTS: Final = 6
_SHOWN: Final = 3


class Flaw(Enum):
    """What is wrong with the element that does not match. Closest first."""

    LETTER_CASE = "letter_case"
    BUCKET_WITHOUT_OBJECTS = "bucket_without_objects"
    """The bucket is named and the request is about an object in it: ``/*`` is missing."""
    OBJECTS_WITHOUT_BUCKET = "objects_without_bucket"
    """The objects are named and the request is about the bucket itself."""
    OTHER_ACCOUNT = "other_account"
    OTHER_REGION = "other_region"
    OTHER_PARTITION = "other_partition"
    OTHER_PATH = "other_path"
    """A role or user of that name with another path."""
    ACTION_DOES_NOT_EXIST = "action_does_not_exist"
    """The name of an API operation that is no IAM action: ``s3:ListObjects``."""
    KEY_ABSENT = "key_absent"
    """A condition asks for a key that the request does not have."""
    VALUE_DIFFERS = "value_differs"
    """A condition asks for another value."""
    VARIABLE_WITHOUT_VALUE = "variable_without_value"
    SERVICE_MISSPELT = "service_misspelt"
    """A service's name with a region or another partition's ending."""
    OTHER_SERVICE = "other_service"
    """Another service is named."""
    PRINCIPAL_DELETED = "principal_deleted"
    """A unique id stands where AWS found no role or user any more."""
    OTHER_PRINCIPAL = "other_principal"
    OTHER_PREFIX = "other_prefix"
    """Other objects of the same bucket."""
    EXCLUDED = "excluded"
    """NotResource or NotAction lists it."""
    OTHER_RESOURCE = "other_resource"


_ORDER: Final = tuple(Flaw)
_MOST: Final = 8

# Operations whose name people write where the action is called otherwise (Service Authorization Reference, Amazon S3).
_NO_ACTIONS: Final = {
    "s3:listobjects": "s3:ListBucket",
    "s3:listobjectsv2": "s3:ListBucket",
    "s3:listobject": "s3:ListBucket",
    "s3:headbucket": "s3:ListBucket",
    "s3:headobject": "s3:GetObject",
    "s3:listbuckets": "s3:ListAllMyBuckets",
    "s3:copyobject": "s3:PutObject",
    "s3:uploadpart": "s3:PutObject",
    "s3:createmultipartupload": "s3:PutObject",
    "ecr:pullimage": "ecr:BatchGetImage",
    "ecr:docker-pull": "ecr:BatchGetImage",
}


@dataclass(frozen=True, slots=True)
class NearMiss:
    """An Allow that would apply but for one element."""

    layer: Layer
    document: Document
    statement: Statement
    element: str
    """``Action``, ``Resource``, ``Principal`` or ``Condition``, or its negation."""
    flaw: Flaw
    sentence: str
    """What the element says and what the request has."""

    @property
    def where(self) -> str:
        """The statement for a reader."""
        return f"{self.document.label}, {self.statement.label}"


def near_misses(request: Request, layers: Sequence[LayerVerdict]) -> tuple[NearMiss, ...]:
    """Return the Allow statements that fail by one element, in layers that do not surely allow; the closest first."""
    found = [miss for verdict in layers if verdict.allows() is not True for miss in _in_layer(verdict, request)]
    # Statements about other resources are of interest where nothing comes closer.
    closer = [miss for miss in found if miss.flaw is not Flaw.OTHER_RESOURCE]
    return tuple(sorted(closer or found, key=lambda miss: _ORDER.index(miss.flaw))[:_MOST])


def _in_layer(verdict: LayerVerdict, request: Request) -> Iterator[NearMiss]:
    for document in verdict.documents:
        for statement in document.statements:
            if statement.effect is Effect.ALLOW:
                miss = _of_statement(verdict.layer, statement, request)
                if miss is not None:
                    yield NearMiss(verdict.layer, document, statement, *miss)


def _of_statement(layer: Layer, statement: Statement, request: Request) -> tuple[str, Flaw, str] | None:
    fails = {
        "Action": not statement.action.covers(request.folded_action),
        "Resource": resource_truth(layer, statement, request) is False,
        "Principal": all(named.truth is False for named in named_by(layer, statement, request)),
        "Condition": statement.conditions_hold(request.known) is False,
    }
    if sum(fails.values()) != 1:
        return None
    if fails["Resource"] and statement.resource is not None:
        return _resource_flaw(statement.resource, request)
    if fails["Principal"] and statement.principal is not None and request.caller is not None:
        return _principal_flaw(statement.principal, request.caller)
    return _condition_flaw(statement, request) if fails["Condition"] else _action_flaw(statement, request)


def _action_flaw(statement: Statement, request: Request) -> tuple[str, Flaw, str] | None:
    for written in statement.action.written:
        meant = _NO_ACTIONS.get(written.lower())
        if not statement.action.negated and meant is not None and meant.lower() == request.folded_action:
            sentence = f"it allows {written}, which is no IAM action; the action is {meant}"
            return "Action", Flaw.ACTION_DOES_NOT_EXIST, sentence
    if statement.action.negated and request.folded_action in statement.action.literals:
        return "NotAction", Flaw.EXCLUDED, f"its NotAction lists {request.action}"
    return None


def _resource_flaw(element: ResourceElement, request: Request) -> tuple[str, Flaw, str]:
    if element.negated:
        return "NotResource", Flaw.EXCLUDED, f"its NotResource covers {request.resource}"
    flaws = [_pattern_flaw(pattern, request) for pattern in element.patterns]
    closest = min(flaws, key=lambda flaw: _ORDER.index(flaw[0]))
    return "Resource", *closest


def _pattern_flaw(pattern: Pattern, request: Request) -> tuple[Flaw, str]:
    written, resource, known = pattern.text, request.resource, request.known

    def would_match(text: str, *, ignore_case: bool = False) -> bool:
        variant = Pattern(text, variables=bool(pattern.variables), ignore_case=ignore_case)
        return variant.match(resource, known) is not False

    key = pattern.key_without_value(known)
    if key is not None:
        return Flaw.VARIABLE_WITHOUT_VALUE, f"{written} matches nothing, as the request has no one value of {key}"
    if would_match(written, ignore_case=True):
        return Flaw.LETTER_CASE, f"it names {written}, in other letter case than {resource}"
    if would_match(written + "/*"):
        sentence = f"it names {written}, the bucket, but not the objects in it: {written}/*"
        if not resource.startswith("arn:") or resource.split(":")[2] != "s3":
            sentence = f"it names {written}, but not what is below it: {written}/*"
        return Flaw.BUCKET_WITHOUT_OBJECTS, sentence
    if written.endswith("/*") and would_match(written[:-2]):
        return Flaw.OBJECTS_WITHOUT_BUCKET, f"it names what is in {written[:-2]}, but not {written[:-2]} itself"
    return _arn_flaw(written, request)


def _arn_flaw(written: str, request: Request) -> tuple[Flaw, str]:
    resource, known = request.resource, request.known
    other = f"it names {written}, not {resource}"
    parts, wanted = written.split(":", _ARN_PARTS - 1), resource.split(":", _ARN_PARTS - 1)
    if len(parts) != _ARN_PARTS or len(wanted) != _ARN_PARTS:
        return Flaw.OTHER_RESOURCE, other
    wrong = [
        index
        for index, (part, want) in enumerate(zip(parts, wanted, strict=True))
        if Pattern(part, variables="${" in part).match(want, known) is False
    ]
    flaws = {
        1: (Flaw.OTHER_PARTITION, "partition"),
        3: (Flaw.OTHER_REGION, "region"),
        4: (Flaw.OTHER_ACCOUNT, "account"),
    }
    if len(wrong) == 1 and wrong[0] in flaws:
        flaw, noun = flaws[wrong[0]]
        sentence = f"it names {written}, in {noun} {parts[wrong[0]] or '(none)'} and not {wanted[wrong[0]] or '(none)'}"
        return flaw, sentence
    if wrong == [_ARN_PARTS - 1]:
        kind, _, rest = parts[-1].partition("/")
        want_kind, _, want_rest = wanted[-1].partition("/")
        if wanted[2] == "iam" and kind == want_kind and rest.rpartition("/")[2] == want_rest.rpartition("/")[2]:
            return Flaw.OTHER_PATH, f"it names {written}, with another path than {resource}"
        if wanted[2] == "s3" and Pattern(kind).match(want_kind, known) is not False:
            return Flaw.OTHER_PREFIX, f"it names {written}, other objects of the bucket than {resource}"
    return Flaw.OTHER_RESOURCE, other


def _principal_flaw(element: PrincipalElement, caller: Principal) -> tuple[str, Flaw, str]:
    if element.negated:
        return "NotPrincipal", Flaw.EXCLUDED, f"its NotPrincipal lists {caller.text}"
    listed = [value for _, value in element.entries]
    shown = ", ".join(listed[:_SHOWN]) + (f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else "")
    services = [value for kind, value in element.entries if kind == "Service"]
    if caller.kind is PrincipalKind.SERVICE and services:
        stem = caller.text.partition(".")[0]
        misspelt = [value for value in services if value.lower().partition(".")[0] == stem]
        if misspelt:
            return (
                "Principal",
                Flaw.SERVICE_MISSPELT,
                f"it trusts {misspelt[0]}; the service calls itself {caller.text}",
            )
        return "Principal", Flaw.OTHER_SERVICE, f"it names {shown}, not {caller.text}"
    if any(names_a_deleted_principal(value) for value in listed):
        sentence = f"it names {shown}: AWS shows a unique id where the role or user no longer exists"
        return "Principal", Flaw.PRINCIPAL_DELETED, sentence
    return "Principal", Flaw.OTHER_PRINCIPAL, f"it names {shown}, not {caller.text}"


def _condition_flaw(statement: Statement, request: Request) -> tuple[str, Flaw, str]:
    failed = [condition for condition in statement.conditions if condition.holds(request.known) is False]
    absent = [condition for condition in failed if not request.known.values(condition.key.lower())]
    flaw = Flaw.KEY_ABSENT if absent else Flaw.VALUE_DIFFERS
    return "Condition", flaw, "; ".join(_condition_sentence(condition, request) for condition in failed)


def _condition_sentence(condition: Condition, request: Request) -> str:
    values = request.known.values(condition.key.lower())
    if not values:
        has = f"the request has no {condition.key}"
    else:
        has = f"the request has {', '.join(f'“{value}”' for value in values[:_SHOWN])}"
    return f"it asks for {condition}, and {has}"
