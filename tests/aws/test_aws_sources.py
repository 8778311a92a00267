"""Credential sources: resolved, refreshed, shared, forgotten; and what is said when they cannot be."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from healthcheck import Credentials, CredentialSource, FailureKind, Target
from healthcheck.aws import Unresolved
from tests.aws.aws_bench import NOON, Bench
from tests.aws.aws_imitation import ASSUMED, Asked, Told, error, identity

SECRETS = ("wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab", "assumed-secret", "assumed-token", "hush")
ROLE = "arn:aws:iam::444455556666:role/Watcher"

MakeBench = Callable[[], Bench]


SSO = """[profile other]
sso_session = s
sso_account_id = 1
sso_role_name = r
[sso-session s]
sso_region = us-east-1
sso_start_url = https://x.awsapps.com/start
"""


def resolve(bench: Bench, source: CredentialSource = CredentialSource(), region: str = "us-east-1") -> Credentials:  # noqa: B008 # frozen
    return bench.gateway.resolve(Target("prod", source=source, region=region))


def assumed(expiration: datetime = NOON + timedelta(hours=1), key: str = "ASIAAAAA444455556666") -> Told:
    return Told(ASSUMED.format(key=key, expiration=expiration.isoformat()))


def profile(account: str, name: str) -> str:
    return f"[{name}]\naws_access_key_id=AKIAAAAA{account}\naws_secret_access_key={SECRETS[0]}\n"


def test_keys_of_the_environment_are_described_without_their_secret(bench: Bench) -> None:
    assert resolve(bench) == Credentials(
        source="ambient credentials", method="env", key_id_prefix="AKIA", key_id_suffix="3333"
    )


def test_a_temporary_key_has_a_session_token(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAAAAA111122223333")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "hush")

    seen = resolve(bench)

    assert (seen.key_id_prefix, seen.has_session_token, seen.refreshable) == ("ASIA", True, False)


@pytest.mark.parametrize("key_id", ['"AKIAAAAA111122223333"', "[YOUR_ACCESS_KEY_ID]", "AKIA"])
def test_what_is_no_key_id_is_seen_to_be_none(bench: Bench, monkeypatch: pytest.MonkeyPatch, key_id: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key_id)

    seen = resolve(bench)

    assert not seen.key_id_well_formed
    assert key_id not in repr(seen) or key_id == "AKIA"


def test_a_profile_is_found_in_the_shared_file(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.write_profiles(profile("444455556666", "other"))

    seen = resolve(bench, CredentialSource(profile="other"))

    assert (seen.source, seen.method, seen.key_id_suffix) == ("profile other", "shared-credentials-file", "6666")


def test_a_named_profile_beats_keys_of_the_environment(bench: Bench) -> None:
    bench.write_profiles(profile("444455556666", "other"))

    assert resolve(bench, CredentialSource(profile="other")).key_id_suffix == "6666"


def test_each_source_gets_its_own_account_from_32_threads_over_shared_clients(make_bench: MakeBench) -> None:
    accounts = [f"{number:012d}" for number in range(100000000001, 100000000017)]
    bench = make_bench()
    bench.write_profiles("".join(profile(account, f"p{account}") for account in accounts))

    def ask(account: str) -> Any:
        with bench.scope(
            "sts.GetCallerIdentity", source=CredentialSource(profile=f"p{account}"), max_age_seconds=0
        ) as aws:
            return aws.account()

    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(ask, accounts * 8)) == accounts * 8

    assert bench.aws.count("sts.GetCallerIdentity") == 128
    assert len(bench.gateway._clients) == 1


def test_a_role_is_assumed_with_the_base_credentials_and_external_id(bench: Bench) -> None:
    bench.aws.answers["sts.AssumeRole"] = lambda _: assumed()
    source = CredentialSource(assume_role=ROLE, external_id="hush-hush", session_name="watch")

    seen = resolve(bench, source)

    asked = bench.aws.asked[0]
    assert (asked.key_id, asked.params["RoleArn"], asked.params["ExternalId"], asked.params["RoleSessionName"]) == (
        "AKIAAAAA111122223333",
        ROLE,
        "hush-hush",
        "watch",
    )
    assert seen == Credentials(
        source=f"role {ROLE} from ambient credentials",
        method="assume-role",
        key_id_prefix="ASIA",
        key_id_suffix="6666",
        has_session_token=True,
        expires=NOON + timedelta(hours=1),
        refreshable=True,
    )
    assert bench.calls == {("sts", "AssumeRole", "ok"): 1}


def test_without_an_external_id_none_is_sent(bench: Bench) -> None:
    bench.aws.answers["sts.AssumeRole"] = lambda _: assumed()

    resolve(bench, CredentialSource(assume_role=ROLE))

    assert "ExternalId" not in bench.aws.asked[0].params


def test_a_role_is_assumed_once_and_calls_are_signed_with_its_keys(bench: Bench) -> None:
    bench.aws.answers["sts.AssumeRole"] = lambda _: assumed()
    source = CredentialSource(assume_role=ROLE)
    for region in ("us-east-1", "eu-west-1"):
        resolve(bench, source, region)
        with bench.scope("iam.GetRole", source=source, region=region) as aws:
            aws.client("iam").get_role(RoleName="Trainer")

    assert bench.aws.count("sts.AssumeRole") == 1
    assert bench.aws.asked[-1].key_id == "ASIAAAAA444455556666"


@pytest.mark.parametrize(("minutes_left", "assumptions"), [(15, 1), (14, 2)])
def test_an_assumed_role_is_renewed_a_quarter_of_an_hour_before_its_end(
    bench: Bench, minutes_left: int, assumptions: int
) -> None:
    bench.aws.answers["sts.AssumeRole"] = lambda _: assumed(bench.now[0] + timedelta(hours=1))
    source = CredentialSource(assume_role=ROLE)
    resolve(bench, source)
    bench.later(minutes=60 - minutes_left)

    resolve(bench, source)

    assert bench.aws.count("sts.AssumeRole") == assumptions


def test_when_renewing_fails_what_still_lasts_is_used_on(bench: Bench) -> None:
    bench.aws.answers["sts.AssumeRole"] = lambda _: assumed()
    source = CredentialSource(assume_role=ROLE)
    resolve(bench, source)
    bench.aws.answers["sts.AssumeRole"] = lambda _: error("AccessDenied")
    bench.later(minutes=50)

    seen = resolve(bench, source)
    assert (seen.failure, seen.key_id_suffix) == (None, "6666")
    assert seen.renewal_failure is not None
    assert seen.renewal_failure.kind is FailureKind.NOT_PERMITTED

    bench.later(minutes=9, seconds=30)
    failed = resolve(bench, source).failure
    assert failed is not None
    assert failed.kind is FailureKind.NOT_PERMITTED


def test_what_was_renewed_after_all_is_told_no_more(bench: Bench) -> None:
    bench.aws.answers["sts.AssumeRole"] = lambda _: assumed()
    source = CredentialSource(assume_role=ROLE)
    resolve(bench, source)
    bench.aws.answers["sts.AssumeRole"] = lambda _: error("AccessDenied")
    bench.later(minutes=50)
    resolve(bench, source)
    bench.aws.answers["sts.AssumeRole"] = lambda _: assumed(NOON + timedelta(hours=2))
    bench.later(seconds=10)

    assert resolve(bench, source).renewal_failure is None


def test_a_refused_role_names_the_missing_permission(bench: Bench) -> None:
    bench.aws.answers["sts.AssumeRole"] = lambda _: error(
        "AccessDenied",
        f"User: arn:aws:iam::111122223333:user/ci is not authorized to perform: sts:AssumeRole on resource: {ROLE}",
    )

    failure = resolve(bench, CredentialSource(assume_role=ROLE)).failure

    assert failure is not None
    assert (failure.kind, failure.operation, failure.missing_actions, failure.code) == (
        FailureKind.NOT_PERMITTED,
        "sts.AssumeRole",
        ("sts:AssumeRole",),
        "AccessDenied",
    )
    assert bench.calls == {("sts", "AssumeRole", "denied"): 1}


def test_a_source_that_failed_signs_nothing_and_says_why(make_bench: MakeBench) -> None:
    bench = make_bench()
    with bench.scope("iam.GetRole") as aws, pytest.raises(Unresolved) as unresolved:
        aws.client("iam").get_role(RoleName="Trainer")

    failure = bench.gateway.classify(unresolved.value, operation="iam.GetRole")
    assert (failure.kind, failure.operation, failure.check) == (
        FailureKind.NO_CREDENTIALS,
        "iam.GetRole",
        "credentials.resolvable",
    )
    assert bench.aws.asked == []


def test_a_failure_is_told_for_ten_seconds_and_then_looked_into_again(bench: Bench) -> None:
    bench.aws.answers["sts.AssumeRole"] = lambda _: error("AccessDenied")
    source = CredentialSource(assume_role=ROLE)
    resolve(bench, source)
    bench.later(seconds=9)
    resolve(bench, source)
    assert bench.aws.count("sts.AssumeRole") == 1

    bench.later(seconds=1)
    bench.aws.answers["sts.AssumeRole"] = lambda _: assumed()
    assert resolve(bench, source).failure is None


def test_a_change_of_the_shared_file_is_noticed(make_bench: MakeBench) -> None:
    bench = make_bench()
    source = CredentialSource(profile="other")
    bench.write_profiles(profile("444455556666", "other"))
    resolve(bench, source)
    bench.write_profiles(profile("777788889999", "other") + "\n")

    assert resolve(bench, source).key_id_suffix == "9999"
    with bench.scope("sts.GetCallerIdentity", source=source) as aws:
        assert aws.account() == "777788889999"


def test_answers_that_old_keys_were_given_are_not_given_to_new_ones(make_bench: MakeBench) -> None:
    bench = make_bench()
    source = CredentialSource(profile="other")
    accounts: list[str] = []
    for account in ("444455556666", "777788889999"):
        bench.write_profiles(profile(account, "other") + "#" * len(accounts))
        resolve(bench, source)
        with bench.scope("sts.GetCallerIdentity", source=source) as aws:
            accounts.append(aws.account())

    assert accounts == ["444455556666", "777788889999"]


def test_a_source_that_is_forgotten_is_resolved_from_scratch(bench: Bench) -> None:
    bench.aws.answers["sts.AssumeRole"] = lambda _: assumed()
    source = CredentialSource(assume_role=ROLE)
    resolve(bench, source)

    bench.gateway.forget(source)
    resolve(bench, source)

    assert bench.aws.count("sts.AssumeRole") == 2


def test_those_who_resolve_at_once_make_one_request(bench: Bench) -> None:
    everybody_is_here = threading.Barrier(16)
    bench.aws.answers["sts.AssumeRole"] = lambda _: assumed()

    def ask(_: int) -> Credentials:
        everybody_is_here.wait(10)
        return resolve(bench, CredentialSource(assume_role=ROLE))

    with ThreadPoolExecutor(16) as pool:
        assert {seen.key_id_suffix for seen in pool.map(ask, range(16))} == {"6666"}

    assert bench.aws.count("sts.AssumeRole") == 1


def test_a_role_of_a_profile_is_assumed_by_the_sdk_and_counted(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.write_profiles(profile("111122223333", "base"))
    bench.write_config(f"[profile chained]\nrole_arn={ROLE}\nsource_profile=base\n")
    later = datetime.now(UTC) + timedelta(hours=1)
    bench.aws.answers["sts.AssumeRole"] = lambda _: assumed(later)

    seen = resolve(bench, CredentialSource(profile="chained"), "eu-west-1")

    assert (seen.method, seen.refreshable, seen.expires) == ("assume-role", True, later)
    assert bench.aws.asked[0].region == "eu-west-1"  # the profile names no region; the asking target does
    assert bench.calls == {("sts", "AssumeRole", "ok"): 1}


@pytest.mark.parametrize(
    ("credentials", "config", "name", "kind", "words"),
    [
        ("", "", "NoCredentialsError", FailureKind.NO_CREDENTIALS, "no credentials in the environment"),
        ("[other]\naws_access_key_id=AKIAAAAA111122223333\n", "", "PartialCredentialsError",
         FailureKind.NO_CREDENTIALS, "aws_secret_access_key is missing"),
        ("aws_access_key_id=hush\n", "", "ConfigParseError", FailureKind.NO_CREDENTIALS, "is not in INI form"),
        ("\ufeff[other]\naws_access_key_id=hush\n", "", "ConfigParseError", FailureKind.NO_CREDENTIALS, "BOM"),
        ("", "[other]\nregion=us-east-1\n", "ProfileNotFound", FailureKind.NO_CREDENTIALS,
         "the profile 'other' stands in neither"),
        ("", f"[profile other]\nrole_arn={ROLE}\nsource_profile=gone\n", "InvalidConfigError",
         FailureKind.NO_CREDENTIALS, 'The source_profile "gone" referenced in the profile "other" does not exist'),
        ("", f"[profile other]\nrole_arn={ROLE}\n", "PartialCredentialsError", FailureKind.NO_CREDENTIALS,
         "source_profile or credential_source is missing"),
        (profile("111122223333", "base"),
         f"[profile other]\nrole_arn={ROLE}\nsource_profile=base\nmfa_serial=arn:aws:iam::1:mfa/me\n", "EOFError",
         FailureKind.NO_CREDENTIALS, "asks for an MFA code"),
        ("", f"[profile other]\nrole_arn={ROLE}\nweb_identity_token_file=/nonexistent/token\n", "FileNotFoundError",
         FailureKind.NO_CREDENTIALS, "the file /nonexistent/token does not exist"),
        ("", SSO, "SSOTokenLoadError",
         FailureKind.NO_CREDENTIALS, "Token for s does not exist"),
    ],
)  # fmt: skip
def test_each_way_to_have_no_credentials_is_told_apart(  # noqa: PLR0917 # pytest passes them by name
    make_bench: MakeBench, credentials: str, config: str, name: str, kind: FailureKind, words: str
) -> None:
    bench = make_bench()
    bench.write_profiles(credentials)
    bench.write_config(config)
    source = CredentialSource(profile="other") if credentials or config else CredentialSource()

    seen = resolve(bench, source)

    assert seen.failure is not None
    assert (seen.failure.code, seen.failure.kind) == (name, kind)
    assert words in seen.failure.sentence
    assert seen.failure.sentence.startswith(source.name)
    assert "hush" not in repr(seen)


_RESOLVE = """
import os
from datetime import UTC, datetime
from healthcheck import CredentialSource, Target
from healthcheck.aws import Gateway
gateway = Gateway(environ=os.environ, clock=lambda: datetime.now(UTC))
failure = gateway.resolve(Target("prod", source=CredentialSource(profile="other"), region="us-east-1")).failure
print(failure.kind.value, failure.sentence)
"""


def test_an_sso_session_that_is_over_has_expired_credentials(clean_environment: Path) -> None:
    """In a process of its own: botocore asks where home is when it is imported, and never again."""
    (clean_environment / "config").write_text(SSO)
    cache = clean_environment / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    token = {"accessToken": "hush", "expiresAt": "2020-01-01T00:00:00Z", "startUrl": "https://x.awsapps.com/start"}
    (cache / f"{hashlib.sha1(b's').hexdigest()}.json").write_text(json.dumps(token))

    told = subprocess.run([sys.executable, "-c", _RESOLVE], capture_output=True, text=True, check=True)

    assert told.stdout.startswith("credentials_expired profile other: ")
    assert "Token has expired and refresh failed" in told.stdout


def process(tmp_path: Path, script: str) -> str:
    program = tmp_path / "keys.py"
    program.write_text(f"#!{sys.executable}\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return f"[profile other]\ncredential_process={program}\n"


@pytest.mark.parametrize(
    ("script", "name", "kind", "words"),
    [
        ("print('hello')", "JSONDecodeError", FailureKind.NO_CREDENTIALS, "not JSON"),
        ("print('[]')", "AttributeError", FailureKind.NO_CREDENTIALS, "not the form that the SDK expects"),
        ("print('{\"Version\": 9}')", "CredentialRetrievalError", FailureKind.NO_CREDENTIALS, "Unsupported version"),
        ("import sys; sys.exit('the vault is sealed')", "CredentialRetrievalError", FailureKind.NO_CREDENTIALS,
         "the vault is sealed"),
        ("import sys; sys.exit('used wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab')", "CredentialRetrievalError",
         FailureKind.NO_CREDENTIALS, "used …"),
        ("import json; print(json.dumps({'Version': 1, 'AccessKeyId': 5, 'SecretAccessKey': 6}))", "TypeError",
         FailureKind.NO_CREDENTIALS, "not the form that the SDK expects"),
    ],
)  # fmt: skip
def test_a_credential_process_may_go_wrong_in_any_way(  # noqa: PLR0917 # pytest passes them by name
    make_bench: MakeBench, tmp_path: Path, script: str, name: str, kind: FailureKind, words: str
) -> None:
    bench = make_bench()
    bench.write_config(process(tmp_path, script))

    failure = resolve(bench, CredentialSource(profile="other")).failure

    assert failure is not None
    assert (failure.code, failure.kind) == (name, kind)
    assert words in failure.sentence
    assert SECRETS[0] not in failure.sentence


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_process_that_renews_to_something_stale_has_expired_credentials(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    answer = {"Version": 1, "AccessKeyId": "ASIAAAAA111122223333", "SecretAccessKey": "hush",
              "Expiration": "2020-01-01T00:00:00Z", "SessionToken": "hush"}  # fmt: skip
    bench = make_bench()
    bench.write_config(process(tmp_path, f"print('''{json.dumps(answer)}''')"))

    failure = resolve(bench, CredentialSource(profile="other")).failure

    assert failure is not None
    assert (failure.code, failure.kind) == ("RuntimeError", FailureKind.CREDENTIALS_EXPIRED)
    assert "already expired" in failure.sentence


def test_a_process_gives_keys_with_an_end(make_bench: MakeBench, tmp_path: Path) -> None:
    answer = {"Version": 1, "AccessKeyId": "ASIAAAAA111122223333", "SecretAccessKey": "hush",
              "Expiration": "2099-01-01T00:00:00Z", "SessionToken": "hush"}  # fmt: skip
    bench = make_bench()
    bench.write_config(process(tmp_path, f"print('''{json.dumps(answer)}''')"))

    seen = resolve(bench, CredentialSource(profile="other"))

    assert (seen.method, seen.expires, seen.refreshable) == (
        "custom-process",
        datetime(2099, 1, 1, tzinfo=UTC),
        True,
    )


def test_an_unreachable_sts_is_no_fault_of_the_credentials(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")

    failure = resolve(bench, CredentialSource(assume_role=ROLE)).failure

    assert failure is not None
    assert (failure.kind, failure.check) == (FailureKind.UNREACHABLE, "network.reachable")


def test_an_expired_token_met_in_a_call_is_credentials_valids_business(bench: Bench) -> None:
    bench.aws.answers["iam.GetRole"] = lambda _: error("ExpiredToken", "The security token is expired")
    with bench.scope("iam.GetRole") as aws, pytest.raises(ClientError) as expired:
        aws.client("iam").get_role(RoleName="Trainer")

    failure = aws.failure(expired.value)
    assert (failure.kind, failure.check) == (FailureKind.CREDENTIALS_EXPIRED, "credentials.valid")


def test_nothing_shows_a_secret(bench: Bench) -> None:
    bench.aws.answers["sts.AssumeRole"] = lambda _: assumed()
    source = CredentialSource(assume_role=ROLE)
    target = Target("prod", source=source, region="us-east-1")
    bench.gateway.resolve(target)
    resolved = bench.gateway._sources.known(source, None)
    with bench.scope("iam.GetRole", source=source) as aws:
        client = aws.client("iam")
        shown = [
            repr(thing)
            for thing in (
                bench.gateway, bench.gateway._sources, resolved, resolved.credentials, aws, aws.credentials, client,
                client.meta, client.meta.config, client._request_signer, client._request_signer._credentials,
                vars(bench.gateway), vars(aws), vars(bench.gateway._sources),
                [vars(entry) for entry in bench.gateway._sources._entries.values()],
            )
        ]  # fmt: skip

    assert not [text for text in shown for secret in SECRETS if secret in text]
    assert resolved.keys is not None
    assert resolved.keys.secret_key == "assumed-secret"


def test_the_identity_of_the_imitation_is_the_signer() -> None:
    """A check of the tests' own footing: the imitation tells accounts by the keys that sign."""
    asked = Asked("sts", "us-east-1", "AKIAAAAA123456789012", "GetCallerIdentity", {}, "POST", "/", {})
    assert "<Account>123456789012</Account>" in identity(asked).body


