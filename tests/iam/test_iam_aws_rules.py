"""What AWS's documentation says beside its examples: who is bound by what, what cannot be, which keys there are."""

from __future__ import annotations

import pytest

from tests.iam.aws_cases import (
    ACCOUNT,
    ALIASES,
    ALLOW_ALL,
    ASSUME_ROLE,
    BOUNDARIES,
    CROSS,
    FEDERATED,
    GLOBAL_KEYS,
    KEY,
    KMS_KEYS,
    LOG_DELIVERY,
    LOGIC,
    NOT_PRINCIPAL,
    OBJECT,
    OPERATORS,
    OTHER_ACCOUNT,
    PASS_ROLE,
    PRINCIPAL,
    ROLE,
    ROOT,
    SCPS,
    SESSION,
    USER,
    VARIABLES,
    Case,
    Statement,
    allow,
    deny,
    to,
)

NO, YES, OPEN = "implicit_deny", "allowed", "unknown"

ALL_BUT_ME = deny("s3:*", NotPrincipal={"AWS": [USER, ROOT]})
ALL_BUT_SESSION = deny("s3:*", NotPrincipal={"AWS": [SESSION, ROLE, ROOT]})

NOT_PRINCIPALS = [
    Case(NOT_PRINCIPAL, "a user who is listed with his account is spared", "allowed", "s3:GetObject", OBJECT, USER,
         identity=[ALLOW_ALL], resource_policy=[ALL_BUT_ME]),
    Case(BOUNDARIES, "but NotPrincipal with Deny denies whoever has a boundary", "explicit_deny", "s3:GetObject",
         OBJECT, USER, identity=[ALLOW_ALL], boundary=[ALLOW_ALL], resource_policy=[ALL_BUT_ME]),
    Case(BOUNDARIES, "regardless of the values: the session, its role and the account", "explicit_deny",
         "s3:GetObject", OBJECT, SESSION, identity=[ALLOW_ALL], boundary=[ALLOW_ALL],
         resource_policy=[ALL_BUT_SESSION]),
    Case(BOUNDARIES, "a Deny with Principal means whom it names", "allowed", "s3:GetObject", OBJECT, USER,
         identity=[ALLOW_ALL], boundary=[ALLOW_ALL], resource_policy=[deny("s3:*", Principal={"AWS": ROLE})]),
    Case(BOUNDARIES, "only for the actions that the statement names", "allowed", "ec2:RunInstances",
         principal=USER, identity=[ALLOW_ALL], boundary=[ALLOW_ALL], resource_policy=[ALL_BUT_ME]),
    Case(BOUNDARIES, "a condition on aws:PrincipalArn instead spares whoever has a boundary", "allowed",
         "s3:GetObject", OBJECT, USER, identity=[ALLOW_ALL], boundary=[ALLOW_ALL],
         resource_policy=[deny("s3:*", Principal="*", Condition={"ArnNotEquals": {"aws:PrincipalArn": USER}})]),
    Case(NOT_PRINCIPAL, "a role acts through sessions: listed without them it may be denied", "unknown",
         "s3:GetObject", OBJECT, ROLE, identity=[ALLOW_ALL],
         resource_policy=[deny("s3:*", NotPrincipal={"AWS": [ROLE, ROOT]})]),
    Case(NOT_PRINCIPAL, "a service that is listed is spared", "allowed", "s3:PutObject", OBJECT,
         "logging.s3.amazonaws.com", resource_policy=[
             allow("s3:PutObject", Principal={"Service": "logging.s3.amazonaws.com"}),
             deny("s3:*", NotPrincipal={"Service": "logging.s3.amazonaws.com"})]),
]  # fmt: skip


def trusting(action: str = "sts:AssumeRole", **principal: str) -> Statement:
    return {"Effect": "Allow", "Action": action, "Principal": principal}


OTHER_ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/theirs"

