"""The capability Host."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from healthcheck import Endpoint
from healthcheck.host import LocalHost
from tests.host.loopback import ANSWER, Serve, Server, answering, read_head


def test_it_gives_the_environment_and_home_that_it_was_given(tmp_path: Path) -> None:
    host = LocalHost({"A": "1"}, tmp_path)

    assert (dict(host.environ), host.home) == ({"A": "1"}, tmp_path)


def test_home_is_what_the_environment_says(tmp_path: Path) -> None:
    assert LocalHost({"HOME": str(tmp_path)}).home == tmp_path


def test_without_a_word_in_the_environment_home_is_the_systems(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert LocalHost({}).home == tmp_path


def test_of_a_file_no_more_than_the_limit_is_read(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_bytes(b"0123456789")

    assert LocalHost({}).read_bytes(file, limit=4) == b"0123"


def test_a_file_that_is_not_there_raises_as_open_does(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LocalHost({}).read_bytes(tmp_path / "gone")


def test_one_look_serves_everybody_for_thirty_seconds(serve: Serve) -> None:
    server = serve(answering())
    time = [1000.0]
    host = LocalHost({}, monotonic=lambda: time[0])
    endpoint = Endpoint("sts", f"http://127.0.0.1:{server.port}")

    first = host.reach(endpoint)
    time[0] += 29.9
    assert host.reach(endpoint) is first
    assert server.connections == 1

    time[0] += 0.1
    assert host.reach(endpoint) is not first
    assert server.connections == 2


def test_a_look_that_confirms_takes_nobodys_word(serve: Serve) -> None:
    server = serve(answering())
    time = [1000.0]
    host = LocalHost({}, monotonic=lambda: time[0])
    endpoint = Endpoint("sts", f"http://127.0.0.1:{server.port}")
    host.reach(endpoint)
    time[0] += 5
    second = host.reach(endpoint, max_age_seconds=4.9)
    assert server.connections == 2
    time[0] += 5
    assert host.reach(endpoint, max_age_seconds=5) is second
    assert host.reach(endpoint) is second


def test_endpoints_that_differ_in_anything_are_looked_at_apart(serve: Serve) -> None:
    server = serve(answering())
    host = LocalHost({})

    host.reach(Endpoint("sts", f"http://127.0.0.1:{server.port}/a"))
    host.reach(Endpoint("sts", f"http://127.0.0.1:{server.port}/b"))

    assert server.connections == 2


def test_those_who_ask_at_once_share_one_look(serve: Serve) -> None:
    everybody_is_here = threading.Event()

    def slow(connection: socket.socket, server: Server) -> None:
        server.received.append(read_head(connection))
        everybody_is_here.wait(10)
        connection.sendall(ANSWER)

    server = serve(slow)
    asked: list[None] = []

    def monotonic() -> float:
        # The first thing that an asker does is to look at the clock.
        asked.append(None)
        if len(asked) == 20:
            everybody_is_here.set()
        return 1000.0

    host = LocalHost({}, monotonic=monotonic)
    endpoint = Endpoint("sts", f"http://127.0.0.1:{server.port}")
    with ThreadPoolExecutor(20) as pool:
        looks = list(pool.map(lambda _: host.reach(endpoint), range(20)))

    assert server.connections == 1
    assert {id(look) for look in looks} == {id(looks[0])}
    assert looks[0].is_reached


def test_a_look_that_failed_is_not_remembered(serve: Serve) -> None:
    """Whoever mended it and looks again, and whoever confirms it, sees what is there now."""
    time = [1000.0]
    host = LocalHost({}, monotonic=lambda: time[0])
    server = serve(answering(b"220 no HTTP here\r\n"))
    endpoint = Endpoint("sts", f"http://127.0.0.1:{server.port}")
    assert not host.reach(endpoint).is_reached

    time[0] += 1.0
    assert not host.reach(endpoint).is_reached

    assert server.connections == 2


def test_a_look_that_is_interrupted_leaves_nobody_waiting(serve: Serve) -> None:
    server = serve(answering())
    clocks = iter([KeyboardInterrupt])

    def clock() -> datetime:
        for interrupt in clocks:
            raise interrupt
        return datetime.now(UTC)

    host = LocalHost({}, clock=clock)
    endpoint = Endpoint("sts", f"http://127.0.0.1:{server.port}")
    with pytest.raises(KeyboardInterrupt):
        host.reach(endpoint)

    assert host.reach(endpoint).is_reached