def test_a_process_that_hangs_is_not_waited_for_for_ever(make_bench: MakeBench, tmp_path: Path) -> None:
    bench = make_bench()
    answer = {"Version": 1, "AccessKeyId": "ASIAAAAA111122223333", "SecretAccessKey": "hush"}
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    bench.write_config(process(tmp_path, f"open({str(gate)!r}).read(); print('''{json.dumps(answer)}''')"))
    bench.gateway._sources._most_seconds = 0.05

    failure = resolve(bench, CredentialSource(profile="other")).failure
    assert failure is not None
    assert (failure.kind, failure.is_transient) == (FailureKind.TIMED_OUT, True)

    gate.write_text("go on")
    bench.gateway._sources._most_seconds = 10
    bench.later(seconds=10)
    assert resolve(bench, CredentialSource(profile="other")).key_id_suffix == "3333"


def test_a_validation_error_of_sts_means_that_there_are_no_credentials(bench: Bench) -> None:
    bench.aws.answers["sts.AssumeRole"] = lambda _: error("ValidationError", "DurationSeconds exceeds", 400)

    failure = resolve(bench, CredentialSource(assume_role=ROLE)).failure

    assert failure is not None
    assert (failure.kind, failure.code) == (FailureKind.NO_CREDENTIALS, "ValidationError")
    assert "DurationSeconds exceeds" in failure.sentence


