"""The machine that the daemon runs on: its environment, its files, and its way to the network."""

from __future__ import annotations

from healthcheck.host.local import LocalHost

__all__ = ["LocalHost"]
