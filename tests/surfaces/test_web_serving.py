"""The protected server over real sockets, with real certificates: who is let in, and who is not."""

from __future__ import annotations

import base64
import errno
import http.client
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bcrypt
import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from healthcheck.surfaces import server
from healthcheck.surfaces.http import Limits
from healthcheck.surfaces.server import Server
from healthcheck.surfaces.web.guard import Guard, names_in
from healthcheck.surfaces.web.watching import Web
from tests.support import require
from tests.surfaces.backends import World
from tests.surfaces.certificates import LOCAL, Authority, Pair

PASSWORD = "correct horse"
USERS = f"basic_auth_users:\n  alice: {bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()}\n"
TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
MUTUAL = TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
IF_GIVEN = TLS + "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.pem\n"
NAMED = (
    MUTUAL
    + "  client_allowed_sans: [prometheus.example, 'spiffe://example/p', 10.0.0.7, '2001:db8::7', p@example.org]\n"
)
READS = ("/", "/metrics", "/-/healthy", "/-/ready", "/api/v1/status", "/api/v1/checks", "/api/v1/incidents")
WRITES = ("/-/reload", "/api/v1/targets/prod/us-east-1/run")
USUAL = Limits()
SAFE = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def basic(user: str = "alice", password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class House:
    """A server behind a configuration, and the certificates of who comes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority(folder)
        self.server = self.authority.sign("server", *LOCAL)
        self.client = self.authority.sign("client", x509.DNSName("prometheus.example"))
        self.world = World()
        self.file = folder / "web.yml"

    @contextmanager
    def serving(
        self, text: str, *, limits: Limits = USUAL, listen: str = "127.0.0.1:0", lifecycle: bool = False
    ) -> Iterator[Server]:
        self.file.write_text(text, "utf-8")
        self.web = web = Web(self.file, told=lambda _: None)
        started = server.serve(
            self.world,
            listen=listen,
            version="1.2.3",
            lifecycle=lifecycle,
            limits=limits,
            guard=lambda: web.guard,
        )
        try:
            yield started
        finally:
            assert started.close(5)

    def connect(self, to: Server, pair: Pair | None = None, *, plain: bool = False) -> http.client.HTTPConnection:
        if plain:
            return http.client.HTTPConnection("127.0.0.1", to.port, timeout=20)
        return http.client.HTTPSConnection("127.0.0.1", to.port, timeout=20, context=self.authority.client(pair))

    def ask(
        self,
        to: Server,
        path: str = "/-/healthy",
        *,
        method: str = "GET",
        pair: Pair | None = None,
        plain: bool = False,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        connection = self.connect(to, pair, plain=plain)
        try:
            return once(connection, path, method=method, headers=headers)
        finally:
            connection.close()


def once(
    connection: http.client.HTTPConnection, path: str, *, method: str = "GET", headers: dict[str, str] | None = None
) -> Answer:
    connection.request(method, path, headers=headers or {})
    got = connection.getresponse()
    return Answer(got.status, {name.lower(): value for name, value in got.getheaders()}, got.read())


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("house"))


# TLS.


def test_https_and_nothing_else(house: House) -> None:
    with house.serving(TLS) as running:
        assert running.url == f"https://127.0.0.1:{running.port}"
        assert house.ask(running).body == b"healthy\n"
        with pytest.raises((http.client.HTTPException, OSError)):
            house.ask(running, plain=True)
        with pytest.raises(ssl.SSLCertVerificationError), socket.create_connection(("127.0.0.1", running.port)) as raw:
            ssl.create_default_context().wrap_socket(raw, server_hostname="localhost")
        assert house.ask(running).status == 200


@pytest.mark.parametrize(
    ("setting", "version", "is_spoken"),
    [
        ("", ssl.TLSVersion.TLSv1_2, True),
        ("", ssl.TLSVersion.TLSv1_3, True),
        ("  min_version: TLS13\n", ssl.TLSVersion.TLSv1_2, False),
        ("  min_version: TLS13\n", ssl.TLSVersion.TLSv1_3, True),
        ("  max_version: TLS12\n", ssl.TLSVersion.TLSv1_3, False),
    ],
)
def test_versions_of_tls(house: House, setting: str, version: ssl.TLSVersion, is_spoken: bool) -> None:  # noqa: FBT001
    context = house.authority.client()
    context.minimum_version = context.maximum_version = version
    with house.serving(TLS + setting) as running, socket.create_connection(("127.0.0.1", running.port), 20) as raw:
        if is_spoken:
            with context.wrap_socket(raw, server_hostname="localhost") as secured:
                assert secured.version() == version.name.replace("_", ".")
        else:
            with pytest.raises(ssl.SSLError):
                context.wrap_socket(raw, server_hostname="localhost")


def test_only_the_suites_that_are_named(house: House) -> None:
    suites = "  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]\n"
    context = house.authority.client()
    with house.serving(TLS + suites) as running:
        with (
            socket.create_connection(("127.0.0.1", running.port), 20) as raw,
            context.wrap_socket(raw, server_hostname="localhost") as secured,
        ):
            assert secured.cipher() == ("ECDHE-ECDSA-CHACHA20-POLY1305", "TLSv1.2", 256)
        context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
        with pytest.raises(ssl.SSLError), socket.create_connection(("127.0.0.1", running.port), 20) as raw:
            context.wrap_socket(raw, server_hostname="localhost")


def test_http2_is_not_offered(house: House) -> None:
    context = house.authority.client()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        house.serving(TLS) as running,
        socket.create_connection(("127.0.0.1", running.port), 20) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as secured,
    ):
        assert secured.selected_alpn_protocol() == "http/1.1"


def serial_seen(house: House, running: Server) -> int:
    with (
        socket.create_connection(("127.0.0.1", running.port), 20) as raw,
        house.authority.client().wrap_socket(raw, server_hostname="localhost") as secured,
    ):
        der = secured.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der).serial_number


def test_a_renewed_certificate_is_shown_from_the_next_connection_on(tmp_path: Path) -> None:
    house = House(tmp_path)
    with house.serving(TLS) as running:
        assert serial_seen(house, running) == house.server.serial
        renewed = house.authority.sign("server", *LOCAL)
        for _ in range(3):
            house.web.look()
        assert serial_seen(house, running) == renewed.serial != house.server.serial


def test_what_is_wrong_leaves_the_server_as_it_was(tmp_path: Path) -> None:
    house = House(tmp_path)
    with house.serving(TLS + USERS) as running:
        house.file.write_text("basic_auth_users: {}\n")
        assert len(house.web.read_again().mistakes) == 1
        assert house.ask(running).status == 401
        assert house.ask(running, headers=basic()).status == 200


def test_tls_comes_and_goes_without_a_restart(tmp_path: Path) -> None:
    house = House(tmp_path)
    with house.serving("") as running:
        kept = house.connect(running, plain=True)
        assert once(kept, "/-/healthy").status == 200
        house.file.write_text(TLS)
        house.web.read_again()
        assert house.ask(running).status == 200
        assert running.url.startswith("https://")
        # What was connected under the old configuration is not answered under the new one.
        with pytest.raises(http.client.RemoteDisconnected):
            once(kept, "/-/healthy")
        kept.close()


# Client certificates.


def refused(house: House, running: Server, pair: Pair | None) -> bool:
    """Whether the connection ends before anything is answered."""
    try:
        house.ask(running, pair=pair)
    except (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected):
        return True
    return False


def test_without_a_certificate_of_our_authority_nobody_is_let_in(house: House, tmp_path: Path) -> None:
    foreign = Authority(tmp_path, "foreign").sign("intruder", x509.DNSName("prometheus.example"))
    past = (datetime.now(UTC) - timedelta(days=9), datetime.now(UTC) - timedelta(days=8))
    ended = house.authority.sign("ended", x509.DNSName("prometheus.example"), life=past)
    with house.serving(MUTUAL) as running:
        assert [refused(house, running, pair) for pair in (None, foreign, ended)] == [True, True, True]
        assert house.ask(running, pair=house.client).status == 200


def test_an_answer_that_ends_the_connection_says_so_once(house: House) -> None:
    pair = house.authority.sign("unnamed", x509.DNSName("other.example"))
    with house.serving(NAMED, limits=Limits(requests_of_connection=1)) as running:
        connection = house.connect(running, pair)
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert (answer.status, answer.headers.get_all("connection")) == (403, ["close"])
        connection.close()


@pytest.mark.parametrize(
    ("names", "status"),
    [
        ([x509.DNSName("prometheus.example")], 200),
        ([x509.DNSName("other.example"), x509.UniformResourceIdentifier("spiffe://example/p")], 200),
        ([x509.IPAddress(LOCAL[1].value.__class__("10.0.0.7"))], 200),
        ([x509.RFC822Name("p@example.org")], 200),
        ([x509.DNSName("PROMETHEUS.example")], 403),
        ([x509.DNSName("sub.prometheus.example")], 403),
        ([x509.DNSName("10.0.0.7")], 200),
        ([x509.UniformResourceIdentifier("spiffe://example/q")], 403),
        ([], 403),
    ],
)
def test_a_certificate_has_to_have_a_name_that_is_allowed(
    house: House, names: list[x509.GeneralName], status: int
) -> None:
    pair = house.authority.sign("named", *names)
    with house.serving(NAMED) as running:
        assert {house.ask(running, path, pair=pair).status for path in READS} == {status}
        # As with Prometheus, a certificate proves no name by its common name.
        assert house.ask(running, "/-/reload", method="POST", pair=pair).status == status


def test_names_are_read_from_certificates_as_settings_have_them() -> None:
    names = (("DNS", "a"), ("IP Address", "2001:DB8:0:0:0:0:0:7"), ("email", "b@c"), ("URI", "d:e"), ("DirName", "x"))
    assert list(names_in({"subjectAltName": names})) == ["a", "2001:db8::7", "b@c", "d:e"]
    assert list(names_in({})) == []
    assert not Guard(allowed_names=frozenset({"a"})).admits(None)


def test_a_certificate_that_may_be_left_out_opens_what_changes_something(house: House, tmp_path: Path) -> None:
    foreign = Authority(tmp_path, "foreign").sign("intruder", x509.DNSName("x"))
    with house.serving(IF_GIVEN) as running:
        assert house.ask(running).status == 200
        assert house.ask(running, "/-/reload", method="POST").status == 403
        assert house.ask(running, "/-/reload", method="POST", pair=house.client).status == 200
        assert refused(house, running, foreign)


def test_a_demand_for_certificates_ends_what_came_before_it(tmp_path: Path) -> None:
    house = House(tmp_path)
    with house.serving(TLS) as running:
        kept = house.connect(running)
        assert once(kept, "/-/healthy").status == 200
        house.file.write_text(MUTUAL)
        house.web.read_again()
        with pytest.raises(http.client.RemoteDisconnected):
            once(kept, "/-/reload", method="POST")
        kept.close()
        assert refused(house, running, None)
    assert house.world.reloads == 0


def test_a_certificate_and_a_password_are_both_needed_if_both_are_asked_for(house: House) -> None:
    with house.serving(MUTUAL + USERS) as running:
        assert refused(house, running, None)
        assert house.ask(running, pair=house.client).status == 401
        assert house.ask(running, pair=house.client, headers=basic()).status == 200


# Passwords.


@pytest.fixture(scope="module")
def guarded(house: House) -> Iterator[Server]:
    with house.serving(USERS, lifecycle=True) as running:
        yield running


@pytest.mark.parametrize("path", [*READS, *WRITES, "/nowhere", "//", "/-/metrics", "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_no_path_answers_without_a_password(house: House, guarded: Server, path: str, method: str) -> None:
    answer = house.ask(guarded, path, method=method, plain=True)
    assert (answer.status, answer.headers["www-authenticate"].partition(" ")[0]) == (401, "Basic")
    assert b"prod" not in answer.body


TEXT = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20)
SCHEMES = st.sampled_from(["Basic ", "basic ", "Bearer ", "Negotiate ", "", "Basic  "])


@settings(max_examples=150, deadline=None)
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "get"]),
    path=st.sampled_from(READS + WRITES)
    | st.text(st.characters(min_codepoint=33, max_codepoint=126)).map("/{}".format),
    scheme=SCHEMES,
    credentials=st.tuples(TEXT | st.just("alice"), TEXT | st.sampled_from([PASSWORD[:-1], PASSWORD.upper(), ""])),
    connection=st.sampled_from(["close", "upgrade, close", "keep-alive"]),
)
def test_no_request_is_answered_with_200_without_the_password(  # noqa: PLR0917 - what hypothesis draws
    house: House,
    guarded: Server,
    method: str,
    path: str,
    scheme: str,
    credentials: tuple[str, str],
    connection: str,
) -> None:
    if credentials == ("alice", PASSWORD):
        return
    encoded = base64.b64encode(":".join(credentials).encode()).decode()
    headers = {"Authorization": scheme + encoded, "Connection": connection, "Upgrade": "h2c"}
    reloads, ran = house.world.reloads, list(house.world.ran)
    answer = house.ask(guarded, path, method=method, plain=True, headers=headers)
    assert answer.status == 401
    assert (house.world.reloads, house.world.ran) == (reloads, ran)


@pytest.mark.parametrize("path", READS)
def test_every_path_answers_with_it(house: House, guarded: Server, path: str) -> None:
    assert house.ask(guarded, path, plain=True, headers=basic()).status == 200


def test_a_scrape_costs_no_bcrypt(house: House, guarded: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert house.ask(guarded, "/metrics", plain=True, headers=basic()).status == 200
    monkeypatch.setattr(bcrypt, "checkpw", lambda *_: pytest.fail("bcrypt was asked again"))
    assert [house.ask(guarded, "/metrics", plain=True, headers=basic()).status for _ in range(20)] == [200] * 20


def test_who_has_the_password_may_change_something_though_no_web_page_may(house: House) -> None:
    with house.serving(USERS) as running:
        assert house.ask(running, "/-/reload", method="POST", plain=True).status == 401
        assert house.ask(running, "/-/reload", method="POST", plain=True, headers=basic()).status == 200
        from_page = house.ask(
            running, "/-/reload", method="POST", plain=True, headers=basic() | {"Origin": "https://evil.example"}
        )
        assert from_page.status == 403
        hidden = {"Sec-Fetch-Site": "cross-site"}
        assert house.ask(running, "/-/reload", method="POST", plain=True, headers=basic() | hidden).status == 403


def test_loopback_is_no_password(house: House, guarded: Server) -> None:
    """With --enable-lifecycle too: once passwords are set, they are what counts."""
    assert house.ask(guarded, "/-/reload", method="POST", plain=True).status == 401


def test_beyond_loopback_nothing_is_changed_without_a_password(house: House) -> None:
    with house.serving("", listen="0.0.0.0:0", lifecycle=True) as running:
        assert house.ask(running, "/-/reload", method="POST", plain=True).status == 403
        assert house.ask(running, plain=True).status == 200


def test_wrong_passwords_are_logged_once_a_minute(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with house.serving(USERS) as running:
        house.ask(running, plain=True)
        for _ in range(3):
            house.ask(running, plain=True, headers=basic("alice", "hunter2"))
    (record,) = [record for record in caplog.records if record.getMessage() == "http.denied"]
    assert (vars(record)["client"], vars(record)["times"]) == ("127.0.0.1", 1)


# Headers, and bounds.


def raw(running: Server, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
        connection.sendall(sent)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 200),
        (b"GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
        (b"GET / HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n", 421),
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 40_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"a" * 17_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"a: b\r\n" * 4_000 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n" + b"x" * 9999, 413),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1388\r\n" + b"x" * 5000, 413),
        (b"POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n", 417),
    ],
)
def test_every_answer_is_bounded_and_safe_even_when_all_arrives_at_once(house: House, sent: bytes, status: int) -> None:
    with house.serving("") as running:
        head, _, body = raw(running, sent).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    assert lines[0].split()[:2] == ["HTTP/1.1", str(status)]
    assert SAFE.items() <= headers.items()
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert len(body) == int(headers["content-length"])
    assert (headers["connection"], "server" in headers) == ("close", False)


def test_what_is_too_long_is_told_over_tls_as_well(house: House) -> None:
    with (
        house.serving(TLS) as running,
        socket.create_connection(("127.0.0.1", running.port), 20) as plain,
        house.authority.client().wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        secured.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 40_000 + b"\r\n\r\n")
        assert secured.recv(65536).startswith(b"HTTP/1.1 431 ")


class Exhausted(socket.socket):
    """A listening socket of a process that has no file descriptors left, for a moment."""

    refusals = 0

    def accept(self) -> tuple[socket.socket, object]:
        if self.refusals < 2:
            self.refusals += 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def test_a_moment_without_file_descriptors_ends_nothing(monkeypatch: pytest.MonkeyPatch, house: House) -> None:
    monkeypatch.setattr(socket, "socket", Exhausted)
    with house.serving("") as running:
        listener = running._listener
        assert isinstance(listener, Exhausted)
        assert house.ask(running, plain=True).status == 200
        assert listener.refusals == 2


def test_too_many_passwords_at_once_are_told_to_come_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()

    def wait(*_: object) -> bool:
        gate.wait(20)
        return False

    monkeypatch.setattr(bcrypt, "checkpw", wait)
    with house.serving(USERS) as running, ThreadPoolExecutor(16) as guessers:
        guesses = [
            guessers.submit(house.ask, running, plain=True, headers=basic("alice", f"{number}")) for number in range(16)
        ]
        while len(running._app._passwords._looking) < 16:
            # They are on their way; each look is a round trip, not a sleep.
            assert house.ask(running, plain=True).status == 401
        refused = house.ask(running, plain=True, headers=basic("bob"))
        gate.set()
        assert [each.result().status for each in guesses] == [401] * 16
    assert refused.status == 503
    assert refused.headers["retry-after"] == "1"


def test_headers_of_the_configuration_stand_in_place_of_ours(tmp_path: Path) -> None:
    house = House(tmp_path)
    text = (
        "http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n    Strict-Transport-Security: max-age=9\n"
    )
    with house.serving(text + USERS) as running:
        for headers in (
            house.ask(running, plain=True).headers,
            house.ask(running, plain=True, headers=basic()).headers,
        ):
            assert headers["x-frame-options"] == "sameorigin"
            assert headers["strict-transport-security"] == "max-age=9"
            assert headers["referrer-policy"] == "no-referrer"
        house.file.write_text("")
        house.web.read_again()
        assert house.ask(running, plain=True).headers["x-frame-options"] == "DENY"


def test_as_many_connections_as_may_be_and_the_next_waits_its_turn(house: House) -> None:
    with (
        house.serving("", limits=Limits(connections=2, idle_seconds=20)) as running,
        socket.create_connection(("127.0.0.1", running.port), 20) as first,
        socket.create_connection(("127.0.0.1", running.port), 20),
        socket.create_connection(("127.0.0.1", running.port), 20) as third,
    ):
        third.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        third.settimeout(0.2)
        with pytest.raises(TimeoutError):
            third.recv(1)
        assert len(running._visits) == 2
        first.close()
        third.settimeout(20)
        assert third.recv(65536).startswith(b"HTTP/1.1 200")


def test_clients_that_hold_all_connections_are_cut_off_and_the_next_is_served(house: House) -> None:
    with house.serving("", limits=Limits(connections=3, idle_seconds=0.2)) as running:
        silent = [socket.create_connection(("127.0.0.1", running.port), 20) for _ in range(12)]
        assert house.ask(running, plain=True).status == 200
        assert [each.recv(1) for each in silent[:3]] == [b""] * 3
        for each in silent:
            each.close()


def test_a_client_that_never_agrees_on_tls_is_cut_off(house: House) -> None:
    with (
        house.serving(TLS, limits=Limits(handshake_seconds=0.1)) as running,
        socket.create_connection(("127.0.0.1", running.port), 20) as silent,
        socket.create_connection(("127.0.0.1", running.port), 20) as half,
    ):
        half.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
        assert [silent.recv(1), half.recv(1)] == [b"", b""]
        assert house.ask(running).status == 200


def test_a_connection_serves_so_many_requests_and_says_when_it_ends(house: House) -> None:
    with house.serving("", limits=Limits(requests_of_connection=3)) as running:
        kept = house.connect(running, plain=True)
        ends = [once(kept, "/-/healthy").headers.get("connection") for _ in range(3)]
        kept.close()
    assert ends == [None, None, "close"]


def test_requests_that_are_sent_together_are_answered_in_their_order(house: House) -> None:
    one = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with house.serving("") as running:
        answers = raw(running, one % b"-/healthy" + one % b"-/ready" + last)
    assert [answers.count(word) for word in (b"healthy\n", b"ready\n", b"404 Not Found")] == [1, 1, 1]
    assert answers.index(b"healthy\n") < answers.index(b"ready\n") < answers.index(b"404")


def test_a_connection_that_waits_does_not_hold_up_the_end(house: House) -> None:
    with house.serving(TLS, limits=Limits(idle_seconds=60)) as running:
        kept = house.connect(running)
        assert once(kept, "/-/healthy").status == 200
        assert running.close(10)
        kept.close()


# As others see it.


def test_curl_and_openssl_agree(house: House) -> None:
    curl, openssl = require("curl"), require("openssl")
    with house.serving(MUTUAL + USERS) as running:
        secured: list[str | Path] = ["--cacert", house.authority.bundle]
        secured += ["--cert", house.client.cert, "--key", house.client.key]
        url = f"https://localhost:{running.port}/api/v1/incidents"
        told = subprocess.run(
            [curl, "--silent", "--noproxy", "*", *secured, "--user", f"alice:{PASSWORD}", url],
            check=True,
            capture_output=True,
            timeout=30,
        )
        assert json.loads(told.stdout)["schema"] == 1
        bare = subprocess.run(
            [curl, "--silent", "--noproxy", "*", "--cacert", house.authority.bundle, url],
            check=False,
            capture_output=True,
            timeout=30,
        )
        assert (bare.returncode != 0, bare.stdout) == (True, b"")
        shown = subprocess.run(
            [openssl, "s_client", "-connect", f"127.0.0.1:{running.port}", "-CAfile", house.authority.bundle],
            check=False,
            input=b"",
            capture_output=True,
            timeout=30,
        )
        assert b"Verify return code: 0 (ok)" in shown.stdout
