"""What a stubbed AWS answers, and the check that such an answer is one that AWS could give."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from healthcheck.errors import HealthcheckError
from healthcheck.permissions import OPERATIONS

Parameters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AwsError:
    """An error answer, as AWS sends it."""

    code: str
    message: str = ""
    status: int = 400
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pages:
    """The answers to a paginated operation, in order; a check that reads only the first sees half the truth."""

    bodies: Sequence[Mapping[str, Any]]
    sent_as: str
    """The request's member that names the next page, such as ``Marker``."""
    given_as: str
    """The answer's member that names it."""
    flag: str | None = None
    """The answer's member that says that there is more, such as ``IsTruncated``, where there is one."""

    def page(self, parameters: Parameters) -> tuple[int, Mapping[str, Any]]:
        """Return the number (from 0) and the body of the page that is asked for."""
        token = parameters.get(self.sent_as)
        number = int(str(token).rpartition("-")[2]) if token else 0
        body = dict(self.bodies[number])
        is_last = number == len(self.bodies) - 1
        if not is_last:
            body[self.given_as] = f"page-{number + 1}"
        if self.flag is not None:
            body[self.flag] = not is_last
        return number, body


Body: TypeAlias = Mapping[str, Any]
Answer: TypeAlias = Body | AwsError | Exception | Pages | Callable[[Parameters], "Body | AwsError | Exception"]
"""What one operation answers: a body as boto3 would return it, an error of AWS's, an exception of the SDK or the
network, pages, or a function of the request's parameters that returns one of the first three. A policy document may be
given as a mapping."""


def denied(operation: str) -> AwsError:
    """Return AWS's refusal of an operation such as ``iam.GetRole``, naming the action that is missing."""
    row = OPERATIONS[operation]
    if row.service == "s3":
        head = row.name.startswith("Head")  # an answer to HEAD has no body to say more in
        return AwsError("403" if head else "AccessDenied", "Forbidden" if head else "Access Denied", 403)
    action = row.actions[0] if row.actions else f"{row.service}:{row.name}"
    return AwsError(
        "AccessDenied" if row.service in {"iam", "sts"} else "AccessDeniedException",
        f"User: arn:aws:iam::111122223333:user/healthcheck is not authorized to perform: {action} "
        f"because no identity-based policy allows the {action} action",
        403,
    )


class WrongAnswer(HealthcheckError):
    """A stubbed answer is none that AWS could give."""

    def __init__(self, operation: str, where: str, mistake: str) -> None:
        self.operation = operation
        super().__init__(f"the stubbed answer of {operation} is impossible at {where or 'its top'}: {mistake}")


class UnansweredCall(HealthcheckError):
    """A check asked AWS for something that the test gives no answer to."""

    def __init__(self, operation: str) -> None:
        self.operation = operation
        super().__init__(f"the check calls {operation}, to which this test gives no answer; add it to answers={{…}}")


def conform(operation: str, shape: Any, value: Any, where: str = "") -> Any:
    """Return an answer in the form that botocore parses from the wire, held against the service's own model.

    Raises:
        WrongAnswer: a member does not exist, or has a value of another type.
    """
    match shape.type_name:
        case "structure":
            if not isinstance(value, Mapping):
                raise WrongAnswer(operation, where, "an object is needed")
            unknown = sorted(set(value) - set(shape.members))
            if unknown:
                raise WrongAnswer(operation, where, f"there is no member {unknown[0]}")
            return {
                name: conform(operation, shape.members[name], part, f"{where}.{name}") for name, part in value.items()
            }
        case "list":
            if not isinstance(value, list | tuple):
                raise WrongAnswer(operation, where, "a list is needed")
            return [conform(operation, shape.member, part, f"{where}[{place}]") for place, part in enumerate(value)]
        case "string" if isinstance(value, Mapping):
            return json.dumps(value)  # a policy document travels as text
        case type_name:
            wanted = _TYPES.get(type_name)
            if wanted is not None and not isinstance(value, wanted):
                raise WrongAnswer(operation, where, f"a {type_name} is needed, and {type(value).__name__} is given")
            return value


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "boolean": bool,
    "double": (float, int),
    "float": (float, int),
    "integer": int,
    "long": int,
    "map": Mapping,
    "string": str,
    "timestamp": datetime,
}
