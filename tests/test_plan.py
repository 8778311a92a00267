"""The plan: which targets, which checks on each, with which settings and edges."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcheck import CredentialSource, Purpose, Target
from healthcheck.config import Config, ConfigError, DaemonSettings, load
from healthcheck.plan import AMBIENT_NAME, Plan, PlannedTarget, build, show
from healthcheck.plan import load as load_plan
from healthcheck.plan.binding import edges
from healthcheck.registry import Registry
from tests.registries import a_check, a_file, a_registry, told

ROLE = "arn:aws:iam::111122223333:role/service-role/Training"


@dataclass(frozen=True)
class Failure:
    """A plugin that did not load."""

    name: str
    sentence: str = "cannot be imported"


def planned(
    folder: Path,
    text: str,
    *,
    registry: Registry | None = None,
    checks: Sequence[str] = (),
    targets: Sequence[str] = (),
    failures: Sequence[Failure] = (),
) -> Plan:
    return load_plan(
        a_file(folder, text),
        registry or a_registry(),
        environ={},
        ambient_region=lambda source: {"work": "eu-west-1"}.get(source.profile or ""),
        only_checks=checks,
        only_targets=targets,
        plugin_failures=failures,
    )


def sentences(folder: Path, text: str, **options: Sequence[str]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        planned(folder, text, **options)  # type: ignore[arg-type]
    return [f"{mistake.path}: {mistake.sentence}" for mistake in caught.value.mistakes]


def ids(target: PlannedTarget) -> list[str]:
    return [bound.id for bound in target.checks]


def after(target: PlannedTarget) -> dict[str, tuple[str, ...]]:
    return {bound.id: bound.after for bound in target.checks}


ALL = [
    "credentials.valid",
    "bucket.reachable",
    "credentials.expiry",
    "demo.typed",
    "role.configured",
    "role.exists",
    "role.trust",
]


def test_a_target_is_planned_in_each_of_its_regions(tmp_path: Path) -> None:
    text = f"""\
targets:
  - name: prod
    profile: work
    account: 111122223333
    regions: [us-east-1, eu-west-1]
    role: {ROLE}
    bucket: none
    purposes: [hosting]
    labels: {{team: vision}}
"""
    plan = planned(tmp_path, text)
    assert [target.target for target in plan.targets] == [
        Target(
            name=f"prod/{region}",
            source=CredentialSource(profile="work"),
            region=region,
            account="111122223333",
            role=ROLE,
            bucket=None,
            purposes=(Purpose.HOSTING,),
            labels={"team": "vision"},
        )
        for region in ("us-east-1", "eu-west-1")
    ]
    assert [ids(target) for target in plan.targets] == [ALL, ALL]
    assert plan.path == tmp_path / "healthcheck.yaml"


def test_each_region_has_the_keys_and_images_that_are_in_it(tmp_path: Path) -> None:
    key = "arn:aws:kms:{}:111122223333:key/0-1"
    image = "111122223333.dkr.ecr.{}.amazonaws.com/churn:2"
    regions = ("us-east-1", "eu-west-1")
    text = f"""\
targets:
  - name: a
    regions: [{", ".join(regions)}]
    output_keys: [{", ".join(f'"{key.format(region)}"' for region in regions)}]
    images: [{", ".join(image.format(region) for region in regions)}]
    reads: ["s3://acme/"]
