"""The incidents: each root cause once, with its fix, where it is seen, and what waits behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from healthcheck.engine.snapshot import Incident
from healthcheck.result import Status
from healthcheck.surfaces.page.parts import badge, code, escape, fix_block, moment
from healthcheck.surfaces.page.view import View
from healthcheck.surfaces.words import count, headline

_IN_FULL = 25
"""So many are shown with their fix; the rest, which by then are less severe, as one line each."""

_AS_LINES = 200
_NAMED_TARGETS = 12
_LISTED_TARGETS = 200


def section(incidents: Sequence[Incident], view: View, now: datetime) -> str:
    """Return the incidents that the view asks for, or that there are none."""
    shown = [
        incident
        for incident in incidents
        if view.matches(incident.id, incident.cause, incident.subject, *incident.targets)
    ]
    if not shown:
        what = f"No incident has to do with “{escape(view.query)}”." if incidents and view.query else "No incidents."
        return _section("Incidents", f'<p class="quiet">{what}</p>')
    articles = "".join(_article(incident, now) for incident in shown[:_IN_FULL])
    rest = shown[_IN_FULL:]
    lines = "".join(_line(incident, now) for incident in rest[:_AS_LINES])
    more = len(rest) - _AS_LINES
    tail = f'<ul class="lines">{lines}</ul>' if lines else ""
    if more > 0:
        tail += f'<p class="quiet">And {count(more, "more incident")}: <a href="api/v1/incidents">all as JSON</a>.</p>'
    return _section(count(len(shown), "incident"), articles + tail)


def _section(heading: str, body: str) -> str:
    return f'<section aria-labelledby="incidents"><h2 id="incidents">{heading}</h2>{body}</section>'


def _article(incident: Incident, now: datetime) -> str:
    reason = f" · {code(incident.reason)}" if incident.reason else ""
    facts = [
        ("Cause", f"{code(incident.cause)}{reason}"),
        ("Subject", code(incident.subject)),
        ("Seen on", _targets(incident.targets)),
    ]
    if blocked := _blocked(incident):
        # What is unseen blocks nobody; others that miss the same have joined it.
        facts.append(("Also unseen" if incident.status is Status.UNKNOWN else "Blocks", blocked))
    rows = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)
    fix = f'<div class="fix"><h4>Fix</h4>{fix_block(incident.fix)}</div>' if incident.fix else ""
    return (
        f'<article class="incident {incident.status.value}" id="{escape(incident.id)}">'
        f"<header>{badge(incident.status)}"
        f'<span class="since">for {moment(incident.since, now)}</span>'
        f'<a class="link" href="#{escape(incident.id)}">{escape(incident.id)}</a></header>'
        f"<h3>{escape(headline(incident))}</h3><dl>{rows}</dl>{fix}</article>"
    )


def _line(incident: Incident, now: datetime) -> str:
    return (
        f'<li id="{escape(incident.id)}">{badge(incident.status)} {code(incident.cause)} {escape(incident.summary)} '
        f'<span class="quiet">{count(len(incident.targets), "target")}, {moment(incident.since, now)}</span></li>'
    )


def _targets(targets: Sequence[str]) -> str:
    named = ", ".join(code(target) for target in targets[:_NAMED_TARGETS])
    rest = targets[_NAMED_TARGETS:]
    if not rest:
        return named
    listed = ", ".join(code(target) for target in rest[:_LISTED_TARGETS])
    more = len(rest) - _LISTED_TARGETS
    end = f" and {more:,} more" if more > 0 else ""
    return f"{named} <details><summary>and {len(rest):,} more</summary>{listed}{end}</details>"


def _blocked(incident: Incident) -> str:
    checks = sum(len(blocked) for blocked in incident.blocked.values())
    if not checks:
        return ""
    targets = list(incident.blocked.items())
    if len(targets) == 1:
        return ", ".join(code(check) for check in targets[0][1])
    # The same checks usually wait behind the cause everywhere: then say it once.
    if len(set(incident.blocked.values())) == 1:
        return ", ".join(code(check) for check in targets[0][1]) + f" on each of {count(len(targets), 'target')}"
    lines = "".join(
        f"<li>{code(target)}: {', '.join(code(check) for check in blocked)}</li>"
        for target, blocked in targets[:_LISTED_TARGETS]
    )
    summary = f"{count(checks, 'check')} on {count(len(targets), 'target')}"
    return f"<details><summary>{summary}</summary><ul>{lines}</ul></details>"
