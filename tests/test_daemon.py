"""The daemon as a whole: it starts, shows, reloads, looks again, and stops, whatever its checks do."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import pytest

from healthcheck import Fix, Result, Status, Target, check, critical, hours, ok
from healthcheck.config import ConfigError
from healthcheck.daemon import Daemon, assemble
from healthcheck.engine.discovery import Discovery
from healthcheck.engine.snapshot import Asked, PluginFailure
from healthcheck.registry import Registry
from healthcheck.surfaces.server import CannotListen

PATIENCE_SECONDS = 20.0
PIPE_BYTES = 4096


class Bulb:
    """What the test's checks look at."""

    def __init__(self) -> None:
        self.is_lit = True
        self.looks = 0


def checks_of(bulb: Bulb) -> Registry:
    @check(every=hours(1), reasons=["dark"])
    def lit(target: Target) -> Iterator[Result]:
        """The bulb is lit."""
        bulb.looks += 1
        if bulb.is_lit:
            yield ok(f"bulb of {target.name}", "the bulb is lit")
        else:
            yield critical(f"bulb of {target.name}", "the bulb is dark", reason="dark", fix=Fix("Change it."))

    @check(every=hours(1), after=["test_daemon.lit"])
    def warm(target: Target) -> Iterator[Result]:
        """The bulb is warm."""
        yield ok(f"bulb of {target.name}", "the bulb is warm")

    return Registry([lit, warm])


SETTINGS = """\
daemon: {listen: "127.0.0.1:0", enable_lifecycle: true, log_format: json, shutdown_after: 5s, failures_to_fail: 1}
targets:
  - {name: kitchen, regions: [us-east-1]}
"""


def wait_for(is_so: Callable[[], bool]) -> None:
    """Return once it is so; polls, because the other side is a thread or a process."""
    limit = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < limit, "it did not become so"
        threading.Event().wait(0.01)


