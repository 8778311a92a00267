"""The document around the sections: the verdict, the style, and the facts about this process."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from functools import cache
from importlib import resources

from healthcheck.engine.snapshot import PluginFailure, Snapshot
from healthcheck.result import Status
from healthcheck.surfaces.page import incidents, targets
from healthcheck.surfaces.page.parts import badge, code, escape, instant, moment
from healthcheck.surfaces.page.view import View
from healthcheck.surfaces.words import SYMBOLS, count, counts, verdict

_REFRESH_SECONDS = 30

_ICON_COLOURS = {
    Status.OK: "1a7f4b",
    Status.WARNING: "b7791f",
    Status.CRITICAL: "c62828",
    Status.UNKNOWN: "6b46c1",
    Status.BLOCKED: "64748b",
    Status.SKIPPED: "64748b",
}


def render(snapshot: Snapshot, *, version: str, now: datetime, view: View | None = None) -> str:
    """Return the page as HTML; of many targets the first hundred, the most severe first."""
    view = view or View()
    refresh = f'<meta http-equiv="refresh" content="{_REFRESH_SECONDS}">' if view.refreshes else ""
    sentence = escape(verdict(snapshot))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">'
        f"{refresh}{_icon(snapshot.status)}<title>{SYMBOLS[snapshot.status]} {sentence}</title>"
        f"<style>{_style()}</style></head><body>"
        f"{_banner(snapshot, sentence)}<main>"
        f"{incidents.section(snapshot.incidents, view, now)}"
        f"{_plugin_failures(snapshot.plugin_failures)}"
        f"{targets.section(snapshot, view, now)}</main>"
        f"{_footer(snapshot, version, now, view)}</body></html>\n"
    )


@cache
def content_security_policy() -> str:
    """Return the header that allows this page its own style, its icon and its form, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


@cache
def _style() -> str:
    return resources.files(__package__).joinpath("page.css").read_text("utf-8")


def _icon(status: Status) -> str:
    drawing = (
        "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
        f"%3Ccircle cx='8' cy='8' r='7' fill='%23{_ICON_COLOURS[status]}'/%3E%3C/svg%3E"
    )
    return f'<link rel="icon" href="data:image/svg+xml,{drawing}">'


def _banner(snapshot: Snapshot, sentence: str) -> str:
    tallies = "".join(
        f'<li class="{status.value}"><b>{number:,}</b> {status.value}</li>'
        for status, number in counts(state.status for state in snapshot.targets)
    )
    return (
        f'<header class="banner {snapshot.status.value}"><div>'
        f'<span class="sign" aria-hidden="true">{SYMBOLS[snapshot.status]}</span>'
        f'<div class="words"><p class="product">sagemaker-healthcheck</p><h1>{sentence}</h1>'
        f'<p class="quiet">as of {instant(snapshot.taken)}</p></div>'
        f'<ul class="tallies" aria-label="Targets by status">{tallies}</ul></div></header>'
    )


def _plugin_failures(failures: tuple[PluginFailure, ...]) -> str:
    if not failures:
        return ""
    items = "".join(
        f"<li>{badge(Status.UNKNOWN)} {code(failure.name)} of {code(failure.package)}: {escape(failure.sentence)}</li>"
        for failure in failures
    )
    return (
        '<section aria-labelledby="plugins"><h2 id="plugins">Checks that could not be loaded</h2>'
        f'<ul class="lines">{items}</ul></section>'
    )


def _footer(snapshot: Snapshot, version: str, now: datetime, view: View) -> str:
    runs = sum(len(state.checks) for state in snapshot.targets)
    toggle = escape(view.toggled().address)
    refresh = (
        f'Fetched anew every {_REFRESH_SECONDS} s: <a href="{toggle}">pause</a>'
        if view.refreshes
        else f'Paused: <a href="{toggle}">fetch anew every {_REFRESH_SECONDS} s</a>'
    )
    facts = (
        ("Version", escape(version)),
        ("Running for", moment(snapshot.started, now)),
        ("Watching", f"{count(len(snapshot.targets), 'target')}, {count(runs, 'check')}"),
        ("Settings read", count(snapshot.generation + 1, "time")),
        ("This page", refresh),
    )
    rows = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)
    links = "".join(
        f'<li><a href="{address}">{name}</a></li>'
        for address, name in (
            ("metrics", "Metrics"),
            ("api/v1/status", "Status as JSON"),
            ("api/v1/incidents", "Incidents as JSON"),
            ("api/v1/checks", "Checks as JSON"),
            ("-/healthy", "Healthy?"),
            ("-/ready", "Ready?"),
        )
    )
    return f"<footer><dl>{rows}</dl><ul>{links}</ul></footer>"
