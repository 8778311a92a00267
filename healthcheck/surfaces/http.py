"""HTTP in values: a request as we need it, a response, and who may ask for what. No sockets, no waiting."""

from __future__ import annotations

import gzip
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType

from healthcheck.surfaces.documents import dump

TEXT = "text/plain; charset=utf-8"
JSON = "application/json"
HTML = "text/html; charset=utf-8"

_COMPRESS_FROM_BYTES = 1024

_ALWAYS = (
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
)
_EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - told from others, not bound
_NOTHING_ELSE: Mapping[str, str] = MappingProxyType({})
_PROXIED = frozenset({"forwarded", "x-forwarded-for", "via"})
"""Headers by which a proxy tells that it is one: behind it, loopback says nothing about who asks."""

_NOTHING_EMBEDDED = "default-src 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Request:
    """The parts of a request that decide the answer."""

    method: str
    path: str
    """Decoded."""
    query: str
    headers: Mapping[str, str]
    """Names in lower case; of several with one name, the last."""
    client: str | None
    """The other side's address."""
    has_certificate: bool = False
    """Whether the other side showed a certificate that the authority we name has signed."""

    @property
    def prefers_json(self) -> bool:
        """Whether a sentence is better wrapped in JSON."""
        return self.path.startswith("/api/") or "application/json" in self.headers.get("accept", "")

    @property
    def accepts_gzip(self) -> bool:
        """Whether the answer may be compressed."""
        for offer in self.headers.get("accept-encoding", "").lower().split(","):
            coding, _, weight = offer.partition(";")
            if coding.strip() in {"gzip", "*"}:
                return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
        return False


@dataclass(frozen=True, slots=True)
class Response:
    """An answer."""

    status: HTTPStatus
    body: bytes
    content_type: str = TEXT
    headers: tuple[tuple[str, str], ...] = ()
    csp: str = field(default=_NOTHING_EMBEDDED, kw_only=True)

    @property
    def ends_connection(self) -> bool:
        """Whether the connection closes after it."""
        return ("connection", "close") in self.headers

    def compressed_for(self, request: Request) -> Response:
        """Return the answer as gzip where that is wanted and worth it.

        Level 1: measured on a page of 10 MB, it takes a quarter of the time of level 6 for 1.4 times the size.
        """
        vary = (*self.headers, ("vary", "accept-encoding"))
        if len(self.body) < _COMPRESS_FROM_BYTES or not request.accepts_gzip:
            return Response(self.status, self.body, self.content_type, vary, csp=self.csp)
        body = gzip.compress(self.body, compresslevel=1, mtime=0)
        encoded = (*vary, ("content-encoding", "gzip"))
        return Response(self.status, body, self.content_type, encoded, csp=self.csp)

    def raw_headers(self, in_place: Mapping[str, str] = _NOTHING_ELSE) -> list[tuple[bytes, bytes]]:
        """Return all headers as they are sent; those `in_place`, by names in lower case, stand instead of ours."""
        usual = dict(_ALWAYS) | {"content-security-policy": self.csp} | dict(in_place)
        own = (("content-type", self.content_type), ("content-length", str(len(self.body))))
        every = (*own, *usual.items(), *self.headers)
        return [(name.encode("ascii"), value.encode("latin-1")) for name, value in every]


