"""The metrics page: what Prometheus sees."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from healthcheck import Aws, Result, check, minutes, ok
from healthcheck.engine.snapshot import RoundFinished, Snapshot, TargetState
from healthcheck.result import Status
from healthcheck.surfaces import series
from healthcheck.surfaces.exposition import Per, number
from healthcheck.surfaces.families import FAMILIES
from healthcheck.surfaces.metrics import Metrics
from healthcheck.target import Target
from tests.support import require
from tests.surfaces.pictures import (
    NOW,
    SINCE,
    STARTED,
    TRUST_CAUSE,
    check_state,
    fleet,
    healthy,
    picture,
    prod,
    snapshot,
    target_state,
)


def page(given: Snapshot, metrics: Metrics | None = None) -> str:
    return (metrics or Metrics(version="1.2.3")).render(given).decode()


def samples(text: str) -> dict[str, float]:
    return {
        f"{sample.name.removeprefix('sagemaker_healthcheck_')}{sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def lines_of(text: str, family: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"sagemaker_healthcheck_{family}{{")]


def test_the_families_are_those_that_are_promised() -> None:
    promised = {
        "check_status": "target,check",
        "check_failure_info": "target,check,reason,cause",
        "check_last_ok_timestamp_seconds": "target,check",
        "target_status": "target",
        "target_last_round_timestamp_seconds": "target",
        "credential_expiry_timestamp_seconds": "target",
        "target_info": "target,account,region,…",
        "incident_info": "incident,cause,reason,status",
        "incident_targets": "incident",
        "incident_start_timestamp_seconds": "incident",
        "incident_target_info": "incident,target",
        "check_runs_total": "check,status",
        "check_duration_seconds": "check",
        "aws_api_calls_total": "service,operation,outcome",
        "scheduler_lag_seconds": "",
        "scheduler_skipped_rounds_total": "cause",
        "rounds_running": "",
        "workers_abandoned": "",
        "log_lines_lost_total": "",
        "config_last_reload_successful": "",
        "config_last_reload_success_timestamp_seconds": "",
        "web_config_last_reload_successful": "",
        "plugin_failures": "",
        "build_info": "version,python",
        "heartbeat_timestamp_seconds": "",
    }
    assert {family.short_name: ",".join(family.labels) for family in FAMILIES} == promised


def test_a_page_declares_every_family_of_the_table_and_no_other() -> None:
    declared = re.findall(r"^# TYPE sagemaker_healthcheck_(\w+) (\w+)$", page(picture()), re.MULTILINE)
    assert dict(declared) == {family.short_name: family.kind.value for family in FAMILIES}
    assert len(declared) == len(FAMILIES)


GOLDEN = Path(__file__).with_name("one_broken_target.prom").read_text()
"""What a reviewer should see change when a metric changes; the process's own families follow it."""


def test_the_text_of_one_broken_target() -> None:
    state = prod("us-east-1")
    state = replace(state, checks=tuple(each for each in state.checks if each.check.startswith("role."))[1:])
    metrics = Metrics(version="1.2.3")
    assert state.checks[1].run is not None
    metrics(state.checks[1].run)
    text = page(snapshot((state,), picture().incidents[:1]), metrics)
    assert text[: len(GOLDEN)] == GOLDEN
    assert text.endswith(
        f'sagemaker_healthcheck_build_info{{python="{platform.python_version()}",version="1.2.3"}} 1.0\n'
    )


def test_promtool_finds_nothing_to_say() -> None:
    promtool = require("promtool", package="prometheus")
    metrics = Metrics(version="1.2.3")
    for state in picture().targets:
        for each in state.checks:
            assert each.run is not None
            metrics(each.run)
    metrics.count_call("iam", "GetRole", "denied")
    metrics.count_skipped_round("overlap")
    told = subprocess.run(
        [promtool, "check", "metrics"], input=metrics.render(picture()), capture_output=True, check=False, timeout=30
    )
    assert (told.returncode, told.stdout.decode(), told.stderr.decode()) == (0, "", "")


def test_the_page_is_read_back_whole() -> None:
    text = page(fleet(20))
    assert len(samples(text)) == sum(not line.startswith("#") for line in text.splitlines())


def test_nothing_is_exported_about_a_check_that_is_fine_but_its_status() -> None:
    text = page(healthy())
    assert lines_of(text, "check_failure_info") == []
    assert lines_of(text, "check_last_ok_timestamp_seconds") == []
    assert len(lines_of(text, "check_status")) == 28


def test_a_skipped_check_is_no_failure() -> None:
    text = page(picture())
    assert [line for line in lines_of(text, "check_failure_info") if "staging" in line and "role." in line] == []


