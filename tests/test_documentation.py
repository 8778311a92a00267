"""What the documents say is what the code does."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import promql_parser
import pytest
import yaml

from healthcheck.check import COMMON_REASONS
from healthcheck.cli import main
from healthcheck.commands.arguments import build_parser
from healthcheck.daemon import LOG_EVENTS
from healthcheck.doctor import EXIT_CODES
from healthcheck.engine.discovery import collect, discover
from healthcheck.plan import load
from healthcheck.result import Status
from healthcheck.signals import ORDERS
from healthcheck.supervision import LOG_EVENTS as SUPERVISION_EVENTS
from healthcheck.surfaces.families import FAMILIES
from healthcheck.surfaces.logs import EVENTS
from healthcheck.testing import assert_contract
from healthcheck.testing.world.faults import FAULTS

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
PREFIX = "sagemaker_healthcheck_"


def tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tables", ROOT / "tools" / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TABLES = tables()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its head."""
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_tables_are_not_written_without_a_check_that_could_not_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = README
    (tmp_path / "gpu-1.0.dist-info").mkdir()
    (tmp_path / "gpu-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: gpu\nVersion: 1.0\n", "utf-8"
    )
    (tmp_path / "gpu-1.0.dist-info" / "entry_points.txt").write_text("[healthcheck.checks]\ngpu = gone\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SystemExit, match=r"gpu: gone cannot be imported"):
        TABLES.main()
    assert (ROOT / "README.md").read_text("utf-8") == before


@pytest.mark.parametrize(
    ("file", "name", "content"), TABLES.PLACES, ids=lambda value: getattr(value, "__name__", value)
)
def test_generated_tables_are_up_to_date(file: str, name: str, content: object) -> None:
    """`tools/tables.py` brings them up to date."""
    assert callable(content)
    text = (ROOT / file).read_text("utf-8")
    assert TABLES.filled(text, name, content()) == text


def test_statuses_have_their_numbers_and_exit_codes() -> None:
    told = {word.strip("`"): (int(metric), int(code)) for word, _, metric, code in rows(README, "What the words mean")}
    assert told == {status.value: (status.code, EXIT_CODES[status]) for status in Status}


def test_each_reason_that_any_check_may_have_is_explained() -> None:
    explained = {
        reason for cells in rows(README, "When it says `unknown`") for reason in re.findall(r"`([a-z_]+)`", cells[0])
    }
    assert explained == COMMON_REASONS


def test_signals_are_told() -> None:
    told = set(re.findall(r"`(SIG[A-Z0-9]+)`", README))
    assert told == {number.name for number in ORDERS}


def test_addresses_are_told() -> None:
    told = set(re.findall(r"`(?:POST )?(/[\w/{}-]*)`", README))
    source = (ROOT / "healthcheck" / "surfaces" / "app.py").read_text("utf-8")
    served = set(re.findall(r'"(/(?:metrics|-/\w+|api/v1/(?:status|checks|incidents))?)"', source))
    assert told == served | {"/api/v1/targets/{name}", "/api/v1/targets/{name}/run"}


def test_log_events_are_told() -> None:
    told = {event for cells in rows(README, "Logs") for event in re.findall(r"`([a-z_]+\.[a-z_]+)`", cells[0])}
    folders = (ROOT / "healthcheck" / "engine", ROOT / "healthcheck" / "surfaces")
    source = "\n".join(path.read_text("utf-8") for folder in folders for path in folder.rglob("*.py"))
    logged = set(re.findall(r'_LOG\.\w+\("([^"]+)"', source))
    assert logged
    assert told == set(EVENTS) | set(LOG_EVENTS) | set(SUPERVISION_EVENTS) | logged


def alert_rules() -> list[dict[str, str]]:
    groups = next(block for block in blocks(README, "yaml") if block.startswith("groups:"))
    return list(yaml.safe_load(groups)["groups"][0]["rules"])


@pytest.mark.parametrize("rule", alert_rules(), ids=lambda rule: rule["alert"])
def test_alerts_are_promql_over_metrics_that_exist(rule: dict[str, str]) -> None:
    promql_parser.parse(rule["expr"])
    labels = {family.name: set(family.labels) for family in FAMILIES}
    used = re.findall(rf"({PREFIX}\w+)(?:\{{(\w+)=)?", rule["expr"])
    assert used
    for name, label in used:
        assert not label or label in labels[name]
        assert name in labels


def test_the_settings_of_the_readme_load(tmp_path: Path) -> None:
    file = tmp_path / "healthcheck.yaml"
    file.write_text(next(block for block in blocks(README, "yaml") if block.startswith("targets:")), "utf-8")
    plan = load(file, discover().registry, environ={}, ambient_region=lambda _: None)
    assert [planned.name for planned in plan.targets] == ["prod/us-east-1", "prod/eu-west-1"]


COMMAND_LINES = [
    (page.name, line.partition(" #")[0])
    for page in PAGES
    for block in blocks(page.read_text("utf-8"), "sh")
    for line in block.splitlines()
    if re.match(r"(\.venv/bin/)?sagemaker-healthcheck ", line)
]


@pytest.mark.parametrize(("page", "line"), COMMAND_LINES)
def test_commands_in_the_documents_can_be_typed(page: str, line: str) -> None:
    words = re.split(r" [|>&]", line)[0].split()
    assert build_parser().parse_args(words[1:]).command, page


def test_faults_that_are_named_exist(capsys: pytest.CaptureFixture[str]) -> None:
    main(["demo", "--help"])
    text = README + capsys.readouterr().out
    named = set(re.findall(r"demo --(?:break|mend) ([\w.-]+)", text))
    assert named
    assert named <= {fault.id for fault in FAULTS}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not link.startswith("https://"):
            assert (page.parent / link).exists(), link


def test_anchors_of_checks_exist() -> None:
    headings = {
        line.removeprefix("## ").replace(".", "")
        for line in (ROOT / "docs" / "checks.md").read_text("utf-8").splitlines()
        if line.startswith("## ")
    }
    text = README + (ROOT / "docs" / "checks.md").read_text("utf-8")
    assert set(re.findall(r"\]\((?:docs/checks\.md)?#(\w+)\)", text)) <= headings


def test_make_targets_in_the_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= targets


def test_setting_up_is_two_commands_after_one_line_of_apt() -> None:
    start = README.partition("\n## See it")[2].partition("\n## ")[0]
    assert [block.strip() for block in blocks(start, "sh")[:3]] == [
        "sudo apt install make python3-venv",
        "make demo",
        "make test",
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_a_machine(page: Path) -> None:
    assert not re.findall(r"(?<![\w.])/(?:work|root|home/\w+|tmp/venv)\b", page.read_text("utf-8"))


def run_block(source: str, name: str) -> ModuleType:
    """Run a block of a document as a module."""
    module = ModuleType(name)
    # The decorator resolves annotations, and so looks the module up.
    sys.modules[name] = module
    exec(compile(source, f"CONTRIBUTING.md: {name}", "exec"), vars(module))
    return module


def test_the_first_check_of_the_guide_keeps_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    """All files are taken from CONTRIBUTING.md as they stand."""
    for name in ("my_package", "my_package.training", "cases", "test_mine"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    definition, table, own_test = blocks(CONTRIBUTING, "python")
    (recent,) = collect(run_block(definition, "my_package.training"))
    cases = run_block(table, "cases").CASES
    run_block(own_test, "test_mine").test_contract()
    assert list(cases) == [recent.id]
    assert_contract(recent, cases[recent.id])
    assert {case.status for case in cases[recent.id]} == {Status.OK, Status.WARNING, Status.SKIPPED}
