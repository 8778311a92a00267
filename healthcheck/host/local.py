"""The capability `Host` for the machine that this process runs on."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path

from healthcheck.capabilities import Endpoint, Host, Reach
from healthcheck.host.files import Files
from healthcheck.host.reaching import Patience, look

REMEMBERED_SECONDS = 30.0
"""How long one look at an endpoint serves everybody: all targets of a region share its endpoints."""

FAILURE_REMEMBERED_SECONDS = 1.0
"""The same for a look that failed: long enough for targets that ask together, too short for the look that confirms."""


class LocalHost(Host):
    """This machine.

    Args:
        environ: the environment variables.
        home: the user's home directory; none = as the environment says.
        clock: the time that the servers' dates are compared with.
        monotonic: the clock by which looks are forgotten.
        patience: how long each step of a look may take.
        remembered_seconds: how long one look at an endpoint serves everybody, if an answer came.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        home: Path | None = None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        patience: Patience | None = None,
        remembered_seconds: float = REMEMBERED_SECONDS,
    ) -> None:
        self._environ = environ
        self._home = home
        self._clock = clock
        self._monotonic = monotonic
        self._patience = patience or Patience()
        self._remembered_seconds = remembered_seconds
        self._files = Files()
        self._lock = threading.Lock()
        self._looks: dict[Endpoint, tuple[float, Future[Reach]]] = {}

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables of this process."""
        return self._environ

    @property
    def home(self) -> Path:
        """The user's home directory; `~` itself, where there is none."""
        if self._home is not None:
            return self._home
        # As botocore does it: services and containers may run as a user that no list has, who has no home, and for
        # whom Path.home() raises.
        return Path(self._environ.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111

    def read_bytes(self, path: Path, limit: int = 1_048_576) -> bytes:
        """Return at most `limit` bytes of a file; raise OSError as `open` does."""
        return self._files.read(path, limit)

    def reach(self, endpoint: Endpoint, *, max_age_seconds: float = REMEMBERED_SECONDS) -> Reach:
        """Look up, connect to, and ask an endpoint for its headers, or tell what somebody else just saw."""
        now = self._monotonic()
        with self._lock:
            known = self._looks.get(endpoint)
            if known is None or now - known[0] > max_age_seconds or not self._still_counts(*known, now):
                known = None
                mine: Future[Reach] = Future()
                self._looks = {other: look for other, look in self._looks.items() if self._still_counts(*look, now)}
                self._looks[endpoint] = (now, mine)
        if known is not None:
            return known[1].result()
        try:
            mine.set_result(look(endpoint, self._environ, self._clock, self._patience))
        except BaseException as error:
            # Nobody may wait for ever for a look that a Ctrl-C ended.
            with self._lock:
                self._looks.pop(endpoint, None)
            mine.set_exception(error)
            raise
        return mine.result()

    def _still_counts(self, began: float, look: Future[Reach], now: float) -> bool:
        """Whether a look serves others, too: a failed one only those who ask with it, so that mending shows at once."""
        if now - began >= self._remembered_seconds:
            return False
        return not look.done() or now - began < FAILURE_REMEMBERED_SECONDS or look.result().is_reached
