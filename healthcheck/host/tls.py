"""TLS to a server: what is trusted, and a second layer of TLS inside a proxy that is itself spoken to by TLS."""

from __future__ import annotations

import importlib.util
import socket
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

T = TypeVar("T")

_PIECE = 16_384


class Line(Protocol):
    """A connection that bytes go through."""

    def sendall(self, data: bytes, /) -> None:
        """Send all of it."""

    def recv(self, size: int, /) -> bytes:
        """Receive some, or nothing at the end."""
        ...

    def close(self) -> None:
        """Close it."""


def default_authorities(packages: Sequence[str] = ("certifi", "botocore")) -> Path:
    """Return the file of authorities that botocore trusts by itself: certifi's where installed, else its own."""
    for package in packages:
        found = importlib.util.find_spec(package)
        if found is not None and found.submodule_search_locations:
            file = Path(found.submodule_search_locations[0]) / "cacert.pem"
            if file.is_file():
                return file
    raise FileNotFoundError("cacert.pem")


def trusting(ca_bundle: str | None) -> ssl.SSLContext:
    """Return a context that trusts a bundle, as botocore would.

    Raises:
        OSError: the bundle cannot be read, or holds no certificates.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca_bundle or default_authorities())
    return context


def trusting_anybody() -> ssl.SSLContext:
    """Return a context that only serves to read a certificate; nothing is ever sent over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def secure(line: socket.socket, context: ssl.SSLContext, host: str) -> ssl.SSLSocket | InnerTls:
    """Begin TLS with a host over a connection."""
    if isinstance(line, ssl.SSLSocket):
        return InnerTls(line, context, host)
    return context.wrap_socket(line, server_hostname=host)


class InnerTls:
    """TLS inside TLS, which sockets of the standard library cannot do by themselves."""

    def __init__(self, outer: ssl.SSLSocket, context: ssl.SSLContext, host: str) -> None:
        self._outer = outer
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._inner = context.wrap_bio(self._received, self._to_send, server_hostname=host)
        self._until_done(self._inner.do_handshake)

    def settimeout(self, seconds: float) -> None:
        """Wait no longer than this for each piece."""
        self._outer.settimeout(seconds)

    def getpeercert(self, *, binary_form: bool) -> bytes | None:
        """Return the server's certificate in DER form."""
        return self._inner.getpeercert(binary_form) if binary_form else None

    def sendall(self, data: bytes, /) -> None:
        """Send all of it."""
        self._until_done(lambda: self._inner.write(data))

    def recv(self, size: int, /) -> bytes:
        """Receive some, or nothing at the end."""
        try:
            return self._until_done(lambda: self._inner.read(size))
        except ssl.SSLEOFError:
            return b""

    def close(self) -> None:
        """Close the connection."""
        self._outer.close()

    def _until_done(self, step: Callable[[], T]) -> T:
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                self._flush()
                piece = self._outer.recv(_PIECE)
                if piece:
                    self._received.write(piece)
                else:
                    self._received.write_eof()
            else:
                self._flush()
                return done

    def _flush(self) -> None:
        if self._to_send.pending:
            self._outer.sendall(self._to_send.read())
