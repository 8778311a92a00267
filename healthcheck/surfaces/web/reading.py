"""A web configuration, in the format of Prometheus's exporter-toolkit, with every mistake at its line.

Read as strictly as there, and more so: what this server does not do is refused by name, because protection
that is written down and not in force is worse than none.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from healthcheck.config.files import Unreadable, text_of
from healthcheck.config.kinds import ANY_TEXT, BOOLEAN, Kind, Unfit, listing, met, word
from healthcheck.config.mistakes import Mistake, Mistakes, Placed, did_you_mean, quoted
from healthcheck.config.nodes import Entry, Node, Scalar, Section, parse
from healthcheck.registry import closest
from healthcheck.surfaces.web.guard import Guard
from healthcheck.surfaces.web.passwords import cost_of
from healthcheck.surfaces.web.tls import (
    CIPHER_SUITES,
    CLIENT_AUTH,
    SUITES_OF_TLS13,
    VERSIONS,
    Tls,
    Unusable,
    context_of,
)

T = TypeVar("T")
Entries = Mapping[str, Entry]

_TOP = ("tls_server_config", "http_server_config", "basic_auth_users")
_TLS = (
    "cert_file",
    "key_file",
    "client_auth_type",
    "client_ca_file",
    "client_allowed_sans",
    "min_version",
    "max_version",
    "cipher_suites",
    "prefer_server_cipher_suites",
)
_HTTP = ("http2", "headers")
_HEADERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Content-Security-Policy": (),
        "Strict-Transport-Security": (),
        "X-Content-Type-Options": ("nosniff",),
        "X-Frame-Options": ("deny", "sameorigin"),
        "X-XSS-Protection": (),
    }
)
"""Headers that may be set, and their values where those are few."""

_INLINE = "is not supported; name a file, which can be renewed and protected on its own: "
_UNSUPPORTED: Mapping[str, str] = MappingProxyType(
    {
        "cert": _INLINE + "cert_file",
        "key": _INLINE + "key_file",
        "client_ca": _INLINE + "client_ca_file",
        "curve_preferences": "is not supported, because Python's TLS takes no list of curves; leave it out",
        "rate_limit": "is not supported; how many connections and requests are taken at once is bounded anyway",
    }
)
_UNVERIFIED = "lets in any certificate, whoever signed it; use RequireAndVerifyClientCert"
_UNSUPPORTED_AUTH: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("RequestClientCert", "RequireAnyClientCert", "RequireClientCert"), _UNVERIFIED)
)
_UNSUPPORTED_VERSIONS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("TLS10", "TLS11"), "is broken and no longer part of TLS (RFC 8996); use TLS12")
)

_BCRYPT = re.compile(r"\$2[abxy]\$(?:0[4-9]|1[0-9]|2[0-9]|3[01])\$[./A-Za-z0-9]{53}")
_MOST_COST = 16
"""Takes seconds; each step more takes twice as long, and a wrong password takes it too."""

_MAKE_ONE = "make one with: htpasswd -nBC 10 NAME"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file asks for, and what is wrong with it."""

    guard: Guard
    files: tuple[Path, ...]
    """The file, and all others that it names: when one changes, it has to be read again."""
    mistakes: tuple[Mistake, ...] = ()
    """If there are any, the guard is of no use."""


def read(path: Path) -> Reading:
    """Return what a file asks for, or every mistake in it."""
    mistakes = Mistakes(str(path))
    try:
        root = parse(text_of(path), None, mistakes)
    except Unreadable as error:
        mistakes.add(error.place, error.sentence.partition("; name another")[0])
        root = None
    reader = _Reader(path, mistakes)
    guard = reader.guard(root)
    return Reading(guard, tuple(dict.fromkeys((path, *reader.files))), tuple(mistakes.found))


def load(path: Path) -> Guard:
    """Return what a file asks for.

    Raises:
        ConfigError: with every mistake.
    """
    reading = read(path)
    Mistakes(str(path), reading.mistakes).raise_if_any()
    return reading.guard


