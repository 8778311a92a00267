"""No secret that the daemon comes by is told: not in the log, the metrics, the API, the page, nor any answer.

Canaries stand in every place that a secret has in practice: keys and tokens in the AWS files, an external id and a
proxy's password in the environment, whatever a credential process prints, and a password that somebody interpolated
into the wrong line of the settings. Each is really used, and fails, so that sentences are made about it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from healthcheck.testing.world import WorldClient
from healthcheck.testing.world.client import ClientSide, process_that_says
from tests.e2e.daemon import PATIENCE_SECONDS, PROGRAM, RunningDaemon, patient, serving
from tests.e2e.prometheus import wait_until

SHOP, VISION = "shop/us-east-1", "vision/us-east-1"
PAGES = ("/", "/metrics", "/api/v1/status", "/api/v1/incidents", "/api/v1/checks")
PRINTED = "Xq7Lr0tYc5Vb8Zn3Hs6Jd1Pg4AuEiOxKqW9fXk2m"
PASSWORD = "correct-horse-battery"
EXTERNAL_ID = "an-external-id-that-is-nobodys-business"


def quick(side: ClientSide) -> None:
    patient(side)
    side.daemon.update(confirm_after="1s")
    side.targets["vision"]["assume_role"]["external_id"] = "${HUB_EXTERNAL_ID}"


def wrong_secret(side: ClientSide) -> None:
    quick(side)
    keys = side.profiles["shop"].credentials
    secret = keys["aws_secret_access_key"]
    keys["aws_secret_access_key"] = secret[:-1] + ("+" if secret.endswith("/") else "/")


def wrong_token(side: ClientSide) -> None:
    quick(side)
    session = side.setup("shop")["session"]
    side.profiles["shop"].credentials.update(
        aws_access_key_id=session["key_id"],
        aws_secret_access_key=session["secret"],
        aws_session_token=session["token"][:-1] + "-",
    )


def printing_process(side: ClientSide) -> None:
    quick(side)
    profile = side.profiles["shop"]
    profile.credentials.clear()
    profile.config["credential_process"] = process_that_says(f"SecretAccessKey is {PRINTED}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secretive")


@pytest.fixture(scope="module")
def running(running_world: WorldClient, folder: Path) -> Iterator[RunningDaemon]:
    client = running_world.client(folder, ["shop", "vision"], quick)
    with serving(client, folder, HUB_EXTERNAL_ID=EXTERNAL_ID, DB_PASSWORD=PASSWORD) as daemon:
        wait_until(daemon.is_ready, seconds=PATIENCE_SECONDS, what="everything has been looked at")
        yield daemon


@pytest.fixture
def daemon(running: RunningDaemon, world: WorldClient, folder: Path) -> RunningDaemon:
    """A daemon that watches a set-up that is well, and one whose role it may not assume."""
    world.client(folder, ["shop", "vision"], quick)
    assert running.post("/-/reload").code == 200
    for target in (SHOP, VISION):
        running.post(f"/api/v1/targets/{target}/run")
    return running


@pytest.fixture(scope="module")
def canaries(running_world: WorldClient) -> Mapping[str, str]:
    """What must be told nowhere. The first characters are enough to find a secret that was shortened."""
    shop = running_world.describe()["setups"]["shop"]
    whole = {
        "secret key": shop["secret"],
        "temporary secret key": shop["session"]["secret"],
        "session token": shop["session"]["token"],
        "printed by a process": PRINTED,
        "external id": EXTERNAL_ID,
        "password": PASSWORD,
    }
    return {name: secret[:16] for name, secret in whole.items()}


def leaks(canaries: Mapping[str, str], text: str) -> list[str]:
    return [name for name, secret in canaries.items() if secret in text]


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (wrong_secret, "credentials.valid"),
        (wrong_token, "credentials.valid"),
        (printing_process, "credentials.resolvable"),
    ],
)
def test_what_fails_is_told_without_the_secret_that_failed(  # noqa: PLR0917
    world: WorldClient,
    daemon: RunningDaemon,
    folder: Path,
    canaries: Mapping[str, str],
    spoil: Callable[[ClientSide], None],
    check: str,
) -> None:
    world.client(folder, ["shop", "vision"], spoil)
    assert daemon.post("/-/reload").code == 200
    daemon.post(f"/api/v1/targets/{SHOP}/run")
    wait_until(lambda: daemon.stands(SHOP, check, "critical"), seconds=PATIENCE_SECONDS, what=f"{check} is critical")

    assert {path: leaks(canaries, daemon.get(path).text) for path in PAGES} == {path: [] for path in PAGES}
    assert leaks(canaries, daemon.log.read_text("utf-8")) == []


def test_a_role_that_is_not_assumed_keeps_its_external_id(daemon: RunningDaemon, canaries: Mapping[str, str]) -> None:
    """It is wrong in this daemon's environment, so AWS refuses it, and quotes nothing of it; nor do we."""
    check = "credentials.resolvable"
    wait_until(
        lambda: daemon.runs(VISION)[check]["reason"] == "assume_role_denied",
        seconds=PATIENCE_SECONDS,
        what="the role is not assumed",
    )
    run = daemon.runs(VISION)[check]

    assert run["status"] == "critical"
    assert leaks(canaries, json.dumps(run)) == []


def test_a_mistake_in_the_settings_does_not_quote_the_environment(
    daemon: RunningDaemon, canaries: Mapping[str, str]
) -> None:
    good = daemon.settings.read_text("utf-8")
    refused = len(daemon.events("config.refused"))
    daemon.settings.write_text(good.replace("'111122223333'", "${DB_PASSWORD}"), "utf-8")

    answer = daemon.post("/-/reload")

    daemon.settings.write_text(good, "utf-8")
    assert answer.code == 400
    assert "account" in answer.text
    assert leaks(canaries, answer.text) == []
    assert leaks(canaries, json.dumps(daemon.wait("config.refused", after=refused))) == []


@pytest.mark.parametrize("form", ["text", "json", "nagios"])
def test_the_doctor_does_not_tell_the_password_of_the_proxy(world: WorldClient, tmp_path: Path, form: str) -> None:
    """Everybody's proxy has its password in the environment, and a dead one is named in each refusal."""
    client = world.client(tmp_path, ["shop"])

    done = subprocess.run(
        [PROGRAM, "run", "--format", form, "--config", str(client.settings)],
        env={**client.environ, "HTTP_PROXY": f"http://proxyuser:{PASSWORD}@127.0.0.1:9"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS * 2,
        check=False,
    )

    assert done.returncode == 2
    assert "127.0.0.1:9" in done.stdout
    assert PASSWORD not in done.stdout + done.stderr