"""
    targets = [planned.target for planned in planned(tmp_path, text).targets]
    assert [(target.output_keys, target.images, target.reads) for target in targets] == [
        ((key.format(region),), (image.format(region),), ("s3://acme/",)) for region in regions
    ]


def test_a_target_without_regions_is_in_the_region_of_its_source_or_in_none(tmp_path: Path) -> None:
    plan = planned(tmp_path, "targets: [{name: a, profile: work}, {name: b, profile: other}]\n")
    assert [(target.name, target.target.region) for target in plan.targets] == [
        ("a/eu-west-1", "eu-west-1"),
        ("b", None),
    ]


def test_the_ambient_region_is_asked_for_only_where_none_is_configured() -> None:
    asked: list[CredentialSource] = []

    def ambient_region(source: CredentialSource) -> str | None:
        asked.append(source)
        return None

    build(Config(), a_registry(), environ={}, ambient_region=ambient_region)
    assert asked == [CredentialSource()]


@pytest.mark.parametrize("role", [ROLE, "[YOUR_ROLE_ARN]"])
def test_without_any_file_the_ambient_set_up_is_watched(role: str) -> None:
    plan = build(
        load(None, {}),
        a_registry(),
        environ={"SAGEMAKER_ROLE_ARN": role},
        ambient_region=lambda _: "us-east-1",
        generation=7,
    )
    (target,) = plan.targets
    assert target.target == Target(name="ambient/us-east-1", region="us-east-1", role=role, configured=False)
    assert (plan.path, plan.generation, plan.daemon, ids(target)) == (None, 7, DaemonSettings(), ALL)


def test_an_empty_variable_names_no_role() -> None:
    plan = build(Config(), a_registry(), environ={"SAGEMAKER_ROLE_ARN": ""}, ambient_region=lambda _: None)
    assert [(target.name, target.target.role) for target in plan.targets] == [(AMBIENT_NAME, None)]


def test_a_file_without_targets_changes_how_the_ambient_set_up_is_watched(tmp_path: Path) -> None:
    plan = planned(tmp_path, "checks: {role.*: {enabled: no}}\ndaemon: {workers: 3}\n")
    (target,) = plan.targets
    assert (target.target.configured, plan.daemon.workers) == (False, 3)
    assert target.disabled == ("bucket.roundtrip", "role.configured", "role.exists", "role.trust")


def test_a_check_has_its_own_defaults(tmp_path: Path) -> None:
    (target,) = planned(tmp_path, "targets: [{name: a}]\n").targets
    expiry = next(bound for bound in target.checks if bound.id == "credentials.expiry")
    assert (dict(expiry.settings), expiry.every, expiry.timeout, expiry.after) == (
        {"horizon": timedelta(hours=12)},
        timedelta(minutes=5),
        timedelta(seconds=30),
        ("credentials.valid",),
    )


def test_services_are_named_once_those_first_that_most_checks_wait_for(tmp_path: Path) -> None:
    checks = [
        replace(a_check("bucket.reachable"), calls=("s3.HeadBucket", "s3.GetBucketPolicy")),
        replace(a_check("role.exists"), calls=("iam.GetRole",), optional_calls=("ec2.DescribeRegions",)),
        replace(a_check("role.trust", after=["role.exists"]), calls=("sts.GetCallerIdentity", "iam.GetRole")),
    ]

    assert planned(tmp_path, "{}", registry=Registry(checks)).services == ("iam", "s3", "sts")


def test_settings_may_not_be_changed_by_whoever_receives_them(tmp_path: Path) -> None:
    (target,) = planned(tmp_path, "targets: [{name: a}]\n").targets
    with pytest.raises(TypeError):
        target.checks[0].settings["x"] = 1  # type: ignore[index]


LAYERS = """\
targets:
  - name: a
  - name: b
    checks: {credentials.expiry: {horizon: 1h}}
  - name: c
    checks: {credentials.*: {every: 3m}, "*": {every: 4m, timeout: 4s}}
checks:
  credentials.expiry: {horizon: 2h, timeout: 9s}
  credentials.*: {every: 1h, timeout: 8s}
  "*": {every: 2h, timeout: 7s}
