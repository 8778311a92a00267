"""The way to AWS: shut, endless, intercepted, and clocks that disagree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from healthcheck.result import Status
from healthcheck.testing.world.client import ClientSide
from healthcheck.testing.world.doors import DoorState
from healthcheck.testing.world.faults.fault import Fault
from healthcheck.testing.world.setups import Area, Setup

_CALLERS = (
    "credentials.valid",
    "credentials.account",
    "region.supported",
    "role.exists",
    "role.trust",
    "role.permissions",
    "role.passable",
    "role.data_access",
    "role.encryption",
    "role.hygiene",
    "bucket.policy",
    "caller.permissions",
    "bucket.reachable",
)


def _nobody_sees(reason: str) -> dict[str, tuple[Status, str]]:
    """Tell that every check that asks AWS is unknown for this reason."""
    return dict.fromkeys(_CALLERS, (Status.UNKNOWN, reason))


def _door(state: DoorState) -> Callable[[Setup], None]:
    def change(setup: Setup) -> None:
        setup.door.become(state)

    return change


def _weather(name: str, value: Any) -> Callable[[Setup], None]:
    def change(setup: Setup) -> None:
        setattr(setup.weather, name, value)

    return change


def _endpoint(side: ClientSide, target: str, url: str) -> None:
    side.profiles[side.setup(target)["profile"]].config["endpoint_url"] = url


def _no_such_host(side: ClientSide, target: str) -> None:
    # The name is reserved for never being found (RFC 6761).
    _endpoint(side, target, "http://aws.invalid")


def _dead_proxy(side: ClientSide, target: str) -> None:
    del target
    # The port of the discard service, which nobody has offered for decades.
    side.environ["HTTP_PROXY"] = "http://127.0.0.1:9"


def _intercepted(side: ClientSide, target: str) -> None:
    _endpoint(side, target, str(side.world["tls_url"]))


def _impatient(side: ClientSide, target: str) -> None:
    """Give checks little time, so that waiting in vain is soon over."""
    del target
    for check in _CALLERS:
        side.checks.setdefault(check, {})["timeout"] = "1s"


FAULTS = (
    Fault(
        id="dns-fails",
        sentence="The endpoints' name cannot be found.",
        check="network.reachable",
        reason="dns",
        client=_no_such_host,
    ),
    Fault(
        id="connection-refused",
        sentence="The endpoints refuse connections.",
        check="network.reachable",
        reason="tcp",
        area=Area.DOOR,
        strike=_door(DoorState.REFUSING),
    ),
    Fault(
        id="proxy-refuses",
        sentence="The proxy that the environment names refuses connections.",
        check="network.reachable",
        reason="proxy",
        client=_dead_proxy,
        needs_restart=True,
    ),
    Fault(
        id="tls-intercepted",
        sentence="A gateway shows a certificate of its own in AWS's place.",
        check="network.reachable",
        reason="tls",
        client=_intercepted,
    ),
    Fault(
        id="endpoint-hangs",
        sentence="The endpoints take connections and never answer.",
        check="network.reachable",
        reason="http",
        area=Area.DOOR,
        strike=_door(DoorState.HANGING),
    ),
    Fault(
        id="endpoint-garbage",
        sentence="Something answers at the endpoints that does not speak HTTP.",
        check="network.reachable",
        reason="http",
        area=Area.DOOR,
        strike=_door(DoorState.GARBAGE),
    ),
    Fault(
        id="captive-portal",
        sentence="A guest network's page answers every request in AWS's place.",
        check="credentials.valid",
        reason="bad_answer",
        status=Status.UNKNOWN,
        area=Area.DOOR,
        strike=_weather("is_portal", True),
        also=_nobody_sees("bad_answer"),
    ),
    Fault(
        id="endpoint-slow",
        sentence="Every answer takes longer than a check may.",
        check="credentials.valid",
        reason="timed_out",
        status=Status.UNKNOWN,
        area=Area.DOOR,
        strike=_weather("latency_seconds", 1.5),
        client=_impatient,
        also=_nobody_sees("timed_out"),
    ),
    Fault(
        id="throttled",
        sentence="AWS throttles every call.",
        check="credentials.valid",
        reason="throttled",
        status=Status.UNKNOWN,
        area=Area.DOOR,
        strike=_weather("is_throttled", True),
        client=_impatient,
        also=_nobody_sees("throttled"),
    ),
    Fault(
        id="service-failing",
        sentence="AWS answers every call with a server's error.",
        check="credentials.valid",
        reason="service_error",
        status=Status.UNKNOWN,
        area=Area.DOOR,
        strike=_weather("is_failing", True),
        client=_impatient,
        also=_nobody_sees("service_error"),
    ),
    Fault(
        id="clock-behind",
        sentence="This machine's clock is twenty minutes behind AWS's.",
        check="network.clock",
        reason="skewed",
        area=Area.DOOR,
        strike=_weather("clock_offset", timedelta(minutes=20)),
    ),
    Fault(
        id="clock-drifting",
        sentence="This machine's clock is a minute ahead of AWS's.",
        check="network.clock",
        reason="skewed",
        status=Status.WARNING,
        area=Area.DOOR,
        strike=_weather("clock_offset", timedelta(minutes=-1)),
    ),
)
