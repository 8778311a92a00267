"""Gateways that talk to an imitation of AWS over real HTTP."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from healthcheck.aws.gateway import Gateway
from healthcheck.aws.pacing import Pacing
from tests.aws.aws_bench import NOON, Bench
from tests.aws.aws_imitation import Imitation, imitation


@pytest.fixture
def aws() -> Iterator[Imitation]:
    with imitation() as script:
        yield script


@pytest.fixture
def make_bench(
    aws: Imitation, clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Bench]]:
    """Make a gateway once the environment is as the test wants it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    gateways: list[Gateway] = []

    def make() -> Bench:
        calls: Counter[tuple[str, str, str]] = Counter()
        pauses: list[float] = []
        now = [NOON]

        def count(service: str, operation: str, outcome: str) -> None:
            calls[service, operation, outcome] += 1

        pacing = Pacing(pause=pauses.append, jitter=lambda: 1.0)
        gateway = Gateway(
            environ=os.environ,
            clock=lambda: now[0],
            on_call=count,
            pacing=pacing,
        )
        gateways.append(gateway)
        return Bench(aws, clean_environment, gateway, calls, pacing, pauses, now)

    yield make
    for gateway in gateways:
        gateway.close()


@pytest.fixture
def bench(make_bench: Callable[[], Bench], monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A gateway with ambient keys of account 111122223333."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAAAAA111122223333")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab")
    return make_bench()
