"""Canaries: secrets of every kind go in, none comes out."""

from __future__ import annotations

import pytest

from healthcheck.surfaces.redaction import REDACTED, Redactor, redact, secrets_in

SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = "IQoJb3JpZ2luX2VjEPT//////////wEaCXVzLWVhc3QtMSJHMEUCIQ" + "Dk3bXv8s0A" * 12 + "=="
SIGNATURE = "fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024"


@pytest.mark.parametrize(
    ("text", "canary"),
    [
        (f"the key {SECRET_KEY} was refused", SECRET_KEY),
        (f"aws_secret_access_key={SECRET_KEY}", SECRET_KEY),
        ("aws_secret_access_key = short-but-named", "short-but-named"),
        (f"aws_session_token: {TOKEN}", TOKEN),
        (f"token {TOKEN} ended", TOKEN),
        (f"?X-Amz-Security-Token={TOKEN[:60]}&X-Amz-Expires=60", TOKEN[:60]),
        (f"?X-Amz-Signature={SIGNATURE}", SIGNATURE),
        (
            f"Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260801/iam, Signature={SIGNATURE}",
            SIGNATURE,
        ),
        (f"{{'Authorization': b'AWS4-HMAC-SHA256 Signature={SIGNATURE}'}}", SIGNATURE),
        ("authorization: Basic dXNlcjpodW50ZXIyaHVudGVyMg==", "dXNlcjpodW50ZXIyaHVudGVyMg"),
        ("curl -H 'Authorization: Bearer abcdef.ghijkl'", "abcdef.ghijkl"),
        ("sent Bearer eyJhbGciOiJub25lIn0.e30.x", "eyJhbGciOiJub25lIn0"),
        ("proxy http://user:hunter2@proxy.example:3128 refused", "hunter2"),
        ("proxy http://:hunter2@proxy.example:3128 refused", "hunter2"),
        ("sts:ExternalId external_id=partner-4711 did not match", "partner-4711"),
        ('{"ExternalId": "partner-4711"}', "partner-4711"),
        ("password: hunter2", "hunter2"),
        ("sent basic aGVsbG86d29ybGQ=", "aGVsbG86d29ybGQ"),
        ("sent bearer abcdefghij/klm", "abcdefghij"),
        ("$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG", "X0h1gDsPszWURQaxFh"),
        ('{"accessToken": "aoaAAAAAGabc", "expiresAt": "x"}', "aoaAAAAAGabc"),
        ('{\\"refreshToken\\": \\"aorAAAAAGabc\\"}', "aorAAAAAGabc"),
        ('"clientSecret": "eyJraWQi"', "eyJraWQi"),
        ("x-amz-sso_bearer_token: aoaAAAAAGabc", "aoaAAAAAGabc"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----", "MIIEow"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEow\ncut off", "cut off"),
        ("the id AKIAIOSFODNN7EXAMPLE is disabled", "AKIAIOSFODNN7EXAMPLE"),
        ("the id ASIAQ7TESTKEY5N2XYZW is disabled", "ASIAQ7TESTKEY5N2XYZW"),
    ],
)
def test_no_secret_passes(text: str, canary: str) -> None:
    assert canary in text
    assert canary not in redact.text(text)


def test_an_access_key_id_can_still_be_recognised() -> None:
    assert redact.text("the id AKIAIOSFODNN7EXAMPLE is disabled") == "the id AKIA…MPLE is disabled"


@pytest.mark.parametrize(
    "text",
    [
        "Basic authentication is off; a bearer certificate is no basic permission.",
        "arn:aws:iam::111122223333:role/TeamA/SageMakerExecutionRole1234567",
        "AmazonSageMakerProcessingJobExecRole2020",
        "arn:aws:iam::111122223333:role/service-role/AmazonSageMaker-ExecutionRole-20200630T010101",
        "The trust policy lets lambda.amazonaws.com assume the role, not sagemaker.amazonaws.com.",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "s3://sagemaker-us-east-1-111122223333/a/b@c",
        "https://sts.us-east-1.amazonaws.com/",
        "The secret is in the basics; no token was met, and no password.",
        "AWS refused iam:GetRole and sts:GetSessionToken.",
        "mail nobody@example.org",
        "0123456789abcdef0123456789abcdef",
        "",
    ],
)
def test_harmless_text_is_left_alone(text: str) -> None:
    assert redact.text(text) == text


def test_a_known_secret_goes_wherever_it_stands() -> None:
    hide = Redactor(["hunter22", "hunter2222", "short"])
    assert hide.text("hunter2222, hunter22 and short") == f"{REDACTED}, {REDACTED} and short"


def test_names_count_and_structure_stays() -> None:
    given = {
        "target": "prod",
        "external_id": "x",
        "aws_secret_access_key": "y",
        "password": "",
        "token": None,
        "attempts": 3,
        "nested": [{"session_token": "z", "ok": True}, ("http://u:p@h/",), b"password=q"],
        "Authorization": "w",
    }
    assert redact(given) == {
        "target": "prod",
        "external_id": REDACTED,
        "aws_secret_access_key": REDACTED,
        "password": "",
        "token": None,
        "attempts": 3,
        "nested": [{"session_token": REDACTED, "ok": True}, [f"http://{REDACTED}@h/"], f"password={REDACTED}"],
        "Authorization": REDACTED,
    }


@pytest.mark.parametrize("value", [None, True, 3, 2.5])
def test_what_is_no_text_is_no_secret(value: object) -> None:
    assert redact(value) is value


def test_an_object_is_redacted_as_its_text() -> None:
    assert redact(ValueError("password=hunter2")) == f"password={REDACTED}"


def test_the_environments_secrets_are_found() -> None:
    environ = {
        "AWS_SECRET_ACCESS_KEY": "k1",
        "AWS_SESSION_TOKEN": "k2",
        "DB_PASSWORD": "k3",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "HTTPS_PROXY": "http://me:k4@proxy:3128",
        "no_proxy": "localhost",
        "HOME": "/root",
        "EMPTY_SECRET": "",
    }
    assert secrets_in(environ) == {"k1", "k2", "k3", "k4"}
