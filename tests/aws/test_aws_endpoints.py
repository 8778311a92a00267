"""Addresses, and whose settings decide them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import InvalidRegionError, NoRegionError
from botocore.loaders import create_loader
from botocore.session import Session

from healthcheck import CredentialSource, Endpoint, FailureKind, Target
from healthcheck.aws.endpoints import without_password
from healthcheck.aws.settings import REPORTED
from tests.aws.aws_bench import Bench

MakeBench = Callable[[], Bench]

MODELS = create_loader()

# An operation of each service that takes no bucket, queue or account into its address.
QUESTIONS = {
    "sts": ("get_caller_identity", {}),
    "sagemaker": ("list_endpoints", {}),
    "sagemaker-runtime": ("invoke_endpoint", {"EndpointName": "e", "Body": b""}),
    "s3": ("list_buckets", {}),
    "iam": ("list_roles", {}),
    "logs": ("describe_log_groups", {}),
    "ecr": ("get_authorization_token", {}),
}


def endpoints(bench: Bench, region: str, source: CredentialSource = CredentialSource()) -> tuple[Endpoint, ...]:  # noqa: B008 # frozen
    with bench.scope(region=region, source=source) as aws:
        found: tuple[Endpoint, ...] = aws.endpoints
    return found


def called(region: str) -> dict[str, str]:
    """Return the addresses that clients of boto3's own really call."""
    botocore_session = Session()
    botocore_session.register_component("data_loader", MODELS)
    session = boto3.Session(botocore_session=botocore_session, aws_access_key_id="AKIA", aws_secret_access_key="x")
    urls: dict[str, str] = {}
    for service, (operation, parameters) in QUESTIONS.items():
        client: Any = session.client(service, region_name=region)  # type: ignore[call-overload]

        def note(request: Any, service: str = service, **_: object) -> AWSResponse:
            parts = urlsplit(request.url)
            urls[service] = f"{parts.scheme}://{parts.netloc}"
            return AWSResponse(request.url, 418, {}, None)  # type: ignore[arg-type]

        client.meta.events.register("before-send", note)
        with pytest.raises(Exception):  # noqa: B017, PT011 # an answer without a body pleases no parser
            getattr(client, operation)(**parameters)
    return urls


