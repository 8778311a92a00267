"""What the one who started this process is told: systemd's sd_notify protocol, in the standard library.

Source: https://www.freedesktop.org/software/systemd/man/252/sd_notify.html (read 2026-11-22).
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

LOG_EVENTS = ("supervisor.unheard",)
"""Names of the events that are logged here; they are promises to other programs."""

_STATUS_SECONDS = 10.0
_FEEDS_PER_LIMIT = 3
"""systemd advises two; with three, one that comes late under load is no reason to be killed."""
_LONGEST_SEND_SECONDS = 1.0

_LOG = logging.getLogger(__name__)


class Supervisor:
    """Whoever supervises this process and wants to hear of it; without one, nothing is said to nobody.

    Entered by the command that owns the daemon, once the daemon can be asked how it is; while it is entered, a
    thread says how things stand and feeds the watchdog. Its methods may be called from any thread.
    """

    def __init__(
        self, environ: Mapping[str, str], *, is_healthy: Callable[[], bool], status: Callable[[], str]
    ) -> None:
        """Find the supervisor in the environment.

        Args:
            environ: the environment of this process, with NOTIFY_SOCKET and WATCHDOG_USEC if somebody supervises it.
            is_healthy: whether the watchdog may be fed.
            status: one line about how things stand, for `systemctl status`.
        """
        self._address = environ.get("NOTIFY_SOCKET", "")
        self._limit_seconds = _watchdog_seconds(environ)
        self._is_healthy = is_healthy
        self._status = status
        self._told = ""
        self._is_heard = True
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Begin to feed the watchdog."""
        if self._address:
            self._thread = threading.Thread(target=self._keep_telling, name="supervision", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Feed it no more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def ready(self) -> None:
        """Say that the daemon listens and looks, for the first time or again."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """Say that settings are being read; `ready` ends it."""
        # systemd tells by the time whether the READY=1 that follows belongs to this (Type=notify-reload).
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """Say that the daemon is on its way out."""
        self._tell("STOPPING=1", "STATUS=Finishing what runs.")

    def tell_how_it_stands(self) -> None:
        """Feed the watchdog if all is well with the daemon itself, and say how things stand if that is news."""
        words = [f"STATUS={status}"] if (status := " ".join(self._status().split())) != self._told else []
        if self._limit_seconds and self._is_healthy():
            words.append("WATCHDOG=1")
        if words:
            self._tell(*words)
        self._told = status

    def _keep_telling(self) -> None:
        pause = self._limit_seconds / _FEEDS_PER_LIMIT if self._limit_seconds else _STATUS_SECONDS
        while not self._stop.is_set():
            self.tell_how_it_stands()
            self._stop.wait(min(pause, _STATUS_SECONDS))

    def _tell(self, *words: str) -> None:
        if not self._address:
            return
        # "@" stands for the zero byte that begins an address in Linux's abstract namespace.
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as ours:
                ours.settimeout(_LONGEST_SEND_SECONDS)
                ours.sendto("\n".join(words).encode(), address)
        except OSError as error:
            # The daemon goes on: a supervisor that does not hear it will see to that itself.
            if self._is_heard:
                _LOG.warning("supervisor.unheard", extra={"socket": self._address, "summary": str(error)})
            self._is_heard = False
        else:
            self._is_heard = True


def _watchdog_seconds(environ: Mapping[str, str]) -> float:
    """Return how long the watchdog waits to be fed; 0 = there is none, or it watches another process."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    limit = environ.get("WATCHDOG_USEC", "")
    return int(limit) / 1e6 if limit.isascii() and limit.isdigit() else 0.0
