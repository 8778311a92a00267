"""What systemd is told, heard on a socket as systemd listens on one."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from healthcheck.supervision import Supervisor

PATIENCE_SECONDS = 10.0


class Ear:
    """A datagram socket that somebody else may tell something."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.settimeout(PATIENCE_SECONDS)

    def hear(self) -> list[str]:
        return self._socket.recv(65_536).decode().split("\n")

    def hear_all(self) -> list[list[str]]:
        """What has been said and not yet heard."""
        heard = []
        self._socket.setblocking(False)
        while True:
            try:
                heard.append(self.hear())
            except BlockingIOError:
                self._socket.settimeout(PATIENCE_SECONDS)
                return heard

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "notify")


@pytest.fixture
def ear(path: str) -> Iterator[Ear]:
    ear = Ear(path)
    yield ear
    ear.close()


class Patient:
    """A daemon as the supervisor's side asks after it."""

    def __init__(self) -> None:
        self.healthy = True
        self.status = "All 3 targets work"

    def supervisor(self, address: str | None, **environ: str) -> Supervisor:
        given = environ if address is None else {"NOTIFY_SOCKET": address, **environ}
        return Supervisor(given, is_healthy=lambda: self.healthy, status=lambda: self.status)


def test_ready_reloading_and_stopping_are_told(path: str, ear: Ear) -> None:
    supervisor = Patient().supervisor(path)
    supervisor.ready()
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    supervisor.reloading()
    supervisor.stopping()

    assert ear.hear() == ["READY=1"]
    reloading, moment = ear.hear()
    assert reloading == "RELOADING=1"
    name, _, microseconds = moment.partition("=")
    assert name == "MONOTONIC_USEC"
    assert before <= int(microseconds) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert ear.hear()[0] == "STOPPING=1"


def test_an_at_sign_stands_for_the_abstract_namespace() -> None:
    name = f"sagemaker-healthcheck-{os.getpid()}-{time.monotonic_ns()}"
    ear = Ear(f"\0{name}")
    try:
        Patient().supervisor(f"@{name}").ready()

        assert ear.hear() == ["READY=1"]
    finally:
        ear.close()


def test_the_watchdog_is_fed_while_the_daemon_is_healthy_and_no_longer(path: str, ear: Ear) -> None:
    patient = Patient()
    supervisor = patient.supervisor(path, WATCHDOG_USEC="60000000", WATCHDOG_PID=str(os.getpid()))
    supervisor.tell_how_it_stands()
    supervisor.tell_how_it_stands()
    patient.healthy = False
    supervisor.tell_how_it_stands()
    patient.healthy = True
    supervisor.tell_how_it_stands()

    assert ear.hear_all() == [["STATUS=All 3 targets work", "WATCHDOG=1"], ["WATCHDOG=1"], ["WATCHDOG=1"]]


@pytest.mark.parametrize(
    "environ",
    [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}],
)
def test_a_watchdog_that_is_none_or_another_s_is_not_fed(path: str, ear: Ear, environ: dict[str, str]) -> None:
    Patient().supervisor(path, **environ).tell_how_it_stands()

    assert ear.hear_all() == [["STATUS=All 3 targets work"]]


def test_it_is_fed_by_itself_three_times_before_it_would_bite(path: str, ear: Ear) -> None:
    with Patient().supervisor(path, WATCHDOG_USEC="300000"):
        began = time.monotonic()
        heard = [ear.hear() for _ in range(4)]

    assert all("WATCHDOG=1" in words for words in heard)
    assert time.monotonic() - began >= 0.25
    ear.hear_all()
    assert ear.hear_all() == []


def test_how_it_stands_is_told_when_it_is_news_and_on_one_line(path: str, ear: Ear) -> None:
    """A line of its own would be a word of the protocol: MAINPID=1 is one."""
    patient = Patient()
    supervisor = patient.supervisor(path)
    supervisor.tell_how_it_stands()
    patient.status = "role.trust on arn:aws:iam::1:role/x\nMAINPID=1"
    supervisor.tell_how_it_stands()

    assert ear.hear_all() == [["STATUS=All 3 targets work"], ["STATUS=role.trust on arn:aws:iam::1:role/x MAINPID=1"]]


def test_nobody_is_told_where_nobody_supervises() -> None:
    with Patient().supervisor(None, WATCHDOG_USEC="1000") as supervisor:
        supervisor.ready()
        supervisor.stopping()


def test_a_supervisor_that_does_not_hear_is_logged_once_and_stops_nothing(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    supervisor = Patient().supervisor(path)
    supervisor.ready()
    supervisor.ready()
    assert [(record.levelno, record.message) for record in caplog.records] == [(logging.WARNING, "supervisor.unheard")]

    ear = Ear(path)
    supervisor.ready()
    assert ear.hear() == ["READY=1"]
    ear.close()
    Path(path).unlink()
    supervisor.ready()
    assert len(caplog.records) == 2
