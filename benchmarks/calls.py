"""CPU of one AWS call through the gateway, against a boto3 client that is kept."""

from __future__ import annotations

import time
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.bench import Endpoint, Measurement, account, environment, folder, in_process, write_fleet
from benchmarks.fake_aws import ROLE
from benchmarks.fleets import fleet
from healthcheck import minutes
from healthcheck.aws.pacing import Pacing
from healthcheck.check import Check

ROUNDS = 150
TURNS = 5
NAME = ROLE.rpartition("/")[2]


def _ask(client: Any, account_id: str) -> int:
    client("sts").get_caller_identity()
    iam = client("iam")
    iam.get_role(RoleName=NAME)
    iam.list_attached_role_policies(RoleName=NAME)
    iam.get_role_policy(RoleName=NAME, PolicyName="inline")
    client("s3").head_bucket(Bucket=f"sagemaker-us-east-1-{account_id}")
    client("sagemaker").list_endpoints(MaxResults=1)
    client("ssm").get_parameters_by_path(Path="/aws/service/global-infrastructure/services/sagemaker/regions")
    return 7


def _kept(url: str) -> Any:
    session: Any = boto3.session.Session(
        aws_access_key_id=f"AKIA0000{account(0)}", aws_secret_access_key="s" * 40, region_name="us-east-1"
    )
    services = ("sts", "iam", "s3", "sagemaker", "ssm")
    clients = {
        name: session.client(name, endpoint_url=url, config=Config(max_pool_connections=64)) for name in services
    }
    return clients.__getitem__


def _caller(registry_checks: list[Check]) -> Check:
    """Return a check that may ask all that the measurement asks."""
    base = registry_checks[0]
    calls = (
        "sts.GetCallerIdentity",
        "iam.GetRole",
        "iam.ListAttachedRolePolicies",
        "iam.GetRolePolicy",
        "s3.HeadBucket",
        "sagemaker.ListEndpoints",
        "ssm.GetParametersByPath",
    )
    return Check(
        id="bench.calls",
        probe=base.probe,
        every=minutes(1),
        timeout=minutes(10),
        after=(),
        calls=calls,
        optional_calls=(),
        reasons=frozenset(),
        writes=False,
        gauges=(),
        capabilities=(),
        settings=(),
        documentation=base.documentation,
        origin="benchmarks",
    )


def compare(settings: str, url: str) -> dict[str, float]:
    """Take turns between kept boto3 clients and the gateway; return the CPU milliseconds of a call of each."""
    # Pacing would only make it wait, and the memory would answer for AWS: both are out of the measurement.
    looked = fleet(settings, pacing=Pacing(pause=lambda _: None))
    gateway, target = looked.gateway, looked.plan.targets[0].target
    gateway.resolve(target)
    kept = _kept(url)
    check = _caller(list(looked.registry))
    cpu = {"boto3": 0.0, "gateway": 0.0}
    calls = 0
    for turn in range(TURNS + 1):
        before = time.process_time()
        asked = sum(_ask(kept, account(0)) for _ in range(ROUNDS))
        spent_kept = time.process_time() - before
        before = time.process_time()
        with gateway.scope(target, check, deadline=time.monotonic() + 600, max_age_seconds=0.0) as aws:
            for _ in range(ROUNDS):
                _ask(aws.client, account(0))
        spent_ours = time.process_time() - before
        if turn:  # the first turn warms up
            calls += asked
            cpu["boto3"] += spent_kept
            cpu["gateway"] += spent_ours
    return {name: 1000 * spent / calls for name, spent in cpu.items()}


def per_call(endpoint: Endpoint) -> tuple[Measurement, ...]:
    """Compare the CPU of a call."""
    with folder() as home:
        endpoint.set(latency_seconds=0.0, throttle_every=0)
        settings = write_fleet(home, 1)
        figures = in_process(compare, str(settings), endpoint.url, env=environment(endpoint.url, home))
    return (
        Measurement(
            "CPU of an AWS call / of kept boto3 clients",
            figures["gateway"] / figures["boto3"],
            0.80,
            0.60,
            f"{figures['gateway']:.2f} ms / {figures['boto3']:.2f} ms",
        ),
    )
