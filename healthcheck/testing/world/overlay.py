"""What stands before moto: who may call, and all that moto lies about or lacks."""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from healthcheck.testing.world import admission, answers, buckets, regions, simulator
from healthcheck.testing.world.admission import Refused
from healthcheck.testing.world.answers import Answer
from healthcheck.testing.world.conditions import Account, Weather
from healthcheck.testing.world.imitation import Imitation
from healthcheck.testing.world.principals import Keyring, Principal
from healthcheck.testing.world.requests import Call, Environ, read

_PORTAL = (
    b"<!doctype html><html><head><title>Guest network</title></head><body><h1>Welcome</h1>"
    b"<p>Please accept the terms of use to go on.</p></body></html>"
)
_STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_KEY_ARN = re.compile(rb'("KeyId": *")arn:[^"]*:key/')
_ROLE_ARN = re.compile(r"arn:aws:iam::(?P<account>\d{12}):role/(?:.*/)?(?P<name>[^/]+)")


class Overlay:
    """A WSGI application over moto."""

    def __init__(self, imitation: Imitation, keyring: Keyring, control: Callable[[Call], Answer]) -> None:
        self._imitation = imitation
        self._keyring = keyring
        self._control = control
        self.gate = threading.RLock()
        """Held while the world is rebuilt, so that nobody sees it half done."""
        self.weather: dict[int, Weather] = {}
        """By the port of the door."""
        self.accounts: dict[str, Account] = {}
        self.control_port = 0
        """The one door by which the world itself is spoken to."""
        self.enforced: Principal | None = None
        """Whose permissions moto itself enforces, from the policies that were attached."""

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one HTTP request."""
        call = read(environ)
        answer = self._answer(call, environ)
        headers = [(name, value) for name, value in answer.headers.items() if name.lower() != "content-length"]
        stated = next((value for name, value in answer.headers.items() if name.lower() == "content-length"), None)
        is_head = call.method == "HEAD"
        headers.append(("Content-Length", stated if is_head and stated else str(len(answer.body))))
        start_response(answer.status_line, headers)
        return [b"" if is_head else answer.body]

    def now(self, port: int) -> datetime:
        """Return AWS's time as it is told behind a door."""
        weather = self.weather.get(port)
        return datetime.now(UTC) + (weather.clock_offset if weather else timedelta(0))

    def _answer(self, call: Call, environ: Environ) -> Answer:
        if call.port == self.control_port and call.path.startswith("/_world"):
            return self._control(call)
        try:
            self._brave_weather(call)
            caller = admission.authenticate(call, self._keyring, self.now(call.port))
            if caller.is_builder:
                return self._serve(call, environ, caller)
            with self.gate:
                admission.admit_to_region(call, self.accounts[caller.account])
                admission.authorise(call, caller)
                return self._serve(call, environ, caller)
        except Refused as refused:
            return refused.answer

    def _brave_weather(self, call: Call) -> None:
        weather = self.weather.get(call.port)
        if weather is None:
            return
        if weather.latency_seconds:
            time.sleep(weather.latency_seconds)
        if weather.is_portal:
            raise Refused(Answer(200, _PORTAL, {"Content-Type": "text/html"}))
        if call.authorization is None:
            return
        if weather.is_failing:
            text = "The service is temporarily unable to handle the request."
            raise Refused(answers.FAILING.answer(call, text))
        if weather.is_throttled:
            raise Refused(answers.THROTTLED.answer(call, "Rate exceeded"))

    def _serve(self, call: Call, environ: Environ, caller: Principal) -> Answer:
        own = self._own_answer(call, environ, caller)
        return own or self._forward(call, environ, caller)

    def _own_answer(self, call: Call, environ: Environ, caller: Principal) -> Answer | None:
        """Answer in moto's place; none where moto is right."""
        account = self.accounts[caller.account]
        answer: Answer | None = None
        match call.service, call.operation:
            case "sts", "GetCallerIdentity":
                answer = _identity(caller)
            case "sts", "AssumeRole":
                answer = self._assume_role(call, environ, caller)
            case "iam", "SimulatePrincipalPolicy":
                answer = simulator.answer(call, self._imitation, account)
            case "account", "GetRegionOptStatus":
                answer = regions.answer_opt_status(call, account.enabled_regions)
            case "ec2", "DescribeRegions":
                answer = regions.answer_describe(call, account.enabled_regions)
            case "ssm", "GetParametersByPath":
                answer = regions.answer_parameters(call)
            case "s3", operation if call.bucket and operation != "CreateBucket" and not caller.is_builder:
                bucket = self._imitation.bucket(call.bucket)
                answer = (
                    buckets.answer(call, bucket, caller, self.accounts[bucket.account])
                    if bucket
                    else answers.s3_error(404, "NoSuchBucket", "The specified bucket does not exist", call=call)
                )
        return answer

    def _forward(self, call: Call, environ: Environ, caller: Principal) -> Answer:
        if call.region == regions.NEW:  # of which moto has heard as little as the SDK
            environ["HTTP_AUTHORIZATION"] = environ["HTTP_AUTHORIZATION"].replace(f"/{regions.NEW}/", "/us-east-1/", 1)
        if call.service == "kms" and caller is not self.enforced:  # moto would compare the signature with the new body
            _name_key_by_id(call, environ)
        # moto asks for s3:HeadBucket, an action that does not exist; what HeadBucket takes is s3:ListBucket.
        is_enforced = caller is self.enforced and call.operation != "HeadBucket"
        answer = self._imitation.dispatch(environ, account=caller.account, is_enforced=is_enforced)
        if is_enforced and call.service == "sagemaker" and answer.status == HTTPStatus.FORBIDDEN:
            # moto says this in XML, which no client of SageMaker can read.
            return admission.denial(call, caller, f"{call.service}:{call.operation}")
        if call.service == "s3" and call.operation == "CreateBucket" and answer.status == HTTPStatus.OK:
            buckets.modernise(environ, self._imitation, caller.account)
        return answer

    def _assume_role(self, call: Call, environ: Environ, caller: Principal) -> Answer:
        """Let moto make the session, which it does for anybody, and note whose it is."""
        form = call.form
        arn = form.get("RoleArn", "")
        match = _ROLE_ARN.fullmatch(arn)
        account = self.accounts.get(match["account"]) if match else None
        if (
            match is None
            or account is None
            or not self._imitation.role_exists(account.number, match["name"])
            or account.role_external_ids.get(arn) != form.get("ExternalId")
        ):
            text = f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"
            return answers.DENIED.answer(call, text)
        answer = self._imitation.dispatch(environ, account=caller.account)
        said = answer.body.decode()
        session = form.get("RoleSessionName", "")
        self._keyring.add(
            Principal(
                arn=f"arn:aws:sts::{account.number}:assumed-role/{match['name']}/{session}",
                account=account.number,
                key_id=_element(said, "AccessKeyId"),
                secret=_element(said, "SecretAccessKey"),
                token=_element(said, "SessionToken"),
                user_id=f"AROAEXAMPLEEXAMPLEEX:{session}",
                denied=account.denied_to_visitors,
            )
        )
        return answer


def _name_key_by_id(call: Call, environ: Environ) -> None:
    """Say the id where a request names a key by its ARN, which some of moto's operations do not understand."""
    body = _KEY_ARN.sub(rb"\1", call.body)
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))


def _identity(caller: Principal) -> Answer:
    return answers.query_answer(
        "GetCallerIdentity",
        f"<Arn>{caller.arn}</Arn><UserId>{caller.user_id}</UserId><Account>{caller.account}</Account>",
        _STS_NAMESPACE,
    )


def _element(xml: str, name: str) -> str:
    """Return the text of the one element of a name in an answer of moto's."""
    return xml.partition(f"<{name}>")[2].partition(f"</{name}>")[0]
