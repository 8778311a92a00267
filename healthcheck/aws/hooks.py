"""What happens around each call: guard, memory, pacing, deadline and accounting, hung onto a client's events.

Order of events, as botocore emits them: provide-client-params, before-parameter-build, before-call, and then for
each attempt request-created (signing), before-send, before-parse, response-received, needs-retry; at last
after-call, or after-call-error where no answer came.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from typing import Any
from urllib.parse import urlencode

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.parsers import ResponseParserError

from healthcheck.aws import guard
from healthcheck.aws.answers import ErrorAnswer
from healthcheck.aws.clients import ClientKey
from healthcheck.aws.errors import TooManyCalls, sdk_kind
from healthcheck.aws.fitting import misfit
from healthcheck.aws.impostors import impostor
from healthcheck.aws.memory import Answer, Flight, Memory, Question
from healthcheck.aws.pacing import Pacing
from healthcheck.aws.scope import Scope, current
from healthcheck.aws.transport import READ_SECONDS
from healthcheck.errors import FailureKind, HealthcheckError
from healthcheck.permissions import OPERATIONS
from healthcheck.target import CredentialSource

OnCall = Callable[[str, str, str], None]
"""Told of each request: service, operation, outcome (ok, denied, throttled, failed, remembered)."""

_QUESTION = "healthcheck.question"
_FLIGHT = "healthcheck.flight"
_REFUSALS = frozenset({FailureKind.NOT_PERMITTED, FailureKind.NOT_FOUND})
_AWS_MANAGED = re.compile(r"arn:[a-z-]+:iam::aws:policy/")
_REDIRECT = 300
# Services whose answers are the same wherever in a partition they are asked. STS has a client for each region
# all the same: the nearest address may be the only one that a private network reaches.
_PARTITION_WIDE = frozenset({"iam", "sts"})
_SECRET = frozenset({"sts.AssumeRole"})
"""Operations whose answers hold secrets; they are kept nowhere but with their source."""
_MOST_POLICIES = 4_096
_SHORTEST_READ_SECONDS = 0.1


class Accounts:
    """Which account a source turned out to be in: limits belong to accounts, and keys never change theirs."""

    def __init__(self) -> None:
        self._accounts: dict[CredentialSource, tuple[int, str]] = {}

    def learn(self, source: CredentialSource, generation: int, account: str) -> None:
        """Note what STS said to the keys of a generation."""
        self._accounts[source] = generation, account

    def payer(self, source: CredentialSource) -> str | CredentialSource:
        """Return whose limits a call counts against: the account, or the source until that is known."""
        return self._accounts.get(source, (0, source))[1]

    def of(self, source: CredentialSource, generation: int) -> str | None:
        """Return the account of the keys of a generation, once it is known."""
        learned, account = self._accounts.get(source, (None, ""))
        return account if learned == generation else None

    def keep(self, sources: Collection[CredentialSource]) -> None:
        """Forget all other sources."""
        for source in [source for source in list(self._accounts) if source not in sources]:
            self._accounts.pop(source, None)


class Hooks:
    """The handlers of all clients.

    Args:
        memory: what was answered lately.
        pacing: how fast to ask.
        accounts: which account a source is in.
        on_call: told of each request.
    """

    def __init__(self, memory: Memory, pacing: Pacing, accounts: Accounts, on_call: OnCall) -> None:
        self._memory = memory
        self._pacing = pacing
        self._accounts = accounts
        self._on_call = on_call

    def attach(self, client: Any, key: ClientKey) -> None:
        """Hang the handlers onto a client."""
        wire = _Wire(key, self._memory, self._pacing, self._accounts, self._on_call)
        events = client.meta.events
        service_id = client.meta.service_model.service_id.hyphenize()
        # The first event of all, so that nothing is even validated for a call that is refused.
        events.register("provide-client-params", wire.admit)
        for row in OPERATIONS.values():
            if row.service == key.service:
                # botocore calls the handlers of the most specific event first: only there is "first" the very
                # first, before policies are decoded in place (decoding a decoded answer crashes).
                events.register_first(f"before-call.{service_id}.{row.name}", wire.recall)
                events.register_first(f"after-call.{service_id}.{row.name}", wire.remember)
        events.register("after-call-error", wire.give_up)
        events.register("before-send", wire.in_time)
        events.register("before-parse", wire.recognise)
        events.register("response-received", wire.account_for)
        # botocore's own retries would only add "(reached max retries: 0)" to every error.
        events.unregister(f"needs-retry.{service_id}", unique_id=f"retry-config-{service_id}")
        events.register("needs-retry", wire.ask_again)


class _Wire:
    """The handlers of one client. botocore passes everything by keyword, and more with each release."""

    def __init__(self, key: ClientKey, memory: Memory, pacing: Pacing, accounts: Accounts, on_call: OnCall) -> None:
        self._key = key
        self._memory = memory
        self._pacing = pacing
        self._accounts = accounts
        self._on_call = on_call
        place = key.partition if key.service in _PARTITION_WIDE else key.region
        self._family = (key.service, place, id(key.settings))  # settings live as long as their client
        self._policy_ids: OrderedDict[tuple[Hashable, str], str] = OrderedDict()

    def admit(self, *, params: dict[str, Any], model: Any, context: dict[str, Any], **_: object) -> None:
        """provide-client-params: let the guard judge, and put the question in words."""
        operation = self._operation(model.name)
        scope = guard.admit(operation)
        if OPERATIONS[operation].reads_only and operation not in _SECRET and not _streams(model):
            context[_QUESTION] = self._question(scope, operation, params)

    def recall(
        self, *, model: Any, params: dict[str, Any], context: dict[str, Any], **_: object
    ) -> tuple[AWSResponse, Any] | None:
        """before-call: answer from memory, or wait for the same question under way, or for our turn to ask."""
        operation = self._operation(model.name)
        scope = current(operation)
        scope.require_time(operation)
        question = context.get(_QUESTION)
        if question is not None:
            found = self._memory.ask(question, max_age_seconds=scope.max_age_seconds, deadline=scope.deadline)
            scope.heard.append((operation, self._memory.as_of(question, found)))
            if isinstance(found, Answer):
                self._on_call(self._key.service, model.name, "remembered")
                return AWSResponse("", found.status, HTTPHeaders(), None), found.parsed()
            scope.led.append(found)
            context[_FLIGHT] = found
        if isinstance(params["body"], dict):
            # As botocore writes a form down; it would do so twice, to sign it and to send it.
            params["body"] = urlencode(params["body"]).encode()
        self._wait_turn(scope, operation)
        return None

    def remember(self, *, http_response: Any, parsed: Any, model: Any, context: dict[str, Any], **_: object) -> None:
        """after-call: keep the answer as it came, if it is one."""
        refusal = ErrorAnswer.of(parsed).kind if http_response.status_code >= _REDIRECT else None
        flight: Flight | None = context.pop(_FLIGHT, None)
        is_new = flight is not None or _QUESTION not in context
        wrong = misfit(self._operation(model.name), model.output_shape, parsed) if refusal is None and is_new else None
        if wrong is not None:
            if flight is not None:
                flight.give_up()
            self._on_call(self._key.service, model.name, outcome(FailureKind.BAD_ANSWER))
            raise _named(ResponseParserError(wrong), model.name)
        if refusal is None and model.name == "GetCallerIdentity" and parsed.get("Account"):
            scope = current(model.name)
            self._accounts.learn(scope.source, scope.generation, parsed["Account"])
        if refusal is None and model.name == "GetPolicy":
            self._learn_policy(current(model.name), parsed)
        if flight is None:
            return
        if refusal is None or refusal in _REFUSALS:
            self._memory.remember(flight, http_response.status_code, parsed, is_refusal=refusal is not None)
        else:
            flight.give_up()

    def give_up(self, *, exception: Exception, context: dict[str, Any], event_name: str, **_: object) -> None:
        """after-call-error: let those who wait ask for themselves, and note what was asked."""
        name = event_name.rpartition(".")[2]
        if isinstance(exception, ResponseParserError):  # it was raised before the attempt was counted
            self._on_call(self._key.service, name, outcome(FailureKind.BAD_ANSWER))
        _named(exception, name)
        flight: Flight | None = context.pop(_FLIGHT, None)
        if flight is not None:
            flight.give_up()

    def in_time(self, *, request: Any, event_name: str, **_: object) -> None:
        """before-send: send nothing past the deadline, and wait for an answer no longer than until then."""
        operation = self._operation(event_name.rpartition(".")[2])
        scope = current(operation)
        scope.require_time(operation)
        context = getattr(request, "context", None)
        if isinstance(context, dict):
            context["read_timeout"] = max(_SHORTEST_READ_SECONDS, min(READ_SECONDS, scope.remaining_seconds))

    def recognise(self, *, response_dict: dict[str, Any], operation_model: Any, **_: object) -> None:
        """before-parse: refuse what somebody else answers in AWS's place."""
        found = impostor(operation_model, response_dict["status_code"], response_dict["headers"], response_dict["body"])
        if found is not None:
            raise ResponseParserError(found)

    def account_for(self, *, parsed_response: Any, exception: Exception | None, event_name: str, **_: object) -> None:
        """response-received: count the attempt, and tell the bucket how it went."""
        if isinstance(exception, HealthcheckError):
            return  # we did not send it
        name = event_name.rpartition(".")[2]
        kind = _kind(parsed_response, exception)
        self._on_call(self._key.service, name, outcome(kind))
        bucket = self._pacing.bucket(self._payer(current(name)), self._key.service)
        if kind is FailureKind.THROTTLED:
            bucket.throttled()
        elif parsed_response is not None:
            bucket.answered()

    def ask_again(
        self, *, response: Any, caught_exception: Exception | None, attempts: int, operation: Any, **_: object
    ) -> int | None:
        """needs-retry: wait and ask again where that may help; the wait is ours, so botocore is told zero."""
        name = self._operation(operation.name)
        kind = _kind(response[1] if response else None, caught_exception)
        if kind is None or not _is_worth_asking_again(kind, caught_exception, reads_only=OPERATIONS[name].reads_only):
            return None
        scope = current(name)
        if not self._pacing.back_off(kind, attempts, deadline=scope.deadline):
            return None
        try:
            self._wait_turn(scope, name)
        except TooManyCalls:
            return None  # what AWS said stands
        return 0

    def _operation(self, name: str) -> str:
        return f"{self._key.service}.{name}"

    def _payer(self, scope: Scope) -> str | CredentialSource:
        return self._accounts.payer(scope.source)

    def _wait_turn(self, scope: Scope, operation: str) -> None:
        self._pacing.wait(self._payer(scope), self._key.service, operation, scope.deadline)

    def _question(self, scope: Scope, operation: str, params: dict[str, Any]) -> Question:
        words = _in_words(params)
        asker = (scope.generation, self._key.region)
        if operation == "iam.GetPolicyVersion" and _AWS_MANAGED.match(str(params.get("PolicyArn"))):
            return Question((self._family, operation, words), asker, operation, is_immutable=True)
        key = (scope.generation, self._family, operation, words)
        if operation == "iam.GetPolicyVersion":
            # A customer's versions never change either, but a policy can be deleted and made anew under its name,
            # and then counts its versions from v1 again: its id tells the two apart.
            policy_id = self._policy_ids.get((scope.generation, str(params.get("PolicyArn"))))
            if policy_id is not None:
                return Question((*key, policy_id), asker, operation, is_immutable=True)
        return Question(key, asker, operation)

    def _learn_policy(self, scope: Scope, parsed: Any) -> None:
        """Note the id of a policy that was looked at."""
        policy = parsed.get("Policy") or {}
        if policy.get("Arn") and policy.get("PolicyId"):
            self._policy_ids[scope.generation, policy["Arn"]] = policy["PolicyId"]
            while len(self._policy_ids) > _MOST_POLICIES:
                self._policy_ids.popitem(last=False)


