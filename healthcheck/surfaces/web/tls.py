"""TLS settings as values, and the context that they amount to.

The only module of the web configuration that knows OpenSSL. What Go can do and Python's ssl cannot is
refused by name where the settings are read; nothing is silently weaker than what is written there.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

VERSIONS: Mapping[str, ssl.TLSVersion] = MappingProxyType(
    {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
)

CLIENT_AUTH: Mapping[str, ssl.VerifyMode] = MappingProxyType(
    {
        "NoClientCert": ssl.CERT_NONE,
        "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
        "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
    }
)

CIPHER_SUITES: Mapping[str, str] = MappingProxyType(
    {
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    }
)
"""Go's names of the suites of TLS 1.2 that Go holds to be secure → OpenSSL's."""

SUITES_OF_TLS13 = frozenset({"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"})
"""May be named, and are always on, as with Go: no version of TLS 1.3 can do without them."""


_BYTES_LIMIT = 4 * 1024 * 1024
"""More than any bundle of certificates; a file may be a device that never ends."""


class Unusable(Exception):
    """A file, or two that do not fit together, of which no context can be made."""

    def __init__(self, setting: str, sentence: str) -> None:
        self.setting = setting
        self.sentence = sentence
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Tls:
    """`tls_server_config`, as far as it is supported."""

    cert_file: Path
    key_file: Path
    client_auth: ssl.VerifyMode = ssl.CERT_NONE
    client_ca_file: Path | None = None
    least: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    cipher_suites: tuple[str, ...] = ()
    """OpenSSL's names; none = OpenSSL's choice."""
    prefers_own_order: bool = True


def context_of(tls: Tls) -> ssl.SSLContext:
    """Return the context of a server.

    Raises:
        Unusable: a file is missing, is not what it should be, or does not fit the other.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = tls.least, tls.most
    # Renegotiation and compression have been roads of attack, and nobody needs either.
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    if tls.prefers_own_order:
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    else:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_alpn_protocols(["http/1.1"])
    if tls.cipher_suites:
        context.set_ciphers(":".join(tls.cipher_suites))
    _load_pair(context, tls)
    if tls.client_ca_file:
        _load_authority(context, tls.client_ca_file)
    context.verify_mode = tls.client_auth
    return context


def _load_pair(context: ssl.SSLContext, tls: Tls) -> None:
    cert, key = _content("cert_file", tls.cert_file), _content("key_file", tls.key_file)
    try:
        # Without this OpenSSL asks for the passphrase on the terminal.
        context.load_cert_chain(tls.cert_file, tls.key_file, password=_no_passphrase)
    except _Encrypted:
        raise Unusable("key_file", f"{tls.key_file} asks for a passphrase; store the key without one") from None
    except OSError as error:
        # OpenSSL's errors are of this kind too, and its words differ from version to version.
        reason = getattr(error, "reason", None)
        if reason == "KEY_VALUES_MISMATCH":
            sentence = f"{tls.key_file} is not the key of the certificate in {tls.cert_file}"
            raise Unusable("key_file", sentence) from None
        if b"-----BEGIN CERTIFICATE-----" not in cert:
            raise Unusable("cert_file", f"{tls.cert_file} holds no certificate in PEM form") from None
        if b"PRIVATE KEY-----" not in key:
            raise Unusable("key_file", f"{tls.key_file} holds no private key in PEM form") from None
        sentence = f"{tls.cert_file} and {tls.key_file} cannot be used: {reason or 'one of them is damaged'}"
        raise Unusable("cert_file", sentence) from None


def _load_authority(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(cadata=_content("client_ca_file", path).decode("ascii"))
    except (ValueError, ssl.SSLError):
        raise Unusable("client_ca_file", f"{path} holds no certificate in PEM form") from None


def _content(setting: str, path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_BYTES_LIMIT)
    except OSError as error:
        raise Unusable(setting, f"{path} cannot be read: {error.strerror or 'input/output error'}") from None
    except ValueError:
        raise Unusable(setting, "this is no name that a file can have") from None


class _Encrypted(Exception):
    """The key has a passphrase."""


def _no_passphrase() -> NoReturn:
    raise _Encrypted
