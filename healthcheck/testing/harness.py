"""Run one check as the daemon would: real botocore clients, the real guard, and answers from a test."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

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
from healthcheck.testing.answers import Answer, AwsError, Pages, UnansweredCall, WrongAnswer, conform, denied

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/service-role/AmazonSageMaker-ExecutionRole-20200630"
KEY_ID = "AKIAQHEALTHCHECKTEST"
SECRET = "never/shown+anywhere/never/shown+anywhere"  # noqa: S105 - a marker that must not turn up in any verdict
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

TARGET = Target(name="prod/us-east-1", region="us-east-1", role=ROLE)

ENVIRON: Mapping[str, str] = MappingProxyType(
    {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "us-east-1"}
)

IDENTITY: Mapping[str, Answer] = MappingProxyType(
    {
        "sts.GetCallerIdentity": {
            "Account": ACCOUNT,
            "Arn": f"arn:aws:iam::{ACCOUNT}:user/healthcheck",
            "UserId": "AIDAQHEALTHCHECKTEST",
        }
    }
)
"""What STS answers unless a test says otherwise."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_PARAMETERS = "healthcheck.testing.parameters"


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that a check meets in one run."""

    target: Target = TARGET
    answers: Mapping[str, Answer] = field(default_factory=lambda: _NOTHING)
    """By operation, such as ``iam.GetRole``. An optional call without an answer is denied."""
    environ: Mapping[str, str] = field(default_factory=lambda: ENVIRON)
    """All of AWS's variables that the process has."""
    files: Mapping[str, str | bytes] = field(default_factory=lambda: _NOTHING)
    """By path in the home directory, such as ``.aws/config``."""
    settings: Mapping[str, object] = field(default_factory=lambda: _NOTHING)
    """The check's settings that differ from its defaults."""
    reach: Callable[[Endpoint], Reach] | Reach = field(default_factory=lambda: Reach("", clock_offset_seconds=0.0))
    """How far connections to endpoints get."""
    credentials: Credentials | None = None
    """What resolving the source gave; none = botocore resolves it from environment and files."""
    now: datetime = NOW


@dataclass(frozen=True, slots=True)
class Call:
    """One request that the check made."""

    operation: str
    parameters: Mapping[str, Any]
    is_paginated: bool
    """Whether AWS answers this operation in pages."""
    page: int
    pages: int
    """How many pages this test's answer has."""


@dataclass(frozen=True, slots=True)
class Examination:
    """A run and what it took."""

    run: Run
    calls: tuple[Call, ...]

    @property
    def operations(self) -> frozenset[str]:
        """The operations that were called."""
        return frozenset(call.operation for call in self.calls)


def run_check(check: Check, situation: Situation | None = None, **facts: Any) -> Run:
    """Run a check once and return what it came to.

    Args:
        check: the check.
        situation: what it meets; else its facts are given by name:
            ``run_check(my_check, answers={"iam.GetRole": {...}}, target=...)``.
        facts: the fields of `Situation`.

    Raises:
        UnansweredCall: the check made a call that the test has no answer to.
        WrongAnswer: an answer does not fit the service's model.
    """
    return examine(check, situation or Situation(**facts)).run


