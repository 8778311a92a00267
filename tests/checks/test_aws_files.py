"""The shared AWS files, read for what people get wrong in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from healthcheck.checks.aws_files import FileKind, active_profile, key_mistake, path_of, read

KEY = "AKIAQHEALTHCHECKTEST"
SECRET = "secret/secret+secret/secret+secret/secret"
GOOD = f"""\
# mine
[default]
aws_access_key_id = {KEY}
aws_secret_access_key={SECRET}
region : us-east-1
s3 =
    addressing_style = path
    nothing = here

; theirs
[prod]
AWS_ACCESS_KEY_ID = {KEY}
aws_secret_access_key = {SECRET}
"""


def mistakes(text: str | bytes, kind: FileKind = FileKind.CREDENTIALS) -> list[tuple[str, int, str | None, bool]]:
    data = text.encode() if isinstance(text, str) else text
    return [(m.reason, m.line, m.profile, m.breaks_file) for m in read("f", kind, data).mistakes]


def test_a_good_file_has_profiles_and_no_mistakes() -> None:
    file = read("f", FileKind.CREDENTIALS, GOOD.encode())
    assert file.mistakes == ()
    assert set(file.profiles) == {"default", "prod"}
    assert file.profiles["default"]["region"] == "us-east-1"


def test_no_secret_is_kept() -> None:
    file = read("f", FileKind.CREDENTIALS, GOOD.encode())
    assert SECRET not in repr(file)
    assert KEY not in repr(file)
    assert "aws_secret_access_key" in file.profiles["default"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"\xef\xbb\xbf[default]\n", [("byte_order_mark", 1, None, True)]),
        ("[default]\n".encode("utf-16"), [("byte_order_mark", 1, None, True)]),
        (b"[default]\nregion = \xff\n", [("malformed_file", 2, None, True)]),
        ("region = us-east-1\n", [("malformed_file", 1, None, True)]),
        ("[a]\n[b]\n[a]\n", [("malformed_file", 3, None, True)]),
        ("[a]\nregion = x\nREGION = y\n", [("malformed_file", 3, None, True)]),
        ("[a]\nhello\n", [("malformed_file", 2, None, True)]),
        ("[profile a]\n", [("profile_spelling", 1, "a", False)]),
        (f'[a]\naws_access_key_id = "{KEY}"\n', [("quoted", 2, "a", False)]),
        (f"[a]\naws_secret_access_key = '{SECRET}'\n", [("quoted", 2, "a", False)]),
        (f"[a]\naws_session_token = {SECRET} # till noon\n", [("trailing_comment", 2, "a", False)]),
        ("[a]\naws_secret_access_key = [YOUR_SECRET_ACCESS_KEY]\n", [("placeholder", 2, "a", False)]),
    ],
)
def test_a_mistake_has_its_line_and_whom_it_concerns(
    text: str | bytes, found: list[tuple[str, int, str | None, bool]]
) -> None:
    assert mistakes(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[default]\n[profile a]\n[sso-session s]\n[services x]\n[plugins]\n", []),
        ("[a]\n", [("profile_spelling", 1, "a", False)]),
        ('[profile "a b"]\n', []),
    ],
)
def test_the_config_file_spells_profiles_otherwise(text: str, found: list[tuple[str, int, str | None, bool]]) -> None:
    assert mistakes(text, FileKind.CONFIG) == found


def test_a_session_section_is_no_profile() -> None:
    file = read("f", FileKind.CONFIG, b"[sso-session s]\nsso_region = us-east-1\n")
    assert file.profiles == {}
    assert file.sso_sessions == {"s": {"sso_region": "us-east-1"}}


def test_a_mistake_concerns_its_own_profile_or_all() -> None:
    file = read("f", FileKind.CREDENTIALS, b"[a]\naws_access_key_id = x\n[b]\nhello\n")
    assert [m.reason for m in file.concerning("a")] == ["malformed_key", "malformed_file"]
    assert [m.reason for m in file.concerning("b")] == ["malformed_file"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (KEY, None),
        ("ASIA" + KEY[4:], None),
        (KEY[:-1], "malformed_key"),
        (KEY + "A", "malformed_key"),
        (KEY.lower(), "malformed_key"),
        ("AROA" + KEY[4:], "malformed_key"),
        (f'"{KEY}"', "quoted"),
        ("[YOUR_ACCESS_KEY_ID]", "placeholder"),
        ("<access key>", "placeholder"),
        ("your-access-key", "placeholder"),
        (f"{KEY} # mine", "trailing_comment"),
        ("", "malformed_key"),
    ],
)
def test_a_key_is_judged_by_its_form(value: str, reason: str | None) -> None:
    found = key_mistake(value)
    assert (found[0] if found else None) == reason


def test_variables_name_other_files_and_profiles() -> None:
    home = Path("/home/alice")
    assert path_of(FileKind.CONFIG, {}, home) == Path("/home/alice/.aws/config")
    assert path_of(FileKind.CONFIG, {"AWS_CONFIG_FILE": "~/c"}, home) == Path("/home/alice/c")
    assert path_of(FileKind.CREDENTIALS, {"AWS_SHARED_CREDENTIALS_FILE": "/etc/c"}, home) == Path("/etc/c")
    assert active_profile("named", {"AWS_PROFILE": "p"}) == "named"
    assert active_profile(None, {"AWS_PROFILE": "p", "AWS_DEFAULT_PROFILE": "d"}) == "d"
    assert active_profile(None, {"AWS_PROFILE": "p"}) == "p"
    assert active_profile(None, {}) == "default"
