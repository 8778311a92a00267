"""The shipped scraping, rules and routing: valid to Prometheus's own tools, and true to the code and the docs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from healthcheck.surfaces.exposition import PREFIX
from healthcheck.surfaces.families import FAMILIES
from tests.e2e.alerting import MILLISECONDS, ROUTING, RULES, SCRAPING, TIMES_FASTER, hurried, shipped_alerts
from tests.support import require

DOCS = Path(__file__).parents[2] / "docs"
UNIT_TESTS = RULES.with_name("sagemaker-healthcheck.tests.yml")
RULE_TEXT = RULES.read_text("utf-8")
ALERTS = shipped_alerts()
PUBLISHED = "https://sagemaker-healthcheck.example/docs/"

OF_PROMETHEUS = {"job", "instance", "severity", "alertname", "alertstate"}
"""Labels that it gives, or that the rules do."""

OF_THE_USER = {"team"}


def run(program: str, package: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [require(program, package=package), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def promtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return run("promtool", "prometheus", *words)


def amtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return run("amtool", "prometheus-alertmanager", *words)


def expressions() -> list[str]:
    return [rule["expr"] for group in yaml.safe_load(RULE_TEXT)["groups"] for rule in group["rules"]]


def unit_tests_of(rules: str, folder: Path) -> bool:
    """Whether rules pass the shipped unit tests."""
    (folder / RULES.name).write_text(rules, "utf-8")
    (folder / UNIT_TESTS.name).write_text(UNIT_TESTS.read_text("utf-8"), "utf-8")
    done = promtool("test", "rules", folder / UNIT_TESTS.name)
    # What cannot be read at all proves nothing about the tests.
    assert promtool("check", "rules", folder / RULES.name).returncode == 0, rules
    return done.returncode == 0


def test_prometheus_would_start_with_it() -> None:
    done = promtool("check", "config", SCRAPING)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 rule files found" in done.stdout


def test_the_rules_pass_their_unit_tests(tmp_path: Path) -> None:
    assert unit_tests_of(RULE_TEXT, tmp_path)


CARELESS = {
    "a restart is an end and a second page": ("        keep_firing_for: 10m\n", ""),
    "a page ends because nobody looks any more": ("on (job) up == 0 unless", "on (job) up == 2 unless"),
    "a page stays because one of two daemons is down": (" unless on (job) up == 1", ""),
    "a moment is enough": ("        for: 1m\n        keep_firing_for", "        keep_firing_for"),
    "two daemons count twice": (
        "max by (job, incident, cause, status, team, target) (",
        "max by (job, instance, incident, cause, status, team, target) (",
    ),
    "another status is another alert": (
        'max without (status) (sagemaker_healthcheck:incident_targets:count{status=~"warning|unknown"})',
        'sagemaker_healthcheck:incident_targets:count{status=~"warning|unknown"}',
    ),
    "the team is lost": ("group_left (team)\n                sagemaker", "group_left ()\n                sagemaker"),
    "what has ended ends soon": ("< 3600 > 0)", "< 3600)"),
    "a slow beat is none": ("> 120", "> 90"),
    "a daemon that is down is absent too": ("or on ()", "or on (job)"),
    "one skipped round is many": ("[15m])) > 0\n        for: 30m", "[15m])) > 0\n        for: 10m"),
}


@pytest.mark.parametrize(("what", "instead"), list(CARELESS.values()), ids=list(CARELESS))
def test_the_unit_tests_notice_careless_rules(what: str, instead: str, tmp_path: Path) -> None:
    careless = RULE_TEXT.replace(what, instead)
    assert careless != RULE_TEXT
    assert not unit_tests_of(careless, tmp_path)


def test_each_alert_is_told_in_a_unit_test() -> None:
    tested = set(re.findall(r'alertname(?:="|: )(\w+)', UNIT_TESTS.read_text("utf-8")))
    assert tested == set(ALERTS)


def test_one_line_says_where_the_pages_are_and_keeps_the_unit_tests(tmp_path: Path) -> None:
    (line,) = re.findall(r"^sed .*$", (DOCS / "alerts.md").read_text("utf-8"), re.MULTILINE)
    for file in (RULES, UNIT_TESTS):
        (tmp_path / file.name).write_text(file.read_text("utf-8"), "utf-8")
    subprocess.run(line, shell=True, cwd=tmp_path, check=True, timeout=30)
    moved = (tmp_path / RULES.name).read_text("utf-8")
    assert moved.count("runbook_url: ") == moved.count("https://git.example/ml/sagemaker-healthcheck/docs/") + 1
    assert "sagemaker-healthcheck.example" not in moved
    done = promtool("test", "rules", tmp_path / UNIT_TESTS.name)
    assert done.returncode == 0, done.stdout


def test_the_rules_speak_of_metrics_and_labels_that_exist() -> None:
    labels = {family.name: set(family.labels) for family in FAMILIES}
    counters = {family.name for family in FAMILIES if family.name.endswith("_total")}
    told = "\n".join([*expressions(), *re.findall(r'printf "(.*)" \$labels', RULE_TEXT)])
    used = set(re.findall(rf"{PREFIX}\w+", told))
    assert used
    assert used <= set(labels) | counters
    for listed in re.findall(r"\b(?:by|on|without|group_left) \(([^)]*)\)", told):
        names = {name.strip() for name in listed.split(",")} - {""}
        assert names <= set().union(*labels.values()) | OF_PROMETHEUS | OF_THE_USER


@pytest.mark.parametrize("expression", expressions())
def test_expressions_are_promql_to_another_parser_too(expression: str) -> None:
    promql_parser.parse(expression)


@pytest.mark.parametrize("rule", list(ALERTS.values()), ids=list(ALERTS))
def test_an_alert_says_how_loud_it_is_what_is_wrong_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["labels"] in ({"severity": "page"}, {"severity": "ticket"})
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    page, _, anchor = rule["annotations"]["runbook_url"].removeprefix(PUBLISHED).partition("#")
    if anchor.startswith("{{"):
        assert (page, anchor) == ("checks.md", '{{ reReplaceAll "[.]" "" $labels.cause }}')
    else:
        assert (page, anchor) == ("alerts.md", rule["alert"].lower())


def headings(page: str) -> list[str]:
    return re.findall(r"^## (\S+)$", (DOCS / page).read_text("utf-8"), re.MULTILINE)


def test_the_alerts_of_the_page_are_those_of_the_rules() -> None:
    text = (DOCS / "alerts.md").read_text("utf-8")
    assert headings("alerts.md") == list(ALERTS)
    rows = re.findall(r"^\| \[(\w+)\]\(#(\w+)\) \| (\w+) \| (\w+) \|", text, re.MULTILINE)
    assert rows == [
        (name, name.lower(), rule["labels"]["severity"], rule.get("for", "0s")) for name, rule in ALERTS.items()
    ]


def test_alertmanager_would_start_with_it() -> None:
    done = amtool("check-config", ROUTING)
    assert (done.returncode, done.stderr) == (0, "")
    assert "SUCCESS" in done.stdout


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["severity=page"], "pager"),
        (["severity=page", "team=fraud"], "pager"),
        (["severity=page", "team=vision"], "vision-pager"),
        (["severity=ticket"], "tickets"),
        (["severity=ticket", "team=vision"], "vision-tickets"),
    ],
)
def test_an_alert_goes_to_those_who_are_to_get_it(labels: list[str], receiver: str) -> None:
    done = amtool("config", "routes", "test", f"--config.file={ROUTING}", f"--verify.receivers={receiver}", *labels)
    assert (done.returncode, done.stdout.strip()) == (0, receiver)


def test_what_is_kept_back_and_what_keeps_it_back_are_alerts_that_exist() -> None:
    routing = yaml.safe_load(ROUTING.read_text("utf-8"))
    matchers = [
        matcher for rule in routing["inhibit_rules"] for matcher in rule["source_matchers"] + rule["target_matchers"]
    ]
    patterns = [matcher.partition("=")[2].strip('~"') for matcher in matchers if matcher.startswith("alertname")]
    assert len(patterns) == 2 * len(routing["inhibit_rules"])
    for pattern in patterns:
        assert [name for name in ALERTS if re.fullmatch(pattern, name)], pattern


@pytest.mark.parametrize("file", [RULES, SCRAPING, ROUTING], ids=lambda file: file.name)
def test_the_tests_of_the_whole_change_nothing_but_durations(file: Path) -> None:
    """Which makes what they prove of the hurried files true of the shipped ones."""
    shipped = file.read_text("utf-8").splitlines()
    short = hurried(file.read_text("utf-8")).splitlines()
    changed = [(before, after) for before, after in zip(shipped, short, strict=True) if before != after]
    assert changed
    for before, after in changed:
        name, _, duration = before.partition(": ")
        milliseconds = int(duration[:-1]) * MILLISECONDS[duration[-1]] // TIMES_FASTER
        assert after == f"{name}: {milliseconds}ms"
    assert not [line for line in short if re.search(r"(?:for|_wait|_interval): \d+[smhd]$", line)]
