"""``python -m benchmarks``: every figure is a ratio within one run, beside the target that it is held to."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType

from benchmarks import calls, memory, page, schedule, startup, sweeps
from benchmarks.bench import Endpoint, Measurement, endpoint

MEASUREMENTS: Mapping[str, Callable[[Endpoint], Iterable[Measurement]]] = MappingProxyType(
    {
        "help": startup.help_page,
        "doctor": startup.doctor,
        "calls": calls.per_call,
        "round": sweeps.one_target,
        "regions": sweeps.shared_role,
        "fleet": sweeps.many_targets,
        "throttled": sweeps.throttled,
        "page": page.page,
        "memory": memory.per_target,
        "schedule": schedule.schedule,
        "daemon": memory.daemon,
    }
)
"""In order of how long they take: seconds at first, minutes at last."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and return 1 when a target that must be met is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure: {', '.join(MEASUREMENTS)}")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    wanted = parser.parse_args(arguments)
    unknown = sorted(set(wanted.names) - set(MEASUREMENTS))
    if unknown:
        parser.error(f"no such measurement: {', '.join(unknown)}; there are {', '.join(MEASUREMENTS)}")
    found = list(_measure(wanted.names or tuple(MEASUREMENTS)))
    if wanted.json:
        print(json.dumps([asdict(one) | {"verdict": one.verdict} for one in found], indent=2))
    else:
        print(table(found))
    return int(any(one.verdict == "MISSED" for one in found))


def _measure(names: Sequence[str]) -> Iterable[Measurement]:
    with endpoint() as aws:
        for name in names:
            began = time.monotonic()
            print(f"{name} …", file=sys.stderr, end=" ", flush=True)
            measured = tuple(MEASUREMENTS[name](aws))
            words = ", ".join(f"{one.value:.3g} {one.verdict}" for one in measured) or "cannot be measured here"
            print(f"{words} ({time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)
            yield from measured


def table(measurements: Sequence[Measurement]) -> str:
    """Return the measurements as a table."""
    rows = [("what", "value", "must", "beyond", "", "measured")]
    rows += [
        (one.goal, f"{one.value:.3g}", f"≤ {one.must:g}", f"≤ {one.beyond:g}", one.verdict, one.detail)
        for one in measurements
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return "\n".join("  ".join([*map(str.ljust, row, widths), row[-1]]).rstrip() for row in rows)


if __name__ == "__main__":
    sys.exit(main())
