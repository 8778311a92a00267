"""The commands that look at something, as their users meet them: in a process, against an imitation of AWS."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from healthcheck.testing.world import Client, WorldClient, start

PATIENCE_SECONDS = 60.0
CLI = [sys.executable, "-m", "healthcheck"]


@pytest.fixture(scope="module")
def running_world() -> Iterator[WorldClient]:
    with start(setups=["shop"]) as world:
        yield world


@pytest.fixture
def world(running_world: WorldClient) -> Iterator[WorldClient]:
    yield running_world
    running_world.mend_all()


class User:
    """Somebody at a shell, with the AWS files of a set-up."""

    def __init__(self, client: Client) -> None:
        self.environ = {**client.environ, "PYTHONWARNINGS": "error"}
        self.settings = ["--config", str(client.settings)]

    def types(self, *argv: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*CLI, *argv, *self.settings],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
            env={**self.environ, **environ},
        )


def user(world: WorldClient, folder: Path) -> User:
    return User(world.client(folder, ["shop"]))


def test_a_healthy_set_up_is_0_and_the_document_is_all_of_stdout(world: WorldClient, tmp_path: Path) -> None:
    outcome = user(world, tmp_path).types("run", "--format", "json")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    document = json.loads(outcome.stdout)
    assert {run["status"] for run in document["runs"]} == {"ok"}
    assert document["incidents"] == []


@pytest.mark.parametrize(
    ("fault", "code", "cause"),
    [
        ("bucket-missing", 1, "bucket.reachable"),
        ("trust-without-sagemaker", 2, "role.trust"),
        ("may-not-iam-GetRole", 3, "role.exists"),
    ],
)
def test_the_exit_code_is_the_most_severe_status(
    world: WorldClient, tmp_path: Path, fault: str, code: int, cause: str
) -> None:
    with world.broken(fault):
        outcome = user(world, tmp_path).types("run", "--format", "json")
    assert outcome.returncode == code
    assert [incident["cause"] for incident in json.loads(outcome.stdout)["incidents"]] == [cause]


@pytest.mark.parametrize(
    ("fault", "threshold", "code"),
    [
        ("bucket-missing", "warning", 1),
        ("bucket-missing", "unknown", 0),
        ("may-not-iam-GetRole", "unknown", 3),
        ("may-not-iam-GetRole", "critical", 0),
        ("trust-without-sagemaker", "critical", 2),
        ("trust-without-sagemaker", "never", 0),
    ],
)
def test_a_gate_lets_pass_what_is_less_severe_than_it_says(
    world: WorldClient, tmp_path: Path, fault: str, threshold: str, code: int
) -> None:
    with world.broken(fault):
        assert user(world, tmp_path).types("run", "--fail-on", threshold).returncode == code


def test_text_names_the_cause_what_it_blocks_and_a_fix_to_paste(world: WorldClient, tmp_path: Path) -> None:
    with world.broken("trust-without-sagemaker"):
        outcome = user(world, tmp_path).types("run")
    assert "CRITICAL  role.trust  wrong_service" in outcome.stdout
    assert "shop/us-east-1: role.permissions" in outcome.stdout
    assert "aws iam update-assume-role-policy" in outcome.stdout
    assert "\x1b" not in outcome.stdout
    assert outcome.stderr == ""


def test_any_imitation_of_aws_will_do_that_an_environment_names() -> None:
    """Plain moto, with no settings file: its answers differ from AWS's in what nobody should lean on."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        outcome = subprocess.run(
            [*CLI, "run", "--format", "json"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_ENDPOINT_URL": f"http://{host}:{port}",
                "AWS_ACCESS_KEY_ID": "AKIA0000000000000000",
                "AWS_SECRET_ACCESS_KEY": "0123456789012345678901234567890123456789",
                "AWS_DEFAULT_REGION": "us-east-1",
            },
        )
    finally:
        server.stop()
    reasons = {run["check"]: run["reason"] for run in json.loads(outcome.stdout)["runs"] if run["status"] == "warning"}
    assert reasons == {"bucket.reachable": "missing", "role.configured": "not_named"}
    unknown = {run["check"]: run["reason"] for run in json.loads(outcome.stdout)["runs"] if run["status"] == "unknown"}
    assert unknown == {"caller.permissions": "not_found"}
    assert outcome.returncode == 3


