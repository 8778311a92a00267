#!/usr/bin/env python3
"""Write the tables that the documentation shares with the code. Run it after changing a check or a metric.

tests/test_documentation.py fails while the two differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from healthcheck.check import Check
from healthcheck.commands.checks import default_words, type_words
from healthcheck.config.durations import format_duration
from healthcheck.engine.discovery import discover
from healthcheck.permissions import OPERATIONS
from healthcheck.registry import Registry
from healthcheck.surfaces.families import FAMILIES

ROOT = Path(__file__).parent.parent
PREFIX = "sagemaker_healthcheck_"


def own_checks() -> Registry:
    """Return the checks of this package; whatever else is installed here is not ours to document."""
    return Registry(check for check in discover().registry if check.origin.startswith("healthcheck.checks."))


def checks_table() -> str:
    """Return id, healthy condition, what it comes after, cadence and permissions of each check."""
    rows = [
        (
            f"[`{check.id}`](docs/checks.md#{anchor(check.id)})",
            check.documentation.summary,
            words(check.after) or "-",
            format_duration(check.every),
            words(actions(check.calls)) or "none",
        )
        for check in own_checks()
    ]
    return table(("check", "healthy when", "after", "every", "IAM actions"), rows)


def metrics_table() -> str:
    """Return name, kind, labels and meaning of each metric family."""
    rows = [
        (
            f"`{PREFIX}{family.short_name}`",
            family.kind.value,
            words(family.labels) or "-",
            family.help,
        )
        for family in FAMILIES
    ]
    return table(("metric", "kind", "labels", "meaning"), rows)


def check_pages() -> str:
    """Return the page of each check."""
    return "\n\n".join(check_page(check) for check in own_checks())


def check_page(check: Check) -> str:
    """Return what `show` prints, as Markdown."""
    documentation = check.documentation
    lines = [f"## {check.id}", "", f"**{documentation.summary}**", ""]
    for title, prose in (
        ("Why", documentation.why),
        ("Sees", documentation.sees),
        ("Cannot see", documentation.cannot_see),
    ):
        lines += [f"{title}: {prose}", ""] if prose else []
    after = ", ".join(f"[`{other}`](#{anchor(other)})" for other in check.after)
    lines += [
        f"- every {format_duration(check.every)}, given up after {format_duration(check.timeout)}",
        f"- after {after or 'nothing'}",
        f"- needs {words(actions(check.calls)) or 'no permission'}",
    ]
    if check.optional_calls:
        lines.append(f"- sees more with {words(actions(check.optional_calls))}")
    lines.append(f"- reasons: {words(sorted(check.reasons)) or 'none of its own'}")
    for setting in check.settings:
        kind = f"{type_words(setting.type)}, default {default_words(setting)}"
        lines.append(f"- setting `{setting.name}` ({kind}): {setting.doc}")
    lines += ["", f"Source: {documentation.source}"] if documentation.source else []
    return "\n".join(lines)


def actions(operations: tuple[str, ...]) -> list[str]:
    """Return the IAM actions of some operations, each once."""
    return list(dict.fromkeys(action for operation in operations for action in OPERATIONS[operation].actions))


def anchor(check_id: str) -> str:
    """Return the fragment that Markdown renderers give the check's heading."""
    return check_id.replace(".", "")


def words(items: Iterable[str]) -> str:
    """Return words in code type, separated by commas."""
    return ", ".join(f"`{item}`" for item in items)


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


PLACES: tuple[tuple[str, str, Callable[[], str]], ...] = (
    ("README.md", "checks", checks_table),
    ("README.md", "metrics", metrics_table),
    ("docs/checks.md", "pages", check_pages),
)
"""File, name of the marked place in it, and what belongs there."""


def filled(text: str, name: str, content: str) -> str:
    """Return a document with the content between its markers."""
    pattern = re.compile(rf"(<!-- table: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"there is no place marked <!-- table: {name} -->")
    return pattern.sub(lambda match: f"{match[1]}{content}\n{match[2]}", text)


def main() -> None:
    """Fill every place; with a check that could not be loaded, none: its rows would be gone."""
    if failures := discover().failures:
        raise SystemExit("\n".join(f"{failure.package}: {failure.sentence}" for failure in failures))
    for file, name, content in PLACES:
        path = ROOT / file
        path.write_text(filled(path.read_text("utf-8"), name, content()), "utf-8")


if __name__ == "__main__":
    main()
