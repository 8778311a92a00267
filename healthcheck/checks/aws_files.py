"""The shared AWS files, read for what people get wrong in them. What is told of them holds no secret."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from healthcheck.capabilities import Host

_SECTION = re.compile(r"\[(?P<header>.+)\]")  # as configparser, which ignores what stands behind it
_KEY = re.compile(r"A(?:KI|SI)A[A-Z0-9]{16}", re.ASCII)
_PLACEHOLDER = re.compile(r"[\[<{].*[\]>}]|YOUR[_ -]|\b[Xx]{4,}\b|(?:access|secret)[_ -]key", re.ASCII | re.IGNORECASE)
_QUOTES = "\"'`\u201c\u201d\u2018\u2019"
_SECRETS = frozenset({"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"})

# Sections of ~/.aws/config that are no profiles (AWS CLI guide, configuration and credential file settings).
_NOT_PROFILES = ("sso-session ", "services ")


class FileKind(Enum):
    """Which of the two shared files: they spell a profile's section differently."""

    CONFIG = "config"
    CREDENTIALS = "credentials"

    @property
    def variable(self) -> str:
        """The environment variable that names another file in its place."""
        return {"config": "AWS_CONFIG_FILE", "credentials": "AWS_SHARED_CREDENTIALS_FILE"}[self.value]


@dataclass(frozen=True, slots=True)
class FileMistake:
    """Something in a file that is not what its writer meant."""

    reason: str
    line: int
    sentence: str
    """What is wrong, without any value."""
    profile: str | None = None
    """The profile that it concerns; none when it concerns the whole file."""
    breaks_file: bool = False
    """Whether AWS's SDK refuses the whole file for it."""


@dataclass(frozen=True, slots=True)
class AwsFile:
    """One shared file: its profiles, without secrets, and its mistakes."""

    path: str
    kind: FileKind
    profiles: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    """By profile, the settings by lower-case name; the values of secrets are left out."""
    sso_sessions: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    mistakes: tuple[FileMistake, ...] = ()
    exists: bool = True

    def concerning(self, profile: str) -> tuple[FileMistake, ...]:
        """Return the mistakes that a user of this profile meets."""
        return tuple(mistake for mistake in self.mistakes if mistake.breaks_file or mistake.profile in (None, profile))


def path_of(kind: FileKind, environ: Mapping[str, str], home: Path) -> Path:
    """Return where AWS's SDK looks for a shared file."""
    named = environ.get(kind.variable)
    if not named:
        return home / ".aws" / kind.value
    return home / named[2:] if named.startswith("~/") else Path(named)


def load(host: Host, kind: FileKind) -> AwsFile:
    """Read a shared file from the host; that it is not there, or may not be read, is part of the answer."""
    path = path_of(kind, host.environ, host.home)
    try:
        data = host.read_bytes(path)
    except FileNotFoundError:
        return AwsFile(str(path), kind, exists=False)
    except OSError as error:
        sentence = f"cannot be read: {error.strerror or error}"
        return AwsFile(str(path), kind, mistakes=(FileMistake("file_unreadable", 0, sentence, breaks_file=True),))
    return read(str(path), kind, data)


def active_profile(named: str | None, environ: Mapping[str, str]) -> str:
    """Return the profile in force; AWS_DEFAULT_PROFILE beats AWS_PROFILE in botocore (tried, 1.44.5)."""
    return named or environ.get("AWS_DEFAULT_PROFILE") or environ.get("AWS_PROFILE") or "default"


# All targets share the two files, and each asks three times a round: 0.02 ms a profile in the file, each time.
@lru_cache(maxsize=4)
def read(path: str, kind: FileKind, data: bytes) -> AwsFile:
    """Read a shared file as leniently as people write it, noting each mistake."""
    text, mistakes = _decode(data)
    reader = _Reader(kind, mistakes)
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith(("#", ";")):
            reader.take(number, line)
    return AwsFile(path, kind, reader.profiles, reader.sso_sessions, tuple(reader.mistakes))