def test_a_check_that_joined_an_incident_names_its_cause() -> None:
    trust = check_state("prod/us-east-1", "role.permissions", picture().targets[3].checks[10].run.results[0])  # type: ignore[union-attr]
    assert trust.run is not None
    joined = replace(trust, run=replace(trust.run, joins=TRUST_CAUSE))
    assert series.root_of(joined) == "role.trust"
    assert series.root_of(trust) == "role.permissions"


def test_a_target_that_was_never_looked_at_has_no_round() -> None:
    state = replace(target_state(Target("new")), last_round=None)
    assert lines_of(page(snapshot((state,))), "target_last_round_timestamp_seconds") == []


def test_a_target_that_is_removed_is_gone_at_the_next_scrape() -> None:
    metrics = Metrics(version="1.2.3")
    both = picture()
    assert 'target="prod/eu-west-1"' in page(both, metrics)
    # It is gone from incidents, too: the state closes the share that it had in them.
    fewer = replace(both, targets=both.targets[:1] + both.targets[2:], incidents=())
    assert 'target="prod/eu-west-1"' not in page(fewer, metrics)


def test_an_incident_names_its_targets_as_long_as_they_take_part_in_it() -> None:
    """No more series than there are targets in open incidents, and none of an incident that is closed."""
    metrics = Metrics(version="1.2.3")
    before = picture()
    told = lines_of(page(before, metrics), "incident_target_info")
    assert told == [
        f'sagemaker_healthcheck_incident_target_info{{incident="{incident.id}",target="{target}"}} 1'
        for incident in before.incidents
        for target in incident.targets
    ]
    first, *others = before.incidents
    smaller = replace(first, targets=first.targets[1:])
    fewer = page(replace(before, incidents=(smaller, *others)), metrics)
    assert set(told) - set(lines_of(fewer, "incident_target_info")) == {told[0]}
    assert lines_of(page(replace(before, incidents=()), metrics), "incident_target_info") == []


def test_what_did_not_change_is_not_rendered_again() -> None:
    rendered: list[str] = []

    def lines(state: TargetState) -> series.Lines:
        rendered.append(state.target.name)
        return series.target_lines(state, families)

    families = [family for family in FAMILIES if family.per is Per.TARGET]
    keeper = series.Rendered(families, lambda state: state.target.name, lines)
    before = picture()
    first = b"".join(keeper.page(before.targets))
    changed = replace(before.targets[4], status=Status.WARNING)
    second = b"".join(keeper.page((*before.targets[:4], changed)))
    assert rendered == [*(state.target.name for state in before.targets), "vision/us-east-2"]
    assert first.replace(b'status{target="vision/us-east-2"} 0', b'status{target="vision/us-east-2"} 1') == second


STATUSES = st.sampled_from(list(Status))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_rendering_what_changed_gives_what_rendering_all_anew_gives(data: st.DataObject) -> None:
    kept = Metrics(version="1.2.3")
    states: dict[str, TargetState] = {}
    for _ in range(data.draw(st.integers(1, 4))):
        for name in data.draw(st.sets(st.sampled_from("abcdef"), max_size=4)):
            states[name] = data.draw(a_state(name))
        for name in data.draw(st.sets(st.sampled_from("abcdef"), max_size=2)):
            states.pop(name, None)
        count = data.draw(st.integers(0, 3))
        now = snapshot(tuple(states.values()), picture().incidents[:count])
        assert page(now, kept) == page(now)


@st.composite
def a_state(draw: st.DrawFn, name: str) -> TargetState:
    status = draw(STATUSES)
    each = replace(
        check_state(name, "role.trust"),
        status=status,
        reason=draw(st.sampled_from(["x", "y", None])),
        last_ok=draw(st.sampled_from([None, SINCE])),
    )
    gauges = draw(st.dictionaries(st.just("credential_expiry_timestamp_seconds"), st.floats(allow_nan=False)))
    target = Target(name, labels=draw(st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2)))
    return TargetState(target, status, draw(st.none() | st.text(max_size=3)), NOW, (each,), gauges)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_as_a_label_value(name: str, account: str) -> None:
    text = page(snapshot((target_state(Target(name), account=account, checks=("role.trust",)),)))
    # The parser splits at every kind of line end where the format knows one only.
    infos = [
        sample.labels
        for family in text_string_to_metric_families("".join(_by_format(text)))
        if family.name == "sagemaker_healthcheck_target_info"
        for sample in family.samples
    ]
    assert infos == [{"target": _shown(name), "account": _shown(account), "region": ""}]