"""


def test_a_name_beats_a_pattern_and_a_target_beats_the_file(tmp_path: Path) -> None:
    plan = planned(tmp_path, LAYERS)
    table = {
        (target.name, bound.id): (
            bound.every.total_seconds(),
            bound.timeout.total_seconds(),
            bound.settings.get("horizon"),
        )
        for target in plan.targets
        for bound in target.checks
        if bound.id in ("credentials.expiry", "credentials.valid", "role.trust")
    }
    one, two = timedelta(hours=1), timedelta(hours=2)
    assert table == {
        ("a", "credentials.expiry"): (3600, 9, two),
        ("a", "credentials.valid"): (3600, 8, None),
        ("a", "role.trust"): (7200, 7, None),
        ("b", "credentials.expiry"): (3600, 9, one),
        ("b", "credentials.valid"): (3600, 8, None),
        ("b", "role.trust"): (7200, 7, None),
        ("c", "credentials.expiry"): (180, 4, two),
        ("c", "credentials.valid"): (180, 4, None),
        ("c", "role.trust"): (240, 4, None),
    }


def test_the_cadence_of_a_target_is_its_shortest(tmp_path: Path) -> None:
    (target,) = planned(tmp_path, 'targets: [{name: a}]\nchecks: {"*": {every: 1h}, role.trust: {every: 7m}}\n').targets
    assert target.cadence == timedelta(minutes=7)


def test_an_edge_to_a_disabled_check_is_passed_on(tmp_path: Path) -> None:
    text = "targets: [{name: a}]\nchecks: {role.exists: {enabled: no}, role.configured: {enabled: no}}\n"
    (target,) = planned(tmp_path, text).targets
    assert after(target)["role.trust"] == ("credentials.valid",)
    assert target.disabled == ("bucket.roundtrip", "role.configured", "role.exists")


def test_a_target_may_disable_and_enable_for_itself(tmp_path: Path) -> None:
    text = """\
targets:
  - {name: a, checks: {role.exists: {enabled: no}}}
  - {name: b, checks: {credentials.expiry: {enabled: yes}}}
checks: {credentials.expiry: {enabled: no}}
"""
    a, b = planned(tmp_path, text).targets
    assert a.disabled == ("bucket.roundtrip", "credentials.expiry", "role.exists")
    assert after(a)["role.trust"] == ("role.configured", "credentials.valid")
    assert b.disabled == ("bucket.roundtrip",)
    assert after(b)["role.trust"] == ("role.exists",)


@pytest.mark.parametrize(
    ("checks", "runs"),
    [
        ("{}", False),
        ("{bucket.roundtrip: {every: 1h}}", False),
        ("{bucket.*: {enabled: yes}}", False),
        ('{"*": {enabled: yes}}', False),
        ("{bucket.roundtrip: {enabled: yes}}", True),
        ("{bucket.roundtrip: {enabled: yes}, bucket.*: {enabled: no}}", True),
        ("{bucket.roundtrip: {enabled: no}}", False),
    ],
)
def test_a_check_that_writes_runs_only_if_it_is_named_and_turned_on(tmp_path: Path, checks: str, runs: bool) -> None:  # noqa: FBT001
    (target,) = planned(tmp_path, f"targets: [{{name: a}}]\nchecks: {checks}\n").targets
    assert ("bucket.roundtrip" in ids(target)) is runs


def test_one_target_may_turn_writing_off_by_a_pattern(tmp_path: Path) -> None:
    text = """\
