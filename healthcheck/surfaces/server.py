"""The HTTP server: a thread of its own that takes connections in, as many and as long as it may.

asyncio and h11, no ready-made server. Tried before: uvicorn lets a trickling client hang; hypercorn cuts it off,
but keeps one TLS context for ever, tells the application nothing of a client's certificate, counts no
connections, and speaks HTTP/2 to whoever asks. Here each connection gets the context that is in force when it
begins, so that renewed certificates, authorities and versions of TLS all count from the next one on.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

from healthcheck.errors import HealthcheckError
from healthcheck.surfaces.app import App, Backend, Reloaded
from healthcheck.surfaces.connection import Connection
from healthcheck.surfaces.http import Access, Limits
from healthcheck.surfaces.web.guard import OPEN, Guard

__all__ = ["Backend", "CannotListen", "Limits", "Reloaded", "Server", "serve"]

_BACKLOG = 128
_LIMITS = Limits()
_LAST_PORT = 65_535
_EXPECTED = "expected an address of this machine and a port, such as 127.0.0.1:9479"

_START_SECONDS = 10.0
_SHARE_FOR_REQUESTS = 0.8
_CANCEL_SECONDS = 1.0
_BREATH_SECONDS = 0.05


class CannotListen(HealthcheckError):
    """The address to listen on cannot be had."""

    def __init__(self, listen: str, why: str) -> None:
        self.listen = listen
        super().__init__(f"cannot listen on {listen}: {why}")


class Server:
    """A running server. Owned by the daemon; `close` it."""

    def __init__(
        self, app: App, listener: socket.socket, access: Access, limits: Limits, guard: Callable[[], Guard]
    ) -> None:
        self.host = access.host
        self.port = access.port
        self._access = access
        self._app = app
        self._guard = guard
        self._limits = limits
        self._listener = listener
        self._patience_seconds = 0.0
        self._visits: dict[asyncio.Task[None], Connection | None] = {}
        self._started = threading.Event()
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)
        self._thread.start()
        if not self._started.wait(_START_SECONDS):
            raise CannotListen(self.url, "the server did not start; the log says why")

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return self._access.url(self._guard().scheme)

    @property
    def is_exposed(self) -> bool:
        """Whether other machines may reach it."""
        return not self._access.is_loopback

    def close(self, timeout_seconds: float) -> bool:
        """Stop listening, finish what is being answered, and end; false if that took longer than it may."""
        # The loop's own patience ends first, so that it is the loop that cuts requests off, in good order.
        self._patience_seconds = timeout_seconds * _SHARE_FOR_REQUESTS
        self._tell(self._stop.set)
        self._thread.join(timeout_seconds)
        in_time = not self._thread.is_alive()
        if not in_time and self._main is not None:
            self._tell(self._main.cancel)
            self._thread.join(_CANCEL_SECONDS)
        self._app.close()
        return in_time

    def _tell(self, what: Callable[[], object]) -> None:
        if self._loop is None:
            return
        try:
            self._loop.call_soon_threadsafe(what)
        except RuntimeError:
            # The loop is closed: the thread has ended by itself.
            return

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except asyncio.CancelledError:
            # `close` lost its patience.
            return

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(_told)
        self._main = asyncio.current_task()
        with self._listener:
            taking_in = asyncio.create_task(self._take_in())
            self._started.set()
            await self._stop.wait()
            taking_in.cancel()
            await asyncio.wait([taking_in])
        await self._part()

    async def _take_in(self) -> None:
        """Begin a visit for each connection, as many at once as may be; the kernel keeps the others waiting."""
        loop = asyncio.get_running_loop()
        room = asyncio.Semaphore(self._limits.connections)
        while True:
            await room.acquire()
            try:
                connected, _ = await loop.sock_accept(self._listener)
            except OSError:
                # The client has gone again, or the process has no file descriptors left, which takes a moment.
                room.release()
                await asyncio.sleep(_BREATH_SECONDS)
                continue
            visit = asyncio.create_task(self._visit(connected))
            self._visits[visit] = None
            visit.add_done_callback(self._visits.pop)
            visit.add_done_callback(lambda _: room.release())
            # It may have been cut off before it began.
            visit.add_done_callback(lambda _, left=connected: left.close())  # type: ignore[misc]

    async def _visit(self, connected: socket.socket) -> None:
        guard = self._guard()
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=self._limits.header_bytes)
        protocol = asyncio.StreamReaderProtocol(reader)
        secured = {"ssl_handshake_timeout": self._limits.handshake_seconds} if guard.context else {}
        try:
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, connected, ssl=guard.context, **secured)
        except OSError:
            # No TLS, not ours, or without the certificate that we ask for; the other side has been told by TLS.
            connected.close()
            return
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        try:
            await self._talk(reader, writer, guard)
        except OSError:
            # The other side broke the connection.
            transport.abort()
        finally:
            await self._hang_up(writer)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, guard: Guard) -> None:
        secured = writer.get_extra_info("ssl_object")
        certificate = secured.getpeercert() if secured else None
        connection = Connection(
            reader,
            writer,
            self._limits,
            respond=self._app.respond,
            headers=lambda: self._guard().headers,
            # A connection proves what was asked for when it began, and no more.
            is_current=lambda: not self._stop.is_set() and self._guard().context is guard.context,
            has_certificate=bool(certificate) and guard.admits(certificate),
        )
        self._visits[cast("asyncio.Task[None]", asyncio.current_task())] = connection
        await connection.run()

    async def _hang_up(self, writer: asyncio.StreamWriter) -> None:
        writer.close()
        try:
            async with asyncio.timeout(self._limits.farewell_seconds):
                await writer.wait_closed()
        except OSError:
            # It took too long (TimeoutError is one), or was closed already.
            writer.transport.abort()

    async def _part(self) -> None:
        """End the connections that wait, let the others finish, and cut off what outlasts our patience."""
        for visit, connection in list(self._visits.items()):
            if connection is None or connection.is_waiting:
                visit.cancel()
        if self._visits:
            await asyncio.wait(list(self._visits), timeout=self._patience_seconds)
        for visit in list(self._visits):
            visit.cancel()
        if self._visits:
            await asyncio.wait(list(self._visits))


def serve(
    backend: Backend,
    *,
    listen: str,
    version: str,
    lifecycle: bool = False,
    limits: Limits = _LIMITS,
    guard: Callable[[], Guard] = lambda: OPEN,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Server:
    """Begin to answer requests.

    Args:
        backend: what is shown and done.
        listen: ``ADDRESS:PORT``, ``[IPV6]:PORT`` or ``:PORT``; port 0 takes a free one.
        version: of this program, for the page and the API.
        lifecycle: whether POST may reload the settings and run targets; on loopback only.
        limits: what one client may cost.
        guard: who is let in, asked anew for each connection and each request.
        clock: the time that the page tells ages by.

    Raises:
        CannotListen: the port is taken, the address is not of this machine, or the right to it is missing.
    """
    listener = _listener(listen, limits)
    host, port = listener.getsockname()[:2]
    access = Access(host, port, lifecycle)
    app = App(backend, access, limits, guard=guard, version=version, clock=clock)
    return Server(app, listener, access, limits, guard)


def _told(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # A connection that broke while it was being closed is no error of anybody's.
    if not isinstance(context.get("exception"), OSError):
        loop.default_exception_handler(context)


def _listener(listen: str, limits: Limits) -> socket.socket:
    name, _, port = listen.rpartition(":")
    # getaddrinfo takes too large a port modulo 65,536, and none at all for 0.
    if ":" not in listen or not (port.isascii() and port.isdigit() and int(port) <= _LAST_PORT):
        raise CannotListen(listen, _EXPECTED)
    try:
        found = socket.getaddrinfo(
            name.strip("[]") or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
        )
    except (socket.gaierror, UnicodeError) as error:
        raise CannotListen(listen, _EXPECTED) from error
    # Of several, such as for localhost, IPv4 is what scrapers and curl try without a doubt.
    family, kind, protocol, _, address = min(found, key=lambda each: each[0] is not socket.AF_INET)
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # Connections inherit it. Without it a client that never reads holds its answer for ever.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(limits.unread_seconds * 1000))
        listener.bind(address)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise CannotListen(listen, _why(error, port)) from error
    return listener


def _why(error: OSError, port: str) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"port {port} is taken; see by whom with: ss -ltnp 'sport = :{port}', or choose another with --listen"
            )
        case errno.EACCES:
            return f"port {port} needs more rights than this process has; choose one from 1024 on"
        case errno.EADDRNOTAVAIL:
            return "the address is not one of this machine"
        case _:
            return (error.strerror or str(error)).lower()
