"""One call through the shared clients: guard, memory, single flight, retries, deadline, accounting."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from healthcheck import CredentialSource, FailureKind
from healthcheck.aws import TooManyCalls
from healthcheck.errors import DeadlinePassed, NoScope, UndeclaredCall
from tests.aws.aws_bench import Bench
from tests.aws.aws_imitation import Asked, Told, error, one_by_one, role

GATHERED = 10.0
"""Seconds after which a test that waits for others has failed."""


def test_a_declared_call_is_signed_with_the_keys_of_the_scope(bench: Bench) -> None:
    with bench.scope("iam.GetRole") as aws:
        answer = aws.client("iam").get_role(RoleName="Trainer")

    assert answer["Role"]["Arn"] == "arn:aws:iam::111122223333:role/Trainer"
    assert bench.aws.asked[0].key_id == "AKIAAAAA111122223333"
    assert bench.calls == {("iam", "GetRole", "ok"): 1}


def test_the_user_agent_is_fixed_and_names_botocore(bench: Bench) -> None:
    with bench.scope("iam.GetRole") as aws:
        aws.client("iam").get_role(RoleName="Trainer")

    assert " Botocore/" in bench.aws.asked[0].headers["User-Agent"]
    assert bench.aws.asked[0].headers["User-Agent"].startswith("sagemaker-healthcheck/")


def test_an_undeclared_call_is_refused_before_anything_is_validated_or_sent(bench: Bench) -> None:
    with bench.scope("iam.GetRole") as aws, pytest.raises(UndeclaredCall) as refused:
        aws.client("iam").list_role_policies()

    assert (refused.value.check, refused.value.operation) == ("role.exists", "iam.ListRolePolicies")
    assert bench.aws.asked == []


def test_an_operation_without_a_row_is_refused(bench: Bench) -> None:
    with bench.scope("iam.GetRole") as aws, pytest.raises(UndeclaredCall):
        aws.client("iam").delete_role(RoleName="Trainer")


def test_an_undeclared_call_cannot_be_signed_for_somebody_else_to_make(bench: Bench) -> None:
    with bench.scope("s3.HeadBucket") as aws, pytest.raises(UndeclaredCall):
        aws.client("s3").generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})


def test_a_paginator_passes_the_guard_too(bench: Bench) -> None:
    with bench.scope("iam.GetRole") as aws, pytest.raises(UndeclaredCall):
        aws.client("iam").get_paginator("list_role_policies").paginate(RoleName="Trainer").build_full_result()


def test_a_client_that_outlives_its_run_may_ask_nothing(bench: Bench) -> None:
    with bench.scope("iam.GetRole") as aws:
        client = aws.client("iam")

    with pytest.raises(NoScope):
        client.get_role(RoleName="Trainer")


def test_another_thread_has_no_scope(bench: Bench) -> None:
    with bench.scope("iam.GetRole") as aws, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(aws.client("iam").get_role, RoleName="Trainer")
        with pytest.raises(NoScope):
            asked.result()


def test_the_same_question_of_another_run_is_answered_from_memory(bench: Bench) -> None:
    answers = []
    for region in ("us-east-1", "eu-west-1", "us-east-1"):
        with bench.scope("iam.GetRole", region=region) as aws:
            answers.append(aws.client("iam").get_role(RoleName="Trainer"))

    assert bench.aws.count("iam.GetRole") == 1
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["Role"]["AssumeRolePolicyDocument"]["Statement"] == [{"Effect": "Allow"}]
    assert bench.calls == {("iam", "GetRole", "ok"): 1, ("iam", "GetRole", "remembered"): 2}


def test_what_one_asker_does_to_its_answer_no_other_sees(bench: Bench) -> None:
    with bench.scope("iam.GetRole") as aws:
        first = aws.client("iam").get_role(RoleName="Trainer")
        first["Role"]["AssumeRolePolicyDocument"]["Statement"].clear()
        second = aws.client("iam").get_role(RoleName="Trainer")

    assert second["Role"]["AssumeRolePolicyDocument"]["Statement"] == [{"Effect": "Allow"}]


def test_questions_that_differ_in_a_parameter_are_two(bench: Bench) -> None:
    bench.aws.answers["s3.HeadBucket"] = lambda _: Told("")
    with bench.scope("s3.HeadBucket") as aws:
        aws.client("s3").head_bucket(Bucket="b")
        aws.client("s3").head_bucket(Bucket="b", ExpectedBucketOwner="111122223333")

    assert bench.aws.count("s3.HeadBucket") == 2


def test_a_regional_service_is_asked_in_each_region(bench: Bench) -> None:
    bench.aws.answers["s3.HeadBucket"] = lambda _: Told("")
    for region in ("us-east-1", "eu-west-1"):
        with bench.scope("s3.HeadBucket", region=region) as aws:
            aws.client("s3").head_bucket(Bucket="b")

    assert [asked.region for asked in bench.aws.asked] == ["us-east-1", "eu-west-1"]


def test_an_answer_is_forgotten_after_the_time_that_the_asker_allows(bench: Bench) -> None:
    for _ in range(2):
        with bench.scope("iam.GetRole", max_age_seconds=30) as aws:
            aws.client("iam").get_role(RoleName="Trainer")
        bench.later(seconds=30)

    assert bench.aws.count("iam.GetRole") == 2


def test_a_confirming_look_asks_anew_and_what_it_hears_serves_others(bench: Bench) -> None:
    for age in (60.0, 0.0, 60.0):
        with bench.scope("iam.GetRole", max_age_seconds=age) as aws:
            aws.client("iam").get_role(RoleName="Trainer")

    assert bench.aws.count("iam.GetRole") == 2


def test_a_denial_is_remembered(bench: Bench) -> None:
    bench.aws.answers["iam.GetRole"] = lambda _: error("AccessDenied", "You may not.")
    seen = []
    for _ in range(2):
        with bench.scope("iam.GetRole") as aws, pytest.raises(ClientError) as denied:
            aws.client("iam").get_role(RoleName="Trainer")
        seen.append((type(denied.value).__name__, str(denied.value), denied.value.response))

    assert bench.aws.count("iam.GetRole") == 1
    assert seen[0] == seen[1]
    assert bench.calls == {("iam", "GetRole", "denied"): 1, ("iam", "GetRole", "remembered"): 1}


def test_that_there_is_no_such_thing_is_remembered_and_raises_the_modelled_error(bench: Bench) -> None:
    bench.aws.answers["iam.GetRole"] = lambda _: error("NoSuchEntity", "no such role", 404)
    for _ in range(2):
        with bench.scope("iam.GetRole") as aws:
            client = aws.client("iam")
            with pytest.raises(client.exceptions.NoSuchEntityException):
                client.get_role(RoleName="Trainer")

    assert bench.aws.count("iam.GetRole") == 1


@pytest.mark.parametrize(
    ("code", "status"),
    [("InvalidClientTokenId", 403), ("ExpiredToken", 403), ("ValidationError", 400)],
)
def test_other_refusals_are_not_remembered(bench: Bench, code: str, status: int) -> None:
    bench.aws.answers["iam.GetRole"] = lambda _: error(code, "no", status)
    for _ in range(2):
        with bench.scope("iam.GetRole") as aws, pytest.raises(ClientError):
            aws.client("iam").get_role(RoleName="Trainer")

    assert bench.aws.count("iam.GetRole") == 2


def test_throttling_is_never_remembered(bench: Bench) -> None:
    bench.aws.answers["iam.GetRole"] = one_by_one(*[error("Throttling", "Rate exceeded", 400)] * 5, role)
    with bench.scope("iam.GetRole", seconds=60) as aws:
        with pytest.raises(ClientError) as throttled:
            aws.client("iam").get_role(RoleName="Trainer")
        assert aws.failure(throttled.value).kind is FailureKind.THROTTLED
        assert aws.client("iam").get_role(RoleName="Trainer")["Role"]["RoleName"] == "Trainer"


def test_a_throttled_call_is_made_again_after_growing_pauses(bench: Bench) -> None:
    slow_down = error("Throttling", "Rate exceeded", 400)
    bench.aws.answers["iam.GetRole"] = one_by_one(slow_down, slow_down, role)
    with bench.scope("iam.GetRole", seconds=60) as aws:
        answer = aws.client("iam").get_role(RoleName="Trainer")

    assert answer["Role"]["RoleName"] == "Trainer"
    assert bench.calls == {("iam", "GetRole", "throttled"): 2, ("iam", "GetRole", "ok"): 1}
    backing_off = [pause for pause in bench.pauses if pause in (0.5, 1.0)]
    assert backing_off == [0.5, 1.0]


def test_a_server_error_is_asked_again_but_not_for_ever(bench: Bench) -> None:
    bench.aws.answers["iam.GetRole"] = lambda _: error("InternalFailure", "oops", 500)
    with bench.scope("iam.GetRole", seconds=60) as aws, pytest.raises(ClientError) as failed:
        aws.client("iam").get_role(RoleName="Trainer")

    assert bench.aws.count("iam.GetRole") == 3
    assert bench.gateway.classify(failed.value).kind is FailureKind.SERVICE_ERROR


def test_nothing_is_asked_again_when_the_pause_would_pass_the_deadline(bench: Bench) -> None:
    bench.aws.answers["iam.GetRole"] = lambda _: error("Throttling", "Rate exceeded", 400)
    with bench.scope("iam.GetRole", seconds=0.4) as aws, pytest.raises(ClientError):
        aws.client("iam").get_role(RoleName="Trainer")

    assert bench.aws.count("iam.GetRole") == 1


def test_past_the_deadline_nothing_is_asked(bench: Bench) -> None:
    with bench.scope("iam.GetRole", seconds=-0.001) as aws, pytest.raises(DeadlinePassed) as passed:
        aws.client("iam").get_role(RoleName="Trainer")

    assert bench.aws.asked == []
    assert bench.gateway.classify(passed.value).kind is FailureKind.TIMED_OUT


def test_an_answer_is_waited_for_until_the_deadline_only(bench: Bench) -> None:
    over = threading.Event()

    def hang(asked: Asked) -> Told:
        over.wait(GATHERED)
        return role(asked)

    bench.aws.answers["iam.GetRole"] = hang
    with bench.scope("iam.GetRole", seconds=0.3) as aws:
        with pytest.raises(Exception, match="Read timeout") as late:
            aws.client("iam").get_role(RoleName="Trainer")
        over.set()

    assert bench.gateway.classify(late.value).kind is FailureKind.TIMED_OUT
    assert bench.calls == {("iam", "GetRole", "failed"): 1}


def test_twenty_who_ask_at_once_make_one_request(bench: Bench) -> None:
    everybody_is_here = threading.Barrier(20)

    def slow(asked: Asked) -> Told:
        waiting.wait(GATHERED)
        return role(asked)

    waiting = threading.Event()
    bench.aws.answers["iam.GetRole"] = slow

    def ask(_: int) -> Any:
        with bench.scope("iam.GetRole") as aws:
            if everybody_is_here.wait(GATHERED) == 0:
                waiting.set()
            return aws.client("iam").get_role(RoleName="Trainer")["Role"]["RoleName"]

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(ask, range(20))) == ["Trainer"] * 20

    assert bench.aws.count("iam.GetRole") == 1
    assert bench.calls["iam", "GetRole", "remembered"] == 19


def test_when_the_one_who_asks_fails_those_who_wait_ask_for_themselves(bench: Bench) -> None:
    first_is_asking, second_is_waiting = threading.Event(), threading.Event()

    def fail_first(asked: Asked) -> Told:
        if bench.aws.count("iam.GetRole") == 1:
            first_is_asking.set()
            second_is_waiting.wait(GATHERED)
            return error("InvalidClientTokenId")
        return role(asked)

    bench.aws.answers["iam.GetRole"] = fail_first

    def lead() -> Any:
        with bench.scope("iam.GetRole") as aws:
            with pytest.raises(ClientError) as failed:
                aws.client("iam").get_role(RoleName="Trainer")
            return aws.failure(failed.value).kind

    def follow() -> Any:
        first_is_asking.wait(GATHERED)
        with bench.scope("iam.GetRole") as aws:
            client = aws.client("iam")
            # After the memory has been asked, nothing more is heard of a follower; this is the last before it.
            client.meta.events.register_first("before-parameter-build.iam", lambda **_: second_is_waiting.set())
            return client.get_role(RoleName="Trainer")["Role"]["RoleName"]

    with ThreadPoolExecutor(2) as pool:
        leader, follower = pool.submit(lead), pool.submit(follow)
        assert leader.result(GATHERED) is FailureKind.CREDENTIALS_INVALID
        assert follower.result(GATHERED) == "Trainer"

    assert bench.aws.count("iam.GetRole") == 2


def test_a_refused_connection_frees_those_who_wait(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:1")

    def ask(_: int) -> Any:
        with bench.scope("iam.GetRole", seconds=5) as aws:
            with pytest.raises(Exception, match="Could not connect") as failed:
                aws.client("iam").get_role(RoleName="Trainer")
            return aws.failure(failed.value).kind

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {FailureKind.UNREACHABLE}


def test_a_follower_waits_no_longer_than_its_own_deadline(bench: Bench) -> None:
    leader_is_asking, over = threading.Event(), threading.Event()

    def hang(asked: Asked) -> Told:
        leader_is_asking.set()
        over.wait(GATHERED)
        return role(asked)

    bench.aws.answers["iam.GetRole"] = hang

    def lead() -> Any:
        with bench.scope("iam.GetRole") as aws:
            return aws.client("iam").get_role(RoleName="Trainer")["Role"]["RoleName"]

    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(lead)
        leader_is_asking.wait(GATHERED)
        with bench.scope("iam.GetRole", seconds=0.1) as aws, pytest.raises(DeadlinePassed):
            aws.client("iam").get_role(RoleName="Trainer")
        over.set()
        assert leader.result(GATHERED) == "Trainer"


POLICY = """<GetPolicyVersionResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetPolicyVersionResult>
<PolicyVersion><Document>%7B%22Version%22%3A%222012-10-17%22%7D</Document><VersionId>v29</VersionId>
<IsDefaultVersion>true</IsDefaultVersion></PolicyVersion></GetPolicyVersionResult></GetPolicyVersionResponse>"""
MANAGED = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"


def test_a_version_of_an_aws_managed_policy_is_shared_by_all_sources_for_ever(bench: Bench) -> None:
    bench.write_profiles("[other]\naws_access_key_id=AKIAAAAA444455556666\naws_secret_access_key=x\n")
    bench.aws.answers["iam.GetPolicyVersion"] = lambda _: Told(POLICY)
    documents = []
    for source in (CredentialSource(), CredentialSource(profile="other"), CredentialSource()):
        with bench.scope("iam.GetPolicyVersion", source=source) as aws:
            version = aws.client("iam").get_policy_version(PolicyArn=MANAGED, VersionId="v29")
            documents.append(version["PolicyVersion"]["Document"])
        bench.later(hours=1)

    assert bench.aws.count("iam.GetPolicyVersion") == 1
    assert documents == [{"Version": "2012-10-17"}] * 3


def test_that_one_source_may_not_see_a_managed_policy_is_no_other_sources_business(bench: Bench) -> None:
    bench.write_profiles("[other]\naws_access_key_id=AKIAAAAA444455556666\naws_secret_access_key=x\n")
    bench.aws.answers["iam.GetPolicyVersion"] = one_by_one(error("AccessDenied"), Told(POLICY))
    with bench.scope("iam.GetPolicyVersion") as aws, pytest.raises(ClientError):
        aws.client("iam").get_policy_version(PolicyArn=MANAGED, VersionId="v29")
    with bench.scope("iam.GetPolicyVersion", source=CredentialSource(profile="other")) as aws:
        assert aws.client("iam").get_policy_version(PolicyArn=MANAGED, VersionId="v29")

    assert bench.aws.count("iam.GetPolicyVersion") == 2


def test_a_customers_policy_is_never_shared_between_sources(bench: Bench) -> None:
    bench.write_profiles("[other]\naws_access_key_id=AKIAAAAA444455556666\naws_secret_access_key=x\n")
    bench.aws.answers["iam.GetPolicyVersion"] = lambda _: Told(POLICY)
    for source in (CredentialSource(), CredentialSource(profile="other")):
        with bench.scope("iam.GetPolicyVersion", source=source) as aws:
            aws.client("iam").get_policy_version(PolicyArn="arn:aws:iam::111122223333:policy/aws-like", VersionId="v1")

    assert bench.aws.count("iam.GetPolicyVersion") == 2


CUSTOMERS = "arn:aws:iam::111122223333:policy/Data"


def a_policy(policy_id: str) -> Told:
    namespace = "https://iam.amazonaws.com/doc/2010-05-08/"
    return Told(
        f'<GetPolicyResponse xmlns="{namespace}"><GetPolicyResult><Policy><Arn>{CUSTOMERS}</Arn>'
        f"<PolicyId>{policy_id}</PolicyId><DefaultVersionId>v1</DefaultVersionId></Policy></GetPolicyResult>"
        "</GetPolicyResponse>"
    )


def read_policy(bench: Bench, source: CredentialSource) -> None:
    with bench.scope("iam.GetPolicy", "iam.GetPolicyVersion", source=source) as aws:
        client = aws.client("iam")
        version = client.get_policy(PolicyArn=CUSTOMERS)["Policy"]["DefaultVersionId"]
        client.get_policy_version(PolicyArn=CUSTOMERS, VersionId=version)


def test_a_version_of_a_customers_policy_is_read_once_by_one_source(bench: Bench) -> None:
    bench.aws.answers["iam.GetPolicyVersion"] = lambda _: Told(POLICY)
    bench.aws.answers["iam.GetPolicy"] = lambda _: a_policy("ANPAFIRST")
    for _ in range(3):
        read_policy(bench, CredentialSource())
        bench.later(hours=1)

    assert (bench.aws.count("iam.GetPolicy"), bench.aws.count("iam.GetPolicyVersion")) == (3, 1)


def test_a_customers_policy_that_was_made_anew_under_its_name_is_read_anew(bench: Bench) -> None:
    """Its versions begin with v1 again, which is not the v1 of before."""
    bench.aws.answers["iam.GetPolicyVersion"] = lambda _: Told(POLICY)
    bench.aws.answers["iam.GetPolicy"] = one_by_one(a_policy("ANPAFIRST"), a_policy("ANPASECOND"))
    for _ in range(2):
        read_policy(bench, CredentialSource())
        bench.later(hours=1)

    assert bench.aws.count("iam.GetPolicyVersion") == 2


def test_a_customers_version_is_kept_for_the_source_that_read_it(bench: Bench) -> None:
    bench.write_profiles("[other]\naws_access_key_id=AKIAAAAA444455556666\naws_secret_access_key=x\n")
    bench.aws.answers["iam.GetPolicyVersion"] = lambda _: Told(POLICY)
    bench.aws.answers["iam.GetPolicy"] = lambda _: a_policy("ANPAFIRST")
    for source in (CredentialSource(), CredentialSource(profile="other"), CredentialSource()):
        read_policy(bench, source)

    assert bench.aws.count("iam.GetPolicyVersion") == 2


def test_an_identity_seen_in_one_region_serves_all(bench: Bench) -> None:
    accounts = set()
    for region in ("us-east-1", "eu-west-1"):
        with bench.scope("sts.GetCallerIdentity", region=region) as aws:
            accounts.add(aws.account())

    assert accounts == {"111122223333"}
    assert bench.aws.count("sts.GetCallerIdentity") == 1


def test_an_identity_refused_in_one_region_is_asked_for_in_another(bench: Bench) -> None:
    bench.aws.answers["sts.GetCallerIdentity"] = lambda _: error("AccessDenied")
    for region in ("af-south-1", "eu-west-1", "af-south-1"):
        with bench.scope("sts.GetCallerIdentity", region=region) as aws, pytest.raises(ClientError):
            aws.account()

    assert [asked.region for asked in bench.aws.asked] == ["af-south-1", "eu-west-1", "af-south-1"]


def test_a_connection_that_the_server_closed_meanwhile_is_opened_again(bench: Bench) -> None:
    hang_up = Told("", 200, (("Connection", "close"),))
    bench.aws.answers["s3.HeadBucket"] = lambda _: hang_up
    with bench.scope("s3.HeadBucket", max_age_seconds=0) as aws:
        for _ in range(3):
            aws.client("s3").head_bucket(Bucket="b")

    assert bench.aws.count("s3.HeadBucket") == 3


def test_all_clients_share_their_connections(bench: Bench) -> None:
    bench.aws.answers["s3.HeadBucket"] = lambda _: Told("")
    with bench.scope("s3.HeadBucket", "iam.GetRole", "sts.GetCallerIdentity", max_age_seconds=0) as aws:
        aws.account()
        aws.client("s3").head_bucket(Bucket="b")
        aws.client("iam").get_role(RoleName="Trainer")

    assert bench.aws.connections == 1


@pytest.mark.parametrize("status", [200, 302, 403, 404])
def test_a_web_page_in_place_of_an_answer_is_no_answer(bench: Bench, status: int) -> None:
    """A captive portal, or a filtering proxy: neither "nothing there" nor a refusal by AWS."""
    page = Told("<html>Please sign in</html>", status, (("Content-Type", "text/html; charset=utf-8"),))
    bench.aws.answers["sagemaker.ListEndpoints"] = lambda _: page
    for _ in range(2):
        with bench.scope("sagemaker.ListEndpoints") as aws:
            with pytest.raises(ResponseParserError) as failed:
                aws.client("sagemaker").list_endpoints()
            assert aws.failure(failed.value).kind is FailureKind.BAD_ANSWER

    assert bench.calls == {("sagemaker", "ListEndpoints", "failed"): 2}


def test_a_load_balancers_page_means_that_the_service_is_down(bench: Bench) -> None:
    page = Told("<html><b>Http/1.1 Service Unavailable</b></html>", 503, (("Content-Type", "text/html"),))
    bench.aws.answers["sagemaker.ListEndpoints"] = lambda _: page
    with bench.scope("sagemaker.ListEndpoints", seconds=60) as aws, pytest.raises(ClientError) as failed:
        aws.client("sagemaker").list_endpoints()

    assert bench.gateway.classify(failed.value).kind is FailureKind.SERVICE_ERROR
    assert bench.aws.count("sagemaker.ListEndpoints") == 3


def test_a_run_that_breaks_off_frees_those_who_wait_for_its_request(bench: Bench) -> None:
    def break_off(**_: object) -> None:
        raise KeyError("a handler of somebody else's")

    with bench.scope("iam.GetRole") as aws:
        client = aws.client("iam")
        client.meta.events.register("before-call", break_off)
        with pytest.raises(KeyError):
            client.get_role(RoleName="Trainer")
    client.meta.events.unregister("before-call", break_off)

    with bench.scope("iam.GetRole", seconds=5) as aws:
        assert aws.client("iam").get_role(RoleName="Trainer")["Role"]["RoleName"] == "Trainer"


def drain(bench: Bench, payer: str | CredentialSource) -> None:
    """Take so many turns that the next comes in about ten seconds."""
    bucket = bench.pacing.bucket(payer, "iam")
    for _ in range(60):
        bucket.turn(time.monotonic(), 1e9)


def test_a_call_whose_turn_comes_too_late_is_not_sent(bench: Bench) -> None:
    drain(bench, CredentialSource())
    with bench.scope("iam.GetRole", seconds=1.0) as aws, pytest.raises(TooManyCalls) as late:
        aws.client("iam").get_role(RoleName="Trainer")

    assert bench.gateway.classify(late.value).kind is FailureKind.THROTTLED
    assert bench.aws.asked == []
    with bench.scope("iam.GetRole", seconds=60) as aws:
        assert aws.client("iam").get_role(RoleName="Trainer")  # nobody waits for what was never sent


def test_a_throttled_call_whose_next_turn_comes_too_late_stays_throttled(bench: Bench) -> None:
    def throttle(_: Asked) -> Told:
        drain(bench, CredentialSource())
        return error("Throttling", "Rate exceeded", 400)

    bench.aws.answers["iam.GetRole"] = throttle
    with bench.scope("iam.GetRole", seconds=3.0) as aws, pytest.raises(ClientError) as throttled:
        aws.client("iam").get_role(RoleName="Trainer")

    assert bench.gateway.classify(throttled.value).kind is FailureKind.THROTTLED
    assert bench.aws.count("iam.GetRole") == 1


def test_two_sources_of_one_account_share_its_turns_once_that_is_known(bench: Bench) -> None:
    bench.write_profiles("[same]\naws_access_key_id=AKIABBBB111122223333\naws_secret_access_key=x\n")
    sources = (CredentialSource(), CredentialSource(profile="same"))
    for source in sources:
        with bench.scope("sts.GetCallerIdentity", source=source) as aws:
            assert aws.account() == "111122223333"
    drain(bench, "111122223333")
    for source in sources:
        with bench.scope("iam.GetRole", source=source, seconds=1.0) as aws, pytest.raises(TooManyCalls):
            aws.client("iam").get_role(RoleName="Trainer")


def test_a_connection_that_breaks_off_is_tried_again_once(bench: Bench) -> None:
    def hang_up(_: Asked) -> Told:
        raise ConnectionAbortedError

    bench.aws.answers["iam.GetRole"] = one_by_one(hang_up, role)
    with bench.scope("iam.GetRole", seconds=60) as aws:
        assert aws.client("iam").get_role(RoleName="Trainer")["Role"]["RoleName"] == "Trainer"

    assert bench.calls == {("iam", "GetRole", "failed"): 1, ("iam", "GetRole", "ok"): 1}


def test_older_signers_are_given_the_same_keys(bench: Bench) -> None:
    with bench.scope("iam.GetRole") as aws:
        keys = aws.client("iam")._request_signer._credentials
        assert (keys.access_key, keys.secret_key, keys.token) == (
            "AKIAAAAA111122223333",
            "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab",
            None,
        )
    with pytest.raises(NoScope):
        _ = keys.access_key


def test_the_time_is_the_gateways(bench: Bench) -> None:
    with bench.scope() as aws:
        assert aws.now == bench.now[0]


def test_a_form_is_written_as_botocore_writes_it(bench: Bench) -> None:
    with bench.scope("iam.GetRole") as aws:
        aws.client("iam").get_role(RoleName="a b+ü;=%")

    asked = bench.aws.asked[0]
    assert asked.params["RoleName"] == "a b+ü;=%"
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded; charset=utf-8"
