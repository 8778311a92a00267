"""What stopped a connection, and whom to blame."""

from __future__ import annotations

import pytest

from healthcheck.capabilities import Endpoint, Reach
from healthcheck.checks.journeys import before_all, distinct, judge
from healthcheck.result import Fix, Result, Status
from healthcheck.target import Target

TARGET = Target("prod", region="eu-west-1")
KNOWN = ("eu-west-1",)
URL = "https://sts.eu-west-1.amazonaws.com"


def look(endpoint: Endpoint, reach: Reach, target: Target = TARGET) -> Result:
    (journey,) = distinct([endpoint])
    return judge(journey, reach, target, known_regions=KNOWN)


def fix_of(result: Result) -> Fix:
    assert result.fix is not None
    return result.fix


def test_hosts_are_looked_at_once_and_the_most_needed_first() -> None:
    endpoints = [Endpoint("ecr", "https://e"), Endpoint("s3", "https://s"), Endpoint("sts", URL)]
    assert [journey.host for journey in distinct(endpoints)] == ["sts.eu-west-1.amazonaws.com", "s", "e"]


def test_one_variable_that_replaces_all_addresses_makes_one_subject() -> None:
    endpoints = [
        Endpoint(service, "http://127.0.0.1:4566", overridden_by="AWS_ENDPOINT_URL") for service in ("s3", "sts")
    ]
    (journey,) = distinct(endpoints)
    assert (journey.host, journey.services) == ("127.0.0.1:4566", ("sts", "s3"))


def test_a_broken_proxy_is_the_subject_whichever_host_lies_behind_it() -> None:
    reach = Reach(URL, failed_step="proxy", error="refused")
    subjects = {
        look(Endpoint(service, f"https://{service}", proxy="http://p:3128"), reach).subject for service in ("sts", "s3")
    }
    assert subjects == {"proxy http://p:3128"}


def test_a_file_of_authorities_that_cannot_be_read_is_the_subject() -> None:
    reach = Reach(URL, failed_step="tls", error="[Errno 2] No such file or directory")
    assert (
        look(Endpoint("sts", URL, ca_bundle="/etc/corp.pem"), reach).subject == "certificate authorities /etc/corp.pem"
    )


def test_an_unknown_issuer_is_named() -> None:
    reach = Reach(URL, failed_step="tls", error="CERTIFICATE_VERIFY_FAILED: unable to get issuer", issuer="Acme Filter")
    result = look(Endpoint("sts", URL, ca_bundle="/etc/corp.pem"), reach)
    assert result.subject == "sts.eu-west-1.amazonaws.com"
    assert "Acme Filter" in fix_of(result).text


@pytest.mark.parametrize(
    ("addresses", "kind"),
    [
        (("10.0.0.7", "10.0.1.7"), "private"),
        (("52.94.5.1",), "public"),
        (("10.0.0.7", "52.94.5.1"), "public"),
        (("no address",), "public"),
        ((), None),
    ],
)
def test_private_addresses_betray_a_vpc_endpoint(addresses: tuple[str, ...], kind: str | None) -> None:
    assert look(Endpoint("sts", URL), Reach(URL, addresses)).evidence.get("address_kind") == kind


def test_a_vpc_endpoint_that_refuses_is_mended_in_its_security_group() -> None:
    result = look(Endpoint("sts", URL), Reach(URL, ("10.0.0.7",), "tcp", "timed out"))
    assert "security group" in fix_of(result).text


def test_a_left_over_override_is_to_be_unset_when_nothing_answers_there() -> None:
    endpoint = Endpoint("sts", "http://localhost:4566", overridden_by="AWS_ENDPOINT_URL")
    assert fix_of(look(endpoint, Reach("", (), "tcp", "refused"))).commands == ("unset AWS_ENDPOINT_URL",)


