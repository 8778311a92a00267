"""The JSON Schema and the example file agree with what is really read."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped] # ships no types
import pytest
import yaml

from healthcheck import plan
from healthcheck.config import Config, ConfigError, DaemonSettings, json_schema, load
from healthcheck.config.fields import DAEMON_FIELDS, SOURCE_FIELDS, TARGET_FIELDS
from healthcheck.engine.discovery import discover
from tests.registries import a_file, a_registry

EXAMPLE = Path(__file__).parents[2] / "config" / "healthcheck.yaml"


@functools.cache
def validator() -> jsonschema.Draft202012Validator:
    schema = json_schema(a_registry())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def fits_schema(text: str) -> bool:
    # As an editor does it: YAML's own types, which are not ours.
    return bool(validator().is_valid(yaml.safe_load(text)))


def is_planned(folder: Path, text: str) -> bool:
    try:
        plan.load(a_file(folder, text), a_registry(), environ={"VALUE": "1"}, ambient_region=lambda _: None)
    except ConfigError:
        return False
    return True


GOOD = [
    "{}",
    "targets:\nchecks:\ndaemon:\nx-mine: [1]\n",
    "targets: [{name: a}]",
    'targets: [{name: a, account: "012345678901"}]',
    "targets: [{name: a, account: 111122223333}]",
    "targets: [{name: a, bucket: none, profile: , labels: {team: vision, paid: yes, cost: 10}}]",
    "targets: [{name: a, assume_role: {arn: 'arn:aws:iam::111122223333:role/x', external_id: '${VALUE}5'}}]",
    (
        "targets: [{name: a, reads: ['s3://acme'], images: [111122223333.dkr.ecr.eu-west-1.amazonaws.com/churn:2], "
        "volume_keys: ['arn:aws:kms:eu-west-1:111122223333:key/0-1'], subnets: [subnet-01234567], caller: none}]"
    ),
    "targets: [{name: a, checks: {role.trust: {enabled: no, every: 1h30m}}}]",
    "checks: {role.*: {every: 1h}, '*': {timeout: 10s}, role.trust: }",
    "checks: {demo.typed: {count: 5, ratio: 2, deep: on, title: 7, within: null, colour: dark-blue, mode: slow}}",
    "checks: {demo.typed: {count: '5', ratio: '0.5', deep: 'off', within: 1h, names: [], waits: [1s, 2m]}}",
    "checks: {demo.typed: {count: '${VALUE}', names: ['${VALUE}']}}",
    "daemon: {listen: ':9479', workers: 8, confirm_after: 10s, log_format: json, enable_lifecycle: true}",
]

WRONG = [
    "[]",
    "target: []",
    "targets: []",
    "targets: {}",
    "targets: [{}]",
    "targets: [{name: }]",
    "targets: [{name: a/b}]",
    "targets: [{name: a, acount: 1}]",
    "targets: [{name: a, account: 1111}]",
    "targets: [{name: a, regions: us-east-1}]",
    "targets: [{name: a, regions: []}]",
    "targets: [{name: a, regions: [x, x]}]",
    "targets: [{name: a, role: Training}]",
    "targets: [{name: a, bucket: s3://x}]",
    "targets: [{name: a, purposes: [dancing]}]",
    "targets: [{name: a, reads: [acme/train]}]",
    "targets: [{name: a, output_keys: [alias/data]}]",
    "targets: [{name: a, images: ['churn:2']}]",
    "targets: [{name: a, security_groups: [default]}]",
    "targets: [{name: a, caller: alice}]",
    "targets: [{name: a, labels: {target: x}}]",
    "targets: [{name: a, labels: {1a: x}}]",
    "targets: [{name: a, labels: {a: [x]}}]",
    "targets: [{name: a, assume_role: {}}]",
    "targets: [{name: a, assume_role: {arn: x}}]",
    "targets: [{name: a, checks: {role.trst: {}}}]",
    "checks: {role.trust: {evry: 1h}}",
    "checks: {role.trust: {every: 60}}",
    "checks: {role.trust: {enabled: maybe}}",
    "checks: {role.*: {horizon: 1h}}",
    "checks: {demo.typed: {count: x}}",
    "checks: {demo.typed: {count: null, mode: FAST}}",
    "checks: {demo.typed: {names: a}}",
    "checks: {demo.typed: {waits: [1]}}",
    "checks: {demo.typed: {colour: blue}}",
    "daemon: {workers: 0}",
    "daemon: {workers: many}",
    "daemon: {listen: 9479}",
    "daemon: {log_level: loud}",
    "daemon: {port: 1}",
]


@pytest.mark.parametrize("text", GOOD)
def test_what_can_be_planned_fits_the_schema(tmp_path: Path, text: str) -> None:
    assert is_planned(tmp_path, text)
    assert fits_schema(text)


@pytest.mark.parametrize("text", WRONG)
def test_what_cannot_be_planned_does_not_fit_the_schema(tmp_path: Path, text: str) -> None:
    assert not is_planned(tmp_path, text)
    assert not fits_schema(text)


def test_the_schema_holds_the_checks_words_and_defaults() -> None:
    schema: dict[str, Any] = json_schema(a_registry())
    typed = schema["$defs"]["check:demo.typed"]["anyOf"][0]
    assert typed["description"] == "Every type has a setting."
    assert {name: field.get("default") for name, field in typed["properties"].items()} == {
        "enabled": True,
        "every": "5m",
        "timeout": "30s",
        "count": 3,
        "ratio": 0.5,
        "deep": False,
        "title": "none",
        "within": None,
        "colour": "red",
        "mode": "fast",
        "names": ["a", "b"],
        "waits": [],
    }
    assert typed["properties"]["count"]["description"] == "a whole number."
    writing = schema["$defs"]["check:bucket.roundtrip"]["anyOf"][0]
    assert writing["properties"]["enabled"]["default"] is False


def example(environ: dict[str, str]) -> Config:
    return load(EXAMPLE, environ)


def test_the_example_is_planned_without_a_mistake() -> None:
    found = discover()
    made = plan.load(EXAMPLE, found.registry, environ={}, ambient_region=lambda _: None, plugin_failures=found.failures)
    assert [target.name for target in made.targets] == ["prod/us-east-1", "prod/eu-west-1", "research/eu-central-1"]


def test_the_example_fits_the_schema() -> None:
    found = discover()
    problems = list(
        jsonschema.Draft202012Validator(json_schema(found.registry)).iter_errors(
            yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
        )
    )
    assert [problem.message for problem in problems] == []


def test_the_example_shows_the_daemons_defaults() -> None:
    assert example({}).daemon == DaemonSettings()


def test_the_example_has_every_key_there_is() -> None:
    document = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    targets = {key for target in document["targets"] for key in target}
    assert targets == {*TARGET_FIELDS, "assume_role", "labels", "checks"}
    assert set(document["targets"][1]["assume_role"]) == set(SOURCE_FIELDS)
    assert set(document["daemon"]) == set(DAEMON_FIELDS)


def test_the_example_takes_over_what_its_anchor_says() -> None:
    prod = example({}).targets[0]
    assert prod.labels == {"team": "vision", "stage": "production"}


def test_the_example_names_variables_that_may_be_unset() -> None:
    assert [example(environ).targets[1].source.external_id for environ in ({}, {"RESEARCH_EXTERNAL_ID": "x1"})] == [
        "sagemaker-healthcheck",
        "x1",
    ]
