"""The world's own HTTP interface: what it is, and its faults switched on and off."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from healthcheck.errors import HealthcheckError
from healthcheck.testing.world.answers import Answer
from healthcheck.testing.world.faults import FAULTS, Fault
from healthcheck.testing.world.requests import Call

if TYPE_CHECKING:
    from healthcheck.testing.world.world import World

Content = Mapping[str, Any]


def answer(world: World, call: Call) -> Answer:
    """Answer a request for something below ``/_world``."""
    kind, _, name = call.path.removeprefix("/_world").strip("/").partition("/")
    deed = _DEEDS.get((call.method, kind, bool(name)))
    if deed is None:
        return _say({"error": f"{call.method} {call.path} is nothing that the world does"}, HTTPStatus.NOT_FOUND)
    try:
        return _say(deed(world, unquote(name), call))
    except HealthcheckError as error:
        return _say({"error": str(error)}, HTTPStatus.NOT_FOUND)


def _describe(world: World, _name: str, _call: Call) -> Content:
    return world.description()


def _list(world: World, _name: str, _call: Call) -> Content:
    return {"faults": [_row(fault, world.active) for fault in FAULTS]}


def _break(world: World, name: str, _call: Call) -> Content:
    return _row(world.break_(*_split(name)), world.active)


def _mend(world: World, name: str, _call: Call) -> Content:
    return _row(world.mend(*_split(name)), world.active)


def _mend_all(world: World, _name: str, _call: Call) -> Content:
    world.mend_all()
    return {"faults": []}


def _enforce(world: World, name: str, call: Call) -> Content:
    world.enforce(call.json, name)
    return {"enforced": name}


def _stop_enforcing(world: World, _name: str, _call: Call) -> Content:
    world.stop_enforcing()
    return {"enforced": None}


_DEEDS: Mapping[tuple[str, str, bool], Callable[[World, str, Call], Content]] = {
    ("GET", "", False): _describe,
    ("GET", "faults", False): _list,
    ("POST", "faults", True): _break,
    ("DELETE", "faults", True): _mend,
    ("DELETE", "faults", False): _mend_all,
    ("PUT", "enforcement", True): _enforce,
    ("DELETE", "enforcement", False): _stop_enforcing,
}


def _split(name: str) -> tuple[str, str | None]:
    """Take ``FAULT@SETUP`` apart."""
    fault, _, setup = name.partition("@")
    return fault, setup or None


def _row(fault: Fault, active: Iterable[tuple[str, str]]) -> Content:
    return {
        "id": fault.id,
        "sentence": fault.sentence,
        "check": fault.check,
        "reason": fault.reason,
        "status": fault.status.value,
        "needs_restart": fault.needs_restart,
        "on": [setup for fault_id, setup in active if fault_id == fault.id],
    }


def _say(content: Content, status: int = HTTPStatus.OK) -> Answer:
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json"})