def test_an_override_in_a_file_is_to_be_found_there() -> None:
    endpoint = Endpoint(
        "sts", "http://localhost:4566", overridden_by="endpoint_url of profile prod in the AWS config file"
    )
    assert fix_of(look(endpoint, Reach("", (), "tcp", "refused"))).commands == ("grep -n endpoint_url ~/.aws/config",)


@pytest.mark.parametrize(
    ("url", "region", "words"),
    [
        ("https://api-fips.sagemaker.eu-west-1.amazonaws.com", "eu-west-1", "FIPS"),
        ("https://api.sagemaker.eu-west-9.amazonaws.com", "eu-west-9", "Check the region eu-west-9"),
        (URL, "eu-west-1", "name server"),
    ],
)
def test_a_name_that_is_not_found_is_explained_by_what_made_it(url: str, region: str, words: str) -> None:
    result = look(Endpoint("sagemaker", url), Reach(url, failed_step="dns"), Target("prod", region=region))
    assert words in fix_of(result).text


def test_the_words_of_the_system_are_told() -> None:
    result = look(Endpoint("s3", URL), Reach(URL, ("1.2.3.4",), "http", "the server sent nothing"))
    assert (result.status, result.summary) == (
        Status.CRITICAL,
        "sts.eu-west-1.amazonaws.com (s3): a connection was made, but no HTTP answer came: the server sent nothing",
    )


def looks(*reached: Reach, **endpoint: str) -> list[str]:
    """Return the subjects of what three addresses come to."""
    found = distinct([Endpoint(service, f"https://{service}.example", **endpoint) for service in ("sts", "s3", "iam")])
    shared = before_all(found, reached)
    verdicts = [
        judge(journey, reach, TARGET, known_regions=KNOWN, shared=shared)
        for journey, reach in zip(found, reached, strict=True)
    ]
    return [verdict.subject for verdict in verdicts if verdict.status is not Status.OK]


@pytest.mark.parametrize(
    ("reach", "subject"),
    [
        (Reach(URL, failed_step="dns", error="not known"), "name lookup on this host"),
        (Reach(URL, ("52.94.5.1",), "tcp", "refused"), "way from this host to AWS"),
        (Reach(URL, failed_step="tls", error="self-signed", issuer="Acme"), "certificates that this host is shown"),
    ],
)
def test_what_stops_all_addresses_alike_is_one_subject(reach: Reach, subject: str) -> None:
    assert set(looks(reach, reach, reach)) == {subject}


def test_one_address_that_answers_clears_what_lies_before_all() -> None:
    failed = Reach(URL, failed_step="dns", error="not known")
    assert looks(failed, failed, Reach(URL)) == ["sts.example", "s3.example"]


def test_addresses_that_fail_in_different_ways_are_each_told() -> None:
    refused = Reach(URL, ("52.94.5.1",), "tcp", "refused")
    assert looks(refused, refused, Reach(URL, failed_step="dns")) == ["sts.example", "s3.example", "iam.example"]


def test_vpc_endpoints_are_each_told_for_each_has_its_security_group() -> None:
    refused = Reach(URL, ("10.0.0.7",), "tcp", "timed out")
    assert looks(refused, refused, refused) == ["sts.example", "s3.example", "iam.example"]


def test_an_override_is_blamed_before_what_lies_before_all() -> None:
    failed = Reach(URL, failed_step="dns", error="not known")
    assert looks(failed, failed, failed, overridden_by="AWS_ENDPOINT_URL") == [
        "sts.example",
        "s3.example",
        "iam.example",
    ]


def test_the_sentence_of_a_shared_fault_keeps_the_first_address_and_its_error() -> None:
    found = distinct([Endpoint("sts", URL), Endpoint("s3", "https://s")])
    failed = Reach(URL, failed_step="dns", error="Name or service not known")
    result = judge(found[0], failed, TARGET, known_regions=KNOWN, shared=before_all(found, [failed, failed]))
    assert result.summary == (
        "name lookup on this host: no address of AWS can be looked up, "
        "sts.eu-west-1.amazonaws.com (sts) for one: Name or service not known"
    )