TRUSTS = [
    Case(PRINCIPAL, "without the trust policy's Allow an administrator may not assume a role", "implicit_deny",
         "sts:AssumeRole", ROLE, USER, identity=[ALLOW_ALL], resource_policy=[]),
    Case(PRINCIPAL, "an unread trust policy leaves it open", "unknown", "sts:AssumeRole", ROLE, USER,
         identity=[ALLOW_ALL]),
    Case(PRINCIPAL, "the account in the trust policy leaves it to the account: allowed", "allowed", "sts:AssumeRole",
         ROLE, USER, identity=[allow("sts:AssumeRole", ROLE)], resource_policy=[trusting(AWS=ROOT)]),
    Case(PRINCIPAL, "the account in the trust policy leaves it to the account: not allowed", "implicit_deny",
         "sts:AssumeRole", ROLE, USER, resource_policy=[trusting(AWS=ROOT)]),
    Case(LOGIC, "a user of the account who is named needs no policy of his own", "allowed", "sts:AssumeRole", ROLE,
         USER, resource_policy=[trusting(AWS=USER)]),
    Case(CROSS, "a user of another account who is named does", "implicit_deny", "sts:AssumeRole", OTHER_ROLE, USER,
         None, resource_policy=[trusting(AWS=USER)]),
    Case(CROSS, "and with it he may", "allowed", "sts:AssumeRole", OTHER_ROLE, USER, None,
         identity=[allow("sts:AssumeRole", OTHER_ROLE)], resource_policy=[trusting(AWS=ACCOUNT)]),
    Case(ASSUME_ROLE, "the root user of an account cannot assume a role", "implicit_deny", "sts:AssumeRole", ROLE,
         ROOT, resource_policy=[trusting(AWS=ROOT)]),
    Case(ASSUME_ROLE, "but may ask STS who it is", "allowed", "sts:GetCallerIdentity", principal=ROOT),
    Case(PASS_ROLE, "a role of the account can be passed", "allowed", "iam:PassRole", ROLE, USER, None,
         identity=[allow("iam:PassRole")]),
    Case(PASS_ROLE, "a role of another account cannot", "implicit_deny", "iam:PassRole", OTHER_ROLE, USER, None,
         identity=[allow("iam:PassRole")]),
    Case(SCPS, "SCPs do not bind who is no principal of the account", "allowed", "sts:AssumeRoleWithWebIdentity", ROLE,
         "accounts.google.com", scps=[[deny("*")]], resource_policy=[
             trusting("sts:AssumeRoleWithWebIdentity", Federated="accounts.google.com")]),
]  # fmt: skip

ALIAS = f"arn:aws:kms:us-west-2:{ACCOUNT}:alias/test-key"
MANAGED_BY_AWS = allow(
    "kms:Decrypt",
    Principal={"AWS": "*"},
    Condition={
        "StringEquals": {"kms:CallerAccount": ACCOUNT, "kms:ViaService": "s3.us-west-2.amazonaws.com"},
    },
)

KMS = [
    Case(ALIASES, "an IAM policy allows to make an alias; no key policy speaks of it", "allowed", "kms:CreateAlias",
         ALIAS, USER, identity=[allow("kms:CreateAlias", ALIAS)]),
    Case(ALIASES, "and a key policy cannot allow it", NO, "kms:CreateAlias", ALIAS, USER,
         resource_policy=[to(USER, "kms:*")]),
    Case(ALIASES, "for the key the key policy must allow it", "unknown", "kms:CreateAlias", KEY, USER,
         identity=[allow("kms:CreateAlias", KEY)]),
    Case(ALIASES, "an alias in Resource is about the alias, never about its key", "unknown", "kms:Decrypt", ALIAS,
         USER, identity=[allow("kms:Decrypt", ALIAS)]),
    Case(KMS_KEYS, "a key of AWS's own admits who comes through the service, without any policy", "allowed",
         "kms:Decrypt", KEY, context={"kms:ViaService": "s3.us-west-2.amazonaws.com"}, is_complete=False,
         resource_policy=[MANAGED_BY_AWS]),
    Case(KMS_KEYS, "and nobody of another account", "implicit_deny", "kms:Decrypt", KEY, OTHER_ROLE,
         context={"kms:ViaService": "s3.us-west-2.amazonaws.com"}, is_complete=False, identity=[ALLOW_ALL],
         resource_policy=[MANAGED_BY_AWS]),
    Case(KMS_KEYS, "and nobody who comes directly", "implicit_deny", "kms:Decrypt", KEY,
         context={"kms:ViaService": None}, is_complete=False, resource_policy=[MANAGED_BY_AWS]),
]  # fmt: skip