class _Reader:
    """Turns nodes into a guard, noting what does not fit and going on."""

    def __init__(self, path: Path, mistakes: Mistakes) -> None:
        self._folder = path.parent
        self._mistakes = mistakes
        self.files: list[Path] = []

    def guard(self, root: Node | None) -> Guard:
        """Read the whole file; an empty one asks for nothing, as with Prometheus."""
        top = self._section(root, "the file", _TOP) if root else {}
        users = self._users(top.get("basic_auth_users"))
        headers = self._http(top.get("http_server_config"))
        tls = self._section_of(top.get("tls_server_config"), _TLS)
        context, names = self._tls(tls, top["tls_server_config"]) if tls else (None, ())
        is_demanding = context is not None and context.verify_mode is ssl.CERT_REQUIRED
        return Guard(context, is_demanding, frozenset(names), MappingProxyType(users), MappingProxyType(headers))

    def _tls(self, entries: Entries, owner: Placed) -> tuple[ssl.SSLContext | None, tuple[str, ...]]:
        auth = self._word(entries, "client_auth_type", CLIENT_AUTH, _UNSUPPORTED_AUTH)
        authority = self._path(entries, "client_ca_file")
        names = self._value(entries, "client_allowed_sans", listing(ANY_TEXT, expected="a list of names")) or ()
        least = self._word(entries, "min_version", VERSIONS, _UNSUPPORTED_VERSIONS) or ssl.TLSVersion.TLSv1_2
        most = self._word(entries, "max_version", VERSIONS, _UNSUPPORTED_VERSIONS) or ssl.TLSVersion.TLSv1_3
        suites = self._suites(entries, least)
        own_order = self._value(entries, "prefer_server_cipher_suites", BOOLEAN)
        if least > most:
            self._mistakes.add(entries["min_version"], "min_version is above max_version, so that nobody can connect")
        self._agree(entries, auth or ssl.CERT_NONE)
        cert, key = self._path(entries, "cert_file"), self._path(entries, "key_file")
        absent = " and no ".join(name for name in ("cert_file", "key_file") if not _is_there(entries, name))
        if absent:
            self._mistakes.add(owner, f"tls_server_config has no {absent}; both are needed, each with a file's name")
        if cert is None or key is None or self._mistakes.found:
            return None, ()
        tls = Tls(cert, key, auth or ssl.CERT_NONE, authority, least, most, suites, own_order is not False)
        try:
            return context_of(tls), names
        except Unusable as error:
            self._mistakes.add(entries[error.setting].value, f"{error.setting}: {error.sentence}")
            return None, ()

    def _agree(self, entries: Entries, auth: ssl.VerifyMode) -> None:
        """Note where what is said of clients' certificates does not come to anything."""
        authority, names = entries.get("client_ca_file"), entries.get("client_allowed_sans")
        kind = entries.get("client_auth_type")
        if authority and auth is ssl.CERT_NONE:
            sentence = "client_ca_file has no effect without client_auth_type: RequireAndVerifyClientCert; add it"
            self._mistakes.add(authority, sentence)
        if kind and auth is not ssl.CERT_NONE and not _is_there(entries, "client_ca_file"):
            self._mistakes.add(kind, "client_auth_type needs client_ca_file, the authority that signs the certificates")
        if names and auth is not ssl.CERT_REQUIRED:
            sentence = (
                "client_allowed_sans needs client_auth_type: RequireAndVerifyClientCert; "
                "else whoever shows no certificate is let in"
            )
            self._mistakes.add(names, sentence)

    def _suites(self, entries: Entries, least: ssl.TLSVersion) -> tuple[str, ...]:
        known = (*CIPHER_SUITES, *SUITES_OF_TLS13)
        named = self._value(entries, "cipher_suites", listing(word(known), expected="a list of suites of TLS 1.2"))
        suites = tuple(CIPHER_SUITES[name] for name in named or () if name in CIPHER_SUITES)
        if named and not suites and least is ssl.TLSVersion.TLSv1_2:
            sentence = "cipher_suites names none of TLS 1.2; add one, or set min_version: TLS13"
            self._mistakes.add(entries["cipher_suites"], sentence)
        return suites

    def _http(self, entry: Entry | None) -> dict[str, str]:
        entries = self._section_of(entry, _HTTP)
        if self._value(entries, "http2", BOOLEAN):
            sentence = "http2: true is not supported; this server speaks HTTP/1.1 only: leave it out, or set false"
            self._mistakes.add(entries["http2"].value, sentence)
        headers: dict[str, str] = {}
        for name, item in self._section_of(entries.get("headers"), tuple(_HEADERS)).items():
            value = self._value({name: item}, name, ANY_TEXT) if name in _HEADERS else None
            if not value:
                continue
            if _HEADERS[name] and value.lower() not in _HEADERS[name]:
                sentence = f"{name} is {met(item.value)}; expected {' or '.join(_HEADERS[name])}"
                self._mistakes.add(item.value, sentence)
            elif not (value.isascii() and value.isprintable()):
                self._mistakes.add(item.value, f"{name} holds characters that no header may have")
            headers[name.lower()] = value
        return headers

    def _users(self, entry: Entry | None) -> dict[str, bytes]:
        if entry is None or _is_absent(entry.value):
            return {}
        if not isinstance(entry.value, Section) or not entry.value.entries:
            sentence = "basic_auth_users is no mapping from names to bcrypt hashes; " + _MAKE_ONE
            self._mistakes.add(entry.value, sentence)
            return {}
        for user, item in entry.value.entries.items():
            if problem := _problem(user, item.value):
                # The hash, or the password that stands there by mistake, is for nobody to see.
                self._mistakes.add(item, f"the user {quoted(user)} of basic_auth_users {problem}")
        return {
            user: item.value.text.encode()
            for user, item in entry.value.entries.items()
            if isinstance(item.value, Scalar)
        }

    def _section_of(self, entry: Entry | None, known: tuple[str, ...]) -> Entries:
        return {} if entry is None or _is_absent(entry.value) else self._section(entry.value, entry.key, known)

    def _section(self, node: Node, label: str, known: tuple[str, ...]) -> Entries:
        if not isinstance(node, Section):
            self._mistakes.add(node, f"{label} is {met(node)}; expected a mapping with keys of {', '.join(known)}")
            return {}
        for key, entry in node.entries.items():
            if key in _UNSUPPORTED and key not in known:
                self._mistakes.add(entry, f"{key} {_UNSUPPORTED[key]}")
            elif key not in known:
                near = closest(key, known)
                hint = did_you_mean(near) if near else "; it may have " + ", ".join(known)
                self._mistakes.add(entry, f"{label} has no setting {quoted(key)}{hint}")
        return node.entries

    def _value(self, entries: Entries, setting: str, kind: Kind[T]) -> T | None:
        """Return a setting's value; none where it is left out, or wrong, which is noted."""
        if not _is_there(entries, setting):
            return None
        try:
            return kind.read(entries[setting].value, setting)
        except Unfit as error:
            for place, sentence in error.problems:
                self._mistakes.add(place, sentence)
            return None

    def _word(
        self, entries: Entries, setting: str, meanings: Mapping[str, T], unsupported: Mapping[str, str]
    ) -> T | None:
        node = entries[setting].value if _is_there(entries, setting) else None
        if isinstance(node, Scalar) and node.text in unsupported:
            self._mistakes.add(node, f"{setting}: {node.text} {unsupported[node.text]}")
            return None
        found = self._value(entries, setting, word(tuple(meanings)))
        return None if found is None else meanings[found]

    def _path(self, entries: Entries, setting: str) -> Path | None:
        written = self._value(entries, setting, ANY_TEXT)
        if not written:
            return None
        self.files.append(self._folder / written)
        return self.files[-1]


def _problem(user: str, node: Node) -> str | None:
    if not user or ":" in user:
        return "has no name that can be sent: it may not be empty or hold a colon"
    if not isinstance(node, Scalar) or not _BCRYPT.fullmatch(node.text):
        return f"has no bcrypt hash behind it; {_MAKE_ONE}"
    if cost_of(node.text.encode()) > _MOST_COST:
        return f"has a hash of a cost above {_MOST_COST}, which takes many seconds at each look; {_MAKE_ONE}"
    return None


def _is_there(entries: Entries, setting: str) -> bool:
    return setting in entries and not _is_absent(entries[setting].value)


def _is_absent(node: Node) -> bool:
    # Prometheus takes an empty text for none.
    return isinstance(node, Scalar) and (node.is_absent or not node.text)
