"""The HTTP server: hypercorn in a thread of its own, with bounds on what a client may cost."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework

from healthcheck.errors import HealthcheckError
from healthcheck.surfaces.app import App, Backend, Reloaded
from healthcheck.surfaces.http import Access, Limits

__all__ = ["Backend", "CannotListen", "Limits", "Reloaded", "Server", "serve"]

_BACKLOG = 128
_LIMITS = Limits()
_LAST_PORT = 65_535
_EXPECTED = "expected an address of this machine and a port, such as 127.0.0.1:9479"

_START_SECONDS = 10.0
_SHARE_FOR_REQUESTS = 0.8
_CANCEL_SECONDS = 1.0


class CannotListen(HealthcheckError):
    """The address to listen on cannot be had."""

    def __init__(self, listen: str, why: str) -> None:
        self.listen = listen
        super().__init__(f"cannot listen on {listen}: {why}")


class Server:
    """A running server. Owned by the daemon; `close` it."""

    def __init__(self, app: App, listener: socket.socket, access: Access, limits: Limits) -> None:
        self.host = access.host
        self.port = access.port
        self._access = access
        self._app = app
        self._config = _config(listener, limits)
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
        return self._access.url

    def close(self, timeout_seconds: float) -> bool:
        """Stop listening, finish what is being answered, and end; false if that took longer than it may."""
        # hypercorn's own patience ends first, so that it is hypercorn that cuts requests off, in good order.
        self._config.graceful_timeout = timeout_seconds * _SHARE_FOR_REQUESTS
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
            # `close` lost its patience with hypercorn.
            return

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(_told)
        self._main = asyncio.current_task()
        app = cast("ASGIFramework", self._app)
        await hypercorn_serve(app, self._config, shutdown_trigger=self._until_told, mode="asgi")

    async def _until_told(self) -> None:
        # hypercorn asks for this once it accepts connections.
        self._started.set()
        await self._stop.wait()


def serve(
    backend: Backend,
    *,
    listen: str,
    version: str,
    lifecycle: bool = False,
    limits: Limits = _LIMITS,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Server:
    """Begin to answer requests.

    Args:
        backend: what is shown and done.
        listen: ``ADDRESS:PORT``, ``[IPV6]:PORT`` or ``:PORT``; port 0 takes a free one.
        version: of this program, for the page and the API.
        lifecycle: whether POST may reload the settings and run targets; on loopback only.
        limits: what one client may cost.
        clock: the time that the page tells ages by.

    Raises:
        CannotListen: the port is taken, the address is not of this machine, or the right to it is missing.
    """
    listener = _listener(listen, limits)
    host, port = listener.getsockname()[:2]
    access = Access(host, port, lifecycle)
    return Server(App(backend, access, limits, version=version, clock=clock), listener, access, limits)


def _told(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # A connection that broke while it was being closed, and one that `close` cut off, are no errors of anybody's;
    # hypercorn lets out the first, and Python 3.11 takes the second for a failed callback.
    if not isinstance(context.get("exception"), (OSError, asyncio.CancelledError)):
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


def _config(listener: socket.socket, limits: Limits) -> Config:
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.backlog = _BACKLOG
    config.keep_alive_timeout = limits.idle_seconds
    config.h11_max_incomplete_size = limits.header_bytes
    config.include_server_header = False
    config.accesslog = None
    # Not hypercorn's own handler on stderr: what it says goes where everything else goes.
    config.errorlog = logging.getLogger("hypercorn.error")
    return config