targets: [{name: a, checks: {bucket.*: {enabled: no}}}, {name: b}]
checks: {bucket.roundtrip: {enabled: yes}}
"""
    a, b = planned(tmp_path, text).targets
    assert ("bucket.roundtrip" in ids(a), "bucket.roundtrip" in ids(b)) == (False, True)


def test_only_some_checks_run_with_all_that_they_come_after(tmp_path: Path) -> None:
    (target,) = planned(tmp_path, "targets: [{name: a}]\n", checks=["role.exists"]).targets
    assert ids(target) == ["credentials.valid", "role.configured", "role.exists"]
    assert target.disabled == ()


def test_what_two_asked_for_checks_share_runs_once(tmp_path: Path) -> None:
    (target,) = planned(tmp_path, "targets: [{name: a}]\n", checks=["bucket.reachable", "credentials.expiry"]).targets
    assert ids(target) == ["credentials.valid", "bucket.reachable", "credentials.expiry"]


def test_what_an_asked_for_check_comes_after_is_found_through_a_disabled_one(tmp_path: Path) -> None:
    text = "targets: [{name: a}]\nchecks: {role.exists: {enabled: no}}\n"
    (target,) = planned(tmp_path, text, checks=["role.trust"]).targets
    assert after(target) == {
        "credentials.valid": (),
        "role.configured": (),
        "role.trust": ("role.configured", "credentials.valid"),
    }
    assert target.disabled == ("role.exists",)


def test_a_target_that_turns_the_asked_for_check_off_has_nothing_to_run(tmp_path: Path) -> None:
    text = "targets: [{name: a, checks: {role.trust: {enabled: no}}}, {name: b}]\n"
    assert [target.name for target in planned(tmp_path, text, checks=["role.trust"]).targets] == ["b"]


def test_a_check_that_no_target_turns_on_cannot_be_asked_for(tmp_path: Path) -> None:
    assert sentences(tmp_path, "targets: [{name: a}]\n", checks=["bucket.roundtrip"]) == [
        (
            "--check: check bucket.roundtrip is turned off on every target; "
            "turn it on in the settings, under checks: bucket.roundtrip: {enabled: true}"
        )
    ]


def test_an_unknown_check_cannot_be_asked_for(tmp_path: Path) -> None:
    assert sentences(tmp_path, "targets: [{name: a}]\n", checks=["role.trst", "zzz.zzz"]) == [
        '--check: there is no check "role.trst"; did you mean role.trust?',
        '--check: there is no check "zzz.zzz"; `sagemaker-healthcheck list` shows them all',
    ]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (["prod"], ["prod/us-east-1", "prod/eu-west-1"]),
        (["prod/eu-west-1"], ["prod/eu-west-1"]),
        (["*/eu-west-1"], ["prod/eu-west-1", "test/eu-west-1"]),
        (["test", "prod/us-east-1"], ["prod/us-east-1", "test/eu-west-1"]),
    ],
)
def test_only_some_targets_are_planned(tmp_path: Path, wanted: list[str], names: list[str]) -> None:
    text = "targets: [{name: prod, regions: [us-east-1, eu-west-1]}, {name: test, regions: [eu-west-1]}]\n"
    assert [target.name for target in planned(tmp_path, text, targets=wanted).targets] == names


def test_an_unknown_target_is_told(tmp_path: Path) -> None:
    text = "targets: [{name: prod, regions: [us-east-1]}]\n"
    assert sentences(tmp_path, text, targets=["prd", "x*"]) == [
        '--target: there is no target "prd"; did you mean prod?',
        '--target: there is no target "x*"; there is prod/us-east-1',
    ]


MEANING = [
    ("checks: {role.trst: {}}", 1, 10, 'there is no check "role.trst"; did you mean role.trust?'),
    ("checks: {qqq.zzz: {}}", 1, 10, 'there is no check "qqq.zzz"; `sagemaker-healthcheck list` shows them all'),
    ("checks: {rle.*: {}}", 1, 10, 'there is no module "rle"; did you mean role?'),
    (
        "checks: {role.*: {size: 1}}",
        1,
        19,
        ('the pattern role.* can set enabled, every, timeout only; put "size" under one check'),
    ),
    (
        "checks: {credentials.expiry: {horzon: 1h}}",
        1,
        31,
        ('check credentials.expiry has no setting "horzon"; did you mean horizon?'),
    ),
    (
        "checks: {role.trust: {size: 1}}",
        1,
        23,
        'check role.trust has no setting "size"; it has enabled, every, timeout',
    ),
    (
        "checks: {credentials.expiry: {horizon: 12}}",
        1,
        40,
        (
            'horizon of check credentials.expiry is "12"; expected '
            "a duration such as 30s, 15m, 12h or 1h30m; did you mean 12s?"
        ),
    ),
    (
        "targets: [{name: a, regions: [us-east-1], volume_keys: ['arn:aws:kms:eu-west-1:111122223333:key/0-1']}]",
        1,
        18,
        (
            "volume_keys of target a: arn:aws:kms:eu-west-1:111122223333:key/0-1 is in eu-west-1, and the target in "
            "us-east-1; jobs use what is beside them"
        ),
    ),
    (
        "targets: [{name: a, regions: [us-east-1, eu-west-1], subnets: [subnet-01234567]}]",
        1,
        18,
        "target a names subnets and 2 regions; make a target of each region",
    ),
    (
        "checks: {'*': {enabled: no}}\ntargets: [{name: a}]",
        2,
        18,
        "target a has every check turned off; turn one on, or remove the target",
    ),
]


@pytest.mark.parametrize(("text", "line", "column", "sentence"), MEANING)
def test_each_mistake_of_meaning_has_its_place(
    tmp_path: Path, text: str, line: int, column: int, sentence: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        planned(tmp_path, f"{text}\n" if "targets" in text else f"{text}\ntargets: [{{name: a}}]\n")
    assert told(caught.value) == [(line, column, sentence)]


def test_mistakes_of_shape_and_of_meaning_come_together(tmp_path: Path) -> None:
    text = "targets:\n- {name: a, account: 1, checks: {role.trst: {}}}\nchecks: {role.trust: {every: x, evry: 1}}\n"
    with pytest.raises(ConfigError) as caught:
        planned(tmp_path, text)
    assert [(line, column) for line, column, _ in told(caught.value)] == [(2, 22), (2, 34), (3, 30), (3, 33)]


@pytest.mark.parametrize(
    ("failure", "check_id"),
    [
        (Failure("acme"), "acme.gpu"),
        (Failure("gpu-plugin"), "gpu.idle"),
        (Failure("x", "check role.extra comes after role.extr"), "role.extra"),
        (Failure("acme"), "acme.*"),
    ],
)
def test_settings_of_a_plugin_that_did_not_load_are_no_mistake(tmp_path: Path, failure: Failure, check_id: str) -> None:
    plan = planned(tmp_path, f"targets: [{{name: a}}]\nchecks: {{{check_id}: {{}}}}\n", failures=[failure])
    assert ids(plan.targets[0]) == ALL


def test_a_failed_plugin_excuses_no_other_unknown_check(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"did you mean role\.trust"):
        planned(tmp_path, "checks: {role.trst: {}}\n", failures=[Failure("acme")])


def test_without_any_check_there_is_still_a_plan() -> None:
    plan = build(Config(), Registry([]), environ={}, ambient_region=lambda _: None)
    assert [(target.checks, target.cadence) for target in plan.targets] == [((), timedelta(hours=1))]


def fingerprints(folder: Path, text: str) -> dict[str, str]:
    return {target.name: target.fingerprint for target in planned(folder, text).targets}


BEFORE = """\
targets:
  - name: a
    regions: [r1, r2]
    labels: {x: "1", y: "2"}
  - {name: b, checks: {credentials.expiry: {horizon: 90m, every: 5m}}}
