"""The definition of a check: a decorated function.

The signature is the configuration, the docstring the documentation, module and function name the id.
"""

from __future__ import annotations

import builtins
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from healthcheck.capabilities import Aws, Host
from healthcheck.errors import InvalidCheck
from healthcheck.permissions import OPERATIONS
from healthcheck.result import Result
from healthcheck.target import Target

Probe = Callable[..., Iterable[Result]]

CAPABILITIES: tuple[type, ...] = (Aws, Host, Target)

COMMON_REASONS = frozenset(
    {
        "bad_answer",
        "bad_result",
        "clock_skewed",
        "crashed",
        "credentials_expired",
        "credentials_invalid",
        "no_credentials",
        "no_verdict",
        "not_found",
        "not_permitted",
        "region_invalid",
        "service_error",
        "stale",
        "throttled",
        "timed_out",
        "undeclared_call",
        "unreachable",
        "not_run_yet",
        "plugin_failed",
    }
)
"""Reasons that any check may be unknown for; they come from the runner and the state, or from a check itself."""

SKIP_REASONS = frozenset({"not_applicable", "not_configured", "disabled"})

_SECTION = re.compile(r"^(Why|Sees|Cannot see|Source|Settings): *(.*)$")
_SETTING_TYPES = (bool, int, float, str, timedelta)


@dataclass(frozen=True, slots=True)
class Setting:
    """A typed parameter of a check, taken from its keyword-only arguments."""

    name: str
    type: object
    """bool, int, float, str, timedelta, an Enum, a Literal, or ``tuple[one of those, ...]``."""
    default: object
    doc: str


@dataclass(frozen=True, slots=True)
class Documentation:
    """A check's docstring, taken apart."""

    summary: str
    """The condition that holds when all is well."""
    why: str = ""
    sees: str = ""
    cannot_see: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """What to look at, how often, after what, with which permissions."""

    id: str
    probe: Probe
    every: timedelta
    timeout: timedelta
    after: tuple[str, ...]
    calls: tuple[str, ...]
    """Operations that a verdict needs, such as ``iam.GetRole``."""
    optional_calls: tuple[str, ...]
    """Operations that only sharpen a verdict."""
    reasons: frozenset[str]
    """The check's own reasons; `COMMON_REASONS` and `SKIP_REASONS` come on top."""
    writes: bool
    gauges: tuple[str, ...]
    capabilities: tuple[type, ...]
    """Types of the positional parameters, in order."""
    settings: tuple[Setting, ...]
    documentation: Documentation
    origin: str
    """The module that defines it."""

    @property
    def all_calls(self) -> frozenset[str]:
        """Every operation that the check may ask for."""
        return frozenset(self.calls) | frozenset(self.optional_calls)

    @property
    def all_reasons(self) -> frozenset[str]:
        """Every reason that a run of the check may carry."""
        return self.reasons | COMMON_REASONS | SKIP_REASONS

    @property
    def module(self) -> str:
        """The part of the id before the dot: the subject."""
        return self.id.partition(".")[0]

    def defaults(self) -> dict[str, object]:
        """Return the settings as they are when the settings file says nothing."""
        return {setting.name: setting.default for setting in self.settings}

    def __call__(self, capabilities: Mapping[type, object], settings: Mapping[str, object]) -> Iterable[Result]:
        """Start the probe with the capabilities that it asks for."""
        return self.probe(*(capabilities[kind] for kind in self.capabilities), **settings)


