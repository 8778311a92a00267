"""Secrets of every kind are planted wherever one could stand; none comes out anywhere."""

from __future__ import annotations

import base64
import io
import json
import logging
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest

from healthcheck import Fix, Result, Status, Target, check, critical, hours, ok
from healthcheck.daemon import Daemon, assemble
from healthcheck.engine.discovery import Discovery
from healthcheck.registry import Registry
from healthcheck.surfaces.redaction import REDACTED

PASSWORD = "correct-horse-battery"
BCRYPT = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
PRIVATE_KEY = (
    f"-----BEGIN EC PRIVATE KEY-----\n{base64.b64encode(b'canary ' * 20).decode()}\n-----END EC PRIVATE KEY-----"
)

CANARIES = {
    "secret key of the environment": "Kq7vXz0pLw3RbT9mYc5NsJ2hGd8FeAu4iQoV1xWk",
    "secret key of a file": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "session token": "IQoJb3JpZ2luX2VjEPT" + "Dk3bXv8s0A/" * 14,
    "password of a proxy": "pr0xy-hunter2",
    "password in an address": "ur1-hunter2",
    "bcrypt hash": BCRYPT,
    "external id": "partner-4711-canary",
    "authorization": "c2VjcmV0OmNhbmFyeQ",
    "SSO token": "aoaAAAAAGSSOcanary-token_value",
    "client secret": "sso-client-canary-value",
    "private key": base64.b64encode(b"canary " * 20).decode(),
    "password in the environment": "env-canary-value-99",
}

LEAK = "\n".join(
    [
        f"the key {CANARIES['secret key of the environment']} was refused",
        f"the key was refused: aws_secret_access_key={CANARIES['secret key of a file']}",
        f"X-Amz-Security-Token: {CANARIES['session token']}",
        f"Failed to connect to proxy URL: http://me:{CANARIES['password of a proxy']}@proxy:3128",
        f"https://user:{CANARIES['password in an address']}@host/path refused; the hash is {BCRYPT}",
        f"ExternalId='{CANARIES['external id']}' Authorization: Basic {CANARIES['authorization']}==",
        f'{{"accessToken": "{CANARIES["SSO token"]}", "clientSecret": "{CANARIES["client secret"]}"}}',
        f'{{\\"accessToken\\": \\"{CANARIES["SSO token"]}\\"}}',
        PRIVATE_KEY,
        f"login with {CANARIES['password in the environment']}",
    ]
)


def rogue() -> Registry:
    """Checks that say everything that they should not."""

    @check(every=hours(1), reasons=["bad"])
    def telling(target: Target) -> Iterator[Result]:
        """Nothing is told."""
        yield critical(
            f"subject of {target.name} {LEAK}",
            f"summary {LEAK}",
            reason="bad",
            fix=Fix(f"text {LEAK}", (f"command {LEAK}",), {"Statement": [{"Condition": {"x": LEAK}}]}),
            evidence={
                "text": LEAK,
                "password": "short",
                "list": [LEAK, {"deep": LEAK}],
                "external_id": "x",
                "count": 3,
            },
        )

    @check(every=hours(1))
    def crashing(target: Target) -> Iterator[Result]:
        """Nothing crashes."""
        if target.name:
            raise ValueError(LEAK)
        yield ok("x", "y")

    @check(every=hours(1), after=["test_canaries.telling"])
    def waiting(target: Target) -> Iterator[Result]:
        """Nothing waits."""
        yield ok(target.name, "it is well")

    return Registry([telling, crashing, waiting])


SETTINGS = f"""\
daemon: {{listen: "127.0.0.1:0", log_format: json, log_level: debug, web_config: web.yml, failures_to_fail: 1}}
targets:
  - name: prod
    regions: [us-east-1]
    assume_role: {{arn: "arn:aws:iam::111122223333:role/x", external_id: {CANARIES["external id"]}}}
"""


