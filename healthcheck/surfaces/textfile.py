"""One look as a metrics page: for node_exporter's textfile collector, or a Pushgateway.

It has what one look can know. The daemon's own families are left out: a heartbeat or a lag of something that does
not run would wake somebody. So are the times that only a memory can tell.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable

from healthcheck.check import Check
from healthcheck.engine.snapshot import Snapshot
from healthcheck.surfaces import series
from healthcheck.surfaces.exposition import sample
from healthcheck.surfaces.families import BY_NAME, contributed

_TOLD_BY_MEMORY = tuple(
    BY_NAME[name].name.encode() for name in ("incident_start_timestamp_seconds", "check_last_ok_timestamp_seconds")
)
_FAMILY_OF_PIECE = re.compile(rb"(?:# HELP )?(\w+)")


def render(snapshot: Snapshot, *, version: str, checks: Iterable[Check]) -> str:
    """Return the page of one look.

    Args:
        snapshot: what was seen.
        version: of this program.
        checks: all that there are; contributed ones may have gauges of their own.
    """
    pieces = [
        *series.targets(contributed(checks)).page(snapshot.targets),
        *series.incidents().page(snapshot.incidents),
    ]
    plugins, build = BY_NAME["plugin_failures"], BY_NAME["build_info"]
    labels = (("version", version), ("python", platform.python_version()))
    own = [
        plugins.header.decode() + f"{plugins.name} {len(snapshot.plugin_failures)}\n",
        build.header.decode() + sample(build, labels, 1),
    ]
    return b"".join(piece for piece in pieces if not _is_memory(piece)).decode() + "".join(own)


def _is_memory(piece: bytes) -> bool:
    """Whether a piece, which is of one family, tells of more than this look."""
    found = _FAMILY_OF_PIECE.match(piece)
    return found is not None and found[1] in _TOLD_BY_MEMORY
