"""The status page: what it says, that it runs nothing, and that everybody can read it."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from healthcheck.engine.snapshot import Incident, PluginFailure, Snapshot
from healthcheck.result import Status
from healthcheck.result import ok as fine
from healthcheck.surfaces import page
from healthcheck.surfaces.page import View
from tests.surfaces.pictures import (
    NOW,
    ROLE,
    SINCE,
    TRUST_FIX,
    check_state,
    fleet,
    healthy,
    not_run_yet,
    picture,
    prod,
    snapshot,
)

VOID = {"meta", "link", "input", "br"}


class Reader(HTMLParser):
    """Reads a page as a browser would, and refuses what is not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())


def read(given: Snapshot, view: View | None = None) -> Reader:
    return Reader(page.render(given, version="1.2.3", now=NOW, view=view))


@pytest.mark.parametrize("given", [picture(), healthy(), not_run_yet(), fleet(250), snapshot(())])
def test_a_page_is_well_formed_and_brings_all_that_it_needs(given: Snapshot) -> None:
    reader = read(given)
    assert {tag for tag, _ in reader.elements}.isdisjoint({"script", "img", "iframe", "object", "embed", "base", "svg"})
    assert [each["rel"] for each in reader.all("link")] == ["icon"]
    assert str(reader.all("link")[0]["href"]).startswith("data:image/svg+xml,")
    assert [name for _, attributes in reader.elements for name in attributes if name.startswith("on")] == []
    assert [attributes for _, attributes in reader.elements if "style" in attributes] == []
    html = page.render(given, version="1.2.3", now=NOW)
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_the_policy_allows_the_pages_own_style_and_nothing_else() -> None:
    html = page.render(picture(), version="1.2.3", now=NOW)
    (style,) = re.findall(r"<style>(.*)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert page.content_security_policy() == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def test_what_only_joined_an_incident_is_not_said_to_be_blocked() -> None:
    unseen = replace(picture().incidents[1], blocked={"research/us-west-2": ("role.trust",)})
    html = page.render(replace(picture(), incidents=(unseen,)), version="1.2.3", now=NOW)
    assert "<dt>Also unseen</dt><dd><code>role.trust</code></dd>" in html
    assert "Blocks" not in html


def test_an_incident_says_what_where_since_when_what_waits_and_what_to_do() -> None:
    reader = read(picture())
    (article,) = [each for each in reader.all("article") if each["id"] == "0a1b2c3d4e5f"]
    assert article["class"] == "incident critical"
    said = reader.words
    for words in (
        "✗ critical for 47 min",
        "The trust policy lets lambda.amazonaws.com assume the role",
        "Cause role.trust · no_statement",
        f"Subject {ROLE}",
        "Seen on prod/us-east-1, prod/eu-west-1",
        "Blocks role.permissions on each of 2 targets",
        TRUST_FIX.text,
        "More about it at docs.aws.amazon.com",
    ):
        assert re.sub(r"\W", "", words) in re.sub(r"\W", "", said), words
    assert f"<pre>{TRUST_FIX.commands[0]}\n{TRUST_FIX.commands[1]}</pre>" in page.render(
        picture(), version="1.2.3", now=NOW
    )
    assert '<time datetime="2026-08-01T11:12:30Z" title="2026-08-01 11:12:30 UTC">47 min</time>' in page.render(
        picture(), version="1.2.3", now=NOW
    )


EVIL = "<script>alert(1)</script>\"'><img src=x>&amp;"


def evil() -> Snapshot:
    state = prod("us-east-1")
    target = replace(state.target, name=EVIL, region=EVIL, labels={EVIL: EVIL})
    checks = (replace(check_state(EVIL, EVIL, replace(fine(EVIL, EVIL), reason=EVIL)), cause=EVIL),)
    incident = Incident(
        id=EVIL,
        cause=EVIL,
        subject=EVIL,
        targets=(EVIL,) * 30,
        status=Status.CRITICAL,
        reason=EVIL,
        summary=EVIL,
        fix=replace(TRUST_FIX, text=EVIL, commands=(EVIL,), policy={EVIL: EVIL}, link=f"https://{EVIL}"),
        blocked={EVIL: (EVIL,), "other": (EVIL, EVIL)},
        since=SINCE,
    )
    return snapshot(
        (replace(state, target=target, account=EVIL, checks=checks),), (incident,), (PluginFailure(EVIL, EVIL, EVIL),)
    )


def test_nobodys_text_becomes_markup() -> None:
    for view in (None, View(query=EVIL)):
        reader = read(evil(), view)
        assert {tag for tag, _ in reader.elements}.isdisjoint({"script", "img"})
    assert EVIL in "".join(read(evil()).text)


@pytest.mark.parametrize("link", ["javascript:alert(1)", "http://plain.example/", "data:text/html,x"])
def test_only_secure_links_are_links(link: str) -> None:
    odd = replace(picture().incidents[0], fix=replace(TRUST_FIX, link=link))
    assert link not in page.render(replace(picture(), incidents=(odd,)), version="1", now=NOW)


def test_every_sign_has_its_word() -> None:
    """Colour and sign are for the eye; each row says the status and the tally in words too."""
    for given in (picture(), not_run_yet()):
        reader = read(given)
        strips = [each for each in reader.all("span") if each.get("class") == "strip"]
        assert {each["aria-hidden"] for each in strips} == {"true"}
        badges = [each for each in reader.all("span") if str(each.get("class")).startswith("badge ")]
        words = re.findall(r"</span> (\w+)</span>", page.render(given, version="1", now=NOW))
        assert [str(each["class"]).split()[1] for each in badges] == words


def test_a_check_that_is_not_yet_confirmed_says_so() -> None:
    state = picture().targets[4]
    pending = replace(state.checks[0], raw_status=Status.CRITICAL)
    reader = read(snapshot((replace(state, checks=(pending,)),)))
    assert "(last look: critical, not yet confirmed)" in reader.words


def test_a_check_with_many_subjects_tells_the_worst_first() -> None:
    state = picture().targets[0]
    broken = next(each for each in state.checks if each.check == "role.trust")
    assert broken.run is not None
    results = (fine("a", "a is fine"), replace(broken.run.results[0], summary="b is broken"))
    both = replace(broken, run=replace(broken.run, results=results))
    words = read(snapshot((replace(state, checks=(both,)),))).words
    assert "b is broken" in words
    assert "a is fine" not in words


def test_a_blocked_check_names_what_it_waits_behind() -> None:
    assert "waits behind role.trust" in read(picture()).words


def test_a_target_whose_checks_are_all_turned_off_is_there() -> None:
    words = read(snapshot((replace(picture().targets[0], checks=(), status=Status.SKIPPED),))).words
    assert "prod/us-east-1" in words
    assert "no checks; looked at" in words


def test_plugins_that_failed_are_told() -> None:
    assert "acme of acme-checks: The entry point acme does not import" in read(picture()).words


def test_a_fleet_shows_the_worst_first_and_a_hundred_at_once() -> None:
    reader = read(fleet(5000))
    names = [each for each in reader.all("details") if str(each.get("class")).startswith("target")]
    assert len(names) == 100
    assert [str(each["class"]) for each in names[:51]] == ["target critical"] * 50 + ["target ok"]
    assert "page 1 of 50" in reader.words
    assert len(page.render(fleet(5000), version="1", now=NOW)) < 500_000


def test_a_fleets_incidents_are_shown_in_full_then_as_lines_then_counted() -> None:
    one = picture().incidents[0]
    many = tuple(replace(one, id=f"{index:012x}") for index in range(300))
    reader = read(replace(picture(), incidents=many))
    assert len(reader.all("article")) == 25
    assert len([each for each in reader.all("li") if "id" in each]) == 200
    assert "And 75 more incidents" in reader.words


def test_the_last_page_is_as_far_as_one_can_go() -> None:
    reader = read(fleet(250), View(page=77))
    assert "page 3 of 3" in reader.words
    assert [each["href"] for each in reader.all("a") if each.get("rel") == "prev"] == ["?page=2"]


def test_a_filter_finds_targets_and_their_incidents() -> None:
    reader = read(picture(), View(query="STAGING"))
    assert "1 of 5 targets" in reader.words
    assert [each["id"] for each in reader.all("article")] == ["2c3d4e5f6a7b"]
    nothing = read(picture(), View(query="nowhere")).words
    assert "No incident has to do with “nowhere”." in nothing
    assert "No name and no account holds “nowhere”." in nothing


def test_who_reads_can_stop_the_page_from_changing() -> None:
    assert [each["content"] for each in read(picture()).all("meta") if each.get("http-equiv") == "refresh"] == ["30"]
    paused = read(picture(), View(query="prod", refreshes=False))
    assert [each for each in paused.all("meta") if "http-equiv" in each] == []
    assert ("hidden", "refresh", "off") in {
        (each.get("type"), each.get("name"), each.get("value")) for each in paused.all("input")
    }
    assert "?q=prod" in [each["href"] for each in paused.all("a")]


@pytest.mark.parametrize(
    ("query", "view"),
    [
        ("", View()),
        ("q=prod", View(query="prod")),
        ("q=+prod%2Fus+", View(query="prod/us")),
        ("page=3&refresh=off", View(page=3, refreshes=False)),
        ("page=0", View()),
        ("page=-1", View()),
        ("page=x", View()),
        ("page=%D9%A3", View()),
        ("page=99999999999999999999", View(page=10_000)),
        ("q=a&q=b&page=", View(query="b")),
        ("refresh=on&other=1&&=&%", View()),
        (f"q={'x' * 500}", View(query="x" * 200)),
    ],
)
def test_an_address_that_makes_no_sense_shows_everything(query: str, view: View) -> None:
    assert View.of(query) == view


@pytest.mark.parametrize("view", [View(), View("a/b &c", 3, refreshes=False), View(refreshes=False)])
def test_an_address_leads_back_to_its_view(view: View) -> None:
    assert View.of(view.address.lstrip("?./")) == view


def test_the_age_of_what_is_shown_is_told() -> None:
    words = Reader(page.render(picture(), version="1.2.3", now=NOW + timedelta(minutes=5))).words
    assert "as of 2026-08-01 12:00:00 UTC" in words
    assert "Version 1.2.3" in words.replace("Version1", "Version 1")


def luminance(colour: str) -> float:
    def linear(part: str) -> float:
        value = int(part, 16) / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(colour[start : start + 2]) for start in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_it_stands_on(scheme: str) -> None:
    """WCAG's 4.5 to 1, by day and by night."""
    html = page.render(picture(), version="1", now=NOW)
    light, dark = re.findall(r":root \{(.*?)\}", html, re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", light if scheme == "light" else dark))
    pairs = [(text, ground) for text in ("text", "quiet", "link") for ground in ("page", "card")]
    pairs += [("text", "code"), *((f"{status.value}", f"{status.value}-soft") for status in Status)]
    pairs += [(status.value, "card") for status in Status] + [("text", f"{status.value}-soft") for status in Status]
    pairs += [("quiet", f"{status.value}-soft") for status in Status] + [("page", status.value) for status in Status]
    assert {pair: ratio for pair in pairs if (ratio := contrast(colours[pair[0]], colours[pair[1]])) < 4.5} == {}


def test_an_incident_is_found_by_the_name_that_its_alert_has() -> None:
    incident = picture().incidents[1]
    reader = read(picture(), View(query=incident.id))
    assert [article["id"] for article in reader.all("article")] == [incident.id]
    assert f"#{incident.id}" in [link["href"] for link in reader.all("a")]
    assert incident.id in reader.words
