"""The web configuration while it changes: what is right replaces what was, what is wrong does not."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from healthcheck.config import ConfigError
from healthcheck.surfaces.web.guard import OPEN
from healthcheck.surfaces.web.watching import Outcome, Web
from tests.surfaces.certificates import LOCAL, Authority

HASH = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"


class Place:
    """A folder with a configuration, and all that was told about it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority(folder)
        self.authority.sign("server", *LOCAL)
        self.told: list[Outcome] = []
        self.file = folder / "web.yml"
        self.write("tls_server_config: {cert_file: server.crt, key_file: server.key}")
        self.web = Web(self.file, told=self.told.append, look_every_seconds=0.01)

    def write(self, text: str) -> None:
        self.file.write_text(text, "utf-8")

    def look_until_settled(self) -> None:
        """A first look sees the change, a second one that it is over, a third that nothing is left to do."""
        for _ in range(3):
            self.web.look()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_without_a_file_everybody_is_let_in() -> None:
    web = Web(None, told=lambda _: None)
    web.start()
    assert web.guard is OPEN
    assert web.read_again() == Outcome()
    web.close()


def test_a_wrong_file_is_no_beginning(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        Web(tmp_path / "web.yml", told=lambda _: None)


def test_nothing_is_read_again_while_nothing_changes(place: Place) -> None:
    before = place.web.guard
    place.look_until_settled()
    assert place.web.guard is before
    assert place.told == []


def test_a_change_of_the_file_counts_once_it_is_over(place: Place) -> None:
    before = place.web.guard
    place.write(f"basic_auth_users: {{alice: {HASH}}}")
    place.web.look()
    assert place.web.guard is before
    place.look_until_settled()
    assert list(place.web.guard.users) == ["alice"]
    assert place.web.guard.context is None
    assert place.told == [Outcome()]


def test_a_renewed_certificate_counts(place: Place) -> None:
    before = place.web.guard.context
    place.authority.sign("server", *LOCAL)
    place.look_until_settled()
    assert place.web.guard.context is not before
    assert place.told == [Outcome()]


def test_a_certificate_behind_a_link_that_moves_counts(place: Place) -> None:
    """Kubernetes renews what it mounts by turning one symbolic link."""
    for name in ("one", "two"):
        (place.folder / name).mkdir()
        Authority(place.folder / name).sign("server", *LOCAL)
    (place.folder / "data").symlink_to("one")
    place.write("tls_server_config: {cert_file: data/server.crt, key_file: data/server.key}")
    place.look_until_settled()
    before = place.web.guard.context
    (place.folder / "next").symlink_to("two")
    (place.folder / "next").replace(place.folder / "data")
    place.look_until_settled()
    assert place.web.guard.context is not before
    assert place.told == [Outcome(), Outcome()]


@pytest.mark.parametrize("text", ["basic_auth_users: {alice: plain}", "nonsense: 1", "{"])
def test_what_is_wrong_changes_nothing_and_is_told_once(place: Place, text: str) -> None:
    before = place.web.guard
    place.write(text)
    place.look_until_settled()
    place.look_until_settled()
    assert place.web.guard is before
    (told,) = place.told
    assert [mistake.startswith(f"{place.file}:") for mistake in told.mistakes] == [True]


def test_a_certificate_out_of_step_with_its_key_waits_for_the_key(place: Place) -> None:
    before = place.web.guard
    old_key = (place.folder / "server.key").read_bytes()
    renewed = place.authority.sign("server", *LOCAL)
    new_key = renewed.key.read_bytes()
    renewed.key.write_bytes(old_key)
    place.look_until_settled()
    assert place.web.guard is before
    renewed.key.write_bytes(new_key)
    os.utime(renewed.key, (1, 1))
    place.look_until_settled()
    assert place.web.guard is not before
    assert [bool(outcome.mistakes) for outcome in place.told] == [True, False]


def test_a_file_that_was_missing_is_noticed_when_it_comes(place: Place) -> None:
    place.write("tls_server_config: {cert_file: coming.crt, key_file: coming.key}")
    place.look_until_settled()
    before = place.web.guard
    place.authority.sign("coming", *LOCAL)
    place.look_until_settled()
    assert place.web.guard is not before
    assert [len(outcome.mistakes) for outcome in place.told] == [1, 0]


def test_the_loss_of_the_file_changes_nothing(place: Place) -> None:
    before = place.web.guard
    place.file.unlink()
    place.look_until_settled()
    assert place.web.guard is before
    assert place.told == [Outcome((f"{place.file}: there is no such file",))]


def test_reading_on_demand_waits_for_nothing(place: Place) -> None:
    place.write("")
    assert place.web.read_again() == Outcome()
    assert place.web.guard == OPEN
    place.write("x")
    assert len(place.web.read_again().mistakes) == 1
    assert place.web.guard == OPEN
    place.look_until_settled()
    assert len(place.told) == 2


def test_its_own_thread_looks(tmp_path: Path) -> None:
    place, noticed = Place(tmp_path), threading.Event()
    web = Web(place.file, told=lambda _: noticed.set(), look_every_seconds=0.01)
    web.start()
    try:
        place.write("")
        assert noticed.wait(20)
        assert web.guard == OPEN
    finally:
        web.close()
