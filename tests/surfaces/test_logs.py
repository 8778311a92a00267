"""The log: what its lines say, what libraries say through it, and that it never says a secret."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from healthcheck.engine.snapshot import CheckChanged, IncidentChanged, IncidentPhase, RoundFinished
from healthcheck.result import Status, ok
from healthcheck.surfaces import logs
from healthcheck.surfaces.logs import EventLog, Logs
from tests.surfaces.pictures import NOW, TRUST, TRUST_CAUSE, check_state, picture, run

TRUST_RUN = run("prod/us-east-1", "role.trust", TRUST)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Broken(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError(text)


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def log(stream: io.StringIO) -> Iterator[Logs]:
    opened = logs.configure("json", "info", stream, clock=lambda: NOW)
    yield opened
    opened.close()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def event_log(log: Logs, *, targets: int = 1) -> EventLog:
    return EventLog(log.logger, target_count=lambda: targets)


def test_a_line_is_stamped_levelled_and_flat(log: Logs, stream: io.StringIO) -> None:
    log.logger.info("daemon.started", port=9479, path=None)
    assert (
        stream.getvalue()
        == '{"timestamp":"2026-08-01T12:00:00Z","level":"info","event":"daemon.started","port":9479,"path":null}\n'
    )


def test_a_round_is_one_line(log: Logs, stream: io.StringIO) -> None:
    event_log(log)(RoundFinished("prod", "4711", NOW, 1.23456789, {Status.OK: 12, Status.CRITICAL: 1}, 3, 0.5))
    assert lines(stream) == [
        {
            "timestamp": "2026-08-01T12:00:00Z",
            "level": "info",
            "event": "round.finished",
            "target": "prod",
            "round_id": "4711",
            "duration_seconds": 1.234568,
            "lag_seconds": 0.5,
            "generation": 3,
            "runs_ok": 12,
            "runs_warning": 0,
            "runs_critical": 1,
            "runs_unknown": 0,
            "runs_blocked": 0,
            "runs_skipped": 0,
        }
    ]


def test_a_change_says_what_was_seen_and_what_to_do(log: Logs, stream: io.StringIO) -> None:
    event_log(log)(
        CheckChanged("prod/us-east-1", "role.trust", Status.OK, Status.CRITICAL, "no_statement", None, TRUST_RUN)
    )
    (line,) = lines(stream)
    assert line == {
        "timestamp": "2026-08-01T12:00:00Z",
        "level": "error",
        "event": "check.changed",
        "target": "prod/us-east-1",
        "check": "role.trust",
        "before": "ok",
        "after": "critical",
        "reason": "no_statement",
        "cause": None,
        "subject": TRUST.subject,
        "summary": TRUST.summary,
        "fix": TRUST.fix.text if TRUST.fix else None,
        "run_id": TRUST_RUN.run_id,
    }


@pytest.mark.parametrize(
    ("after", "level"),
    [
        (Status.OK, "info"),
        (Status.SKIPPED, "info"),
        (Status.BLOCKED, "info"),
        (Status.WARNING, "warning"),
        (Status.UNKNOWN, "warning"),
        (Status.CRITICAL, "error"),
    ],
)
def test_a_changes_level_is_that_of_what_it_came_to(log: Logs, stream: io.StringIO, after: Status, level: str) -> None:
    event_log(log)(CheckChanged("t", "a.b", None, after, None, None, TRUST_RUN))
    assert [line["level"] for line in lines(stream)] == [level]


@pytest.mark.parametrize(
    ("phase", "event", "level"),
    [
        (IncidentPhase.OPENED, "incident.opened", "error"),
        (IncidentPhase.UPDATED, "incident.updated", "error"),
        (IncidentPhase.CLOSED, "incident.closed", "info"),
    ],
)
def test_an_incident_has_a_line_for_each_phase(
    log: Logs, stream: io.StringIO, phase: IncidentPhase, event: str, level: str
) -> None:
    event_log(log)(IncidentChanged(phase, picture().incidents[0]))
    (line,) = lines(stream)
    assert (line["event"], line["level"]) == (event, level)
    assert line["incident"] == "0a1b2c3d4e5f"
    assert line["targets"] == ["prod/us-east-1", "prod/eu-west-1"]
    assert (line["target_count"], line["blocked_count"]) == (2, 2)


def test_an_incident_over_many_targets_names_the_first(log: Logs, stream: io.StringIO) -> None:
    names = tuple(f"t{index}" for index in range(100))
    event_log(log)(IncidentChanged(IncidentPhase.OPENED, replace(picture().incidents[0], targets=names)))
    (line,) = lines(stream)
    assert line["targets"] == list(names[:20])
    assert line["target_count"] == 100


def test_a_run_joins_the_log_to_the_api(log: Logs, stream: io.StringIO) -> None:
    event_log(log)(TRUST_RUN)
    (line,) = lines(stream)
    assert (line["event"], line["run_id"], line["status"]) == ("check.finished", TRUST_RUN.run_id, "critical")


def test_a_blocked_run_names_its_cause(log: Logs, stream: io.StringIO) -> None:
    blocked = check_state("t", "role.permissions", cause=TRUST_CAUSE).run
    assert blocked is not None
    event_log(log)(blocked)
    assert [line["cause"] for line in lines(stream)] == ["role.trust"]


@pytest.mark.parametrize(("targets", "heard"), [(1, 1), (50, 1), (51, 0)])
def test_finished_checks_are_heard_up_to_fifty_targets(
    log: Logs, stream: io.StringIO, targets: int, heard: int
) -> None:
    event_log(log, targets=targets)(TRUST_RUN)
    assert len(lines(stream)) == heard


def test_finished_checks_are_heard_as_told(log: Logs, stream: io.StringIO) -> None:
    EventLog(log.logger, target_count=lambda: 5000, check_finished="info")(TRUST_RUN)
    EventLog(log.logger, target_count=lambda: 1, check_finished="debug")(TRUST_RUN)
    assert len(lines(stream)) == 1


def test_every_event_name_that_is_written_is_promised(log: Logs, stream: io.StringIO) -> None:
    tell = event_log(log)
    tell(TRUST_RUN)
    tell(RoundFinished("prod", "4711", NOW, 1.0, {}))
    tell(CheckChanged("t", "a.b", None, Status.OK, None, None, TRUST_RUN))
    for phase in IncidentPhase:
        tell(IncidentChanged(phase, picture().incidents[0]))
    logging.getLogger("somebody").warning("hello")
    end_a_thread_by("a mistake")
    assert sorted(str(line["event"]) for line in lines(stream)) == sorted(logs.EVENTS)


@pytest.mark.usefixtures("log")
def test_what_libraries_log_is_a_line_too(stream: io.StringIO) -> None:
    logging.getLogger("apscheduler.scheduler").info("nobody hears this")
    logging.getLogger("botocore.retries").warning("retry %d of %d", 2, 3)
    (line,) = lines(stream)
    timestamp = datetime.fromisoformat(str(line.pop("timestamp")))
    assert timestamp.tzinfo == UTC
    assert line == {
        "level": "warning",
        "event": "library.logged",
        "logger": "botocore.retries",
        "message": "retry 2 of 3",
    }


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("logger", ["botocore.credentials", "botocore.tokens"])
def test_what_a_check_tells_of_refreshing_is_not_told_again_with_a_trace(stream: io.StringIO, logger: str) -> None:
    logging.getLogger(logger).warning("Refreshing temporary credentials failed", exc_info=ValueError("x"))
    assert lines(stream) == []
    logging.getLogger(logger).error("This is worth a line")
    assert len(lines(stream)) == 1


@pytest.mark.usefixtures("log")
def test_our_own_loggers_name_events_and_fields(stream: io.StringIO) -> None:
    logging.getLogger("healthcheck.daemon").info("daemon.reloaded", extra={"generation": 4})
    logging.getLogger("healthcheck.daemon").debug("daemon.thought")
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["generation"]) == ("daemon.reloaded", "info", 4)


@pytest.mark.usefixtures("log")
def test_an_exception_is_told_with_its_trace(stream: io.StringIO) -> None:
    def fail() -> None:
        raise ValueError("password=hunter2")

    try:
        fail()
    except ValueError:
        logging.getLogger("somebody").exception("It failed")
    (line,) = lines(stream)
    assert line["exception"] == "ValueError: password=[redacted]"
    assert "in fail" in str(line["traceback"])
    assert "hunter2" not in stream.getvalue()


def end_a_thread_by(mistake: str) -> None:
    def fail() -> None:
        raise ValueError(mistake)

    thread = threading.Thread(target=fail, name="doomed")
    thread.start()
    thread.join()


def test_the_end_of_a_thread_by_a_mistake_is_told_without_its_secrets(log: Logs, stream: io.StringIO) -> None:
    end_a_thread_by("password=hunter2")
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["thread_name"]) == ("thread.failed", "critical", "doomed")
    assert "hunter2" not in stream.getvalue()
    leaving = threading.Thread(target=sys.exit)
    leaving.start()
    leaving.join()
    assert len(lines(stream)) == 1
    ours = threading.excepthook
    log.close()
    assert threading.excepthook is not ours


@pytest.mark.usefixtures("log")
def test_warnings_of_the_interpreter_are_lines(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn("boto3 will no longer support this", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    assert ["boto3 will no longer" in str(line["message"]) for line in lines(stream)] == [True]


def test_at_debug_libraries_are_heard_from_info_on(stream: io.StringIO) -> None:
    opened = logs.configure("json", "debug", stream)
    logging.getLogger("botocore.auth").debug("CanonicalRequest with everything in it")
    logging.getLogger("botocore.credentials").info("Found credentials")
    opened.close()
    assert [line["message"] for line in lines(stream)] == ["Found credentials"]


def test_closing_gives_the_standard_librarys_logging_back(stream: io.StringIO) -> None:
    root = logging.getLogger()
    named = ("healthcheck", "botocore.credentials", "botocore.tokens")
    before = (root.handlers[:], root.level, [logging.getLogger(name).level for name in named])
    logs.configure("json", "debug", stream).close()
    assert (root.handlers[:], root.level, [logging.getLogger(name).level for name in named]) == before


def test_every_line_passes_the_choke_point(log: Logs, stream: io.StringIO) -> None:
    canary = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    log.hide(["partner-4711"])
    leaky = ok("profile prod", f"seen with {canary} and http://me:hunter2@proxy:3128 and partner-4711")
    event_log(log)(run("t", "a.b", leaky))
    log.logger.warning("daemon.failed", aws_session_token="hunter2", details={"external_id": "hunter2", "x": [canary]})
    logging.getLogger("botocore").error("headers: %s", {"Authorization": "AWS4-HMAC-SHA256 hunter2"})
    written = stream.getvalue()
    assert written.count("\n") == 3
    assert [canary in written, "hunter2" in written, "partner-4711" in written] == [False, False, False]


def test_secrets_of_the_start_stay_hidden_when_others_join() -> None:
    stream = io.StringIO()
    opened = logs.configure("json", "info", stream, secrets=["first-one"])
    opened.hide(["second-one"])
    opened.logger.info("a.b", text="first-one second-one")
    opened.close()
    assert lines(stream)[0]["text"] == "[redacted] [redacted]"


def test_a_terminal_gets_columns_and_a_pipe_json() -> None:
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        opened = logs.configure("auto", "info", stream, clock=lambda: NOW)
        opened.logger.warning("check.changed", target="prod")
        opened.close()
    assert "[warning  ] check.changed" in terminal.getvalue()
    assert "\x1b[" not in terminal.getvalue()
    assert json.loads(pipe.getvalue())["event"] == "check.changed"


def test_whoever_watches_columns_sees_what_is_amiss_and_not_each_run_that_is_fine(stream: io.StringIO) -> None:
    opened = logs.configure("console", "info", stream)
    watched = EventLog(opened.logger, target_count=lambda: 1, is_watched=opened.is_console)
    watched(TRUST_RUN)
    fine = CheckChanged("prod/us-east-1", "role.exists", None, Status.OK, None, None, TRUST_RUN)
    watched(fine)
    watched(replace(fine, before=Status.CRITICAL))
    watched(replace(fine, after=Status.CRITICAL))
    opened.close()
    recovered, broken = stream.getvalue().splitlines()
    assert "before=critical after=ok" in recovered
    assert "after=critical" in broken
    assert "None" not in stream.getvalue()


def test_colour_is_used_where_it_is_asked_for() -> None:
    stream = io.StringIO()
    opened = logs.configure("console", "info", stream, colour=True)
    opened.logger.warning("check.changed")
    opened.close()
    assert "\x1b[" in stream.getvalue()


def test_a_line_that_cannot_be_written_is_counted_and_nothing_stops() -> None:
    opened = logs.configure("json", "info", Broken())
    opened.logger.info("daemon.started")
    event_log(opened)(TRUST_RUN)
    opened.close()
    assert opened.lost_lines == 2
