"""Small pieces of HTML. Everything that is not written here is escaped here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from json import dumps

from healthcheck.result import Fix, Status
from healthcheck.surfaces.documents import plain, timestamp
from healthcheck.surfaces.words import SYMBOLS, spoken

_LINES_AT_ONCE = 30
"""A longer policy is folded away until somebody asks for it."""

__all__ = ["badge", "code", "escape", "fix_block", "instant", "moment"]


def badge(status: Status) -> str:
    """Return a status as a sign and a word, so that colour is never needed."""
    return f'<span class="badge {status.value}"><span aria-hidden="true">{SYMBOLS[status]}</span> {status.value}</span>'


def code(text: str) -> str:
    """Return a name that people type or search for."""
    return f"<code>{escape(text)}</code>"


def instant(when: datetime) -> str:
    """Return a point in time as clocks in UTC show it."""
    return f'<time datetime="{timestamp(when)}">{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC</time>'


def moment(when: datetime, now: datetime, *, ago: bool = False) -> str:
    """Return a point in time as its distance from now; the instant itself is in the attribute and the tip."""
    exact = f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    text = spoken(now - when) + (" ago" if ago else "")
    return f'<time datetime="{timestamp(when)}" title="{exact}">{text}</time>'


def fix_block(fix: Fix) -> str:
    """Return what to do next, with what can be copied set apart."""
    parts = [f"<p>{escape(fix.text)}</p>"]
    if fix.commands:
        parts.append(f"<pre>{escape(chr(10).join(fix.commands))}</pre>")
    if fix.policy is not None:
        text = _policy(fix.policy)
        shown = " open" if text.count("\n") < _LINES_AT_ONCE else ""
        parts.append(f"<details{shown}><summary>Policy document</summary><pre>{escape(text)}</pre></details>")
    if fix.link is not None and fix.link.startswith("https://"):
        host = escape(fix.link.split("/")[2])
        parts.append(f'<p class="more"><a href="{escape(fix.link)}" rel="noreferrer">More about it at {host}</a></p>')
    return "".join(parts)


def _policy(policy: Mapping[str, object]) -> str:
    return dumps(plain(policy), indent=2, ensure_ascii=False)