def if_key(operator: str, key: str, value: object) -> Case:
    """Return a case that is allowed only where a condition holds that nobody gave."""
    return Case(
        GLOBAL_KEYS,
        f"{operator} {key} {value}",
        "allowed",
        "s3:GetObject",
        OBJECT,
        is_complete=False,
        identity=[allow("s3:GetObject", Condition={operator: {key: value}})],
    )


def by(principal: str, operator: str, key: str, value: object, expected: str) -> Case:
    """Return a case about a key that follows from who asks."""
    case = if_key(operator, key, value)
    kind = principal.split(":", 5)[-1].partition("/")[0]
    return Case(
        VARIABLES,
        f"by {kind}: {case.sentence}",
        expected,
        case.action,
        OBJECT,
        principal,
        is_complete=False,
        identity=case.identity,
        session=[ALLOW_ALL],
    )


WHO = [
    by(ROLE, "StringEquals", "aws:PrincipalType", "AssumedRole", YES),
    by(SESSION, "StringEquals", "aws:PrincipalType", "AssumedRole", YES),
    by(USER, "StringEquals", "aws:PrincipalType", "User", YES),
    by(FEDERATED, "StringEquals", "aws:PrincipalType", "FederatedUser", YES),
    by(ROLE, "Null", "aws:username", "true", YES),
    by(USER, "StringEquals", "aws:username", "exampleuser", YES),
    by(FEDERATED, "Null", "aws:username", "true", YES),
    by(FEDERATED, "StringEquals", "aws:userid", f"{ACCOUNT}:exampleuser", YES),
    # Unique ids of users begin with AIDA, those of roles with AROA.
    by(USER, "StringLike", "aws:userid", "AIDA*", YES),
    by(USER, "StringLike", "aws:userid", "AIDAEXAMPLE", OPEN),
    by(USER, "StringLike", "aws:userid", ["AROAEXAMPLE:*", ACCOUNT], NO),
    by(ROLE, "StringNotLike", "aws:userid", ["AIDAEXAMPLE", ACCOUNT], YES),
    by(ROLE, "StringNotLike", "aws:userid", ["AROAEXAMPLE:*", ACCOUNT], OPEN),
    # Whoever has assumed a role has temporary credentials.
    by(ROLE, "Null", "aws:TokenIssueTime", "true", NO),
    by(SESSION, "Null", "aws:TokenIssueTime", "false", YES),
    by(SESSION, "DateGreaterThan", "aws:TokenIssueTime", "2020-01-01T00:00:01Z", OPEN),
    by(USER, "Null", "aws:TokenIssueTime", "true", OPEN),
    # Of a session's role the account is known, and the path is not.
    by(SESSION, "ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/*", YES),
    by(SESSION, "ArnNotLike", "aws:PrincipalArn", f"arn:aws:iam::{OTHER_ACCOUNT}:role/*", YES),
    by(SESSION, "ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:user/*", NO),
    by(SESSION, "ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/service-role/*", OPEN),
    by(ROLE, "ArnEquals", "aws:PrincipalArn", ROLE, YES),
    by(SESSION, "ArnEquals", "aws:PrincipalArn", SESSION, NO),
    by(SESSION, "ArnEquals", "aws:PrincipalArn", ROLE, OPEN),
    by(SESSION, "StringEquals", "aws:PrincipalAccount", ACCOUNT, YES),
    by(ROLE, "Bool", "aws:PrincipalIsAWSService", "false", YES),
    by(ROLE, "ForAllValues:StringNotEquals", "aws:PrincipalServiceNamesList", "logging.s3.amazonaws.com", YES),
    # Sent by services that act in their own name; a principal who asks directly sends neither.
    by(ROLE, "ArnLike", "aws:SourceArn", "arn:aws:sns:*:*:*", NO),
    by(ROLE, "StringEquals", "aws:SourceAccount", ACCOUNT, NO),
    by(ROLE, "StringNotEquals", "aws:SourceOrgID", "o-1", YES),
    by(ROLE, "Null", "aws:SourceOrgPaths", "true", YES),
    by(ROLE, "StringEquals", "aws:ResourceAccount", ACCOUNT, YES),
    by(ROLE, "StringEquals", "s3:ResourceAccount", OTHER_ACCOUNT, NO),
    by(ROLE, "StringEquals", "aws:SourceVpce", "vpce-1", OPEN),
]

