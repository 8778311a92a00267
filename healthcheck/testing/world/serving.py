"""HTTP/1.1 for a WSGI application, one thread a connection.

The server that comes with moto closes every connection and lingers 10 ms on each; AWS keeps them open, and so does
this one.
"""

from __future__ import annotations

import io
import json
import sys
import traceback
from collections.abc import Callable, Iterable
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote, urlsplit

Application = Callable[..., Iterable[bytes]]


class Handler(BaseHTTPRequestHandler):
    """Serves one connection."""

    protocol_version = "HTTP/1.1"
    # Headers and body may leave in two packets; with delayed acknowledgements that would cost 40 ms a request.
    disable_nagle_algorithm = True
    # A connection that asks nothing for so long is closed; boto3's pools open a new one.
    timeout = 60

    def __init__(
        self,
        connection: Any,
        address: tuple[str, int],
        *,
        app: Application,
        port: int,
        scheme: str,
        now: Callable[[], datetime],
    ) -> None:
        self._app = app
        self._port = port
        self._scheme = scheme
        self._now = now
        super().__init__(connection, address, None)  # type: ignore[arg-type]  # no server: all that is needed came above

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        started: list[tuple[str, list[tuple[str, str]]]] = []
        environ = self._environ(self.rfile.read(length) if length else b"")
        try:
            body = b"".join(self._app(environ, lambda status, headers: started.append((status, headers))))
        except Exception as error:  # noqa: BLE001 - the edge of a server: it answers, tells, and goes on
            traceback.print_exception(error)
            body = json.dumps({"error": f"the world has a defect: {error!r}"}).encode()
            started[:] = [("500 Internal Server Error", [("Content-Length", str(len(body)))])]
        status, headers = started[0]
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_DELETE = do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = _serve  # noqa: N815 - the base class's names

    def _environ(self, body: bytes) -> dict[str, Any]:
        parts = urlsplit(self.path)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(parts.path, "latin-1"),
            "QUERY_STRING": parts.query,
            "RAW_URI": f"{parts.path}?{parts.query}" if parts.query else parts.path,
            "REQUEST_URI": f"{parts.path}?{parts.query}" if parts.query else parts.path,
            "REMOTE_ADDR": self.client_address[0],
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self._port),
            "SERVER_PROTOCOL": self.request_version,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self._scheme,
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
                key = f"HTTP_{key}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        environ["CONTENT_LENGTH"] = str(len(body))
        return environ

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Tell the time of the world, which a fault may have moved."""
        return super().date_time_string(timestamp) if timestamp else format_datetime(self._now(), usegmt=True)

    def version_string(self) -> str:
        """Name no software, as AWS does not."""
        return "imitation"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name for it
        """Say nothing: a request is no news."""
