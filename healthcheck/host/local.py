"""The capability `Host` for the machine that this process runs on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path

from healthcheck.capabilities import Endpoint, Host, Reach
from healthcheck.host.reaching import Patience, look

REMEMBERED_SECONDS = 30.0
"""How long one look at an endpoint serves everybody: all targets of a region share its endpoints."""


class LocalHost(Host):
    """This machine.

    Args:
        environ: the environment variables.
        home: the user's home directory; none = as the environment says.
        clock: the time that the servers' dates are compared with.
        monotonic: the clock by which looks are forgotten.
        patience: how long each step of a look may take.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        home: Path | None = None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        patience: Patience | None = None,
    ) -> None:
        self._environ = environ
        self._home = home
        self._clock = clock
        self._monotonic = monotonic
        self._patience = patience or Patience()
        self._lock = threading.Lock()
        self._looks: dict[Endpoint, tuple[float, Future[Reach]]] = {}

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables of this process."""
        return self._environ

    @property
    def home(self) -> Path:
        """The user's home directory."""
        if self._home is not None:
            return self._home
        home = self._environ.get("HOME")
        return Path(home) if home else Path.home()

    def read_bytes(self, path: Path, limit: int = 1_048_576) -> bytes:
        """Return at most `limit` bytes of a file; raise OSError as `open` does."""
        with path.open("rb") as file:
            return file.read(limit)

    def reach(self, endpoint: Endpoint) -> Reach:
        """Look up, connect to, and ask an endpoint for its headers, or tell what somebody else just saw."""
        now = self._monotonic()
        with self._lock:
            self._looks = {other: look for other, look in self._looks.items() if now - look[0] < REMEMBERED_SECONDS}
            known = self._looks.get(endpoint)
            if known is None:
                mine: Future[Reach] = Future()
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
