"""The policy: exactly the calls of the enabled checks, on the targets' own ARNs, in documents that IAM takes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from healthcheck.engine.discovery import discover
from healthcheck.iam import Outcome, Request, evaluate, load_document
from healthcheck.permissions import OPERATIONS, Scope
from healthcheck.plan import Plan, load
from healthcheck.policy import ATTACHMENTS_LIMIT, CHARACTERS_LIMIT, Document, Grant, grants, partition_of
from healthcheck.registry import Registry
from healthcheck.target import Target
from tests.registries import a_check, a_file

ROLE = "arn:aws:iam::111122223333:role/service-role/Training"

CHECKS = Registry(
    [
        a_check("credentials.valid", calls=["sts.GetCallerIdentity"]),
        a_check("region.supported", calls=["sagemaker.ListTrainingJobs", "ssm.GetParametersByPath"]),
        a_check("role.exists", calls=["iam.GetRole"]),
        a_check("role.permissions", calls=["iam.GetRole", "iam.ListRolePolicies"], optional_calls=["iam.GetPolicy"]),
        a_check("bucket.reachable", calls=["s3.HeadBucket"], optional_calls=["s3.ListBuckets"]),
    ]
)


def planned(folder: Path, text: str, registry: Registry = CHECKS) -> Plan:
    return load(a_file(folder, text), registry, environ={}, ambient_region=lambda _: None)


def statements(grant: Grant) -> dict[str, tuple[list[str], Any]]:
    """Return action and resource by Sid."""
    return {
        statement["Sid"]: (statement["Action"], statement["Resource"])
        for document in grant.documents
        for statement in _list(document["Statement"])
    }


def _list(value: Any) -> list[Mapping[str, Any]]:
    assert isinstance(value, list)
    return value


def characters(document: Document) -> int:
    return len(re.sub(r"\s", "", json.dumps(document, indent=2)))


def test_each_enabled_checks_calls_are_allowed_on_the_targets_own_resources(tmp_path: Path) -> None:
    (grant,) = grants(planned(tmp_path, f"targets: [{{name: a, regions: [eu-west-1], role: '{ROLE}'}}]\n"))
    assert statements(grant) == {
        "ReadExecutionRoles": (
            ["iam:GetRole", "iam:ListRolePolicies"],
            ["arn:aws:iam::111122223333:role/*/Training", "arn:aws:iam::111122223333:role/Training"],
        ),
        "ReadPoliciesOfExecutionRoles": (
            ["iam:GetPolicy"],
            ["arn:aws:iam::111122223333:policy/*", "arn:aws:iam::aws:policy/*"],
        ),
        "LookAtBuckets": (["s3:ListBucket"], ["arn:aws:s3:::sagemaker-eu-west-1-111122223333"]),
        "ReadPublicParameters": (
            ["ssm:GetParametersByPath"],
            ["arn:aws:ssm:*:*:parameter/aws/service/global-infrastructure/*"],
        ),
        "AskWhatTakesNoResource": (["s3:ListAllMyBuckets", "sagemaker:ListTrainingJobs"], "*"),
    }
    assert (grant.holders, grant.targets, grant.notes, grant.is_for_assuming) == (
        ("ambient credentials",),
        ("a/eu-west-1",),
        (),
        False,
    )


def test_a_document_is_what_iam_takes(tmp_path: Path) -> None:
    (grant,) = grants(planned(tmp_path, "targets: [{name: a, bucket: acme}]\nchecks: {region.*: {enabled: no}}\n"))
    assert grant.documents == (
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "LookAtBuckets",
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": ["arn:aws:s3:::acme"],
                },
                {
                    "Sid": "AskWhatTakesNoResource",
                    "Effect": "Allow",
                    "Action": ["s3:ListAllMyBuckets"],
                    "Resource": "*",
                },
            ],
        },
    )


def test_a_disabled_check_needs_nothing(tmp_path: Path) -> None:
    text = f"targets: [{{name: a, role: '{ROLE}'}}]\nchecks: {{'*': {{enabled: no}}, role.exists: {{enabled: yes}}}}\n"
    (grant,) = grants(planned(tmp_path, text))
    assert [actions for actions, _ in statements(grant).values()] == [["iam:GetRole"]]


def test_where_no_permission_is_needed_there_is_no_document(tmp_path: Path) -> None:
    text = "targets: [{name: a}]\nchecks: {'*': {enabled: no}, credentials.valid: {enabled: yes}}\n"
    assert grants(planned(tmp_path, text)) == (Grant(("ambient credentials",), ("a",), ()),)


def test_any_resource_names_none(tmp_path: Path) -> None:
    text = f"targets: [{{name: a, role: '{ROLE}'}}, {{name: b, profile: p, bucket: acme, account: 444455556666}}]\n"
    (grant,) = grants(planned(tmp_path, text), any_resource=True)
    assert statements(grant) == {
        "ReadExecutionRoles": (["iam:GetRole", "iam:ListRolePolicies"], "*"),
        "ReadPoliciesOfExecutionRoles": (["iam:GetPolicy"], "*"),
        "LookAtBuckets": (["s3:ListBucket"], "*"),
        "ReadPublicParameters": (["ssm:GetParametersByPath"], "*"),
        "AskWhatTakesNoResource": (["s3:ListAllMyBuckets", "sagemaker:ListTrainingJobs"], "*"),
    }
    assert grant.holders == ("ambient credentials", "profile p")


def test_what_is_done_to_one_targets_role_is_not_allowed_on_anothers(tmp_path: Path) -> None:
    text = f"""\