def examine(check: Check, situation: Situation) -> Examination:
    """Run a check once in a situation, and tell its calls too.

    The environment of this process is replaced for the time of the run, because botocore reads it by itself.
    """
    with tempfile.TemporaryDirectory(prefix="healthcheck-") as directory:
        home = Path(directory)
        for path, content in situation.files.items():
            file = home / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        environ = {**situation.environ, "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}
        with _environment(environ):
            return _run(check, situation, environ, home)


def _run(check: Check, situation: Situation, environ: Mapping[str, str], home: Path) -> Examination:
    # Nobody is asked, so nobody has to be spared.
    gateway = Gateway(environ=environ, clock=lambda: situation.now, pacing=Pacing(pause=lambda _: None))
    wire = _Wire(check, {**IDENTITY, **situation.answers})
    stubbed: Any = _StubbedGateway(gateway, wire, situation.credentials)
    bound = BoundCheck(
        check=check,
        settings={**check.defaults(), **situation.settings},
        every=check.every,
        timeout=check.timeout,
        after=check.after,
    )
    try:
        execution = execute(
            bound,
            situation.target,
            gateway=stubbed,
            host=_StubbedHost(environ, home, situation.reach),
            clocks=Clocks(now=lambda: situation.now, new_id=lambda: "0123456789abcdef"),
        )
    finally:
        gateway.close()
    if wire.mistake is not None:
        raise wire.mistake
    return Examination(execution.run, tuple(wire.calls))


@contextmanager
def _environment(environ: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    foreign = ("AWS_", "BOTO")
    proxies = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}
    bundles = {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}
    for name in before:
        if name.startswith(foreign) or name.lower() in proxies or name in bundles:
            del os.environ[name]
    os.environ.update(environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class _Wire:
    """Answers in AWS's place, at the last point before a request would be made."""

    def __init__(self, check: Check, answers: Mapping[str, Answer]) -> None:
        self.calls: list[Call] = []
        self.mistake: Exception | None = None
        """What is wrong with the test, and not with the check."""
        self._check = check
        self._answers = answers
        self._stubbed: set[int] = set()

    def stub(self, client: Any, service: str) -> None:
        """Put the answers onto a client, once."""
        if id(client) in self._stubbed:
            return
        self._stubbed.add(id(client))
        methods = client.meta.method_to_api_mapping
        paginated = {name for method, name in methods.items() if client.can_paginate(method)}

        def note(params: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
            context[_PARAMETERS] = dict(params)

        def answer(model: Any, context: dict[str, Any], **_: object) -> tuple[object, object]:
            operation = f"{service}.{model.name}"
            try:
                return self._answer(operation, model, context[_PARAMETERS], is_paginated=model.name in paginated)
            except (UnansweredCall, WrongAnswer) as error:
                self.mistake = error
                raise

        client.meta.events.register("before-parameter-build", note)
        client.meta.events.register("before-call", answer)

    def _answer(
        self, operation: str, model: Any, parameters: Mapping[str, Any], *, is_paginated: bool
    ) -> tuple[object, object]:
        answer = self._answers.get(operation)
        if answer is None:
            if operation not in self._check.optional_calls:
                raise UnansweredCall(operation)
            answer = denied(operation)
        page, pages = 0, 1
        if isinstance(answer, Pages):
            pages = len(answer.bodies)
            page, answer = answer.page(parameters)
        elif callable(answer):
            answer = answer(parameters)
        self.calls.append(Call(operation, parameters, is_paginated, page, pages))
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, AwsError):
            return _Http(answer.status, answer.headers), {
                "Error": {"Code": answer.code, "Message": answer.message},
                "ResponseMetadata": {"HTTPStatusCode": answer.status, "HTTPHeaders": dict(answer.headers)},
            }
        parsed = conform(operation, model.output_shape, answer)
        parsed["ResponseMetadata"] = {"HTTPStatusCode": 200, "HTTPHeaders": {}}
        return _Http(200), parsed


@dataclass(frozen=True, slots=True)
class _Http:
    """As much of an HTTP answer as botocore looks at behind its parser."""

    status_code: int
    headers: Mapping[str, str] = field(default_factory=dict)


class _StubbedAws:
    """The real `Aws` of a run, whose clients do not reach the network."""

    def __init__(self, aws: Aws, wire: _Wire, credentials: Credentials | None) -> None:
        self._aws = aws
        self._wire = wire
        self._credentials = credentials

    def __getattr__(self, name: str) -> Any:
        return getattr(self._aws, name)

    @property
    def credentials(self) -> Credentials:
        return self._credentials or self._aws.credentials

    def client(self, service: str) -> Any:
        client: Any = self._aws.client(service)
        self._wire.stub(client, service)
        return client

    def account(self) -> str:
        account: str = self.client("sts").get_caller_identity()["Account"]
        return account


class _StubbedGateway:
    """As much of the real gateway as one execution uses; its scopes hand out stubbed clients."""

    def __init__(self, gateway: Gateway, wire: _Wire, credentials: Credentials | None) -> None:
        self._gateway = gateway
        self._wire = wire
        self._credentials = credentials

    @contextmanager
    def _scope(self, inner: AbstractContextManager[Aws]) -> Iterator[Aws]:
        with inner as aws:
            stubbed: Any = _StubbedAws(aws, self._wire, self._credentials)
            yield stubbed

    def scope(
        self, target: Target, check: Check, *, deadline: float, max_age_seconds: float
    ) -> AbstractContextManager[Aws]:
        return self._scope(self._gateway.scope(target, check, deadline=deadline, max_age_seconds=max_age_seconds))

    def classify(self, error: BaseException, *, operation: str | None = None) -> Failure:
        return self._gateway.classify(error, operation=operation)


class _StubbedHost(LocalHost):
    """This host with another home and environment, and connections that get as far as the test says."""

    def __init__(self, environ: Mapping[str, str], home: Path, reach: Callable[[Endpoint], Reach] | Reach) -> None:
        super().__init__(environ, home)
        self._reach = reach

    def reach(self, endpoint: Endpoint, *, max_age_seconds: float = 30.0) -> Reach:  # noqa: ARG002 - nothing ages here
        return self._reach(endpoint) if callable(self._reach) else self._reach
