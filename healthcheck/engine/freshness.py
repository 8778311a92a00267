"""The host as a check of one round sees it: what was seen before the round allows is seen anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from healthcheck.capabilities import Endpoint, Host, Reach


class FreshHost(Host):
    """A host whose looks at endpoints are no older than a number of seconds."""

    def __init__(self, host: Host, max_age_seconds: float) -> None:
        self._host = host
        self._max_age_seconds = max_age_seconds

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables of this process."""
        return self._host.environ

    @property
    def home(self) -> Path:
        """The user's home directory."""
        return self._host.home

    def read_bytes(self, path: Path, limit: int = 1_048_576) -> bytes:
        """Return at most `limit` bytes of a file; raise OSError as `open` does."""
        return self._host.read_bytes(path, limit)

    def reach(self, endpoint: Endpoint, *, max_age_seconds: float = 30.0) -> Reach:
        """Go as far as it goes, or tell what was seen within the age."""
        return self._host.reach(endpoint, max_age_seconds=min(max_age_seconds, self._max_age_seconds))
