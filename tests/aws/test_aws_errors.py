"""The one classifier."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import botocore.exceptions
import botocore.parsers
import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    ProfileNotFound,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from healthcheck import Failure, FailureKind
from healthcheck.aws.answers import Denial, ErrorAnswer
from healthcheck.aws.errors import OWNERS, SDK_ERRORS, TooManyCalls, Unresolved, classify, quote
from healthcheck.errors import DeadlinePassed, NoScope, UndeclaredCall

K = FailureKind
SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. The Canonical String for this "
    "request should have been 'POST / host:iam.amazonaws.com x-amz-security-token:FwoGZXIvYXdzEHUSH'"
)


def answered(code: str, message: str = "", status: int = 400, operation: str = "GetRole") -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)


@pytest.mark.parametrize(
    ("code", "message", "status", "kind"),
    [
        ("ExpiredToken", "The security token included in the request is expired", 403, K.CREDENTIALS_EXPIRED),
        ("ExpiredTokenException", "", 400, K.CREDENTIALS_EXPIRED),
        ("400", "Bad Request", 400, K.CREDENTIALS_EXPIRED),
        ("InvalidClientTokenId", "The security token included in the request is invalid", 403, K.CREDENTIALS_INVALID),
        ("InvalidAccessKeyId", "", 403, K.CREDENTIALS_INVALID),
        ("UnrecognizedClientException", "", 400, K.CREDENTIALS_INVALID),
        ("AuthFailure", "", 401, K.CREDENTIALS_INVALID),
        ("SignatureDoesNotMatch", SIGNATURE, 403, K.CREDENTIALS_INVALID),
        ("InvalidSignatureException", SIGNATURE, 400, K.CREDENTIALS_INVALID),
        ("SignatureDoesNotMatch", "Signature expired: 20260928T135747Z is now earlier than …", 403, K.CLOCK_SKEWED),
        ("SignatureDoesNotMatch", "Signature not yet current: 2026…", 403, K.CLOCK_SKEWED),
        ("InvalidSignatureException", "Signature expired: 20260928T135747Z is now earlier than …", 400, K.CLOCK_SKEWED),
        ("RequestTimeTooSkewed", "", 403, K.CLOCK_SKEWED),
        ("RequestExpired", "", 400, K.CLOCK_SKEWED),
        ("SignatureDoesNotMatch", "Credential should be scoped to a valid region, not 'US-EAST-1'", 403,
         K.REGION_INVALID),
        ("AuthorizationHeaderMalformed", "the region 'us-east-1' is wrong", 400, K.REGION_INVALID),
        ("OptInRequired", "", 401, K.REGION_INVALID),
        ("301", "Moved Permanently", 301, K.REGION_INVALID),
        ("AccessDenied", "", 403, K.NOT_PERMITTED),
        ("AccessDeniedException", "", 400, K.NOT_PERMITTED),
        ("UnauthorizedOperation", "", 403, K.NOT_PERMITTED),
        ("403", "Forbidden", 403, K.NOT_PERMITTED),
        ("Throttling", "Rate exceeded", 400, K.THROTTLED),
        ("ThrottlingException", "", 400, K.THROTTLED),
        ("TooManyRequestsException", "", 429, K.THROTTLED),
        ("SlowDown", "", 503, K.THROTTLED),
        ("429", "", 429, K.THROTTLED),
        ("Whatever", "Rate exceeded", 400, K.THROTTLED),
        ("RequestTimeout", "", 400, K.TIMED_OUT),
        ("InternalFailure", "", 500, K.SERVICE_ERROR),
        ("ServiceUnavailable", "", 503, K.SERVICE_ERROR),
        ("503", "", 503, K.SERVICE_ERROR),
        ("Unheard", "", 502, K.SERVICE_ERROR),
        ("NoSuchEntity", "", 404, K.NOT_FOUND),
        ("NoSuchBucket", "", 404, K.NOT_FOUND),
        ("404", "Not Found", 404, K.NOT_FOUND),
        ("Unheard", "", 404, K.NOT_FOUND),
        ("Unheard", "", 403, K.NOT_PERMITTED),
        ("", "<html>not found</html>", 404, K.BAD_ANSWER),
        ("", "<html>sign in</html>", 302, K.BAD_ANSWER),
        ("", "<html>forbidden by the proxy</html>", 403, K.BAD_ANSWER),
        ("", "<html>wait</html>", 429, K.THROTTLED),
        ("", "<html>down</html>", 502, K.SERVICE_ERROR),
        ("ResourceNotFoundException", "", 400, K.NOT_FOUND),
        ("ResourceNotFound", "", 400, K.NOT_FOUND),
        ("ValidationException", 'Could not find endpoint "churn".', 400, K.NOT_FOUND),
        ("ValidationException", "1 validation error detected", 400, K.BAD_ANSWER),
        ("Unheard", "", 409, K.BAD_ANSWER),
        ("", "", 0, K.BAD_ANSWER),
    ],
)  # fmt: skip
def test_what_aws_answers(code: str, message: str, status: int, kind: FailureKind) -> None:
    failure = classify(answered(code, message, status))

    assert (failure.kind, failure.operation, failure.code) == (kind, "iam.GetRole", code or None)
    assert failure.check == OWNERS.get(kind)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NoCredentialsError(), K.NO_CREDENTIALS),
        (ProfileNotFound(profile="x"), K.NO_CREDENTIALS),
        (NoRegionError(), K.REGION_INVALID),
        (InvalidRegionError(region_name='"us-east-1"'), K.REGION_INVALID),
        (EndpointConnectionError(endpoint_url="https://sts.us-east-9.amazonaws.com"), K.UNREACHABLE),
        (ConnectionClosedError(endpoint_url="https://x", error="reset", request=None), K.UNREACHABLE),
        (ConnectTimeoutError(endpoint_url="https://x", error="late"), K.UNREACHABLE),
        (ProxyConnectionError(proxy_url="http://proxy", error="refused"), K.UNREACHABLE),
        (SSLError(endpoint_url="https://x", error=OSError("CERTIFICATE_VERIFY_FAILED")), K.UNREACHABLE),
        (ReadTimeoutError(endpoint_url="https://x", error="late"), K.TIMED_OUT),
        (botocore.parsers.ResponseParserError("Unable to parse response"), K.BAD_ANSWER),
        (ValueError("Invalid endpoint: localhost"), K.UNREACHABLE),
        (TimeoutError("late"), K.TIMED_OUT),
        (ConnectionResetError("reset"), K.UNREACHABLE),
        (ParamValidationError(report="Invalid length for parameter RoleName"), K.CRASHED),
        (BotoCoreError(), K.CRASHED),
        (ValueError("of ours"), K.CRASHED),
        (KeyError("Account"), K.CRASHED),
        (DeadlinePassed("iam.GetRole"), K.TIMED_OUT),
        (TooManyCalls("iam.GetRole", 31.4), K.THROTTLED),
        (NoScope("iam.GetRole"), K.CRASHED),
        (UndeclaredCall("role.exists", "iam.ListRoles"), K.CRASHED),
    ],
)
def test_what_the_sdk_the_network_and_we_raise(error: Exception, kind: FailureKind) -> None:
    failure = classify(error, operation="iam.GetRole")

    assert (failure.kind, failure.operation, failure.check) == (kind, "iam.GetRole", OWNERS.get(kind))
    assert failure.sentence.endswith(".") or kind in (K.TIMED_OUT, K.THROTTLED, K.CRASHED)


def test_a_source_that_could_not_be_resolved_keeps_its_reason() -> None:
    why = Failure(K.NO_CREDENTIALS, "profile x: nothing there.", code="ProfileNotFound")

    assert classify(Unresolved(why), operation="iam.GetRole") == Failure(
        K.NO_CREDENTIALS, "profile x: nothing there.", "iam.GetRole", "ProfileNotFound"
    )


def test_a_turn_that_comes_too_late_says_when_it_would_have_come() -> None:
    assert "would come in 31 s" in classify(TooManyCalls("iam.GetRole", 31.4)).sentence


MAY_NOT = "User: arn:aws:iam::111122223333:user/ci is not authorized to perform: iam:GetRole on resource: role Trainer"


@pytest.mark.parametrize(
    ("message", "layer", "explicit", "why"),
    [
        (f"{MAY_NOT} because no identity-based policy allows the iam:GetRole action", "identity", False,
         "no identity-based policy allows it"),
        (f"{MAY_NOT} because no permissions boundary allows the iam:GetRole action", "boundary", False,
         "no permissions boundary allows it"),
        (f"{MAY_NOT} because no session policy allows the iam:GetRole action", "session", False,
         "no session policy allows it"),
        (f"{MAY_NOT} because no service control policy allows the iam:GetRole action", "scp", False,
         "no service control policy allows it"),
        (f"{MAY_NOT} because no resource-based policy allows the iam:GetRole action", "resource", False,
         "no resource-based policy allows it"),
        (f"{MAY_NOT} because no VPC endpoint policy allows the iam:GetRole action", "vpc_endpoint", False,
         "no VPC endpoint policy allows it"),
        (f"{MAY_NOT} with an explicit deny in a service control policy", "scp", True,
         "an explicit Deny in a service control policy forbids it"),
        (f"{MAY_NOT} with an explicit deny in a resource control policy", "rcp", True,
         "an explicit Deny in a resource control policy forbids it"),
        (f"{MAY_NOT} with an explicit deny in an identity-based policy: arn:aws:iam::111122223333:policy/no",
         "identity", True, "an explicit Deny in an identity-based policy forbids it"),
        (f"{MAY_NOT} with an explicit deny in a permissions boundary", "boundary", True,
         "an explicit Deny in a permissions boundary forbids it"),
        (f"{MAY_NOT} with an explicit deny", None, True, "an explicit Deny forbids it"),
        (MAY_NOT, None, False, "the answer does not say which policy decides"),
        (MAY_NOT.replace("Trainer", "permissions boundary"), None, False,
         "the answer does not say which policy decides"),
    ],
)  # fmt: skip
def test_a_refusal_tells_action_layer_and_explicit_deny(
    message: str,
    layer: str | None,
    explicit: bool,  # noqa: FBT001 # a table
    why: str,
) -> None:
    failure = classify(answered("AccessDenied", message, 403))

    assert (failure.missing_actions, failure.layer, failure.explicit_deny) == (("iam:GetRole",), layer, explicit)
    assert failure.sentence == f"AWS refused iam.GetRole: these credentials may not use iam:GetRole ({why})."


def test_where_aws_names_no_action_the_table_does() -> None:
    failure = classify(answered("403", "Forbidden", 403, "HeadBucket"))

    assert (failure.operation, failure.missing_actions) == ("s3.HeadBucket", ("s3:ListBucket",))


def test_of_an_operation_that_nobody_knows_no_action_is_named() -> None:
    failure = classify(answered("AccessDenied", "no", 403, "Frobnicate"))

    assert (failure.operation, failure.missing_actions) == (None, ())


def test_the_caller_knows_best_which_operation_it_asked_for() -> None:
    assert classify(answered("NoSuchEntity"), operation="iam.GetPolicy").operation == "iam.GetPolicy"


def test_a_query_error_wrapped_in_a_json_answer_is_unwrapped() -> None:
    """moto answers SageMaker's JSON requests so; a denial must not lose its action there."""
    wrapped = (
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: arn:aws:iam::123456789012:user/ci is not "
        "authorized to perform: sagemaker:ListEndpoints on &quot;*&quot;</Message></Error></ErrorResponse>"
    )
    failure = classify(answered("403", wrapped, 403, "ListEndpoints"))

    assert (failure.kind, failure.code, failure.missing_actions) == (
        K.NOT_PERMITTED,
        "AccessDenied",
        ("sagemaker:ListEndpoints",),
    )


