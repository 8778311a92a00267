"""How long credentials last, told to the second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from healthcheck.capabilities import Credentials
from healthcheck.checks.lifetimes import GAUGE, SsoToken, instant, judge, noted_end, read_sso_token
from healthcheck.result import Status

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HORIZON = timedelta(hours=12)


def given(method: str, expires: datetime | None = None, *, temporary: bool = True) -> Credentials:
    return Credentials("profile prod", method, "ASIA" if temporary else "AKIA", "TEST", True, temporary, expires)


def test_the_gauge_is_the_instant_at_which_somebody_has_to_act() -> None:
    end = NOW + timedelta(hours=20)
    assert judge(given("env", end), NOW, HORIZON).gauges == {GAUGE: end.timestamp()}


def test_what_the_sdk_renews_by_itself_has_no_gauge_and_tells_who_renews_it() -> None:
    result = judge(given("iam-role", NOW + timedelta(minutes=20)), NOW, HORIZON)
    assert (result.status, result.gauges) == (Status.OK, {})
    assert result.evidence["renewed_by"] == "the instance's metadata service renews them"
    assert result.evidence["expires"] == "2026-11-22T12:20:00Z"


def test_long_lived_keys_say_that_they_have_no_end() -> None:
    result = judge(given("shared-credentials-file", temporary=False), NOW, HORIZON)
    assert (result.status, result.evidence["lifetime"], result.gauges) == (Status.OK, "no end", {})


def test_of_a_sign_in_its_own_end_counts_and_not_that_of_the_role_s_keys() -> None:
    token = SsoToken(NOW + timedelta(hours=1), renews_itself=False)
    result = judge(given("sso", NOW + timedelta(hours=30)), NOW, HORIZON, sso=token, profile="prod")
    assert (result.status, result.reason) == (Status.WARNING, "expires_soon")
    assert result.fix is not None
    assert result.fix.commands == ("aws sso login --profile prod",)


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=11, minutes=59), "11 h"),
    ],
)
def test_the_time_that_is_left_is_cut_down_and_not_rounded_up(left: timedelta, said: str) -> None:
    summary = judge(given("env", NOW + left), NOW, HORIZON).summary
    assert f"end {said} from now" in summary


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-11-22T14:00:00Z", NOW + timedelta(hours=2)),
        ("2026-11-22T14:00:00UTC", NOW + timedelta(hours=2)),
        ("2026-11-22T15:00:00+01:00", NOW + timedelta(hours=2)),
        ("2026-11-22 14:00:00", NOW + timedelta(hours=2)),
        ("soon", None),
        ("", None),
    ],
)
def test_instants_are_read_as_tools_write_them(text: str, read: datetime | None) -> None:
    assert instant(text) == read


def test_a_noted_end_is_found_under_the_names_that_tools_use() -> None:
    assert noted_end({"aws_expiration": "2026-11-22T14:00:00Z"}) == NOW + timedelta(hours=2)
    assert noted_end({"region": "us-east-1"}) is None


@pytest.mark.parametrize("data", [b"", b"[", b"[]", b'"text"', b"\xff"])
def test_junk_in_the_cache_is_no_sign_in(data: bytes) -> None:
    assert read_sso_token(data) is None


def test_a_token_that_can_be_renewed_is_one_with_a_refresh_token() -> None:
    token = read_sso_token(b'{"expiresAt": "2026-11-22T14:00:00Z", "accessToken": "x", "refreshToken": "y"}')
    assert token == SsoToken(NOW + timedelta(hours=2), renews_itself=True)
