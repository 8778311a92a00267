"""What libraries, and threads that fail, have to say: as lines of our own log."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from healthcheck.surfaces.documents import timestamp

_OUR_LOGGERS = "healthcheck"
_TOLD_BY_CHECKS = ("botocore.credentials", "botocore.tokens")
"""Libraries' loggers that tell, with a traceback at each attempt, what is some check's verdict here."""

_RECORD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Logger(Protocol):
    """Where the lines go."""

    def log(self, level: int, event: str, *args: Any, **kw: Any) -> Any:
        """Write a line."""


class _FromLibraries(logging.Handler):
    """Turns records of the standard library's logging into lines.

    Our own loggers name the event in the message and its fields in `extra`. Of other people's, the text is a
    field and the event says whose it is.
    """

    def __init__(self, logger: Logger) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, object] = {
            name: value for name, value in vars(record).items() if name not in _RECORD_FIELDS and name != "event"
        }
        if record.name.partition(".")[0] == _OUR_LOGGERS:
            event = record.getMessage()
        else:
            event = "library.logged"
            fields = {"logger": record.name, "message": record.getMessage()}
        if record.exc_info and record.exc_info[0] is not None:
            kind, error, trace = record.exc_info
            fields["exception"] = f"{kind.__name__}: {error}"
            fields["traceback"] = "".join(traceback.format_exception(kind, error, trace))
        fields["timestamp"] = timestamp(datetime.fromtimestamp(record.created, UTC))
        self._logger.log(record.levelno, event, **fields)


def route_libraries(logger: Logger, level: int) -> Callable[[], None]:
    """Send the standard library's logging and warnings to the logger; return what undoes it."""
    root, ours = logging.getLogger(), logging.getLogger(_OUR_LOGGERS)
    handlers, root_level, our_level = root.handlers[:], root.level, ours.level
    root.handlers[:] = [_FromLibraries(logger)]
    root.setLevel(max(level, logging.WARNING) if level > logging.DEBUG else logging.INFO)
    ours.setLevel(level)
    logging.captureWarnings(capture=True)
    quiet = {logger: logger.level for logger in map(logging.getLogger, _TOLD_BY_CHECKS)}
    for library in quiet:
        library.setLevel(max(level, logging.ERROR) if level > logging.DEBUG else logging.INFO)
    thread_hook = threading.excepthook
    threading.excepthook = _tell_of_thread

    def restore() -> None:
        threading.excepthook = thread_hook
        logging.captureWarnings(capture=False)
        root.handlers[:] = handlers
        root.setLevel(root_level)
        ours.setLevel(our_level)
        for library, library_level in quiet.items():
            library.setLevel(library_level)

    return restore


def _tell_of_thread(failed: threading.ExceptHookArgs) -> None:
    """Log the end of a thread by a mistake; Python would print its traceback as it is, secrets and all."""
    if failed.exc_value is None or failed.exc_type is SystemExit:
        return
    name = failed.thread.name if failed.thread else None
    reason = (failed.exc_type, failed.exc_value, failed.exc_traceback)
    logging.getLogger(__name__).critical("thread.failed", exc_info=reason, extra={"thread_name": name})
