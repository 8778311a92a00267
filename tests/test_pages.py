"""The pages hang together: each link leads to a heading that exists, and what they show works."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import pytest
import yaml

from healthcheck.engine.discovery import discover
from healthcheck.plan import load
from healthcheck.surfaces.families import FAMILIES

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https://)([^)#\s]*)#([^)\s]+)\)")


def without_code(text: str) -> str:
    return re.sub(r"(?ms)^```.*?^```$", "", text)


def anchors(page: Path) -> set[str]:
    """The fragments that Markdown renderers give a page's headings: GitHub's rule."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in re.findall(r"(?m)^#{1,6} (.+)$", without_code(page.read_text("utf-8"))):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def fragments() -> Iterator[tuple[str, str, str]]:
    for page in PAGES:
        for path, fragment in sorted(set(LINK.findall(page.read_text("utf-8")))):
            yield str(page.relative_to(ROOT)), path, fragment


@pytest.mark.parametrize(("page", "path", "fragment"), list(fragments()))
def test_each_link_leads_to_a_heading(page: str, path: str, fragment: str) -> None:
    led = (ROOT / page).parent / path if path else ROOT / page
    assert fragment in anchors(led)


def test_each_page_is_reached_from_the_readme() -> None:
    """In one click or several."""
    reached, to_read = set[Path](), [ROOT / "README.md"]
    while to_read:
        page = to_read.pop().resolve()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        links = re.findall(r"\]\((?!https://)([^)#\s]+)", page.read_text("utf-8"))
        to_read += [page.parent / link for link in links]
    assert reached >= {page.resolve() for page in PAGES}


def settings() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in re.findall(r"(?ms)^```yaml\n(.*?)^```$", page.read_text("utf-8")):
            if block.startswith("targets:"):
                yield page.name, block


@pytest.mark.parametrize(("page", "block"), list(settings()))
def test_settings_that_the_pages_show_are_taken(tmp_path: Path, page: str, block: str) -> None:
    file = tmp_path / "healthcheck.yaml"
    file.write_text(block, "utf-8")
    plan = load(file, discover().registry, environ={"EXTERNAL_ID": "x1"}, ambient_region=lambda _: None)
    entries = yaml.safe_load(block)["targets"]
    assert len(plan.targets) == sum(len(entry.get("regions", [None])) for entry in entries), page


def questions() -> list[str]:
    text = (ROOT / "docs" / "reference.md").read_text("utf-8").partition("## Questions for Prometheus")[2]
    return re.findall(r"(?m)^\| [^|]+\| `(.+)` \|$", text.partition("\n## ")[0])


@pytest.mark.parametrize("query", questions())
def test_questions_are_promql_over_metrics_that_exist(query: str) -> None:
    promql_parser.parse(query)
    known = {family.name for family in FAMILIES}
    assert set(re.findall(r"sagemaker_healthcheck_\w+", query)) <= known
