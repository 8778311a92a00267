"""Why: the statement that decides, what nearly matched, what was not seen, and who can change it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from healthcheck.iam import Document, Hole, Layer, Outcome, Request, evaluate, load_document

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/service-role/Exec"
OBJECT = "arn:aws:s3:::acme-data/out/model.tar.gz"


def policy(*statements: Mapping[str, object], name: str = "Data") -> Document:
    return load_document({"Version": "2012-10-17", "Statement": list(statements)}, name=name)


def allow(action: object, resource: object, **more: object) -> Mapping[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


EVERYTHING = policy(allow("*", "*"), name="Everything")


@pytest.mark.parametrize(
    ("statement", "action", "resource", "flaw", "words"),
    [
        (
            allow("s3:PutObject", "arn:aws:s3:::acme-data"),
            "s3:PutObject",
            OBJECT,
            "bucket_without_objects",
            "it names arn:aws:s3:::acme-data, the bucket, but not the objects in it: arn:aws:s3:::acme-data/*",
        ),
        (
            allow("s3:ListBucket", "arn:aws:s3:::acme-data/*"),
            "s3:ListBucket",
            "arn:aws:s3:::acme-data",
            "objects_without_bucket",
            "it names what is in arn:aws:s3:::acme-data, but not arn:aws:s3:::acme-data itself",
        ),
        (
            allow("s3:PutObject", "arn:aws:s3:::Acme-Data/*"),
            "s3:PutObject",
            OBJECT,
            "letter_case",
            f"it names arn:aws:s3:::Acme-Data/*, in other letter case than {OBJECT}",
        ),
        (
            allow("s3:PutObject", "arn:aws:s3:::acme-data/in/*"),
            "s3:PutObject",
            OBJECT,
            "other_prefix",
            f"it names arn:aws:s3:::acme-data/in/*, other objects of the bucket than {OBJECT}",
        ),
        (
            allow("ecr:BatchGetImage", "arn:aws:ecr:eu-west-1:444455556666:repository/*"),
            "ecr:BatchGetImage",
            f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/train",
            "other_account",
            "in account 444455556666 and not 111122223333",
        ),
        (
            allow("ecr:BatchGetImage", f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/*"),
            "ecr:BatchGetImage",
            f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/train",
            "other_region",
            "in region us-east-1 and not eu-west-1",
        ),
        (
            allow("s3:PutObject", "arn:aws-cn:s3:::acme-data/*"),
            "s3:PutObject",
            OBJECT,
            "other_partition",
            "in partition aws-cn and not aws",
        ),
        (
            allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/Exec"),
            "iam:PassRole",
            ROLE,
            "other_path",
            "with another path than",
        ),
        (
            allow("s3:ListObjects", "arn:aws:s3:::acme-data"),
            "s3:ListBucket",
            "arn:aws:s3:::acme-data",
            "action_does_not_exist",
            "it allows s3:ListObjects, which is no IAM action; the action is s3:ListBucket",
        ),
        (
            {"Effect": "Allow", "NotAction": "s3:PutObject", "Resource": "*"},
            "s3:PutObject",
            OBJECT,
            "excluded",
            "its NotAction lists s3:PutObject",
        ),
        (
            {"Effect": "Allow", "Action": "s3:PutObject", "NotResource": "arn:aws:s3:::acme-*"},
            "s3:PutObject",
            OBJECT,
            "excluded",
            f"its NotResource covers {OBJECT}",
        ),
        (
            allow("s3:PutObject", "arn:aws:s3:::acme-data/${aws:username}/*"),
            "s3:PutObject",
            OBJECT,
            "variable_without_value",
            "matches nothing, as the request has no one value of aws:username",
        ),
        (
            allow("s3:PutObject", "*", Condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}}),
            "s3:PutObject",
            OBJECT,
            "key_absent",
            "it asks for StringEquals aws:SourceVpce “vpce-1”, and the request has no aws:SourceVpce",
        ),
        (
            allow("s3:PutObject", "*", Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}}),
            "s3:PutObject",
            OBJECT,
            "value_differs",
            "it asks for StringEquals aws:RequestedRegion “us-east-1”, and the request has “eu-west-1”",
        ),
        (
            allow("s3:PutObject", ["arn:aws:s3:::other/*", "arn:aws:s3:::acme-data"]),
            "s3:PutObject",
            OBJECT,
            "bucket_without_objects",
            "it names arn:aws:s3:::acme-data, the bucket",
        ),
        (
            allow("s3:PutObject", "arn:aws:s3:::*sagemaker*"),
            "s3:PutObject",
            OBJECT,
            "other_resource",
            f"it names arn:aws:s3:::*sagemaker*, not {OBJECT}",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "_" in value else "",
)
def test_a_near_miss_names_the_one_element_that_fails(
    statement: Mapping[str, object], action: str, resource: str, flaw: str, words: str
) -> None:
    context = {"aws:RequestedRegion": "eu-west-1"}
    request = Request(action, resource, ACCOUNT, ROLE, context, context_complete=True)
    decision = evaluate(request, identity=[policy(statement)])
    assert decision.outcome is Outcome.IMPLICIT_DENY
    (miss,) = decision.near_misses
    assert miss.flaw.value == flaw
    assert words in miss.sentence
    assert f"nearly: Data, statement 1 (identity policy): {miss.sentence}" in decision.explain()


def test_a_statement_that_fails_by_two_elements_is_no_near_miss() -> None:
    statement = allow("s3:PutObject", "arn:aws:s3:::acme-data", Condition={"Bool": {"aws:SecureTransport": "false"}})
    request = Request("s3:PutObject", OBJECT, context={"aws:SecureTransport": True})
    assert evaluate(request, identity=[policy(statement)]).near_misses == ()


def test_the_closest_near_miss_comes_first_and_others_about_other_resources_are_left_out() -> None:
    statements = [
        allow("s3:PutObject", "arn:aws:s3:::elsewhere/*"),
        allow("s3:PutObject", "arn:aws:s3:::acme-data/in/*"),
        allow("s3:PutObject", "arn:aws:s3:::acme-data"),
    ]
    misses = evaluate(Request("s3:PutObject", OBJECT), identity=[policy(*statements)]).near_misses
    assert [miss.flaw.value for miss in misses] == ["bucket_without_objects", "other_prefix"]


def test_an_explicit_deny_is_quoted_with_layer_document_version_and_owner() -> None:
    arn = "arn:aws:organizations::444455556666:policy/o-1/service_control_policy/p-1"
    scp = load_document(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "NoWrites",
                    "Effect": "Deny",
                    "Action": [f"s3:Delete{i}" for i in range(50)] + ["s3:Put*"],
                    "Resource": "*",
                }
            ],
        },
        name="NoWrites",
        arn=arn,
        version="v3",
    )
    decision = evaluate(
        Request("s3:PutObject", OBJECT, principal=ROLE), identity=[EVERYTHING], scps=[[EVERYTHING], [EVERYTHING, scp]]
    )
    (match,) = decision.deciding
    assert (match.layer, match.statement.sid, match.layer.owner) == (
        Layer.SCP,
        "NoWrites",
        "an administrator of the organization",
    )
    assert decision.explain() == (
        f"denied: s3:PutObject on {OBJECT} by {ROLE}\n"
        f"  a Deny, which no Allow overrides, in service control policy {arn} (v3), statement NoWrites: "
        '{"Sid": "NoWrites", "Effect": "Deny", "Action": ["s3:Put*", "…"], "Resource": "*"}; '
        "an administrator of the organization can change it"
    )


def test_an_implicit_deny_names_every_layer_that_would_have_to_allow() -> None:
    narrow = policy(allow("ec2:*", "*"), name="Narrow")
    decision = evaluate(
        Request("s3:PutObject", OBJECT, principal=ROLE),
        identity=[narrow],
        boundary=[narrow],
        scps=[[EVERYTHING], [narrow]],
    )
    assert [verdict.label for verdict in decision.blocking] == [
        "identity policy",
        "permissions boundary",
        "service control policy at level 2",
    ]
    assert "no permissions boundary allows it; looked at Narrow" in decision.explain()


def test_where_the_resource_policy_grants_directly_only_the_organization_can_stand_in_the_way() -> None:
    bucket = policy(allow("s3:*", "*", Principal="*"), name="bucket policy")
    decision = evaluate(
        Request("s3:PutObject", OBJECT, ACCOUNT, ROLE),
        identity=[],
        boundary=[policy(allow("ec2:*", "*"))],
        scps=[[policy(allow("ec2:*", "*"))]],
        resource_policy=bucket,
    )
    assert [verdict.layer for verdict in decision.blocking] == [Layer.SCP]


def test_an_unknown_outcome_says_under_which_conditions_it_would_be_allowed_or_denied() -> None:
    statements = [
        allow("s3:PutObject", "*", Condition={"StringEquals": {"aws:SourceVpce": ["vpce-1", "vpce-2"]}}),
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}},
        },
    ]
    decision = evaluate(Request("s3:PutObject", OBJECT), identity=[policy(*statements)])
    assert decision.outcome is Outcome.UNKNOWN
    assert decision.unknown_keys == ("aws:RequestedRegion", "aws:SourceVpce")
    lines = decision.explain().splitlines()
    assert lines == [
        f"cannot tell: s3:PutObject on {OBJECT}",
        "  allowed if StringEquals aws:SourceVpce “vpce-1” or “vpce-2” (Data, statement 1)",
        "  denied if StringNotEquals aws:RequestedRegion “eu-west-1” (Data, statement 2)",
        "  not known: aws:RequestedRegion, aws:SourceVpce",
    ]


def test_a_key_that_cannot_change_the_outcome_is_not_asked_for() -> None:
    open_statement = allow("s3:*", "*", Condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}})
    decision = evaluate(Request("s3:PutObject", OBJECT), identity=[policy(open_statement), EVERYTHING])
    assert (decision.outcome, decision.unknown_keys) == (Outcome.ALLOWED, ())


SCP_HOLE = Hole("the service control policies", "organizations:ListPoliciesForTarget")
INLINE_HOLE = Hole("inline policy Extra", "iam:GetRolePolicy")
NOTHING = policy(name="Nothing")
DENY = policy({"Effect": "Deny", "Action": "*", "Resource": "*"})


@pytest.mark.parametrize(
    ("identity", "scps", "outcome", "as_far_as_seen"),
    [
        ([EVERYTHING], [[SCP_HOLE]], "unknown", "allowed"),
        ([EVERYTHING, INLINE_HOLE], None, "unknown", "allowed"),
        ([NOTHING, INLINE_HOLE], None, "unknown", "unknown"),
        ([NOTHING], [[SCP_HOLE]], "implicit_deny", "implicit_deny"),
        ([EVERYTHING, DENY], [[SCP_HOLE]], "explicit_deny", "explicit_deny"),
        ([EVERYTHING], [[SCP_HOLE, NOTHING]], "unknown", "unknown"),
    ],
)
def test_what_could_not_be_read_is_never_rounded(
    identity: list[Document | Hole], scps: list[list[Document | Hole]] | None, outcome: str, as_far_as_seen: str
) -> None:
    decision = evaluate(Request("s3:PutObject", OBJECT, principal=ROLE), identity=identity, scps=scps)
    assert (decision.outcome.value, decision.as_far_as_seen.value) == (outcome, as_far_as_seen)
    assert bool(decision.holes) is (outcome == "unknown")


def test_a_hole_is_named_with_the_action_that_would_close_it() -> None:
    decision = evaluate(Request("s3:PutObject", OBJECT, principal=ROLE), identity=[EVERYTHING], scps=[[SCP_HOLE]])
    assert decision.holes == (SCP_HOLE,)
    assert decision.explain().splitlines()[1:] == [
        "  as far as can be seen: allowed",
        "  not seen: the service control policies, which organizations:ListPoliciesForTarget would show",
        "  taken for granted: the resource belongs to the caller's account, as its owner is not given",
    ]


def test_what_is_seen_and_may_deny_is_open_as_far_as_seen_too() -> None:
    deny = {**allow("*", "*"), "Effect": "Deny", "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}
    request = Request("s3:PutObject", OBJECT, ACCOUNT, ROLE)
    decision = evaluate(request, identity=[EVERYTHING, policy(deny)], scps=[[SCP_HOLE]])
    assert (decision.outcome.value, decision.as_far_as_seen.value) == ("unknown", "unknown")


def test_an_identity_policy_does_not_stand_in_the_way_of_whom_the_resource_names() -> None:
    narrow = policy(allow("ec2:*", "*"), name="Narrow")
    bucket = policy(allow("s3:*", "*", Principal={"AWS": ROLE}), name="bucket policy")
    request = Request("s3:PutObject", OBJECT, ACCOUNT, ROLE)
    decision = evaluate(request, identity=[], boundary=[narrow], resource_policy=bucket)
    assert [verdict.layer for verdict in decision.blocking] == [Layer.BOUNDARY]
    assert decision.deciding == ()


def test_what_aws_always_refuses_is_told_as_that() -> None:
    root = f"arn:aws:iam::{ACCOUNT}:root"
    trust = policy({"Effect": "Allow", "Principal": {"AWS": root}, "Action": "sts:AssumeRole"}, name="trust")
    decision = evaluate(Request("sts:AssumeRole", ROLE, principal=root), identity=[EVERYTHING], resource_policy=trust)
    assert (decision.outcome.value, decision.blocking, decision.near_misses) == ("implicit_deny", (), ())
    assert decision.explain().splitlines()[1:] == ["  the root user of an account can assume no role"]
    assert decision.as_json()["barred"] == decision.barred == "the root user of an account can assume no role"


def test_why_a_boundary_makes_not_principal_deny_is_told() -> None:
    user = f"arn:aws:iam::{ACCOUNT}:user/zoe"
    spare = {"Effect": "Deny", "NotPrincipal": {"AWS": [user, ACCOUNT]}, "Action": "s3:*", "Resource": "*"}
    request = Request("s3:PutObject", OBJECT, ACCOUNT, user)
    bound = evaluate(request, identity=[EVERYTHING], boundary=[EVERYTHING], resource_policy=policy(spare))
    note = "; NotPrincipal denies whoever has a permissions boundary, listed or not"
    assert bound.explain().splitlines()[1].endswith(note)
    plain = policy({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"})
    denied = evaluate(request, identity=[EVERYTHING], boundary=[EVERYTHING], resource_policy=plain)
    assert "NotPrincipal" not in denied.explain()
    other = Request("s3:PutObject", OBJECT, ACCOUNT, ROLE)
    assert "boundary" not in evaluate(other, identity=[EVERYTHING], resource_policy=policy(spare)).explain()


def test_an_owner_that_nobody_gives_is_taken_to_be_the_caller_s_account_and_that_is_told() -> None:
    told = "the resource belongs to the caller's account, as its owner is not given"
    unsure = evaluate(Request("s3:PutObject", OBJECT, principal=ROLE), identity=[EVERYTHING])
    assert (unsure.outcome.value, unsure.assumption) == ("allowed", told)
    assert unsure.explain().splitlines()[-1] == f"  taken for granted: {told}"
    sure = [
        evaluate(Request("s3:PutObject", OBJECT, ACCOUNT, ROLE), identity=[EVERYTHING]),
        evaluate(Request("s3:PutObject", OBJECT, principal=ROLE), identity=[]),
        evaluate(Request("ecr:GetAuthorizationToken", principal=ROLE), identity=[EVERYTHING]),
        evaluate(Request("s3:PutObject", OBJECT), identity=[EVERYTHING]),
    ]
    assert {decision.assumption for decision in sure} == {""}


@pytest.mark.parametrize(
    ("action", "resource", "account", "hole"),
    [
        ("kms:Decrypt", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1", None, "kms:GetKeyPolicy"),
        ("ecr:BatchGetImage", "arn:aws:ecr:eu-west-1:763104351884:repository/pytorch", None, "ecr:GetRepositoryPolicy"),
        ("s3:GetObject", OBJECT, "444455556666", "s3:GetBucketPolicy"),
        ("sts:AssumeRole", ROLE, None, "iam:GetRole"),
    ],
)
def test_a_resource_policy_that_aws_always_asks_is_a_hole_when_it_is_not_given(
    action: str, resource: str, account: str | None, hole: str
) -> None:
    request = Request(action, resource, account, ROLE)
    decision = evaluate(request, identity=[EVERYTHING])
    assert (decision.outcome.value, decision.as_far_as_seen.value) == ("unknown", "allowed")
    assert [each.action for each in decision.holes] == [hole]
    without = evaluate(request, identity=[NOTHING])
    assert without.as_far_as_seen.value != "allowed"


def test_whose_bucket_it_is_matters_only_where_the_answer_differs() -> None:
    bucket = policy(allow("s3:*", "*", Principal={"AWS": ROLE}), name="bucket policy")
    request = Request("s3:PutObject", OBJECT, principal=ROLE)
    assert evaluate(request, identity=[EVERYTHING], resource_policy=bucket).allowed
    decision = evaluate(request, identity=[NOTHING], resource_policy=bucket)
    assert decision.doubts == ("which account owns the resource is not given",)


def test_a_role_stands_for_some_session_of_it() -> None:
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/Exec/SageMaker"
    bucket = policy(allow("s3:*", "*", Principal={"AWS": session}), name="bucket policy")
    decision = evaluate(Request("s3:PutObject", OBJECT, ACCOUNT, ROLE), identity=[NOTHING], resource_policy=bucket)
    assert decision.doubts == (f"whether the role's session is {session} is not known",)


def test_a_session_does_not_know_the_path_of_its_role() -> None:
    """aws:PrincipalArn holds the role's ARN, whose path the ARN of the session has lost."""
    only_exec = allow("s3:*", "*", Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}})
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/Exec/SageMaker"
    by_session = evaluate(Request("s3:PutObject", OBJECT, principal=session), identity=[policy(only_exec)])
    by_role = evaluate(Request("s3:PutObject", OBJECT, principal=ROLE), identity=[policy(only_exec)])
    assert (by_session.unknown_keys, by_role.allowed) == (("aws:PrincipalArn",), True)


