"""Role ARNs, and what people write instead."""

from __future__ import annotations

import pytest

from healthcheck.checks.arns import RoleArn, misreading, parse

ROLE = "arn:aws:iam::111122223333:role/service-role/SageMaker"


def test_an_arn_comes_apart_into_what_it_names() -> None:
    assert parse(ROLE) == RoleArn(ROLE, "aws", "111122223333", "/service-role/", "SageMaker")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("arn:aws:iam::111122223333:role/SageMaker", "/"),
        ("arn:aws-cn:iam::111122223333:role/a/b/SageMaker", "/a/b/"),
        ("arn:aws-us-gov:iam::111122223333:role/service-role/Sage+Maker=,.@-_", "/service-role/"),
    ],
)
def test_the_path_has_a_slash_at_both_ends(text: str, path: str) -> None:
    arn = parse(text)
    assert arn is not None
    assert arn.path == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SageMaker",
        f"{ROLE} ",
        f'"{ROLE}"',
        "arn:aws:iam::11112222333:role/SageMaker",
        "arn:aws:iam::1111222233334:role/SageMaker",
        "arn:aws:iam::111122223333:role/",
        "arn:aws:iam::111122223333:role",
        "arn:aws:iam::111122223333:roles/SageMaker",
        "arn:aws:iam::111122223333:role/service-role/Sage Maker",
        "arn:aws:iam:us-east-1:111122223333:role/SageMaker",
        f"arn:aws:iam::111122223333:role/{'a' * 65}",
    ],
)
def test_what_is_almost_an_arn_is_none(text: str) -> None:
    assert parse(text) is None
    found = misreading(text)
    assert found is not None


@pytest.mark.parametrize(
    ("text", "reason", "meant"),
    [
        (f" {ROLE}\n", "whitespace", ROLE),
        (f'"{ROLE}"', "quoted", ROLE),
        (f"\u201c{ROLE}\u201d", "quoted", ROLE),
        (f"'{ROLE}", "quoted", ROLE),
        (f"[{ROLE}]", "brackets", ROLE),
        (f"< {ROLE} >", "brackets", ROLE),
        (f"{ROLE} # the new one", "trailing_comment", ROLE),
        ("[YOUR_SAGEMAKER_ROLE_ARN]", "placeholder", None),
        ("<role-arn>", "placeholder", None),
        ("arn:aws:iam::<account>:role/SageMaker", "placeholder", None),
        ("arn:aws:iam::XXXXXXXXXXXX:role/SageMaker", "placeholder", None),
        ("arn:aws:iam::111122223333:role/[YOUR_ROLE]", "placeholder", None),
        ("arn:aws:iam::1111:role/SageMaker", "malformed", None),
        ("arn:aws:s3:::bucket", "malformed", None),
    ],
)
def test_the_arn_that_was_meant_is_told_where_it_is_certain(text: str, reason: str, meant: str | None) -> None:
    found = misreading(text)
    assert found is not None
    assert (found.reason, found.meant) == (reason, meant)


@pytest.mark.parametrize(
    ("text", "reason", "name"),
    [
        ("arn:aws:sts::111122223333:assumed-role/SageMaker/session-1", "assumed_role", "SageMaker"),
        ("arn:aws:iam::111122223333:instance-profile/web/SageMaker", "instance_profile", "SageMaker"),
        ("SageMaker", "name_only", "SageMaker"),
        ("service-role/SageMaker", "name_only", "SageMaker"),
        ("arn:aws:iam::111122223333:user/alice", "not_a_role", None),
        ("arn:aws:iam::111122223333:policy/Data", "not_a_role", None),
        ("arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX", "service_linked", None),
        ("arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_A", "sso_role", None),
    ],
)
def test_another_kind_of_thing_is_named(text: str, reason: str, name: str | None) -> None:
    found = misreading(text)
    assert found is not None
    assert (found.reason, found.role_name) == (reason, name)


def test_a_good_arn_is_no_misreading() -> None:
    assert misreading(ROLE) is None
