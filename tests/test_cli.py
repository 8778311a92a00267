"""The command line as its users meet it: what goes where, and which code it leaves with."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from healthcheck.cli import main
from healthcheck.commands.arguments import build_parser

COMMANDS = ("run", "serve", "list", "show", "policy", "config", "demo")


def run_cli(*argv: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "healthcheck", *argv],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environ},
    )


@pytest.mark.parametrize(
    ("argv", "names"),
    [
        ([], "COMMAND"),
        (["rnu"], "did you mean run?"),
        (["run", "--format", "xml"], "xml"),
        (["run", "--fail-on", "critcal"], "did you mean critical?"),
        (["run", "--chek", "role.trust"], "--chek"),
        (["run", "--for", "json"], "--for"),
        (["show"], "CHECK"),
        (["config"], "ACTION"),
        (["config", "shcema"], "did you mean schema?"),
        (["demo", "--break", "a", "--mend", "b"], "not allowed with"),
    ],
)
def test_a_mistake_in_the_call_is_3_and_never_2_which_means_critical(
    argv: list[str], names: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 3
    output = capsys.readouterr()
    assert output.out == ""
    assert names in output.err
    assert "--help" in output.err


@pytest.mark.parametrize("argv", [["--help"], *([command, "--help"] for command in COMMANDS)])
def test_help_goes_to_stdout(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 0
    output = capsys.readouterr()
    assert output.out.startswith("usage: sagemaker-healthcheck")
    assert output.err == ""


@pytest.mark.parametrize("command", [None, "run", "serve", "policy", "demo"])
def test_help_teaches_with_examples_that_can_be_typed(
    command: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    main([command, "--help"] if command else ["--help"])
    examples = [
        line.partition(" #")[0]
        for line in capsys.readouterr().out.partition("examples:")[2].splitlines()
        if line.startswith("  sagemaker-healthcheck ")
    ]
    assert examples
    for example in examples:
        words = re.split(r" [|>&]", example)[0].split()
        build_parser().parse_args(words[1:])


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("sagemaker-healthcheck 0.")
