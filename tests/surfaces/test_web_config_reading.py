"""The web configuration as text: what it amounts to, and each mistake with its place."""

from __future__ import annotations

import re
import ssl
import subprocess
from pathlib import Path

import bcrypt
import pytest

from healthcheck.config import ConfigError
from healthcheck.surfaces.http import Limits
from healthcheck.surfaces.web import reading
from healthcheck.surfaces.web.guard import OPEN, Guard
from healthcheck.surfaces.web.reading import load, read
from tests.support import require
from tests.surfaces.certificates import LOCAL, Authority

HASH = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"
"""Of the documentation of Prometheus's exporter-toolkit."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a configuration may name."""
    made = tmp_path_factory.mktemp("web")
    authority = Authority(made)
    authority.sign("server", *LOCAL)
    authority.sign("other", *LOCAL)
    authority.sign("locked", *LOCAL, passphrase=b"hunter2")
    (made / "empty").touch()
    (made / "umlaut.pem").write_text("ü", "utf-8")
    (made / "noise.crt").write_text("-----BEGIN CERTIFICATE-----\nnoise\n-----END CERTIFICATE-----\n")
    return made


def written(folder: Path, text: str) -> Path:
    path = folder / "web.yml"
    path.write_text(text, "utf-8")
    return path


def mistakes(folder: Path, text: str) -> list[str]:
    """The mistakes, with line and column, without the file's name."""
    path = written(folder, text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    return [str(mistake).removeprefix(f"{path}").removeprefix(":") for mistake in caught.value.mistakes]


def tls(*lines: str) -> str:
    return "\n  ".join(["tls_server_config:", "cert_file: server.crt", "key_file: server.key", *lines])


def test_an_empty_file_asks_for_nothing(folder: Path) -> None:
    for text in ("", "# nothing\n", "{}", "tls_server_config:\nbasic_auth_users:\nhttp_server_config:\n"):
        assert load(written(folder, text)) == OPEN


def test_everything_that_is_supported(folder: Path) -> None:
    guard = load(
        written(
            folder,
            tls(
                "client_auth_type: RequireAndVerifyClientCert",
                "client_ca_file: ca.pem",
                "client_allowed_sans: [prometheus.example, 'spiffe://example/prometheus']",
                "min_version: TLS12",
                "max_version: TLS12",
                "cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_AES_128_GCM_SHA256]",
                "prefer_server_cipher_suites: false",
            )
            + f"""
http_server_config:
  http2: false
  headers:
    X-Frame-Options: SAMEORIGIN
    X-XSS-Protection: ""
    Strict-Transport-Security: max-age=31536000
basic_auth_users:
  alice: {HASH}
  "b ob": "{HASH.replace("2y", "2b")}"
""",
        )
    )
    assert guard.context is not None
    context = guard.context
    assert (context.minimum_version, context.maximum_version) == (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert [each["name"] for each in context.get_ciphers() if each["protocol"] == "TLSv1.2"] == [
        "ECDHE-ECDSA-AES256-GCM-SHA384"
    ]
    assert not context.options & ssl.OP_CIPHER_SERVER_PREFERENCE
    assert guard == Guard(
        context,
        demands_certificate=True,
        allowed_names=frozenset({"prometheus.example", "spiffe://example/prometheus"}),
        users={"alice": HASH.encode(), "b ob": HASH.replace("2y", "2b").encode()},
        headers={"x-frame-options": "SAMEORIGIN", "strict-transport-security": "max-age=31536000"},
    )
    assert HASH not in repr(guard)


def test_what_is_left_out_is_as_with_prometheus(folder: Path) -> None:
    guard = load(written(folder, tls()))
    assert guard.context is not None
    assert guard.context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert guard.context.verify_mode is ssl.CERT_NONE
    assert guard.context.options & ssl.OP_CIPHER_SERVER_PREFERENCE
    assert not guard.demands_anything


def test_names_of_files_start_where_the_configuration_is(folder: Path) -> None:
    reading = read(written(folder, tls("client_auth_type: VerifyClientCertIfGiven", "client_ca_file: ca.pem")))
    assert reading.files == tuple(folder / name for name in ("web.yml", "ca.pem", "server.crt", "server.key"))
    assert reading.mistakes == ()
    assert not reading.guard.demands_certificate


def test_files_that_are_named_are_known_even_if_something_is_wrong(folder: Path) -> None:
    """So that mending them is noticed, and not only a change of the configuration."""
    reading = read(written(folder, "tls_server_config: {cert_file: coming.crt, key_file: server.key}"))
    assert folder / "coming.crt" in reading.files
    assert len(reading.mistakes) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("basic_auth_user: {}", ['1:1: the file has no setting "basic_auth_user"; did you mean basic_auth_users?']),
        (
            "x: 1",
            ['1:1: the file has no setting "x"; it may have tls_server_config, http_server_config, basic_auth_users'],
        ),
        (
            "[]",
            [
                (
                    "1:1: the file is a list; expected a mapping with keys of tls_server_config, http_server_config, "
                    "basic_auth_users"
                )
            ],
        ),
        (
            "a: b: c",
            [
                (
                    "1:5: is not YAML here: mapping values are not allowed in this context; check the indentation, "
                    "and put a text that holds ': ' in quotes"
                )
            ],
        ),
        (
            "rate_limit: {interval: 1s}",
            ["1:1: rate_limit is not supported; how many connections and requests are taken at once is bounded anyway"],
        ),
        (
            "tls_server_config: {cert_file: server.crt}",
            ["1:1: tls_server_config has no key_file; both are needed, each with a file's name"],
        ),
        (
            tls("cert: |", "  -----BEGIN"),
            ["4:3: cert is not supported; name a file, which can be renewed and protected on its own: cert_file"],
        ),
        (
            tls("curve_preferences: [X25519]"),
            [
                "4:3: curve_preferences is not supported, because Python's TLS takes no list of curves; leave it out",
            ],
        ),
        (
            tls("min_version: TLS10"),
            ["4:16: min_version: TLS10 is broken and no longer part of TLS (RFC 8996); use TLS12"],
        ),
        (tls("max_version: SSL3"), ['4:16: max_version is "SSL3"; expected one of TLS12, TLS13']),
        (
            tls("min_version: TLS13", "max_version: TLS12"),
            ["4:3: min_version is above max_version, so that nobody can connect"],
        ),
        (
            tls("client_auth_type: RequireAnyClientCert"),
            [
                (
                    "4:21: client_auth_type: RequireAnyClientCert lets in any certificate, whoever signed it; "
                    "use RequireAndVerifyClientCert"
                )
            ],
        ),
        (
            tls("client_auth_type: RequireAndVerifyClientCert"),
            ["4:3: client_auth_type needs client_ca_file, the authority that signs the certificates"],
        ),
        (
            tls("client_ca_file: ca.pem"),
            ["4:3: client_ca_file has no effect without client_auth_type: RequireAndVerifyClientCert; add it"],
        ),
        (
            tls("client_auth_type: VerifyClientCertIfGiven", "client_ca_file: ca.pem", "client_allowed_sans: [a]"),
            [
                (
                    "6:3: client_allowed_sans needs client_auth_type: RequireAndVerifyClientCert; else whoever "
                    "shows no certificate is let in"
                )
            ],
        ),
        (
            tls("cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]"),
            None,
        ),
        (
            tls("cipher_suites: [TLS_AES_128_GCM_SHA256]"),
            ["4:3: cipher_suites names none of TLS 1.2; add one, or set min_version: TLS13"],
        ),
        (
            "http_server_config: {http2: true}",
            [
                "1:29: http2: true is not supported; this server speaks HTTP/1.1 only: leave it out, or set false",
            ],
        ),
        (
            "http_server_config: {headers: {X-Frame-Options: allow}}",
            ['1:49: X-Frame-Options is "allow"; expected deny or sameorigin'],
        ),
        (
            "http_server_config: {headers: {Server: me}}",
            None,
        ),
        (
            'http_server_config: {headers: {X-XSS-Protection: "1\\r\\nSet-Cookie: a=b"}}',
            ["1:50: X-XSS-Protection holds characters that no header may have"],
        ),
        (
            "basic_auth_users: {alice: hunter2}",
            [
                (
                    '1:20: the user "alice" of basic_auth_users has no bcrypt hash behind it; '
                    "make one with: htpasswd -nBC 10 NAME"
                )
            ],
        ),
        ("basic_auth_users: {alice: }", None),
        ("basic_auth_users: {}", None),
        ("basic_auth_users: [alice]", None),
        (
            f"basic_auth_users: {{'a:b': '{HASH}'}}",
            [
                (
                    '1:20: the user "a:b" of basic_auth_users has no name that can be sent: it may not be empty or '
                    "hold a colon"
                )
            ],
        ),
        (
            f"basic_auth_users: {{bob: '{HASH.replace('$10$', '$31$')}'}}",
            [
                (
                    '1:20: the user "bob" of basic_auth_users has a hash of a cost above 16, which takes many seconds '
                    "at each look; make one with: htpasswd -nBC 10 NAME"
                )
            ],
        ),
        (
            f"basic_auth_users: {{bob: '{HASH}', bob: '{HASH}'}}",
            ['1:89: "bob" stands here twice, first in line 1; remove one'],
        ),
    ],
)
def test_each_mistake_is_told_at_its_place(folder: Path, text: str, expected: list[str] | None) -> None:
    found = mistakes(folder, text)
    assert len(found) == 1
    if expected is not None:
        assert found == expected


