"""Draw the Grafana dashboards over a live daemon and a real Prometheus, into docs/images.

docs/production.md says what it needs. Run it after changing a dashboard; CI does not.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright

from healthcheck.testing.world import WorldClient, start
from healthcheck.testing.world.client import ClientSide
from healthcheck.testing.world.faults import find
from tests.e2e.daemon import PATIENCE_SECONDS, RunningDaemon, hasty, serving
from tests.e2e.prometheus import Prometheus, running_prometheus, wait_until
from tools.dashboards import FOLDER
from tools.tables import ROOT

HERE = Path(__file__).parent
IMAGES = ROOT / "docs" / "images"
TARGET = "shop/us-east-1"
TEAMS = {"shop": "web", "vision": "web", "forecast": "supply", "fraud": "risk", "churn": "growth", "pricing": "growth"}
SESSIONS = {"shop": timedelta(hours=2), "churn": timedelta(hours=9), "fraud": timedelta(days=3)}
MENDED, BROKEN, UNSEEN = find("bucket-denies-role"), find("trust-without-sagemaker"), find("may-not-s3-GetBucketPolicy")
LULL_SECONDS = 15
PAINT_MILLISECONDS = 2000
EMPTY = "<!doctype html><html><body style='margin: 0'></body></html>"


def bundle(esbuild: str, folder: Path) -> Path:
    """Return one script of render.jsx and Grafana's components; its stylesheet lies beside it."""
    script = folder / "render.js"
    files = [f"--loader:.{ending}=dataurl" for ending in ("svg", "ttf", "woff", "woff2")]
    options = ["--bundle", "--minify", "--log-level=warning", '--define:process.env.NODE_ENV="production"', *files]
    subprocess.run([esbuild, HERE / "render.jsx", *options, f"--outfile={script}"], check=True)  # noqa: S603 - pinned
    return script


def settled(side: ClientSide) -> None:
    """Let people's sessions end some day, and give teams their targets."""
    hasty(side)
    side.checks["*"] = {"every": "5s"}
    for name, team in TEAMS.items():
        side.targets[name]["labels"] = {"team": team}
    for name, left in SESSIONS.items():
        # Where saml2aws and others note the end of what they fetched.
        end = (datetime.now(UTC) + left).isoformat(timespec="seconds")
        side.profiles[name].credentials["x_security_token_expires"] = end


def lived(world: WorldClient, daemon: RunningDaemon) -> None:
    """Let a minute pass in which one thing breaks and is mended, and others break."""

    def seen(target: str, check: str, status: str) -> None:
        what = f"{check} is {status} on {target}"
        wait_until(lambda: daemon.stands(target, check, status), seconds=PATIENCE_SECONDS, what=what)

    time.sleep(LULL_SECONDS)
    with world.broken(MENDED.id, "shop"):
        seen(TARGET, MENDED.check, "critical")
        time.sleep(LULL_SECONDS)
    seen(TARGET, MENDED.check, "ok")
    for fault, setup in ((BROKEN, "shop"), (BROKEN, "forecast"), (UNSEEN, "pricing")):
        world.break_(fault.id, setup)
    for region in ("us-east-1", "eu-west-1", "ap-northeast-1"):
        seen(f"forecast/{region}", BROKEN.check, "critical")
    seen(TARGET, BROKEN.check, "critical")
    seen("pricing/us-east-1", UNSEEN.check, "unknown")
    time.sleep(LULL_SECONDS)


@contextmanager
def watched(folder: Path) -> Iterator[tuple[Prometheus, int]]:
    """Run a Prometheus that has seen that minute; say when it began."""
    with start(setups=TEAMS) as world, serving(world.client(folder, TEAMS, settled), folder) as daemon:
        wait_until(daemon.is_ready, seconds=PATIENCE_SECONDS, what="everything has been looked at")
        with running_prometheus(daemon.url.removeprefix("http://"), folder) as prometheus:
            time.sleep(LULL_SECONDS)
            began = int(time.time())
            lived(world, daemon)
            yield prometheus, began


def draw(browser: Browser, script: Path, dashboard: Path, prometheus: Prometheus, began: int) -> None:
    """Write the picture of a dashboard."""
    page = browser.new_page(viewport={"width": 1416, "height": 900})
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    # An address of Prometheus's own: from there the components may ask it, and store what they like.
    page.route("**/pictures", lambda route: route.fulfill(body=EMPTY, content_type="text/html"))
    page.goto(f"{prometheus.url}/pictures")
    page.add_script_tag(path=script)
    page.add_style_tag(path=script.with_suffix(".css"))
    options = {
        "dashboard": json.loads(dashboard.read_text("utf-8")),
        "prometheus": prometheus.url,
        "from": began,
        "to": int(time.time()),
        "variables": {"job": ".*", "target": TARGET},
    }
    page.evaluate("options => window.draw(options)", options)
    page.wait_for_timeout(PAINT_MILLISECONDS)
    if wrong:
        sys.exit(f"{dashboard.name}: {'; '.join(wrong)}")
    page.screenshot(path=IMAGES / f"grafana-{dashboard.stem.removeprefix('sagemaker-')}.png", full_page=True)
    page.close()


def program(name: str, *, path: Path | None = None) -> str:
    """Return where a program is; without it there are no pictures."""
    return shutil.which(name, path=path) or sys.exit(f"{name} is missing: docs/production.md has what this takes")


def main() -> None:
    """Bundle, watch, draw."""
    chromium, _ = program("chromium"), program("prometheus")
    esbuild = program("esbuild", path=HERE / "node_modules" / ".bin")
    with TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        script = bundle(esbuild, folder)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        with watched(folder) as (prometheus, began):
            for dashboard in sorted(FOLDER.glob("*.json")):
                draw(browser, script, dashboard, prometheus, began)
        browser.close()


main()
