"""What the doctor says on a terminal, and to Nagios."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from healthcheck import Aws, Result, check, minutes, ok
from healthcheck.engine.incidents import plugin_incident
from healthcheck.engine.snapshot import PluginFailure, Snapshot
from healthcheck.registry import Registry
from healthcheck.result import Status
from healthcheck.surfaces import text
from tests.surfaces.pictures import (
    DENIED,
    DENIED_FIX,
    EXPIRY,
    NOW,
    ROLE,
    TRUST,
    TRUST_FIX,
    fleet,
    healthy,
    not_run_yet,
    picture,
    run,
    snapshot,
)

NOBODY = Registry([])
SEEN_IN_3_S = timedelta(seconds=3.21)
SUM = (
    "✗ 2 of 5 targets do not work. 5 targets, 70 checks in 3.2 s: "
    "2 critical, 1 unknown, 1 warning, 2 blocked, 60 ok, 4 skipped."
)


def told(given: Snapshot, *, width: int = 100, colour: bool = False, encoding: str = "utf-8") -> str:
    given = replace(given, started=NOW - SEEN_IN_3_S)
    return text.render(given, colour=colour, width=width, registry=NOBODY, encoding=encoding)


def test_an_incident_is_told_with_all_that_mends_it() -> None:
    incident = """\
