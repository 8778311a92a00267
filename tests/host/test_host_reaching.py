"""How far a connection to an endpoint gets, against real servers."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from healthcheck import Endpoint, Reach
from healthcheck.host import LocalHost
from healthcheck.host.reaching import Patience
from healthcheck.host.tls import default_authorities
from tests.authorities import Authority
from tests.host.loopback import Serve, Server, answering, answering_tls, relaying, silent

HURRIED = Patience(dns=2.0, connect=2.0, tls=0.2, answer=0.2, total=5.0)
NOW = datetime(2026, 11, 22, 14, 0, 40, tzinfo=UTC)  # 40 s after the date that the servers send


def reach(endpoint: Endpoint, environ: dict[str, str] | None = None) -> Reach:
    return LocalHost(environ or {}, clock=lambda: NOW, patience=HURRIED).reach(endpoint)


def https(server: Server, authority: Authority | None = None, host: str = "localhost") -> Endpoint:
    return Endpoint("sts", f"https://{host}:{server.port}", ca_bundle=str(authority.bundle) if authority else None)


def test_a_trusted_endpoint_is_reached_and_tells_its_issuer_and_its_time(serve: Serve, authority: Authority) -> None:
    server = serve(answering_tls(authority.server))

    seen = reach(https(server, authority))

    assert replace(seen, seconds=0.0) == Reach(
        f"https://localhost:{server.port}",
        addresses=seen.addresses,
        issuer="Example Corp",
        clock_offset_seconds=40.0,
    )
    assert seen.is_reached
    assert "127.0.0.1" in seen.addresses
    assert 0 < seen.seconds < 5


def test_the_request_is_an_unsigned_head_for_the_path_of_the_url(serve: Serve) -> None:
    server = serve(answering())

    reach(Endpoint("s3", f"http://127.0.0.1:{server.port}/base"))

    head = server.received[0].decode()
    assert head.startswith(f"HEAD /base HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n")
    assert "Authorization" not in head


def test_a_plain_endpoint_needs_no_tls(serve: Serve) -> None:
    seen = reach(Endpoint("sts", f"http://127.0.0.1:{serve(answering()).port}"))

    assert (seen.is_reached, seen.issuer, seen.clock_offset_seconds) == (True, None, 40.0)


def test_an_issuer_without_an_organisation_goes_by_its_common_name(serve: Serve, nameless_authority: Authority) -> None:
    server = serve(answering_tls(nameless_authority.server))

    assert reach(https(server, nameless_authority)).issuer == "Example Root"


def test_a_certificate_of_an_unknown_authority_fails_tls_and_names_who_issued_it(
    serve: Serve, authority: Authority
) -> None:
    server = serve(answering_tls(authority.server))

    seen = reach(https(server))

    assert (seen.failed_step, seen.issuer) == ("tls", "Example Corp")
    assert "certificate verify failed" in str(seen.error)
    assert b"".join(server.received) == b""  # nothing is ever sent to somebody who is not trusted


def test_a_certificate_for_another_name_fails_tls(serve: Serve, authority: Authority) -> None:
    server = serve(answering_tls(authority.server))

    seen = reach(https(server, authority, host="127.0.0.1"))  # the certificate says localhost

    assert (seen.failed_step, seen.issuer) == ("tls", "Example Corp")
    assert "IP address mismatch" in str(seen.error)


def test_a_missing_ca_bundle_fails_tls_and_names_the_file(serve: Serve, authority: Authority, tmp_path: Path) -> None:
    server = serve(answering_tls(authority.server))
    gone = tmp_path / "gone.pem"

    seen = reach(Endpoint("sts", f"https://localhost:{server.port}", ca_bundle=str(gone)))

    assert seen.failed_step == "tls"
    assert seen.error == f"{gone} cannot be loaded: [Errno 2] No such file or directory"


def test_an_empty_ca_bundle_fails_tls(serve: Serve, authority: Authority, tmp_path: Path) -> None:
    server = serve(answering_tls(authority.server))
    empty = tmp_path / "empty.pem"
    empty.write_text("")

    seen = reach(Endpoint("sts", f"https://localhost:{server.port}", ca_bundle=str(empty)))

    assert seen.failed_step == "tls"
    assert f"{empty} cannot be loaded" in str(seen.error)


def test_a_refused_port_fails_tcp() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    seen = reach(Endpoint("sts", f"https://127.0.0.1:{port}"))

    assert (seen.failed_step, seen.addresses) == ("tcp", ("127.0.0.1",))
    assert "refused" in str(seen.error)


def test_a_name_that_cannot_exist_fails_dns() -> None:
    seen = reach(Endpoint("sts", "https://sts.us-east-9.invalid"))

    assert (seen.failed_step, seen.addresses) == ("dns", ())
    assert seen.error


def test_a_label_that_is_too_long_for_dns_fails_dns() -> None:
    assert reach(Endpoint("sts", f"https://{'x' * 64}.example.com")).failed_step == "dns"


@pytest.mark.parametrize(
    "url", ["https://localhost:https/", "localhost", "http://", "ftp://localhost", "http://localhost/?a"]
)
def test_a_url_that_is_none_fails_before_anything_is_asked(url: str) -> None:
    seen = reach(Endpoint("sts", url))

    assert seen.failed_step == "url"
    assert seen.error


def test_a_server_that_never_answers_tls_fails_in_time(serve: Serve) -> None:
    seen = reach(https(serve(silent)))

    assert seen.failed_step == "tls"
    assert "timed out" in str(seen.error)
    assert seen.seconds < 3


def test_a_server_that_never_answers_http_fails_in_time(serve: Serve) -> None:
    seen = reach(Endpoint("sts", f"http://127.0.0.1:{serve(silent).port}"))

    assert seen.failed_step == "http"
    assert seen.seconds < 3


def test_a_server_that_trickles_without_end_fails_in_time(serve: Serve) -> None:
    def trickle(connection: socket.socket, server: Server) -> None:
        server.received.append(connection.recv(65_536))
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-More: of the same\r\n")

    seen = reach(Endpoint("sts", f"http://127.0.0.1:{serve(trickle).port}"))

    assert seen.failed_step == "http"
    assert seen.seconds < 3


def test_a_server_that_talks_something_else_fails_http(serve: Serve) -> None:
    server = serve(answering(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"))

    seen = reach(Endpoint("sts", f"http://127.0.0.1:{server.port}"))

    assert seen.failed_step == "http"
    assert "SSH-2.0" in str(seen.error)


def test_a_plain_server_where_tls_is_expected_fails_tls(serve: Serve) -> None:
    seen = reach(https(serve(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"))))

    assert seen.failed_step == "tls"


def test_a_server_that_hangs_up_fails_http(serve: Serve) -> None:
    seen = reach(Endpoint("sts", f"http://127.0.0.1:{serve(answering(b'')).port}"))

    assert seen.failed_step == "http"


@pytest.mark.parametrize("date", ["", "Date: yesterday\r\n", "Date: Sun, 22 Nov 2026 14:00:00 -0000\r\n"])
def test_without_a_date_that_can_be_read_the_offset_is_not_known(serve: Serve, date: str) -> None:
    server = serve(answering(f"HTTP/1.1 200 OK\r\n{date}\r\n".encode()))

    seen = reach(Endpoint("sts", f"http://127.0.0.1:{server.port}"))

    assert (seen.is_reached, seen.clock_offset_seconds) == (True, None)


def test_the_offset_is_measured_against_the_middle_of_the_request(serve: Serve) -> None:
    times = iter([NOW, NOW + timedelta(seconds=4)])
    host = LocalHost({}, clock=lambda: next(times), patience=HURRIED)

    seen = host.reach(Endpoint("sts", f"http://127.0.0.1:{serve(answering()).port}"))

    assert seen.clock_offset_seconds == 42.0


def test_a_proxy_is_asked_to_connect_and_tls_goes_through_it(serve: Serve, authority: Authority) -> None:
    server, proxy = serve(answering_tls(authority.server)), serve(relaying())

    seen = reach(replace(https(server, authority), proxy=f"http://127.0.0.1:{proxy.port}"))

    assert (seen.is_reached, seen.issuer, seen.error) == (True, "Example Corp", None)
    assert proxy.received[0].startswith(f"CONNECT localhost:{server.port} HTTP/1.1".encode())


def test_a_proxy_that_is_spoken_to_by_tls_is_looked_through(serve: Serve, authority: Authority) -> None:
    server, proxy = serve(answering_tls(authority.server)), serve(relaying(tls=authority.server))

    seen = reach(replace(https(server, authority), proxy=f"https://localhost:{proxy.port}"))

    assert (seen.error, seen.issuer, seen.clock_offset_seconds) == (None, "Example Corp", 40.0)


def test_a_proxys_password_comes_from_the_environment_and_shows_nowhere(serve: Serve, authority: Authority) -> None:
    server, proxy = serve(answering_tls(authority.server)), serve(relaying())
    shown = f"http://alice@127.0.0.1:{proxy.port}"
    environ = {"NO_PROXY": "10.0.0.1", "HTTPS_PROXY": f"http://alice:s%3Acret@127.0.0.1:{proxy.port}"}

    seen = reach(replace(https(server, authority), proxy=shown), environ)

    words = base64.b64encode(b"alice:s:cret")
    assert b"Proxy-Authorization: Basic " + words in proxy.received[0]
    assert seen.is_reached
    assert "cret" not in repr(seen)


def test_a_proxy_that_refuses_is_the_failed_step(serve: Serve) -> None:
    proxy = serve(relaying(refuse=b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"))

    seen = reach(Endpoint("sts", "https://sts.us-east-1.amazonaws.com", proxy=f"http://127.0.0.1:{proxy.port}"))

    assert (seen.failed_step, seen.error) == (
        "proxy",
        "the proxy answers CONNECT with 407 Proxy Authentication Required",
    )


@pytest.mark.parametrize("proxy", ["http://proxy.invalid:3128", "http://127.0.0.1:1"])
def test_a_proxy_that_is_not_there_is_the_failed_step(proxy: str) -> None:
    seen = reach(Endpoint("sts", "https://sts.us-east-1.amazonaws.com", proxy=proxy))

    assert seen.failed_step == "proxy"
    assert seen.error


def test_a_plain_endpoint_behind_a_proxy_is_asked_for_by_its_whole_url(serve: Serve) -> None:
    proxy = serve(answering())

    seen = reach(Endpoint("sts", "http://sts.example.com/", proxy=f"http://127.0.0.1:{proxy.port}"))

    assert seen.is_reached
    assert proxy.received[0].startswith(b"HEAD http://sts.example.com/ HTTP/1.1\r\nHost: sts.example.com\r\n")


def test_a_proxy_that_wants_a_password_for_a_plain_endpoint_is_the_failed_step(serve: Serve) -> None:
    proxy = serve(answering(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"))

    seen = reach(Endpoint("sts", "http://sts.example.com/", proxy=f"http://127.0.0.1:{proxy.port}"))

    assert seen.failed_step == "proxy"


def test_a_proxy_whose_own_certificate_is_not_trusted_is_the_failed_step(serve: Serve, authority: Authority) -> None:
    proxy = serve(relaying(tls=authority.server))

    seen = reach(Endpoint("sts", "https://sts.us-east-1.amazonaws.com", proxy=f"https://localhost:{proxy.port}"))

    assert seen.failed_step == "proxy"
    assert "certificate verify failed" in str(seen.error)


def test_a_proxy_spoken_to_by_tls_that_refuses_is_the_failed_step(serve: Serve, authority: Authority) -> None:
    proxy = serve(relaying(tls=authority.server, refuse=b"HTTP/1.1 403 Forbidden\r\n\r\n"))
    endpoint = Endpoint("sts", "https://sts.us-east-1.amazonaws.com", f"https://localhost:{proxy.port}")

    seen = reach(replace(endpoint, ca_bundle=str(authority.bundle)))

    assert (seen.failed_step, seen.error) == ("proxy", "the proxy answers CONNECT with 403 Forbidden")


def test_an_untrusted_server_that_is_gone_at_the_second_look_has_no_issuer(serve: Serve, authority: Authority) -> None:
    tls = answering_tls(authority.server)

    def once(connection: socket.socket, server: Server) -> None:
        if server.connections == 1:
            tls(connection, server)

    seen = reach(https(serve(once)))

    assert (seen.failed_step, seen.issuer) == ("tls", None)


def test_a_server_that_hangs_up_inside_a_tunnel_fails_http(serve: Serve, authority: Authority) -> None:
    server, proxy = serve(answering_tls(authority.server, b"")), serve(relaying(tls=authority.server))

    seen = reach(replace(https(server, authority), proxy=f"https://localhost:{proxy.port}"))

    assert seen.failed_step == "http"


def test_a_list_of_hosts_in_no_proxy_is_not_taken_for_a_proxy(serve: Serve) -> None:
    proxy = serve(answering())
    environ = {"no_proxy": "localhost:x,10.0.0.1", "ftp_proxy": "", "http_proxy": f"127.0.0.1:{proxy.port}"}

    seen = reach(Endpoint("sts", "http://sts.example.com/", proxy=f"http://127.0.0.1:{proxy.port}"), environ)

    assert seen.is_reached


def test_without_certifi_the_sdks_own_authorities_are_trusted() -> None:
    assert default_authorities(("no-such-package", "botocore")).parent.name == "botocore"
    with pytest.raises(FileNotFoundError):
        default_authorities(("no-such-package", "json"))


@pytest.fixture
def dead() -> Iterator[Callable[[Server], None]]:
    """Let connections to 127.0.0.2 at a server's port hang, as those to an address that swallows packets do."""
    held: list[socket.socket] = []

    def swallow(server: Server) -> None:
        listener = socket.create_server(("127.0.0.2", server.port), backlog=0)
        held.append(listener)
        for _ in range(2):  # what nobody accepts fills the queue, and the system drops all that comes after
            caller = socket.socket()
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
            held.append(caller)

    yield swallow
    for line in held:
        line.close()