class Den:
    """A daemon full of secrets, its settings and its log."""

    def __init__(self, folder: Path) -> None:
        self.settings = folder / "healthcheck.yaml"
        self.settings.write_text(SETTINGS, "utf-8")
        self.web = folder / "web.yml"
        self.web.write_text(f"basic_auth_users: {{alice: {BCRYPT}}}\n", "utf-8")
        self.log = io.StringIO()
        self.environ = {
            **os.environ,
            "AWS_SECRET_ACCESS_KEY": CANARIES["secret key of the environment"],
            "HTTPS_PROXY": f"http://me:{CANARIES['password of a proxy']}@127.0.0.1:9",
            "DB_PASSWORD": CANARIES["password in the environment"],
        }
        self.daemon = assemble(
            Discovery(rogue(), ()), environ=self.environ, cwd=folder, explicit=None, log_stream=self.log
        )
        self.heard: list[str] = []

    def ask(self, path: str, *, method: str = "GET", password: str = PASSWORD) -> int:
        """Ask, and keep all that is answered."""
        token = base64.b64encode(f"alice:{password}".encode()).decode()
        request = urllib.request.Request(
            f"{self.daemon.url}{path}", method=method, headers={"Authorization": f"Basic {token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                self.heard.append(f"{answer.headers}{answer.read().decode()}")
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                self.heard.append(f"{error.headers}{error.read().decode()}")
                return error.code


@pytest.fixture
def den(tmp_path: Path) -> Iterator[Den]:
    made = Den(tmp_path)
    made.daemon.start()
    try:
        while not made.daemon.is_ready():
            threading.Event().wait(0.01)
        yield made
    finally:
        made.daemon.stop()


def found_in(text: str) -> list[str]:
    return [kind for kind, canary in CANARIES.items() if canary in text or canary[:24] in text]


def fail_with(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> bytes:
        raise RuntimeError(LEAK)

    monkeypatch.setattr(daemon, "metrics", fail)


def test_no_canary_leaves_the_daemon(
    den: Den, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    reads = ["/", "/?status=critical", "/metrics", "/api/v1/status", "/api/v1/checks", "/api/v1/incidents"]
    assert [den.ask(path) for path in reads] == [200] * len(reads)
    assert den.ask("/metrics", password=CANARIES["SSO token"]) == 401
    assert den.ask("/api/v1/targets/prod/us-east-1/run", method="POST") == 202
    # Libraries, and threads that nobody waits for.
    logging.getLogger("botocore.hooks").warning("sending %s", LEAK)
    logging.getLogger("botocore.auth").warning("headers %s", {"Authorization": CANARIES["authorization"]})
    thread = threading.Thread(target=lambda: (_ for _ in ()).throw(ValueError(LEAK)).__next__())
    thread.start()
    thread.join()
    # Mistakes in settings, of which a sentence tells what stands there.
    bad = SETTINGS.replace(CANARIES["external id"], f"'{CANARIES['external id']} !'").replace("1111", "")
    den.settings.write_text(bad, "utf-8")
    den.web.write_text(
        f"basic_auth_users: {{alice: '{BCRYPT}x', bob: {CANARIES['password in an address']}}}\n", "utf-8"
    )
    assert den.ask("/-/reload", method="POST") == 400
    # A mistake of ours, answered plainly.
    fail_with(den.daemon, monkeypatch)
    assert den.ask("/metrics") == 500
    assert den.heard[-1].endswith("a mistake in this program; its log has the details.\n")
    den.daemon.stop()

    log = den.log.getvalue()
    events = {json.loads(line)["event"] for line in log.splitlines()}
    told = {"check.crashed", "check.changed", "incident.opened", "library.logged", "thread.failed", "http.failed"}
    assert told | {"web_config.refused", "config.refused", "http.denied"} <= events
    said = capfd.readouterr()
    assert [found_in(text) for text in (log, "\n".join(den.heard), said.out, said.err)] == [[], [], [], []]


def test_what_is_no_secret_is_still_told(den: Den) -> None:
    den.ask("/api/v1/status")
    status = json.loads(den.heard[-1].partition("\n\n")[2])
    run = next(run for run in status["runs"] if run["check"] == "test_canaries.telling")
    (result,) = run["results"]
    assert result["subject"].startswith("subject of prod/us-east-1 the key [redacted] was refused\n")
    assert result["evidence"]["count"] == 3
    assert (result["evidence"]["password"], result["evidence"]["external_id"]) == (REDACTED, REDACTED)
    assert result["status"] == Status.CRITICAL.value
    crashed = next(run for run in status["runs"] if run["check"] == "test_canaries.crashing")
    assert crashed["results"][0]["reason"] == "crashed"


CRASH = """\
import sys
from healthcheck import cli
def crash(argv):
    raise RuntimeError(sys.stdin.read())
cli._dispatch = crash
sys.exit(cli.main(["run"]))
"""


def test_a_crash_of_the_command_line_shows_its_place_and_no_secret() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", CRASH],
        input=LEAK,
        env={
            **os.environ,
            "DB_PASSWORD": CANARIES["password in the environment"],
            "AWS_SECRET_ACCESS_KEY": CANARIES["secret key of the environment"],
        },
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "in crash" in ended.stderr
    assert found_in(ended.stderr) == []
