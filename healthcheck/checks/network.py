"""The way from this host to AWS, and its clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from healthcheck.capabilities import Aws, Host
from healthcheck.check import check
from healthcheck.checks import journeys
from healthcheck.result import Fix, Result, critical, ok, unknown, warning
from healthcheck.target import Target

_CLOCK = "clock of this host"


@check(
    every=timedelta(minutes=5),
    after=["region.configured"],
    reasons=["bad_url", "dns", "endpoint_override", "http", "proxy", "tcp", "tls"],
    timeout=timedelta(seconds=90),
)
def reachable(aws: Aws, host: Host, target: Target) -> Iterator[Result]:
    """Every address that AWS's SDK would call can be looked up, connected to and trusted.

    Why: a wrong proxy, a missing certificate authority or a private network without a VPC endpoint shows as a
        timeout, or as "could not connect to the endpoint URL", somewhere deep in a job's submission.
    Sees: for sts, sagemaker, s3, sagemaker-runtime, iam, logs and ecr the URL that botocore itself would call,
        overrides, FIPS and proxy included: DNS, proxy, TCP, TLS and the first HTTP answer, without credentials.
        What this host needs for a job to start is critical; what it needs only to look (iam, logs, ecr) is a warning.
    Cannot see: what jobs reach from inside a VPC; endpoint policies; a proxy that filters by path.
    Source: https://docs.aws.amazon.com/general/latest/gr/sagemaker.html, read 2026-11-22.
    """
    told: set[str] = set()
    distinct = journeys.distinct(aws.endpoints)
    reached = aws.together([partial(host.reach, journey.one) for journey in distinct])
    shared = journeys.before_all(distinct, reached)
    for journey, reach in zip(distinct, reached, strict=True):
        result = journeys.judge(journey, reach, target, known_regions=aws.known_regions, shared=shared)
        # One broken proxy, or a host without any network, is one verdict, however many addresses lie behind it.
        if result.subject not in told:
            told.add(result.subject)
            yield result


@check(every=timedelta(minutes=5), after=["network.reachable"], reasons=["no_date", "skewed"])
def clock(
    aws: Aws,
    host: Host,
    *,
    warn: timedelta = timedelta(seconds=30),
    fail: timedelta = timedelta(seconds=240),
) -> Iterator[Result]:
    """This host's clock agrees with AWS's.

    Why: AWS refuses signatures that are more than five minutes off, and says so as if the keys were wrong; clocks
        drift after a laptop, a virtual machine or WSL has slept.
    Sees: the Date header of an answer from AWS (the first of the SDK's addresses that gives one), good to a second.
    Cannot see: a proxy that answers with a Date of its own making.
    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html, read 2026-11-22.
    Settings:
        warn: the difference that is worth a warning
        fail: the difference at which AWS is about to refuse, or refuses
    """
    for endpoint in aws.endpoints:
        reach = host.reach(endpoint)
        if reach.clock_offset_seconds is not None:
            yield offset(reach.clock_offset_seconds, warn, fail, is_wsl="WSL_DISTRO_NAME" in host.environ)
            return
    yield unknown(
        _CLOCK,
        f"{_CLOCK}: no answer from AWS bore a date to compare it with",
        reason="no_date",
        fix=Fix(
            "Compare by hand; a proxy may strip the header.",
            ("curl -sI https://sts.amazonaws.com | grep -i ^date", "date -u"),
        ),
    )


def offset(seconds: float, warn: timedelta, fail: timedelta, *, is_wsl: bool) -> Result:
    """Judge how far this host's clock is from the server's."""
    direction = "ahead of" if seconds > 0 else "behind"
    sentence = f"{_CLOCK}: is {abs(seconds):.0f} s {direction} AWS's"
    evidence = {"offset_seconds": round(seconds, 1)}
    command = "wsl --shutdown" if is_wsl else "sudo chronyc makestep"
    fix = Fix("Set the clock, and keep it set by a time service.", (command, "timedatectl set-ntp true"))
    if abs(seconds) > fail.total_seconds():
        sentence += f", more than {fail.total_seconds():.0f} s; AWS refuses signatures from 300 s on"
        return critical(_CLOCK, sentence, reason="skewed", fix=fix, evidence=evidence)
    if abs(seconds) > warn.total_seconds():
        sentence += f", more than {warn.total_seconds():.0f} s"
        return warning(_CLOCK, sentence, reason="skewed", fix=fix, evidence=evidence)
    return ok(_CLOCK, f"{_CLOCK}: agrees with AWS's within {warn.total_seconds():.0f} s", evidence=evidence)
