"""The page as a browser shows it: under its own policy, without scripts, on a phone, by day and by night."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, sync_playwright

from healthcheck.surfaces import server
from tests.support import require
from tests.surfaces.backends import World
from tests.surfaces.pictures import NOW, fleet, picture

pytestmark = pytest.mark.slow

PHONE, DESK = 360, 1280


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = require("chromium")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=quiet)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    started = server.serve(World(shown=picture()), listen="127.0.0.1:0", version="1.2.3", clock=lambda: NOW)
    yield f"{started.url}/?refresh=off"
    assert started.close(5)


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(244, 246, 249)"), ("dark", "rgb(14, 19, 25)")])
def test_the_page_fits_and_its_policy_lets_its_style_in(
    browser: Browser, address: str, width: int, scheme: Literal["light", "dark"], ground: str
) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    shown = context.new_page()
    complaints: list[str] = []
    shown.on("console", lambda message: complaints.append(message.text))
    shown.goto(address)
    for summary in shown.query_selector_all("details.target > summary"):
        summary.click()
    assert complaints == []
    assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == ground
    assert shown.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    context.close()


def test_everything_works_without_scripts(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    shown = context.new_page()
    shown.goto(address)
    assert not shown.locator("table").first.is_visible()
    shown.locator("details.target > summary").first.click()
    assert shown.locator("table").first.is_visible()
    shown.get_by_label("Find").fill("staging")
    shown.get_by_role("button", name="Find").click()
    assert "1 of 5 targets" in shown.locator("h2#targets").inner_text()
    assert "refresh=off" in shown.url
    shown.get_by_role("link", name="clear").click()
    assert shown.locator("h2#targets").inner_text() == "5 targets"
    context.close()


def test_a_fleet_is_there_at_once(browser: Browser) -> None:
    started = server.serve(World(shown=fleet(5000)), listen="127.0.0.1:0", version="1.2.3", clock=lambda: NOW)
    shown = browser.new_page()
    shown.goto(f"{started.url}/?refresh=off", timeout=10_000)
    assert shown.locator("h1").inner_text() == "50 of 5,000 targets do not work"
    shown.get_by_role("link", name="next").click()
    shown.wait_for_url("**page=2**")
    assert shown.locator("details.target").count() == 100
    assert "page 2 of 50" in shown.locator("nav").inner_text()
    shown.close()
    assert started.close(5)
