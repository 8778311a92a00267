"""The series of targets and incidents as text, rendered once per change.

Measured with 100,000 series: one Gauge child each makes a scrape cost 0.8 s of the interpreter; lines that
are kept per target and joined family by family cost a hundredth of that, and a target that is gone takes
its lines with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from healthcheck.engine.snapshot import CheckState, Incident, TargetState
from healthcheck.result import Status
from healthcheck.surfaces.exposition import Family, Per, escaped, number, sample, user_labels
from healthcheck.surfaces.families import BY_NAME, FAMILIES

Lines = tuple[bytes, ...]
"""One thing's lines, a piece for each family of its kind, in the families' order."""

_STATUS = BY_NAME["check_status"]
_FAILURE = BY_NAME["check_failure_info"]
_LAST_OK = BY_NAME["check_last_ok_timestamp_seconds"]
_INFO = BY_NAME["target_info"]

# In these a check says nothing bad: everything else is a failure with a reason and a cause.
_QUIET = frozenset({Status.OK, Status.SKIPPED})

_OWN_TARGET_FAMILIES = tuple(family for family in FAMILIES if family.per is Per.TARGET)
INCIDENT_FAMILIES = tuple(family for family in FAMILIES if family.per is Per.INCIDENT)

Thing = TypeVar("Thing")


class Rendered(Generic[Thing]):
    """The lines of all things of one kind; each is rendered anew only when it is another object than before."""

    def __init__(
        self, families: Sequence[Family], key: Callable[[Thing], str], lines: Callable[[Thing], Lines]
    ) -> None:
        self._families = families
        self._key = key
        self._lines = lines
        self._kept: dict[str, tuple[Thing, Lines]] = {}

    def page(self, things: Iterable[Thing]) -> list[bytes]:
        """Return headers and lines, family by family; what is not among the things is forgotten."""
        before, key, lines = self._kept, self._key, self._lines
        now: dict[str, tuple[Thing, Lines]] = {}
        for thing in things:
            name = key(thing)
            kept = before.get(name)
            now[name] = kept if kept is not None and kept[0] is thing else (thing, lines(thing))
        self._kept = now
        pieces: list[bytes] = []
        for index, family in enumerate(self._families):
            pieces.append(family.header)
            pieces.extend(rendered[index] for _, rendered in now.values())
        return pieces


def targets(contributed: Iterable[Family] = ()) -> Rendered[TargetState]:
    """Return a renderer of targets; contributed families follow those of the table."""
    families = (*_OWN_TARGET_FAMILIES, *contributed)

    def lines(state: TargetState) -> Lines:
        return target_lines(state, families)

    return Rendered(families, lambda state: state.target.name, lines)


def incidents() -> Rendered[Incident]:
    """Return a renderer of incidents."""
    return Rendered(INCIDENT_FAMILIES, lambda incident: incident.id, incident_lines)


def target_lines(state: TargetState, families: Iterable[Family]) -> Lines:
    """Render one target: its checks, itself, and the gauges that its checks reported."""
    target = (("target", state.target.name),)
    by_family: dict[str, str] = {
        **_check_lines(state),
        "target_status": sample(BY_NAME["target_status"], target, state.status.code),
        "target_info": _target_info(state),
    }
    if state.last_round is not None:
        by_family["target_last_round_timestamp_seconds"] = sample(
            BY_NAME["target_last_round_timestamp_seconds"], target, state.last_round.timestamp()
        )
    lines = []
    for family in families:
        text = by_family.get(family.short_name)
        if text is None:
            value = state.gauges.get(family.short_name)
            text = "" if value is None else sample(family, target, value)
        lines.append(text.encode())
    return tuple(lines)


def incident_lines(incident: Incident) -> Lines:
    """Render one incident."""
    info, targets, start, target_info = INCIDENT_FAMILIES
    name = ("incident", incident.id)
    labels = (name, ("cause", incident.cause), ("reason", incident.reason or ""), ("status", incident.status.value))
    return (
        sample(info, labels, 1).encode(),
        sample(targets, (name,), len(incident.targets)).encode(),
        sample(start, (name,), incident.since.timestamp()).encode(),
        "".join(sample(target_info, (name, ("target", target)), 1) for target in incident.targets).encode(),
    )


def root_of(check: CheckState) -> str:
    """Return the root check behind one that is not ok: what blocks it, what it joined, else itself."""
    if check.cause is not None:
        return check.cause
    if check.status is Status.UNKNOWN and check.run is not None and check.run.joins is not None:
        return check.run.joins.check
    return check.check


def _check_lines(state: TargetState) -> dict[str, str]:
    # Written out rather than through `sample`: these are most of a page of 100,000 lines.
    target = escaped(state.target.name)
    statuses, failures, last_oks = [], [], []
    for check in state.checks:
        labels = f'target="{target}",check="{escaped(check.check)}"'
        statuses.append(f"{_STATUS.name}{{{labels}}} {check.status.code}\n")
        if check.status in _QUIET:
            continue
        reason = escaped(check.reason or check.status.value)
        failures.append(f'{_FAILURE.name}{{{labels},reason="{reason}",cause="{escaped(root_of(check))}"}} 1\n')
        if check.last_ok is not None:
            last_oks.append(f"{_LAST_OK.name}{{{labels}}} {number(check.last_ok.timestamp())}\n")
    return {
        _STATUS.short_name: "".join(statuses),
        _FAILURE.short_name: "".join(failures),
        _LAST_OK.short_name: "".join(last_oks),
    }


def _target_info(state: TargetState) -> str:
    own = [
        ("target", state.target.name),
        ("account", state.account or ""),
        ("region", state.target.region or ""),
    ]
    return sample(_INFO, [*own, *user_labels(state.target.labels, reserved=(name for name, _ in own))], 1)
