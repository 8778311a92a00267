"""The daemon behind a network that fails for a while, in each of the ways in which one does."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from healthcheck.testing.world import WorldClient
from healthcheck.testing.world.client import ClientSide
from tests.e2e.daemon import PATIENCE_SECONDS, RunningDaemon, hasty, serving
from tests.e2e.prometheus import wait_until

SHOP = "shop/us-east-1"
LOOKS = 2
SPARE_THREADS = 3
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Wire:
    """A way to the world that can be spoilt: ``fine``, ``resets``, ``silence`` or ``noise``."""

    def __init__(self, host: str, port: int) -> None:
        self._world = (host, port)
        self._state = "fine"
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def turn(self, state: str) -> None:
        """Treat connections like this from now on; those that are open break."""
        with self._lock:
            self._state = state
            broken, self._open = self._open, set()
        for each in broken:
            _drop(each)

    def close(self) -> None:
        """Let nobody in any more."""
        _drop(self._door)
        self.turn("fine")

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._door.accept()
                threading.Thread(target=self._treat, args=(caller,), daemon=True).start()

    def _treat(self, caller: socket.socket) -> None:
        with self._lock:
            state = self._state
            self._open.add(caller)
        if state == "resets":
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            _drop(caller)
        elif state == "noise":
            with contextlib.suppress(OSError):
                caller.recv(65_536)
                caller.sendall(b"\x00\xff SSH-2.0-something-else\r\n\r\n")
            _drop(caller)
        elif state == "fine":
            self._join(caller)

    def _join(self, caller: socket.socket) -> None:
        try:
            world = socket.create_connection(self._world)
        except OSError:
            _drop(caller)
            return
        with self._lock:
            self._open.add(world)
        threading.Thread(target=_pump, args=(world, caller), daemon=True).start()
        _pump(caller, world)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    _drop(source)
    _drop(sink)


def _drop(each: socket.socket) -> None:
    # Closing alone does not wake a thread that waits for it.
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()


@pytest.fixture
def wire(world: WorldClient) -> Iterator[Wire]:
    address = urlsplit(world.url)
    made = Wire(str(address.hostname), int(address.port or 0))
    yield made
    made.close()


@pytest.mark.parametrize("state", ["resets", "silence", "noise"])
def test_a_network_that_fails_alarms_for_itself_alone_and_heals_by_itself(
    world: WorldClient, wire: Wire, tmp_path: Path, state: str
) -> None:
    """What could not be looked at is no fault of the set-up's, and nothing of it stays once the network is back."""

    def through_the_wire(side: ClientSide) -> None:
        hasty(side)
        side.checks["*"]["timeout"] = "2s"
        side.profiles["shop"].config["endpoint_url"] = wire.url

    with serving(world.client(tmp_path, ["shop"], through_the_wire), tmp_path) as daemon:
        wait_until(daemon.is_content, seconds=PATIENCE_SECONDS, what="all is well")
        threads = _threads(daemon)

        wire.turn(state)
        alarms = _alarms(daemon)
        wire.turn("fine")

        assert {cause for cause, status in alarms if status == "critical"} <= {"network.reachable"}
        assert alarms
        wait_until(daemon.is_content, seconds=PATIENCE_SECONDS, what="all is well again")
        assert daemon.get("/api/v1/incidents").document()["incidents"] == []
        wait_until(
            lambda: _threads(daemon) <= threads + SPARE_THREADS, seconds=PATIENCE_SECONDS, what="no thread hangs"
        )


def _alarms(daemon: RunningDaemon) -> set[tuple[str, str]]:
    """Return cause and status of every incident from one look at the network to the next, and at least of one."""
    looks: set[str] = set()
    alarms: set[tuple[str, str]] = set()

    def has_looked() -> bool:
        looks.add(str(daemon.runs(SHOP)["network.reachable"]["run_id"]))
        incidents = daemon.get("/api/v1/incidents").document()["incidents"]
        alarms.update((incident["cause"], incident["status"]) for incident in incidents)
        return len(looks) >= LOOKS and bool(alarms)

    wait_until(has_looked, seconds=PATIENCE_SECONDS, what="the network has been looked at, and somebody told")
    return alarms


def _threads(daemon: RunningDaemon) -> int:
    return len(list(Path(f"/proc/{daemon.process.pid}/task").iterdir()))
