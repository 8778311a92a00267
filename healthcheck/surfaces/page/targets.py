"""The targets: a strip of signs each, and behind it every check with what it saw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby

from healthcheck.engine.snapshot import CheckState, Snapshot, TargetState
from healthcheck.result import SEVERITY, Status
from healthcheck.surfaces.page.parts import badge, code, escape, moment
from healthcheck.surfaces.page.view import View
from healthcheck.surfaces.words import SYMBOLS, count, counts

_PER_PAGE = 100
_FEW = 20
"""Up to so many targets on a page, each check has a row; above, those that are fine share one."""

_FINE = (Status.OK, Status.SKIPPED)


def section(snapshot: Snapshot, view: View, now: datetime) -> str:
    """Return the page of targets that the view asks for, the most severe first."""
    found = [state for state in snapshot.targets if view.matches(state.target.name, state.account or "")]
    found.sort(key=lambda state: -SEVERITY.index(state.status))
    pages = max(-(-len(found) // _PER_PAGE), 1)
    page = min(view.page, pages)
    shown = found[(page - 1) * _PER_PAGE : page * _PER_PAGE]
    heading = count(len(snapshot.targets), "target")
    if view.query:
        heading = f"{len(found):,} of {heading}"
    body = "".join(_target(state, now, briefly=len(shown) > _FEW) for state in shown)
    if not shown and view.query:
        body = f'<p class="quiet">No name and no account holds “{escape(view.query)}”.</p>'
    return (
        f'<section aria-labelledby="targets"><div class="heading"><h2 id="targets">{heading}</h2>'
        f"{_filter(view) if len(snapshot.targets) > 1 else ''}</div>{body}{_pages(view, page, pages)}</section>"
    )


def _filter(view: View) -> str:
    refresh = "" if view.refreshes else '<input type="hidden" name="refresh" value="off">'
    clear = f' <a href="{escape(type(view)(refreshes=view.refreshes).address)}">clear</a>' if view.query else ""
    return (
        f'<form role="search"><label>Find <input type="search" name="q" value="{escape(view.query)}" '
        f'placeholder="name, account or incident" maxlength="200"></label>{refresh}<button>Find</button>{clear}</form>'
    )


def _pages(view: View, page: int, pages: int) -> str:
    if pages == 1:
        return ""
    before = f'<a rel="prev" href="{escape(view.at(page - 1).address)}">← before</a>' if page > 1 else "<span></span>"
    after = f'<a rel="next" href="{escape(view.at(page + 1).address)}">next →</a>' if page < pages else "<span></span>"
    return f'<nav aria-label="Pages of targets">{before}<span>page {page:,} of {pages:,}</span>{after}</nav>'


def _target(state: TargetState, now: datetime, *, briefly: bool) -> str:
    where = " · ".join(escape(part) for part in (state.account, state.target.region) if part)
    looked = "not looked at yet" if state.last_round is None else f"looked at {moment(state.last_round, now, ago=True)}"
    tally = ", ".join(f"{number} {status.value}" for status, number in counts(check.status for check in state.checks))
    return (
        f'<details class="target {state.status.value}"><summary>{badge(state.status)}'
        f'<span class="name">{escape(state.target.name)}</span><span class="where">{where}</span>'
        f"{_strip(state.checks)}</summary>"
        f'<p class="quiet">{tally or "no checks"}; {looked}{_labels(state)}</p>'
        f"{_table(state, now, briefly=briefly)}</details>"
    )


def _labels(state: TargetState) -> str:
    return "".join(f" · {escape(name)}={escape(value)}" for name, value in sorted(state.target.labels.items()))


def _strip(checks: Sequence[CheckState]) -> str:
    """Return one sign per check, grouped by subject; the row's own words say the same to those who cannot see it."""
    order = {subject: index for index, subject in enumerate(dict.fromkeys(_subject(check) for check in checks))}
    together = sorted(checks, key=lambda check: order[_subject(check)])
    groups = "".join(_group(subject, members) for subject, members in groupby(together, key=_subject))
    return f'<span class="strip" aria-hidden="true">{groups}</span>'


def _group(subject: str, checks: Iterable[CheckState]) -> str:
    signs = "".join(
        f'<i class="{status.value}" title="{escape(check.check)}: {status.value}">{SYMBOLS[status]}</i>'
        for check in checks
        for status in (check.status,)
    )
    return f"<span><b>{escape(subject)}</b>{signs}</span>"


def _subject(check: CheckState) -> str:
    return check.check.partition(".")[0]


def _table(state: TargetState, now: datetime, *, briefly: bool) -> str:
    if not state.checks:
        return ""
    detailed = [check for check in state.checks if not (briefly and check.status in _FINE)]
    rows = "".join(_row(check, now) for check in detailed)
    if briefly:
        rows += "".join(
            f"<tr><td>{badge(status)}</td><td colspan=3>{', '.join(code(name) for name in names)}</td></tr>"
            for status in _FINE
            if (names := [check.check for check in state.checks if check.status is status])
        )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Status", "Check", "Seen", "Since"))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(check: CheckState, now: datetime) -> str:
    pending = ""
    if check.run is not None and check.raw_status is not check.status:
        pending = f' <span class="quiet">(last look: {check.raw_status.value}, not yet confirmed)</span>'
    return (
        f"<tr><td>{badge(check.status)}</td><td>{code(check.check)}</td>"
        f"<td>{_seen(check)}{pending}</td><td>{moment(check.since, now)}</td></tr>"
    )


def _seen(check: CheckState) -> str:
    if check.status is Status.BLOCKED and check.cause is not None:
        return f"waits behind {code(check.cause)}"
    if check.run is None:
        return "not looked at yet"
    # One check may judge several subjects: the worst speaks first, and what is fine is not told one by one.
    results = sorted(check.run.results, key=lambda result: -SEVERITY.index(result.status))
    notable = [result for result in results if result.status not in _FINE] or results[:1]
    shown = "<br>".join(escape(result.summary) for result in notable[:_FEW])
    more = len(notable) - _FEW
    return f"{shown}<br>and {more} more" if more > 0 else shown
