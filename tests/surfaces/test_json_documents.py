"""The JSON that other programs read: its shape is a promise, written down in status.schema.json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import jsonschema  # type: ignore[import-untyped]  # comes with moto, without types
import pytest

from healthcheck import Aws, Host, Purpose, Result, Target, check, minutes, ok
from healthcheck.engine.snapshot import Snapshot
from healthcheck.registry import Registry
from healthcheck.surfaces import documents
from tests.surfaces.pictures import (
    CHECKS,
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

SCHEMA = json.loads(Path(__file__).with_name("status.schema.json").read_text())


@pytest.mark.parametrize("given", [picture(), healthy(), not_run_yet(), fleet(101), snapshot(())])
def test_a_status_document_is_of_the_promised_shape(given: Snapshot) -> None:
    jsonschema.validate(json.loads(documents.dump(documents.status_document(given, version="1.2.3"))), SCHEMA)


def test_what_is_dumped_is_what_the_document_says() -> None:
    document = documents.status_document(picture(), version="1.2.3")
    assert json.loads(documents.dump(document)) == document
    assert json.loads(documents.dump(document, indent=2)) == document


def test_a_run_is_told_in_full() -> None:
    document = json.loads(documents.dump(documents.status_document(picture(), version="1.2.3")))
    (told,) = [each for each in document["runs"] if (each["target"], each["check"]) == ("prod/us-east-1", "role.trust")]
    assert told == {
        "run_id": run("prod/us-east-1", "role.trust", TRUST).run_id,
        "target": "prod/us-east-1",
        "check": "role.trust",
        "status": "critical",
        "raw_status": "critical",
        "reason": "no_statement",
        "cause": None,
        "started": "2026-08-01T11:57:59Z",
        "duration_seconds": 0.125,
        "results": [
            {
                "subject": ROLE,
                "status": "critical",
                "reason": "no_statement",
                "summary": TRUST.summary,
                "fix": {
                    "text": TRUST_FIX.text,
                    "commands": list(TRUST_FIX.commands),
                    "policy": TRUST_FIX.policy,
                    "link": TRUST_FIX.link,
                },
                "evidence": {"principals": ["lambda.amazonaws.com"], "statements": 1},
            }
        ],
    }


def test_the_head_says_when_and_how_it_stands() -> None:
    document = documents.status_document(picture(), version="1.2.3")
    assert {key: document[key] for key in ("schema", "version", "started", "finished", "status")} == {
        "schema": 1,
        "version": "1.2.3",
        "started": "2026-08-01T09:30:00Z",
        "finished": "2026-08-01T12:00:00Z",
        "status": "critical",
    }


def test_a_check_that_has_not_run_yet_has_a_row() -> None:
    document = json.loads(documents.dump(documents.status_document(not_run_yet(), version="1.2.3")))
    assert [each["check"] for each in document["runs"]] == list(CHECKS)
    assert {each["status"] for each in document["runs"]} == {"unknown"}
    assert {each["run_id"] for each in document["runs"]} == {None}


def test_incidents_alone_are_those_of_the_whole() -> None:
    whole = documents.status_document(picture(), version="1.2.3")
    alone = documents.incidents_document(picture())
    assert alone["incidents"] == whole["incidents"]
    assert alone["plugin_failures"] == whole["plugin_failures"]


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOW, "2026-08-01T12:00:00Z"),
        (NOW.replace(microsecond=1), "2026-08-01T12:00:00.000001Z"),
        (datetime(2026, 8, 1, 14, 0, tzinfo=timezone(timedelta(hours=2))), "2026-08-01T12:00:00Z"),
    ],
)
def test_instants_are_rfc_3339_in_utc(moment: datetime, text: str) -> None:
    assert documents.timestamp(moment) == text


class Colour(Enum):
    RED = "red"


def test_evidence_becomes_json_whatever_it_is() -> None:
    evidence = MappingProxyType(
        {
            "nested": MappingProxyType({"deep": (1, 2.5, None, True)}),
            "when": datetime(2026, 8, 1, tzinfo=UTC),
            "long": timedelta(minutes=1),
            "colour": Colour.RED,
            "names": frozenset({"a"}),
            "path": Path("/x"),
            "raw": b"bytes",
        }
    )
    assert documents.plain(evidence) == {
        "nested": {"deep": [1, 2.5, None, True]},
        "when": "2026-08-01T00:00:00Z",
        "long": 60.0,
        "colour": "red",
        "names": ["a"],
        "path": "/x",
        "raw": "b'bytes'",
    }


def test_numbers_that_json_lacks_are_null() -> None:
    state = picture().targets[0]
    odd = replace(ok("s", "fine"), evidence={"ratio": float("nan"), "most": float("inf")})
    checks = (replace(state.checks[0], run=run("t", "a.b", odd)),)
    text = documents.dump(documents.status_document(snapshot((replace(state, checks=checks),)), version="1"))
    assert json.loads(text)["runs"][0]["results"][0]["evidence"] == {"ratio": None, "most": None}


@check(
    every=minutes(15),
    timeout=minutes(1),
    calls=["iam.GetRole"],
    optional_calls=["sts.GetCallerIdentity"],
    reasons=["too_wide", "gone"],
    gauges=["width_metres"],
)
def described(
    aws: Aws,
    target: Target,
    host: Host,
    *,
    horizon: timedelta = timedelta(hours=12),
    purposes: tuple[Purpose, ...] = (Purpose.TRAINING,),
    mode: Literal["strict", "lax"] = "lax",
    limit: int | None = None,
) -> Iterator[Result]:
    """The role is narrow.

    Why: wide roles do harm.
    Sees: GetRole.
    Cannot see: intent.
    Source: a page.
    Settings:
        horizon: how far to look.
        purposes: what for.
        mode: how strictly.
        limit: how many.
    """
    yield ok(f"{aws.region} {target.name} {host.home} {horizon} {purposes} {mode} {limit}", "fine")


def test_a_check_is_described_as_it_is_declared() -> None:
    assert documents.checks_document(Registry([described])) == {
        "schema": 1,
        "checks": [
            {
                "id": described.id,
                "summary": "The role is narrow.",
                "why": "wide roles do harm.",
                "sees": "GetRole.",
                "cannot_see": "intent.",
                "source": "a page.",
                "every_seconds": 900.0,
                "timeout_seconds": 60.0,
                "after": [],
                "calls": ["iam.GetRole"],
                "optional_calls": ["sts.GetCallerIdentity"],
                "reasons": ["gone", "too_wide"],
                "writes": False,
                "gauges": ["width_metres"],
                "needs": ["aws", "target", "host"],
                "settings": [
                    {"name": "horizon", "type": "duration_seconds", "default": 43200.0, "doc": "how far to look."},
                    {
                        "name": "purposes",
                        "type": "list of " + " | ".join(repr(purpose.value) for purpose in Purpose),
                        "default": ["training"],
                        "doc": "what for.",
                    },
                    {"name": "mode", "type": "'strict' | 'lax'", "default": "lax", "doc": "how strictly."},
                    {"name": "limit", "type": "int | null", "default": None, "doc": "how many."},
                ],
                "origin": described.origin,
            }
        ],
    }