def test_an_unknown_outcome_refuses_to_be_rounded() -> None:
    decision = evaluate(Request("s3:PutObject", OBJECT), identity=[INLINE_HOLE])
    assert (decision.allowed, decision.denied) == (False, False)
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(decision.open_points)


@pytest.mark.parametrize(
    ("statement", "doubt"),
    [
        (allow("s3:*", "*", Principal="*"), "has an element Principal, which AWS accepts in no identity policy"),
        (
            {"Effect": "Allow", "Action": "s3:*"},
            "has no element Resource, without which AWS accepts no identity policy",
        ),
    ],
)
def test_a_statement_that_aws_would_not_accept_is_no_verdict(statement: Mapping[str, object], doubt: str) -> None:
    decision = evaluate(Request("s3:PutObject", OBJECT), identity=[policy(statement)])
    assert decision.doubts == (f"statement 1 {doubt}",)
    assert f"left open: statement 1 {doubt}" in decision.explain()


def test_a_repository_policy_is_about_its_repository_without_saying_so() -> None:
    repository = f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/train"
    pull = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "ecr:BatchGetImage"}
    decision = evaluate(
        Request("ecr:BatchGetImage", repository, principal=ROLE), identity=[], resource_policy=policy(pull)
    )
    assert decision.allowed
    assert "allowed by resource policy Data, statement 1" in decision.explain()


