"""Remedies: exactly what was asked, within AWS's limits, and proven by deciding everything anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcheck.iam import (
    MANAGED_POLICY_LIMIT,
    Decision,
    Document,
    Grant,
    RemedyTooLarge,
    Request,
    assumable,
    evaluate,
    literal,
    load_document,
    minimal_policy,
    pass_role,
    policy_size,
    prove,
    trust_policy,
)

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/service-role/Exec"
BUCKET, OBJECTS = "arn:aws:s3:::acme-data", "arn:aws:s3:::acme-data/out/*"


def statements(policy: Mapping[str, object]) -> list[Mapping[str, object]]:
    assert policy["Version"] == "2012-10-17"
    found = policy["Statement"]
    assert isinstance(found, list)
    return found


def test_one_grant_is_one_short_statement() -> None:
    assert minimal_policy([Grant("s3:PutObject", OBJECTS)]) == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": OBJECTS}],
    }


def test_actions_on_the_same_resources_share_a_statement() -> None:
    policy = minimal_policy(
        Grant(action, resource)
        for action in ("s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload")
        for resource in (OBJECTS, "arn:aws:s3:::acme-logs/*")
    )
    assert statements(policy) == [
        {
            "Effect": "Allow",
            "Action": ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
            "Resource": [OBJECTS, "arn:aws:s3:::acme-logs/*"],
        }
    ]


def test_an_action_never_meets_a_resource_for_which_it_was_not_asked() -> None:
    policy = minimal_policy([Grant("s3:ListBucket", BUCKET), Grant("s3:PutObject", OBJECTS)])
    assert statements(policy) == [
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": OBJECTS},
    ]


def test_what_a_wider_grant_covers_is_not_repeated() -> None:
    grants = [
        Grant("s3:PutObject", "arn:aws:s3:::acme-data/*"),
        Grant("s3:PutObject", OBJECTS),
        Grant("S3:putobject", "arn:aws:s3:::acme-data/x"),
        Grant("s3:PutObject", "arn:aws:s3:::acme-data/**"),
        Grant("s3:PutObject", OBJECTS, {"Bool": {"aws:SecureTransport": "true"}}),
        Grant("s3:PutObject", "arn:aws:s3:::acme-data/*", {"Bool": {"aws:SecureTransport": "true"}}),
    ]
    assert statements(minimal_policy(grants)) == [
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::acme-data/*"}
    ]


def test_question_marks_that_look_like_stars_cover_nothing() -> None:
    grants = [Grant("s3:PutObject", f"arn:aws:s3:::b/{name}") for name in ("a*b", "a??")]
    (statement,) = statements(minimal_policy(grants))
    assert statement["Resource"] == ["arn:aws:s3:::b/a*b", "arn:aws:s3:::b/a??"]


def test_passing_a_role_is_bound_to_the_service() -> None:
    policy = minimal_policy([pass_role(ROLE, "sagemaker.amazonaws.com"), Grant("iam:GetRole", ROLE)])
    assert statements(policy) == [
        {
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": ROLE,
            "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        },
        {"Effect": "Allow", "Action": "iam:GetRole", "Resource": ROLE},
    ]


@pytest.mark.parametrize("name", ["plain", "sta*r", "que?stion", "${aws:username}", "dol$lar", "${*}"])
def test_a_literal_matches_its_arn_and_nothing_else(name: str) -> None:
    arn = f"arn:aws:s3:::b/{name}"
    fix = load_document(minimal_policy([Grant("s3:GetObject", literal(arn))]), name="fix")
    assert evaluate(Request("s3:GetObject", arn), identity=[fix]).allowed
    assert evaluate(Request("s3:GetObject", arn.replace("/", "/x")), identity=[fix]).denied


def test_a_policy_longer_than_aws_accepts_is_refused_with_its_size() -> None:
    grants = [Grant("s3:PutObject", f"arn:aws:s3:::acme-{number:060}/*") for number in range(100)]
    with pytest.raises(RemedyTooLarge) as raised:
        minimal_policy(grants)
    assert raised.value.limit == MANAGED_POLICY_LIMIT
    assert raised.value.size == policy_size(minimal_policy(grants, limit=raised.value.size))
    with pytest.raises(RemedyTooLarge):
        minimal_policy(grants, limit=raised.value.size - 1)


def test_the_trust_policy_admits_the_service_for_one_account_only() -> None:
    document = load_document(trust_policy(ACCOUNT, "sagemaker.amazonaws.com"), name="trust")
    mine, theirs = {"aws:SourceAccount": ACCOUNT}, {"aws:SourceAccount": "444455556666"}
    assert assumable(document, "sagemaker.amazonaws.com", mine).allowed
    assert assumable(document, "sagemaker.amazonaws.com", theirs).denied
    assert assumable(document, "ec2.amazonaws.com", mine).denied


ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:ListBucket", "ecr:BatchGetImage")
RESOURCES = (
    "arn:aws:s3:::a/x",
    "arn:aws:s3:::a/y",
    "arn:aws:s3:::a",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/x?",
    "arn:aws:s3:::b/?",
)
BLOCKS: tuple[Mapping[str, Mapping[str, str]], ...] = ({}, {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})
grants = st.builds(Grant, st.sampled_from(ACTIONS), st.sampled_from(RESOURCES), st.sampled_from(BLOCKS))


@given(st.lists(grants, max_size=12))
def test_exactly_what_was_asked_is_granted(asked: list[Grant]) -> None:
    """By asking for every action, resource and region whether the policy and the single grants agree."""
    fix = load_document(minimal_policy(asked), name="fix")
    single = [load_document(minimal_policy([grant]), name="single") for grant in asked]
    for action in ACTIONS:
        for resource in (*RESOURCES, "arn:aws:s3:::b/y", "arn:aws:s3:::b/xy", "arn:aws:s3:::c"):
            for region in ("eu-west-1", "us-east-1", None):
                request = Request(action, resource, context={"aws:RequestedRegion": region})
                merged = evaluate(request, identity=[fix]).outcome
                assert merged is evaluate(request, identity=single).outcome


@given(st.lists(grants, max_size=12))
def test_merging_is_never_longer_than_one_statement_for_each_grant(asked: list[Grant]) -> None:
    apart = [statement for grant in asked for statement in statements(minimal_policy([grant]))]
    assert policy_size(minimal_policy(asked)) <= policy_size({"Version": "2012-10-17", "Statement": apart})


def decider(*, boundary: Sequence[Document] | None = None, deny: bool = False) -> object:
    held = load_document({"Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET}]}, name="H")
    denial = load_document({"Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}, name="D")

    def decide(request: Request, added: Sequence[Document]) -> Decision:
        return evaluate(request, identity=[held, *added, *([denial] if deny else [])], boundary=boundary)

    return decide


WRITE, READ, LIST = Request("s3:PutObject", BUCKET + "/out/m"), Request("s3:GetObject", BUCKET + "/in/x"), Request(
    "s3:ListBucket", BUCKET
)  # fmt: skip
FIX = minimal_policy([Grant("s3:PutObject", OBJECTS)])


def test_a_remedy_that_mends_what_is_missing_and_nothing_else_is_proven() -> None:
    proof = prove(FIX, [WRITE], [READ, LIST], decider())  # type: ignore[arg-type]
    assert proof.holds
    assert (proof.mended, proof.unmended, proof.widened) == ((WRITE,), (), ())


def test_a_remedy_that_widens_is_found_out() -> None:
    wide = minimal_policy([Grant("s3:PutObject", "*"), Grant("s3:GetObject", "*")])
    proof = prove(wide, [WRITE], [READ, LIST], decider())  # type: ignore[arg-type]
    assert not proof.holds
    assert proof.widened == (READ,)


@pytest.mark.parametrize("where", ["boundary", "deny"])
def test_where_no_allow_can_help_the_proof_says_what_stands_in_the_way(where: str) -> None:
    narrow = load_document({"Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}, name="Narrow")
    decide = decider(boundary=[narrow]) if where == "boundary" else decider(deny=True)
    proof = prove(FIX, [WRITE], [], decide)  # type: ignore[arg-type]
    assert not proof.holds
    (decision,) = proof.unmended
    assert ("Narrow" if where == "boundary" else "a Deny") in decision.explain()
