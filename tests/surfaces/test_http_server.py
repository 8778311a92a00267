"""The server over real sockets: what it answers, and what a careless or hostile client may cost."""

from __future__ import annotations

import asyncio
import errno
import gzip
import http.client
import json
import logging
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from healthcheck.engine.snapshot import Asked
from healthcheck.surfaces import page, server
from healthcheck.surfaces.http import Limits
from healthcheck.surfaces.server import CannotListen, Server
from tests.surfaces.backends import Outcome, World
from tests.surfaces.pictures import NOW, fleet, picture


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def running(world: World) -> Iterator[Server]:
    started = server.serve(world, listen="127.0.0.1:0", version="1.2.3", lifecycle=True, clock=lambda: NOW)
    yield started
    assert started.close(5)


@pytest.fixture(autouse=True)
def no_word_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No client, however hostile, makes the server complain; only a mistake of ours does."""
    yield
    said = [record for record in caplog.get_records("call") if record.levelno >= logging.WARNING]
    assert [record.getMessage() for record in said if "a mistake of ours" not in str(record.exc_text)] == []


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> dict[str, object]:
        return dict(json.loads(self.body))


def ask(to: Server, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
    connection = http.client.HTTPConnection(to.host, to.port, timeout=20)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        got = connection.getresponse()
        return Answer(got.status, {name.lower(): value for name, value in got.getheaders()}, got.read())
    finally:
        connection.close()


def raw(to: Server, sent: bytes) -> bytes:
    """Send bytes and read until the server closes the connection."""
    with socket.create_connection((to.host, to.port), timeout=20) as connection:
        connection.sendall(sent)
        return all_of(connection)


def all_of(connection: socket.socket) -> bytes:
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        # Closing with unread input is a reset; what was answered before it counts.
        pass
    return b"".join(parts)


# What it answers.


def test_the_page(running: Server) -> None:
    answer = ask(running, "GET", "/")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == page.content_security_policy()
    assert answer.text == page.render(picture(), version="1.2.3", now=NOW)


def test_the_page_obeys_its_address(running: Server) -> None:
    assert ask(running, "GET", "/?q=staging").text == page.render(
        picture(), version="1.2.3", now=NOW, view=page.View(query="staging")
    )


def test_metrics_plain_and_compressed(running: Server) -> None:
    plain = ask(running, "GET", "/metrics")
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert len(list(text_string_to_metric_families(plain.text))) > 10
    packed = ask(running, "GET", "/metrics", accept_encoding="gzip")
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "accept-encoding")
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 3


@pytest.mark.parametrize("path", ["/api/v1/status", "/api/v1/incidents", "/api/v1/checks"])
def test_documents(running: Server, path: str) -> None:
    answer = ask(running, "GET", path)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json["schema"] == 1


def test_head_is_get_without_the_body(running: Server) -> None:
    head, get = ask(running, "HEAD", "/metrics"), ask(running, "GET", "/metrics")
    del head.headers["date"], get.headers["date"]
    assert (head.status, head.headers, head.body) == (200, get.headers, b"")


def test_health_and_readiness_are_two_things(running: Server, world: World) -> None:
    assert (ask(running, "GET", "/-/healthy").text, ask(running, "GET", "/-/ready").text) == ("healthy\n", "ready\n")
    world.healthy = world.ready = False
    try:
        unwell, unready = ask(running, "GET", "/-/healthy"), ask(running, "GET", "/-/ready")
    finally:
        world.healthy = world.ready = True
    assert (unwell.status, unready.status) == (503, 503)
    assert "scheduler" in unwell.text
    assert "looked at" in unready.text


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/ready", "/api/v1/status", "/nowhere"])
def test_every_answer_is_safe_to_show(running: Server, path: str) -> None:
    headers = ask(running, "GET", path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "server" not in headers


def test_what_is_not_there_is_told_with_what_is(running: Server) -> None:
    answer = ask(running, "GET", "/status")
    assert (answer.status, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    assert answer.text.startswith("There is nothing at /status; there is /, /metrics,")
    assert str(ask(running, "GET", "/api/v2").json["error"]).startswith("There is nothing at /api/v2;")
    assert "error" in ask(running, "GET", "/status", accept="application/json").json


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/", "GET, HEAD"),
        ("DELETE", "/metrics", "GET, HEAD"),
        ("OPTIONS", "/api/v1/status", "GET, HEAD"),
        ("TRACE", "/-/healthy", "GET, HEAD"),
        ("GET", "/-/reload", "POST"),
        ("PUT", "/api/v1/targets/prod/us-east-1/run", "POST"),
        ("POST", "/api/v1/targets/prod/us-east-1", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_the_right_one(running: Server, method: str, path: str, allow: str) -> None:
    answer = ask(running, method, path)
    assert (answer.status, answer.headers["allow"]) == (405, allow)
    assert f"not {method}" in answer.text


@pytest.mark.parametrize("name", ["prod/us-east-1", "prod%2Fus-east-1"])
def test_one_target_is_told_with_its_own_runs_and_incidents(running: Server, name: str) -> None:
    whole: Any = ask(running, "GET", "/api/v1/status").json
    part: Any = ask(running, "GET", f"/api/v1/targets/{name}").json

    def own(kind: str, key: str) -> list[object]:
        return [each for each in whole[kind] if "prod/us-east-1" in each[key]]

    assert part["targets"] == [each for each in whole["targets"] if each["name"] == "prod/us-east-1"]
    assert part["status"] == part["targets"][0]["status"]
    assert part["runs"] == own("runs", "target")
    assert part["incidents"] == own("incidents", "targets")
    assert 0 < len(part["runs"]) < len(whole["runs"])
    assert 0 < len(part["incidents"]) < len(whole["incidents"])


def test_a_target_that_is_not_watched_is_told_with_the_nearest(running: Server) -> None:
    answer = ask(running, "GET", "/api/v1/targets/prod/us-east-9")
    assert answer.status == 404
    assert "No target is called 'prod/us-east-9'; did you mean prod/us-east-1?" in answer.text


# What it does.


def test_a_reload_tells_what_came_of_it(running: Server, world: World) -> None:
    answer = ask(running, "POST", "/-/reload")
    assert (answer.status, answer.json) == (200, {"accepted": True, "sentences": ["5 targets"]})
    world.outcome = Outcome(accepted=False, sentences=("healthcheck.yaml:3: no such check",))
    try:
        refused = ask(running, "POST", "/-/reload")
    finally:
        world.outcome = Outcome(accepted=True, sentences=("5 targets",))
    assert (refused.status, refused.json) == (
        400,
        {"accepted": False, "sentences": ["healthcheck.yaml:3: no such check"]},
    )


@pytest.mark.parametrize("name", ["prod/us-east-1", "prod%2Fus-east-1"])
def test_a_target_is_looked_at_on_demand(running: Server, world: World, name: str) -> None:
    world.ran.clear()
    answer = ask(running, "POST", f"/api/v1/targets/{name}/run")
    assert (answer.status, answer.json) == (202, {"target": "prod/us-east-1", "started": True})
    assert world.ran == ["prod/us-east-1"]


def test_a_target_that_is_being_looked_at_is_not_begun_again(running: Server, world: World) -> None:
    world.asked = Asked.ALREADY
    try:
        answer = ask(running, "POST", "/api/v1/targets/prod/us-east-1/run")
    finally:
        world.asked = Asked.BEGUN
    assert (answer.status, answer.json["started"]) == (202, False)


def test_who_asks_for_a_look_while_the_daemon_stops_is_told_so(running: Server, world: World) -> None:
    world.asked = Asked.STOPPING
    try:
        answer = ask(running, "POST", "/api/v1/targets/prod/us-east-1/run")
    finally:
        world.asked = Asked.BEGUN
    assert (answer.status, answer.json) == (503, {"error": "The daemon is stopping, and begins no more looks."})


def test_a_target_that_does_not_exist_is_told_with_the_nearest(running: Server, world: World) -> None:
    world.ran.clear()
    answer = ask(running, "POST", "/api/v1/targets/prod/us-east-9/run")
    assert answer.status == 404
    assert answer.json == {"error": "No target is called 'prod/us-east-9'; did you mean prod/us-east-1?"}
    far = ask(running, "POST", "/api/v1/targets//run")
    assert far.json == {"error": "No target is called ''; there are 5 at /api/v1/status."}
    assert world.ran == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Host": "localhost:1"}, 403),
        ({"Host": "evil.example"}, 421),
    ],
)
def test_a_web_page_changes_nothing(running: Server, world: World, headers: dict[str, str], status: int) -> None:
    reloads = world.reloads
    assert ask(running, "POST", "/-/reload", None, **headers).status == status
    assert world.reloads == reloads


def test_rebound_names_see_nothing(running: Server) -> None:
    answer = ask(running, "GET", "/api/v1/status", Host="evil.example")
    assert answer.status == 421
    assert "prod" not in answer.text


def test_without_lifecycle_nothing_can_be_changed() -> None:
    world = World()
    started = server.serve(world, listen="127.0.0.1:0", version="1.2.3")
    try:
        assert ask(started, "POST", "/-/reload").status == 403
        assert ask(started, "POST", "/api/v1/targets/prod/us-east-1/run").status == 403
    finally:
        assert started.close(5)
    assert (world.reloads, world.ran) == (0, [])


# What a client may cost.

CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
WEBSOCKET = (
    b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
H2C = (
    b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings, close\r\n"
    b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n"
)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS to a plain port\r\n\r\n", b"400"),
        (b"GARBAGE\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"200"),
        (b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n", b"400"),
        (b"POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"400"),
        (
            b"POST /-/reload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 3\r\n" + CHUNKED,
            b"40[03]",
        ),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000, b"431"),
        (b"GET /" + b"a" * 100_000, b"431"),
        (b"GET /%00%ff%fe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"404"),
        (b"GET //metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"404"),
        (b"GET /../metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"404"),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"404"),
        (b"get / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"200"),
        (b"GET / HTTP/1.0\r\n\r\n", b"200"),
        (WEBSOCKET, b"200"),
        (H2C, b"200"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"4"),
    ],
)
def test_nonsense_gets_an_answer_and_the_next_client_too(running: Server, sent: bytes, status: bytes) -> None:
    got = raw(running, sent)
    # What is too large may still be on its way when the connection closes; then the answer is lost in the reset.
    assert re.match(rb"HTTP/1\.1 " + status, got) or (status == b"431" and not got), got[:200]
    assert ask(running, "GET", "/-/healthy").status == 200


@contextmanager
def serving(world: World, limits: Limits) -> Iterator[Server]:
    started = server.serve(world, listen="127.0.0.1:0", version="1.2.3", lifecycle=True, limits=limits)
    try:
        yield started
    finally:
        started.close(5)


def test_a_client_that_says_nothing_or_not_all_is_cut_off() -> None:
    with (
        serving(World(), Limits(idle_seconds=0.1, body_seconds=0.2)) as started,
        socket.create_connection((started.host, started.port), timeout=20) as silent,
        socket.create_connection((started.host, started.port), timeout=20) as trickling,
        socket.create_connection((started.host, started.port), timeout=20) as bodiless,
    ):
        trickling.sendall(b"GET / HTTP/1.1\r\nHost: local")
        bodiless.sendall(
            f"POST /-/reload HTTP/1.1\r\nHost: {started.host}:{started.port}\r\nContent-Length: 10\r\n\r\nab".encode()
        )
        answers = [all_of(each) for each in (silent, trickling, bodiless)]
    assert answers[:2] == [b"", b""]
    assert answers[2].startswith(b"HTTP/1.1 408")
    assert b"did not arrive within 0.2 s" in answers[2]


def test_a_reader_that_stalls_gets_a_part_and_holds_up_nobody() -> None:
    world = World(shown=fleet(5000))
    with (
        serving(world, Limits(sending_seconds=0.3)) as started,
        socket.create_connection((started.host, started.port), timeout=20) as stalling,
    ):
        stalling.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while not started._app._in_flight:
            pass
        assert ask(started, "GET", "/-/healthy").status == 200
        while started._app._in_flight:
            # It is given up after 0.3 s, though it never read a byte.
            ask(started, "GET", "/-/healthy")
        assert 0 < len(all_of(stalling)) < len(world.metrics())


def test_a_reader_that_takes_nothing_is_given_up_by_the_kernel() -> None:
    limits = Limits(unread_seconds=0.2)
    with (
        serving(World(shown=fleet(5000)), limits) as started,
        socket.create_connection((started.host, started.port), timeout=20) as stalling,
    ):
        stalling.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while not started._app._in_flight:
            pass
        while started._app._in_flight:
            ask(started, "GET", "/-/ready")


def test_a_body_that_nobody_needs_is_not_taken(running: Server, world: World) -> None:
    reloads = world.reloads
    answer = ask(running, "POST", "/-/reload", b"x" * 100_000)
    assert (answer.status, answer.headers["connection"]) == (413, "close")
    assert "longer than 4,096 bytes" in answer.text
    assert world.reloads == reloads
    assert ask(running, "POST", "/-/reload", b"x" * 4096).status == 200


def test_many_scrapes_at_once_all_get_the_whole_page(running: Server) -> None:
    whole = ask(running, "GET", "/metrics").body
    with ThreadPoolExecutor(16) as scrapers:
        pages = list(scrapers.map(lambda _: ask(running, "GET", "/metrics").body, range(64)))
    assert pages == [whole] * 64


def test_a_scrape_does_not_wait_for_slow_documents(running: Server, world: World) -> None:
    world.gate = threading.Event()
    try:
        with ThreadPoolExecutor(4) as slow:
            waiting = [slow.submit(ask, running, "GET", "/api/v1/status") for _ in range(4)]
            assert ask(running, "GET", "/metrics").status == 200
            assert ask(running, "GET", "/-/healthy").status == 200
            world.gate.set()
            assert [each.result().status for each in waiting] == [200] * 4
    finally:
        world.gate = None


def test_more_requests_than_we_answer_at_once_are_told_to_come_again() -> None:
    gate = threading.Event()
    with serving(World(gate=gate), Limits(requests_at_once=3)) as started, ThreadPoolExecutor(3) as slow:
        waiting = [slow.submit(ask, started, "GET", "/api/v1/status") for _ in range(3)]
        while (refused := ask(started, "GET", "/-/healthy")).status == 200:
            # The three are on their way; each look is a round trip, not a sleep.
            assert not all(each.done() for each in waiting)
        gate.set()
        assert [each.result().status for each in waiting] == [200] * 3
    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    assert refused.text == "3 requests are being answered already; ask again in a second.\n"


def test_a_large_page_arrives_whole() -> None:
    large = World(shown=fleet(1500))
    started = server.serve(large, listen="127.0.0.1:0", version="1.2.3")
    try:
        assert ask(started, "GET", "/metrics").body == large.metrics()
        assert len(large.metrics()) > 2_000_000
    finally:
        assert started.close(5)


def test_a_mistake_of_ours_is_a_500_and_a_line_in_the_log(
    running: Server, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.broken = True
    try:
        with caplog.at_level(logging.ERROR):
            answer = ask(running, "GET", "/api/v1/status")
    finally:
        world.broken = False
    sentence = "This could not be answered because of a mistake in this program; its log has the details."
    assert (answer.status, answer.json) == (500, {"error": sentence})
    assert [record.getMessage() for record in caplog.records] == ["http.failed"]
    assert "a mistake of ours" in caplog.text
    assert ask(running, "GET", "/api/v1/status").status == 200


# Beginning and ending.


def test_a_taken_port_is_told_with_what_to_do(running: Server) -> None:
    with pytest.raises(CannotListen) as caught:
        server.serve(World(), listen=f"127.0.0.1:{running.port}", version="1")
    assert str(caught.value) == (
        f"cannot listen on 127.0.0.1:{running.port}: port {running.port} is taken; see by whom with: "
        f"ss -ltnp 'sport = :{running.port}', or choose another with --listen"
    )


@pytest.mark.parametrize(
    ("listen", "because"),
    [
        ("192.0.2.1:0", "not one of this machine"),
        ("127.0.0.1:http-but-not-really", "expected an address"),
        ("127.0.0.1:65536", "expected an address"),
        ("127.0.0.1", "expected an address"),
        ("127.0.0.1:-1", "expected an address"),
        (f"{'x' * 70}.invalid:0", "expected an address"),
        ("nowhere.invalid:0", "expected an address"),
        ("", "expected an address"),
    ],
)
def test_an_impossible_address_is_told(listen: str, because: str) -> None:
    with pytest.raises(CannotListen, match=because):
        server.serve(World(), listen=listen, version="1")


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("localhost:0", r"http://127\.0\.0\.1:\d+"),
        (":0", r"http://localhost:\d+"),
        ("0.0.0.0:0", r"http://localhost:\d+"),
    ],
)
def test_the_url_is_one_that_works_here(listen: str, url: str) -> None:
    started = server.serve(World(), listen=listen, version="1")
    try:
        assert re.fullmatch(url, started.url)
        assert started.port > 0
    finally:
        assert started.close(5)


def test_closing_frees_the_port_and_finishes_what_was_begun() -> None:
    world = World(gate=threading.Event())
    started = server.serve(world, listen="127.0.0.1:0", version="1")
    with ThreadPoolExecutor(2) as clients:
        answer = clients.submit(ask, started, "GET", "/api/v1/status")
        assert world.entered.wait(20)
        closing = clients.submit(started.close, 10)
        assert world.gate is not None
        world.gate.set()
        assert answer.result().status == 200
        assert closing.result() is True
    again = server.serve(World(), listen=f"127.0.0.1:{started.port}", version="1")
    assert again.close(5)


def test_closing_ends_in_time_even_if_a_request_never_does() -> None:
    world = World(gate=threading.Event())
    started = server.serve(world, listen="127.0.0.1:0", version="1")
    with socket.create_connection((started.host, started.port), timeout=20) as stuck:
        stuck.sendall(b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert world.entered.wait(20)
        begun = time.monotonic()
        started.close(0.3)
        assert time.monotonic() - begun < 3
    assert not started._thread.is_alive()
    assert world.gate is not None
    world.gate.set()


def test_a_server_that_will_not_end_is_made_to() -> None:
    started = server.serve(World(), listen="127.0.0.1:0", version="1")
    assert started._main is not None
    # What `close` does once the loop has not ended in time.
    started._tell(started._main.cancel)
    started._thread.join(20)
    assert not started._thread.is_alive()
    assert started.close(5)


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (
            errno.EADDRINUSE,
            "port 80 is taken; see by whom with: ss -ltnp 'sport = :80', or choose another with --listen",
        ),
        (errno.EACCES, "port 80 needs more rights than this process has; choose one from 1024 on"),
        (errno.EADDRNOTAVAIL, "the address is not one of this machine"),
        (errno.EMFILE, "too many open files"),
    ],
)
def test_what_stands_in_the_way_of_listening_is_said(number: int, why: str) -> None:
    assert server._why(OSError(number, os.strerror(number)), "80") == why


def test_of_what_the_loop_complains_about_only_our_mistakes_are_told() -> None:
    """A connection that broke while it was being closed is nobody's."""

    class Loop(asyncio.SelectorEventLoop):
        told: list[object] = []  # noqa: RUF012 - one test, one list

        def default_exception_handler(self, context: dict[str, object]) -> None:
            self.told.append(context["exception"])

    loop, mistake = Loop(), ValueError("ours")
    try:
        for error in (ConnectionResetError(), mistake):
            server._told(loop, {"message": "it failed", "exception": error})
    finally:
        loop.close()
    assert loop.told == [mistake]


def test_closing_twice_is_harmless() -> None:
    started = server.serve(World(), listen="127.0.0.1:0", version="1")
    assert started.close(5)
    assert started.close(5)
