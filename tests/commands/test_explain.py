"""`explain`, as somebody with an error in front of them uses it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from healthcheck.cli import main
from healthcheck.testing.world import WorldClient, start

TARGET = "shop/us-east-1"
REFUSED = "User: arn:aws:sts::111122223333:assumed-role/Dev/me is not authorized to perform:"
RESOURCE = " in a resource-based policy"
DOWNLOAD = "Data download failed:Unable to download object s3://x (AccessDenied: Denied)"
NOT_ASSUMED = "Could not assume role arn:aws:iam::111122223333:role/Train."


@pytest.fixture(scope="module")
def world() -> Iterator[WorldClient]:
    with start(setups=["shop"]) as running:
        yield running


def test_the_text_is_an_argument_or_comes_by_stdin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", *NOT_ASSUMED.split()]) == 0
    told = capsys.readouterr().out
    assert told.startswith("certainly (role-not-assumed): SageMaker cannot become the role")
    assert "  settled by: sagemaker-healthcheck run --check role.exists --check role.trust\n" in told
    assert "    $ aws iam get-role --role-name Train --query Role.Arn --output text\n" in told
    for argv in (["explain"], ["explain", "-"]):
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"Traceback:\n  {NOT_ASSUMED}\n"))
        assert main(argv) == 0
        assert capsys.readouterr().out == told


@pytest.mark.parametrize("nothing", ["", " \n"])
def test_no_text_is_a_mistake_and_not_an_unknown_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], nothing: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(nothing))
    assert main(["explain"]) == 3
    told = capsys.readouterr()
    assert (told.out, "there is no text to explain" in told.err) == ("", True)


def test_what_is_broken_by_no_set_up_has_no_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "ResourceLimitExceeded"]) == 0
    assert "settled by: no check" in capsys.readouterr().out


def test_what_is_unknown_is_said_with_how_to_report_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "the cat sat on the mat"]) == 3
    told = capsys.readouterr().out
    assert told.startswith("Nothing that is known here explains this text.")
    assert "report it" in told
    assert main(["explain", "--format", "json", "the cat sat on the mat"]) == 3
    assert json.loads(capsys.readouterr().out) == {"schema": 1, "findings": []}


def test_of_an_answer_of_awss_it_is_said_what_it_proves(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads it need not look at network, clock and keys."""
    text = "An error occurred (ValidationException) when calling the CreateModel operation: Too many cats."
    assert main(["explain", f"\x1b[31m{text}\x1b[0m"]) == 3
    told = " ".join(capsys.readouterr().out.split())
    assert "It is AWS's own answer (ValidationException) to CreateModel: so AWS was reached" in told
    assert "report it" in told


def test_programs_read_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--format", "json", NOT_ASSUMED]) == 0
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["id"], finding["confidence"]) == ("role-not-assumed", "certainly")
    assert finding["checks"] == ["role.exists", "role.trust"]
    assert set(finding) == {"id", "confidence", "meaning", "checks", "fix", "source"}
    assert finding["fix"]["commands"][0].startswith("aws iam get-role")


def test_what_the_text_quotes_is_never_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    """A signature error quotes the signed request, session token included."""
    main(["explain", f"{NOT_ASSUMED} x-amz-security-token:FwoGZXIvYXdzEDAaDHNlY3JldA"])
    assert "FwoG" not in capsys.readouterr().out


def test_a_text_alone_needs_no_sdk() -> None:
    code = f"import sys\nfrom healthcheck.cli import main\nmain(['explain', {NOT_ASSUMED!r}])\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded.isdisjoint({"boto3", "botocore", "yaml", "msgspec", "structlog"})


@pytest.mark.parametrize(("fault", "code", "stands"), [(None, 0, "ok"), ("role-deleted", 2, "critical")])
def test_with_a_target_the_checks_settle_it(
    world: WorldClient, tmp_path: Path, fault: str | None, code: int, stands: str
) -> None:
    with world.broken(fault) if fault else nullcontext():
        text, document = (explained(world, tmp_path, NOT_ASSUMED, *more) for more in ((), ("--format", "json")))
    assert (text.returncode, text.stderr, document.returncode, document.stderr) == (code, "", code, "")
    assert text.stdout.startswith("certainly (role-not-assumed)")
    assert f"\nThe checks that settle it, on {TARGET}:\n" in text.stdout
    found = json.loads(document.stdout)
    assert [finding["id"] for finding in found["findings"]] == ["role-not-assumed"]
    looked_at = {run["check"]: run["status"] for run in found["run"]["runs"]}
    assert looked_at["role.exists"] == stands
    assert looked_at["role.trust"] == ("blocked" if fault else "ok")
    assert "bucket.reachable" not in looked_at


@pytest.mark.parametrize(
    ("text", "fault", "check"),
    [
        (f"{REFUSED} kms:CreateGrant on resource: key/1", "key-not-granted", "role.encryption"),
        (f"{REFUSED} s3:PutObject with an explicit deny{RESOURCE}", "bucket-denies-role", "bucket.policy"),
        (f"{REFUSED} iam:PassRole on resource: x", "pass-role-missing", "role.passable"),
        (f"{REFUSED} sagemaker:CreateTrainingJob", "caller-without-sagemaker", "caller.permissions"),
        ("Invalid principal in policy: 'AWS':'AIDAEXAMPLE'", "trust-orphan", "role.hygiene"),
        (DOWNLOAD, "permissions-denied", "role.permissions"),
        (DOWNLOAD, "data-out-of-reach", "role.data_access"),
    ],
)
def test_with_a_target_the_check_that_owns_the_fault_finds_it(
    world: WorldClient, tmp_path: Path, text: str, fault: str, check: str
) -> None:
    with world.broken(fault):
        document = explained(world, tmp_path, text, "--format", "json")
    looked_at = {run["check"]: run["status"] for run in json.loads(document.stdout)["run"]["runs"]}
    assert looked_at[check] in {"critical", "warning"}


def test_with_a_target_all_is_looked_at_for_what_nobody_knows(world: WorldClient, tmp_path: Path) -> None:
    answer = explained(world, tmp_path, "the cat sat on the mat")
    assert answer.returncode == 0
    assert answer.stdout.startswith("Nothing that is known here explains this text.")
    assert f"\nAll checks, on {TARGET}:\n" in answer.stdout
    assert "hygiene" in answer.stdout


def explained(world: WorldClient, folder: Path, text: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Explain a text that comes by stdin, and let the checks settle it on the shop."""
    client = world.client(folder, ["shop"])
    typed = [sys.executable, "-m", "healthcheck", "explain", "--target", TARGET, "--config", str(client.settings)]
    environ = {**client.environ, "PYTHONWARNINGS": "error"}
    return subprocess.run(
        [*typed, *more], capture_output=True, text=True, timeout=60, check=False, env=environ, input=text
    )
