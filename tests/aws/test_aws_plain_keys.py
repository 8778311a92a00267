"""The short way to plain keys leads where botocore's whole chain leads, or is not taken."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from botocore.exceptions import PartialCredentialsError
from botocore.loaders import create_loader
from botocore.session import Session

from healthcheck.aws.profiles import Profiles

KEYS = "aws_access_key_id = AKIAPLAIN\naws_secret_access_key = plain\n"
OTHER = "aws_access_key_id = AKIAOTHER\naws_secret_access_key = other\naws_session_token = told\n"


def profiles() -> Profiles:
    return Profiles(os.environ, create_loader(), lambda _service, _operation, _answer: None)


def write(home: Path, credentials: str = "", config: str = "") -> None:
    (home / "credentials").write_text(credentials)
    (home / "config").write_text(config)


@pytest.mark.parametrize(
    ("credentials", "config"),
    [
        (f"[prod]\n{KEYS}", ""),
        (f"[prod]\n{OTHER}", ""),
        (f"[prod]\n{KEYS}aws_security_token = old\n", ""),
        (f"[prod]\n{KEYS}", "[profile prod]\nregion = eu-west-1\noutput = json\n"),
        (f"[prod]\n{KEYS}", f"[profile prod]\n{OTHER}"),
        (f"[default]\n{OTHER}[prod]\n{KEYS}", ""),
    ],
    ids=["keys", "token", "older_token", "region", "both_files", "default_too"],
)
def test_of_a_profile_with_nothing_but_keys_it_finds_what_botocore_finds(
    clean_environment: Path, credentials: str, config: str
) -> None:
    write(clean_environment, credentials, config)

    ours, theirs = profiles().plain_keys("prod"), Session(profile="prod").get_credentials()

    assert ours is not None
    assert theirs is not None
    assert (ours.method, ours.get_frozen_credentials()) == (theirs.method, theirs.get_frozen_credentials())


@pytest.mark.parametrize(
    ("credentials", "config"),
    [
        ("", ""),
        ("", f"[profile prod]\n{KEYS}"),
        (f"[prod]\n{KEYS}", "[profile prod]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = prod\n"),
        (f"[prod]\n{KEYS}", "[profile prod]\ncredential_process = /bin/keys\n"),
        (f"[prod]\n{KEYS}", "[profile prod]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n"),
        (f"[prod]\n{KEYS}", "[profile prod]\nsomething_of_next_year = yes\n"),
        (f"[prod]\n{KEYS}[prod]\n", ""),
        (f"[prod]\n{KEYS}", "no section\n"),
    ],
    ids=["none", "other_file", "role", "process", "sso", "unheard_of", "doubled_section", "no_section"],
)
def test_whatever_else_a_profile_has_is_left_to_botocore(
    clean_environment: Path, credentials: str, config: str
) -> None:
    write(clean_environment, credentials, config)

    assert profiles().plain_keys("prod") is None


def test_half_a_key_is_an_error_as_it_is_to_botocore(clean_environment: Path) -> None:
    write(clean_environment, "[prod]\naws_access_key_id = AKIAPLAIN\n")

    with pytest.raises(PartialCredentialsError) as theirs:
        Session(profile="prod").get_credentials()
    with pytest.raises(PartialCredentialsError) as ours:
        profiles().plain_keys("prod")

    assert str(ours.value) == str(theirs.value)


@pytest.mark.usefixtures("clean_environment")
def test_keys_of_the_environment_are_those_of_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAPLAIN")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "plain")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "told")

    ours, theirs = profiles().plain_keys(None), Session().get_credentials()

    assert ours is not None
    assert theirs is not None
    assert (ours.method, ours.get_frozen_credentials()) == (theirs.method, theirs.get_frozen_credentials())


@pytest.mark.usefixtures("clean_environment")
@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_beside_a_profile_in_the_environment_the_chain_decides(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAPLAIN")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "plain")
    monkeypatch.setenv(variable, "gone")

    assert profiles().plain_keys(None) is None
