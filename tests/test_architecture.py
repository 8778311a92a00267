"""The floors of the house: who may import what, who may print, and what `--help` may cost."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import healthcheck

ROOT = Path(healthcheck.__file__).parent

FLOORS: dict[str, float] = {
    # Standard library only.
    "healthcheck": 0,
    "healthcheck.capabilities": 0,
    "healthcheck.check": 0,
    "healthcheck.errors": 0,
    "healthcheck.iam": 0,
    "healthcheck.permissions": 0,
    "healthcheck.registry": 0,
    "healthcheck.result": 0,
    "healthcheck.run": 0,
    "healthcheck.target": 0,
    # Settings, AWS, the host.
    "healthcheck.aws": 1,
    "healthcheck.config": 1,
    "healthcheck.host": 1,
    "healthcheck.plan": 1,
    "healthcheck.policy": 1,
    # What errors mean, by the same words as the classifier's; checks read the reasons of failed jobs by them.
    "healthcheck.symptoms": 1.5,
    # What is looked at.
    "healthcheck.checks": 2,
    # The machinery, and what shows its work.
    "healthcheck.engine": 3,
    "healthcheck.surfaces": 3,
    # Composition.
    "healthcheck.daemon": 4,
    "healthcheck.demo": 4.5,
    "healthcheck.doctor": 4,
    "healthcheck.interpreter": 3,
    "healthcheck.loading": 3.5,
    "healthcheck.signals": 4,
    "healthcheck.supervision": 4,
    "healthcheck.testing": 4,
    # Printing and exiting.
    "healthcheck.__main__": 5.5,
    "healthcheck.cli": 5,
    "healthcheck.commands": 5,
}
"""Units and their floors. A unit imports itself and lower floors."""

ALLOWED_SIDEWAYS = {
    ("healthcheck.plan", "healthcheck.config"),  # a plan is made of a config
    ("healthcheck.policy", "healthcheck.plan"),  # and a policy of a plan
    ("healthcheck.surfaces", "healthcheck.engine"),  # the snapshot only: see the test below
    ("healthcheck.cli", "healthcheck.commands"),
}

USERS: dict[str, tuple[str, ...]] = {
    "boto3": ("healthcheck.aws", "healthcheck.testing.world"),
    "botocore": ("healthcheck.aws", "healthcheck.testing"),
    "cryptography": ("healthcheck.testing.world.certificate",),
    "apscheduler": ("healthcheck.engine.scheduler",),
    "structlog": ("healthcheck.surfaces.logs",),
    "prometheus_client": ("healthcheck.surfaces.metrics",),
    "bcrypt": ("healthcheck.surfaces.web.passwords",),
    "h11": ("healthcheck.surfaces.connection",),
    "yaml": ("healthcheck.config.nodes", "healthcheck.testing.world.client"),
    "msgspec": ("healthcheck.aws.models", "healthcheck.surfaces.documents"),
    "moto": ("healthcheck.testing.world",),
    "werkzeug": ("healthcheck.testing.world",),
}
"""Third-party libraries and the modules, or packages, that may import each: one, where that can be."""

HELP_MAY_NOT_IMPORT = (
    "apscheduler",
    "boto3",
    "bcrypt",
    "botocore",
    "h11",
    "msgspec",
    "prometheus_client",
    "structlog",
    "yaml",
)


def modules() -> list[str]:
    names = []
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names


def tree(module: str) -> ast.Module:
    path = ROOT.parent / Path(*module.split("."))
    return ast.parse((path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_bytes())


def imports(module: str) -> Iterator[str]:
    """Every module that is imported when the code runs; what only the type checker reads does not count."""
    parsed = tree(module)
    typing_only = {
        id(inner)
        for node in ast.walk(parsed)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    known = set(modules())
    for node in ast.walk(parsed):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively; say the whole name"
            assert node.module is not None
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in known else node.module


def unit_of(module: str) -> str:
    candidates = [unit for unit in FLOORS if module == unit or module.startswith(f"{unit}.")]
    unit = max(candidates, key=len)
    assert unit != "healthcheck" or module == "healthcheck", f"{module} stands on no floor: add it to FLOORS"
    return unit


def within(module: str, owner: str) -> bool:
    return module == owner or module.startswith(f"{owner}.")


@pytest.mark.parametrize("module", modules())
def test_a_module_imports_from_lower_floors_only(module: str) -> None:
    unit = unit_of(module)
    if module == "healthcheck":
        return_to = {imported for imported in imports(module) if within(imported, "healthcheck")}
        assert {FLOORS[unit_of(imported)] for imported in return_to} == {0}
        return
    for imported in imports(module):
        if not within(imported, "healthcheck"):
            continue
        other = unit_of(imported)
        if other == unit or (unit, other) in ALLOWED_SIDEWAYS:
            continue
        if FLOORS[unit] == FLOORS[other] == 0:
            continue
        assert FLOORS[other] < FLOORS[unit], f"{module} imports {imported}, which is not below it"


@pytest.mark.parametrize("module", [name for name in modules() if within(name, "healthcheck.surfaces")])
def test_surfaces_know_of_the_engine_nothing_but_the_snapshot(module: str) -> None:
    known = {imported for imported in imports(module) if within(imported, "healthcheck.engine")}
    assert known <= {"healthcheck.engine.snapshot"}


@pytest.mark.parametrize("module", modules())
def test_a_third_party_library_has_one_user(module: str) -> None:
    for imported in imports(module):
        library = imported.partition(".")[0]
        if library == "healthcheck" or library in sys.stdlib_module_names:
            continue
        assert library in USERS, f"{module} imports {library}: say in USERS who owns it"
        assert any(within(module, user) for user in USERS[library]), (
            f"{module} imports {library}; only {USERS[library]} may"
        )


def _called_name(node: ast.Call) -> str:
    return ast.unparse(node.func)


@pytest.mark.parametrize(
    "module",
    # The world is a program of its own, which tests and the demo start.
    [name for name in modules() if FLOORS[unit_of(name)] < 5 and not within(name, "healthcheck.testing.world")],
)
def test_only_the_top_floor_prints_or_exits(module: str) -> None:
    parsed = tree(module)
    deeds = {_called_name(node) for node in ast.walk(parsed) if isinstance(node, ast.Call)}
    assert deeds.isdisjoint({"print", "exit", "quit", "sys.exit", "os._exit", "input"})
    names = {ast.unparse(node) for node in ast.walk(parsed) if isinstance(node, ast.Attribute)}
    assert names.isdisjoint({"sys.stdout", "sys.stderr", "sys.argv"})
    raised = {ast.unparse(node.exc) for node in ast.walk(parsed) if isinstance(node, ast.Raise) and node.exc}
    assert not any(text.startswith("SystemExit") for text in raised)


SWALLOWERS = {
    "healthcheck.cli": 1,  # a crash must not leave with the exit code that means "warning"
    "healthcheck.engine.discovery": 1,  # a contributed module may raise anything when it is imported
    "healthcheck.engine.execution": 1,  # a check is anybody's code
    "healthcheck.engine.telling": 1,  # what happened has happened, whatever an observer makes of it
    "healthcheck.surfaces.app": 1,  # a request that meets a mistake of ours gets a plain answer, and the log the rest
    "healthcheck.testing.world.serving": 1,  # the edge of a server
}
"""Modules that may catch every exception and keep it, how often, and why."""


def _keeps_all(handler: ast.ExceptHandler) -> bool:
    """Whether a handler takes every exception, and neither raises it again nor hands it to whoever waits for it."""
    caught = {ast.unparse(node) for node in ast.walk(handler.type)} if handler.type else {"BaseException"}
    if caught.isdisjoint({"Exception", "BaseException"}):
        return False
    inner = [node for statement in handler.body for node in ast.walk(statement)]
    raises = any(isinstance(node, ast.Raise) and node.exc is None for node in inner)
    hands_on = any(isinstance(node, ast.Attribute) and node.attr == "set_exception" for node in inner)
    return not raises and not hands_on


@pytest.mark.parametrize("module", modules())
def test_everything_is_caught_in_few_places(module: str) -> None:
    handlers = [node for node in ast.walk(tree(module)) if isinstance(node, ast.ExceptHandler)]
    assert sum(map(_keeps_all, handlers)) == SWALLOWERS.get(module, 0)


def run_python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True, timeout=60
    ).stdout


@pytest.mark.parametrize("argv", [["--help"], ["run", "--help"], ["serve", "--help"], ["--version"], ["rnu"]])
def test_help_imports_nothing_that_takes_time(argv: list[str]) -> None:
    loaded = run_python(
        "import contextlib, io, sys\n"
        "from healthcheck.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):\n"
        f"    main({argv!r})\n"
        "print(*sys.modules)"
    ).split()
    assert "healthcheck.cli" in loaded
    assert sorted(set(HELP_MAY_NOT_IMPORT) & set(loaded)) == []


@pytest.mark.parametrize(
    ("argv", "spared"),
    [
        (["run"], ("apscheduler", "asyncio", "bcrypt", "boto3", "h11", "prometheus_client", "structlog")),
        (["list"], ("apscheduler", "asyncio", "bcrypt", "boto3", "botocore", "h11", "prometheus_client", "structlog")),
    ],
)
def test_a_command_imports_only_what_it_needs(argv: list[str], spared: tuple[str, ...]) -> None:
    """What `serve` needs beside it would double the time to the doctor's first answer."""
    loaded = run_python(
        "import contextlib, io, sys\n"
        "from healthcheck.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):\n"
        f"    main({argv!r})\n"
        "print(*sys.modules)"
    ).split()
    assert sorted(set(spared) & set(loaded)) == []


def test_importing_everything_does_nothing() -> None:
    """No thread, no output, no file descriptor: work begins when somebody asks for it."""
    names = [name for name in modules() if not name.endswith("__main__")]
    said = run_python(
        "import importlib, threading\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "print(threading.active_count())"
    )
    assert said == "1\n"
