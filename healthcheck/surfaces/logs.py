"""The log: one line per round, per change and per incident; JSON for machines, or columns for a terminal."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from healthcheck.engine.snapshot import CheckChanged, Event, Incident, IncidentChanged, IncidentPhase, RoundFinished
from healthcheck.result import Status
from healthcheck.run import Run
from healthcheck.surfaces.documents import dump, timestamp
from healthcheck.surfaces.library_logs import route_libraries
from healthcheck.surfaces.redaction import Redactor, redact
from healthcheck.surfaces.sink import Sink

__all__ = ["EVENTS", "EventLog", "Format", "Level", "Logs", "configure", "redact"]

Format = Literal["auto", "json", "console"]
Level = Literal["debug", "info", "warning", "error"]

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

_LEVEL_OF = {
    Status.OK: logging.INFO,
    Status.SKIPPED: logging.INFO,
    Status.BLOCKED: logging.INFO,
    Status.WARNING: logging.WARNING,
    Status.UNKNOWN: logging.WARNING,
    Status.CRITICAL: logging.ERROR,
}

_INCIDENT_EVENTS = {
    IncidentPhase.OPENED: "incident.opened",
    IncidentPhase.UPDATED: "incident.updated",
    IncidentPhase.CLOSED: "incident.closed",
}

EVENTS = (
    "check.changed",
    "check.finished",
    *_INCIDENT_EVENTS.values(),
    "library.logged",
    "round.finished",
    "thread.failed",
)
"""The names of events that are written here; they are promises to other programs."""

_FEW_TARGETS = 50
"""Up to so many targets each finished check is worth a line; above, the round's line and the changes are."""

_LISTED_TARGETS = 20
"""An incident over hundreds of targets names so many of them in its line, and their number."""


class EventLog:
    """Writes a line for each event; an observer."""

    def __init__(
        self,
        logger: FilteringBoundLogger,
        *,
        target_count: Callable[[], int],
        check_finished: Literal["auto", "info", "debug"] = "auto",
        is_watched: bool = False,
    ) -> None:
        """Write to a log.

        Args:
            logger: the log's.
            target_count: how many targets are watched.
            check_finished: the level of a line for each run; ``auto`` spares whoever would drown in them.
            is_watched: whether somebody reads the lines as they come.
        """
        self._logger = logger
        self._target_count = target_count
        self._check_finished = check_finished
        self._is_watched = is_watched

    def __call__(self, event: Event) -> None:
        """Write the event's line."""
        match event:
            case Run():
                self._logger.log(self._level_of_runs(), "check.finished", **_run_fields(event))
            case RoundFinished():
                self._logger.info("round.finished", **_round_fields(event))
            case CheckChanged():
                self._logger.log(self._level_of_change(event), "check.changed", **_change_fields(event))
            case IncidentChanged():
                closed = event.phase is IncidentPhase.CLOSED
                level = logging.INFO if closed else _LEVEL_OF[event.incident.status]
                self._logger.log(level, _INCIDENT_EVENTS[event.phase], **_incident_fields(event.incident))

    def _level_of_runs(self) -> int:
        if self._check_finished == "auto":
            is_readable = self._target_count() <= _FEW_TARGETS and not self._is_watched
            return logging.INFO if is_readable else logging.DEBUG
        return _LEVELS[self._check_finished]

    def _level_of_change(self, event: CheckChanged) -> int:
        """To be in order at the first look is no news, and hides where the page is to be found."""
        if self._is_watched and event.before is None and _LEVEL_OF[event.after] == logging.INFO:
            return logging.DEBUG
        return _LEVEL_OF[event.after]


