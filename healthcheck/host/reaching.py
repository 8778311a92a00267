"""One look at an endpoint, step by step as botocore would go: DNS, proxy, TCP, TLS, and a first HTTP answer."""

from __future__ import annotations

import http.client
import io
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import urlsplit

from healthcheck.capabilities import Endpoint, Reach
from healthcheck.host.certificate import issuer
from healthcheck.host.proxies import Proxy, proxy_of
from healthcheck.host.tls import InnerTls, Line, secure, trusting, trusting_anybody

Step = Literal["dns", "proxy", "tcp", "tls", "http", "time"]

_LONGEST_HEAD = 65_536
_PIECE = 4_096
_PORTS = {"http": 80, "https": 443}
_OK = 200
_PROXY_WANTS_A_PASSWORD = 407


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each step may take, in seconds."""

    dns: float = 5.0
    connect: float = 4.0
    """For each address."""
    tls: float = 5.0
    answer: float = 5.0
    total: float = 12.0


class _Failed(Exception):
    """A step failed; the words are the operating system's or TLS library's."""

    def __init__(self, step: Step, words: object) -> None:
        self.step: Step = step
        super().__init__(str(words) or type(words).__name__)


@dataclass(slots=True)
class _Journey:
    """A look under way."""

    endpoint: Endpoint
    patience: Patience
    clock: Callable[[], datetime]
    proxy: Proxy | None
    deadline: float
    addresses: tuple[str, ...] = ()
    issuer: str | None = None
    offset: timedelta | None = None
    scheme: str = field(init=False)
    host: str = field(init=False)
    port: int = field(init=False)
    path: str = field(init=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.endpoint.url)
        self.scheme, self.host, self.path = parts.scheme, parts.hostname or "", parts.path or "/"
        if self.scheme not in _PORTS or not self.host or parts.query:
            raise ValueError("it is not of the form https://HOST or http://HOST:PORT")
        self.port = parts.port or _PORTS[self.scheme]

    def seconds(self, most: float) -> float:
        """Return the time for a step, or fail when the whole has taken too long."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise self.out_of_time()
        return min(most, left)

    def failure(self, step: Step, words: object) -> _Failed:
        """Return what a step came to: a step that the steps before it left too little time has proved nothing."""
        is_cut_off = isinstance(words, TimeoutError) and time.monotonic() >= self.deadline
        return self.out_of_time() if is_cut_off else _Failed(step, words)

    def out_of_time(self) -> _Failed:
        """Say that the time for all steps is over."""
        return _Failed("time", f"{self.patience.total:g} s were not enough for all steps")


def look(endpoint: Endpoint, environ: Mapping[str, str], clock: Callable[[], datetime], patience: Patience) -> Reach:
    """Go as far as it goes, and tell how far that was."""
    began = time.monotonic()
    reach = Reach(endpoint.url)
    try:
        proxy = proxy_of(endpoint.proxy, environ) if endpoint.proxy else None
    except ValueError as error:
        return replace(reach, failed_step="proxy", error=str(error))
    try:
        journey = _Journey(endpoint, patience, clock, proxy, began + patience.total)
    except ValueError as error:  # also a port that is no number
        return replace(reach, failed_step="url", error=str(error))
    failed: _Failed | None = None
    try:
        _go(journey)
    except _Failed as error:
        failed = error
    return replace(
        reach,
        addresses=journey.addresses,
        failed_step=failed.step if failed else None,
        error=str(failed) if failed else None,
        seconds=time.monotonic() - began,
        issuer=journey.issuer,
        clock_offset_seconds=journey.offset.total_seconds() if journey.offset is not None else None,
    )


def _go(journey: _Journey) -> None:
    with _connected(journey) as line:
        if journey.scheme != "https":
            _ask(journey, line)
            return
        try:
            context = trusting(journey.endpoint.ca_bundle)
        except OSError as error:
            named = journey.endpoint.ca_bundle or "the SDK's own certificate authorities"
            raise _Failed("tls", f"{named} cannot be loaded: {error}") from error
        try:
            secured = _secured(journey, line, context)
        except _Failed as failed:
            if isinstance(failed.__cause__, ssl.SSLCertVerificationError):
                journey.issuer = _issuer_of_untrusted(journey)
            raise
        with _closing(secured):
            journey.issuer = issuer(secured.getpeercert(binary_form=True) or b"")
            _ask(journey, secured)


@contextmanager
def _closing(line: Line) -> Iterator[None]:
    try:
        yield
    finally:
        line.close()


@contextmanager
def _connected(journey: _Journey) -> Iterator[socket.socket]:
    """Connect to the endpoint, or through the proxy to it."""
    proxy = journey.proxy
    try:
        line = _dial(journey, proxy.host, proxy.port) if proxy else _dial(journey, journey.host, journey.port)
    except _Failed as failed:
        if proxy:
            raise _Failed("time" if failed.step == "time" else "proxy", failed) from failed
        raise
    try:
        if proxy:
            line = _through(journey, proxy, line)
        yield line
    finally:
        line.close()


