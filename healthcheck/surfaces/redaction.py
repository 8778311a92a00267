"""The one function through which passes whatever is shown: what could be a secret goes.

Verdicts pass here as they come from a check, before anybody is told of them, so that metrics, page, API, doctor
and log show the same; log lines, which also come from libraries, pass once more as they are written.

Standard library only, and pure. A secret that is known (read from the environment or the settings) goes
wherever it stands; others go by their name or their form. The form of an AWS secret key is forty
characters with no mark of its own, so a rare harmless word of that form goes too: better than the reverse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from operator import ne
from typing import Any

from healthcheck.result import Result

REDACTED = "[redacted]"

_SECRET_NAME = re.compile(
    r"(?i)^(.*(secret|password|passwd|passphrase|session_?token|security_?token|access_?token|api_?key"
    r"|refresh_?token|bearer_?token|id_?token|private_?key|external_?id|authorization|cookie|credentials_json).*|token)$"
)

_ASSIGNMENT = re.compile(
    r"""(?ix)
    (?P<name>\b[\w-]*(?:secret_?(?:access_?)?key|client[-_]?secret|external[-_]?id|password|passwd|signature
        |(?:session|security|access|refresh|bearer|sso|id)[-_]?token)\b\\?["']?\s*(?:=|:|\s=>)\s*b?\\?["']?)
    (?P<value>[^\s"',;&}\])\\]+)
    """
)
_AUTHORIZATION = re.compile(r"""(?i)(authorization["']?\s*[:=,]\s*b?["']?)(?!\[redacted\])[^\r\n"'}]+""")
# "Basic authentication" is a pair of words, and no secret.
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+(?!(?-i:[A-Za-z][a-z]*)[.,;:]?(?:\s|$))[A-Za-z0-9._~+/-]{8,}=*")
_URL_WITH_PASSWORD = re.compile(r"""(://)[^\s/?#"'<>@]*:[^\s/?#"'<>]*@""")
_PROXY = re.compile(r"://[^\s/:@]*:([^\s/@]+)@")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_LONG_TOKEN = re.compile(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/_-]{120,}={0,2}")
# Forty of base64's characters with lower case, upper case and a digit among them; a SHA-1 in hexadecimal is not.
# What begins like an ARN or an address is passed over: a role's path and name can be as long.
_SECRET_KEY = re.compile(
    r"(?:\barn:|\bs3://|\bhttps?://)[^\s\"'?]*|"
    r"(?<![A-Za-z0-9+/=])(?=[A-Za-z0-9+/]{0,39}[a-z])(?=[A-Za-z0-9+/]{0,39}[A-Z])(?=[A-Za-z0-9+/]{0,39}[0-9])"
    r"(?P<key>[A-Za-z0-9+/]{40})(?![A-Za-z0-9+/=])"
)
_BCRYPT = re.compile(r"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{22,53}")
# An access key id is no secret; enough stays to recognise it by.
_KEY_ID = re.compile(r"\b((?:AKIA|ASIA)[A-Z0-9]{0,4}?)[A-Z2-7]{8,}([A-Z0-9]{4})\b")

_SHORTEST_SECRET = 6
"""A known secret that is shorter would tear holes into harmless words."""

_SECRET_KEY_LENGTH = 40
_CHANGES_OF_A_KEY = 16
"""Chance changes between upper case, lower case, digits and signs about 25 times in forty; words hardly do."""

_WORDS = (
    "secret",
    "token",
    "signature",
    "password",
    "passwd",
    "external",
    "authoriz",
    "bearer",
    "basic",
    "private key",
)
"""One of these stands in every text that the patterns with words in them match."""


class Redactor:
    """Takes secrets out of values; made once, with the secrets that are known. Safe to use from any thread."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, value: object) -> object:
        """Return the value without secrets; mappings and sequences are gone through, names count too."""
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, Mapping):
            return {self.text(str(name)): self.field(str(name), inner) for name, inner in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self(inner) for inner in value]
        if isinstance(value, (bytes, bytearray)):
            return self.text(value.decode("utf-8", "replace"))
        return self.text(str(value))

    def field(self, name: str, value: object) -> object:
        """Return a named value; where the name says that it is secret, nothing of it."""
        if value is None or isinstance(value, (bool, int, float)):
            return value
        return REDACTED if value and _is_secret(name) else self(value)

    def verdict(self, result: Result) -> Result:
        """Return a verdict without secrets; the same object where it has none."""
        subject, summary, fix = self.text(result.subject), self.text(result.summary), result.fix
        if fix is not None:
            text, commands, policy = self.text(fix.text), tuple(map(self.text, fix.commands)), self._json(fix.policy)
            if (text, commands, policy) != (fix.text, fix.commands, fix.policy):
                fix = replace(fix, text=text, commands=commands, policy=policy)
        evidence = self._json(result.evidence)
        if (subject, summary, evidence) == (result.subject, result.summary, result.evidence) and fix is result.fix:
            return result
        return replace(result, subject=subject, summary=summary, fix=fix, evidence=evidence)

    def _json(self, value: Any) -> Any:
        """Return what JSON can say without secrets, equal to what was given where it has none."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {
                self.text(name): REDACTED
                if isinstance(inner, str) and inner and _is_secret(name)
                else self._json(inner)
                for name, inner in value.items()
            }
        if isinstance(value, Sequence):
            return type(value)(map(self._json, value)) if isinstance(value, (list, tuple)) else value
        return value

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        if self._known is not None:
            text = self._known.sub(REDACTED, text)
        # Looking for a word first costs a tenth of what the patterns cost; nearly every text has none.
        lower = text.lower()
        if any(word in lower for word in _WORDS):
            text = _PRIVATE_KEY.sub(REDACTED, text)
            text = _AUTHORIZATION.sub(rf"\1{REDACTED}", text)
            text = _ASSIGNMENT.sub(rf"\g<name>{REDACTED}", text)
            text = _BEARER.sub(rf"\1 {REDACTED}", text)
        if "@" in text:
            text = _URL_WITH_PASSWORD.sub(rf"\1{REDACTED}@", text)
        if len(text) >= _SECRET_KEY_LENGTH:
            text = _LONG_TOKEN.sub(REDACTED, text)
            text = _SECRET_KEY.sub(_without_key, text)
        if "$2" in text:
            text = _BCRYPT.sub(REDACTED, text)
        if "AKIA" in text or "ASIA" in text:
            text = _KEY_ID.sub(r"\1…\2", text)
        return text


def _without_key(found: re.Match[str]) -> str:
    key = found["key"]
    if key is None:
        return found[0]
    kinds = ["a" if mark.islower() else "A" if mark.isupper() else "0" if mark.isdigit() else "+" for mark in key]
    return REDACTED if sum(map(ne, kinds, kinds[1:])) >= _CHANGES_OF_A_KEY else key


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.match(name) is not None


redact = Redactor()
"""Takes out what can be told by name or form, where no secret is known beforehand."""


def secrets_in(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the values of environment variables whose names say that they are secret, and passwords in proxy URLs."""
    named = {value for name, value in environ.items() if value and _is_secret(name)}
    in_urls = {
        found[1]
        for name, value in environ.items()
        if name.lower().endswith("_proxy")
        for found in _PROXY.finditer(value)
    }
    return frozenset(named | in_urls)