def resolving(monkeypatch: pytest.MonkeyPatch, server: Server, *addresses: str) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, server.port)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def test_an_address_that_lives_is_found_behind_dead_ones(
    serve: Serve, dead: Callable[[Server], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(answering())
    dead(server)
    resolving(monkeypatch, server, *["127.0.0.2"] * 3, "127.0.0.1")
    hurried = replace(HURRIED, connect=5.0, total=1.2)

    seen = LocalHost({}, patience=hurried).reach(Endpoint("sts", f"http://sts.example:{server.port}"))

    assert seen.is_reached
    assert seen.addresses == ("127.0.0.2", "127.0.0.1")


def test_addresses_that_are_all_dead_fail_tcp(
    serve: Serve, dead: Callable[[Server], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(answering())
    dead(server)
    resolving(monkeypatch, server, *["127.0.0.2"] * 4)
    hurried = replace(HURRIED, connect=5.0, total=0.4)

    seen = LocalHost({}, patience=hurried).reach(Endpoint("sts", f"http://sts.example:{server.port}"))

    assert (seen.failed_step, seen.error) == ("tcp", "timed out")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_step_that_is_cut_off_by_the_end_of_the_look_proves_nothing(serve: Serve, scheme: str) -> None:
    hurried = replace(HURRIED, tls=5.0, answer=5.0, total=0.2)
    server = serve(silent)

    seen = LocalHost({}, patience=hurried).reach(Endpoint("sts", f"{scheme}://127.0.0.1:{server.port}"))

    assert (seen.failed_step, seen.error) == ("time", "0.2 s were not enough for all steps")


def test_a_proxy_that_is_cut_off_by_the_end_of_the_look_proves_nothing(serve: Serve) -> None:
    hurried = replace(HURRIED, answer=5.0, total=0.2)
    proxy = f"http://127.0.0.1:{serve(silent).port}"

    seen = LocalHost({}, patience=hurried).reach(Endpoint("sts", "https://sts.example", proxy=proxy))

    assert seen.failed_step == "time"


def test_a_look_without_time_for_its_first_step_proves_nothing() -> None:
    hurried = replace(HURRIED, total=0.0)
    for proxy in (None, "http://127.0.0.1:1"):
        seen = LocalHost({}, patience=hurried).reach(Endpoint("sts", "http://127.0.0.1:1", proxy=proxy))
        assert seen.failed_step == "time"


def test_a_proxy_that_is_no_url_is_the_failed_step() -> None:
    seen = reach(Endpoint("sts", "https://sts.example", proxy="http://proxy:http"))

    assert seen.failed_step == "proxy"
    assert seen.error