def _named(error: Exception, operation: str) -> Exception:
    """Let an exception of the SDK's say which operation it ended, as AWS's own errors do."""
    if sdk_kind(error) is not None:
        error.operation_name = operation  # type: ignore[attr-defined] # the attribute that ClientError has
    return error


def _in_words(params: dict[str, Any]) -> Hashable:
    """Return parameters in a form that equal ones share."""
    flat = tuple(sorted(params.items()))
    if all(type(value) is str for _, value in flat):
        return flat
    return json.dumps(params, sort_keys=True, default=str)


def _streams(model: Any) -> bool:
    return bool(model.has_streaming_output or model.has_event_stream_output)


def outcome(kind: FailureKind | None) -> str:
    """Return the word under which a request is counted; "there is no such thing" is an answer like another."""
    match kind:
        case None | FailureKind.NOT_FOUND:
            return "ok"
        case FailureKind.NOT_PERMITTED:
            return "denied"
        case FailureKind.THROTTLED:
            return "throttled"
        case _:
            return "failed"


def kind_of(parsed: object) -> FailureKind | None:
    """Return what a parsed answer failed with, or nothing if it did not."""
    if not isinstance(parsed, dict):
        return FailureKind.UNREACHABLE
    status = (parsed.get("ResponseMetadata") or {}).get("HTTPStatusCode", 0)
    return ErrorAnswer.of(parsed).kind if status >= _REDIRECT or "Error" in parsed else None


def _kind(parsed: object, exception: Exception | None) -> FailureKind | None:
    if exception is not None:
        return sdk_kind(exception) or FailureKind.CRASHED
    return kind_of(parsed)


def _is_worth_asking_again(kind: FailureKind, exception: Exception | None, *, reads_only: bool) -> bool:
    if kind is FailureKind.THROTTLED:
        return True  # AWS did nothing
    if exception is not None:
        # A kept connection that AWS closed while we were about to use it; anything else is a finding.
        return reads_only and type(exception).__name__ == "ConnectionClosedError"
    return reads_only and kind is FailureKind.SERVICE_ERROR
