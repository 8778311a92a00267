"""Breaking and mending a demo that runs in another process."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from healthcheck.demo.errors import DemoError
from healthcheck.demo.scene import TARGETS, adapt
from healthcheck.demo.state import RunningDemo
from healthcheck.result import Status
from healthcheck.testing.world.faults import FAULTS, Fault, find
from healthcheck.testing.world.remote import WorldClient, WorldFailed

Tell = Callable[[str], None]


def is_there(demo: RunningDemo) -> bool:
    """Whether it answers: its process may have been killed, and its number given to another one."""
    try:
        WorldClient(demo.world_url).describe()
    except WorldFailed:
        return False
    return True


def break_(demo: RunningDemo, name: str, tell: Tell, *, program: str) -> None:
    """Switch a fault on, let the daemon look again, and say what to expect."""
    fault, setup = _named(name)
    if fault.needs_restart:
        raise DemoError(
            f"{fault.id} changes the environment of a process, which the running demo cannot do; choose another fault"
        )
    WorldClient(demo.world_url).break_(fault.id, setup)
    _follow(demo, fault, setup)
    verdict = "a warning" if fault.status is Status.WARNING else fault.status.value
    tell(f"Broken in {setup}: {fault.sentence}")
    tell(f"In a few seconds {demo.daemon_url} shows {fault.check} as {verdict} ({fault.reason}).")
    tell(f"Mend it again: {program} demo --mend {name}")


def mend(demo: RunningDemo, name: str, tell: Tell) -> None:
    """Switch a fault off, and let the daemon look again."""
    fault, setup = _named(name)
    world = WorldClient(demo.world_url)
    was_on = setup in {on for row in world.faults() if row["id"] == fault.id for on in row["on"]}
    if not was_on:
        on = ", ".join(_active(world)) or "nothing"
        raise DemoError(f"{fault.id} is not broken in {setup}; broken is: {on}")
    world.mend(fault.id, setup)
    _follow(demo, fault, setup)
    tell(f"Mended in {setup}: {fault.id}. In a few seconds {demo.daemon_url} follows.")


def catalogue(demo: RunningDemo | None) -> str:
    """List what can be broken, and what is."""
    on = set(_active(WorldClient(demo.world_url))) if demo else set()
    width = max(len(fault.id) for fault in FAULTS)
    lines: list[str] = []
    check = ""
    # Each check once, in the order of the table, which goes by what is broken.
    shown = [fault for fault in FAULTS if not fault.needs_restart]
    checks = list(dict.fromkeys(fault.check for fault in shown))
    for fault in sorted(shown, key=lambda fault: checks.index(fault.check)):
        if fault.check != check:
            check = fault.check
            lines.append(f"\n{check}" if lines else check)
        where = sorted(name.partition("@")[2] for name in on if name.partition("@")[0] == fault.id)
        mark = f"  [on in {', '.join(where)}]" if where else ""
        lines.append(f"  {fault.id:<{width}}  {fault.sentence}{mark}")
    lines.append(
        f"\nA fault hits the target {TARGETS[0]} where it can; FAULT@TARGET hits another: {', '.join(TARGETS[1:])}."
    )
    return "\n".join(lines)


def _named(name: str) -> tuple[Fault, str]:
    fault_id, _, setup = name.partition("@")
    fault = find(fault_id)
    if setup and setup not in TARGETS:
        raise DemoError(f"the demo has no target {setup}; it has {', '.join(TARGETS)}")
    return fault, setup or fault.hits or TARGETS[0]


def _active(world: WorldClient) -> list[str]:
    return [f"{fault}@{setup}" for fault, setup in world.describe()["active"]]


def _follow(demo: RunningDemo, fault: Fault, setup: str) -> None:
    """Write the client's side anew where the fault is on it, and ask the daemon to look."""
    if fault.client:
        WorldClient(demo.world_url).client(Path(demo.directory), TARGETS, adapt)
        _post(demo, "/-/reload")
    for target in _ask(demo, "GET", "/api/v1/status")["targets"]:
        if target["name"].partition("/")[0] == setup:
            _post(demo, f"/api/v1/targets/{quote(target['name'], safe='')}/run")


def _post(demo: RunningDemo, path: str) -> None:
    _ask(demo, "POST", path)


def _ask(demo: RunningDemo, method: str, path: str) -> dict[str, Any]:
    address = urlsplit(demo.daemon_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        body = response.read()
    except OSError as error:
        raise DemoError(f"the demo at {demo.daemon_url} does not answer: {error}") from error
    finally:
        connection.close()
    try:
        content: dict[str, Any] = json.loads(body)
    except ValueError:
        content = {}
    return content