def test_a_role_of_a_source_that_has_no_keys_says_why(make_bench: MakeBench) -> None:
    failure = resolve(make_bench(), CredentialSource(assume_role=ROLE)).failure

    assert failure is not None
    assert (failure.kind, failure.check) == (FailureKind.NO_CREDENTIALS, "credentials.resolvable")
    assert failure.sentence.startswith(f"role {ROLE} from ambient credentials: ambient credentials: no credentials")


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch"])
def test_keys_that_are_refused_before_anybody_looks_at_the_role_are_the_bases_fault(bench: Bench, code: str) -> None:
    bench.aws.answers["sts.AssumeRole"] = lambda _: error(code)

    base = resolve(bench, CredentialSource(assume_role=ROLE)).base

    assert base == resolve(bench)


def test_a_base_that_cannot_be_resolved_is_at_fault(make_bench: MakeBench) -> None:
    bench = make_bench()

    base = resolve(bench, CredentialSource(assume_role=ROLE)).base

    assert base is not None
    assert (base.source, base.failure) == ("ambient credentials", resolve(bench).failure)


@pytest.mark.parametrize("code", ["AccessDenied", "Throttling", "ValidationError"])
def test_a_base_whose_signature_was_accepted_is_not_at_fault(bench: Bench, code: str) -> None:
    bench.aws.answers["sts.AssumeRole"] = lambda _: error(code)

    assert resolve(bench, CredentialSource(assume_role=ROLE)).base is None


def test_a_shared_file_of_another_encoding_is_told(make_bench: MakeBench) -> None:
    bench = make_bench()
    (bench.home / "credentials").write_bytes("[other]\naws_access_key_id=ä\n".encode("utf-16"))

    failure = resolve(bench, CredentialSource(profile="other")).failure

    assert failure is not None
    assert (failure.kind, failure.code) == (FailureKind.NO_CREDENTIALS, "ConfigParseError")
    assert str(bench.home / "credentials") in failure.sentence


def test_a_providers_own_failed_request_is_counted(make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
    bench = make_bench()
    bench.write_profiles(profile("111122223333", "base"))
    bench.write_config(f"[profile chained]\nrole_arn={ROLE}\nsource_profile=base\n")

    failure = resolve(bench, CredentialSource(profile="chained")).failure

    assert failure is not None
    assert (failure.kind, failure.check) == (FailureKind.UNREACHABLE, "network.reachable")
    assert bench.calls == {("sts", "AssumeRole", "failed"): 1}
