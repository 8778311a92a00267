"""Cases of the checks in healthcheck.checks.caller, and of role.passable, which looks at the same principal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from healthcheck.result import Status
from healthcheck.target import Purpose, Target
from healthcheck.testing import ACCOUNT, NOW, ROLE, TARGET, AwsError, Case, Pages, Situation, denied
from tests.cases import role as roles
from tests.cases.role import Policy, allow, policy

USER = f"arn:aws:iam::{ACCOUNT}:user/people/alice"
SCIENTIST = f"arn:aws:iam::{ACCOUNT}:role/team/Scientist"
GUARD = f"arn:aws:iam::{ACCOUNT}:policy/Guard"

PASS = allow("iam:PassRole", ROLE, Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}})
PLENTY = policy(PASS, allow(["sagemaker:*", "logs:*", "s3:*"]))
_GONE = AwsError("NoSuchEntity", "cannot be found", 404)
_NO_POLICY = AwsError("NoSuchBucketPolicy", "there is none", 404)


def _paged(member: str, *items: Any) -> Pages:
    return Pages([{member: []}, {member: list(items)}], "Marker", "Marker", "IsTruncated")


def user(
    inline: Policy | str | None = None,
    *,
    group: Policy | None = None,
    attached: Mapping[str, Policy] | None = None,
    boundary: Policy | None = None,
    target: Target | None = None,
    **answers: Any,
) -> Situation:
    """A user with an inline policy, attached ones, and a group that has an inline one and an attached one."""
    nothing = policy(allow("sts:GetCallerIdentity"))
    bound = f"arn:aws:iam::{ACCOUNT}:policy/Boundary"
    of_group = f"arn:aws:iam::{ACCOUNT}:policy/OfGroup"
    documents = {**(attached or {}), bound: boundary or nothing, of_group: nothing}
    found: dict[str, Any] = {"Path": "/people/", "UserName": "alice", "UserId": "AIDAQHEALTHCHECKTEST", "Arn": USER}
    found["CreateDate"] = NOW
    if boundary:
        found["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": bound}
    entry = {"Path": "/", "GroupName": "Scientists", "GroupId": "AGPAQHEALTHCHECKTEST", "CreateDate": NOW}
    entry["Arn"] = f"arn:aws:iam::{ACCOUNT}:group/Scientists"
    known: dict[str, Any] = {
        "iam.GetUser": {"User": found},
        "iam.ListUserPolicies": _paged("PolicyNames", "Own"),
        "iam.ListAttachedUserPolicies": _paged(
            "AttachedPolicies", *({"PolicyArn": arn, "PolicyName": "P"} for arn in attached or {})
        ),
        "iam.ListGroupsForUser": _paged("Groups", entry),
        "iam.ListGroupPolicies": _paged("PolicyNames", "Shared"),
        "iam.ListAttachedGroupPolicies": _paged("AttachedPolicies", {"PolicyArn": of_group, "PolicyName": "OfGroup"}),
        "iam.GetUserPolicy": {
            "UserName": "alice",
            "PolicyName": "Own",
            "PolicyDocument": inline if inline is not None else nothing,
        },
        "iam.GetGroupPolicy": {"GroupName": "Scientists", "PolicyName": "Shared", "PolicyDocument": group or nothing},
        "iam.GetPolicy": lambda asked: {"Policy": {"Arn": asked["PolicyArn"], "DefaultVersionId": "v1"}},
        "iam.GetPolicyVersion": lambda asked: {
            "PolicyVersion": {"VersionId": "v1", "Document": json.dumps(documents[asked["PolicyArn"]])}
        },
        "s3.GetBucketPolicy": _NO_POLICY,
    }
    return Situation(
        target=target or replace(TARGET, caller=USER),
        answers={**known, **{name.replace("_", ".", 1): value for name, value in answers.items()}},
    )


def scientist(inline: Policy, *, is_session: bool = False, **answers: Any) -> Situation:
    """A role that starts jobs; a session of it has lost its path."""
    named = roles.permitted(inline, **answers)
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/Scientist/alice"
    target = replace(TARGET, caller="self" if is_session else SCIENTIST)
    identity = {"Account": ACCOUNT, "Arn": session, "UserId": "AROAQHEALTHCHECKTEST:alice"}
    known = {**named.answers, "sts.GetCallerIdentity": identity, "iam.GetRole": roles.role(SCIENTIST)}
    return Situation(target=target, answers=known)


def whoever(arn: str, situation: Situation, *, configured: bool = True) -> Situation:
    """The settings say nothing, so it is whose credentials these are."""
    identity = {"Account": ACCOUNT, "Arn": arn, "UserId": "AIDAQHEALTHCHECKTEST"}
    return replace(
        situation,
        target=replace(TARGET, caller=None, configured=configured),
        answers={**situation.answers, "sts.GetCallerIdentity": identity},
    )


def bucket_of_all() -> Mapping[str, Any]:
    bucket = f"arn:aws:s3:::sagemaker-us-east-1-{ACCOUNT}"
    statement = allow("s3:*", [bucket, f"{bucket}/*"], Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    return {"Policy": policy({**statement, "Principal": {"AWS": USER}})}


_ROOT = f"arn:aws:iam::{ACCOUNT}:root"
_FEDERATED = f"arn:aws:sts::{ACCOUNT}:federated-user/alice"
_NO_STARTING = policy(allow(["logs:*", "s3:*"]))
_TEAM = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/team-*"
_ONLY_IN_VPC = {
    "Effect": "Deny",
    "Action": "sagemaker:CreateTrainingJob",
    "Resource": "*",
    "Condition": {"Null": {"sagemaker:VpcSubnets": "true"}},
}
_FROM_THE_OFFICE = {
    "Effect": "Deny",
    "Action": "*",
    "Resource": "*",
    "Condition": {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
}
_IN_VPC = replace(TARGET, caller=USER, subnets=("subnet-0123456789abcdef0",))
_LOOKING = policy(allow(["iam:Get*", "iam:List*"]))

_AGREES: Mapping[str, Any] = {"iam_SimulatePrincipalPolicy": roles.simulated(lambda *_: {})}
_STARTER_ACTIONS = (
    "sagemaker:CreateTrainingJob",
    "sagemaker:DescribeTrainingJob",
    "sagemaker:StopTrainingJob",
    "logs:DescribeLogStreams",
    "logs:GetLogEvents",
    "s3:ListBucket",
    "s3:GetObject",
    "s3:PutObject",
)


def _simulated(denied: str) -> Any:
    """The organization denies one action, whatever it is asked with."""
    return roles.simulated(lambda action, *_: {"decision": "explicitDeny", "scp": True} if action == denied else {})


def _second_factor(_action: str, _resource: str, context: Mapping[str, Any]) -> Mapping[str, Any]:
    """The organization denies everything to who has given no second factor."""
    return {} if "aws:MultiFactorAuthPresent" in context else {"decision": "explicitDeny", "scp": True}


CASES = {
    "caller.permissions": (
        Case(
            "the simulator agrees, on its second page",
            user(PLENTY, iam_SimulatePrincipalPolicy=roles.agreeing(*_STARTER_ACTIONS)),
            Status.OK,
        ),
        Case(
            "the organization denies jobs",
            user(PLENTY, iam_SimulatePrincipalPolicy=_simulated("sagemaker:CreateTrainingJob")),
            Status.WARNING,
            "organization_denies",
        ),
        Case(
            "the organization asks for a second factor",
            user(PLENTY, iam_SimulatePrincipalPolicy=roles.simulated(_second_factor)),
            Status.OK,
        ),
        Case("a role of which the simulator knows", scientist(PLENTY, **_AGREES), Status.OK),
        Case("a user of its own right", user(PLENTY), Status.OK),
        Case("a user by its group", user(group=PLENTY), Status.OK),
        Case(
            "a user by what is attached, within a boundary", user(attached={GUARD: PLENTY}, boundary=PLENTY), Status.OK
        ),
        Case("a role", scientist(PLENTY), Status.OK),
        Case("a session of a role", scientist(PLENTY, is_session=True), Status.OK),
        Case("the root user", whoever(_ROOT, user()), Status.OK),
        Case("jobs of some names", user(policy(allow("sagemaker:*", _TEAM), allow(["logs:*", "s3:*"]))), Status.OK),
        Case(
            "a bucket that lets it in",
            user(policy(allow(["sagemaker:*", "logs:*"])), s3_GetBucketPolicy=bucket_of_all()),
            Status.OK,
        ),
        Case("no job", user(_NO_STARTING), Status.CRITICAL, "not_allowed"),
        Case("no log", user(policy(allow(["sagemaker:*", "s3:*"]))), Status.WARNING, "cannot_follow"),
        Case(
            "no job outside a VPC", user(policy(*PLENTY["Statement"], _ONLY_IN_VPC)), Status.CRITICAL, "explicit_deny"
        ),
        Case("a job in the VPC", user(policy(*PLENTY["Statement"], _ONLY_IN_VPC), target=_IN_VPC), Status.OK),
        Case("a boundary of logs alone", user(PLENTY, boundary=policy(allow("logs:*"))), Status.CRITICAL, "boundary"),
        Case(
            "a denial from elsewhere than the office",
            user(policy(*PLENTY["Statement"], _FROM_THE_OFFICE)),
            Status.UNKNOWN,
            "undecidable",
        ),
        Case("a policy of another grammar", user('{"Statement": "none"}'), Status.UNKNOWN, "malformed_document"),
        Case("nobody of that name", user(iam_GetUser=_GONE), Status.CRITICAL, "caller_missing"),
        Case("credentials of nobody", whoever(USER, user(iam_GetUser=_GONE)), Status.UNKNOWN, "not_found"),
        Case(
            "somebody of another account",
            user(target=replace(TARGET, caller="arn:aws:iam::444455556666:user/bob")),
            Status.CRITICAL,
            "caller_elsewhere",
        ),
        Case("a federated user", whoever(_FEDERATED, user()), Status.UNKNOWN, "undecidable"),
        Case("who only looks", whoever(USER, user(_LOOKING)), Status.SKIPPED, "not_configured"),
        Case(
            "who is called the starter, and may not",
            user(_LOOKING, target=replace(TARGET, caller=USER)),
            Status.CRITICAL,
            "not_allowed",
        ),
        Case(
            "no settings file, and no right",
            whoever(USER, user(_LOOKING), configured=False),
            Status.CRITICAL,
            "not_allowed",
        ),
        Case("nobody", user(target=replace(TARGET, caller="none")), Status.SKIPPED, "not_configured"),
        *(
            Case(
                f"for {purpose.value}",
                user(PLENTY, target=replace(TARGET, caller=USER, purposes=(purpose,))),
                Status.OK,
            )
            for purpose in Purpose
        ),
    ),
    "role.passable": (
        Case(
            "the simulator agrees, on its second page",
            user(policy(PASS), iam_SimulatePrincipalPolicy=roles.agreeing("iam:PassRole")),
            Status.OK,
        ),
        Case(
            "the organization denies it",
            user(policy(PASS), iam_SimulatePrincipalPolicy=_simulated("iam:PassRole")),
            Status.WARNING,
            "organization_denies",
        ),
        Case("a role of which the simulator knows", scientist(policy(PASS), **_AGREES), Status.OK),
        Case("a user of its own right", user(policy(PASS)), Status.OK),
        Case("a user by its group", user(group=policy(PASS)), Status.OK),
        Case(
            "a user by what is attached, within a boundary", user(attached={GUARD: PLENTY}, boundary=PLENTY), Status.OK
        ),
        Case("a role", scientist(policy(PASS)), Status.OK),
        Case("a session of a role", scientist(policy(PASS), is_session=True), Status.OK),
        Case("the root user", whoever(_ROOT, user()), Status.OK),
        Case(
            "a right to start jobs, and none to pass",
            user(policy(allow("sagemaker:*"))),
            Status.CRITICAL,
            "not_allowed",
        ),
        Case(
            "the same, of whoever it is",
            whoever(USER, user(policy(allow("sagemaker:*")))),
            Status.CRITICAL,
            "not_allowed",
        ),
        Case(
            "to another service",
            user(
                policy(
                    {**PASS, "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}},
                )
            ),
            Status.CRITICAL,
            "not_allowed",
        ),
        Case(
            "the role without its path",
            user(policy({**PASS, "Resource": ROLE.replace("service-role/", "")})),
            Status.CRITICAL,
            "not_allowed",
        ),
        Case("a denial", user(policy(PASS, {**PASS, "Effect": "Deny"})), Status.CRITICAL, "explicit_deny"),
        Case("a boundary without it", user(policy(PASS), boundary=policy(allow("s3:*"))), Status.CRITICAL, "boundary"),
        Case("from the office alone", user(policy(PASS, _FROM_THE_OFFICE)), Status.UNKNOWN, "undecidable"),
        Case("a policy of another grammar", user('{"Statement": "none"}'), Status.UNKNOWN, "malformed_document"),
        Case("a federated user", whoever(_FEDERATED, user()), Status.UNKNOWN, "undecidable"),
        Case("who only looks", whoever(USER, user(_LOOKING)), Status.SKIPPED, "not_configured"),
        Case("nobody of that name", user(iam_GetUser=_GONE), Status.UNKNOWN, "not_found"),
        Case(
            "somebody of another account",
            user(target=replace(TARGET, caller="arn:aws:iam::444455556666:user/bob")),
            Status.SKIPPED,
            "not_configured",
        ),
        Case("nobody", user(target=replace(TARGET, caller="none")), Status.SKIPPED, "not_configured"),
        Case("no role", user(target=replace(TARGET, caller=USER, role=None)), Status.SKIPPED, "not_configured"),
        Case(
            "it may not be looked up",
            user(policy(PASS), iam_GetUser=denied("iam.GetUser")),
            Status.UNKNOWN,
            "not_permitted",
        ),
    ),
}
