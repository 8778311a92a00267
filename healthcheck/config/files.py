"""The settings file on disk: which one is in force, and its text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from healthcheck.config.mistakes import Place

VARIABLE = "SAGEMAKER_HEALTHCHECK_CONFIG"
FILE_NAME = "healthcheck.yaml"
SYSTEM_PATH = Path("/etc/sagemaker-healthcheck/healthcheck.yaml")

_BYTES_LIMIT = 16 * 1024 * 1024


class Unreadable(Exception):
    """A file that gives no text."""

    def __init__(self, sentence: str, place: Place | None = None) -> None:
        self.sentence = sentence
        self.place = place
        super().__init__(sentence)


def locate(
    explicit: str | None, environ: Mapping[str, str], cwd: Path, *, system_path: Path = SYSTEM_PATH
) -> Path | None:
    """Return the settings file in force: the one named, else the variable's, else the first that exists, else none.

    A file that is named need not exist; reading it says so.
    """
    named = explicit if explicit is not None else environ.get(VARIABLE) or None
    if named is not None:
        return cwd / named
    return next((path for path in (cwd / FILE_NAME, system_path) if path.exists()), None)


def text_of(path: Path) -> str:
    """Return the text of a settings file; raise `Unreadable` with a sentence for the user."""
    try:
        # No more than the limit is ever read: the file may be a pipe or a device.
        with path.open("rb") as file:
            content = file.read(_BYTES_LIMIT + 1)
    except FileNotFoundError:
        raise Unreadable("there is no such file; name another with --config, or run without one") from None
    except IsADirectoryError:
        raise Unreadable(f"is a directory; name the file in it, such as {path / FILE_NAME}") from None
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror or 'input/output error'}") from None
    except ValueError:
        raise Unreadable("is no name that a file can have") from None
    if len(content) > _BYTES_LIMIT:
        raise Unreadable(f"is larger than {_BYTES_LIMIT // 1024 // 1024} MiB, which no settings file is")
    return _decoded(content)


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable("is UTF-16; save it as UTF-8", Place(1, 1))
    try:
        # Editors on Windows write a byte order mark, which is no part of the text.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line_start = before.rfind(b"\n") + 1
        place = Place(before.count(b"\n") + 1, len(before[line_start:].decode("utf-8-sig")) + 1)
        sentence = f"holds the byte 0x{content[error.start]:02x}, which is not UTF-8; save the file as UTF-8"
        raise Unreadable(sentence, place) from None
