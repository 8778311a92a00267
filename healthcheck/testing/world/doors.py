"""Doors: the ports by which the world is entered, each of which can be shut, or open onto nothing."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from datetime import datetime
from enum import Enum

from healthcheck.testing.world.serving import Application, Handler


class DoorState(Enum):
    """What meets whoever knocks."""

    OPEN = "open"
    REFUSING = "refusing"
    """Connections are refused: nothing listens."""
    HANGING = "hanging"
    """The kernel accepts connections, and nobody ever answers."""
    GARBAGE = "garbage"
    """Something answers that does not speak HTTP."""


class Door:
    """A port on the loopback interface that leads to an application."""

    def __init__(
        self,
        app: Application,
        now: Callable[[int], datetime],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._app = app
        self._now = now
        self._tls = tls
        self._host = host
        self._socket = self._bind(port)
        self.port: int = self._socket.getsockname()[1]
        self._thread: threading.Thread | None = None
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.state = DoorState.REFUSING
        self.become(DoorState.OPEN)

    @property
    def url(self) -> str:
        """The address to call."""
        return f"{'https' if self._tls else 'http'}://{self._host}:{self.port}"

    def become(self, state: DoorState) -> None:
        """Change what meets whoever knocks; connections that are open are cut."""
        if state is self.state:
            return
        if self.state is not DoorState.REFUSING:
            self._shut()
            self._socket = self._bind(self.port)
        self.state = state
        if state is DoorState.REFUSING:
            return  # bound, so that nobody else takes the port, but not listening
        self._socket.listen(128)
        if state is not DoorState.HANGING:
            serve = self._serve if state is DoorState.OPEN else _babble
            self._thread = threading.Thread(
                target=self._accept, args=(self._socket, serve), name=f"door-{self.port}", daemon=True
            )
            self._thread.start()

    def close(self) -> None:
        """Stop listening for good."""
        self._shut()

    def _shut(self) -> None:
        thread, self._thread = self._thread, None
        if thread:
            # Closing a socket wakes nobody who waits on it; a last visitor does.
            self.state = DoorState.REFUSING
            with contextlib.suppress(OSError):
                socket.create_connection((self._host, self.port), timeout=1).close()
            thread.join()
        self._socket.close()
        with self._lock:
            connections = tuple(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _bind(self, port: int) -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((self._host, port))
        except OSError:
            bound.close()
            raise
        return bound

    def _accept(self, listener: socket.socket, serve: Callable[[socket.socket, tuple[str, int]], None]) -> None:
        while True:
            connection, address = listener.accept()
            if self.state is DoorState.REFUSING:
                connection.close()
                return
            threading.Thread(target=self._keep, args=(connection, address, serve), daemon=True).start()

    def _keep(
        self,
        connection: socket.socket,
        address: tuple[str, int],
        serve: Callable[[socket.socket, tuple[str, int]], None],
    ) -> None:
        with self._lock:
            self._connections.add(connection)
        try:
            # A client that goes away, or will have nothing to do with our certificate, is part of the world.
            with contextlib.suppress(OSError):
                serve(connection, address)
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()

    def _serve(self, connection: socket.socket, address: tuple[str, int]) -> None:
        scheme = "http"
        if self._tls:
            connection = self._tls.wrap_socket(connection, server_side=True)
            scheme = "https"
        with connection:
            Handler(connection, address, app=self._app, port=self.port, scheme=scheme, now=lambda: self._now(self.port))


def _babble(connection: socket.socket, _: tuple[str, int]) -> None:
    connection.sendall(b"220 mail.example.com ESMTP ready\r\n")
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(4096):  # closing with unread data would reset the connection before the words arrive
        pass
