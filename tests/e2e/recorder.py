"""A way to AWS that notes what is asked on it, and passes it on unchanged: signatures cover the Host that it keeps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from healthcheck.testing.world.requests import Call, read

_OF_EACH_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, url: str) -> None:
        self.calls: list[Call] = []
        self.beyond = urlsplit(url).netloc
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = self._call(body)
        if call.authorization is not None:  # what is not signed asks for nothing: it is network.reachable's knock
            self.server.calls.append(call)
        connection = HTTPConnection(self.server.beyond, timeout=30)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _OF_EACH_CONNECTION:
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_HEAD = do_POST = _pass_on  # noqa: N815 - the names are http.server's

    def _call(self, body: bytes) -> Call:
        headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers.items()}
        return read(
            {
                **headers,
                "CONTENT_LENGTH": len(body),
                "wsgi.input": BytesIO(body),
                "wsgi.url_scheme": "http",
                "REQUEST_METHOD": self.command,
                "REQUEST_URI": self.path,
                "SERVER_PORT": self.server.server_port,
            }
        )

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Recorder:
    """Notes calls. Its address stands in for that of the world."""

    def __init__(self, server: _Server) -> None:
        self._server = server

    @property
    def url(self) -> str:
        """Where to call."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def take(self) -> list[Call]:
        """Return what was asked since the last time."""
        calls, self._server.calls = self._server.calls, []
        return calls


@contextmanager
def recording(url: str) -> Iterator[Recorder]:
    """Stand before a world for a while."""
    server = _Server(url)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="recorder")
    thread.start()
    try:
        yield Recorder(server)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