@pytest.mark.parametrize(
    ("cert", "key", "line", "because"),
    [
        ("missing.crt", "server.key", 2, "missing.crt cannot be read: No such file or directory"),
        ("server.crt", "missing.key", 3, "missing.key cannot be read: No such file or directory"),
        (".", "server.key", 2, "cannot be read: Is a directory"),
        ('"a\\0b"', "server.key", 2, "is no name that a file can have"),
        ("empty", "server.key", 2, "empty holds no certificate in PEM form"),
        ("server.crt", "empty", 3, "empty holds no private key in PEM form"),
        ("server.crt", "other.key", 3, "other.key is not the key of the certificate in"),
        ("locked.crt", "locked.key", 3, "locked.key asks for a passphrase; store the key without one"),
        ("noise.crt", "server.key", 2, "cannot be used: "),
    ],
)
def test_certificate_and_key_are_tried(folder: Path, cert: str, key: str, line: int, because: str) -> None:
    (found,) = mistakes(folder, f"tls_server_config:\n  cert_file: {cert}\n  key_file: {key}\n")
    assert found.startswith(f"{line}:")
    assert because in found


@pytest.mark.parametrize(
    ("authority", "because"),
    [
        ("missing.pem", "cannot be read"),
        ("empty", "no certificate"),
        ("server.key", "no certificate"),
        ("umlaut.pem", "no certificate"),
    ],
)
def test_the_clients_authority_is_tried(folder: Path, authority: str, because: str) -> None:
    text = tls("client_auth_type: RequireAndVerifyClientCert", f"client_ca_file: {authority}")
    (found,) = mistakes(folder, text)
    assert found.startswith("5:19: client_ca_file: ")
    assert because in found


