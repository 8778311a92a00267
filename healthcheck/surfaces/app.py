"""The web application: who is let in, and which address answers with what. It keeps no state of what it shows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Protocol

from healthcheck.engine.snapshot import Asked, Snapshot
from healthcheck.registry import Registry, closest
from healthcheck.surfaces import documents, exposition, page
from healthcheck.surfaces.http import HTML, TEXT, Access, Limits, Request, Response, document, said
from healthcheck.surfaces.web.guard import Guard
from healthcheck.surfaces.web.passwords import Busy, Passwords

_RELOAD = "/-/reload"
_TARGETS = "/api/v1/targets/"
_RUN = "/run"

_READS = ("GET", "HEAD")

_WHO_ARE_YOU = (("www-authenticate", 'Basic realm="sagemaker-healthcheck", charset="UTF-8"'),)
_AGAIN = (("retry-after", "1"),)
_TELL_DENIALS_EVERY = timedelta(minutes=1)

_LOG = logging.getLogger(__name__)


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

    def run_target(self, name: str) -> Asked:
        """Begin a round of the named target now."""


class App:
    """Answers requests from a backend. Owned by the server that runs it, on that server's loop."""

    def __init__(
        self,
        backend: Backend,
        access: Access,
        limits: Limits,
        *,
        guard: Callable[[], Guard],
        version: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._backend = backend
        self._access = access
        self._limits = limits
        self._guard = guard
        self._passwords = Passwords()
        self._version = version
        self._clock = clock
        # Scrapes have a thread of their own, so that no large document stands before them in a queue.
        self._scrapes = ThreadPoolExecutor(1, thread_name_prefix="http-scrape")
        self._documents = ThreadPoolExecutor(2, thread_name_prefix="http-document")
        self._in_flight = 0
        self._denied = 0
        self._denied_told: datetime | None = None
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
        self._passwords.close()

    async def respond(self, request: Request, send: Callable[[Response], Awaitable[None]]) -> None:
        """Answer one request, whatever becomes of it; called on the server's loop.

        Until it is sent, an answer takes memory; so sending counts among the requests at once.
        """
        if self._in_flight >= self._limits.requests_at_once:
            sentence = f"{self._limits.requests_at_once} requests are being answered already; ask again in a second."
            await send(said(request, HTTPStatus.SERVICE_UNAVAILABLE, sentence, _AGAIN))
            return
        self._in_flight += 1
        try:
            await send(await self._answer(request))
        finally:
            self._in_flight -= 1

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._let_in(request)
        except Exception:  # noqa: BLE001 - logged with its traceback, and nothing is kept
            # A mistake of ours must neither end the server nor show a stranger what stands in a traceback.
            _LOG.exception("http.failed", extra={"method": request.method, "path": request.path[:200]})
            sentence = "This could not be answered because of a mistake in this program; its log has the details."
            return said(request, HTTPStatus.INTERNAL_SERVER_ERROR, sentence)

    async def _let_in(self, request: Request) -> Response:
        guard = self._guard()
        if refusal := self._access.refusal(request):
            return said(request, *refusal)
        if guard.demands_certificate and not request.has_certificate:
            sentence = "A client certificate is asked for here, with one of the names that are allowed."
            return said(request, HTTPStatus.FORBIDDEN, sentence, [("connection", "close")])
        if guard.users:
            try:
                is_known = await self._passwords.fit(request.headers.get("authorization", ""), guard.users)
            except Busy:
                sentence = "Too many passwords are being looked at; ask again in a second."
                return said(request, HTTPStatus.SERVICE_UNAVAILABLE, sentence, _AGAIN)
            if not is_known:
                self._tell_denial(request)
                return said(request, HTTPStatus.UNAUTHORIZED, "A user name and a password are asked for.", _WHO_ARE_YOU)
        return await self._route(request, is_known=bool(guard.users) or request.has_certificate)

    def _tell_denial(self, request: Request) -> None:
        """Log that a password was wrong, though not each time: who guesses must not fill the disk as well."""
        if "authorization" not in request.headers:
            return
        self._denied += 1
        now = self._clock()
        if self._denied_told is None or now - self._denied_told >= _TELL_DENIALS_EVERY:
            # Not the name: people type passwords into that field.
            _LOG.warning("http.denied", extra={"client": request.client, "times": self._denied})
            self._denied, self._denied_told = 0, now

    async def _route(self, request: Request, *, is_known: bool) -> Response:
        if read := self._reads.get(request.path):
            return await read(request) if request.method in _READS else _not_allowed(request, "GET, HEAD")
        is_of_target = request.path.startswith(_TARGETS)
        is_run = is_of_target and request.path.endswith(_RUN)
        if is_of_target and not is_run:
            return await self._target(request) if request.method in _READS else _not_allowed(request, "GET, HEAD")
        if is_run or request.path == _RELOAD:
            if request.method != "POST":
                return _not_allowed(request, "POST")
            if refusal := self._access.refusal_to_change(request, is_known=is_known):
                return said(request, *refusal)
            return await (self._run(request) if is_run else self._reload(request))
        known = ", ".join([*self._reads, f"{_TARGETS}NAME", f"{_TARGETS}NAME{_RUN}", _RELOAD])
        return said(request, HTTPStatus.NOT_FOUND, f"There is nothing at {request.path[:200]}; there is {known}.")

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
        sentence = "The scheduler does not beat, hung checks are not replaced any more, or nobody is told of verdicts."
        return said(request, HTTPStatus.SERVICE_UNAVAILABLE, sentence)

    async def _ready(self, request: Request) -> Response:
        if self._backend.is_ready():
            return Response(HTTPStatus.OK, b"ready\n", TEXT)
        sentence = "Not every target has been looked at, or some verdicts are too old; / shows which."
        return said(request, HTTPStatus.SERVICE_UNAVAILABLE, sentence)

    async def _status(self, request: Request) -> Response:
        return await self._json(
            request, lambda: documents.status_document(self._backend.snapshot(), version=self._version)
        )

    async def _target(self, request: Request) -> Response:
        name = request.path.removeprefix(_TARGETS)

        def find() -> Response:
            snapshot = self._backend.snapshot()
            found = documents.target_document(snapshot, name, version=self._version)
            return document(HTTPStatus.OK, found) if found is not None else _no_target(request, snapshot, name)

        return await self._in_thread(self._documents, find, request)

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
        name = request.path.removeprefix(_TARGETS).removesuffix(_RUN)
        snapshot = self._backend.snapshot()
        if not any(state.target.name == name for state in snapshot.targets):
            return _no_target(request, snapshot, name)
        asked = await asyncio.get_running_loop().run_in_executor(self._documents, self._backend.run_target, name)
        if asked is Asked.STOPPING:
            sentence = "The daemon is stopping, and begins no more looks."
            return said(request, HTTPStatus.SERVICE_UNAVAILABLE, sentence)
        return document(HTTPStatus.ACCEPTED, {"target": name, "started": asked is Asked.BEGUN})

    async def _in_thread(
        self, threads: ThreadPoolExecutor, render: Callable[[], Response], request: Request
    ) -> Response:
        def work() -> Response:
            return render().compressed_for(request)

        return await asyncio.get_running_loop().run_in_executor(threads, work)


def _no_target(request: Request, snapshot: Snapshot, name: str) -> Response:
    names = [state.target.name for state in snapshot.targets]
    near = closest(name, names)
    hint = f"; did you mean {near}?" if near else f"; there are {len(names):,} at /api/v1/status."
    return said(request, HTTPStatus.NOT_FOUND, f"No target is called {name[:200]!r}{hint}")


def _not_allowed(request: Request, allowed: str) -> Response:
    sentence = f"{request.path[:200]} takes {allowed.replace(', ', ' and ')}, not {request.method[:20]}."
    return said(request, HTTPStatus.METHOD_NOT_ALLOWED, sentence, [("allow", allowed)])
