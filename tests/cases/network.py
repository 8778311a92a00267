"""Cases of the checks in healthcheck.checks.network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from healthcheck.capabilities import Endpoint, Reach
from healthcheck.result import Status
from healthcheck.target import Purpose
from healthcheck.testing import ENVIRON, TARGET, Case, Situation

_Step = Literal["url", "dns", "proxy", "tcp", "tls", "http", "time"]


def _failing(
    step: _Step, *services: str, error: str = "it said so", addresses: tuple[str, ...] = ()
) -> Callable[[Endpoint], Reach]:
    def reach(endpoint: Endpoint) -> Reach:
        if services and endpoint.service not in services:
            return Reach(endpoint.url)
        return Reach(endpoint.url, addresses, step, error)

    return reach


def _offset(seconds: float | None) -> Situation:
    return Situation(reach=Reach("", clock_offset_seconds=seconds))


CASES = {
    "network.reachable": (
        Case("everything answers", Situation(), Status.OK),
        Case("no name can be looked up", Situation(reach=_failing("dns")), Status.CRITICAL, "dns"),
        Case(
            "an override that is no URL",
            Situation(
                environ={**ENVIRON, "AWS_ENDPOINT_URL_STS": "https://sts.corp:https"}, reach=_failing("url", "sts")
            ),
            Status.CRITICAL,
            "bad_url",
        ),
        Case("STS is slow, and nothing is told", Situation(reach=_failing("time", "sts")), Status.UNKNOWN, "timed_out"),
        Case("STS refuses connections", Situation(reach=_failing("tcp", "sts")), Status.CRITICAL, "tcp"),
        Case(
            "a VPC endpoint that does not let us in",
            Situation(reach=_failing("tcp", "sagemaker", addresses=("10.0.0.7",))),
            Status.CRITICAL,
            "tcp",
        ),
        Case("an intercepted S3", Situation(reach=_failing("tls", "s3")), Status.CRITICAL, "tls"),
        Case("silence after the handshake", Situation(reach=_failing("http", "s3")), Status.CRITICAL, "http"),
        Case("IAM alone, as in a closed VPC", Situation(reach=_failing("tcp", "iam")), Status.WARNING, "tcp"),
        Case(
            "the runtime, which training does not need",
            Situation(reach=_failing("tcp", "sagemaker-runtime")),
            Status.WARNING,
            "tcp",
        ),
        Case(
            "the runtime, which hosting needs",
            Situation(target=replace(TARGET, purposes=(Purpose.HOSTING,)), reach=_failing("tcp", "sagemaker-runtime")),
            Status.CRITICAL,
            "tcp",
        ),
        Case(
            "a proxy that leads nowhere",
            Situation(
                environ={**ENVIRON, "https_proxy": "http://someone:secret@proxy.invalid:3128"}, reach=_failing("proxy")
            ),
            Status.CRITICAL,
            "proxy",
        ),
        Case(
            "an imitation of AWS on this host, which answers",
            Situation(environ={**ENVIRON, "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}),
            Status.OK,
        ),
        Case(
            "the left-over address of an imitation that is gone",
            Situation(environ={**ENVIRON, "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, reach=_failing("tcp")),
            Status.CRITICAL,
            "tcp",
        ),
        Case(
            "the left-over address of another region",
            Situation(environ={**ENVIRON, "AWS_ENDPOINT_URL_STS": "https://sts.eu-west-1.amazonaws.com"}),
            Status.WARNING,
            "endpoint_override",
        ),
    ),
    "network.clock": (
        Case("the same time", _offset(0.4), Status.OK),
        Case("just tolerable", _offset(30.0), Status.OK),
        Case("half a minute ahead", _offset(30.5), Status.WARNING, "skewed"),
        Case("half a minute behind", _offset(-30.5), Status.WARNING, "skewed"),
        Case("four minutes, the last that warns", _offset(-240.0), Status.WARNING, "skewed"),
        Case("more than four minutes behind", _offset(-240.5), Status.CRITICAL, "skewed"),
        Case("answers without a date", _offset(None), Status.UNKNOWN, "no_date"),
        Case(
            "a stricter limit",
            Situation(
                reach=Reach("", clock_offset_seconds=3.0),
                settings={"warn": timedelta(seconds=2)},
            ),
            Status.WARNING,
            "skewed",
        ),
    ),
}