def test_all_mistakes_come_at_once(folder: Path) -> None:
    text = "tls_server_config: {min_version: TLS9}\nhttp_server_config: {http3: on}\nbasic_auth_users: {a: b}\nx:\n"
    assert [found.split(":")[:2] for found in mistakes(folder, text)] == [
        ["1", "1"],
        ["1", "34"],
        ["2", "22"],
        ["3", "20"],
        ["4", "1"],
    ]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no such file$"):
        load(tmp_path / "web.yml")


EXAMPLE = Path(__file__).parents[2] / "deploy" / "web-config.yml"
DOCUMENT = Path(__file__).parents[2] / "docs" / "security.md"


def in_place(folder: Path, text: str) -> Guard:
    """What a text amounts to where the certificates are that it names."""
    tls_folder = folder / "tls"
    tls_folder.mkdir()
    authority = Authority(tls_folder, "ca")
    authority.bundle.rename(tls_folder / "ca.crt")
    authority.sign("tls", *LOCAL)
    return load(written(folder, text))


def test_the_example_loads_as_it_stands(tmp_path: Path) -> None:
    guard = in_place(tmp_path, EXAMPLE.read_text("utf-8"))
    assert (guard.scheme, list(guard.users), guard.demands_certificate) == ("https", ["prometheus"], False)
    assert guard.headers == {"strict-transport-security": "max-age=31536000"}


def test_the_example_is_one_to_prometheus_too(tmp_path: Path) -> None:
    in_place(tmp_path, EXAMPLE.read_text("utf-8"))
    checked = subprocess.run(
        [require("promtool", package="prometheus"), "check", "web-config", tmp_path / "web.yml"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (checked.returncode, checked.stderr.split()[-1:]) == (0, ["SUCCESS"]), checked.stderr


def test_the_example_loads_with_all_that_is_commented_out(tmp_path: Path) -> None:
    text = EXAMPLE.read_text("utf-8").replace("  # client_", "  client_")
    guard = in_place(tmp_path, text)
    assert guard.demands_certificate
    assert guard.allowed_names == {"prometheus.example.org"}


def test_the_least_that_the_document_shows_loads(tmp_path: Path) -> None:
    (text,) = re.findall(
        r"^```yaml\n(tls_server_config:.*?)^```$", DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    guard = in_place(tmp_path, text)
    assert (guard.scheme, list(guard.users)) == ("https", ["prometheus"])


def test_the_document_names_every_setting_and_every_bound() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert [
        name for name in (*reading._TLS, *reading._HTTP, *reading._HEADERS, *reading._UNSUPPORTED) if name not in text
    ] == []
    limits = Limits()
    for bound in (
        f"| TLS handshake | {limits.handshake_seconds:g} s |",
        f"| request line and headers | {limits.header_bytes // 1024} KiB, {limits.idle_seconds:g} s;",
        f"| body | {limits.body_bytes // 1024} KiB, {limits.body_seconds:g} s;",
        f"| taking an answer | {limits.sending_seconds:g} s, and {limits.unread_seconds:g} s without",
        f"| requests at once | {limits.requests_at_once}; ",
        f"| requests of one connection | {limits.requests_of_connection:,} |",
        f"| connections | {limits.connections}, ",
    ):
        assert bound in text


def test_a_password_in_place_of_its_hash_is_shown_to_nobody(folder: Path) -> None:
    (found,) = mistakes(folder, "basic_auth_users: {alice: correct-horse-battery}")
    assert "correct-horse-battery" not in found


def test_a_dollar_stands_for_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAME", "other")
    hashed = bcrypt.hashpw(b"hunter2", bcrypt.gensalt(4)).decode()
    guard = load(written(folder, f"basic_auth_users: {{'${{NAME}}': {hashed}}}"))
    assert dict(guard.users) == {"${NAME}": hashed.encode()}
