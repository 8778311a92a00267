"""One TLS context for all clients, and still every certificate is looked at."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.exceptions import SSLError

from healthcheck import CredentialSource, FailureKind
from healthcheck.aws.transport import Transports
from tests.authorities import Authority, make_authority
from tests.aws.aws_bench import Bench
from tests.aws.aws_imitation import IDENTITY, Imitation, imitation

MakeBench = Callable[[], Bench]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("ca"), "Example Corp", "Example Root")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("stranger"), "Somebody Else", "Other Root")


@pytest.fixture
def secure(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Imitation]:
    """The imitation behind TLS, as the ambient keys' endpoint."""
    with imitation(authority.server) as script:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAAAAA111122223333")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        script.url = script.url.replace("http://127.0.0.1", "https://localhost")
        yield script


def account(bench: Bench) -> str:
    with bench.scope("sts.GetCallerIdentity", max_age_seconds=0) as aws:
        return str(aws.account())


def refused(bench: Bench) -> str:
    with bench.scope("sts.GetCallerIdentity", max_age_seconds=0) as aws:
        with pytest.raises(SSLError) as error:
            aws.account()
        failure = aws.failure(error.value)
    assert failure.kind is FailureKind.UNREACHABLE
    return str(failure.sentence)


@pytest.fixture
def bench(make_bench: MakeBench, secure: Imitation, monkeypatch: pytest.MonkeyPatch, authority: Authority) -> Bench:
    monkeypatch.setenv("AWS_ENDPOINT_URL", secure.url)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.bundle))
    return make_bench()


def test_a_trusted_server_is_talked_to_over_one_connection(bench: Bench, secure: Imitation) -> None:
    assert [account(bench) for _ in range(3)] == ["111122223333"] * 3
    assert secure.connections == 1


def test_clients_share_one_context(bench: Bench) -> None:
    with bench.scope("iam.GetRole") as aws:
        sessions = {id(aws.client(service)._endpoint.http_session) for service in ("iam", "sts", "s3")}

    assert len(sessions) == 1


def test_a_server_of_an_unknown_authority_is_refused(
    bench: Bench, stranger: Authority, make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert account(bench) == "111122223333"
    monkeypatch.setenv("AWS_CA_BUNDLE", str(stranger.bundle))

    assert "CERTIFICATE_VERIFY_FAILED" in refused(make_bench())


def test_a_certificate_for_another_name_is_refused(
    secure: Imitation, make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch, authority: Authority
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", secure.url.replace("localhost", "127.0.0.1"))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.bundle))

    assert "127.0.0.1" in refused(make_bench())


def test_without_the_bundle_the_public_authorities_do_not_know_the_server(
    secure: Imitation, make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", secure.url)

    assert "CERTIFICATE_VERIFY_FAILED" in refused(make_bench())


def test_a_missing_bundle_is_told_at_the_first_call_and_healed_by_putting_it_there(
    secure: Imitation,
    make_bench: MakeBench,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    authority: Authority,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", secure.url)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "corp.pem"))
    bench = make_bench()
    assert "No such file or directory" in refused(bench)

    shutil.copy(authority.bundle, tmp_path / "corp.pem")
    assert account(bench) == "111122223333"


def test_a_bundle_that_is_replaced_is_loaded_again(  # noqa: PLR0917 # pytest passes them by name
    secure: Imitation,
    make_bench: MakeBench,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    authority: Authority,
    stranger: Authority,
) -> None:
    bundle = tmp_path / "corp.pem"
    shutil.copy(stranger.bundle, bundle)
    monkeypatch.setenv("AWS_ENDPOINT_URL", secure.url)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    bench = make_bench()
    refused(bench)

    bundle.write_bytes(b"half a fi")
    refused(bench)
    shutil.copy(authority.bundle, bundle)
    assert account(bench) == "111122223333"


def test_a_profiles_own_bundle_counts_for_its_targets_alone(
    secure: Imitation, make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch, authority: Authority
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", secure.url)
    bench = make_bench()
    bench.write_config(f"[profile corp]\nca_bundle={authority.bundle}\n")
    bench.write_profiles("[corp]\naws_access_key_id=AKIAAAAA444455556666\naws_secret_access_key=x\n")

    refused(bench)
    with bench.scope("sts.GetCallerIdentity", source=CredentialSource(profile="corp")) as aws:
        assert aws.account() == "444455556666"


def test_sessions_differ_by_what_they_trust_and_which_proxies_they_use(
    monkeypatch: pytest.MonkeyPatch, authority: Authority
) -> None:
    transports = Transports()
    plain = transports.session("https://sts.amazonaws.com", None)
    assert transports.session("https://iam.amazonaws.com", None) is plain
    assert transports.session("https://sts.amazonaws.com", str(authority.bundle)) is not plain

    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", "iam.amazonaws.com")
    assert transports.session("https://sts.amazonaws.com", None) is not plain
    assert transports.session("https://iam.amazonaws.com", None) is plain
    transports.close()


def test_the_imitation_tells_identities(secure: Imitation) -> None:
    """The tests' own footing."""
    assert "{account}" in IDENTITY
    assert secure.url.startswith("https://localhost:")