def check(
    *,
    every: timedelta,
    after: Sequence[str] = (),
    calls: Sequence[str] = (),
    optional_calls: Sequence[str] = (),
    reasons: Sequence[str] = (),
    writes: bool = False,
    timeout: timedelta = timedelta(seconds=30),
    gauges: Sequence[str] = (),
) -> Callable[[Probe], Check]:
    """Make a check of a function that yields results.

    Args:
        every: the cadence.
        after: ids of the checks without which this one makes no sense.
        calls: operations that a verdict needs; each must have a row in `healthcheck.permissions`.
        optional_calls: operations that only sharpen it; refused ones must not change ok into anything else.
        reasons: the closed list of words for its warnings, criticals and unknowns.
        writes: whether it changes anything; such a check is off until a user turns it on by name.
        timeout: the time after which a run is given up.
        gauges: metric families (without prefix) whose values its results may carry.

    Raises:
        InvalidCheck: the function's signature or docstring, or an argument, is not of the form.
    """

    def decorate(probe: Probe) -> Check:
        check_id = f"{probe.__module__.rpartition('.')[2]}.{probe.__name__}"
        capabilities, settings_types = _parameters(check_id, probe)
        documentation, setting_docs = _document(check_id, probe)
        for operation in (*calls, *optional_calls):
            if operation not in OPERATIONS:
                raise InvalidCheck(
                    check_id, f"calls {operation}, which healthcheck.permissions does not list; add a row"
                )
            if not OPERATIONS[operation].reads_only and not writes:
                raise InvalidCheck(check_id, f"calls {operation}, which writes, without saying writes=True")
        if every <= timedelta(0) or timeout <= timedelta(0):
            raise InvalidCheck(check_id, "every and timeout must be longer than nothing")
        for reason in reasons:
            if not re.fullmatch(r"[a-z][a-z0-9_]*", reason):
                raise InvalidCheck(check_id, f"the reason {reason!r} is not a word of lower-case letters and _")
        settings = tuple(
            Setting(name, annotation, default, setting_docs.get(name, ""))
            for name, (annotation, default) in settings_types.items()
        )
        for setting in settings:
            if not setting.doc:
                raise InvalidCheck(
                    check_id, f"the setting {setting.name} is not described under Settings: in the docstring"
                )
        return Check(
            id=check_id,
            probe=probe,
            every=every,
            timeout=timeout,
            after=tuple(after),
            calls=tuple(calls),
            optional_calls=tuple(optional_calls),
            reasons=frozenset(reasons),
            writes=writes,
            gauges=tuple(gauges),
            capabilities=capabilities,
            settings=settings,
            documentation=documentation,
            origin=probe.__module__,
        )

    return decorate


def _parameters(check_id: str, probe: Probe) -> tuple[tuple[type, ...], dict[str, tuple[object, object]]]:
    try:
        hints = typing.get_type_hints(probe)
    except NameError as error:
        raise InvalidCheck(check_id, f"an annotation cannot be resolved: {error}") from error
    capabilities: list[type] = []
    settings: dict[str, tuple[object, object]] = {}
    for name, parameter in inspect.signature(probe).parameters.items():
        annotation = hints.get(name)
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            if parameter.default is inspect.Parameter.empty:
                raise InvalidCheck(check_id, f"the setting {name} has no default")
            if not _is_setting_type(annotation):
                raise InvalidCheck(check_id, f"the setting {name} has a type that a settings file cannot hold")
            if name in {"enabled", "every", "timeout"}:
                raise InvalidCheck(check_id, f"the setting {name} exists for every check; choose another name")
            settings[name] = (annotation, parameter.default)
        elif parameter.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD):
            kind = next((known for known in CAPABILITIES if known is annotation), None)
            if kind is None:
                raise InvalidCheck(check_id, f"the parameter {name} must be annotated as Aws, Host or Target")
            capabilities.append(kind)
        else:
            raise InvalidCheck(check_id, f"the parameter {name} must not be *args or **kwargs")
    return tuple(capabilities), settings


def _is_setting_type(annotation: object) -> bool:
    if annotation in _SETTING_TYPES or (isinstance(annotation, type) and issubclass(annotation, Enum)):
        return True
    match typing.get_origin(annotation), typing.get_args(annotation):
        case (typing.Literal, arguments):
            return all(isinstance(argument, str) for argument in arguments)
        case (builtins.tuple, (item, types.EllipsisType())):
            return _is_setting_type(item)
        case (types.UnionType | typing.Union, (item, types.NoneType) | (types.NoneType, item)):
            return _is_setting_type(item)
    return False


def _document(check_id: str, probe: Probe) -> tuple[Documentation, dict[str, str]]:
    text = inspect.getdoc(probe)
    if not text:
        raise InvalidCheck(check_id, "has no docstring; its first line states the healthy condition")
    summary, _, rest = text.partition("\n")
    sections: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in rest.splitlines():
        heading = _SECTION.match(line)
        if heading:
            current = sections.setdefault(heading[1], [])
            current.append(heading[2])
        elif current is not None:
            current.append(line.rstrip())
    joined = {name: " ".join(part.strip() for part in lines if part.strip()) for name, lines in sections.items()}
    return (
        Documentation(
            summary=summary.strip(),
            why=joined.get("Why", ""),
            sees=joined.get("Sees", ""),
            cannot_see=joined.get("Cannot see", ""),
            source=joined.get("Source", ""),
        ),
        _setting_docs(sections.get("Settings", [])),
    )


def _setting_docs(lines: list[str]) -> dict[str, str]:
    docs: dict[str, str] = {}
    name = ""
    for line in lines:
        start = re.match(r"^\s*([a-z][a-z0-9_]*): (.+)$", line)
        if start:
            name = start[1]
            docs[name] = start[2].strip()
        elif name and line.strip():
            docs[name] += " " + line.strip()
    return docs
