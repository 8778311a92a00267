"""Whom an element Principal names."""

from __future__ import annotations

import pytest

from healthcheck.iam import Request, evaluate, load_document
from healthcheck.iam.principals import PrincipalKind, parse_principal

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/service-role/Exec"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Exec/SageMaker"
USER = f"arn:aws:iam::{ACCOUNT}:user/ops/zoe"
FEDERATED = f"arn:aws:sts::{ACCOUNT}:federated-user/zoe"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/corp"


@pytest.mark.parametrize(
    ("text", "kind", "account", "name"),
    [
        (ROLE, PrincipalKind.ROLE, ACCOUNT, "Exec"),
        (SESSION, PrincipalKind.SESSION, ACCOUNT, "Exec"),
        (USER, PrincipalKind.USER, ACCOUNT, "zoe"),
        (FEDERATED, PrincipalKind.FEDERATED_USER, ACCOUNT, "zoe"),
        (ROOT, PrincipalKind.ROOT, ACCOUNT, None),
        ("sagemaker.amazonaws.com", PrincipalKind.SERVICE, None, None),
        ("sagemaker.amazonaws.com.cn", PrincipalKind.SERVICE, None, None),
        ("accounts.google.com", PrincipalKind.OTHER, None, None),
        (SAML, PrincipalKind.OTHER, None, None),
        (f"arn:aws:iam::{ACCOUNT}:role/", PrincipalKind.OTHER, None, None),
        ("", PrincipalKind.OTHER, None, None),
    ],
)
def test_a_caller_is_read_from_its_arn_or_name(
    text: str, kind: PrincipalKind, account: str | None, name: str | None
) -> None:
    principal = parse_principal(text)
    assert (principal.kind, principal.account, principal.name) == (kind, account, name)


def outcome(element: dict[str, object], caller: str | None, effect: str = "Deny") -> str:
    statement = {"Effect": effect, "Action": "*", "Resource": "*", **element}
    full = load_document({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, name="full")
    bucket = load_document({"Statement": statement}, name="bucket policy")
    request = Request("s3:GetObject", "arn:aws:s3:::b/k", ACCOUNT, caller)
    identity = [full] if effect == "Deny" else []
    return evaluate(request, identity=identity, session=[full], resource_policy=bucket).outcome.value


@pytest.mark.parametrize(
    ("named", "caller", "expected"),
    [
        ("*", ROLE, "explicit_deny"),
        ({"AWS": "*"}, SESSION, "explicit_deny"),
        ("*", "sagemaker.amazonaws.com", "explicit_deny"),
        ({"Service": "*"}, "sagemaker.amazonaws.com", "explicit_deny"),
        ({"Service": "*"}, ROLE, "allowed"),
        ({"AWS": ACCOUNT}, SESSION, "explicit_deny"),
        ({"AWS": ROOT}, USER, "explicit_deny"),
        ({"AWS": ROOT}, ROOT, "explicit_deny"),
        ({"AWS": "444455556666"}, USER, "allowed"),
        ({"AWS": ROLE}, SESSION, "explicit_deny"),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/Exec"}, SESSION, "explicit_deny"),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/Exec"}, ROLE, "allowed"),
        ({"AWS": "arn:aws:iam::444455556666:role/service-role/Exec"}, SESSION, "allowed"),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/service-role/Other"}, SESSION, "allowed"),
        ({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/Other/SageMaker"}, ROLE, "allowed"),
        ({"AWS": SESSION}, ROLE, "unknown"),
        ({"AWS": SESSION + "2"}, SESSION, "allowed"),
        ({"AWS": USER}, USER, "explicit_deny"),
        ({"AWS": USER}, FEDERATED, "unknown"),
        ({"AWS": USER.upper()}, USER, "allowed"),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}, ROLE, "allowed"),
        ({"CanonicalUser": "79a5"}, "79a5", "explicit_deny"),
        ({"CanonicalUser": "79a5"}, ROLE, "unknown"),
        ({"Federated": SAML}, SAML, "explicit_deny"),
        ({"Federated": SAML}, ROLE, "allowed"),
        ({"AWS": ROLE}, None, "unknown"),
        ("*", None, "explicit_deny"),
    ],
)
def test_a_deny_meets_whom_it_names(named: object, caller: str | None, expected: str) -> None:
    assert outcome({"Principal": named}, caller) == expected


@pytest.mark.parametrize(
    ("named", "caller", "expected"),
    [
        ({"Service": "*"}, "sagemaker.amazonaws.com", "unknown"),
        ({"Service": ["ec2.amazonaws.com", "*"]}, "ec2.amazonaws.com", "allowed"),
        ({"Service": "*"}, ROLE, "implicit_deny"),
        ({"AWS": [ROOT, ROLE]}, ROLE, "allowed"),
    ],
)
def test_an_allow_gives_to_whom_it_names(named: object, caller: str, expected: str) -> None:
    assert outcome({"Principal": named}, caller, "Allow") == expected


@pytest.mark.parametrize(
    ("excepted", "caller", "expected"),
    [
        ("*", ROLE, "allowed"),
        # A role acts through sessions, of which none is listed, or whose name is not known.
        ({"AWS": [ROLE, ROOT]}, ROLE, "unknown"),
        ({"AWS": [SESSION, ROLE, ROOT]}, ROLE, "unknown"),
        ({"AWS": [USER, ROOT]}, USER, "allowed"),
        ({"AWS": USER}, USER, "unknown"),
        ({"AWS": [SESSION, ROLE, ROOT]}, SESSION, "allowed"),
        ({"AWS": [ROLE, ROOT]}, SESSION, "unknown"),
        ({"AWS": [SESSION, ROOT]}, ROLE, "unknown"),
        ({"AWS": ROLE}, ROLE, "unknown"),
        ({"AWS": ROOT}, ROLE, "unknown"),
        ({"AWS": ROOT}, ROOT, "allowed"),
        ({"AWS": USER}, ROLE, "explicit_deny"),
        ({"AWS": "444455556666"}, ROLE, "explicit_deny"),
        ({"Service": "sagemaker.amazonaws.com"}, ROLE, "explicit_deny"),
    ],
)
def test_not_principal_excepts_only_who_is_listed_with_all_that_it_belongs_to(
    excepted: object, caller: str, expected: str
) -> None:
    assert outcome({"NotPrincipal": excepted}, caller) == expected


def test_not_principal_with_allow_is_relied_on_for_nothing() -> None:
    assert outcome({"NotPrincipal": {"AWS": USER}}, ROLE, "Allow") == "unknown"
