"""What AWS's documentation says about its own examples, as a table: the case, where it stands, and how it ends."""

from __future__ import annotations

import pytest

from tests.iam.aws_cases import (
    ACCOUNT,
    ALLOW_ALL,
    BOUNDARIES,
    CROSS,
    EC2_ONLY,
    FEDERATED,
    KEY,
    KEYS,
    LOGIC,
    NOT_ACTION,
    NOT_PRINCIPAL,
    NOT_RESOURCE,
    OBJECT,
    OTHER_ACCOUNT,
    PRINCIPAL,
    RCPS,
    ROLE,
    ROOT,
    SCPS,
    SESSION,
    USER,
    VARIABLES,
    Case,
    allow,
    deny,
    to,
)

CARLOS = "arn:aws:iam::123456789012:user/carlossalazar"
CARLOS_POLICY = (
    allow(["s3:GetBucketLocation", "s3:ListAllMyBuckets"], "arn:aws:s3:::*", Sid="AllowS3ListRead"),
    allow("s3:*", ["arn:aws:s3:::carlossalazar/*", "arn:aws:s3:::carlossalazar"], Sid="AllowS3Self"),
    deny("s3:*", "arn:aws:s3:::*log*", Sid="DenyS3Logs"),
)
CARLOS_BUCKET = (allow("s3:*", ["arn:aws:s3:::carlossalazar/*"], Principal={"AWS": CARLOS}),)
IAM_READER = (
    allow(["iam:Get*", "iam:List*"], Sid="AllowGetList"),
    deny("iam:*Report", Sid="DenyReports"),
)
SHIRLEY = "arn:aws:iam::123456789012:user/ShirleyRodriguez"
SHIRLEYS_BOUNDARY = (allow(["s3:*", "cloudwatch:*", "ec2:*"]),)

EVALUATION = [
    Case(LOGIC, "by default all requests are implicitly denied", "implicit_deny", "s3:GetObject", OBJECT),
    Case(LOGIC, "the root user has full access", "allowed", "s3:GetObject", OBJECT, principal=ROOT),
    Case(
        LOGIC,
        "Carlos may not write to a bucket with log in its name",
        "explicit_deny",
        "s3:PutObject",
        "arn:aws:s3:::carlossalazar-logs/x",
        CARLOS,
        "123456789012",
        identity=CARLOS_POLICY,
    ),
    Case(
        LOGIC,
        "Carlos may write to his own bucket: both policies allow it",
        "allowed",
        "s3:PutObject",
        "arn:aws:s3:::carlossalazar/x",
        CARLOS,
        "123456789012",
        identity=CARLOS_POLICY,
        resource_policy=CARLOS_BUCKET,
    ),
    Case(
        LOGIC,
        "if only the resource policy allows, the request is allowed",
        "allowed",
        "s3:PutObject",
        "arn:aws:s3:::carlossalazar/x",
        CARLOS,
        "123456789012",
        resource_policy=CARLOS_BUCKET,
    ),
    Case(
        LOGIC,
        "Carlos may list all buckets, which is granted on arn:aws:s3:::*",
        "allowed",
        "s3:ListAllMyBuckets",
        principal=CARLOS,
        resource_account="123456789012",
        identity=CARLOS_POLICY,
    ),
    Case(LOGIC, "reading IAM is allowed", "allowed", "iam:GetUser", identity=IAM_READER),
    Case(LOGIC, "writing IAM is implicitly denied", "implicit_deny", "iam:CreatePolicy", identity=IAM_READER),
    Case(
        LOGIC,
        "reports are explicitly denied",
        "explicit_deny",
        "iam:GetOrganizationsAccessReport",
        identity=IAM_READER,
    ),
    Case(
        LOGIC,
        "another Allow does not help against an explicit deny",
        "explicit_deny",
        "iam:GenerateCredentialReport",
        identity=[*IAM_READER, ALLOW_ALL],
    ),
]

