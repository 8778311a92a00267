"""Check after check over one gateway: botocore itself signs, sends, parses and judges what the wire brings."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.awsrequest import AWSResponse

from healthcheck.aws import Gateway
from healthcheck.aws.pacing import Pacing
from healthcheck.capabilities import Aws, Credentials, Endpoint, Reach
from healthcheck.check import Check
from healthcheck.engine.execution import Clocks, execute
from healthcheck.errors import Failure
from healthcheck.host import LocalHost
from healthcheck.plan import BoundCheck
from healthcheck.run import Run
from healthcheck.target import Target
from healthcheck.testing import ENVIRON, NOW, AwsError, Pages, Situation, denied
from healthcheck.testing.answers import conform
from healthcheck.testing.harness import IDENTITY
from tests.chaos.wire import Bytes, answer, error

_PARAMETERS = "tests.chaos.parameters"

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """One request, and what AWS would have said to it."""

    operation: str
    model: Any
    parameters: Body
    number: int
    """How many of this operation came before it in the run."""
    page: int
    good: Body | AwsError | Exception

    @property
    def honest(self) -> Bytes | Exception:
        """What AWS would have sent."""
        return send(self.model, self.good)


Injection = Callable[[Asked], Bytes | Exception]


def send(model: Any, good: Body | AwsError | Exception) -> Bytes | Exception:
    """Write what AWS says down."""
    if isinstance(good, AwsError):
        return error(model, good.code, good.message, good.status, good.headers)
    return good if isinstance(good, Exception) else answer(model, good)


@dataclass
class _Scene:
    """What the one run that is under way meets."""

    check: Check
    situation: Situation
    operation: str | None
    inject: Injection | None
    asked: list[str] = field(default_factory=list)

    def answer(self, operation: str, model: Any, parameters: Body) -> Bytes | Exception:
        found = {**IDENTITY, **self.situation.answers}.get(operation) or denied(operation)
        page = 0
        if isinstance(found, Pages):
            page, found = found.page(parameters)
        elif callable(found):
            found = found(parameters)
        good = conform(operation, model.output_shape, found) if isinstance(found, Mapping) else found
        asked = Asked(operation, model, parameters, self.asked.count(operation), page, good)
        self.asked.append(operation)
        return self.inject(asked) if self.inject and operation == self.operation else asked.honest


class Bench:
    """One gateway, and whoever is examined at the moment."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._environ = {**ENVIRON, "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}
        self._gateway = self._new_gateway()
        self._clients: list[Any] = []
        self._scene: _Scene | None = None

    def _new_gateway(self) -> Gateway:
        return Gateway(environ=self._environ, clock=lambda: NOW, pacing=_AtOnce(pause=lambda _: None))

    def forget(self) -> None:
        """Forget what is kept for ever: versions of policies, of which each case has its own."""
        self._gateway.close()
        self._gateway = self._new_gateway()

    def close(self) -> None:
        """Let go of everything."""
        self._gateway.close()

    def run(
        self, check: Check, situation: Situation, operation: str | None = None, inject: Injection | None = None
    ) -> tuple[Run, tuple[str, ...]]:
        """Return what the check comes to when one operation is answered by something else, and what it asked."""
        self._scene = _Scene(check, situation, operation, inject)
        bound = BoundCheck(
            check=check,
            settings={**check.defaults(), **situation.settings},
            every=check.every,
            timeout=check.timeout,
            after=check.after,
        )
        execution = execute(
            bound,
            situation.target,
            gateway=_Gateway(self, situation.credentials),  # type: ignore[arg-type] # as much of one as is used
            host=_Host(self._environ, self._home, situation.reach),
            max_age_seconds=0,  # nothing is remembered from one run to the next
            clocks=Clocks(now=lambda: NOW, new_id=lambda: "0123456789abcdef"),
        )
        return execution.run, tuple(self._scene.asked)

    def scope(self, target: Target, check: Check, *, deadline: float, max_age_seconds: float) -> Any:
        """Open the real scope."""
        return self._gateway.scope(target, check, deadline=deadline, max_age_seconds=max_age_seconds)

    def classify(self, failed: BaseException, *, operation: str | None = None) -> Failure:
        """Say what an exception means."""
        return self._gateway.classify(failed, operation=operation)

    def tap(self, client: Any, service: str) -> Any:
        """Answer the client's requests from here, once they are signed and about to be sent."""
        if any(client is known for known in self._clients):
            return client
        self._clients.append(client)

        def note(params: Body, context: dict[str, Any], **_: object) -> None:
            context[_PARAMETERS] = dict(params)

        def reply(request: Any, event_name: str, **_: object) -> AWSResponse:
            assert self._scene is not None
            name = event_name.rpartition(".")[2]
            model = client.meta.service_model.operation_model(name)
            came = self._scene.answer(f"{service}.{name}", model, request.context[_PARAMETERS])
            if isinstance(came, Exception):
                raise came
            made: Any = AWSResponse
            response: AWSResponse = made(request.url, came.status, came.headers, came)
            return response

        client.meta.events.register("before-parameter-build", note)
        client.meta.events.register_last("before-send", reply)
        return client


@contextmanager
def a_bench() -> Iterator[Bench]:
    """Make a bench in an environment that holds nothing but its keys."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="healthcheck-") as directory:
        kept = {name: value for name, value in before.items() if not name.startswith(("AWS_", "BOTO"))}
        os.environ.clear()
        os.environ.update({**kept, **ENVIRON, "HOME": directory, "AWS_EC2_METADATA_DISABLED": "true"})
        bench = Bench(Path(directory))
        try:
            yield bench
        finally:
            bench.close()
            os.environ.clear()
            os.environ.update(before)


class _AtOnce(Pacing):
    """Nobody is asked, so nobody has to be spared; what is asked again, and how often, stays as it is."""

    def wait(self, payer: Hashable, service: str, operation: str, deadline: float) -> None:
        """Wait for nothing."""


class _Gateway:
    """As much of a gateway as one execution uses."""

    def __init__(self, bench: Bench, credentials: Credentials | None) -> None:
        self._bench = bench
        self._credentials = credentials

    @contextmanager
    def scope(self, target: Target, check: Check, *, deadline: float, max_age_seconds: float) -> Iterator[Any]:
        with self._bench.scope(target, check, deadline=deadline, max_age_seconds=max_age_seconds) as aws:
            yield _Aws(aws, self._bench, self._credentials)

    def classify(self, failed: BaseException, *, operation: str | None = None) -> Failure:
        return self._bench.classify(failed, operation=operation)


class _Aws:
    """The real `Aws`, whose clients end at the bench."""

    def __init__(self, aws: Aws, bench: Bench, credentials: Credentials | None) -> None:
        self._aws = aws
        self._bench = bench
        self._credentials = credentials

    def __getattr__(self, name: str) -> Any:
        return getattr(self._aws, name)

    @property
    def credentials(self) -> Credentials:
        return self._credentials or self._aws.credentials

    def client(self, service: str) -> Any:
        client: Any = self._aws.client(service)
        return self._bench.tap(client, service)

    def account(self) -> str:
        account: str = self.client("sts").get_caller_identity()["Account"]
        return account


class _Host(LocalHost):
    """This host, whose connections get as far as the situation says."""

    def __init__(self, environ: Mapping[str, str], home: Path, reach: Callable[[Endpoint], Reach] | Reach) -> None:
        super().__init__(environ, home)
        self._reach = reach

    def reach(self, endpoint: Endpoint, *, max_age_seconds: float = 30.0) -> Reach:  # noqa: ARG002 - nothing ages here
        return self._reach(endpoint) if callable(self._reach) else self._reach