class _Reader:
    """Reads a file line by line as configparser does, but goes on after a mistake."""

    def __init__(self, kind: FileKind, mistakes: list[FileMistake]) -> None:
        self.profiles: dict[str, dict[str, str]] = {}
        self.sso_sessions: dict[str, dict[str, str]] = {}
        self.mistakes = mistakes
        self._kind = kind
        self._sections: dict[str, dict[str, str]] = {}
        self._settings: dict[str, str] | None = None
        self._profile: str | None = None
        self._key = ""

    def take(self, number: int, line: str) -> None:
        """Read one line that says something."""
        header = _SECTION.match(line)
        if header:
            self._begin(header["header"].strip(), number)
        elif line[0].isspace() and self._key:
            pass  # the rest of a nested setting, such as s3 =
        elif self._settings is None:
            self._breaks_file(number, "stands above the first [section]")
        else:
            self._set(line, number, self._settings)

    def _begin(self, name: str, number: int) -> None:
        if name in self._sections:
            self._breaks_file(number, f"begins the section [{name}] a second time")
        self._settings, self._key = self._sections.setdefault(name, {}), ""
        self._profile = _profile_of(name)
        if self._profile is not None:
            self.profiles[self._profile] = self._settings
            self.mistakes.extend(_header_mistakes(name, self._profile, self._kind, number))
        elif name.startswith("sso-session "):
            self.sso_sessions[name.removeprefix("sso-session ").strip()] = self._settings

    def _set(self, line: str, number: int, settings: dict[str, str]) -> None:
        self._key, value = _setting(line)
        if not self._key:
            self._breaks_file(number, "is neither a [section], nor name = value, nor a comment")
            return
        if self._key in settings:
            self._breaks_file(number, f"says {self._key} a second time in one section")
        if self._profile is not None:
            self.mistakes.extend(_value_mistakes(self._key, value, self._profile, number))
        settings[self._key] = "" if self._key in _SECRETS else value

    def _breaks_file(self, line: int, sentence: str) -> None:
        self.mistakes.append(FileMistake("malformed_file", line, sentence, breaks_file=True))


def key_mistake(value: str) -> tuple[str, str] | None:
    """Say what is wrong with an access key's id, as reason and sentence; None when it looks like one."""
    if _KEY.fullmatch(value):
        return None
    if value.strip(_QUOTES) != value:
        return "quoted", "has quotes around it, which become part of the key"
    if _PLACEHOLDER.search(value):
        return "placeholder", "is still the placeholder of a template"
    if _KEY.match(value) and "#" in value:
        return "trailing_comment", "has a comment behind it, which becomes part of the key"
    return "malformed_key", "is not of the form of a key: AKIA or ASIA and 16 capital letters and digits"


def _decode(data: bytes) -> tuple[str, list[FileMistake]]:
    for mark, encoding in ((codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"), (codecs.BOM_UTF8, "")):
        if data.startswith(mark):
            text = data.decode("utf-16" if encoding else "utf-8-sig", errors="replace")
            what = f"is written in {encoding}" if encoding else "begins with a byte-order mark"
            mistake = FileMistake("byte_order_mark", 1, f"{what}, as some Windows editors save it", breaks_file=True)
            return text, [mistake]
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return data.decode("utf-8", errors="replace"), [
            FileMistake("malformed_file", line, "has bytes that are no UTF-8 text", breaks_file=True)
        ]


def _profile_of(header: str) -> str | None:
    """Return the profile that a section was meant for, however it is spelt; None for another kind of section."""
    if header.startswith(_NOT_PROFILES) or header in {"plugins", "preview"}:
        return None
    return header.removeprefix("profile ").strip(" \"'") if header.startswith("profile ") else header


def _header_mistakes(header: str, profile: str, kind: FileKind, line: int) -> Iterator[FileMistake]:
    prefixed = header.startswith("profile ")
    if kind is FileKind.CONFIG and not prefixed and header != "default":
        sentence = f"says [{header}] where this file wants [profile {header}]"
        yield FileMistake("profile_spelling", line, sentence, profile)
    if kind is FileKind.CREDENTIALS and prefixed:
        sentence = f"says [{header}] where this file wants [{profile}]"
        yield FileMistake("profile_spelling", line, sentence, profile)


def _setting(line: str) -> tuple[str, str]:
    match = re.match(r"\s*(?P<key>[^:=]+?)\s*[:=]\s*(?P<value>.*)", line)
    return (match["key"].strip().lower(), match["value"].strip()) if match else ("", "")


def _value_mistakes(key: str, value: str, profile: str, line: int) -> Iterator[FileMistake]:
    if key == "aws_access_key_id":
        mistake = key_mistake(value)
        if mistake:
            yield FileMistake(mistake[0], line, f"gives {key} a value that {mistake[1]}", profile)
    elif key in _SECRETS:
        if value.strip(_QUOTES) != value:
            yield FileMistake("quoted", line, f"has quotes around {key}, which become part of it", profile)
        elif _PLACEHOLDER.search(value):
            yield FileMistake(
                "placeholder", line, f"gives {key} a value that is still the placeholder of a template", profile
            )
        elif re.search(r"\s#", value):
            yield FileMistake(
                "trailing_comment", line, f"has a comment behind {key}, which becomes part of it", profile
            )
