"""Who may ask for what: DNS rebinding, web pages, and requests that change something."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from healthcheck.surfaces.http import Access, Request, Response

LOOPBACK = Access("127.0.0.1", 9479, lifecycle=True)
EVERYWHERE = Access("0.0.0.0", 9479, lifecycle=True)
READ_ONLY = Access("127.0.0.1", 9479, lifecycle=False)


def request(client: str | None = "127.0.0.1", method: str = "POST", **headers: str) -> Request:
    return Request(method, "/", "", {name.replace("_", "-"): value for name, value in headers.items()}, client)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:9479",
        "LocalHost.:8080",
        "127.0.0.1:9479",
        "127.9.9.9",
        "[::1]:9479",
        "[::1]",
        "10.0.0.7:9479",
    ],
)
def test_names_that_no_resolver_decides_are_answered(host: str) -> None:
    assert LOOPBACK.refusal(request(host=host)) is None


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:9479", "127.0.0.1.evil.example", "localhost.evil.example", "", "[", "[x]:1"]
)
def test_over_loopback_other_names_are_not(host: str) -> None:
    refusal = LOOPBACK.refusal(request(host=host))
    assert refusal is not None
    assert refusal[0] == HTTPStatus.MISDIRECTED_REQUEST


def test_a_client_without_a_host_is_no_browser() -> None:
    assert LOOPBACK.refusal(request()) is None


def test_where_everybody_may_reach_us_names_are_everybodys() -> None:
    assert EVERYWHERE.refusal(request(host="healthcheck.svc.cluster.local:9479")) is None


@pytest.mark.parametrize("host", ["localhost:9479", "127.0.0.1:9479", "[::1]:9479", "LOCALHOST:9479"])
def test_changes_are_taken_over_loopback_from_who_names_us(host: str) -> None:
    assert LOOPBACK.refusal_to_change(request(host=host)) is None


@pytest.mark.parametrize(
    ("access", "asked", "because"),
    [
        (READ_ONLY, request(host="localhost:9479"), "--enable-lifecycle"),
        (EVERYWHERE, request(host="localhost:9479"), "loopback only"),
        (LOOPBACK, request("10.0.0.7", host="localhost:9479"), "loopback only"),
        (LOOPBACK, request(None, host="localhost:9479"), "loopback only"),
        (LOOPBACK, request(host="localhost:9479", origin="http://localhost:9479"), "web pages"),
        (LOOPBACK, request(host="localhost:9479", origin="null"), "web pages"),
        (LOOPBACK, request(host="localhost:9479", sec_fetch_site="cross-site"), "web pages"),
        (LOOPBACK, request(host="localhost:8080"), "localhost:9479"),
        (LOOPBACK, request(host="localhost"), "localhost:9479"),
        (LOOPBACK, request(host="10.0.0.7:9479"), "localhost:9479"),
        (LOOPBACK, request(), "localhost:9479"),
        (LOOPBACK, request(host="localhost:9479", forwarded="for=10.0.0.7"), "through a proxy"),
        (LOOPBACK, request(host="localhost:9479", x_forwarded_for="10.0.0.7"), "through a proxy"),
        (LOOPBACK, request(host="localhost:9479", via="1.1 proxy"), "through a proxy"),
    ],
)
def test_other_changes_are_refused_with_the_reason(access: Access, asked: Request, because: str) -> None:
    refusal = access.refusal_to_change(asked)
    assert refusal is not None
    assert refusal[0] == HTTPStatus.FORBIDDEN
    assert because in refusal[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"])
def test_every_loopback_address_is_one(host: str) -> None:
    assert Access(host, 1, lifecycle=False).is_loopback


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:9479"),
        ("::1", "http://[::1]:9479"),
        ("0.0.0.0", "http://localhost:9479"),
        ("::", "http://localhost:9479"),
    ],
)
def test_the_url_is_where_this_machine_reaches_us(host: str, url: str) -> None:
    assert Access(host, 9479, lifecycle=False).url("http") == url
    assert Access(host, 9479, lifecycle=False).url("https") == url.replace("http:", "https:")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "2001:db8::1"])
def test_other_addresses_are_not(host: str) -> None:
    assert not Access(host, 1, lifecycle=False).is_loopback


@pytest.mark.parametrize(
    ("header", "accepts"),
    [
        ("gzip", True),
        ("GZIP, deflate", True),
        ("deflate, gzip;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("deflate", False),
        ("", False),
        ("x-gzip-not", False),
    ],
)
def test_compression_is_for_those_who_ask(header: str, accepts: bool) -> None:  # noqa: FBT001 - a table's column
    assert request(accept_encoding=header).accepts_gzip is accepts


def test_what_is_short_is_not_compressed() -> None:
    asked = request(accept_encoding="gzip")
    assert Response(HTTPStatus.OK, b"x" * 1023).compressed_for(asked).body == b"x" * 1023
    assert len(Response(HTTPStatus.OK, b"x" * 1024).compressed_for(asked).body) < 100


@pytest.mark.parametrize("header", ["forwarded", "x_forwarded_for", "via"])
def test_who_has_shown_a_password_may_come_through_a_proxy(header: str) -> None:
    assert LOOPBACK.refusal_to_change(request(host="localhost:9479", **{header: "x"}), is_known=True) is None
