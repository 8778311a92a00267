"""The text format that Prometheus reads, version 0.0.4: families, samples, escaping. Pure text, no state."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

PREFIX = "sagemaker_healthcheck_"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_LABEL_VALUE_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
_HELP_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n"})
_NOT_IN_A_LABEL_NAME = re.compile(r"[^a-zA-Z0-9_]")
# From here on every integer is not a float of its own, so that writing one as an integer would claim too much.
_LAST_EXACT_INTEGER = 2**53


class Kind(Enum):
    """A family's type, in Prometheus's words."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


class Per(Enum):
    """What a family has series for, which decides who renders it."""

    TARGET = "target"
    """Rendered by us once per change of a target."""
    INCIDENT = "incident"
    """Rendered by us once per change of an incident."""
    PROCESS = "process"
    """Rendered by prometheus_client at each scrape; few, and not per target."""


@dataclass(frozen=True, slots=True)
class Family:
    """A metric as declared: its name, type, help and labels are promises to other programs."""

    short_name: str
    """Without the prefix."""
    kind: Kind
    help: str
    labels: tuple[str, ...]
    per: Per

    @property
    def name(self) -> str:
        """The full name."""
        return PREFIX + self.short_name

    @property
    def header(self) -> bytes:
        """The HELP and TYPE lines."""
        text = self.help.translate(_HELP_ESCAPES)
        return f"# HELP {self.name} {text}\n# TYPE {self.name} {self.kind.value}\n".encode()


def escaped(value: str) -> str:
    """Return a label value as it stands between its quotation marks."""
    return value.translate(_LABEL_VALUE_ESCAPES)


def number(value: float) -> str:
    """Return a sample's value; every float comes back as itself when read."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value == int(value) and abs(value) < _LAST_EXACT_INTEGER:
        return str(int(value))
    return repr(float(value))


def sample(family: Family, labels: Iterable[tuple[str, str]], value: float) -> str:
    """Return one line, with its newline."""
    inside = ",".join(f'{name}="{escaped(text)}"' for name, text in labels)
    return f"{family.name}{{{inside}}} {number(value)}\n"


def user_labels(labels: Mapping[str, str], *, reserved: Iterable[str]) -> list[tuple[str, str]]:
    """Turn a user's labels into ones that Prometheus accepts and that hide none of ours.

    What is not a letter, digit or underscore becomes an underscore; a name that is reserved, already taken
    or begins as Prometheus's own do gets ``label_`` before it, as kube-state-metrics does.
    """
    taken = set(reserved)
    accepted = []
    for original in sorted(labels):
        name = _NOT_IN_A_LABEL_NAME.sub("_", original)
        if not name or name[0].isdigit() or name.startswith("__") or name in taken:
            name = f"label_{name}"
        while name in taken:
            name += "_"
        taken.add(name)
        accepted.append((name, labels[original]))
    return accepted