def get(url: str, *, method: str = "GET") -> tuple[int, str]:
    request = urllib.request.Request(url, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


class House:
    """A daemon over the test's checks, its settings file and its log."""

    def __init__(self, folder: Path, failures: tuple[PluginFailure, ...] = ()) -> None:
        self.bulb = Bulb()
        self.settings = folder / "healthcheck.yaml"
        self.settings.write_text(SETTINGS, "utf-8")
        self.log = io.StringIO()
        self.discovery = Discovery(checks_of(self.bulb), failures)

    def daemon(self) -> Daemon:
        return assemble(
            self.discovery, environ=os.environ, cwd=self.settings.parent, explicit=None, log_stream=self.log
        )

    @contextmanager
    def lived_in(self) -> Iterator[Daemon]:
        daemon = self.daemon()
        daemon.start()
        try:
            wait_for(daemon.is_ready)
            yield daemon
        finally:
            assert daemon.stop()

    def events(self, name: str) -> list[dict[str, object]]:
        lines = [json.loads(line) for line in self.log.getvalue().splitlines()]
        return [line for line in lines if line["event"] == name]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_it_looks_at_everything_at_once_and_shows_it_everywhere(house: House) -> None:
    with house.lived_in() as daemon:
        status = json.loads(get(f"{daemon.url}/api/v1/status")[1])
        assert [(run["check"], run["status"]) for run in status["runs"]] == [
            ("test_daemon.lit", "ok"),
            ("test_daemon.warm", "ok"),
        ]
        metrics = get(f"{daemon.url}/metrics")[1]
        assert 'sagemaker_healthcheck_check_status{target="kitchen/us-east-1",check="test_daemon.lit"} 0' in metrics
        assert "sagemaker_healthcheck_config_last_reload_successful 1.0" in metrics
        assert "kitchen/us-east-1" in get(f"{daemon.url}/")[1]
        assert get(f"{daemon.url}/-/healthy")[0] == 200
        assert get(f"{daemon.url}/-/ready")[0] == 200


def test_it_says_at_the_start_what_it_watches(house: House) -> None:
    with house.lived_in() as daemon:
        (started,) = house.events("daemon.started")
        assert started["url"] == daemon.url
        assert started["targets"] == ["kitchen/us-east-1"]
        assert started["check_count"] == 2
        assert started["config"] == str(house.settings)
        assert house.events("daemon.exposed") == []


def test_it_says_so_when_others_can_reach_it(house: House) -> None:
    house.settings.write_text(SETTINGS.replace("127.0.0.1:0", "0.0.0.0:0"), "utf-8")
    with house.lived_in():
        (exposed,) = house.events("daemon.exposed")
        assert exposed["level"] == "warning"


def test_a_target_is_looked_at_again_on_demand_and_the_cause_is_shown(house: House) -> None:
    with house.lived_in() as daemon:
        house.bulb.is_lit = False
        assert get(f"{daemon.url}/api/v1/targets/kitchen/us-east-1/run", method="POST")[0] == 202
        wait_for(lambda: bool(daemon.snapshot().incidents))
        (incident,) = daemon.snapshot().incidents
        assert (incident.cause, incident.reason) == ("test_daemon.lit", "dark")
        assert incident.blocked == {"kitchen/us-east-1": ("test_daemon.warm",)}
        house.bulb.is_lit = True
        daemon.run_all()
        wait_for(lambda: not daemon.snapshot().incidents)


def test_a_reload_takes_new_targets_in_and_drops_old_ones(house: House) -> None:
    with house.lived_in() as daemon:
        house.settings.write_text(SETTINGS.replace("kitchen", "cellar"), "utf-8")
        code, answer = get(f"{daemon.url}/-/reload", method="POST")
        assert (code, json.loads(answer)["accepted"]) == (200, True)
        wait_for(daemon.is_ready)
        assert [state.target.name for state in daemon.snapshot().targets] == ["cellar/us-east-1"]
        assert "kitchen" not in get(f"{daemon.url}/metrics")[1]
        assert [event["generation"] for event in house.events("config.reloaded")] == [1]


def test_a_bad_file_changes_nothing_and_says_so_everywhere(house: House) -> None:
    with house.lived_in() as daemon:
        before = daemon.snapshot().targets
        house.settings.write_text("targets: [{nam: kitchen}]", "utf-8")
        code, answer = get(f"{daemon.url}/-/reload", method="POST")
        assert code == 400
        assert json.loads(answer)["accepted"] is False
        assert f"{house.settings}:1:11:" in json.loads(answer)["sentences"][0]
        assert "config_last_reload_successful 0.0" in get(f"{daemon.url}/metrics")[1]
        (refused,) = house.events("config.refused")
        assert refused["mistakes"] == json.loads(answer)["sentences"]
        assert daemon.snapshot().targets == before
        house.settings.write_text(SETTINGS, "utf-8")
        assert daemon.reload().accepted
        assert "config_last_reload_successful 1.0" in get(f"{daemon.url}/metrics")[1]


def test_a_file_that_is_gone_changes_nothing(house: House) -> None:
    with house.lived_in() as daemon:
        before = daemon.snapshot().targets
        house.settings.unlink()
        outcome = daemon.reload()
        assert not outcome.accepted
        assert outcome.sentences == (
            f"{house.settings}: the file is gone; put it back, or restart to watch without it",
        )
        assert daemon.snapshot().targets == before


@pytest.mark.parametrize("content", ["", "# nothing but this\n", "---\n", "null\n"])
def test_a_file_that_was_emptied_changes_nothing(house: House, content: str) -> None:
    """Taken for settings it would end the watch over every target, and close every incident."""
    with house.lived_in() as daemon:
        before = daemon.snapshot().targets
        house.settings.write_text(content, "utf-8")
        outcome = daemon.reload()
        assert not outcome.accepted
        (sentence,) = outcome.sentences
        assert sentence.startswith(f"{house.settings}:")
        assert " is empty; " in sentence
        assert daemon.snapshot().targets == before


def test_both_causes_of_skipped_rounds_are_counted_from_the_start(house: House) -> None:
    daemon = house.daemon()
    page = daemon.metrics().decode()
    assert daemon.stop()
    for cause in ("overlap", "missed"):
        assert f'sagemaker_healthcheck_scheduler_skipped_rounds_total{{cause="{cause}"}} 0.0\n' in page


class Held(io.StringIO):
    """A log that takes lines while it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.is_open = threading.Event()
        self.is_open.set()

    def write(self, text: str) -> int:
        assert self.is_open.wait(PATIENCE_SECONDS)
        return super().write(text)


class Ahead:
    """A clock that can be put forward."""

    def __init__(self) -> None:
        self.by = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.by


def test_it_is_not_healthy_while_an_observer_is_stuck(house: House) -> None:
    clock, house.log = Ahead(), Held()
    daemon = assemble(
        house.discovery,
        environ=os.environ,
        cwd=house.settings.parent,
        explicit=None,
        log_stream=house.log,
        clock=clock,
    )
    daemon.start()
    wait_for(daemon.is_ready)
    assert daemon.is_healthy()
    house.log.is_open.clear()
    looks = house.bulb.looks
    daemon.run_all()
    wait_for(lambda: house.bulb.looks > looks)

    clock.by = timedelta(seconds=31)
    # The scheduler goes on beating, so that it is not this that makes the daemon ill.
    began = clock().timestamp()
    beats = re.compile(r"^sagemaker_healthcheck_heartbeat_timestamp_seconds (\S+)$", re.MULTILINE)
    wait_for(lambda: float(beats.findall(daemon.metrics().decode())[0]) >= began)
    assert not daemon.is_healthy()

    house.log.is_open.set()
    wait_for(daemon.is_healthy)
    assert daemon.stop()


def test_who_asks_for_a_look_while_it_stops_is_told_so(house: House) -> None:
    with house.lived_in() as daemon:
        assert daemon.run_target("attic/us-east-1") is Asked.ALREADY
    assert daemon.run_target("kitchen/us-east-1") is Asked.STOPPING


def test_a_reload_while_it_stops_does_no_harm(house: House) -> None:
    with house.lived_in() as daemon:
        pass
    house.settings.write_text(SETTINGS.replace("kitchen", "cellar"), "utf-8")
    assert daemon.reload().accepted


def test_what_a_reload_cannot_change_is_named(house: House) -> None:
    with house.lived_in() as daemon:
        house.settings.write_text(SETTINGS.replace("log_format: json", "log_format: console"), "utf-8")
        outcome = daemon.reload()
        assert outcome.accepted
        assert outcome.sentences[1:] == ("log_format takes effect after a restart.",)
        assert house.events("config.restart_needed")[0]["settings"] == ["log_format"]


def test_a_settings_file_with_a_mistake_starts_nothing(house: House) -> None:
    house.settings.write_text("targets: 3", "utf-8")
    with pytest.raises(ConfigError, match=r"healthcheck\.yaml:1:10"):
        house.daemon()


def test_a_port_that_is_taken_is_a_sentence(house: House) -> None:
    with house.lived_in() as daemon:
        port = daemon.url.rpartition(":")[2]
        house.settings.write_text(SETTINGS.replace("127.0.0.1:0", f"127.0.0.1:{port}"), "utf-8")
        second = house.daemon()
        with pytest.raises(CannotListen, match="is taken"):
            second.start()
        assert second.stop()


def test_a_broken_plugin_is_seen_and_stops_nothing(tmp_path: Path) -> None:
    house = House(tmp_path, (PluginFailure("gpu", "acme-checks", "cannot be imported"),))
    with house.lived_in() as daemon:
        assert daemon.snapshot().status is Status.UNKNOWN
        assert "sagemaker_healthcheck_plugin_failures 1.0" in get(f"{daemon.url}/metrics")[1]
        assert house.events("plugin.failed")[0]["package"] == "acme-checks"


PROCESS = """
import os, sys, threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self
from healthcheck import Result, Target, check, hours, ok, seconds
from healthcheck.commands.serve import obey
from healthcheck.daemon import assemble
from healthcheck.engine.discovery import Discovery
from healthcheck.registry import Registry

@check(every=hours(1), timeout=seconds(600))
def hangs(target: Target) -> Iterator[Result]:
    '''It ends.'''
    if os.environ.get("HANG"):
        print('{"event": "it.hangs"}', file=sys.stderr, flush=True)
        threading.Event().wait()
    yield ok("it", "it ended")

discovery = Discovery(Registry([hangs]), ())
daemon = assemble(discovery, environ=os.environ, cwd=Path.cwd(), explicit=None, log_stream=sys.stderr)
obey(daemon, environ=os.environ)
"""


class Process:
    """A daemon in a process of its own, read through its log."""

    def __init__(self, folder: Path, *, shutdown_after: str = "1s", targets: int = 1, **environ: str) -> None:
        self.settings = folder / "healthcheck.yaml"
        settings = SETTINGS.replace("5s", shutdown_after)
        if targets > 1:
            settings += "".join(f"  - {{name: t{number}, regions: [us-east-1]}}\n" for number in range(targets - 1))
            settings += "checks: {'*': {every: 1s}}\n"
            settings = settings.replace("daemon: {", "daemon: {log_check_finished: info, ")
        self.settings.write_text(settings, "utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROCESS],
            cwd=folder,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environ},
            pipesize=PIPE_BYTES,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def until(self, event: str) -> dict[str, object]:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            fields: dict[str, object] = json.loads(line)
            if fields["event"] == event:
                return fields
        pytest.fail(f"it ended without {event}")

    def ended(self) -> int:
        return self._process.wait(PATIENCE_SECONDS)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_in_time_although_a_check_hangs(tmp_path: Path, number: signal.Signals) -> None:
    with Process(tmp_path, HANG="yes") as process:
        process.until("it.hangs")
        began = time.monotonic()
        process.send(number)
        assert process.until("daemon.stopped")["clean"] is False
        assert process.ended() == 0
        assert time.monotonic() - began < 5.0


def test_a_second_signal_does_not_wait_for_what_hangs(tmp_path: Path) -> None:
    with Process(tmp_path, shutdown_after="10m", HANG="yes") as process:
        process.until("it.hangs")
        process.send(signal.SIGTERM)
        process.until("daemon.stopping")
        process.send(signal.SIGTERM)
        assert process.ended() == -signal.SIGTERM


def test_it_stops_at_once_when_nothing_runs(tmp_path: Path) -> None:
    with Process(tmp_path) as process:
        process.until("round.finished")
        process.send(signal.SIGTERM)
        assert process.until("daemon.stopped")["clean"] is True
        assert process.ended() == 0


def test_a_log_that_nobody_reads_stops_neither_the_looks_nor_the_end(tmp_path: Path) -> None:
    """Whoever collects the log may hang: then lines are lost, and nothing else."""
    with Process(tmp_path, shutdown_after="5s", targets=60) as process:
        url = process.until("daemon.started")["url"]

        def runs() -> int:
            found = re.findall(r"check_runs_total\{.*\} (\S+)\n", get(f"{url}/metrics")[1])
            return sum(int(float(number)) for number in found)

        # Far more lines than the pipe holds, and every target more than once.
        wait_for(lambda: runs() > 3 * 60)
        assert get(f"{url}/-/healthy")[0] == 200
        began = time.monotonic()
        process.send(signal.SIGTERM)
        assert process.ended() == 0
        assert time.monotonic() - began < 5.0


def test_signals_make_it_reload_and_look_again(tmp_path: Path) -> None:
    with Process(tmp_path) as process:
        first = process.until("round.finished")
        process.send(signal.SIGUSR1)
        assert process.until("round.finished")["round_id"] != first["round_id"]
        process.settings.write_text("targets: 3", "utf-8")
        process.send(signal.SIGHUP)
        process.until("config.refused")
        process.settings.write_text(SETTINGS, "utf-8")
        process.send(signal.SIGHUP)
        process.until("config.reloaded")
