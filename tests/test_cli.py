"""The command line as its users meet it: what goes where, and which code it leaves with."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from healthcheck import Check, Purpose, Result, check, minutes, ok
from healthcheck.cli import main
from healthcheck.commands.arguments import build_parser
from healthcheck.commands.checks import page
from healthcheck.commands.demo import called_as
from healthcheck.engine.discovery import discover
from healthcheck.registry import Registry
from healthcheck.surfaces.documents import checks_document, dump

REGISTRY = discover().registry
COMMANDS = ("run", "serve", "list", "show", "policy", "config", "demo")


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
def test_help_teaches_with_examples_that_can_be_typed(command: str | None, capsys: pytest.CaptureFixture[str]) -> None:
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


def shown(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(argv) == 0
    output = capsys.readouterr()
    assert output.err == ""
    return output.out


def test_list_has_every_check_with_its_cadence_and_healthy_condition(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, "list").splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == [check.id for check in REGISTRY]
    (trust,) = [line for line in lines if line.startswith("role.trust ")]
    assert trust.split()[1] == "5m"
    assert "SageMaker may assume the role" in trust


def test_list_as_json_is_the_document_of_the_api(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(shown(capsys, "list", "--format", "json")) == json.loads(dump(checks_document(REGISTRY)))


@pytest.mark.parametrize("check", REGISTRY, ids=lambda check: check.id)
def test_show_has_all_there_is_to_know(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "show", check.id)
    assert text.startswith(f"{check.id}: {check.documentation.summary}\n")
    titles = [line for line in text.splitlines() if line and not line.startswith(" ")][1:]
    optional = ["Sees more with"] if check.optional_calls else []
    assert titles == ["Why", "Sees", "Cannot see", "Needs", *optional, "Runs", "Settings", "Reasons", "Source"]
    for word in (*check.reasons, *check.after, *(setting.name for setting in check.settings)):
        assert word in text


def example(
    *, lamps: tuple[Literal["red", "green"], ...] = ("red",), purpose: Purpose | None = None
) -> Iterator[Result]:
    """All is well.

    Settings:
        lamps: which to look at.
        purpose: what for.
    """
    if purpose:
        yield ok("lamps", f"{lamps} are lit")


def test_settings_are_told_as_the_settings_file_writes_them() -> None:
    declared = check(every=minutes(90), calls=["sts.GetCallerIdentity", "s3.HeadBucket"])(example)
    text = page(declared, Registry([declared]), 100)
    assert "lamps (list of red or green, default red): which to look at." in text
    assert (
        "purpose (training or processing or tuning or hosting or pipelines or notebook or nothing, default none)"
        in text
    )
    assert "every 1h30m, given up after 30s" in text
    assert "  s3:ListBucket (for s3.HeadBucket)" in text
    assert "  no permission (for sts.GetCallerIdentity)" in text


def test_a_mistyped_check_is_told_with_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "rle.trust"]) == 3
    output = capsys.readouterr()
    assert output.out == ""
    assert "did you mean role.trust?" in output.err


def test_a_crash_is_3_and_asks_to_be_reported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's own code for a crash is 1, which every scheduler takes for a warning."""
    monkeypatch.setattr("sys.stdout", object())
    assert main(["list"]) == 3
    assert "please report it" in capsys.readouterr().err


def test_a_full_disk_is_a_sentence() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        outcome = subprocess.run(
            [sys.executable, "-m", "healthcheck", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert outcome.returncode == 3
    assert "No space left on device" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_what_the_terminal_cannot_show_does_not_stop_the_rest() -> None:
    outcome = subprocess.run(
        [sys.executable, "-m", "healthcheck", "show", "credentials.valid"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert (outcome.returncode, outcome.stderr) == (0, "")


def test_commands_to_paste_name_the_program_as_the_shell_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / ".venv" / "bin" / "sagemaker-healthcheck"
    script.parent.mkdir(parents=True)
    script.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    assert called_as(str(script)) == ".venv/bin/sagemaker-healthcheck"
    assert called_as("/usr/lib/python3/healthcheck/__main__.py") == "sagemaker-healthcheck"
    monkeypatch.setenv("PATH", str(script.parent))
    assert called_as(str(script)) == "sagemaker-healthcheck"