@pytest.mark.parametrize(
    ("region", "settings"),
    [
        *itertools.product(("us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1"), [{}]),
        ("us-east-1", {"AWS_USE_FIPS_ENDPOINT": "true"}),
        ("us-gov-west-1", {"AWS_USE_FIPS_ENDPOINT": "true"}),
        ("eu-west-1", {"AWS_USE_DUALSTACK_ENDPOINT": "true"}),
        ("us-west-2", {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"}),
        ("us-east-1", {"AWS_STS_REGIONAL_ENDPOINTS": "legacy"}),
        ("us-east-1", {"AWS_S3_US_EAST_1_REGIONAL_ENDPOINT": "regional"}),
        ("us-east-1", {"AWS_ENDPOINT_URL_S3": "https://minio.example.com:9000", "AWS_USE_FIPS_ENDPOINT": "true"}),
        ("us-east-9", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "+".join(value) or "plain",
)
def test_they_are_the_addresses_that_boto3_itself_calls(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch, region: str, settings: dict[str, str]
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    ours = {endpoint.service: endpoint.url for endpoint in endpoints(make_bench(), region)}

    assert ours == called(region)
    assert tuple(ours) == REPORTED


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "cn-north-1"])
def test_our_own_clients_call_them_too(make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    bench = make_bench()
    ours = {endpoint.service: endpoint.url for endpoint in endpoints(bench, region)}

    with bench.scope(region=region) as aws:
        clients = {service: aws.client(service) for service in ("sts", "sagemaker", "iam")}

    assert {service: client.meta.endpoint_url for service, client in clients.items()} == {
        service: ours[service] for service in clients
    }


def test_a_region_that_is_quoted_makes_no_address(make_bench: MakeBench) -> None:
    with pytest.raises(InvalidRegionError) as invalid:
        endpoints(make_bench(), '"us-east-1"')

    assert make_bench().gateway.classify(invalid.value).kind is FailureKind.REGION_INVALID


@pytest.mark.parametrize(
    ("override", "shown"),
    [
        ("localhost", "localhost"),
        ("http://", "http://"),
        ("http://[::1", "[::1"),
        ("http://localhost:http/", "localhost:http/"),
        ("someone:secret@localhost", "localhost"),
        ("http://localhost:1/?token=secret", "http://localhost:1/?…"),
    ],
)
def test_an_override_that_is_no_url_is_shown_without_its_secrets_and_does_not_blame_the_region(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch, override: str, shown: str
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", override)

    ours = {endpoint.service: endpoint for endpoint in endpoints(make_bench(), "us-east-1")}

    assert (ours["s3"].url, ours["s3"].overridden_by) == (shown, "AWS_ENDPOINT_URL_S3")
    assert ours["sts"].url == "https://sts.us-east-1.amazonaws.com"


def test_without_a_region_there_are_no_addresses_and_no_clients(make_bench: MakeBench) -> None:
    with make_bench().scope("iam.GetRole", region=None) as aws:
        for name in ("endpoints", "region", "partition"):
            with pytest.raises(NoRegionError):
                getattr(aws, name)
        with pytest.raises(NoRegionError):
            aws.client("iam")


@pytest.mark.parametrize(
    ("environ", "config", "url", "named_by"),
    [
        ({"AWS_ENDPOINT_URL": "http://all:1"}, "", "http://all:1", "AWS_ENDPOINT_URL"),
        ({"AWS_ENDPOINT_URL": "http://all:1", "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": "http://one:1"}, "",
         "http://one:1", "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"),
        ({}, "[profile p]\nendpoint_url = http://profile:1\n", "http://profile:1",
         "endpoint_url of profile p in the AWS config file"),
        ({}, "[profile p]\nservices = local\n[services local]\nsagemaker_runtime =\n  endpoint_url = http://service:1\n",
         "http://service:1", "endpoint_url of sagemaker_runtime in [services local] of the AWS config file"),
        ({"AWS_ENDPOINT_URL": "http://all:1"}, "[profile p]\nignore_configured_endpoint_urls = true\n",
         "https://runtime.sagemaker.eu-west-1.amazonaws.com", None),
    ],
)  # fmt: skip
def test_an_override_says_where_it_comes_from(  # noqa: PLR0917 # pytest passes them by name
    make_bench: MakeBench,
    monkeypatch: pytest.MonkeyPatch,
    environ: dict[str, str],
    config: str,
    url: str,
    named_by: str | None,
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    bench = make_bench()
    bench.write_config(config or "[profile p]\n")

    found = {e.service: e for e in endpoints(bench, "eu-west-1", CredentialSource(profile="p"))}

    assert found["sagemaker-runtime"] == Endpoint("sagemaker-runtime", url, overridden_by=named_by)


def test_proxy_and_authorities_are_those_that_botocore_would_use(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("HTTPS_PROXY", "http://alice:hush@proxy.example.com:3128")
    monkeypatch.setenv("NO_PROXY", "s3.eu-west-1.amazonaws.com")
    monkeypatch.setenv("AWS_CA_BUNDLE", "/etc/corp.pem")

    found = {endpoint.service: endpoint for endpoint in endpoints(make_bench(), "eu-west-1")}

    assert (found["sts"].proxy, found["s3"].proxy) == ("http://alice@proxy.example.com:3128", None)
    assert {endpoint.ca_bundle for endpoint in found.values()} == {"/etc/corp.pem"}
    assert "hush" not in repr(found)


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        ("http://proxy:3128", "http://proxy:3128"),
        ("proxy:3128", "http://proxy:3128"),
        ("//proxy:3128", "http://proxy:3128"),
        ("https://alice:hush@proxy:3128/", "https://alice@proxy:3128/"),
        ("http://:hush@proxy:3128", "http://proxy:3128"),
        ("http://alice:hush%40x@proxy", "http://alice@proxy"),
        ("alice:hush@proxy:3128", "http://alice@proxy:3128"),
        ("http://proxy:3128/?password=hush", "http://proxy:3128/"),
    ],
)
def test_a_proxy_is_shown_without_its_password(proxy: str, shown: str) -> None:
    assert without_password(proxy) == shown


def test_requests_ca_bundle_counts_where_aws_ca_bundle_says_nothing(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/requests.pem")

    assert endpoints(make_bench(), "eu-west-1")[0].ca_bundle == "/etc/requests.pem"


def test_sources_of_equal_settings_share_clients_and_others_do_not(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    bench = make_bench()
    bench.write_config(
        "[profile plain]\nregion=eu-west-1\n"
        "[profile other-region]\nregion=us-east-1\n"
        "[profile fips]\nuse_fips_endpoint=true\n"
        "[profile local]\nendpoint_url=http://localhost:4566\n"
        "[profile corp]\nca_bundle=/etc/corp.pem\n"
    )
    clients = {}
    for name in ("plain", "other-region", "fips", "local", "corp"):
        with bench.scope(source=CredentialSource(profile=name), region="us-west-2") as aws:
            clients[name] = aws.client("sagemaker")

    assert clients["plain"] is clients["other-region"]
    assert len({id(client) for client in clients.values()}) == 4
    assert clients["plain"].meta.endpoint_url == "https://api.sagemaker.us-west-2.amazonaws.com"
    assert clients["fips"].meta.endpoint_url == "https://api-fips.sagemaker.us-west-2.amazonaws.com"
    assert clients["local"].meta.endpoint_url == "http://localhost:4566"


def test_a_thousand_targets_make_no_more_clients_than_there_are_services_and_regions(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.write_profiles("".join(f"[p{n}]\naws_access_key_id=A\naws_secret_access_key=x\n" for n in range(20)))
    regions = ("us-east-1", "eu-west-1")
    targets = [
        Target(f"t{n}", source=CredentialSource(profile=f"p{n % 20}"), region=regions[n % 2]) for n in range(1000)
    ]

    bench.gateway.warm(targets, ("iam", "sts", "s3"))

    assert len(bench.gateway._clients) == 5  # IAM once, STS and S3 in two regions
    before = set(bench.gateway._clients._clients)
    with bench.scope("iam.GetRole", source=CredentialSource(profile="p7"), region="eu-west-1") as aws:
        aws.client("iam"), aws.client("s3")
    assert set(bench.gateway._clients._clients) == before  # nothing is made in a sweep


def test_warming_passes_over_what_makes_no_client(make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "localhost")
    bench = make_bench()
    targets = [Target("a", region=None), Target("b", region='"us-east-1"'), Target("c", region="us-east-1")]

    bench.gateway.warm(targets, ("sts", "s3"))

    assert len(bench.gateway._clients) == 1
    with bench.scope("s3.HeadBucket") as aws, pytest.raises(ValueError, match="Invalid endpoint") as invalid:
        aws.client("s3")
    assert bench.gateway.classify(invalid.value).kind is FailureKind.UNREACHABLE


@pytest.mark.parametrize("broken", ["[profile p\n", "", "[profile p]\nuse_fips_endpoint=maybe\nservices=gone\n"])
def test_settings_that_cannot_be_read_leave_what_the_environment_says(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://sts.local:1")
    bench = make_bench()
    bench.write_config(broken)
    source = CredentialSource(profile="p")

    assert bench.gateway.configured_region(source) == "eu-west-3"
    assert endpoints(bench, "us-east-1", source)[0].url == "http://sts.local:1"


@pytest.mark.parametrize(
    ("environ", "config", "profile", "region"),
    [
        ({}, "", None, None),
        ({"AWS_REGION": "eu-west-1"}, "", None, None),  # boto3 does not read it
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "[default]\nregion=eu-west-2\n", None, "eu-west-1"),
        ({}, "[default]\nregion=eu-west-2\n", None, "eu-west-2"),
        ({}, "[profile p]\nregion=eu-west-3\n", "p", "eu-west-3"),
        ({"AWS_PROFILE": "p"}, "[profile p]\nregion=eu-west-3\n", None, "eu-west-3"),
    ],
)
def test_the_configured_region_is_the_one_that_boto3_would_use(  # noqa: PLR0917 # pytest passes them by name
    make_bench: MakeBench,
    monkeypatch: pytest.MonkeyPatch,
    environ: dict[str, str],
    config: str,
    profile: str | None,
    region: str | None,
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    bench = make_bench()
    bench.write_config(config)

    assert bench.gateway.configured_region(CredentialSource(profile=profile)) == region
    assert boto3.Session(profile_name=profile).region_name == region


def test_a_change_of_the_config_file_is_noticed(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.write_config("[default]\nregion=eu-west-1\n")
    assert bench.gateway.configured_region(CredentialSource()) == "eu-west-1"

    bench.write_config("[default]\nregion=eu-central-1\n")
    assert bench.gateway.configured_region(CredentialSource()) == "eu-central-1"


def test_partitions_and_regions_are_known_without_asking(make_bench: MakeBench) -> None:
    partitions = {}
    bench = make_bench()
    for region in ("us-east-1", "eu-nowhere-7", "cn-north-1", "us-gov-east-1", "eusc-de-east-1", "atlantis"):
        with bench.scope(region=region) as aws:
            partitions[region] = aws.partition
            known = aws.known_regions

    assert partitions == {
        "us-east-1": "aws",
        "eu-nowhere-7": "aws",
        "cn-north-1": "aws-cn",
        "us-gov-east-1": "aws-us-gov",
        "eusc-de-east-1": "aws-eusc",
        "atlantis": "aws",
    }
    assert {"us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"} <= known
    assert known.isdisjoint({"us-east-9", "aws-global", "us-gov-west-1-fips"})