def _dial(journey: _Journey, host: str, port: int) -> socket.socket:
    found = _look_up(host, port, journey.seconds(journey.patience.dns))
    journey.addresses = tuple(dict.fromkeys(str(address[4][0]) for address in found))
    error: OSError | None = None
    for number, (family, kind, protocol, _, address) in enumerate(found):
        # Each has its share, so that dead ones (IPv6 that leads nowhere) do not take the time of one that lives.
        share = journey.seconds(journey.patience.total) / (len(found) - number)
        line = socket.socket(family, kind, protocol)
        line.settimeout(min(journey.patience.connect, share))
        try:
            line.connect(address)
        except OSError as failed:
            line.close()
            error = failed
        else:
            return line
    raise _Failed("tcp", error or "no address to connect to") from error


_Address = tuple[int, int, int, str, tuple[str | int, ...]]


def _look_up(host: str, port: int, seconds: float) -> list[_Address]:
    """Ask the resolver in a thread of its own: it knows no timeout, and may take half a minute to give up."""
    answers: queue.SimpleQueue[list[_Address] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put([*socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)])  # type: ignore[list-item]
        except (OSError, UnicodeError) as error:  # a label over 63 characters is a UnicodeError
            answers.put(error)

    threading.Thread(target=ask, name=f"look-up-{host}", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise _Failed("dns", f"the resolver gave no answer within {seconds:.0f} s") from None
    if isinstance(answer, list):
        return answer
    raise _Failed("dns", answer) from answer


def _through(journey: _Journey, proxy: Proxy, line: socket.socket) -> socket.socket:
    """Have the proxy connect us; a plain HTTP endpoint needs no more than the proxy itself."""
    try:
        if proxy.scheme == "https":
            line.settimeout(journey.seconds(journey.patience.tls))
            line = trusting(journey.endpoint.ca_bundle).wrap_socket(line, server_hostname=proxy.host)
        if journey.scheme == "https":
            _have_connected(journey, proxy, line)
    except (OSError, http.client.HTTPException) as error:
        line.close()
        raise journey.failure("proxy", error) from error
    except _Failed:
        line.close()
        raise
    return line


def _have_connected(journey: _Journey, proxy: Proxy, line: socket.socket) -> None:
    seconds = journey.seconds(journey.patience.answer)
    line.settimeout(seconds)
    place = f"{journey.host}:{journey.port}"
    line.sendall(_head("CONNECT", place, place, proxy))
    answer = _answer(line, "CONNECT", seconds)
    if answer.status != _OK:
        raise _Failed("proxy", f"the proxy answers CONNECT with {answer.status} {answer.reason}")


def _secured(journey: _Journey, line: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket | InnerTls:
    line.settimeout(journey.seconds(journey.patience.tls))
    try:
        return secure(line, context, journey.host)
    except (OSError, ValueError) as error:  # ValueError: a host name that TLS cannot hold
        raise journey.failure("tls", error) from error


def _issuer_of_untrusted(journey: _Journey) -> str | None:
    """Connect once more, trusting anybody and sending nothing, to learn who issued the certificate."""
    try:
        with _connected(journey) as line:
            secured = _secured(journey, line, trusting_anybody())
            with _closing(secured):
                return issuer(secured.getpeercert(binary_form=True) or b"")
    except _Failed:
        return None  # the first failure is the finding


def _ask(journey: _Journey, line: socket.socket | InnerTls) -> None:
    """Ask for headers, unsigned; any answer will do, and its date tells the time over there."""
    seconds = journey.seconds(journey.patience.answer)
    line.settimeout(seconds)
    # A proxy is given the whole URL of a plain HTTP endpoint.
    target = journey.endpoint.url if journey.proxy and journey.scheme == "http" else journey.path
    proxy = journey.proxy if journey.scheme == "http" else None
    sent = journey.clock()
    try:
        line.sendall(_head("HEAD", target, urlsplit(journey.endpoint.url).netloc.rpartition("@")[2], proxy))
        answer = _answer(line, "HEAD", seconds)
    except (OSError, http.client.HTTPException) as error:
        raise journey.failure("http", error) from error
    if proxy and answer.status == _PROXY_WANTS_A_PASSWORD:
        raise _Failed("proxy", f"the proxy answers with {answer.status} {answer.reason}")
    date = _date(answer.getheader("Date"))
    if date is not None:
        journey.offset = sent + (journey.clock() - sent) / 2 - date


def _head(method: str, target: str, host: str, proxy: Proxy | None) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "User-Agent: sagemaker-healthcheck", "Accept: */*"]
    if method != "CONNECT":
        lines.append("Connection: close")
    if proxy and proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def _answer(line: socket.socket | InnerTls, method: str, seconds: float) -> http.client.HTTPResponse:
    """Read the head of an answer, however slowly it trickles; behind that of a CONNECT begins TLS."""
    until = time.monotonic() + seconds
    size = 1 if method == "CONNECT" else _PIECE
    head = bytearray()
    while b"\r\n\r\n" not in head and len(head) < _LONGEST_HEAD:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no complete answer within {seconds:.0f} s")
        line.settimeout(left)
        piece = line.recv(size)
        if not piece:
            break
        head += piece
    answer = http.client.HTTPResponse(_Recorded(bytes(head)), method=method)  # type: ignore[arg-type]
    answer.begin()
    return answer


class _Recorded:
    """An answer that has been read, in the shape of the socket that `http.client` wants."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        """Return it as a file."""
        return io.BytesIO(self._data)


def _date(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo is not None else None
