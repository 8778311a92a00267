"""The world of faults: an imitation of AWS over HTTP, with a newcomer's set-up in it that can be broken.

`start()` runs it in a process of its own and returns a `WorldClient` to break and mend with; `client()` writes the
AWS files and settings with which the healthcheck reaches it. ``python -m healthcheck.testing.world`` does the same
from a shell. It needs moto: the extra ``[demo]``.
"""

from __future__ import annotations

from healthcheck.testing.world.client import Client
from healthcheck.testing.world.faults import FAULTS, Fault, UnknownFault
from healthcheck.testing.world.remote import WorldClient, WorldFailed, start

__all__ = ["FAULTS", "Client", "Fault", "UnknownFault", "WorldClient", "WorldFailed", "start"]