targets:
  - {{name: a, role: "{ROLE}"}}
  - {{name: b, role: "{ROLE}2", checks: {{role.permissions: {{enabled: no}}}}}}
"""
    (grant,) = grants(planned(tmp_path, text))
    found = statements(grant)
    assert found["ReadExecutionRoles"] == (
        ["iam:GetRole"],
        ["arn:aws:iam::111122223333:role/*/Training2", "arn:aws:iam::111122223333:role/Training2"],
    )
    assert found["ReadExecutionRoles2"] == (
        ["iam:GetRole", "iam:ListRolePolicies"],
        ["arn:aws:iam::111122223333:role/*/Training", "arn:aws:iam::111122223333:role/Training"],
    )


def test_each_source_needs_what_its_own_targets_need(tmp_path: Path) -> None:
    text = """\
targets:
  - {name: a, profile: p, bucket: bucket-a}
  - {name: b, profile: q, bucket: bucket-b}
  - {name: c, profile: q, bucket: bucket-b}
"""
    found = grants(planned(tmp_path, text))
    assert [(grant.holders, grant.targets, statements(grant)["LookAtBuckets"][1]) for grant in found] == [
        (("profile p",), ("a",), ["arn:aws:s3:::bucket-a"]),
        (("profile q",), ("b", "c"), ["arn:aws:s3:::bucket-b"]),
    ]


def test_who_assumes_roles_needs_that_beside(tmp_path: Path) -> None:
    text = """\
targets:
  - {name: a, bucket: none, assume_role: {arn: "arn:aws:iam::111122223333:role/Reader"}}
  - {name: b, bucket: none, profile: p, assume_role: {arn: "arn:aws:iam::444455556666:role/Reader"}}
  - {name: c, bucket: none, profile: p, assume_role: {arn: "arn:aws:iam::777788889999:role/Reader", external_id: "123"}}