class Logs:
    """The process's log while it is open. Owned by whoever configured it."""

    def __init__(
        self,
        stream: TextIO,
        render: Processor,
        level: Level,
        clock: Callable[[], datetime],
        on_lost: Callable[[int], None],
        *,
        is_console: bool,
    ) -> None:
        self.is_console = is_console
        """Whether lines are columns for people."""
        self._clock = clock
        self._on_lost = on_lost
        self._secrets: frozenset[str] = frozenset()
        self._redactor = redact
        self.lost_lines = 0
        """Lines that could not be written: the pipe was closed or nobody reads it, the disk full. We go on."""
        self._sink = Sink(stream, self._lost)
        self.logger = cast(
            "FilteringBoundLogger",
            structlog.wrap_logger(
                structlog.WriteLogger(cast("TextIO", self._sink)),
                processors=[structlog.processors.add_log_level, self._choke, render],
                wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
                context_class=dict,
                cache_logger_on_first_use=True,
            ),
        )
        self._restore = route_libraries(self.logger, _LEVELS[level])

    def hide(self, secrets: Iterable[str]) -> None:
        """From now on take these out of every line, besides what can be told by its name or form."""
        self._secrets |= frozenset(secrets)
        self._redactor = Redactor(self._secrets)

    def close(self, timeout_seconds: float = 1.0) -> None:
        """Give the standard library's logging back as it was, and wait until what was logged is written.

        The stream stays open. Of a reader who does not read, no more than the time is waited for.
        """
        self._restore()
        self._sink.end(timeout_seconds)

    def _choke(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Stamp, order and redact: every line passes here."""
        moment = event.pop("timestamp", None) or timestamp(self._clock())
        head = {"timestamp": moment, "level": event.pop("level"), "event": event.pop("event")}
        return head | {name: self._redactor.field(name, value) for name, value in event.items()}

    def _lost(self, lines: int) -> None:
        self.lost_lines += lines
        self._on_lost(lines)


def configure(
    log_format: Format,
    level: Level,
    stream: TextIO,
    *,
    colour: bool = False,
    secrets: Iterable[str] = (),
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    on_lost: Callable[[int], None] = lambda _lines: None,
) -> Logs:
    """Open the log, and route what libraries log into it.

    Args:
        log_format: ``auto`` is columns on a terminal and JSON everywhere else.
        level: of our own lines; libraries are heard from ``warning`` on, at ``debug`` from ``info`` on.
        stream: usually stderr.
        colour: whether columns may be coloured.
        secrets: known ones; see `Logs.hide`.
        clock: what lines are stamped with.
        on_lost: told of each number of lines that could not be written; must be quick.
    """
    is_console = log_format == "console" or (log_format == "auto" and stream.isatty())
    columns = structlog.dev.ConsoleRenderer(colors=colour, sort_keys=False)

    def as_columns(logger: WrappedLogger, method: str, event: EventDict) -> str:
        return columns(logger, method, {name: value for name, value in event.items() if value is not None})

    logs = Logs(stream, as_columns if is_console else _as_json, level, clock, on_lost, is_console=is_console)
    logs.hide(secrets)
    return logs


def _as_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return dump(event)


def _run_fields(run: Run) -> dict[str, object]:
    return {
        "target": run.target,
        "check": run.check,
        "status": run.status.value,
        "reason": run.reason,
        "cause": run.cause,
        "duration_seconds": _rounded(run.duration_seconds),
        "subject": run.decisive.subject,
        "summary": run.decisive.summary,
        "run_id": run.run_id,
    }


def _round_fields(event: RoundFinished) -> dict[str, object]:
    counts = {f"runs_{status.value}": event.statuses.get(status, 0) for status in Status}
    return {
        "target": event.target,
        "round_id": event.round_id,
        "duration_seconds": _rounded(event.duration_seconds),
        "lag_seconds": _rounded(event.lag_seconds),
        "generation": event.plan_generation,
        **counts,
    }


def _change_fields(event: CheckChanged) -> dict[str, object]:
    decisive = event.run.decisive
    return {
        "target": event.target,
        "check": event.check,
        "before": event.before.value if event.before else None,
        "after": event.after.value,
        "reason": event.reason,
        "cause": event.cause,
        "subject": decisive.subject,
        "summary": decisive.summary,
        "fix": decisive.fix.text if decisive.fix else None,
        "run_id": event.run.run_id,
    }


def _incident_fields(incident: Incident) -> Mapping[str, object]:
    return {
        "incident": incident.id,
        "cause": incident.cause,
        "subject": incident.subject,
        "status": incident.status.value,
        "reason": incident.reason,
        "summary": incident.summary,
        "fix": incident.fix.text if incident.fix else None,
        "target_count": len(incident.targets),
        "targets": list(incident.targets[:_LISTED_TARGETS]),
        "blocked_count": sum(len(checks) for checks in incident.blocked.values()),
        "since": timestamp(incident.since),
    }


def _rounded(seconds: float) -> float:
    return round(seconds, 6)
