"""Servers and certificates for the tests of the host."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.authorities import Authority, make_authority
from tests.host.loopback import Serve, Server


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("ca"), "Example Corp", "Example Root")


@pytest.fixture(scope="session")
def nameless_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("ca"), None, "Example Root")


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers whose behaviour towards one connection is a function; all end with the test."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(behaviour: Callable[[socket.socket, Server], None]) -> Server:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        server = Server(listener.getsockname()[1])

        def treat(connection: socket.socket) -> None:
            connection.settimeout(10)
            with connection, contextlib.suppress(OSError):
                behaviour(connection, server)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    server.connections += 1
                    thread = threading.Thread(target=treat, args=(connection,), daemon=True)
                    threads.append(thread)
                    thread.start()

        threads.append(threading.Thread(target=accept, daemon=True))
        threads[-1].start()
        return server

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(timeout=10)
