"""The guard, as a judgement on a scope and an operation."""

from __future__ import annotations

import time

import pytest

from healthcheck.aws.guard import admit
from healthcheck.aws.scope import Scope, in_force
from healthcheck.errors import NoScope, UndeclaredCall, WriteRefused
from healthcheck.permissions import Operation
from healthcheck.permissions import Scope as Resource
from healthcheck.target import AMBIENT

TABLE = {
    "s3.HeadBucket": Operation("s3", "HeadBucket", ("s3:ListBucket",), Resource.BUCKET),
    "s3.PutObject": Operation("s3", "PutObject", ("s3:PutObject",), Resource.BUCKET, reads_only=False),
}


def scope(*calls: str, may_write: bool = False) -> Scope:
    return Scope("bucket.roundtrip", frozenset(calls), may_write, AMBIENT, 1, None, None, time.monotonic() + 10, 60)


def test_what_is_declared_is_admitted() -> None:
    mine = scope("s3.HeadBucket")

    with in_force(mine):
        assert admit("s3.HeadBucket", TABLE) is mine


def test_what_writes_is_refused_to_a_check_that_reads() -> None:
    with in_force(scope("s3.PutObject")), pytest.raises(WriteRefused) as refused:
        admit("s3.PutObject", TABLE)

    assert (
        str(refused.value)
        == "check bucket.roundtrip calls s3.PutObject, which writes; only a check with writes=True may"
    )


def test_what_writes_is_admitted_to_a_check_that_says_so() -> None:
    mine = scope("s3.PutObject", may_write=True)

    with in_force(mine):
        assert admit("s3.PutObject", TABLE) is mine


@pytest.mark.parametrize("operation", ["s3.PutObject", "s3.DeleteBucket"])
def test_what_is_not_declared_is_refused_whether_or_not_it_has_a_row(operation: str) -> None:
    with in_force(scope("s3.HeadBucket")), pytest.raises(UndeclaredCall):
        admit(operation, TABLE)


def test_even_a_declaration_does_not_admit_an_operation_without_a_row() -> None:
    with in_force(scope("s3.DeleteBucket", may_write=True)), pytest.raises(UndeclaredCall):
        admit("s3.DeleteBucket", TABLE)


def test_without_a_scope_nothing_is_admitted() -> None:
    with pytest.raises(NoScope):
        admit("s3.HeadBucket", TABLE)


def test_a_scope_ends_with_its_block_and_an_outer_one_is_back_in_force() -> None:
    outer, inner = scope("s3.HeadBucket"), scope("s3.HeadBucket")

    with in_force(outer):
        with in_force(inner):
            pass
        assert admit("s3.HeadBucket", TABLE) is outer
