"""The doctor's words for a terminal: a tree by root cause with fixes to paste, and one line for Nagios.

Pure text from a snapshot. Signs and lines fall back to ASCII where the terminal's encoding has none.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from datetime import timedelta

from healthcheck.engine.snapshot import CheckState, Incident, Snapshot, TargetState
from healthcheck.registry import Registry
from healthcheck.result import SEVERITY, Fix, Json, Status
from healthcheck.run import Run
from healthcheck.surfaces.evidence import facts
from healthcheck.surfaces.paint import Paint
from healthcheck.surfaces.words import count, counts, headline, listed, verdict

_LABEL_WIDTH = 10
_INDENT = 2
_NARROWEST = 40
_NAMED_TARGETS = 6
_BRANCHES = 12
_WITH_CHECKS = 8
"""So many targets are shown check by check; of more, only those that are not fine."""


def render(snapshot: Snapshot, *, colour: bool, width: int, registry: Registry, encoding: str = "utf-8") -> str:
    """Return incidents, most severe first, with their fixes; then how each target stands; then the sum of it.

    Args:
        snapshot: what to tell.
        colour: whether to colour; signs and words say the same.
        width: columns to wrap sentences at. Commands and policies are never wrapped: they are to be pasted.
        registry: where the reasons behind checks are documented.
        encoding: of the terminal or file that this goes to; what it cannot show is replaced.
    """
    paint = Paint(colour=colour, encoding=encoding)
    page = _Page(paint, max(width, _NARROWEST))
    evidence = _evidence_of(snapshot)
    for incident in snapshot.incidents:
        why = registry.get(incident.cause).documentation.why if incident.cause in registry else ""
        page.incident(incident, why, evidence.get((incident.cause, incident.subject), {}))
    page.targets(snapshot.targets)
    page.sum(snapshot)
    return paint.encodable("\n".join(page.lines))


def progress_line(run: Run, *, colour: bool = False, encoding: str = "utf-8") -> str:
    """Return one line about a run that has just ended."""
    paint = Paint(colour=colour, encoding=encoding)
    return paint.encodable(f"{paint.sign(run.status)} {run.target}  {paint.bold(run.check)}  {run.status.value}")


class _Page:
    """Lines in the making."""

    def __init__(self, paint: Paint, width: int) -> None:
        self.lines: list[str] = []
        self._paint = paint
        self._width = width

    def incident(self, incident: Incident, why: str, evidence: Mapping[str, Json]) -> None:
        reason = f"  {incident.reason}" if incident.reason else ""
        self._head(incident.status, incident.cause, reason)
        self._wrapped(headline(incident), _INDENT)
        self._gap()
        self._labelled("subject", incident.subject)
        if incident.targets:
            self._labelled("seen on", listed(incident.targets, _NAMED_TARGETS))
        # What a check is for does not explain why it could not look.
        if why and incident.status is not Status.UNKNOWN:
            self._labelled("why", why)
        for index, fact in enumerate(facts(evidence)):
            self._labelled("" if index else "evidence", fact)
        self._blocked(incident)
        if incident.fix is not None:
            self._fix(incident.fix)
        self._gap()

    def targets(self, targets: Sequence[TargetState]) -> None:
        widths = (
            max((len(state.target.name) for state in targets), default=0),
            max((len(state.account or "") for state in targets), default=0),
        )
        shown = sorted(targets, key=lambda state: -SEVERITY.index(state.status))
        few = len(shown) <= _WITH_CHECKS
        fine = 0
        for state in shown:
            if not few and state.status in (Status.OK, Status.SKIPPED):
                fine += 1
                continue
            self._target(state, *widths)
            if few:
                self._checks(state.checks)
        # Where all are, the sum says so.
        if fine and fine < len(shown):
            self.lines.append(f"{self._paint.sign(Status.OK)} {count(fine, 'further target')} in order")
        self._gap()

    def sum(self, snapshot: Snapshot) -> None:
        checks = [check.status for state in snapshot.targets for check in state.checks]
        tally = ", ".join(f"{number:,} {status.value}" for status, number in counts(checks))
        took = _precise(snapshot.taken - snapshot.started)
        sentence = self._paint.status(snapshot.status, f"{self._paint.symbol(snapshot.status)} {verdict(snapshot)}.")
        self.lines.append(
            f"{sentence} {count(len(snapshot.targets), 'target')}, {count(len(checks), 'check')} in {took}"
            + (f": {tally}." if tally else ".")
        )

    def _head(self, status: Status, name: str, rest: str) -> None:
        word = self._paint.status(status, f"{self._paint.symbol(status)} {status.value.upper()}")
        self.lines.append(f"{word}  {self._paint.bold(name)}{self._paint.dim(rest)}")

    def _gap(self) -> None:
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def _wrapped(self, text: str, indent: int) -> None:
        self.lines.extend(" " * indent + line for line in self._folded(text, indent))

    def _folded(self, text: str, indent: int) -> list[str]:
        cleaned = self._paint.cleaned(text)
        room = max(self._width - indent, _NARROWEST // 2)
        return textwrap.wrap(cleaned, room, break_long_words=False, break_on_hyphens=False)

    def _labelled(self, label: str, text: str) -> None:
        indent = _INDENT + _LABEL_WIDTH
        hanging = "  " if text.startswith("- ") else ""
        for index, line in enumerate(self._folded(text, indent + len(hanging)) or [""]):
            lead = self._paint.dim(f"{label if index == 0 else '':<{_LABEL_WIDTH}}")
            self.lines.append(" " * _INDENT + lead + (hanging if index else "") + line)

    def _blocked(self, incident: Incident) -> None:
        branches = [(target, checks) for target, checks in incident.blocked.items() if checks]
        if not branches:
            return
        total = sum(len(checks) for _, checks in branches)
        where = f"{count(total, 'check')} on {count(len(branches), 'target')}"
        # What is unseen blocks nobody; others that miss the same have joined it.
        is_unseen = incident.status is Status.UNKNOWN
        self._labelled("also" if is_unseen else "blocks", f"unseen: {where}" if is_unseen else where)
        shown = [f"{target}: {', '.join(checks)}" for target, checks in branches[:_BRANCHES]]
        if len(branches) > _BRANCHES:
            shown.append(f"{len(branches) - _BRANCHES:,} more")
        for index, branch in enumerate(shown):
            twig, below = self._paint.branch(is_last=index == len(shown) - 1)
            indent = _INDENT + _LABEL_WIDTH
            for number, line in enumerate(self._folded(branch, indent + len(twig))):
                self.lines.append(" " * indent + self._paint.dim(below if number else twig) + line)

    def _fix(self, fix: Fix) -> None:
        self._gap()
        self._labelled("fix", fix.text)
        if fix.commands:
            self._gap()
            self._pasted("\n".join(fix.commands))
        if fix.policy is not None:
            self._gap()
            self._pasted(json.dumps(fix.policy, indent=2, ensure_ascii=False, default=dict))
        if fix.link:
            self._gap()
            self._labelled("more", fix.link)

    def _pasted(self, text: str) -> None:
        # Not wrapped and only indented, so that the terminal's own selection gives back what was meant.
        self.lines.extend(
            "    " + self._paint.command(self._paint.cleaned(line)) if line else "" for line in text.splitlines()
        )

    def _target(self, state: TargetState, name_width: int, account_width: int) -> None:
        tally = ", ".join(
            f"{number} {status.value}" for status, number in counts(check.status for check in state.checks)
        )
        account = f"  {state.account or '':<{account_width}}" if account_width else ""
        name = self._paint.cleaned(state.target.name)
        self.lines.append(
            f"{self._paint.sign(state.status)} {self._paint.bold(f'{name:<{name_width}}')}"
            f"{self._paint.dim(account)}  {tally or 'no checks'}"
        )

    def _checks(self, checks: Sequence[CheckState]) -> None:
        by_subject: dict[str, list[CheckState]] = {}
        for check in checks:
            by_subject.setdefault(check.check.partition(".")[0], []).append(check)
        widest = max((len(subject) for subject in by_subject), default=0)
        for subject, members in by_subject.items():
            words = [(self._paint.symbol(check.status), check) for check in members]
            plain = [f"{sign} {check.check.partition('.')[2]}" for sign, check in words]
            painted = [self._paint.status(check.status, text) for (_, check), text in zip(words, plain, strict=True)]
            lead = " " * _INDENT + self._paint.dim(f"{subject:<{widest}}")
            for line in _rows(plain, painted, self._width - _INDENT - widest - 2):
                self.lines.append(f"{lead}  {line}")
                lead = " " * (_INDENT + widest)


def _rows(plain: Sequence[str], painted: Sequence[str], room: int) -> list[str]:
    """Fill rows with words whose length is not that of their coloured text."""
    rows: list[list[str]] = [[]]
    used = 0
    for text, shown in zip(plain, painted, strict=True):
        if rows[-1] and used + len(text) > room:
            rows.append([])
            used = 0
        rows[-1].append(shown)
        used += len(text) + 2
    return ["  ".join(row) for row in rows]


def in_short(snapshot: Snapshot) -> str:
    """Return a line with how it stands, and the most severe incident."""
    first = snapshot.incidents[0] if snapshot.incidents else None
    because = f": {first.cause} {first.reason or first.status.value} on {first.subject}" if first else ""
    more = len(snapshot.incidents) - 1
    others = f" and {count(more, 'more incident')}" if more > 0 else ""
    return _one_line(f"{verdict(snapshot)}{because}{others}")


def nagios(snapshot: Snapshot) -> str:
    """Return a plugin's output: one line with the verdict, a line per incident, and performance data.

    After the pipe stand the numbers of targets by status and how long it took, as the guidelines of
    monitoring-plugins.org have it; the exit code is the caller's.
    """
    head = f"SAGEMAKER {_NAGIOS_WORDS[snapshot.status]} - {in_short(snapshot)}"
    statuses = dict.fromkeys((Status.OK, Status.WARNING, Status.CRITICAL, Status.UNKNOWN), 0)
    for state in snapshot.targets:
        statuses[state.status if state.status in statuses else Status.OK] += 1
    total = len(snapshot.targets)
    data = [f"targets_{status.value}={number};;;0;{total}" for status, number in statuses.items()]
    data.append(f"incidents={len(snapshot.incidents)};;;0")
    data.append(f"duration={(snapshot.taken - snapshot.started).total_seconds():.3f}s;;;0")
    body = [
        _one_line(
            f"{incident.status.value.upper()} {incident.cause} on {count(len(incident.targets), 'target')}: "
            f"{incident.summary.rstrip('.')}.{f' Fix: {incident.fix.text}' if incident.fix else ''}"
        )
        for incident in snapshot.incidents
    ]
    return "\n".join([f"{head} | {' '.join(data)}", *body])


_NAGIOS_WORDS = {
    Status.OK: "OK",
    Status.WARNING: "WARNING",
    Status.CRITICAL: "CRITICAL",
    Status.UNKNOWN: "UNKNOWN",
    # Nothing is blocked but by something worse; should it stand alone, or nothing apply, nobody saw health.
    Status.BLOCKED: "UNKNOWN",
    Status.SKIPPED: "UNKNOWN",
}


def _one_line(text: str) -> str:
    """Return a text without line breaks, other control characters, or pipes, which begin performance data."""
    return " ".join(Paint(colour=False, encoding="utf-8").cleaned(text).replace("|", "/").split())


def _evidence_of(snapshot: Snapshot) -> dict[tuple[str, str], Mapping[str, Json]]:
    """Return what the verdicts rest on, by check and subject; of several targets, the first one's."""
    found: dict[tuple[str, str], Mapping[str, Json]] = {}
    for state in snapshot.targets:
        for check in state.checks:
            for result in check.run.results if check.run else ():
                if result.status.needs_action:
                    found.setdefault((check.check, result.subject), result.evidence)
    return found


def _precise(time: timedelta) -> str:
    return f"{time.total_seconds():.1f} s"