def test_what_aws_quotes_of_a_signed_request_is_never_repeated() -> None:
    failure = classify(answered("SignatureDoesNotMatch", SIGNATURE, 403))

    assert "HUSH" not in repr(failure)


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("two\n lines.", "two lines"),
        ("key AKIAIOSFODNN7EXAMPLE is", "key … is"),
        ("secret wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY ends", "secret … ends"),
        (f"token {'FwoGZXIvYXdz' * 10}== ends", "token … ends"),
        ("/home/some/projects/sagemaker/healthcheck/config", "/home/some/projects/sagemaker/healthcheck/config"),
        ("arn:aws:iam::111122223333:role/service-role/AmazonSageMaker-ExecutionRole-20200630",
         "arn:aws:iam::111122223333:role/service-role/AmazonSageMaker-ExecutionRole-20200630"),
        ("ab " * 200, ("ab " * 100)[:299] + "…"),
    ],
)  # fmt: skip
def test_somebody_elses_words_are_made_fit_to_quote(text: str, fit: str) -> None:
    assert quote(text) == fit


def test_every_name_of_the_table_is_one_of_botocores_exceptions() -> None:
    unknown = {
        name for name in SDK_ERRORS if not hasattr(botocore.exceptions, name) and not hasattr(botocore.parsers, name)
    }
    assert unknown == set()


def test_an_answer_of_no_known_form_is_read_all_the_same() -> None:
    assert ErrorAnswer.of(None) == ErrorAnswer("", "", 0)
    assert ErrorAnswer.of({"Error": None, "ResponseMetadata": {"HTTPStatusCode": "?"}}) == ErrorAnswer("", "", 0)
    assert Denial.of("") == Denial(None, None, is_explicit=False)


@pytest.mark.parametrize("statement", ["import healthcheck", "import healthcheck.aws.errors", "import healthcheck.aws"])
def test_the_classifier_works_without_the_sdk(statement: str) -> None:
    code = f"{statement}; import sys; print('botocore' in sys.modules or 'boto3' in sys.modules)"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout == "False\n"


def test_the_gateway_is_there_when_it_is_asked_for() -> None:
    code = "from healthcheck.aws import Gateway; import healthcheck.aws as a; print(Gateway.__name__, hasattr(a, 'x'))"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout == "Gateway False\n"
