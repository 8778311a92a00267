"""Who may pass: authentication, the region's status, and the caller's permissions, in AWS's order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from healthcheck.permissions import OPERATIONS
from healthcheck.testing.world import answers, regions, signature
from healthcheck.testing.world.answers import Answer
from healthcheck.testing.world.conditions import Account
from healthcheck.testing.world.principals import Keyring, KeyStatus, Principal
from healthcheck.testing.world.requests import Authorization, Call

_WRONG_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
_INVALID_TOKEN = "The security token included in the request is invalid."  # noqa: S105 - a sentence of AWS's
_EXPIRED_TOKEN = "The security token included in the request is expired"  # noqa: S105 - another


class Refused(Exception):
    """The caller may not do this; carries the answer that says so."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer)


def authenticate(call: Call, keyring: Keyring, now: datetime) -> Principal:
    """Return who signed a call; raise `Refused` when the key, the clock or the signature is not right."""
    if call.authorization is None:
        raise Refused(answers.UNSIGNED.answer(call, "Request is missing Authentication Token"))
    caller = keyring.find(call.authorization.key_id)
    if caller is None or caller.status is KeyStatus.INACTIVE:
        text = "The AWS Access Key Id you provided does not exist in our records."
        raise Refused(answers.INVALID_KEY.answer(call, text if call.service == "s3" else _INVALID_TOKEN))
    if (caller.token or "") != call.headers.get("x-amz-security-token", ""):
        raise Refused(answers.INVALID_KEY.answer(call, _INVALID_TOKEN))
    if caller.status is KeyStatus.EXPIRED:
        raise Refused(answers.EXPIRED_TOKEN.answer(call, _EXPIRED_TOKEN))
    _compare_clocks(call, now)
    _compare_signatures(call, call.authorization, caller)
    return caller


def admit_to_region(call: Call, account: Account) -> None:
    """Raise `Refused` where there is no such region, or the account has not opted in to it."""
    if call.region not in regions.known():
        raise Refused(answers.WRONG_SIGNATURE.answer(call, "Credential should be scoped to a valid region."))
    is_disabled = regions.opt_status(call.region, account.enabled_regions) == "DISABLED"
    if is_disabled and call.service not in regions.GLOBAL_SERVICES:
        # AWS says no more than this: the region does not know the account's keys.
        raise Refused(answers.INVALID_KEY.answer(call, _INVALID_TOKEN))


def authorise(call: Call, caller: Principal) -> None:
    """Raise `Refused` when the caller lacks an action that the call takes."""
    operation = OPERATIONS.get(f"{call.service}.{call.operation}")
    for action in operation.actions if operation else (f"{call.service}:{call.operation}",):
        if not caller.may(action):
            raise Refused(denial(call, caller, action))


def denial(call: Call, caller: Principal, action: str) -> Answer:
    """Deny an action in AWS's words."""
    return answers.DENIED.answer(
        call,
        f"User: {caller.arn} is not authorized to perform: {action} on resource: {_resource(call, caller)} "
        f"because no identity-based policy allows the {action} action",
    )


def _compare_clocks(call: Call, now: datetime) -> None:
    signed = signature.signed_at(call)
    tolerance = signature.TOLERANCE_S3 if call.service == "s3" else signature.TOLERANCE
    if signed is None or abs(now - signed) <= tolerance:
        return
    if call.service == "s3":
        text = "The difference between the request time and the current time is too large."
        raise Refused(answers.SKEWED.answer(call, text))
    minutes = int(tolerance.total_seconds() // 60)
    if signed < now:
        text = (
            f"Signature expired: {_stamp(signed)} is now earlier than {_stamp(now - tolerance)} "
            f"({_stamp(now)} - {minutes} min.)"
        )
    else:
        text = (
            f"Signature not yet current: {_stamp(signed)} is still later than {_stamp(now + tolerance)} "
            f"({_stamp(now)} + {minutes} min.)"
        )
    raise Refused(answers.SKEWED.answer(call, text))


def _compare_signatures(call: Call, authorization: Authorization, caller: Principal) -> None:
    if not signature.matches(call, authorization, caller.secret):
        raise Refused(answers.WRONG_SIGNATURE.answer(call, _WRONG_SIGNATURE))


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"


def _resource(call: Call, caller: Principal) -> str:
    form: Mapping[str, str] = call.form if call.service == "iam" else {}
    if "RoleName" in form:
        return f"role {form['RoleName']}"
    if "PolicyArn" in form:
        return f"policy {form['PolicyArn']}"
    if call.bucket:
        return f"arn:aws:s3:::{call.bucket}"
    return f"arn:aws:{call.service}:{call.region}:{caller.account}:*"
