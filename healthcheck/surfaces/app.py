"""The web application: which address answers with what. ASGI, without a framework; it keeps no state."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol

from healthcheck.engine.snapshot import Snapshot
from healthcheck.registry import Registry, closest
from healthcheck.surfaces import documents, exposition, page
from healthcheck.surfaces.http import HTML, TEXT, Access, Limits, Request, Response, document, said

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_RELOAD = "/-/reload"
_RUN_PREFIX = "/api/v1/targets/"
_RUN_SUFFIX = "/run"

_CHUNK_BYTES = 1024 * 1024
"""A reader that stalls holds so much of an answer in our memory, and no more."""

_READS = ("GET", "HEAD")


class Reloaded(Protocol):
    """What became of reading the settings again."""

    @property
    def accepted(self) -> bool:
        """Whether they are in force."""

    @property
    def sentences(self) -> Sequence[str]:
        """What is watched now, or each mistake with its place."""


class Backend(Protocol):
    """What the daemon lets the web see and do. Called from several threads; none of it may take long."""

    @property
    def registry(self) -> Registry:
        """The checks."""

    def snapshot(self) -> Snapshot:
        """How everything stands."""

    def metrics(self) -> bytes:
        """The metrics page."""

    def is_healthy(self) -> bool:
        """Whether the scheduler is at work."""

    def is_ready(self) -> bool:
        """Whether every target has been looked at once, and lately."""

    def reload(self) -> Reloaded:
        """Read the settings again."""

    def run_target(self, name: str) -> bool:
        """Begin a round of the named target now; false if one is already under way."""


class App:
    """Answers requests from a backend. Owned by the server that runs it, on that server's loop."""

    def __init__(
        self, backend: Backend, access: Access, limits: Limits, *, version: str, clock: Callable[[], datetime]
    ) -> None:
        self._backend = backend
        self._access = access
        self._limits = limits
        self._version = version
        self._clock = clock
        # Scrapes have a thread of their own, so that no large document stands before them in a queue.
        self._scrapes = ThreadPoolExecutor(1, thread_name_prefix="http-scrape")
        self._documents = ThreadPoolExecutor(2, thread_name_prefix="http-document")
        self._in_flight = 0
        self._reads: Mapping[str, Callable[[Request], Awaitable[Response]]] = {
            "/": self._page,
            "/metrics": self._metrics,
            "/-/healthy": self._healthy,
            "/-/ready": self._ready,
            "/api/v1/status": self._status,
            "/api/v1/checks": self._checks,
            "/api/v1/incidents": self._incidents,
        }

    def close(self) -> None:
        """Let the threads end once they have nothing left to do."""
        self._scrapes.shutdown(wait=False, cancel_futures=True)
        self._documents.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            request = _request(scope)
            if self._in_flight >= self._limits.requests_at_once:
                sentence = (
                    f"{self._limits.requests_at_once} requests are being answered already; ask again in a second."
                )
                await _send(
                    said(request, HTTPStatus.SERVICE_UNAVAILABLE, sentence, [("retry-after", "1")]), send, self._limits
                )
                return
            self._in_flight += 1
            try:
                await _send(await self._answer(request, receive), send, self._limits)
            finally:
                self._in_flight -= 1

    async def _answer(self, request: Request, receive: Receive) -> Response:
        if refusal := self._access.refusal(request):
            return said(request, *refusal)
        if read := self._reads.get(request.path):
            return await read(request) if request.method in _READS else _not_allowed(request, "GET, HEAD")
        is_run = request.path.startswith(_RUN_PREFIX) and request.path.endswith(_RUN_SUFFIX)
        if is_run or request.path == _RELOAD:
            return await self._change(request, receive, self._run if is_run else self._reload)
        known = ", ".join([*self._reads, _RELOAD, f"{_RUN_PREFIX}NAME{_RUN_SUFFIX}"])
        return said(request, HTTPStatus.NOT_FOUND, f"There is nothing at {request.path[:200]}; there is {known}.")

    async def _change(
        self, request: Request, receive: Receive, change: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        if request.method != "POST":
            return _not_allowed(request, "POST")
        if refusal := self._access.refusal_to_change(request):
            return said(request, *refusal)
        return await _drained(request, receive, self._limits) or await change(request)

    async def _page(self, request: Request) -> Response:
        def render() -> Response:
            view = page.View.of(request.query)
            html = page.render(self._backend.snapshot(), version=self._version, now=self._clock(), view=view)
            return Response(HTTPStatus.OK, html.encode(), HTML, csp=page.content_security_policy())

        return await self._in_thread(self._documents, render, request)

    async def _metrics(self, request: Request) -> Response:
        def render() -> Response:
            return Response(HTTPStatus.OK, self._backend.metrics(), exposition.CONTENT_TYPE)

        return await self._in_thread(self._scrapes, render, request)

    async def _healthy(self, request: Request) -> Response:
        if self._backend.is_healthy():
            return Response(HTTPStatus.OK, b"healthy\n", TEXT)
        return said(request, HTTPStatus.SERVICE_UNAVAILABLE, "The scheduler does not beat: nothing is being looked at.")

    async def _ready(self, request: Request) -> Response:
        if self._backend.is_ready():
            return Response(HTTPStatus.OK, b"ready\n", TEXT)
        sentence = "Not every target has been looked at, or some verdicts are too old; / shows which."
        return said(request, HTTPStatus.SERVICE_UNAVAILABLE, sentence)

    async def _status(self, request: Request) -> Response:
        return await self._json(
            request, lambda: documents.status_document(self._backend.snapshot(), version=self._version)
        )

    async def _checks(self, request: Request) -> Response:
        return await self._json(request, lambda: documents.checks_document(self._backend.registry))

    async def _incidents(self, request: Request) -> Response:
        return await self._json(request, lambda: documents.incidents_document(self._backend.snapshot()))

    async def _json(self, request: Request, make: Callable[[], object]) -> Response:
        return await self._in_thread(self._documents, lambda: document(HTTPStatus.OK, make()), request)

    async def _reload(self, _request: Request) -> Response:
        outcome = await asyncio.get_running_loop().run_in_executor(self._documents, self._backend.reload)
        status = HTTPStatus.OK if outcome.accepted else HTTPStatus.BAD_REQUEST
        return document(status, {"accepted": outcome.accepted, "sentences": list(outcome.sentences)})

    async def _run(self, request: Request) -> Response:
        name = request.path.removeprefix(_RUN_PREFIX).removesuffix(_RUN_SUFFIX)
        names = [state.target.name for state in self._backend.snapshot().targets]
        if name not in names:
            near = closest(name, names)
            hint = f"; did you mean {near}?" if near else f"; there are {len(names):,} at /api/v1/status."
            return said(request, HTTPStatus.NOT_FOUND, f"No target is called {name[:200]!r}{hint}")
        begun = await asyncio.get_running_loop().run_in_executor(self._documents, self._backend.run_target, name)
        return document(HTTPStatus.ACCEPTED, {"target": name, "started": begun})

    async def _in_thread(
        self, threads: ThreadPoolExecutor, render: Callable[[], Response], request: Request
    ) -> Response:
        def work() -> Response:
            return render().compressed_for(request)

        return await asyncio.get_running_loop().run_in_executor(threads, work)


def _request(scope: Scope) -> Request:
    client = scope.get("client")
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        client=client[0] if client else None,
    )


