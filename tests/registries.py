"""Small registries for tests of settings and plans."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Literal

from healthcheck import Check, Result, Target, check, minutes, ok
from healthcheck.config import Config, ConfigError, load
from healthcheck.registry import Registry

_FIVE_MINUTES = minutes(5)


class Colour(Enum):
    """A setting's closed list."""

    RED = "red"
    DARK_BLUE = "dark-blue"


def plain(target: Target) -> Iterator[Result]:
    """All is well."""
    yield ok(target.name, "well")


def horizontal(target: Target, *, horizon: timedelta = timedelta(hours=12)) -> Iterator[Result]:
    """The end is far.

    Settings:
        horizon: how far.
    """
    yield ok(target.name, str(horizon))


def typed(
    target: Target,
    *,
    count: int = 3,
    ratio: float = 0.5,
    deep: bool = False,
    title: str = "none",
    within: timedelta | None = None,
    colour: Colour = Colour.RED,
    mode: Literal["fast", "slow"] = "fast",
    names: tuple[str, ...] = ("a", "b"),
    waits: tuple[timedelta, ...] = (),
) -> Iterator[Result]:
    """Every type has a setting.

    Settings:
        count: a whole number.
        ratio: a number.
        deep: a boolean.
        title: a text.
        within: a duration or none.
        colour: a member of an enum.
        mode: one of two words.
        names: texts.
        waits: durations.
    """
    yield ok(target.name, f"{count}{ratio}{deep}{title}{within}{colour}{mode}{names}{waits}")


def a_check(
    check_id: str,
    *,
    after: Sequence[str] = (),
    every: timedelta = _FIVE_MINUTES,
    calls: Sequence[str] = (),
    optional_calls: Sequence[str] = (),
    writes: bool = False,
    probe: Callable[..., Iterable[Result]] = plain,
) -> Check:
    """Return a check of this id."""
    module, _, name = check_id.partition(".")

    def copy(*arguments: object, **settings: object) -> Iterable[Result]:
        return probe(*arguments, **settings)

    copy.__module__, copy.__name__, copy.__doc__ = f"contributed.{module}", name, probe.__doc__
    copy.__wrapped__ = probe  # type: ignore[attr-defined] # what inspect.signature follows
    copy.__annotations__ = dict(probe.__annotations__)
    declare = check(every=every, after=after, calls=calls, optional_calls=optional_calls, writes=writes)
    return declare(copy)


def a_registry() -> Registry:
    """Return checks whose edges make a line, a fork and a join, one with settings and one that writes."""
    return Registry(
        [
            a_check("credentials.valid"),
            a_check("credentials.expiry", after=["credentials.valid"], probe=horizontal),
            a_check("role.configured", every=minutes(15)),
            a_check("role.exists", after=["role.configured", "credentials.valid"]),
            a_check("role.trust", after=["role.exists"], every=minutes(60)),
            a_check("bucket.reachable", after=["credentials.valid"]),
            a_check("bucket.roundtrip", after=["bucket.reachable"], writes=True),
            a_check("demo.typed", probe=typed),
        ]
    )


def a_file(folder: Path, text: str) -> Path:
    """Write a settings file."""
    path = folder / "healthcheck.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def read_text(folder: Path, text: str, **environ: str) -> Config:
    """Return the settings that a file of this text gives."""
    return load(a_file(folder, text), environ)


def told(error: ConfigError) -> list[tuple[int | None, int | None, str]]:
    """Return line, column and sentence of each mistake."""
    return [(mistake.line, mistake.column, mistake.sentence) for mistake in error.mistakes]