def test_a_value_missing_below_a_role_is_told_without_a_bucket() -> None:
    statement = allow("sagemaker:DescribeEndpoint", f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:endpoint")
    request = Request("sagemaker:DescribeEndpoint", f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:endpoint/e")
    (miss,) = evaluate(request, identity=[policy(statement)]).near_misses
    assert miss.sentence.endswith("but not what is below it: " + f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:endpoint/*")


def test_every_resource_at_once_is_only_another_resource() -> None:
    statement = allow("s3:PutObject", "arn:aws:s3:::acme-data/*")
    (miss,) = evaluate(Request("s3:PutObject"), identity=[policy(statement)]).near_misses
    assert miss.flaw.value == "other_resource"


def test_who_a_not_principal_leaves_out_is_told() -> None:
    spare = {"Effect": "Allow", "NotPrincipal": "*", "Action": "s3:*", "Resource": "*"}
    rcp = evaluate(Request("s3:PutObject", OBJECT, principal=ROLE), identity=[EVERYTHING], rcps=[[policy(spare)]])
    (miss,) = rcp.near_misses
    assert (miss.element, miss.sentence) == ("NotPrincipal", f"its NotPrincipal lists {ROLE}")
    unnamed = evaluate(Request("s3:PutObject", OBJECT), identity=[], resource_policy=policy(spare))
    assert (unnamed.outcome, unnamed.near_misses) == (Outcome.IMPLICIT_DENY, ())


def test_a_document_remembers_actions_without_growing_for_ever() -> None:
    document = policy(allow("s3:Put*", "*"))
    for number in range(5_000):
        assert evaluate(Request(f"s3:Put{number}", OBJECT), identity=[document]).allowed
    assert evaluate(Request("s3:Get", OBJECT), identity=[document]).denied
    assert len(document._by_action) <= 4_096


def test_a_star_for_all_buckets_is_no_star_for_the_kind_of_resource() -> None:
    decision = evaluate(Request("s3:PutObject", OBJECT), identity=[policy(allow("s3:*", "arn:aws:s3:::*/*"))])
    assert decision.allowed
    assert "star for the kind" not in decision.explain()


def test_what_cannot_change_an_unknown_outcome_is_not_told() -> None:
    """The identity policies allow for certain; only the boundary is open, and so only its condition is told."""
    by_region = allow("s3:*", "*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})
    by_endpoint = allow("s3:*", "*", Condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}})
    boundary = policy(by_region, name="Boundary")
    decision = evaluate(
        Request("s3:PutObject", OBJECT), identity=[EVERYTHING, policy(by_endpoint)], boundary=[boundary]
    )
    assert [match.document.name for match in decision.deciding] == ["Boundary"]
    deny = {**by_endpoint, "Effect": "Deny"}
    denied = evaluate(Request("s3:PutObject", OBJECT), identity=[EVERYTHING, policy(by_region, deny)])
    assert [match.statement.effect.value for match in denied.deciding] == ["Deny"]


def test_a_statement_that_names_the_caller_twice_is_told_once() -> None:
    bucket = policy(allow("s3:*", "*", Principal={"AWS": [ROLE, ACCOUNT]}), name="bucket policy")
    decision = evaluate(Request("s3:PutObject", OBJECT, ACCOUNT, ROLE), identity=[], resource_policy=bucket)
    assert len(decision.deciding) == 1


def test_a_federated_session_without_policy_is_told_why() -> None:
    request = Request("s3:PutObject", OBJECT, principal=f"arn:aws:sts::{ACCOUNT}:federated-user/zoe")
    decision = evaluate(request, identity=[EVERYTHING])
    assert decision.explain().endswith("without a session policy the session of a federated user may do nothing")


def test_a_role_is_known_to_have_no_user_name() -> None:
    """So that a policy written for users is a certain no, not an open question."""
    home = policy(allow("s3:PutObject", "arn:aws:s3:::acme-data/${aws:username}/*"))
    assert evaluate(Request("s3:PutObject", OBJECT, principal=ROLE), identity=[home]).denied
    assert evaluate(Request("s3:PutObject", OBJECT), identity=[home]).unknown_keys == ("aws:username",)


def test_a_decision_can_be_sent_as_json() -> None:
    open_deny = {"Sid": "D", "Effect": "Deny", "Action": "*", "Resource": "*"} | {
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
    }
    decision = evaluate(
        Request("s3:PutObject", OBJECT, principal=ROLE),
        identity=[policy(allow("s3:PutObject", "arn:aws:s3:::acme-data"), open_deny)],
        resource_policy=Hole("the bucket policy", "s3:GetBucketPolicy"),
    )
    assert json.loads(json.dumps(decision.as_json())) == {
        "action": "s3:PutObject",
        "resource": OBJECT,
        "principal": ROLE,
        "outcome": "unknown",
        "as_far_as_seen": "unknown",
        "deciding": [
            {
                "layer": "identity policy",
                "document": "Data",
                "arn": None,
                "version": None,
                "sid": "D",
                "index": 1,
                "statement": json.dumps(open_deny),
                "owner": "whoever administers the role or user",
            }
        ],
        "blocking": [],
        "barred": "",
        "assumption": "",
        "unknown_keys": ["aws:RequestedRegion"],
        "unread": [{"name": "the bucket policy", "action": "s3:GetBucketPolicy"}],
        "doubts": ["which account owns the resource is not given"],
        "near_misses": [
            {
                "layer": "identity policy",
                "statement": "Data, statement 1",
                "element": "Resource",
                "flaw": "bucket_without_objects",
                "sentence": "it names arn:aws:s3:::acme-data, the bucket, but not the objects in it: "
                "arn:aws:s3:::acme-data/*",
            }
        ],
    }
