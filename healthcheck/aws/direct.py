"""Sending a prepared request straight over a kept connection.

What botocore's own session does through urllib3 takes a fifth of a call's CPU (measured). This is the plain case of
it, and only that: no proxy, no streaming, no waiting for "100 Continue". Signing and parsing stay botocore's.
"""

from __future__ import annotations

import http.client
import select
import socket
import ssl
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)

_PORTS = {"http": 80, "https": 443}
_PLAIN_METHODS = frozenset({"GET", "HEAD", "POST"})


def is_plain(request: Any) -> bool:
    """Tell whether a request is of the kind that can be sent from here."""
    return (
        request.method in _PLAIN_METHODS
        and not request.stream_output
        and (request.body is None or isinstance(request.body, bytes | str))
        and "Transfer-Encoding" not in request.headers
        and "Expect" not in request.headers
    )


class _Body:
    """A body that has been read, in the shape that botocore reads bodies in."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self) -> Iterator[bytes]:
        """Yield it in one piece."""
        yield self._data


class Direct:
    """Kept connections by host; as many as there are threads that talk to it at once.

    Args:
        context: what to trust.
        connect_seconds: how long one step of connecting may take.
        most_idle: connections to one host that are kept while nobody uses them.
        options: of the sockets.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        connect_seconds: float,
        most_idle: int,
        options: Sequence[tuple[int, int, int]],
    ) -> None:
        self._context = context
        self._connect_seconds = connect_seconds
        self._most_idle = most_idle
        self._options = options
        self._lock = threading.Lock()
        self._idle: dict[tuple[str, str, int], deque[socket.socket]] = {}

    def send(self, request: Any, read_seconds: float) -> AWSResponse:
        """Send a request and read the whole answer; raise what botocore's own session would raise.

        Raises:
            HTTPClientError: no answer came, in one of its many forms.
        """
        parts = urlsplit(request.url)
        place = (parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme])
        line = self._take(place) or self._connect(place, request.url)
        keep = False
        try:
            line.settimeout(read_seconds)
            line.sendall(_in_bytes(request, place, parts.path or "/", parts.query))
            answer = http.client.HTTPResponse(line, method=request.method)
            try:
                answer.begin()
                body = answer.read()
                keep = not answer.will_close
            finally:
                answer.close()
        except TimeoutError as error:
            raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
        except (OSError, http.client.HTTPException) as error:
            raise ConnectionClosedError(endpoint_url=request.url, error=error, request=request) from error
        finally:
            if keep:
                self._give_back(place, line)
            else:
                line.close()
        made: Any = AWSResponse  # the stubs want classes of urllib3's where mappings do
        response: AWSResponse = made(request.url, answer.status, answer.headers, _Body(body))
        return response

    def close(self) -> None:
        """Close the connections that nobody uses."""
        with self._lock:
            for lines in self._idle.values():
                for line in lines:
                    line.close()
            self._idle.clear()

    def _take(self, place: tuple[str, str, int]) -> socket.socket | None:
        while True:
            with self._lock:
                lines = self._idle.get(place)
                if not lines:
                    return None
                line = lines.pop()
            if not _has_something_to_say(line):
                return line
            line.close()  # the other side hung up

    def _give_back(self, place: tuple[str, str, int], line: socket.socket) -> None:
        with self._lock:
            lines = self._idle.setdefault(place, deque())
            if len(lines) < self._most_idle:
                lines.append(line)
                return
        line.close()

    def _connect(self, place: tuple[str, str, int], url: str) -> socket.socket:
        scheme, host, port = place
        try:
            line = socket.create_connection((host, port), self._connect_seconds)
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=url, error=error) from error
        except (OSError, UnicodeError) as error:
            raise EndpointConnectionError(endpoint_url=url, error=error) from error
        try:
            for option in self._options:
                line.setsockopt(*option)
            return self._context.wrap_socket(line, server_hostname=host) if scheme == "https" else line
        except TimeoutError as error:
            line.close()
            raise ConnectTimeoutError(endpoint_url=url, error=error) from error
        except (ssl.SSLError, ValueError) as error:
            line.close()
            raise SSLError(endpoint_url=url, error=error) from error
        except OSError as error:
            line.close()
            raise EndpointConnectionError(endpoint_url=url, error=error) from error


def _has_something_to_say(line: socket.socket) -> bool:
    """A kept connection that can be read from has been closed, or speaks out of turn."""
    poll = select.poll()
    poll.register(line, select.POLLIN)
    return bool(poll.poll(0))


def _in_bytes(request: Any, place: tuple[str, str, int], path: str, query: str) -> bytes:
    """Write the request down in one piece, so that it leaves in one packet."""
    scheme, host, port = place
    body = request.body or b""
    if isinstance(body, str):
        body = body.encode()
    lines = [f"{request.method} {path}{'?' if query else ''}{query} HTTP/1.1".encode("ascii")]
    headers = request.headers
    if "Host" not in headers:
        # As botocore has signed it: the port only where it does not go without saying.
        name = f"[{host}]" if ":" in host else host
        lines.append(b"Host: " + (name if port == _PORTS[scheme] else f"{name}:{port}").encode("ascii"))
    if "Content-Length" not in headers and (body or request.method == "POST"):
        lines.append(b"Content-Length: %d" % len(body))
    for header, value in headers.items():
        text = value if isinstance(value, bytes) else str(value).encode("latin-1")
        if b"\r" in text or b"\n" in text:
            raise http.client.InvalidURL(f"the header {header} would hold two lines")
        lines.append(header.encode("ascii") + b": " + text)
    return b"\r\n".join([*lines, b"", body])
