"""What checks make of answers, made once: for whom it is, how old it may be, and what happens when it fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from healthcheck.errors import DeadlinePassed, UndeclaredCall
from healthcheck.target import CredentialSource, Target
from tests.aws.aws_bench import Bench
from tests.aws.aws_imitation import Told, error, role

OTHER = CredentialSource(profile="other")


def asking(aws: Any) -> Callable[[], str]:
    """Return work that asks who one is, and for a role; what it returns is a new text each time."""

    def work() -> str:
        arn = aws.client("sts").get_caller_identity()["Arn"]
        return f"{arn} {aws.client('iam').get_role(RoleName='Trainer')['Role']['RoleName']}"

    return work


def fact(bench: Bench, *more: str, **of_scope: Any) -> str:
    with bench.scope("sts.GetCallerIdentity", "iam.GetRole", *more, **of_scope) as aws:
        made: str = aws.once("who looks at Trainer", asking(aws))
        return made


def test_two_checks_share_what_one_of_them_made(bench: Bench) -> None:
    assert fact(bench) is fact(bench)


def test_the_calls_of_work_that_was_done_already_are_not_even_remembered(bench: Bench) -> None:
    for _ in range(3):
        fact(bench)

    assert bench.calls["iam", "GetRole", "ok"] == 1
    assert bench.calls["iam", "GetRole", "remembered"] == 0


@pytest.mark.parametrize("of_scope", [{"region": "eu-west-1"}, {"source": OTHER}])
def test_another_region_or_source_has_its_own(bench: Bench, of_scope: dict[str, Any]) -> None:
    bench.write_profiles("[other]\naws_access_key_id=AKIAAAAA111122223333\naws_secret_access_key=x\n")

    assert fact(bench) is not fact(bench, **of_scope)


def test_a_fact_is_as_old_as_the_oldest_answer_in_it(bench: Bench) -> None:
    with bench.scope("sts.GetCallerIdentity") as aws:
        aws.client("sts").get_caller_identity()
    bench.later(seconds=20)
    made = fact(bench)
    bench.later(seconds=20)

    assert fact(bench, max_age_seconds=41) is made
    assert fact(bench, max_age_seconds=40) is not made


def test_what_can_never_change_makes_no_fact_old(bench: Bench) -> None:
    version = "<PolicyVersion><VersionId>v1</VersionId><Document>%7B%7D</Document></PolicyVersion>"
    answer = f"<GetPolicyVersionResponse><GetPolicyVersionResult>{version}</GetPolicyVersionResult>"
    bench.aws.answers["iam.GetPolicyVersion"] = lambda _: Told(f"{answer}</GetPolicyVersionResponse>")

    def read() -> object:
        with bench.scope("iam.GetPolicyVersion") as aws:
            arn = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
            return aws.once("version 1", lambda: [aws.client("iam").get_policy_version(PolicyArn=arn, VersionId="v1")])

    read()
    bench.later(hours=1)

    assert read() is read()


def test_whoever_is_to_look_again_does_so(bench: Bench) -> None:
    made = fact(bench)

    assert fact(bench, max_age_seconds=0) is not made
    assert bench.aws.count("iam.GetRole") == 2


def test_a_check_that_may_not_ask_all_of_it_gets_no_fact(bench: Bench) -> None:
    fact(bench)

    with bench.scope("sts.GetCallerIdentity") as aws, pytest.raises(UndeclaredCall):
        aws.once("who looks at Trainer", asking(aws))


def test_a_fact_within_a_fact_hands_on_what_it_rests_on(bench: Bench) -> None:
    def outer(*calls: str) -> str:
        with bench.scope(*calls) as aws:
            made: str = aws.once("outer", lambda: aws.once("who looks at Trainer", asking(aws)) + "!")
            return made

    fact(bench)
    made = outer("sts.GetCallerIdentity", "iam.GetRole")

    assert made.endswith("!")
    with pytest.raises(UndeclaredCall):
        outer("sts.GetCallerIdentity")


def test_work_that_fails_is_done_again(bench: Bench) -> None:
    bench.aws.answers["iam.GetRole"] = lambda _: error("NoSuchEntity", status=404)
    with bench.scope("sts.GetCallerIdentity", "iam.GetRole") as aws, pytest.raises(ClientError):
        aws.once("who looks at Trainer", asking(aws))
    bench.aws.answers["iam.GetRole"] = role

    assert fact(bench, max_age_seconds=0).endswith("Trainer")


def test_who_asks_meanwhile_waits_and_gets_the_same(bench: Bench) -> None:
    is_begun, may_end = threading.Event(), threading.Event()
    made: list[object] = []

    def look(work: Callable[[], object]) -> None:
        with bench.scope("sts.GetCallerIdentity", max_age_seconds=0.001) as aws:
            made.append(aws.once("slow", work))

    def slow() -> object:
        is_begun.set()
        assert may_end.wait(10)
        return object()

    first = threading.Thread(target=look, args=(slow,))
    first.start()
    assert is_begun.wait(10)
    second = threading.Thread(target=look, args=(object,))
    second.start()
    may_end.set()
    first.join()
    second.join()

    assert made[0] is made[1]


def test_nobody_waits_past_their_time(bench: Bench) -> None:
    with bench.scope("sts.GetCallerIdentity") as aws:

        def look_within() -> None:
            with bench.scope("sts.GetCallerIdentity", seconds=0) as late:
                late.once("it", object)

        with pytest.raises(DeadlinePassed, match="before it could be asked"):
            aws.once("it", look_within)


def test_the_account_of_keys_is_asked_for_once(bench: Bench) -> None:
    for _ in range(2):
        with bench.scope("sts.GetCallerIdentity") as aws:
            assert aws.account() == "111122223333"
        bench.later(minutes=10)

    assert bench.aws.count("sts.GetCallerIdentity") == 1


def test_the_account_is_asked_for_again_by_whoever_is_to_look_again(bench: Bench) -> None:
    for _ in range(2):
        with bench.scope("sts.GetCallerIdentity", max_age_seconds=0) as aws:
            aws.account()

    assert bench.aws.count("sts.GetCallerIdentity") == 2


def test_other_keys_under_the_same_name_have_an_account_of_their_own(bench: Bench) -> None:
    accounts = []
    for digits in ("111122223333", "444455556666"):
        bench.write_profiles(f"[other]\naws_access_key_id=AKIAAAAA{digits}\naws_secret_access_key={digits}\n")
        bench.gateway.resolve(Target("prod", source=OTHER, region="us-east-1"))
        with bench.scope("sts.GetCallerIdentity", source=OTHER) as aws:
            accounts.append(aws.account())

    assert accounts == ["111122223333", "444455556666"]


def test_the_account_is_only_for_checks_that_declare_the_call(bench: Bench) -> None:
    with bench.scope("sts.GetCallerIdentity") as aws:
        aws.account()

    with bench.scope("iam.GetRole") as aws, pytest.raises(UndeclaredCall):
        aws.account()