LOGS = "logging.s3.amazonaws.com"
LOG_BUCKET = (
    allow("s3:PutObject", Principal={"Service": LOGS}, Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}}),
    deny("s3:PutObject", Principal="*", Condition={"Bool": {"aws:PrincipalIsAWSService": "false"}}),
)

SERVICES = [
    Case(LOG_DELIVERY, "a service that sends the account may write", YES, "s3:PutObject", OBJECT, LOGS,
         context={"aws:SourceAccount": ACCOUNT}, resource_policy=LOG_BUCKET),
    Case(LOG_DELIVERY, "on behalf of another account it may not", NO, "s3:PutObject", OBJECT, LOGS,
         context={"aws:SourceAccount": OTHER_ACCOUNT}, resource_policy=LOG_BUCKET),
    Case(LOG_DELIVERY, "whoever is no service may not", "explicit_deny", "s3:PutObject", OBJECT, is_complete=False,
         identity=[ALLOW_ALL], resource_policy=LOG_BUCKET),
    Case(GLOBAL_KEYS, "a service is named by aws:PrincipalServiceName", YES, "s3:PutObject", OBJECT, LOGS,
         resource_policy=[allow("s3:PutObject", Principal={"Service": LOGS},
                                Condition={"StringEquals": {"aws:PrincipalServiceName": LOGS}})]),
    Case(LOGIC, "a service needs no identity policy, and a boundary or session policy is none of its", YES,
         "s3:PutObject", OBJECT, LOGS, boundary=[], session=[],
         resource_policy=[allow("s3:PutObject", Principal={"Service": LOGS})]),
]  # fmt: skip

# GLOBAL_KEYS, aws:MultiFactorAuthPresent: for long-term credentials, without and with a second factor.
SECOND_FACTOR = [
    ("Deny", "Bool", "false", (YES, "explicit_deny", YES)),
    ("Deny", "Null", "true", ("explicit_deny", YES, YES)),
    ("Deny", "BoolIfExists", "false", ("explicit_deny", "explicit_deny", YES)),
    ("Allow", "BoolIfExists", "true", (YES, NO, YES)),
    ("Allow", "Bool", "true", (NO, NO, YES)),
    ("Allow", "Null", "false", (NO, YES, YES)),
]
MFA = [
    Case(GLOBAL_KEYS, f"{effect} if {operator} aws:MultiFactorAuthPresent {value}, and it is {given}", outcome,
         "s3:GetObject", OBJECT, USER, context={"aws:MultiFactorAuthPresent": given},
         identity=[{**(deny if effect == "Deny" else allow)("s3:*"),
                    "Condition": {operator: {"aws:MultiFactorAuthPresent": value}}},
                   *([ALLOW_ALL] if effect == "Deny" else [])])
    for effect, operator, value, outcomes in SECOND_FACTOR
    for given, outcome in zip((None, False, True), outcomes, strict=True)
]  # fmt: skip

PUT = "arn:aws:s3:::my-service-bucket/x"
FROM_HERE = (
    allow("s3:PutObject", "arn:aws:s3:::my-service-bucket/*", Sid="PrincipalPutObjectIfIpAddress", Condition={
        "Bool": {"aws:ViaAWSService": "false"}, "IpAddress": {"aws:SourceIp": "123.45.167.89"}}),
    allow("s3:PutObject", "arn:aws:s3:::my-service-bucket/*", Sid="ServicePutObject", Condition={
        "Bool": {"aws:ViaAWSService": "true"}}),
)  # fmt: skip
VIA_DYNAMODB = (allow("kms:Decrypt", KEY, Condition={"ForAnyValue:StringEquals": {"aws:CalledVia": [
    "dynamodb.amazonaws.com"]}}),)  # fmt: skip
ENABLED = (to(ROOT, "kms:*"),)
SOME_TYPES = {"ec2:InstanceType": ["t1.*", "t2.*", "m3.*"]}

