"""One pool of connections and one TLS context for all clients that trust and reach alike.

botocore loads the certificate authorities anew for every connection, which costs 20 ms of CPU each time,
and makes a pool for every client.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Mapping
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session, create_urllib3_context, get_cert_path
from botocore.utils import get_environ_proxies

from healthcheck.aws.direct import Direct, is_plain

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
CONNECTIONS = 64
"""Connections kept to one host: as many as there are workers."""

HOSTS = 10_000
"""More than there are services and regions."""

_SOCKET_OPTIONS = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1))
"""botocore gives them to its own sessions only. Without the first, each call with a body waits up to 40 ms until its
headers are acknowledged (Nagle's algorithm); the second finds connections that a gateway has silently dropped."""


class SharedTls(URLLib3Session):
    """botocore's HTTP session, over a TLS context that already holds the authorities.

    A bundle that changes on disk is loaded again; an authority taken out of it stays trusted until a restart.

    Raises:
        OSError: the authorities cannot be loaded.
    """

    def __init__(self, ca_bundle: str | None, proxies: Mapping[str, str]) -> None:
        self._authorities: str = ca_bundle or str(get_cert_path(True))
        self._context: ssl.SSLContext = create_urllib3_context()
        self._context.check_hostname = True
        self._loaded = _changed(self._authorities)
        self._context.load_verify_locations(self._authorities)
        self._goes_straight = not proxies
        self._direct = Direct(
            self._context, connect_seconds=CONNECT_SECONDS, most_idle=CONNECTIONS, options=_SOCKET_OPTIONS
        )
        timeout: Any = (CONNECT_SECONDS, READ_SECONDS)  # botocore's stubs know one number only
        options: Any = list(_SOCKET_OPTIONS)  # and names only
        super().__init__(
            proxies=dict(proxies), timeout=timeout, max_pool_connections=CONNECTIONS, socket_options=options
        )

    def send(self, request: Any) -> AWSResponse:
        """Send a request and return the answer."""
        now = _changed(self._authorities)
        if now != self._loaded:
            self._loaded = now
            with contextlib.suppress(OSError):  # half written, or gone for a moment: what was trusted stays so
                self._context.load_verify_locations(self._authorities)
        if self._goes_straight and is_plain(request):
            context = getattr(request, "context", None) or {}
            return self._direct.send(request, context.get("read_timeout", READ_SECONDS))
        answer: AWSResponse = super().send(request)
        return answer

    def close(self) -> None:
        """Close all connections."""
        self._direct.close()
        super().close()

    def _get_ssl_context(self) -> ssl.SSLContext:
        return self._context

    def _get_pool_manager_kwargs(self, **more: Any) -> Any:
        """Make room for every host of a fleet: urllib3 closes all but ten pools, whichever were used last."""
        parent: Any = super()  # the stubs leave it out
        return parent._get_pool_manager_kwargs(num_pools=HOSTS, **more)  # noqa: SLF001 # overridden, not called upon

    def _setup_ssl_cert(self, conn: Any, url: str, verify: object) -> None:  # noqa: ARG002 # botocore's signature
        """Verify always, and name no file: urllib3 would load it into the context again."""
        conn.cert_reqs = "CERT_REQUIRED" if url.lower().startswith("https") else "CERT_NONE"
        conn.ca_certs = None


class Transports:
    """The shared sessions of the process, by what they trust and which proxies they use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[tuple[str | None, tuple[tuple[str, str], ...]], SharedTls] = {}

    def session(self, url: str, ca_bundle: str | None) -> SharedTls | None:
        """Return the session for a URL, or none when the authorities cannot be loaded.

        botocore's own session then says so at the first request, and works once the file is in order.
        """
        proxies = get_environ_proxies(url)
        key = (ca_bundle, tuple(sorted(proxies.items())))
        with self._lock:
            if key not in self._sessions:
                try:
                    self._sessions[key] = SharedTls(ca_bundle, proxies)
                except OSError:  # ssl.SSLError is one
                    return None
            return self._sessions[key]

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for session in self._sessions.values():
                session.close()
            self._sessions.clear()


def _changed(path: str) -> int:
    """Return when a file was last changed; 0 when it is not there."""
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 # once for each request
    except OSError:
        return 0
