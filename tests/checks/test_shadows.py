"""What the environment hides is one fact of this host; what a profile hides is one of that profile."""

from __future__ import annotations

from collections.abc import Mapping

from healthcheck.checks.aws_files import AwsFile, FileKind, read
from healthcheck.checks.shadows import judge
from healthcheck.target import CredentialSource

ROLE = "arn:aws:iam::111122223333:role/Watcher"
SOURCES = (
    CredentialSource(),
    CredentialSource(profile="prod"),
    CredentialSource(profile="prod", assume_role=ROLE),
    CredentialSource(assume_role=ROLE),
)
GONE = AwsFile("/gone/config", FileKind.CONFIG, exists=False)


def told(environ: Mapping[str, str], *files: AwsFile) -> set[tuple[str, str | None, str]]:
    """The incidents of a fleet with all kinds of sources."""
    results = [result for source in SOURCES for result in judge(source, environ, files)]
    return {(result.subject, result.reason, result.summary) for result in results if result.reason}


def test_a_file_that_the_environment_names_and_is_not_there_is_one_fact_for_all_targets() -> None:
    assert told({"AWS_CONFIG_FILE": "/gone/config"}, GONE) == {
        (
            "environment of this host",
            "redirected_file_missing",
            (
                "environment of this host: AWS_CONFIG_FILE names /gone/config, which does not exist, "
                "and hides the usual file"
            ),
        )
    }


def test_a_left_over_token_is_one_fact_for_all_targets_that_it_spoils() -> None:
    environ = {"AWS_ACCESS_KEY_ID": "AKIAQHEALTHCHECKTEST", "AWS_SESSION_TOKEN": "old"}
    assert {(subject, reason) for subject, reason, _ in told(environ)} == {
        ("environment of this host", "stray_session_token")
    }


def test_a_profile_with_two_ways_in_is_told_of_the_profile_whoever_assumes_a_role_with_it() -> None:
    text = b"[prod]\naws_access_key_id = AKIAQHEALTHCHECKTEST\nsso_session = corp\n"
    assert {(subject, reason) for subject, reason, _ in told({}, read("/f", FileKind.CREDENTIALS, text))} == {
        ("profile prod", "sso_beats_keys")
    }


def test_both_are_told_apart() -> None:
    text = b"[default]\naws_access_key_id = AKIAQHEALTHCHECKTEST\nsso_session = corp\n"
    results = judge(CredentialSource(), {"AWS_ROLE_ARN": ROLE}, (read("/f", FileKind.CREDENTIALS, text),))
    assert [result.subject for result in results] == ["environment of this host", "ambient credentials"]