# The table of resource-based policies and implicit denies in other policy types.
IMPLICIT_DENIES = [
    Case(LOGIC, "a role ARN is limited by a boundary", "implicit_deny", "s3:GetObject", OBJECT, SESSION,
         boundary=[EC2_ONLY], resource_policy=[to(ROLE)]),
    Case(LOGIC, "a role ARN is limited by a session policy", "implicit_deny", "s3:GetObject", OBJECT, SESSION,
         session=[EC2_ONLY], resource_policy=[to(ROLE)]),
    Case(LOGIC, "so is any session of the role", "implicit_deny", "s3:GetObject", OBJECT, ROLE,
         boundary=[EC2_ONLY], resource_policy=[to(ROLE)]),
    Case(LOGIC, "a role ARN is not limited by an identity policy", "allowed", "s3:GetObject", OBJECT, SESSION,
         identity=[EC2_ONLY], resource_policy=[to(ROLE)]),
    Case(LOGIC, "a session ARN is limited by none of the three", "allowed", "s3:GetObject", OBJECT, SESSION,
         identity=[EC2_ONLY], boundary=[EC2_ONLY], session=[EC2_ONLY], resource_policy=[to(SESSION)]),
    Case(LOGIC, "a user ARN is not limited by identity policy and boundary", "allowed", "s3:GetObject", OBJECT, USER,
         identity=[EC2_ONLY], boundary=[EC2_ONLY], resource_policy=[to(USER)]),
    Case(LOGIC, "a federated user's ARN is limited by none", "allowed", "s3:GetObject", OBJECT, FEDERATED,
         boundary=[EC2_ONLY], session=[EC2_ONLY], resource_policy=[to(FEDERATED)]),
    Case(LOGIC, "a federated session without session policy may do nothing", "implicit_deny", "s3:GetObject", OBJECT,
         FEDERATED, identity=[ALLOW_ALL]),
    Case(LOGIC, "a federated session with one is the intersection", "allowed", "s3:GetObject", OBJECT, FEDERATED,
         identity=[ALLOW_ALL], session=[allow("s3:*")]),
    Case(LOGIC, "a deny in a boundary holds against a session ARN too", "explicit_deny", "s3:GetObject", OBJECT,
         SESSION, boundary=[ALLOW_ALL, deny("s3:*")], resource_policy=[to(SESSION)]),
    Case(PRINCIPAL, "a star with aws:PrincipalArn is not limited by boundary or session policy", "allowed",
         "s3:GetObject", OBJECT, SESSION, context={"aws:PrincipalArn": ROLE}, boundary=[EC2_ONLY], session=[EC2_ONLY],
         resource_policy=[{**to("*"), "Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE}}}]),
    Case(PRINCIPAL, "the account's ARN leaves it to the account", "implicit_deny", "s3:GetObject", OBJECT,
         resource_policy=[to(ROOT)]),
    Case(PRINCIPAL, "for principals of the account a star needs no other permission", "allowed", "s3:GetObject", OBJECT,
         resource_policy=[to("*")]),
]  # fmt: skip

LIMITS = [
    Case(BOUNDARIES, "Shirley may not create users although a policy allows it", "implicit_deny", "iam:CreateUser",
         principal=SHIRLEY, identity=[allow("iam:CreateUser")], boundary=SHIRLEYS_BOUNDARY),
    Case(BOUNDARIES, "a boundary gives nothing by itself", "implicit_deny", "s3:GetObject", OBJECT, SHIRLEY,
         boundary=SHIRLEYS_BOUNDARY),
    Case(BOUNDARIES, "what both allow is allowed", "allowed", "s3:GetObject", OBJECT, SHIRLEY, "123456789012",
         identity=[allow("s3:GetObject")], boundary=SHIRLEYS_BOUNDARY),
    Case(BOUNDARIES, "boundary, SCP and identity policy must all allow", "implicit_deny", "s3:GetObject", OBJECT,
         identity=[allow("s3:*")], boundary=[allow("s3:*")], scps=[[ALLOW_ALL], [EC2_ONLY]]),
    Case(SCPS, "every level from the root to the account must allow", "allowed", "s3:GetObject", OBJECT,
         identity=[allow("s3:*")], scps=[[ALLOW_ALL], [EC2_ONLY, allow("s3:*")], [ALLOW_ALL]]),
    Case(SCPS, "a level without Allow denies", "implicit_deny", "s3:GetObject", OBJECT,
         identity=[allow("s3:*")], scps=[[ALLOW_ALL], [], [ALLOW_ALL]]),
    Case(SCPS, "a deny at any level denies", "explicit_deny", "s3:GetObject", OBJECT,
         identity=[allow("s3:*")], scps=[[ALLOW_ALL, deny("s3:*")], [ALLOW_ALL]]),
    Case(SCPS, "an SCP gives nothing by itself", "implicit_deny", "s3:GetObject", OBJECT, scps=[[ALLOW_ALL]]),
    Case(SCPS, "SCPs bind the root user of a member account", "explicit_deny", "s3:GetObject", OBJECT, ROOT,
         scps=[[ALLOW_ALL, deny("*", Condition={"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}})]]),
    Case(SCPS, "SCPs do not bind service-linked roles", "allowed", "s3:GetObject", OBJECT,
         f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/sagemaker.amazonaws.com/AWSServiceRoleForX",
         identity=[ALLOW_ALL], scps=[[deny("*")]]),
    Case(SCPS, "SCPs do not bind a service that is the principal", "allowed", "s3:PutObject", OBJECT,
         "logging.s3.amazonaws.com", scps=[[deny("*")]],
         resource_policy=[allow("s3:PutObject", Principal={"Service": "logging.s3.amazonaws.com"})]),
    Case(RCPS, "every level must allow", "implicit_deny", "s3:GetObject", OBJECT, identity=[ALLOW_ALL],
         rcps=[[{**ALLOW_ALL, "Principal": "*"}], []]),
    Case(RCPS, "an RCP denies callers from outside the organization", "explicit_deny", "s3:GetObject", OBJECT,
         identity=[ALLOW_ALL], context={"aws:PrincipalOrgID": "o-other", "aws:PrincipalIsAWSService": False},
         rcps=[[{**ALLOW_ALL, "Principal": "*"},
                deny("s3:*", Principal="*", Condition={
                    "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-mine"},
                    "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}})]]),
]  # fmt: skip

ACROSS = [
    Case(CROSS, "both sides allow", "allowed", "s3:GetObject", OBJECT, resource_account=OTHER_ACCOUNT,
         identity=[allow("s3:*")], resource_policy=[to(ROLE)]),
    Case(CROSS, "the account's ARN on the other side suffices", "allowed", "s3:GetObject", OBJECT,
         resource_account=OTHER_ACCOUNT, identity=[allow("s3:*")], resource_policy=[to(ACCOUNT)]),
    Case(CROSS, "only the caller's side allows", "implicit_deny", "s3:GetObject", OBJECT,
         resource_account=OTHER_ACCOUNT, identity=[allow("s3:*")], resource_policy=[to(USER)]),
    Case(CROSS, "only the resource's side allows", "implicit_deny", "s3:GetObject", OBJECT,
         resource_account=OTHER_ACCOUNT, resource_policy=[to(ROLE)]),
    Case(CROSS, "a star on the other side does not replace the caller's side", "implicit_deny", "s3:GetObject", OBJECT,
         resource_account=OTHER_ACCOUNT, resource_policy=[to("*")]),
    Case(CROSS, "the boundary limits the caller's side", "implicit_deny", "s3:GetObject", OBJECT,
         resource_account=OTHER_ACCOUNT, identity=[allow("s3:*")], boundary=[EC2_ONLY], resource_policy=[to(ROLE)]),
]  # fmt: skip

BOB = "arn:aws:iam::444455556666:user/Bob"
AUDIT_SESSION = "arn:aws:sts::444455556666:assumed-role/cross-account-read-only-role/cross-account-audit-app"
AUDIT_ROLE = "arn:aws:iam::444455556666:role/cross-account-read-only-role"
BOBS_ACCOUNT = "arn:aws:iam::444455556666:root"
ALL_BUT_BOB = deny("s3:*", NotPrincipal={"AWS": [BOB, BOBS_ACCOUNT]})
ALL_BUT_AUDIT = deny("s3:*", NotPrincipal={"AWS": [AUDIT_SESSION, AUDIT_ROLE, BOBS_ACCOUNT]})

EXCEPTIONS = [
    Case(NOT_PRINCIPAL, "Bob, listed with his account, is not denied", "allowed", "s3:GetObject", OBJECT, BOB,
         OTHER_ACCOUNT, identity=[ALLOW_ALL], resource_policy=[ALL_BUT_BOB]),
    Case(NOT_PRINCIPAL, "everybody else is", "explicit_deny", "s3:GetObject", OBJECT, USER,
         identity=[ALLOW_ALL], resource_policy=[ALL_BUT_BOB]),
    Case(NOT_PRINCIPAL, "Bob without his account might be denied", "unknown", "s3:GetObject", OBJECT, BOB,
         OTHER_ACCOUNT, identity=[ALLOW_ALL], resource_policy=[deny("s3:*", NotPrincipal={"AWS": BOB})]),
    Case(NOT_PRINCIPAL, "a session listed with role and account is not denied", "allowed", "s3:GetObject", OBJECT,
         AUDIT_SESSION, OTHER_ACCOUNT, identity=[ALLOW_ALL], resource_policy=[ALL_BUT_AUDIT]),
    Case(NOT_PRINCIPAL, "a session listed without its role might be", "unknown", "s3:GetObject", OBJECT,
         AUDIT_SESSION, OTHER_ACCOUNT, identity=[ALLOW_ALL],
         resource_policy=[deny("s3:*", NotPrincipal={"AWS": [AUDIT_SESSION, BOBS_ACCOUNT]})]),
    Case(PRINCIPAL, "a Deny to all but one user by aws:PrincipalArn spares the user", "allowed", "s3:GetObject", OBJECT,
         BOB, OTHER_ACCOUNT, identity=[ALLOW_ALL],
         resource_policy=[deny("s3:*", Principal="*", Condition={"ArnNotEquals": {"aws:PrincipalArn": BOB}})]),
    Case(NOT_ACTION, "everything but IAM is allowed", "allowed", "s3:GetObject", OBJECT,
         identity=[{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]),
    Case(NOT_ACTION, "IAM is not", "implicit_deny", "iam:GetUser",
         identity=[{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]),
    Case(NOT_ACTION, "without MFA everything but managing MFA is denied", "explicit_deny", "s3:GetObject", OBJECT,
         identity=[ALLOW_ALL, {"Effect": "Deny", "NotAction": ["iam:*"], "Resource": "*",
                               "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}]),
    Case(NOT_ACTION, "and with MFA nothing is", "allowed", "s3:GetObject", OBJECT,
         context={"aws:MultiFactorAuthPresent": True},
         identity=[ALLOW_ALL, {"Effect": "Deny", "NotAction": ["iam:*"], "Resource": "*",
                               "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}]),
    Case(NOT_RESOURCE, "a Deny with NotResource spares the listed bucket", "allowed", "s3:GetObject",
         "arn:aws:s3:::HRBucket/Payroll/x", identity=[ALLOW_ALL,
         {"Effect": "Deny", "Action": "s3:*",
          "NotResource": ["arn:aws:s3:::HRBucket/Payroll", "arn:aws:s3:::HRBucket/Payroll/*"]}]),
    Case(NOT_RESOURCE, "and denies every other", "explicit_deny", "s3:GetObject", OBJECT, identity=[ALLOW_ALL,
         {"Effect": "Deny", "Action": "s3:*",
          "NotResource": ["arn:aws:s3:::HRBucket/Payroll", "arn:aws:s3:::HRBucket/Payroll/*"]}]),
]  # fmt: skip

DAVID = f"arn:aws:iam::{ACCOUNT}:user/David"
HOME = (allow("s3:GetObject", "arn:aws:s3:::mybucket/${aws:username}/*"),)
QUEUES = (allow("sqs:*", "arn:aws:sqs:us-east-2:*:${aws:username}-queue"),)
TEAM = (allow("s3:GetObject", "arn:aws:s3:::bucket/${aws:PrincipalTag/team, 'company-wide'}/*"),)

WITH_VARIABLES = [
    Case(VARIABLES, "each user reads below his own name", "allowed", "s3:GetObject", "arn:aws:s3:::mybucket/David/x",
         DAVID, identity=HOME),
    Case(VARIABLES, "and not below another's", "implicit_deny", "s3:GetObject", "arn:aws:s3:::mybucket/Zoe/x", DAVID,
         identity=HOME),
    Case(VARIABLES, "in the language of 2008 a variable is plain text", "implicit_deny", "s3:GetObject",
         "arn:aws:s3:::mybucket/David/x", DAVID, identity=HOME, language="2008-10-17"),
    Case(VARIABLES, "which is what it then matches", "allowed", "s3:GetObject",
         "arn:aws:s3:::mybucket/${aws:username}/x", DAVID, identity=HOME, language="2008-10-17"),
    Case(VARIABLES, "a role has no aws:username, so nothing matches", "implicit_deny", "s3:GetObject",
         "arn:aws:s3:::mybucket/David/x", ROLE, identity=HOME),
    Case(VARIABLES, "a queue of the user's name", "allowed", "sqs:SendMessage",
         f"arn:aws:sqs:us-east-2:{ACCOUNT}:David-queue", DAVID, identity=QUEUES),
    Case(VARIABLES, "without the tag the default is substituted", "allowed", "s3:GetObject",
         "arn:aws:s3:::bucket/company-wide/x", identity=TEAM),
    Case(VARIABLES, "with the tag its value is", "allowed", "s3:GetObject", "arn:aws:s3:::bucket/yellow/x",
         context={"aws:PrincipalTag/team": "yellow"}, identity=TEAM),
    Case(VARIABLES, "and the default is not", "implicit_deny", "s3:GetObject", "arn:aws:s3:::bucket/company-wide/x",
         context={"aws:PrincipalTag/team": "yellow"}, identity=TEAM),
    Case(VARIABLES, "${*} is a plain star", "allowed", "s3:GetObject", "arn:aws:s3:::bucket/a*b",
         identity=[allow("s3:GetObject", "arn:aws:s3:::bucket/a${*}b")]),
    Case(VARIABLES, "and no wildcard", "implicit_deny", "s3:GetObject", "arn:aws:s3:::bucket/axb",
         identity=[allow("s3:GetObject", "arn:aws:s3:::bucket/a${*}b")]),
    Case(VARIABLES, "with no value an inverted operator matches: the deny holds", "explicit_deny", "s3:GetObject",
         OBJECT, context={"s3:ExistingObjectTag/Team": "yellow"}, identity=[ALLOW_ALL, deny("s3:GetObject", Condition={
             "StringNotEquals": {"s3:ExistingObjectTag/Team": "${aws:PrincipalTag/Team}"}})]),
    Case(VARIABLES, "names of keys ignore letter case", "allowed", "s3:GetObject", OBJECT,
         context={"aws:CurrentTime": "2020-01-02T00:00:00Z"}, identity=[allow("s3:*", Condition={
             "DateGreaterThan": {"AWS:currenttime": "2020-01-01T00:00:00Z"}})]),
]  # fmt: skip

ROOT_ENABLES_IAM = allow("kms:*", Principal={"AWS": ROOT})
KEY_USER = allow("kms:Decrypt", Principal={"AWS": ROLE})

KMS = [
    Case(KEYS, "the root statement lets identity policies allow", "allowed", "kms:Decrypt", KEY,
         identity=[allow("kms:Decrypt", KEY)], resource_policy=[ROOT_ENABLES_IAM]),
    Case(KEYS, "and gives nothing without them", "implicit_deny", "kms:Decrypt", KEY,
         resource_policy=[ROOT_ENABLES_IAM]),
    Case(KEYS, "without it identity policies have no effect", "implicit_deny", "kms:Decrypt", KEY,
         identity=[allow("kms:Decrypt", KEY)],
         resource_policy=[allow("kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/admin"})]),
    Case(KEYS, "a key user needs no identity policy", "allowed", "kms:Decrypt", KEY, resource_policy=[KEY_USER]),
    Case(KEYS, "a key of another account needs both", "allowed", "kms:Decrypt",
         "arn:aws:kms:us-west-2:444455556666:key/1", resource_account=None,
         identity=[allow("kms:Decrypt")], resource_policy=[ROOT_ENABLES_IAM]),
    Case(KEYS, "as its own account it cannot see the key policy: not known", "unknown", "kms:Decrypt", KEY,
         identity=[allow("kms:Decrypt")]),
    Case(KEYS, "an action without a key has no key policy", "allowed", "kms:ListKeys",
         identity=[allow("kms:ListKeys")]),
]  # fmt: skip

CASES = [*EVALUATION, *IMPLICIT_DENIES, *LIMITS, *ACROSS, *EXCEPTIONS, *WITH_VARIABLES, *KMS]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_documented_example_ends_as_documented(case: Case) -> None:
    decision = case.decide()
    assert case.expected == decision.outcome.value, decision.explain()
