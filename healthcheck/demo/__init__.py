"""The demo: the real daemon against an imitation of AWS on this machine, with targets of which some are broken."""

from __future__ import annotations

from healthcheck.demo.errors import DemoError
from healthcheck.demo.running import Wish, run

__all__ = ["DemoError", "Wish", "run"]