"""


def test_the_same_settings_in_other_words_have_the_same_fingerprints(tmp_path: Path) -> None:
    other = """\
# Moved, reordered, defaults said aloud.
targets:
  - checks:
      credentials.expiry: {every: 300s, horizon: 1h30m, enabled: yes}
    name: b
  - labels: {y: "2", x: "1"}
    bucket: default
    name: a
    regions: [r2, r1]
checks: {role.trust: {every: 1h}}
"""
    assert fingerprints(tmp_path, BEFORE) == fingerprints(tmp_path, other)


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ('x: "1"', 'x: "3"', {"a/r1", "a/r2"}),
        ("90m", "91m", {"b"}),
        ("every: 5m", "every: 6m", {"b"}),
        ("name: b,", "name: b, bucket: none,", {"b"}),
        ("name: b,", "name: b, profile: p,", {"b"}),
        ("targets:", "checks: {role.trust: {enabled: no}}\ntargets:", {"a/r1", "a/r2", "b"}),
        ("targets:", "daemon: {workers: 5}\ntargets:", set()),
        ("horizon: 90m", "horizon: 90m, enabled: no", {"b"}),
    ],
)
def test_what_changes_a_target_changes_its_fingerprint_and_no_other(
    tmp_path: Path, old: str, new: str, changed: set[str]
) -> None:
    before, now = fingerprints(tmp_path, BEFORE), fingerprints(tmp_path, BEFORE.replace(old, new))
    assert {name for name in before if before[name] != now[name]} == changed


SHOWN = f"""\
targets:
  - name: a
    profile: work
    assume_role: {{arn: "{ROLE}", external_id: "a=b", session_name: me}}
    account: 012345678901
    regions: [us-east-1, eu-west-1]
    role: {ROLE}
    bucket: none
    purposes: [training, hosting]
    reads: ["s3://acme/$$in/"]
    output_keys: ["arn:aws:kms:eu-west-1:111122223333:key/0-1", "arn:aws:kms:us-east-1:111122223333:key/0-2"]
    images: [111122223333.dkr.ecr.eu-west-1.amazonaws.com/churn:2]
    security_groups: [sg-01234567]
    caller: none
    labels: {{team: vision, cost: "$${{X}} 5 $$", paid: "null", note: "a: b # c"}}
    checks:
      role.exists: {{enabled: no}}
      credentials.expiry: {{horizon: 90m}}
      bucket.roundtrip: {{enabled: yes}}
  - name: b
    profile: work
