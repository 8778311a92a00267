"""A user whom no list has: DynamicUser= of systemd, and any number that a container is told to run as."""

from __future__ import annotations

import pwd
from pathlib import Path
from typing import NoReturn

import pytest

from healthcheck.host import LocalHost


def test_who_has_no_home_is_treated_as_botocore_treats_him(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(number: int) -> NoReturn:
        raise KeyError(number)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(RuntimeError):
        Path.home()

    assert LocalHost({}).home == Path("~")
