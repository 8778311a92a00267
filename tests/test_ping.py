"""`ping`, against the real server under every kind of protection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bcrypt
import pytest

from healthcheck.cli import main
from healthcheck.surfaces import server
from healthcheck.surfaces.web.watching import Web
from tests.surfaces.backends import World
from tests.surfaces.certificates import LOCAL, Authority

USERS = f"basic_auth_users:\n  probe: {bcrypt.hashpw(b'correct horse', bcrypt.gensalt(4)).decode()}\n"
TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
MUTUAL = TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"


@contextmanager
def serving(backend: World, folder: Path, configuration: str = "") -> Iterator[str]:
    """The server behind a web configuration, and where it is."""
    file = None
    if configuration:
        file = folder / "web.yml"
        file.write_text(configuration, "utf-8")
    web = Web(file, told=lambda _: None)
    running = server.serve(backend, listen="127.0.0.1:0", version="1.2.3", guard=lambda: web.guard)
    try:
        yield running.url
    finally:
        running.close(2)


def test_a_daemon_that_is_well_is_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(World(), tmp_path) as url:
        assert main(["ping", "--url", url]) == 0
    assert capsys.readouterr() == ("healthy\n", "")


def test_a_daemon_whose_scheduler_stands_is_1_and_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(World(healthy=False), tmp_path) as url:
        assert main(["ping", "--url", url]) == 1
    assert capsys.readouterr().out.strip() not in {"", "healthy"}


@pytest.mark.parametrize(("ready", "code"), [(True, 0), (False, 1)])
def test_ready_is_another_question(tmp_path: Path, *, ready: bool, code: int) -> None:
    with serving(World(ready=ready), tmp_path) as url:
        assert main(["ping", "--ready", "--url", f"{url}/"]) == code


def test_the_environment_may_say_where_it_is_and_no_proxy_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with serving(World(), tmp_path) as url:
        monkeypatch.setenv("SAGEMAKER_HEALTHCHECK_URL", url)
        assert main(["ping"]) == 0


def test_where_nobody_answers_is_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ping", "--url", "http://127.0.0.1:1"]) == 1
    assert "http://127.0.0.1:1 does not answer: " in capsys.readouterr().out


def test_a_password_comes_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("correct horse\n", "utf-8")
    with serving(World(), tmp_path, USERS) as url:
        assert main(["ping", "--url", url]) == 1
        assert main(["ping", "--url", url, "--user", "probe", "--password-file", str(secret)]) == 0


def test_a_certificate_is_looked_at_unless_told_otherwise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    authority = Authority(tmp_path)
    authority.sign("server", *LOCAL)
    with serving(World(), tmp_path, TLS) as url:
        assert main(["ping", "--url", url]) == 1
        assert "CERTIFICATE_VERIFY_FAILED" in capsys.readouterr().out
        assert main(["ping", "--url", url, "--ca", str(authority.bundle)]) == 0
        assert main(["ping", "--url", url, "--insecure"]) == 0


def test_a_certificate_is_shown_where_one_is_asked_for(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.sign("server", *LOCAL)
    mine = authority.sign("probe")
    with serving(World(), tmp_path, MUTUAL) as url:
        asked = ["ping", "--url", url, "--ca", str(authority.bundle)]
        assert main(asked) == 1
        assert main([*asked, "--cert", str(mine.cert), "--key", str(mine.key)]) == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--url", "file:///etc/passwd"], "expected an address such as http://127.0.0.1:9479"),
        (["--url", "localhost:9479"], "expected an address such as http://127.0.0.1:9479"),
        (["--user", "probe"], "--user and --password-file belong together"),
        (["--password-file", "secret"], "--user and --password-file belong together"),
        (["--key", "probe.key"], "--key belongs to a --cert"),
        (["--user", "probe", "--password-file", "/nonexistent"], "/nonexistent: No such file or directory"),
        (["--insecure", "--ca", "ca.pem"], "not allowed with argument"),
    ],
)
def test_a_mistake_in_the_question_is_a_sentence_and_3(
    options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ping", *options]) == 3
    assert sentence in capsys.readouterr().err