checks:
  demo.typed: {{count: 5, within: 1h, colour: dark-blue, names: [], waits: [1s, 90s], title: "on"}}
  role.*: {{every: 1h}}
daemon: {{listen: ":9000", confirm_after: 90s, enable_lifecycle: on}}
"""


def test_the_shown_settings_load_as_the_same_plan(tmp_path: Path) -> None:
    registry = a_registry()
    before = planned(tmp_path, SHOWN, registry=registry)
    again = planned(tmp_path, show(before), registry=registry)
    assert again == before
    assert show(again) == show(before)


def test_the_shown_settings_say_everything(tmp_path: Path) -> None:
    text = show(planned(tmp_path, "targets: [{name: a, regions: [r1, r2], checks: {role.trust: {every: 7m}}}]\n"))
    assert text.startswith("# The settings in force, every default and variable written out. They load again")
    assert (
        "targets:\n- name: a\n  regions:\n  - r1\n  - r2\n  bucket: default\n  purposes:\n  - training\n"
        "  checks:\n    role.trust:\n      every: 7m\nchecks:\n  credentials.valid:\n    enabled: true\n    every: 5m\n"
    ) in text
    assert "  bucket.roundtrip:\n    enabled: false\ndaemon:\n  listen: 127.0.0.1:9479\n  workers: 64\n" in text


def test_without_a_file_what_is_shown_begins_one(tmp_path: Path) -> None:
    before = build(Config(), a_registry(), environ={"SAGEMAKER_ROLE_ARN": ROLE}, ambient_region=lambda _: "us-east-1")
    text = show(before)
    assert text.startswith("# No target is configured: this is what the environment amounts to")
    (target,) = planned(tmp_path, text).targets
    assert (target.name, target.target.role, target.target.configured) == ("ambient/us-east-1", ROLE, True)


@given(st.data())
def test_effective_edges_keep_every_path_between_checks_that_run(data: st.DataObject) -> None:
    """A kept check comes after another one if and only if it did so through dropped ones alone, or directly."""
    count = data.draw(st.integers(1, 8))
    names = [f"m.c{number}" for number in range(count)]
    graph = {
        name: data.draw(st.lists(st.sampled_from(names[:number]), unique=True)) if number else []
        for number, name in enumerate(names)
    }
    kept = data.draw(st.sets(st.sampled_from(names)))
    registry = Registry([a_check(name, after=graph[name]) for name in names])

    def reached(name: str) -> set[str]:
        found: set[str] = set()
        for dependency in graph[name]:
            found |= {dependency} if dependency in kept else reached(dependency)
        return found

    effective = edges(registry, kept)
    assert {name: set(effective[name]) for name in names} == {name: reached(name) for name in names}
    assert all(len(found) == len(set(found)) for found in effective.values())


def test_five_thousand_targets_with_overrides_are_planned_in_far_less_than_two_seconds(tmp_path: Path) -> None:
    entry = "- {{name: t{0}, profile: p{0}, regions: [r], checks: {{credentials.expiry: {{horizon: 2h}}}}}}\n"
    path = a_file(tmp_path, "targets:\n" + "".join(entry.format(number) for number in range(5000)))
    before = time.process_time()
    plan = load_plan(path, a_registry(), environ={}, ambient_region=lambda _: None)
    assert len({target.fingerprint for target in plan.targets}) == 5000
    assert time.process_time() - before < 2.0
