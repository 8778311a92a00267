"""The daemon behind a web configuration: it refuses to begin with a wrong one, and says what it is open to."""

from __future__ import annotations

import base64
import urllib.request
from pathlib import Path

import bcrypt
import pytest

from healthcheck.cli import main
from healthcheck.config import ConfigError
from tests.surfaces.certificates import LOCAL, Authority
from tests.test_daemon import SETTINGS, House, get, wait_for

HASH = bcrypt.hashpw(b"hunter2", bcrypt.gensalt(4)).decode()
USERS = f"basic_auth_users: {{alice: '{HASH}'}}\n"
METRIC = "sagemaker_healthcheck_web_config_last_reload_successful"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A daemon whose settings name a file beside them."""
    made = House(tmp_path)
    made.settings.write_text(SETTINGS.replace("{listen", "{web_config: web.yml, listen"), "utf-8")
    return made


def web(house: House, text: str) -> None:
    (house.settings.parent / "web.yml").write_text(text, "utf-8")


def exposed(house: House) -> None:
    house.settings.write_text(house.settings.read_text("utf-8").replace("127.0.0.1:0", "0.0.0.0:0"), "utf-8")


def metrics(url: str) -> str:
    token = base64.b64encode(b"alice:hunter2").decode()
    request = urllib.request.Request(f"{url}/metrics", headers={"Authorization": f"Basic {token}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return str(answer.read().decode())


def test_a_wrong_file_is_no_beginning(house: House) -> None:
    web(house, "basic_auth_users: {alice: hunter2}\n")
    with pytest.raises(ConfigError, match=r"web\.yml:1:20: the user"):
        house.daemon()
    assert house.log.getvalue() == ""


def test_every_path_asks_for_the_password(house: House) -> None:
    web(house, USERS)
    with house.lived_in() as daemon:
        assert {get(f"{daemon.url}{path}")[0] for path in ("/", "/metrics", "/-/healthy", "/api/v1/status")} == {401}
        assert f"{METRIC} 1.0" in metrics(daemon.url)


def test_a_change_is_noticed_and_told_and_a_mistake_changes_nothing(house: House) -> None:
    web(house, "")
    with house.lived_in() as daemon:
        assert get(f"{daemon.url}/-/healthy")[0] == 200
        web(house, USERS)
        wait_for(lambda: bool(house.events("web_config.reloaded")))
        assert get(f"{daemon.url}/-/healthy")[0] == 401
        web(house, "basic_auth_users: {alice: hunter2}\n")
        wait_for(lambda: bool(house.events("web_config.refused")))
        assert get(f"{daemon.url}/-/healthy")[0] == 401
        assert f"{METRIC} 0.0" in metrics(daemon.url)
        (told,) = house.events("web_config.reloaded")
        assert (told["tls"], told["client_certificates"], told["user_count"]) == (False, False, 1)
        (refused,) = house.events("web_config.refused")
        assert "web.yml:1:20: the user" in str(refused["mistakes"])


def test_a_reload_reads_it_too_and_fails_as_a_whole(house: House) -> None:
    web(house, "")
    with house.lived_in() as daemon:
        web(house, "nonsense: 1\n")
        outcome = daemon.reload()
        assert not outcome.accepted
        assert [sentence.partition(" the file has no setting")[1] != "" for sentence in outcome.sentences] == [True]
        assert house.events("config.reloaded") == []
        web(house, "")
        assert daemon.reload().accepted


def test_a_file_of_another_name_waits_for_a_restart(house: House) -> None:
    web(house, "")
    with house.lived_in() as daemon:
        house.settings.write_text(house.settings.read_text("utf-8").replace("web.yml", "other.yml"), "utf-8")
        assert "web_config takes effect after a restart." in daemon.reload().sentences


def test_it_says_so_when_passwords_cross_the_network_as_they_are(house: House) -> None:
    exposed(house)
    web(house, USERS)
    with house.lived_in():
        (told,) = house.events("daemon.exposed")
        assert "no TLS" in str(told["summary"])


def test_it_says_so_when_a_change_opens_it_to_everybody(house: House) -> None:
    exposed(house)
    Authority(house.settings.parent).sign("server", *LOCAL)
    tls = "tls_server_config: {cert_file: server.crt, key_file: server.key}\n"
    web(house, tls + USERS)
    with house.lived_in() as daemon:
        assert daemon.url.startswith("https://localhost:")
        assert house.events("daemon.exposed") == []
        web(house, tls)
        daemon.reload()
        (told,) = house.events("daemon.exposed")
        assert "anybody" in str(told["summary"])


def test_config_check_finds_its_mistakes(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(house.settings.parent)
    web(house, "basic_auth_users: {alice: hunter2}\n")
    assert main(["config", "check"]) == 3
    assert "web.yml:1:20: the user" in capsys.readouterr().err
    web(house, USERS)
    assert main(["config", "check"]) == 0
