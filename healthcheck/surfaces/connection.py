"""One client's connection: HTTP/1.1 as h11 reads it, and nothing that has no bound.

Nothing but HTTP/1.1 is spoken: an offer to change to WebSocket or to HTTP/2 is passed over, as the standard
allows, so that there is one parser to trust and one set of bounds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import unquote

import h11

from healthcheck.surfaces.http import Limits, Request, Response

Send = Callable[[Response], Awaitable[None]]
Respond = Callable[[Request, Send], Awaitable[None]]
"""Answers a request by sending one response; raises nothing but what sending does."""

_CHUNK_BYTES = 1024 * 1024
"""A reader that stalls holds so much of an answer in our memory, and no more."""

_CLOSE = (("connection", "close"),)
_MOST_DISCARDED_BYTES = 1024 * 1024

_SENTENCES: Mapping[int, str] = {
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The request line and headers are longer than {} bytes.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is longer than {} bytes; none is needed.",
    HTTPStatus.REQUEST_TIMEOUT: "The body did not arrive within {} s; none is needed.",
    HTTPStatus.EXPECTATION_FAILED: "No body is needed, so none is asked to be sent.",
    HTTPStatus.BAD_REQUEST: "This is no request of HTTP/1.1.",
}


class _Unfit(Exception):
    """What arrives is answered with a refusal, and the connection ends."""

    def __init__(self, status: int, bound: str = "") -> None:
        self.status = HTTPStatus(status)
        sentence = _SENTENCES.get(status, "This is not understood.").format(bound)
        self.response = Response(self.status, f"{sentence}\n".encode(), headers=_CLOSE)
        super().__init__(sentence)


class Connection:
    """Talks with one client until either side has enough. Owned by the task that runs it."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limits: Limits,
        *,
        respond: Respond,
        headers: Callable[[], Mapping[str, str]],
        is_current: Callable[[], bool],
        has_certificate: bool = False,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._limits = limits
        self._respond = respond
        self._headers = headers
        self._is_current = is_current
        self._has_certificate = has_certificate
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.header_bytes)
        address = writer.get_extra_info("peername")
        self._client: str | None = address[0] if address else None
        self.is_waiting = True
        """Whether nothing is lost by ending it now."""

    async def run(self) -> None:
        """Answer one request after the other; return once the connection is of no more use, without closing it."""
        try:
            await self._converse()
        except TimeoutError:
            # It said nothing, or not all, or took nothing, for as long as it may. Dropping what is not sent
            # is what makes the other side see a short answer.
            self._writer.transport.abort()

    async def _converse(self) -> None:
        try:
            left = self._limits.requests_of_connection
            while await self._exchange(is_last=left <= 1):
                left -= 1
                self.is_waiting = True
        except _Unfit as unfit:
            await self._refuse(unfit.response)

    async def _exchange(self, *, is_last: bool) -> bool:
        """Answer the next request; return whether another may follow."""
        head = await self._head()
        if head is None or not self._is_current():
            # In the second case what let the client in is no longer what we ask for: it has to come again.
            return False
        self.is_waiting = False
        await self._drain()
        request = self._request(head)

        async def send(response: Response) -> None:
            is_over = is_last or not self._is_current()
            await self._send(_ending(response) if is_over else response, is_bare=request.method == "HEAD")

        await self._respond(request, send)
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    async def _head(self) -> h11.Request | None:
        """Return the next request's line and headers; none if the client has closed the connection."""
        async with asyncio.timeout(self._limits.idle_seconds):
            event = await self._event()
        if not isinstance(event, h11.Request):
            return None
        # h11 bounds what is incomplete. What arrives complete in one piece has to be measured here.
        size = len(event.target) + sum(len(name) + len(value) + 4 for name, value in event.headers)
        if size > self._limits.header_bytes:
            raise _Unfit(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"{self._limits.header_bytes:,}")
        return event

    async def _drain(self) -> None:
        """Read the body, which nobody needs, so that the next request begins where this one ends."""
        size = 0
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                if self._http.they_are_waiting_for_100_continue:
                    raise _Unfit(HTTPStatus.EXPECTATION_FAILED)
                while isinstance(event := await self._event(), h11.Data):
                    size += len(event.data)
                    if size > self._limits.body_bytes:
                        raise _Unfit(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{self._limits.body_bytes:,}")
        except TimeoutError:
            raise _Unfit(HTTPStatus.REQUEST_TIMEOUT, f"{self._limits.body_seconds:g}") from None

    async def _event(self) -> object:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(await self._reader.read(self._limits.header_bytes))
        except h11.RemoteProtocolError as error:
            if error.error_status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
                raise _Unfit(error.error_status_hint, f"{self._limits.header_bytes:,}") from None
            raise _Unfit(error.error_status_hint) from None
        return event

    def _request(self, head: h11.Request) -> Request:
        path, _, query = head.target.partition(b"?")
        return Request(
            method=head.method.decode("ascii").upper(),
            path=unquote(path.decode("ascii")),
            query=query.decode("latin-1"),
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers},
            client=self._client,
            has_certificate=self._has_certificate,
        )

    async def _send(self, response: Response, *, is_bare: bool = False) -> None:
        """Send an answer in pieces; a reader that does not take it in time is a `TimeoutError`."""
        headers = [*response.raw_headers(self._headers()), (b"date", formatdate(usegmt=True).encode())]
        body = memoryview(b"" if is_bare else response.body)
        async with asyncio.timeout(self._limits.sending_seconds):
            self._write(h11.Response(status_code=response.status, reason=response.status.phrase, headers=headers))
            for start in range(0, len(body), _CHUNK_BYTES):
                self._write(h11.Data(data=bytes(body[start : start + _CHUNK_BYTES])))
                await self._writer.drain()
            self._write(h11.EndOfMessage())
            await self._writer.drain()

    def _write(self, event: h11.Event) -> None:
        self._writer.write(self._http.send(event) or b"")

    async def _refuse(self, response: Response) -> None:
        """Say why, and read on for a moment: closing on unread input would destroy the answer on its way."""
        await self._send(response)
        if self._writer.can_write_eof():
            self._writer.write_eof()
        left = _MOST_DISCARDED_BYTES
        async with asyncio.timeout(self._limits.farewell_seconds):
            while left > 0 and (data := await self._reader.read(left)):
                left -= len(data)


def _ending(response: Response) -> Response:
    if response.ends_connection:
        return response
    return Response(
        response.status, response.body, response.content_type, (*response.headers, *_CLOSE), csp=response.csp
    )
