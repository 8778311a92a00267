"""The gateway: everything that one process needs to ask AWS on behalf of many targets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError

from healthcheck.aws.capability import RunAws
from healthcheck.aws.clients import Clients
from healthcheck.aws.company import Company
from healthcheck.aws.endpoints import Endpoints
from healthcheck.aws.errors import classify
from healthcheck.aws.facts import Facts
from healthcheck.aws.hooks import Accounts, Hooks, OnCall, kind_of, outcome
from healthcheck.aws.hourly import Hourly
from healthcheck.aws.memory import Memory
from healthcheck.aws.models import models
from healthcheck.aws.pacing import Pacing
from healthcheck.aws.profiles import Profiles
from healthcheck.aws.regions import Regions
from healthcheck.aws.scope import Scope, in_force
from healthcheck.aws.sessions import Resolved, Sources, with_bases
from healthcheck.capabilities import Aws, Credentials
from healthcheck.check import Check
from healthcheck.errors import Failure
from healthcheck.target import CredentialSource, Target

ASSUME_SECONDS = 20.0
"""How long assuming a role may take."""


def ignore(_service: str, _operation: str, _outcome: str) -> None:
    """Count nothing."""


class Gateway:
    """Credential sources, shared clients, memory and pacing of one process; safe for any number of threads.

    Args:
        environ: the environment of this process; botocore reads the same one by itself.
        clock: the time, in UTC.
        on_call: told of each request that is made or saved: service, operation, and outcome
            (ok, denied, throttled, failed or remembered). Called from many threads.
        pacing: how fast to ask; replaced in tests.
    """

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        clock: Callable[[], datetime],
        on_call: OnCall = ignore,
        pacing: Pacing | None = None,
    ) -> None:
        self._clock = clock
        self._on_call = on_call
        loader = models(environ.get("AWS_DATA_PATH"))
        self._regions = Regions(loader)
        self._endpoints = Endpoints(loader, self._regions)
        self._profiles = Profiles(environ, loader, self._provider_called)
        memory, self._facts = Memory(lambda: clock().timestamp()), Facts(lambda: clock().timestamp())
        self._pacing = pacing or Pacing()
        self._accounts = Accounts()
        hooks = Hooks(memory, self._pacing, self._accounts, on_call)
        self._clients = Clients(loader, self._regions, hooks.attach)
        self._company = Company()
        self._hourly = Hourly(lambda: clock().timestamp())
        self._sources = Sources(self._profiles, clock, self._assume)
        self._warmed: set[str] = set()

    @property
    def known_regions(self) -> frozenset[str]:
        """Regions of every partition that botocore's bundled list says have SageMaker."""
        return self._regions.sagemaker

    def configured_region(self, source: CredentialSource) -> str | None:
        """Return the region that botocore would use for a source by itself, or none."""
        self._profiles.look()
        return self._profiles.profile(source.profile).region

    def warm(self, targets: Iterable[Target], services: Iterable[str]) -> None:
        """Make the clients that targets will need: making one in a sweep stalls all threads for a while.

        A target whose settings make no client is passed over; its checks say why.
        """
        wanted = tuple(services)
        for target in targets:
            if target.region:
                self._warmed.add(target.region)
                settings = self._profiles.profile(target.source.profile).settings
                for service in wanted:
                    try:
                        self._clients.client(service, target.region, settings)
                    except (BotoCoreError, ValueError):
                        break

    def resolve(self, target: Target) -> Credentials:
        """Resolve or refresh a target's credentials before its round; failures are told in the answer."""
        return self._sources.resolve(target.source, target.region).credentials

    @contextmanager
    def scope(self, target: Target, check: Check, *, deadline: float, max_age_seconds: float) -> Iterator[Aws]:
        """Let this thread call AWS for one run of one check.

        Args:
            target: on whose behalf.
            check: what may be called.
            deadline: until when, on the monotonic clock.
            max_age_seconds: how old an answer of another run may be; 0 = ask anew, as a confirming look must.
        """
        resolved = self._sources.known(target.source, target.region)
        scope = _scope(
            resolved,
            check=check.id,
            calls=check.all_calls,
            may_write=check.writes,
            deadline=deadline,
            max_age_seconds=max_age_seconds,
        )
        aws = RunAws(
            region=target.region,
            credentials=resolved.credentials,
            profile=self._profiles.profile(target.source.profile),
            clients=self._clients,
            endpoints=self._endpoints,
            regions=self._regions,
            clock=self._clock,
            company=self._company,
            hourly=self._hourly,
            accounts=self._accounts,
            facts=self._facts,
        )
        with in_force(scope):
            yield aws

    def forget(self, source: CredentialSource) -> None:
        """Resolve a source from scratch before its next round."""
        self._sources.forget(source)

    def classify(self, error: BaseException, *, operation: str | None = None) -> Failure:
        """Say what an exception means: `healthcheck.aws.errors.classify`."""
        return classify(error, operation=operation)

    def keep(self, targets: Iterable[Target]) -> None:
        """Forget what is known for other targets than these: their keys, above all."""
        targets = tuple(targets)
        sources = with_bases(target.source for target in targets)
        self._sources.keep(sources)
        self._accounts.keep(sources)
        self._pacing.keep({self._accounts.payer(source) for source in sources})
        places = {
            (target.region, self._profiles.profile(target.source.profile).settings)
            for target in targets
            if target.region
        }
        self._clients.keep(places, self._warmed)
        self._warmed = {region for region, _ in places}

    def close(self) -> None:
        """Close all connections."""
        self._clients.close()

    def _assume(self, source: CredentialSource, base: Resolved, region: str | None) -> Mapping[str, Any]:
        profile = self._profiles.profile(source.profile)
        partition = (source.assume_role or "").split(":")[1:2]
        place = profile.region or region or self._regions.home(partition[0] if partition else "aws")
        scope = _scope(
            base,
            check="credentials.resolvable",
            calls=frozenset({"sts.AssumeRole"}),
            may_write=False,
            deadline=time.monotonic() + ASSUME_SECONDS,
            max_age_seconds=0.0,
        )
        wanted = {"RoleArn": source.assume_role, "RoleSessionName": source.session_name}
        if source.external_id is not None:
            wanted["ExternalId"] = source.external_id
        with in_force(scope):
            answer = self._clients.client("sts", place, profile.settings).assume_role(**wanted)
        credentials: Mapping[str, Any] = answer["Credentials"]
        return credentials

    def _provider_called(self, service: str, operation: str, parsed: object) -> None:
        self._on_call(service, operation, outcome(kind_of(parsed)))


def _scope(
    resolved: Resolved, *, check: str, calls: frozenset[str], may_write: bool, deadline: float, max_age_seconds: float
) -> Scope:
    return Scope(
        check=check,
        calls=calls,
        may_write=may_write,
        source=resolved.source,
        generation=resolved.generation,
        keys=resolved.keys,
        failure=resolved.failure,
        deadline=deadline,
        max_age_seconds=max_age_seconds,
    )