def _by_format(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        yield _shown(line) + "\n"


def _shown(text: str) -> str:
    return re.sub(r"[\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]", "~", text)


@pytest.mark.parametrize(
    ("given_labels", "exported"),
    [
        ({"team": "vision"}, {"team": "vision"}),
        ({"cost-centre": "7"}, {"cost_centre": "7"}),
        ({"target": "mine", "region": "x"}, {"label_target": "mine", "label_region": "x"}),
        ({"__name__": "x"}, {"label___name__": "x"}),
        ({"1st": "x"}, {"label_1st": "x"}),
        ({"": "x"}, {"label_": "x"}),
        ({"a-b": "1", "a.b": "2", "a_b": "3"}, {"a_b": "1", "label_a_b": "2", "label_a_b_": "3"}),
    ],
)
def test_a_users_label_hides_none_of_ours(given_labels: dict[str, str], exported: dict[str, str]) -> None:
    state = target_state(Target("t", region="r", labels=given_labels), account="1", checks=())
    (line,) = lines_of(page(snapshot((state,))), "target_info")
    ((family),) = text_string_to_metric_families(line)
    assert family.samples[0].labels == {"target": "t", "account": "1", "region": "r", **exported}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1785600000.0, "1785600000"),
        (1785600000.25, "1785600000.25"),
        (-1.5, "-1.5"),
        (2.0**53 - 1, "9007199254740991"),
        (2.0**53, "9007199254740992.0"),
        (1e300, "1e+300"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
        (float("nan"), "NaN"),
    ],
)
def test_numbers_are_written_as_prometheus_reads_them(value: float, text: str) -> None:
    assert number(value) == text


def test_runs_are_counted_by_what_they_saw_and_timed_if_they_looked() -> None:
    metrics = Metrics(version="1.2.3")
    broken = prod("us-east-1")
    for each in broken.checks:
        assert each.run is not None
        metrics(each.run)
    read = samples(page(healthy(), metrics))
    assert read["check_runs_total[('check', 'role.trust'), ('status', 'critical')]"] == 1
    assert read["check_runs_total[('check', 'role.permissions'), ('status', 'blocked')]"] == 1
    assert read["check_duration_seconds_count[('check', 'role.trust')]"] == 1
    assert read["check_duration_seconds_sum[('check', 'role.trust')]"] == 0.125
    assert "check_duration_seconds_count[('check', 'role.permissions')]" not in read


def test_the_process_tells_of_itself() -> None:
    metrics = Metrics(version="1.2.3")
    metrics.watch(rounds_running=lambda: 3, workers_abandoned=lambda: 1, heartbeat_timestamp_seconds=lambda: 17.5)
    metrics.count_call("sts", "GetCallerIdentity", "ok")
    metrics.count_call("sts", "GetCallerIdentity", "ok")
    metrics.count_skipped_round("missed")
    metrics(RoundFinished("t", "r", NOW, 1.0, {Status.OK: 1}, lag_seconds=0.25))
    metrics.reloaded(successful=True, at=STARTED)
    metrics.reloaded(successful=False, at=STARTED + timedelta(hours=1))
    read = samples(page(picture(), metrics))
    assert read["rounds_running[]"] == 3
    assert read["workers_abandoned[]"] == 1
    assert read["heartbeat_timestamp_seconds[]"] == 17.5
    assert read["aws_api_calls_total[('operation', 'GetCallerIdentity'), ('outcome', 'ok'), ('service', 'sts')]"] == 2
    assert read["scheduler_skipped_rounds_total[('cause', 'missed')]"] == 1
    assert read["scheduler_lag_seconds_sum[]"] == 0.25
    assert read["config_last_reload_successful[]"] == 0
    assert read["config_last_reload_success_timestamp_seconds[]"] == STARTED.timestamp()
    assert read["plugin_failures[]"] == 1


def test_two_processes_parts_do_not_share_counts() -> None:
    one, other = Metrics(version="1"), Metrics(version="1")
    one.count_call("iam", "GetRole", "ok")
    assert "GetRole" not in page(healthy(), other)


def test_a_contributed_check_gets_a_family_for_its_gauge() -> None:
    @check(every=minutes(5), gauges=["widgets_bytes", "credential_expiry_timestamp_seconds"])
    def widgets(aws: Aws) -> Iterator[Result]:
        """Widgets are small."""
        yield ok(aws.region, "fine")

    state = target_state(Target("t"), gauges={"widgets_bytes": 12.5, "not_declared": 1.0}, checks=())
    text = page(snapshot((state,)), Metrics(version="1", checks=[widgets]))
    assert 'sagemaker_healthcheck_widgets_bytes{target="t"} 12.5\n' in text
    assert f"# HELP sagemaker_healthcheck_widgets_bytes Reported by {widgets.id}.\n" in text
    assert text.count("# TYPE sagemaker_healthcheck_credential_expiry_timestamp_seconds") == 1
    assert "not_declared" not in text