KEYS_OF_REQUESTS = [
    Case(GLOBAL_KEYS, "directly, from the address", YES, "s3:PutObject", PUT, USER,
         context={"aws:ViaAWSService": False, "aws:SourceIp": "123.45.167.89"}, identity=FROM_HERE),
    Case(GLOBAL_KEYS, "directly, from another address", NO, "s3:PutObject", PUT, USER,
         context={"aws:ViaAWSService": False, "aws:SourceIp": "123.45.167.90"}, identity=FROM_HERE),
    Case(GLOBAL_KEYS, "directly, through an endpoint of a VPC: there is no aws:SourceIp", NO, "s3:PutObject", PUT, USER,
         context={"aws:ViaAWSService": False}, identity=FROM_HERE),
    Case(GLOBAL_KEYS, "through a service, from wherever", YES, "s3:PutObject", PUT, USER,
         context={"aws:ViaAWSService": True, "aws:SourceIp": "198.51.100.1"}, identity=FROM_HERE),
    Case(GLOBAL_KEYS, "called via DynamoDB somewhere in the chain", YES, "kms:Decrypt", KEY, USER,
         context={"aws:CalledVia": ["cloudformation.amazonaws.com", "dynamodb.amazonaws.com"]},
         identity=VIA_DYNAMODB, resource_policy=ENABLED),
    Case(GLOBAL_KEYS, "called directly", NO, "kms:Decrypt", KEY, USER, identity=VIA_DYNAMODB, resource_policy=ENABLED),
    Case(GLOBAL_KEYS, "a member of the unit and of those below", YES, "s3:GetObject", OBJECT,
         context={"aws:PrincipalOrgPaths": ["o-a1b2c3d4e5/r-f6g7h8i9j0example/ou-ghi0-awsccccc/ou-jkl0-awsddddd/"]},
         identity=[allow("s3:*", Condition={"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-a1b2c3d4e5/*"]}})]),
    Case(OPERATORS, "ten keys of a bucket may be listed", YES, "s3:ListBucket", "arn:aws:s3:::example_bucket",
         context={"s3:max-keys": 10},
         identity=[allow("s3:ListBucket", Condition={"NumericLessThanEquals": {"s3:max-keys": "10"}})]),
    Case(OPERATORS, "eleven may not", NO, "s3:ListBucket", "arn:aws:s3:::example_bucket", context={"s3:max-keys": 11},
         identity=[allow("s3:ListBucket", Condition={"NumericLessThanEquals": {"s3:max-keys": "10"}})]),
    Case(OPERATORS, "temporary credentials may not where the key must not exist", NO, "ec2:RunInstances",
         context={"aws:TokenIssueTime": "2020-01-01T00:00:01Z"},
         identity=[allow("ec2:*", Condition={"Null": {"aws:TokenIssueTime": "true"}})]),
    Case(OPERATORS, "a resource that has no type is none of the types", NO, "ec2:RunInstances",
         identity=[allow("ec2:RunInstances", Condition={"StringLike": SOME_TYPES})]),
    Case(OPERATORS, "with IfExists it need not have one", YES, "ec2:RunInstances",
         identity=[allow("ec2:RunInstances", Condition={"StringLikeIfExists": SOME_TYPES})]),
    Case(OPERATORS, "but the one that it has must be among them", NO, "ec2:RunInstances",
         context={"ec2:InstanceType": "p3.large"},
         identity=[allow("ec2:RunInstances", Condition={"StringLikeIfExists": SOME_TYPES})]),
    Case(OPERATORS, "a Deny with a negated operator and IfExists holds without the key", "explicit_deny",
         "s3:PutObject", OBJECT, identity=[ALLOW_ALL, deny("s3:*", Condition={
             "StringNotEqualsIfExists": {"s3:x-amz-server-side-encryption": "aws:kms"}})]),
    Case(VARIABLES, "in a condition of the language of 2008 a variable is plain text", YES, "s3:ListBucket",
         "arn:aws:s3:::mybucket", USER, context={"s3:prefix": "${aws:username}/"}, language="2008-10-17",
         identity=[allow("s3:ListBucket", Condition={"StringLike": {"s3:prefix": "${aws:username}/*"}})]),
]  # fmt: skip

CASES = [*NOT_PRINCIPALS, *TRUSTS, *KMS, *WHO, *SERVICES, *MFA, *KEYS_OF_REQUESTS]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_documented_rule_holds(case: Case) -> None:
    decision = case.decide()
    assert case.expected == decision.outcome.value, decision.explain()
