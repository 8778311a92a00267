"""What a check is handed as its `Aws`: the shared clients, seen from one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, NoRegionError
from botocore.parsers import ResponseParserError

from healthcheck.aws import guard
from healthcheck.aws.clients import Clients
from healthcheck.aws.company import Company
from healthcheck.aws.endpoints import Endpoints
from healthcheck.aws.errors import TooManyCalls, classify
from healthcheck.aws.facts import Facts
from healthcheck.aws.hooks import Accounts
from healthcheck.aws.hourly import Hourly
from healthcheck.aws.profiles import Profile
from healthcheck.aws.regions import Regions
from healthcheck.aws.scope import current
from healthcheck.capabilities import Credentials, Endpoint
from healthcheck.errors import Failure, FailureKind

T = TypeVar("T")


class RunAws:
    """Implements `healthcheck.capabilities.Aws` for one run of one check."""

    def __init__(
        self,
        *,
        region: str | None,
        credentials: Credentials,
        profile: Profile,
        clients: Clients,
        endpoints: Endpoints,
        regions: Regions,
        clock: Callable[[], datetime],
        company: Company,
        hourly: Hourly,
        accounts: Accounts,
        facts: Facts,
    ) -> None:
        self._region = region
        self._credentials = credentials
        self._profile = profile
        self._clients = clients
        self._endpoints = endpoints
        self._regions = regions
        self._clock = clock
        self._company = company
        self._hourly = hourly
        self._accounts = accounts
        self._facts = facts

    @property
    def now(self) -> datetime:
        """The time, in UTC."""
        return self._clock()

    @property
    def region(self) -> str:
        """The target's region; botocore's own `NoRegionError` where it has none."""
        if not self._region:
            raise NoRegionError
        return self._region

    @property
    def partition(self) -> str:
        """The partition of the target's region."""
        return self._regions.partition(self.region)

    @property
    def known_regions(self) -> frozenset[str]:
        """Regions of every partition that botocore's bundled list says have SageMaker."""
        return self._regions.sagemaker

    @property
    def credentials(self) -> Credentials:
        """What resolving the target's credential source gave."""
        return self._credentials

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The URLs that botocore would call for this target."""
        return self._endpoints.of(self.region, self._profile)

    def client(self, service: str) -> Any:
        """Return the shared client of a service for the target's region."""
        return self._clients.client(service, self.region, self._profile.settings)

    def account(self) -> str:
        """Return the 12-digit account of the credentials; the check declares ``sts.GetCallerIdentity``."""
        scope = guard.admit("sts.GetCallerIdentity")
        # Who is to look again, or has lost the keys, hears it from STS.
        if scope.max_age_seconds > 0 and scope.keys is not None:
            known = self._accounts.of(scope.source, scope.generation)
            if known is not None:
                return known
        account: str = self.client("sts").get_caller_identity()["Account"]
        return account

    def together(self, questions: Sequence[Callable[[], T]]) -> list[T]:
        """Ask several things side by side, where other threads are free to."""
        return self._company.ask(questions)

    def once(self, subject: str, work: Callable[[], T]) -> T:
        """Return what the work comes to, or what it came to for another check a moment ago."""
        return self._facts.once(subject, current(subject), self._region, work)

    def hourly(self, subject: str, ask: Callable[[], T]) -> T:
        """Return what was answered within the last hour, or ask."""
        return self._hourly.ask(subject, current(subject), ask)

    def optional(self, ask: Callable[[], T]) -> T | Failure:
        """Ask what the check can do without; mistakes of a check are raised all the same."""
        try:
            return ask()
        except (BotoCoreError, ClientError, ResponseParserError, TooManyCalls) as error:
            failure = classify(error)
            if failure.kind is FailureKind.CRASHED:
                raise
            return failure

    def failure(self, error: Exception) -> Failure:
        """Say what an exception from a client means."""
        return classify(error)