def test_a_check_is_run_with_all_that_it_comes_after_and_nothing_else(world: WorldClient, tmp_path: Path) -> None:
    outcome = user(world, tmp_path).types("run", "--check", "network.clock", "--format", "json")
    runs = json.loads(outcome.stdout)["runs"]
    assert [run["check"] for run in runs] == ["region.configured", "network.reachable", "network.clock"]


def test_nagios_gets_one_line(world: WorldClient, tmp_path: Path) -> None:
    outcome = user(world, tmp_path).types("run", "--format", "nagios")
    assert outcome.returncode == 0
    assert len(outcome.stdout.splitlines()) == 1
    assert "OK" in outcome.stdout.split(" - ", maxsplit=1)[0]


CRASHING = '''
from healthcheck import Target, check, hours

@check(every=hours(1))
def works(target: Target):
    """It works."""
    raise ValueError(target.name)
'''


@pytest.fixture
def crashing(tmp_path: Path) -> Path:
    """A folder of installed packages, with one that brings a check that crashes."""
    site = tmp_path / "site"
    (site / "gpu-1.0.dist-info").mkdir(parents=True)
    (site / "gpu.py").write_text(CRASHING, "utf-8")
    (site / "gpu-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: gpu\nVersion: 1.0\n", "utf-8")
    (site / "gpu-1.0.dist-info" / "entry_points.txt").write_text("[healthcheck.checks]\ngpu = gpu\n", "utf-8")
    return site


@pytest.mark.parametrize(("options", "is_shown"), [((), False), (("--debug",), True)])
def test_where_a_check_crashed_is_shown_to_those_who_ask(
    tmp_path: Path, crashing: Path, options: tuple[str, ...], *, is_shown: bool
) -> None:
    outcome = subprocess.run(
        [*CLI, "run", "--check", "gpu.works", *options],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(crashing)},
    )
    assert outcome.returncode == 3
    assert "UNKNOWN  gpu.works  crashed" in outcome.stdout
    assert ("Traceback" in outcome.stderr, "gpu.py" in outcome.stderr) == (is_shown, is_shown)


def test_nagios_is_told_of_a_mistake_too(tmp_path: Path) -> None:
    """Agents show what a plugin writes to stdout, and nothing else."""
    outcome = subprocess.run(
        [*CLI, "run", "--format", "nagios", "--config", "gone.yaml"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
        cwd=tmp_path,
    )
    assert outcome.returncode == 3
    assert outcome.stdout.startswith(f"SAGEMAKER UNKNOWN - {tmp_path}/gone.yaml: there is no such file")


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["run", "--check", "rle.trust"], '--check: there is no check "rle.trust"; did you mean role.trust?'),
        (["run", "--target", "shap"], '--target: there is no target "shap"; did you mean shop?'),
        (["serve", "--listen", "9479"], "did you mean 127.0.0.1:9479?"),
        (["serve", "--listen", "203.0.113.7:9479"], "cannot listen on 203.0.113.7:9479"),
    ],
)
def test_a_mistake_is_a_sentence_and_3(world: WorldClient, tmp_path: Path, argv: list[str], sentence: str) -> None:
    outcome = user(world, tmp_path).types(*argv)
    assert outcome.returncode == 3
    assert sentence in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert outcome.stdout == ""


def test_every_mistake_in_the_settings_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "healthcheck.yaml"
    file.write_text("targets:\n  - nam: x\nchcks: {}\n", "utf-8")
    outcome = subprocess.run(
        [*CLI, "config", "check"], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False, cwd=tmp_path
    )
    assert outcome.returncode == 3
    assert [line.partition(" ")[0] for line in outcome.stderr.splitlines()] == [f"{file}:2:5:", f"{file}:3:1:"]