"""
    looking, ambient, profile = grants(planned(tmp_path, text))
    assert looking.targets == ("a", "b", "c")
    assert looking.holders[0] == "role arn:aws:iam::111122223333:role/Reader from ambient credentials"
    assert "AssumeConfiguredRoles" not in statements(looking)
    assert (ambient.holders, ambient.is_for_assuming, statements(ambient)) == (
        ("ambient credentials",),
        True,
        {"AssumeConfiguredRoles": (["sts:AssumeRole"], ["arn:aws:iam::111122223333:role/Reader"])},
    )
    assert (profile.holders, profile.targets, statements(profile)) == (
        ("profile p",),
        ("b", "c"),
        {
            "AssumeConfiguredRoles": (
                ["sts:AssumeRole"],
                ["arn:aws:iam::444455556666:role/Reader", "arn:aws:iam::777788889999:role/Reader"],
            )
        },
    )
    assert ambient.notes == (
        "The trust policy of each role must allow this identity too.",
        (
            "Where EKS Pod Identity gives this identity its credentials, both have to allow sts:TagSession beside "
            "sts:AssumeRole: its session tags come along."
        ),
    )


@pytest.mark.parametrize(
    ("region", "role", "partition"),
    [
        ("us-east-1", None, "aws"),
        ("cn-north-1", ROLE, "aws-cn"),
        ("us-gov-west-1", None, "aws-us-gov"),
        ("us-iso-east-1", None, "aws-iso"),
        ("us-isob-east-1", None, "aws-iso-b"),
        ("us-isof-south-1", None, "aws-iso-f"),
        ("eu-isoe-west-1", None, "aws-iso-e"),
        ("eusc-de-east-1", None, "aws-eusc"),
        (None, "arn:aws-cn:iam::111122223333:role/x", "aws-cn"),
        (None, "[YOUR_ROLE]", "aws"),
        (None, None, "aws"),
    ],
)
def test_a_targets_partition_is_its_regions_or_its_roles(region: str | None, role: str | None, partition: str) -> None:
    assert partition_of(Target("a", region=region, role=role)) == partition


def test_arns_are_in_the_targets_partition(tmp_path: Path) -> None:
    role = "arn:aws-cn:iam::111122223333:role/Training"
    (grant,) = grants(planned(tmp_path, f"targets: [{{name: a, regions: [cn-north-1], role: '{role}'}}]\n"))
    resources = [resource for _, found in statements(grant).values() if found != "*" for resource in found]
    assert resources
    assert [resource for resource in resources if not resource.startswith("arn:aws-cn:")] == []


@pytest.mark.parametrize(
    ("target", "resource"),
    [
        ("bucket: acme-data", "acme-data"),
        ("account: 444455556666, regions: [eu-west-1]", "sagemaker-eu-west-1-444455556666"),
        (f"role: '{ROLE}', regions: [eu-west-1]", "sagemaker-eu-west-1-111122223333"),
        (f"role: '{ROLE}', account: 444455556666", "sagemaker-*-444455556666"),
        ("regions: [eu-west-1]", "sagemaker-eu-west-1-*"),
        ("profile: p", "sagemaker-*-*"),
    ],
)
def test_the_bucket_is_named_as_narrowly_as_the_settings_allow(tmp_path: Path, target: str, resource: str) -> None:
    (grant,) = grants(planned(tmp_path, f"targets: [{{name: a, {target}}}]\n"))
    assert statements(grant)["LookAtBuckets"][1] == [f"arn:aws:s3:::{resource}"]


def test_a_target_without_a_bucket_or_a_role_needs_nothing_on_them(tmp_path: Path) -> None:
    (grant,) = grants(planned(tmp_path, "targets: [{name: a, bucket: none, account: 111122223333}]\n"))
    assert set(statements(grant)) == {"ReadPublicParameters", "AskWhatTakesNoResource"}
    assert grant.notes == ()


def test_what_could_not_be_scoped_is_said(tmp_path: Path) -> None:
    role = "arn:aws:iam::<ACCOUNT>:role/YOUR_ROLE"
    (grant,) = grants(planned(tmp_path, f"targets: [{{name: a, role: '{role}'}}]\n"))
    assert "ReadExecutionRoles" not in statements(grant)
    assert grant.notes == (
        "The account of a is not configured, so its default bucket stands with a *.",
        "The role of a is not the ARN of a role, so reading it is left out.",
    )
    assert grants(planned(tmp_path, f"targets: [{{name: a, role: '{role}'}}]\n"), any_resource=True)[0].notes == ()


def many(count: int) -> str:
    return "targets:\n" + "".join(
        f"- {{name: t{number}, role: 'arn:aws:iam::{111122220000 + number}:role/path/Training{number}'}}\n"
        for number in range(count)
    )


@pytest.mark.parametrize("count", [1, 5, 60, 400])
def test_every_document_is_within_the_size_that_iam_takes_and_nothing_is_lost(tmp_path: Path, count: int) -> None:
    (grant,) = grants(planned(tmp_path, many(count)))
    assert max(map(characters, grant.documents)) <= CHARACTERS_LIMIT
    roles = [
        resource
        for document in grant.documents
        for statement in _list(document["Statement"])
        if statement["Sid"] == "ReadExecutionRoles"
        for resource in statement["Resource"]
    ]
    assert len(roles) == len(set(roles)) == 2 * count
    # Full but for what one more resource would take: few documents.
    assert all(characters(document) > CHARACTERS_LIMIT - 400 for document in grant.documents[:-1])


def test_sids_are_letters_and_digits_and_differ_within_a_document(tmp_path: Path) -> None:
    for document in grants(planned(tmp_path, many(60)))[0].documents:
        sids = [statement["Sid"] for statement in _list(document["Statement"])]
        assert len(sids) == len(set(sids))
        assert all(re.fullmatch(r"[A-Za-z0-9]+", sid) for sid in sids)


def test_more_policies_than_can_be_attached_are_told(tmp_path: Path) -> None:
    (grant,) = grants(planned(tmp_path, many(400)))
    assert len(grant.documents) > ATTACHMENTS_LIMIT
    assert grant.notes == (
        (
            f"These are {len(grant.documents)} policies, and an identity may have 10: "
            "use --any-resource, or a credential source for each account."
        ),
    )


def test_a_policy_too_long_for_a_user_is_told(tmp_path: Path) -> None:
    short, long = (grants(planned(tmp_path, many(count)))[0] for count in (2, 20))
    assert (short.notes, long.notes) == (
        (),
        (
            (
                "This is longer than the 2,048 characters that a user's inline policies may have: "
                "make it a managed policy, with aws iam create-policy."
            ),
        ),
    )


def test_a_resource_longer_than_a_document_still_ends() -> None:
    registry = Registry([a_check("bucket.reachable", calls=["s3.HeadBucket"])])
    plan = load(None, registry, environ={}, ambient_region=lambda _: "r" * CHARACTERS_LIMIT)
    assert len(grants(plan)[0].documents) == 1


ARNS = {
    Scope.ANY: "*",
    Scope.ROLE: ROLE,
    Scope.POLICY: "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess",
    Scope.BUCKET: "arn:aws:s3:::sagemaker-eu-west-1-111122223333",
    Scope.KEY: "arn:aws:kms:eu-west-1:111122223333:key/1234abcd",
    Scope.CALLER: "arn:aws:iam::111122223333:user/people/alice",
    Scope.GROUP: "arn:aws:iam::111122223333:group/Scientists",
    Scope.JOB: "arn:aws:sagemaker:eu-west-1:111122223333:training-job/churn-12",
    Scope.PARAMETER: "arn:aws:ssm:eu-west-1::parameter/aws/service/global-infrastructure/regions/eu-west-1/services",
}
PRINCIPALS = {Scope.PRINCIPAL: (Scope.ROLE, Scope.CALLER)}
"""A check looks at the one or at the other, and some check looks at each."""


def decided(document: Mapping[str, Any], action: str, resource: str) -> Outcome:
    return evaluate(
        Request(action=action, resource=resource, context_complete=True),
        identity=[load_document(document, name="policy")],
        # What a key's own policy says is the other half of that decision, and not ours to print.
    ).as_far_as_seen


def test_our_own_engine_allows_every_declared_call_and_denies_it_elsewhere(tmp_path: Path) -> None:
    found = discover()
    caller = "arn:aws:iam::111122223333:user/people/alice"
    text = f"targets: [{{name: a, regions: [eu-west-1], role: '{ROLE}', caller: '{caller}'}}]\n"
    plan = planned(tmp_path, text, found.registry)
    (grant,) = grants(plan)
    (document,) = grant.documents
    calls = {call for bound in plan.targets[0].checks for call in bound.check.all_calls}
    asked = {
        (action, scope)
        for call in calls
        for action in OPERATIONS[call].actions
        for scope in PRINCIPALS.get(OPERATIONS[call].scope, (OPERATIONS[call].scope,))
        if scope in ARNS
    }
    assert asked
    assert {(action, decided(document, action, ARNS[scope])) for action, scope in asked} == {
        (action, Outcome.ALLOWED) for action, _ in asked
    }
    elsewhere = {
        Scope.ROLE: "arn:aws:iam::111122223333:role/service-role/NotTraining",
        Scope.BUCKET: "arn:aws:s3:::sagemaker-eu-west-1-444455556666",
        Scope.KEY: "arn:aws:kms:eu-west-1:444455556666:key/1234abcd",
        Scope.CALLER: "arn:aws:iam::111122223333:user/people/bob",
        Scope.GROUP: "arn:aws:iam::444455556666:group/Scientists",
        Scope.JOB: "arn:aws:sagemaker:eu-west-1:444455556666:training-job/churn-12",
        Scope.PARAMETER: "arn:aws:ssm:eu-west-1:111122223333:parameter/secret",
    }
    assert Outcome.ALLOWED not in {
        decided(document, action, elsewhere[scope]) for action, scope in asked if scope in elsewhere
    }
    granted = {action for statement in _list(document["Statement"]) for action in statement["Action"]}
    assert granted == {action for action, _ in asked}


CALLERS = Registry([a_check("caller.permissions", calls=["iam.GetUser", "iam.GetGroupPolicy", "iam.GetRole"])])


def resources(folder: Path, target: str) -> dict[str, list[str]]:
    (grant,) = grants(planned(folder, f"targets: [{{name: a, account: 111122223333, {target}}}]\n", CALLERS))
    return {sid: found for sid, (_, found) in statements(grant).items()}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (
            "caller: 'arn:aws:iam::111122223333:user/people/alice'",
            {
                "ReadUsersWhoStartJobs": [
                    "arn:aws:iam::111122223333:user/*/alice",
                    "arn:aws:iam::111122223333:user/alice",
                ],
                "ReadTheirGroups": ["arn:aws:iam::111122223333:group/*"],
            },
        ),
        (
            "caller: 'arn:aws:sts::111122223333:assumed-role/Science/alice'",
            {
                "ReadExecutionRoles": [
                    "arn:aws:iam::111122223333:role/*/Science",
                    "arn:aws:iam::111122223333:role/Science",
                ]
            },
        ),
        (
            "",
            {
                "ReadUsersWhoStartJobs": [
                    "arn:aws:iam::111122223333:user/${aws:username}",
                    "arn:aws:iam::111122223333:user/*/${aws:username}",
                ],
                "ReadTheirGroups": ["arn:aws:iam::111122223333:group/*"],
            },
        ),
    ],
)
def test_of_who_starts_jobs_the_policy_names_exactly_whom_the_settings_name(
    tmp_path: Path, target: str, expected: dict[str, list[str]]
) -> None:
    assert resources(tmp_path, target) == expected


def test_without_a_name_of_who_starts_jobs_the_policy_says_what_to_write(tmp_path: Path) -> None:
    (grant,) = grants(planned(tmp_path, "targets: [{name: a, account: 111122223333}]\n", CALLERS))
    assert grant.notes == (
        "Who starts jobs for a is not configured: write the user's or role's ARN under caller:, or caller: none.",
    )


def test_the_buckets_and_keys_of_the_data_are_named_beside_the_bucket(tmp_path: Path) -> None:
    registry = Registry([a_check("bucket.policy", calls=["s3.GetBucketPolicy", "kms.DescribeKey"])])
    text = """\
targets:
  - name: a
    account: 111122223333
    regions: [us-east-1]
    reads: ["s3://acme/in", "s3://acme/more"]
    volume_keys: ["arn:aws:kms:us-east-1:444455556666:key/0-1"]
"""
    (grant,) = grants(planned(tmp_path, text, registry))
    assert statements(grant) == {
        "LookAtBuckets": (
            ["s3:GetBucketPolicy"],
            ["arn:aws:s3:::acme", "arn:aws:s3:::sagemaker-us-east-1-111122223333"],
        ),
        "LookAtKeys": (
            ["kms:DescribeKey"],
            ["arn:aws:kms:us-east-1:111122223333:key/*", "arn:aws:kms:us-east-1:444455556666:key/0-1"],
        ),
    }
