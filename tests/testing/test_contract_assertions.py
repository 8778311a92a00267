"""The contract catches a check that breaks it: each promise is broken once here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from healthcheck.capabilities import Aws
from healthcheck.check import Check, check
from healthcheck.result import Fix, Result, Status, critical, ok, unknown
from healthcheck.target import Target
from healthcheck.testing import SECRET, Case, Pages, Situation, UnansweredCall, WrongAnswer, assert_contract, run_check

EVERY = timedelta(minutes=5)
FIX = Fix("Mend it.")
NAMES = Pages([{"PolicyNames": ["A"]}, {"PolicyNames": ["B"]}], "Marker", "Marker", "IsTruncated")
PAGED = Situation(answers={"iam.ListRolePolicies": NAMES})


@check(every=EVERY, calls=["iam.ListRolePolicies"], reasons=["none"])
def honest(aws: Aws) -> Iterator[Result]:
    """The role has policies.

    Why: w
    Sees: s
    Cannot see: c
    Source: s
    """
    pages = aws.client("iam").get_paginator("list_role_policies").paginate(RoleName="r")
    names = [name for page in pages for name in page["PolicyNames"]]
    yield ok("r", "r: has some") if names else critical("r", "r: has none", reason="none", fix=FIX)


@check(every=EVERY, calls=["iam.ListRolePolicies"])
def reads_one_page(aws: Aws) -> Iterator[Result]:
    """The role has policies.

    Why: w
    Sees: s
    Cannot see: c
    Source: s
    """
    aws.client("iam").list_role_policies(RoleName="r")
    yield ok("r", "r: has some")


@check(every=EVERY, calls=["iam.ListRolePolicies"])
def rounds_a_denial_up(aws: Aws) -> Iterator[Result]:
    """The role has policies.

    Why: w
    Sees: s
    Cannot see: c
    Source: s
    """
    with suppress(aws.client("iam").exceptions.ClientError):  # the bug of the genre
        list(aws.client("iam").get_paginator("list_role_policies").paginate(RoleName="r"))
    yield ok("r", "r: has some")


@check(every=EVERY, optional_calls=["iam.ListRolePolicies"])
def needs_what_it_calls_optional(aws: Aws) -> Iterator[Result]:
    """The role has policies.

    Why: w
    Sees: s
    Cannot see: c
    Source: s
    """
    list(aws.client("iam").get_paginator("list_role_policies").paginate(RoleName="r"))
    yield ok("r", "r: has some")


@check(every=EVERY, calls=["iam.GetRole"], reasons=["never"])
def promises_too_much(target: Target) -> Iterator[Result]:
    """The role exists.

    Why: w
    Sees: s
    Cannot see: c
    Source: s
    """
    yield ok(target.name, "fine")


@check(every=EVERY, reasons=["never"])
def gives_no_such_reason(target: Target) -> Iterator[Result]:
    """The role exists.

    Why: w
    Sees: s
    Cannot see: c
    Source: s
    """
    yield ok(target.name, "fine")


@check(every=EVERY)
def tells_a_secret(target: Target) -> Iterator[Result]:
    """The role exists.

    Why: w
    Sees: s
    Cannot see: c
    Source: s
    """
    yield ok(target.name, "fine", evidence={"value": f"<{SECRET}>"})


@check(every=EVERY)
def is_not_documented(target: Target) -> Iterator[Result]:
    """The role exists."""
    yield ok(target.name, "fine")


@check(every=EVERY)
def is_never_well(target: Target) -> Iterator[Result]:
    """The role exists.

    Why: w
    Sees: s
    Cannot see: c
    Source: s
    """
    yield unknown(target.name, "who knows", reason="bad_answer", fix=FIX)


def test_an_honest_check_passes() -> None:
    empty = Situation(answers={"iam.ListRolePolicies": {"PolicyNames": []}})
    assert_contract(honest, [Case("some", PAGED, Status.OK), Case("none", empty, Status.CRITICAL, "none")])


@pytest.mark.parametrize(
    ("broken", "case", "words"),
    [
        (honest, Case("some", PAGED, Status.CRITICAL, "none"), r"some: ok, not critical \(none\)"),
        (honest, Case("some", PAGED, Status.OK), "declares the reasons none"),
        (reads_one_page, Case("some", PAGED, Status.OK), "second page of iam.ListRolePolicies"),
        (rounds_a_denial_up, Case("some", PAGED, Status.OK), "iam.ListRolePolicies is denied: ok, not unknown"),
        (needs_what_it_calls_optional, Case("some", PAGED, Status.OK), r"is denied: unknown \(not_permitted\), not ok"),
        (promises_too_much, Case("fine", Situation(), Status.OK), "declares iam.GetRole and calls it in no case"),
        (gives_no_such_reason, Case("fine", Situation(), Status.OK), "declares the reasons never"),
        (tells_a_secret, Case("fine", Situation(), Status.OK), "shows a secret"),
        (is_not_documented, Case("fine", Situation(), Status.OK), "lacks the section why"),
        (is_never_well, Case("ill", Situation(), Status.UNKNOWN, "bad_answer"), "no case is ok"),
    ],
)
def test_a_broken_promise_is_named(broken: Check, case: Case, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        assert_contract(broken, [case])


def test_a_call_without_an_answer_is_the_test_s_mistake() -> None:
    with pytest.raises(UnansweredCall, match=r"iam\.ListRolePolicies"):
        run_check(honest)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (["A"], "impossible at its top: an object is needed"),
        ({"PolicyName": []}, "there is no member PolicyName"),
        ({"PolicyNames": "A"}, r"impossible at .PolicyNames: a list is needed"),
        ({"PolicyNames": [1]}, r"impossible at .PolicyNames\[0\]: a string is needed"),
        ({"IsTruncated": "no"}, "a boolean is needed"),
    ],
)
def test_an_answer_that_aws_could_not_give_is_the_test_s_mistake(answer: Any, words: str) -> None:
    with pytest.raises(WrongAnswer, match=words):
        run_check(honest, answers={"iam.ListRolePolicies": answer})


def test_an_answer_may_depend_on_what_is_asked() -> None:
    asked: list[str] = []

    def answer(parameters: object) -> dict[str, object]:
        asked.append(str(parameters))
        return {"PolicyNames": ["A"]}

    assert run_check(honest, answers={"iam.ListRolePolicies": answer}).status is Status.OK
    assert asked == ["{'RoleName': 'r'}"]


def test_an_exception_of_the_network_becomes_what_the_daemon_makes_of_it() -> None:
    run = run_check(honest, answers={"iam.ListRolePolicies": ConnectionRefusedError("refused")})
    assert (run.status, run.reason, run.is_transient) == (Status.UNKNOWN, "unreachable", True)


def test_the_environment_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("https_proxy", "http://proxy.invalid")
    assert run_check(honest, answers={"iam.ListRolePolicies": NAMES}).status is Status.OK
    assert (os.environ["AWS_PROFILE"], os.environ["https_proxy"]) == ("mine", "http://proxy.invalid")
