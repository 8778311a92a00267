"""Real servers on the loopback address: honest, untrusted, silent and babbling ones."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

DATE = "Sun, 22 Nov 2026 14:00:00 GMT"
ANSWER = f"HTTP/1.1 404 Not Found\r\nDate: {DATE}\r\nContent-Length: 0\r\n\r\n".encode()


@dataclass
class Server:
    """A server and what it was sent."""

    port: int
    received: list[bytes] = field(default_factory=list)
    connections: int = 0


Serve = Callable[[Callable[[socket.socket, Server], None]], Server]


def read_head(connection: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = connection.recv(1)
        if not piece:
            break
        head += piece
    return head


def answering(answer: bytes = ANSWER) -> Callable[[socket.socket, Server], None]:
    """Plain HTTP."""

    def behave(connection: socket.socket, server: Server) -> None:
        server.received.append(read_head(connection))
        connection.sendall(answer)

    return behave


def answering_tls(context: ssl.SSLContext, answer: bytes = ANSWER) -> Callable[[socket.socket, Server], None]:
    """HTTPS."""

    def behave(connection: socket.socket, server: Server) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            server.received.append(read_head(secured))
            secured.sendall(answer)

    return behave


def silent(connection: socket.socket, server: Server) -> None:
    """Accept, and never say a word until the other side hangs up."""
    server.received.append(connection.recv(65_536))
    while connection.recv(65_536):
        pass


def relaying(
    *, tls: ssl.SSLContext | None = None, refuse: bytes | None = None
) -> Callable[[socket.socket, Server], None]:
    """A proxy that connects to whatever CONNECT names, if it does not refuse."""

    def behave(connection: socket.socket, server: Server) -> None:
        if tls:
            with tls.wrap_socket(connection, server_side=True) as secured:
                relay(secured, server)
        else:
            relay(connection, server)

    def relay(connection: socket.socket, server: Server) -> None:
        head = read_head(connection)
        server.received.append(head)
        if refuse:
            connection.sendall(refuse)
            return
        host, port = head.split()[1].decode().rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=10) as far:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(far, connection), daemon=True)
            back.start()
            _pump(connection, far)
            back.join(timeout=10)

    return behave


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(16_384):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