def test_what_no_account_can_have_is_marked_and_refuses_no_file(tmp_path: Path) -> None:
    file = tmp_path / "healthcheck.yaml"
    role = "arn:aws:iam::22223333:role/x"
    file.write_text(
        f"targets:\n- {{name: a, regions: [us-east1], role: '{role}'}}\n- {{name: b, regions: [eu-west-1]}}\n"
    )
    outcome = subprocess.run(
        [*CLI, "config", "check"], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False, cwd=tmp_path
    )
    assert (outcome.returncode, outcome.stderr) == (0, "")
    head, first, wrong_region, wrong_role, second = outcome.stdout.splitlines()
    assert head == f"{file}: can be used, but checks will find fault with what is marked"
    assert first.startswith("  a/us-east1: ")
    assert wrong_region.startswith("    ✗ region 'us-east1': ")
    assert wrong_region.endswith("us-east-1 was probably meant (region.configured)")
    assert wrong_role.startswith(f"    ✗ role '{role}': ")
    assert second.startswith("  b/eu-west-1: ")


def test_a_policy_is_a_document_on_stdout_and_a_note_on_stderr(world: WorldClient, tmp_path: Path) -> None:
    outcome = user(world, tmp_path).types("policy")
    assert outcome.returncode == 0
    document = json.loads(outcome.stdout)
    assert document["Version"] == "2012-10-17"
    assert "profile shop" in outcome.stderr


def test_what_config_show_prints_loads_again(world: WorldClient, tmp_path: Path) -> None:
    somebody = user(world, tmp_path)
    outcome = somebody.types("config", "show")
    again = tmp_path / "again.yaml"
    again.write_text(outcome.stdout, "utf-8")
    somebody.settings = ["--config", str(again)]
    assert somebody.types("config", "check").returncode == 0


def test_a_reader_who_has_seen_enough_is_no_mistake(world: WorldClient, tmp_path: Path) -> None:
    somebody = user(world, tmp_path)
    with subprocess.Popen(
        [*CLI, "list", "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=somebody.environ,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(PATIENCE_SECONDS) == 141


class Terminal:
    """A pseudo-terminal that a command writes its documents and its progress to."""

    def __init__(self, somebody: User, *argv: str, **environ: str) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [*CLI, *argv, *somebody.settings],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**somebody.environ, "TERM": "xterm", **environ},
            start_new_session=True,
        )
        os.close(theirs)
        self.shown = ""

    def read_some(self) -> bool:
        try:
            piece = os.read(self._ours, 65_536)
        except OSError:  # Linux says so when nobody holds the other end any more
            return False
        self.shown += piece.decode()
        return bool(piece)

    def read_all(self) -> str:
        while self.read_some():
            pass
        os.close(self._ours)
        self.process.wait(PATIENCE_SECONDS)
        return self.shown


def test_on_a_terminal_there_is_progress_and_colour(world: WorldClient, tmp_path: Path) -> None:
    shown = Terminal(user(world, tmp_path), "run").read_all()
    assert re.search(r"(?<!\d)(\d+)/\1(?!\d)", shown), "the last of all checks"
    assert "\x1b[32m" in shown


def test_colour_is_left_out_where_it_is_not_wanted(world: WorldClient, tmp_path: Path) -> None:
    shown = Terminal(user(world, tmp_path), "run", NO_COLOR="1").read_all()
    assert re.search(r"(?<!\d)(\d+)/\1(?!\d)", shown), "the last of all checks"
    assert "\x1b[32m" not in shown


def test_a_dumb_terminal_gets_plain_text_only(world: WorldClient, tmp_path: Path) -> None:
    assert "\x1b" not in Terminal(user(world, tmp_path), "run", TERM="dumb").read_all()


def test_ctrl_c_ends_a_look_that_hangs_without_a_traceback(world: WorldClient, tmp_path: Path) -> None:
    with world.broken("endpoint-hangs"):
        terminal = Terminal(user(world, tmp_path), "run")
        while "configured" not in terminal.shown:
            assert terminal.read_some()
        terminal.process.send_signal(signal.SIGINT)
        shown = terminal.read_all()
    assert terminal.process.returncode == 130
    assert "interrupted" in shown
    assert "Traceback" not in shown