def said(request: Request, status: HTTPStatus, sentence: str, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """Answer with a sentence: as JSON under ``/api/`` or when asked for, else as plain text."""
    if request.prefers_json:
        return Response(status, dump({"error": sentence}).encode(), JSON, tuple(headers))
    return Response(status, f"{sentence}\n".encode(), TEXT, tuple(headers))


def document(status: HTTPStatus, content: object) -> Response:
    """Answer with a JSON document."""
    return Response(status, dump(content).encode(), JSON)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client, and all of them together, may cost."""

    handshake_seconds: float = 5.0
    """For TLS to be agreed on."""
    idle_seconds: float = 5.0
    """For a request's headers to arrive, and between two requests of one connection."""
    header_bytes: int = 16 * 1024
    body_bytes: int = 4096
    """No request has anything to say in its body."""
    body_seconds: float = 5.0
    sending_seconds: float = 60.0
    """For a whole answer to be taken."""
    unread_seconds: float = 20.0
    """Without the other side's kernel taking anything; then ours ends the connection."""
    farewell_seconds: float = 2.0
    """For the other side to close too, and to take in why."""
    requests_at_once: int = 64
    requests_of_connection: int = 1000
    connections: int = 256
    """More wait in the kernel until one of these ends; each ends by the times above."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask for what, given where we listen.

    A page in the user's browser can send requests to loopback: to our address if it knows it, or to a name of
    its own that it makes resolve to loopback (DNS rebinding). The first cannot read the answers and betrays
    itself by Origin, the second by Host.
    """

    host: str
    """The address that we listen on."""
    port: int
    lifecycle: bool
    """Whether requests may change anything."""

    def url(self, scheme: str) -> str:
        """Return where this machine reaches us, without a slash at the end."""
        host = "localhost" if self.host in _EVERY_ADDRESS else self.host
        return f"{scheme}://[{host}]:{self.port}" if ":" in host else f"{scheme}://{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach us."""
        return _is_loopback(self.host)

    def refusal(self, request: Request) -> tuple[HTTPStatus, str] | None:
        """Return why the request is not answered, or none."""
        host = request.headers.get("host")
        if self.is_loopback and host is not None and not _is_literal(_hostname(host)):
            return HTTPStatus.MISDIRECTED_REQUEST, (
                f"This listens on {self.host} only and answers to localhost or an IP address, not to "
                f"{_shown(host)}; a proxy in front of it has to set Host to localhost."
            )
        return None

    def refusal_to_change(self, request: Request, *, is_known: bool = False) -> tuple[HTTPStatus, str] | None:
        """Return why the request may not change anything, or none.

        Who is known has shown a password or a certificate. A browser shows both for any page that asks it to,
        so what comes from a page is refused even then.
        """
        if "origin" in request.headers or request.headers.get("sec-fetch-site", "none") != "none":
            sentence = "Requests that change something are not taken from web pages, which send Origin."
        elif is_known:
            return None
        elif not self.lifecycle:
            sentence = (
                "Requests may not change anything here; start the daemon with --enable-lifecycle to allow it "
                "over loopback, or with a --web-config that asks for a password or a certificate."
            )
        elif not (self.is_loopback and _is_loopback(request.client or "")):
            sentence = (
                f"Requests that change something are taken over loopback only, unless a --web-config asks for "
                f"a password or a certificate; this listens on {self.host}."
            )
        elif not _PROXIED.isdisjoint(request.headers):
            sentence = (
                "This came through a proxy, behind which anybody may stand; requests that change something are "
                "then taken with a password or a certificate only, which a --web-config asks for."
            )
        elif not self._is_ours(request.headers.get("host", "")):
            sentence = f"Requests that change something need the Host that we listen on: localhost:{self.port}."
        else:
            return None
        return HTTPStatus.FORBIDDEN, sentence

    def _is_ours(self, host: str) -> bool:
        name = _hostname(host)
        port = host[len(name) :].removeprefix(":")
        return _is_loopback(name.strip("[]")) and port == str(self.port)


def _hostname(host: str) -> str:
    """Return a Host header without its port; brackets around an IPv6 address stay."""
    if host.startswith("["):
        return host[: host.find("]") + 1] or host
    return host.partition(":")[0]


def _is_literal(name: str) -> bool:
    """Whether no resolver has a say in where the name leads."""
    if name.lower().rstrip(".") == "localhost":
        return True
    return _address(name.strip("[]")) is not None


def _is_loopback(name: str) -> bool:
    if name.lower() == "localhost":
        return True
    address = _address(name)
    return address is not None and address.is_loopback


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _shown(host: str) -> str:
    return repr(host[:80])
