"""One check for each way to misbehave, and one that comes after all of them and behaves."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from healthcheck import Aws, Fix, Result, Target, check, hours, ok, seconds, unknown

_CRASH = "signed with {} and signed in with {}"


@check(every=hours(1), timeout=seconds(1))
def hangs(target: Target) -> Iterator[Result]:
    """The check ends."""
    threading.Event().wait()
    yield ok(target.name, "it ended")


@check(every=hours(1))
def crashes(target: Target) -> Iterator[Result]:
    """The check does not crash."""
    yield ok(target.name, "so far so good")
    raise RuntimeError(_CRASH.format(os.environ["AWS_SECRET_ACCESS_KEY"], os.environ["CANARY_PASSWORD"]))


@check(every=hours(1))
def quits(target: Target) -> Iterator[Result]:
    """The check does not quit."""
    yield ok(target.name, "time to go home")
    sys.exit(0)


@check(every=hours(1))
def babbles(target: Target) -> Iterable[Any]:
    """The check yields results."""
    return [{"target": target.name, "status": "fine"}]


@check(every=hours(1))
def returns(target: Target) -> Any:
    """The check gives something to go through."""
    return target.name == "fine"


@check(every=hours(1))
def silent(target: Target) -> Iterator[Result]:  # noqa: ARG001 - it has seen it all, and says nothing
    """The check has a verdict."""
    yield from ()


@check(every=hours(1))
def endless(target: Target) -> Iterator[Result]:
    """The check ends some time."""
    while True:
        yield ok(target.name, "and another one")


@check(every=hours(1))
def mislabels(target: Target) -> Iterator[Result]:
    """The check gives reasons that it declares."""
    yield unknown(target.name, "who knows", reason="undeclared", fix=Fix("Ask somebody."))


@check(every=hours(1), calls=["iam.GetRole"])
def oversteps(aws: Aws) -> Iterator[Result]:
    """The check asks for no more than it declares."""
    client: Any = aws.client("iam")
    client.delete_role(RoleName="AmazonSageMaker-ExecutionRole-20200630T141851")
    yield ok("everything", "is deleted")


@check(
    every=hours(1),
    after=[
        "rogue.hangs",
        "rogue.crashes",
        "rogue.quits",
        "rogue.babbles",
        "rogue.returns",
        "rogue.silent",
        "rogue.endless",
        "rogue.mislabels",
        "rogue.oversteps",
    ],
)
def behaves(target: Target) -> Iterator[Result]:
    """What comes after checks that could not judge runs all the same."""
    yield ok(target.name, "unseen is not broken")