✗ CRITICAL  role.trust  no_statement
  The trust policy lets lambda.amazonaws.com assume the role, not sagemaker.amazonaws.com, so no job
  can use it.

  subject   arn:aws:iam::111122223333:role/service-role/AmazonSageMaker-ExecutionRole-20200630
  seen on   prod/us-east-1, prod/eu-west-1
  evidence  principals: lambda.amazonaws.com
            statements: 1
  blocks    2 checks on 2 targets
            ├─ prod/us-east-1: role.permissions
            └─ prod/eu-west-1: role.permissions

  fix       Let SageMaker assume the role: replace its trust policy with the one below.

    aws iam update-assume-role-policy --role-name SageMaker --policy-document file://trust.json
    sagemaker-healthcheck run --check role.trust

    {
"""
    assert told(picture()).startswith(incident)


def test_incidents_come_most_severe_first_then_targets_then_the_sum() -> None:
    heads = re.findall(r"^(?:\S [A-Z]{2,}  \S+|\S \S+/\S+|\S .*targets.*)", told(picture()), re.MULTILINE)
    assert heads == [
        "✗ CRITICAL  role.trust",
        "? UNKNOWN  role.exists",
        "! WARNING  credentials.expiry",
        "✗ prod/us-east-1",
        "✗ prod/eu-west-1",
        "? research/us-west-2",
        "! staging/eu-central-1",
        "✓ vision/us-east-2",
        SUM,
    ]


def test_a_healthy_set_up_is_told_in_a_few_lines() -> None:
    assert told(snapshot(healthy().targets[:1])) == (
        "✓ vision/us-east-2  111122223333  14 ok\n"
        "  credentials  ✓ resolvable  ✓ shadowing  ✓ expiry  ✓ valid  ✓ account\n"
        "  region       ✓ configured  ✓ supported\n"
        "  network      ✓ reachable  ✓ clock\n"
        "  role         ✓ configured  ✓ exists  ✓ trust  ✓ permissions\n"
        "  bucket       ✓ reachable\n"
        "\n"
        "✓ The target is in order. 1 target, 14 checks in 3.2 s: 14 ok."
    )


def test_what_is_to_be_pasted_is_whole_at_any_width() -> None:
    narrow = told(picture(), width=20)
    for command in TRUST_FIX.commands:
        assert f"    {command}\n" in narrow
    policy = narrow[narrow.index("    {\n") : narrow.index("\n    }\n") + len("\n    }\n")]
    assert json.loads(policy) == TRUST_FIX.policy


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_sentences_keep_to_the_width(width: int) -> None:
    # Heads, rows of targets, the sum and what is to be pasted begin elsewhere; a single name may be longer.
    sentences = [line for line in told(picture(), width=width).splitlines() if re.match(r"  [a-zA-Z ]", line)]
    wrapped = [line for line in sentences if not line.startswith("    ") or line.startswith(" " * 12)]
    assert [line for line in wrapped if len(line) > width and len(line.split()) > 2] == []


def test_colour_adds_nothing_but_colour() -> None:
    coloured = told(picture(), colour=True)
    assert re.sub(r"\x1b\[[0-9]+m", "", coloured) == told(picture())
    assert "\x1b[31m✗ CRITICAL\x1b[0m" in coloured


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_poor_encoding_gets_poor_signs_and_no_error(encoding: str) -> None:
    odd = replace(picture().incidents[0], summary="Die Rolle „x“ fehlt ✗")
    said = told(replace(picture(), incidents=(odd,)), encoding=encoding)
    said.encode(encoding)
    assert said.startswith("x CRITICAL  role.trust")
    assert "|- prod/us-east-1: role.permissions" in said
    assert "`- prod/eu-west-1: role.permissions" in said


def test_nobody_elses_text_can_steer_the_terminal() -> None:
    evil = replace(
        picture().incidents[0],
        summary="gone\x1b[2J\x07 \u202egnp",
        fix=replace(TRUST_FIX, commands=("echo \x1b[31m", "true\r")),
    )
    said = told(replace(picture(), incidents=(evil,)))
    assert {character for character in said if not character.isprintable()} == {"\n"}


def test_a_fleet_tells_only_what_is_not_fine() -> None:
    said = told(fleet(2000))
    assert "✓ 1,980 further targets in order\n" in said
    assert said.count("\n✗ team-") == 20
    assert "resolvable" not in said


def test_a_fleet_in_order_is_told_in_one_line() -> None:
    (state,) = healthy().targets[:1]
    many = tuple(replace(state, target=replace(state.target, name=f"t{number}")) for number in range(22))
    assert told(snapshot(many)) == "✓ All 22 targets are in order. 22 targets, 308 checks in 3.2 s: 308 ok."


def test_what_only_joined_an_incident_is_not_said_to_be_blocked() -> None:
    unseen = replace(picture().incidents[1], blocked={"research/us-west-2": ("role.trust", "role.permissions")})
    said = told(replace(picture(), incidents=(unseen,)))
    assert "  also      unseen: 2 checks on 1 target\n" in said
    assert "blocks" not in said


def test_the_reason_behind_a_check_is_told_once_known() -> None:
    @check(every=minutes(1))
    def trust(aws: Aws) -> Iterator[Result]:
        """SageMaker may assume the role.

        Why: otherwise every job ends before it begins.
        """
        yield ok(aws.region, "fine")

    given = replace(
        picture(), incidents=tuple(replace(incident, cause=trust.id) for incident in picture().incidents[:2])
    )
    said = text.render(given, colour=False, width=100, registry=Registry([trust]))
    # Once for the critical one; an incident that says that nothing could be seen has another reason.
    assert said.count("why       otherwise every job ends before it begins.") == 1


def test_an_incident_that_blocks_much_is_cut() -> None:
    wide = replace(
        picture().incidents[0],
        targets=tuple(f"t{index}" for index in range(30)),
        blocked={f"t{index}": ("role.permissions",) for index in range(30)},
    )
    said = told(replace(picture(), incidents=(wide,)))
    assert "seen on   t0, t1, t2, t3, t4, t5 and 24 more\n" in said
    assert "└─ 18 more\n" in said


def test_nagios_gets_one_line_then_details_then_nothing_else() -> None:
    first, *rest = text.nagios(replace(picture(), started=NOW - SEEN_IN_3_S)).splitlines()
    assert first == (
        f"SAGEMAKER CRITICAL - 2 of 5 targets do not work: role.trust no_statement on {ROLE} and 2 more incidents"
        " | targets_ok=1;;;0;5 targets_warning=1;;;0;5 targets_critical=2;;;0;5 targets_unknown=1;;;0;5"
        " incidents=3;;;0 duration=3.210s;;;0"
    )
    assert rest == [
        f"CRITICAL role.trust on 2 targets: {TRUST.summary} Fix: {TRUST_FIX.text}",
        f"UNKNOWN role.exists on 1 target: {DENIED.summary} Fix: {DENIED_FIX.text}",
        f"WARNING credentials.expiry on 1 target: {EXPIRY.summary} Fix: Sign in again before they end.",
    ]


@pytest.mark.parametrize(
    ("given", "start"),
    [
        (healthy(), "SAGEMAKER OK - All 2 targets are in order | "),
        (not_run_yet(), "SAGEMAKER UNKNOWN - The first look is still going on: 0 of 1 target seen | "),
        (snapshot(()), "SAGEMAKER UNKNOWN - No target is configured | "),
        (replace(healthy(), status=Status.BLOCKED), "SAGEMAKER UNKNOWN - "),
    ],
)
def test_nagios_gets_a_word_for_every_status(given: Snapshot, start: str) -> None:
    assert text.nagios(given).startswith(start)


def test_a_pipe_or_a_line_break_cannot_forge_performance_data() -> None:
    forged = replace(picture().incidents[0], subject="x | targets_ok=99", summary="a\nb|c")
    first, second = text.nagios(replace(picture(), incidents=(forged,), plugin_failures=())).splitlines()
    assert first.count("|") == 1
    assert second.startswith("CRITICAL role.trust on 2 targets: a b/c")


def test_a_run_that_ended_is_one_line() -> None:
    assert text.progress_line(run("prod", "role.trust", TRUST)) == "✗ prod  role.trust  critical"
    assert text.progress_line(run("prod", "role.trust", TRUST), encoding="ascii") == "x prod  role.trust  critical"


def test_an_incident_that_is_seen_on_no_target_names_none() -> None:
    incident = plugin_incident(PluginFailure("training", "acme-checks", "cannot be imported"), NOW)
    page = told(replace(healthy(), incidents=(incident,)))
    assert "cannot be imported" in page
    assert "seen on" not in page