def _not_allowed(request: Request, allowed: str) -> Response:
    sentence = f"{request.path[:200]} takes {allowed.replace(', ', ' and ')}, not {request.method[:20]}."
    return said(request, HTTPStatus.METHOD_NOT_ALLOWED, sentence, [("allow", allowed)])


async def _drained(request: Request, receive: Receive, limits: Limits) -> Response | None:
    """Read the body, which nobody needs; return why it is not taken, or none."""
    size = 0
    try:
        async with asyncio.timeout(limits.body_seconds):
            while True:
                message = await receive()
                size += len(message.get("body", b""))
                if size > limits.body_bytes:
                    sentence = f"The body is longer than {limits.body_bytes:,} bytes; none is needed."
                    return said(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence, [("connection", "close")])
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return None
    except TimeoutError:
        sentence = f"The body did not arrive within {limits.body_seconds:g} s; none is needed."
        return said(request, HTTPStatus.REQUEST_TIMEOUT, sentence, [("connection", "close")])


async def _send(response: Response, send: Send, limits: Limits) -> None:
    """Send the answer in pieces; give up on a reader that does not take it in time."""
    try:
        async with asyncio.timeout(limits.sending_seconds):
            await send({"type": "http.response.start", "status": response.status, "headers": response.raw_headers})
            body = memoryview(response.body)
            for start in range(0, max(len(body), 1), _CHUNK_BYTES):
                piece = bytes(body[start : start + _CHUNK_BYTES])
                more = start + _CHUNK_BYTES < len(body)
                await send({"type": "http.response.body", "body": piece, "more_body": more})
    except TimeoutError:
        # Returning without the rest makes the server close the connection, and the reader see a short answer.
        return


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
