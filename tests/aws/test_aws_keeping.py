"""What is kept for targets that are watched no more: nothing, and above all no keys."""

from __future__ import annotations

import gc

import pytest
from botocore.credentials import ReadOnlyCredentials
from botocore.loaders import create_loader

from healthcheck import CredentialSource, Target
from healthcheck.aws.clients import Clients
from healthcheck.aws.hooks import Accounts
from healthcheck.aws.pacing import Pacing
from healthcheck.aws.regions import Regions
from healthcheck.aws.settings import EndpointSettings
from tests.aws.aws_bench import Bench
from tests.aws.aws_imitation import ASSUMED, Told

STAYS = CredentialSource(assume_role="arn:aws:iam::444455556666:role/Stays")
LEAVES = CredentialSource(assume_role="arn:aws:iam::777788889999:role/Leaves")
KEYS = {"Stays": "ASIAAAAA444455556666", "Leaves": "ASIAAAAA777788889999"}


@pytest.fixture
def watching(bench: Bench) -> Bench:
    """A gateway that knows the keys of two targets."""

    def assume(asked: object) -> Told:
        (name,) = [name for name in KEYS if name in repr(asked)]
        return Told(ASSUMED.format(key=KEYS[name], expiration="2026-11-22T13:00:00Z"))

    bench.aws.answers["sts.AssumeRole"] = assume
    for source in (STAYS, LEAVES):
        assert bench.gateway.resolve(target(source)).failure is None
    return bench


def target(source: CredentialSource) -> Target:
    return Target("prod", source=source, region="us-east-1")


def in_memory(key: str) -> bool:
    gc.collect()
    return any(type(found) is ReadOnlyCredentials and found.access_key == key for found in gc.get_objects())


def test_keys_of_a_source_that_no_target_names_leave_the_memory(watching: Bench) -> None:
    assert all(map(in_memory, KEYS.values()))

    watching.gateway.keep([target(STAYS)])

    assert not in_memory(KEYS["Leaves"])
    assert in_memory(KEYS["Stays"])
    watching.gateway.resolve(target(STAYS))
    assert watching.aws.count("sts.AssumeRole") == 2


def test_the_last_round_of_a_removed_target_may_still_ask_and_leaves_nothing(watching: Bench) -> None:
    watching.gateway.keep([target(STAYS)])

    assert watching.gateway.resolve(target(LEAVES)).failure is None

    assert not in_memory(KEYS["Leaves"])


def test_a_target_that_comes_back_is_kept_again(watching: Bench) -> None:
    watching.gateway.keep([target(STAYS)])
    watching.gateway.keep([target(STAYS), target(LEAVES)])

    watching.gateway.resolve(target(LEAVES))

    assert in_memory(KEYS["Leaves"])


def test_what_was_learnt_of_an_account_goes_with_its_last_target(watching: Bench) -> None:
    before = {source: watching.pacing.bucket(source, "iam") for source in (STAYS, LEAVES)}

    watching.gateway.keep([target(STAYS)])

    after = {source: watching.pacing.bucket(source, "iam") for source in (STAYS, LEAVES)}
    assert [before[source] is after[source] for source in (STAYS, LEAVES)] == [True, False]


def test_a_bucket_stays_as_long_as_somebody_pays_from_it() -> None:
    pacing, accounts = Pacing(), Accounts()
    for source in (STAYS, LEAVES):
        accounts.learn(source, 1, "111122223333")
    shared = pacing.bucket("111122223333", "sts")

    accounts.keep({STAYS})
    pacing.keep({accounts.payer(STAYS)})

    assert pacing.bucket("111122223333", "sts") is shared
    assert accounts.payer(STAYS) == "111122223333"
    assert accounts.payer(LEAVES) == LEAVES


@pytest.mark.usefixtures("clean_environment")
def test_clients_go_with_the_last_target_of_a_region_or_of_endpoint_settings() -> None:
    loader = create_loader()
    clients = Clients(loader, Regions(loader), lambda _client, _key: None)
    usual, dual = EndpointSettings(), EndpointSettings(use_dualstack=True)
    try:
        old = {
            (service, region, settings): clients.client(service, region, settings)
            for service in ("sts", "iam")
            for region in ("us-east-1", "eu-west-1", "ap-south-1")
            for settings in (usual, dual)
        }

        # Nobody ever watched ap-south-1: a bucket was there.
        clients.keep({("eu-west-1", usual)}, {"us-east-1", "eu-west-1"})

        kept = {key for key, client in old.items() if clients.client(*key) is client}
        assert kept == {
            ("sts", "eu-west-1", usual),
            ("sts", "ap-south-1", usual),
            # One client for all regions, under the name of each.
            *((("iam", region, usual)) for region in ("us-east-1", "eu-west-1", "ap-south-1")),
        }
    finally:
        clients.close()
