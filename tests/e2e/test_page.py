"""The status page of the live daemon, as an operator's browser shows it while something breaks and is mended.

What the page looks like over prepared states is in tests/surfaces. Here the daemon itself serves it, from a watched
world: one request draws all of it, nobody else is asked for anything, no script runs, and the root cause with its fix
is there to be read and pasted, on a phone and at night.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Request as PageRequest

from healthcheck.testing.world import WorldClient
from tests.e2e.daemon import PATIENCE_SECONDS, RunningDaemon, hasty, serving
from tests.e2e.prometheus import wait_until
from tests.support import require

pytestmark = pytest.mark.slow

SHOP = "shop/us-east-1"
FAULT, CHECK = "trust-without-sagemaker", "role.trust"
PHONE = {"width": 375, "height": 812}
DESK = {"width": 1280, "height": 900}
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = require("chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def daemon(running_world: WorldClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    folder: Path = tmp_path_factory.mktemp("shown")
    with serving(running_world.client(folder, ["shop", "vision"], hasty), folder) as daemon:
        wait_until(daemon.is_ready, seconds=PATIENCE_SECONDS, what="everything has been looked at")
        yield daemon


@pytest.fixture
def broken(world: WorldClient, daemon: RunningDaemon) -> RunningDaemon:
    """The daemon, when it has found and confirmed a fault."""
    world.break_(FAULT)
    wait_until(lambda: daemon.stands(SHOP, CHECK, "critical"), seconds=PATIENCE_SECONDS, what=f"{CHECK} is critical")
    return daemon


class Visit:
    """One look at the daemon's page, in a browser without scripts."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.wrong: list[str] = []
        page.set_default_timeout(PATIENCE_SECONDS * 1000)
        page.on("console", lambda message: self.wrong.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("requestfailed", lambda request: self.wrong.append(f"failed: {request.url}"))
        page.on("request", self._elsewhere)
        page.goto(f"{url}/?refresh=off")

    def shows(self, words: str) -> bool:
        """Whether these words can be seen."""
        return self.page.get_by_text(words).locator("visible=true").count() > 0

    def _elsewhere(self, request: PageRequest) -> None:
        if not request.url.startswith(f"{self.url}/"):
            self.wrong.append(f"elsewhere: {request.url}")


@contextmanager
def opened(browser: Browser, url: str, **options: Any) -> Iterator[Visit]:
    """Open the page in a fresh context; afterwards nothing must have gone wrong in it."""
    context = browser.new_context(java_script_enabled=False, **options)
    try:
        visit = Visit(context.new_page(), url)
        yield visit
        assert visit.wrong == []
    finally:
        context.close()


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_root_cause_and_its_fix_can_be_read(
    browser: Browser, broken: RunningDaemon, viewport: dict[str, int], scheme: str
) -> None:
    (incident,) = broken.get("/api/v1/incidents").document()["incidents"]

    with opened(browser, broken.url, viewport=viewport, color_scheme=scheme) as visit:
        closed = visit.page.locator("details:not([open]) > summary").locator("visible=true")
        while closed.count():
            closed.first.click()
        words = [CHECK, incident["summary"], incident["fix"]["text"], incident["fix"]["commands"][0], SHOP]
        assert [each for each in (*words, *incident["blocked"][SHOP]) if not visit.shows(each)] == []
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_the_page_is_dark_at_night(browser: Browser, daemon: RunningDaemon) -> None:
    brightness = {}
    for scheme in ("light", "dark"):
        with opened(browser, daemon.url, color_scheme=scheme) as visit:
            colours = visit.page.evaluate(
                "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
            )
            brightness[scheme] = [sum(map(int, colour.strip("rgb()").split(","))) for colour in colours]

    ground, ink = 0, 1
    assert brightness["light"][ground] > brightness["light"][ink]
    assert brightness["dark"][ground] < brightness["dark"][ink]


def test_the_page_follows_what_happens(browser: Browser, world: WorldClient, broken: RunningDaemon) -> None:
    """Loaded again, as its own refresh does, it shows what the API says: mended is mended."""
    with opened(browser, broken.url) as visit:
        assert visit.shows("wrong_service")

        world.mend(FAULT)
        wait_until(broken.is_content, seconds=PATIENCE_SECONDS, what="everything is ok")
        visit.page.reload()

        assert visit.page.get_by_text("wrong_service").count() == 0
        assert visit.page.locator("h1").inner_text() == "All 2 targets are in order"


def test_the_page_asks_for_nothing_and_refreshes_itself(browser: Browser, daemon: RunningDaemon) -> None:
    """A single document: style included, no icon fetched, no script; and without scripts it still renews itself."""
    asked: list[str] = []
    context = browser.new_context()
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(daemon.url)

    assert asked == [f"{daemon.url}/"]
    assert page.locator("script").count() == 0
    assert page.locator('meta[http-equiv="refresh"]').count() == 1
    context.close()
