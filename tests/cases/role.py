"""Cases of the checks in healthcheck.checks.role."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from botocore.exceptions import EndpointConnectionError
from botocore.parsers import ResponseParserError

from healthcheck.result import Status
from healthcheck.target import Purpose, Target
from healthcheck.testing import ACCOUNT, NOW, ROLE, TARGET, AwsError, Case, Pages, Situation, denied
from tests import past_jobs

NAME = ROLE.rpartition("/")[2]
Policy = Mapping[str, Any]


def policy(*statements: Policy) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: object, resource: object = "*", **more: object) -> Policy:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trusting(**more: object) -> Policy:
    return {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
        **more,
    }


ALL_NEEDED = policy(allow(["s3:*", "ecr:*", "logs:*", "cloudwatch:PutMetricData"]))
NO_BUCKET = policy(allow(["ecr:*", "logs:*", "cloudwatch:PutMetricData"]))
BUCKET = f"arn:aws:s3:::sagemaker-us-east-1-{ACCOUNT}"
INVITING = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "s3:*", "Resource": [BUCKET, f"{BUCKET}/*"]}
NO_LOGS = policy(allow(["s3:*", "ecr:*"]))


def role(arn: str = ROLE, *, age: timedelta = timedelta(days=3), boundary: str | None = None, **more: object) -> Any:
    answer = {
        "Path": "/service-role/",
        "RoleName": NAME,
        "RoleId": "AROAQHEALTHCHECKTEST",
        "Arn": arn,
        "CreateDate": NOW - age,
        "AssumeRolePolicyDocument": policy(trusting()),
        **more,
    }
    if boundary:
        answer["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary}
    return {"Role": answer}


def _configured(text: str | None, *, configured: bool = True) -> Situation:
    return Situation(target=replace(TARGET, role=text, configured=configured))


def _exists(answer: object, target: Target = TARGET) -> Situation:
    return Situation(target=target, answers={"iam.GetRole": answer})  # type: ignore[dict-item]


def _trust(*statements: Policy, purposes: tuple[Purpose, ...] = (Purpose.TRAINING,)) -> Situation:
    return _exists(role(AssumeRolePolicyDocument=policy(*statements)), replace(TARGET, purposes=purposes))


def permitted(
    inline: Policy | str | None = None,
    *,
    attached: Mapping[str, Policy] | None = None,
    boundary: Policy | None = None,
    target: Target = TARGET,
    **answers: Any,
) -> Situation:
    """A role with an empty inline policy on the first page and the given one on the second; attached ones likewise."""
    documents = dict(attached or {})
    bound = f"arn:aws:iam::{ACCOUNT}:policy/Boundary"
    if boundary is not None:
        documents[bound] = boundary
    empty = policy(allow("sts:GetCallerIdentity"))
    inline_documents = {"First": empty, "Second": inline if inline is not None else empty}
    pages: list[Mapping[str, Any]] = [
        {"AttachedPolicies": []},
        {"AttachedPolicies": [_entry(arn) for arn in documents if arn != bound]},
    ]
    known = {
        "iam.GetRole": role(boundary=bound if boundary is not None else None),
        "iam.ListRolePolicies": Pages(
            [{"PolicyNames": ["First"]}, {"PolicyNames": ["Second"]}], "Marker", "Marker", "IsTruncated"
        ),
        "iam.ListAttachedRolePolicies": Pages(pages, "Marker", "Marker", "IsTruncated"),
        "iam.GetRolePolicy": lambda asked: {
            "RoleName": NAME,
            "PolicyName": asked["PolicyName"],
            "PolicyDocument": inline_documents[asked["PolicyName"]],
        },
        "s3.GetBucketPolicy": AwsError("NoSuchBucketPolicy", "there is none", 404),
        "iam.GetPolicy": lambda asked: {"Policy": {"Arn": asked["PolicyArn"], "DefaultVersionId": "v7"}},
        "iam.GetPolicyVersion": lambda asked: {
            "PolicyVersion": {"VersionId": asked["VersionId"], "Document": json.dumps(documents[asked["PolicyArn"]])}
        },
    }
    return Situation(
        target=target, answers={**known, **{name.replace("_", "."): value for name, value in answers.items()}}
    )


def _entry(arn: str) -> Mapping[str, str]:
    return {"PolicyArn": arn, "PolicyName": arn.rpartition("/")[2]}


def for_purposes(*purposes: Purpose) -> Target:
    return replace(TARGET, purposes=purposes)


_OTHER_SERVICE = trusting(Principal={"Service": "ec2.amazonaws.com"})
_EXTERNAL_ID = trusting(Condition={"StringEquals": {"sts:ExternalId": "from-a-copied-example"}})
_ONE_JOB = trusting(Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/*"}})
_ORGANISATION = trusting(Condition={"StringEquals": {"aws:SourceOrgID": "o-exampleorgid"}})
_EVERYONE = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}

_TRUST: Sequence[Case] = (
    Case("SageMaker is trusted", _trust(trusting()), Status.OK),
    Case("training alone is trusted, and wanted", _trust(_ONE_JOB), Status.OK),
    Case(
        "training alone is trusted, and hosting wanted too",
        _trust(_ONE_JOB, purposes=(Purpose.TRAINING, Purpose.HOSTING)),
        Status.CRITICAL,
        "condition_unmet",
    ),
    Case("nobody but people", _trust({**trusting(), "Principal": {"AWS": ACCOUNT}}), Status.CRITICAL, "no_statement"),
    Case("another service", _trust(_OTHER_SERVICE), Status.CRITICAL, "wrong_service"),
    Case("an external id", _trust(_EXTERNAL_ID), Status.CRITICAL, "condition_unmet"),
    Case("allowed and denied", _trust(trusting(), trusting(Effect="Deny")), Status.CRITICAL, "explicit_deny"),
    Case("a condition that cannot be decided", _trust(_ORGANISATION), Status.UNKNOWN, "undecidable"),
    Case("SageMaker, and everyone else", _trust(trusting(), _EVERYONE), Status.WARNING, "wildcard_principal"),
    Case("a document of another grammar", _trust({"Effect": "Maybe"}), Status.UNKNOWN, "malformed_document"),
    Case("no role", _exists(role(), replace(TARGET, role=None)), Status.SKIPPED, "not_configured"),
)

JOB_ACTIONS = (
    "s3:ListBucket",
    "s3:GetObject",
    "s3:PutObject",
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchGetImage",
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogStreams",
    "logs:PutLogEvents",
    "cloudwatch:PutMetricData",
)


def simulated(decide: Callable[[str, str, Mapping[str, Any]], Mapping[str, Any]]) -> Callable[[Any], Any]:
    """What the simulator answers to any call: a decision for each action on each resource, in its own words."""

    def answer(asked: Any) -> Any:
        context = {entry["ContextKeyName"]: entry["ContextKeyValues"] for entry in asked["ContextEntries"]}
        return {"EvaluationResults": [_evaluation(decide, action, asked, context) for action in asked["ActionNames"]]}

    return answer


def _evaluation(decide: Any, action: str, asked: Any, context: Mapping[str, Any]) -> Mapping[str, Any]:
    parts = [(resource, decide(action, resource, context)) for resource in asked["ResourceArns"]]
    specific = [
        {
            "EvalResourceName": resource,
            "EvalResourceDecision": part.get("decision", "allowed"),
            "MissingContextValues": part.get("missing", []),
            "MatchedStatements": [{"SourcePolicyId": name} for name in part.get("policies", [])],
        }
        for resource, part in parts
    ]
    return {
        "EvalActionName": action,
        "EvalResourceName": "*",
        "EvalDecision": max(part["EvalResourceDecision"] for part in specific),
        "OrganizationsDecisionDetail": {"AllowedByOrganizations": not any(part.get("scp") for _, part in parts)},
        "ResourceSpecificResults": specific,
    }


def agreeing(*actions: str) -> Pages:
    """What the simulator answers to whom it allows these actions, on its second page."""
    allowed = [{"EvalActionName": name, "EvalDecision": "allowed"} for name in actions]
    return Pages([{"EvaluationResults": []}, {"EvaluationResults": allowed}], "Marker", "Marker", "IsTruncated")


def _no_uploads(action: str, _resource: str, _context: Mapping[str, Any]) -> Mapping[str, Any]:
    is_upload = action == "s3:PutObject"
    return {"decision": "explicitDeny", "scp": True, "policies": ["p-guardrail"]} if is_upload else {}


def _no_uploads_from_outside(action: str, resource: str, context: Mapping[str, Any]) -> Mapping[str, Any]:
    return {} if "aws:SourceVpce" in context else _no_uploads(action, resource, context)


def _open(action: str, _resource: str, _context: Mapping[str, Any]) -> Mapping[str, Any]:
    is_upload = action == "s3:PutObject"
    return {"decision": "explicitDeny", "missing": ["aws:SourceVpce"]} if is_upload else {}


def _no_bucket(action: str, _resource: str, _context: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"decision": "implicitDeny"} if action.startswith("s3:") else {}


_REPEATED = {"EvaluationResults": [], "IsTruncated": True, "Marker": "again"}

_SIMULATED: Sequence[Case] = (
    Case(
        "the simulator agrees, on its second page",
        permitted(ALL_NEEDED, iam_SimulatePrincipalPolicy=agreeing(*JOB_ACTIONS)),
        Status.OK,
    ),
    Case(
        "the organization denies uploads from everywhere",
        permitted(ALL_NEEDED, iam_SimulatePrincipalPolicy=simulated(_no_uploads)),
        Status.WARNING,
        "organization_denies",
    ),
    Case(
        "the organization denies uploads from outside a network",
        permitted(ALL_NEEDED, iam_SimulatePrincipalPolicy=simulated(_no_uploads_from_outside)),
        Status.OK,
    ),
    Case(
        "the simulator lacks context",
        permitted(ALL_NEEDED, iam_SimulatePrincipalPolicy=simulated(_open)),
        Status.OK,
    ),
    Case(
        "a bucket that lets it in, which the simulator does not see",
        permitted(
            NO_BUCKET,
            s3_GetBucketPolicy={"Policy": policy(INVITING)},
            iam_SimulatePrincipalPolicy=simulated(_no_bucket),
        ),
        Status.OK,
    ),
    *(
        Case(name, permitted(ALL_NEEDED, iam_SimulatePrincipalPolicy=answer), Status.OK)
        for name, answer in (
            ("the simulator is busy", AwsError("Throttling", "Rate exceeded", 400)),
            ("the simulator does not take the question", AwsError("InvalidInput", "no such thing", 400)),
            ("the simulator stumbles over a policy", AwsError("PolicyEvaluation", "too deep", 500)),
            ("the simulator answers nothing", {"EvaluationResults": []}),
            ("the simulator answers without the answers", {"IsTruncated": False}),
            ("the simulator answers what nobody asked", {"EvaluationResults": [{"EvalDecision": "allowed"}]}),
            ("the simulator's answer cannot be parsed", ResponseParserError("not well-formed (invalid token)")),
            ("the way to the simulator is cut", EndpointConnectionError(endpoint_url="https://iam.amazonaws.com")),
            ("the simulator repeats itself", _REPEATED),
        )
    ),
)

_PERMISSIONS: Sequence[Case] = (
    *_SIMULATED,
    Case("all that is needed", permitted(ALL_NEEDED), Status.OK),
    Case(
        "all that is needed, by attached policies, within a boundary",
        permitted(
            attached={"arn:aws:iam::aws:policy/AmazonSageMakerFullAccess": ALL_NEEDED}, boundary=policy(allow("*"))
        ),
        Status.OK,
    ),
    Case("nothing", permitted(), Status.CRITICAL, "not_allowed"),
    Case(
        "nothing of its own in S3, and a bucket that lets it in",
        permitted(NO_BUCKET, s3_GetBucketPolicy={"Policy": policy(INVITING)}),
        Status.OK,
    ),
    Case(
        "nothing of its own in S3, and a bucket of which nobody knows",
        permitted(NO_BUCKET, s3_GetBucketPolicy=denied("s3.GetBucketPolicy")),
        Status.UNKNOWN,
        "not_permitted",
    ),
    Case("no logs", permitted(NO_LOGS), Status.WARNING, "telemetry_lost"),
    Case(
        "a Deny",
        permitted(policy(*ALL_NEEDED["Statement"], {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"})),
        Status.CRITICAL,
        "explicit_deny",
    ),
    Case(
        "a boundary of logs alone",
        permitted(ALL_NEEDED, boundary=policy(allow(["logs:*", "cloudwatch:*"]))),
        Status.CRITICAL,
        "boundary",
    ),
    Case(
        "a condition on a network that only a job has",
        permitted(
            policy(
                *ALL_NEEDED["Statement"][:0],
                allow(
                    ["s3:*", "ecr:*", "logs:*", "cloudwatch:*"],
                    Condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}},
                ),
            )
        ),
        Status.UNKNOWN,
        "undecidable",
    ),
    Case("a policy of another grammar", permitted('{"Statement": "none"}'), Status.UNKNOWN, "malformed_document"),
    Case(
        "a role that went away meanwhile",
        permitted(iam_GetRole=AwsError("NoSuchEntity", "gone", 404)),
        Status.UNKNOWN,
        "not_found",
    ),
    Case("no role", permitted(target=replace(TARGET, role=None)), Status.SKIPPED, "not_configured"),
)

_FULL_ACCESS_S3 = policy(
    allow("s3:ListBucket", "arn:aws:s3:::*"),
    allow(["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::*SageMaker*", "arn:aws:s3:::*sagemaker*"]),
)
_MANAGED = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
_OF_ACME = [
    allow("s3:ListBucket", "arn:aws:s3:::acme"),
    allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::acme/out/*"),
]
_HERE = {"BucketRegion": "us-east-1"}
_ACME = {
    "Effect": "Allow",
    "Principal": {"AWS": ROLE},
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::acme", "arn:aws:s3:::acme/*"],
}


def _data(*statements: Policy, head: Any = _HERE, **facts: Any) -> Situation:
    answers = facts.pop("answers", {})
    boundary, attached = facts.pop("boundary", None), facts.pop("attached", None)
    target = replace(TARGET, **({"bucket": None} | facts))
    found = permitted(policy(*statements) if statements else None, boundary=boundary, attached=attached, target=target)
    return replace(found, answers={**found.answers, "s3.HeadBucket": head, **answers})


def _by_owner(owned: Any, anybody: Any) -> Any:
    return lambda asked: owned if asked.get("ExpectedBucketOwner") == ACCOUNT else anybody


_ABSENT = AwsError("404", "Not Found", 404)
_REFUSED = denied("s3.HeadBucket")
_BY_ID = {"StringLike": {"aws:userid": ["AROAQHEALTHCHECKTEST:*", ACCOUNT]}}
_OWNED = {"StringEquals": {"aws:ResourceAccount": ACCOUNT}}

_DATA: Sequence[Case] = (
    Case(
        "the default bucket, which is another check's",
        _data(bucket="default", attached={_MANAGED: _FULL_ACCESS_S3}),
        Status.SKIPPED,
        "not_configured",
    ),
    Case("a place to write to", _data(*_OF_ACME, writes=("s3://acme/out",)), Status.OK),
    Case("a place to read from, which nobody writes", _data(*_OF_ACME, reads=("s3://acme/out/",)), Status.OK),
    Case("another prefix", _data(*_OF_ACME, reads=("s3://acme/in/",)), Status.CRITICAL, "not_allowed"),
    Case(
        "AmazonSageMakerFullAccess alone",
        _data(attached={_MANAGED: _FULL_ACCESS_S3}, reads=("s3://acme/in/",)),
        Status.CRITICAL,
        "not_allowed",
    ),
    Case(
        "AmazonSageMakerFullAccess, and a prefix that it reaches",
        _data(attached={_MANAGED: _FULL_ACCESS_S3}, reads=("s3://acme/sagemaker/in/",)),
        Status.OK,
    ),
    Case(
        "a bucket that lets the role in",
        _data(writes=("s3://acme/out/",), answers={"s3.GetBucketPolicy": {"Policy": policy(_ACME)}}),
        Status.OK,
    ),
    Case(
        "a bucket of which nobody knows whether it lets the role in",
        _data(writes=("s3://acme/out/",), answers={"s3.GetBucketPolicy": denied("s3.GetBucketPolicy")}),
        Status.UNKNOWN,
        "not_permitted",
    ),
    Case(
        "another account's, and the role's side is right",
        _data(*_OF_ACME, writes=("s3://acme/out/",), head=_by_owner(_REFUSED, _HERE)),
        Status.OK,
    ),
    Case("only our own buckets", _data({**allow("s3:*"), "Condition": _OWNED}, writes=("s3://acme/",)), Status.OK),
    Case(
        "only its own sessions, by its unique id",
        _data({**allow("s3:*"), "Condition": _BY_ID}, reads=("s3://acme/",)),
        Status.OK,
    ),
    Case(
        "only the sessions of a role that was deleted and made anew",
        _data(
            {**allow("s3:*"), "Condition": {"StringLike": {"aws:userid": "AROAQTHEOLDONE:*"}}}, reads=("s3://acme/",)
        ),
        Status.CRITICAL,
        "not_allowed",
    ),
    Case(
        "only through an endpoint",
        _data({**allow("s3:*"), "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}, writes=("s3://acme/",)),
        Status.UNKNOWN,
        "undecidable",
    ),
    Case(
        "a Deny",
        _data(allow("s3:*"), {**allow("s3:GetObject"), "Effect": "Deny"}, reads=("s3://acme/",)),
        Status.CRITICAL,
        "explicit_deny",
    ),
    Case(
        "a boundary",
        _data(allow("s3:*"), boundary=policy(allow("logs:*")), reads=("s3://acme/",)),
        Status.CRITICAL,
        "boundary",
    ),
    Case(
        "a policy of another grammar",
        _data({"Effect": "Perhaps"}, reads=("s3://acme/",)),
        Status.UNKNOWN,
        "malformed_document",
    ),
    Case(
        "its policies may not be read, and jobs read and wrote there",
        _data(
            writes=(f"{past_jobs.BUCKET}/",),
            purposes=(Purpose.TRAINING, Purpose.PROCESSING),
            answers={
                "iam.GetRole": denied("iam.GetRole"),
                "iam.ListRolePolicies": denied("iam.ListRolePolicies"),
                **past_jobs.answers(past_jobs.training(), past_jobs.processing()),
            },
        ),
        Status.UNKNOWN,
        "not_permitted",
    ),
    Case(
        "a bucket that is not there",
        _data(*_OF_ACME, reads=("s3://acme/out/",), head=_ABSENT),
        Status.CRITICAL,
        "bucket_missing",
    ),
    Case("no place at all", _data(), Status.SKIPPED, "not_configured"),
    Case("no role", _data(role=None), Status.SKIPPED, "not_configured"),
)

_KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_THEIRS = _KEY.replace(ACCOUNT, "444455556666")
_TO_ACCOUNT = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "kms:*",
    "Resource": "*",
}
_TO_ROLE = {**_TO_ACCOUNT, "Principal": {"AWS": ROLE}}
_TO_OTHERS = {**_TO_ACCOUNT, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/Admin"}}
_USES_KEYS = policy(allow("kms:*"))


def _encrypted(algorithm: str = "aws:kms", key: str | None = _KEY) -> Any:
    rule = {"SSEAlgorithm": algorithm} | ({"KMSMasterKeyID": key} if key else {})
    return {"ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]}}


def _grants(*operations: str, constrained: bool = False) -> Pages:
    grant: dict[str, Any] = {"KeyId": _KEY, "GranteePrincipal": ROLE, "Operations": list(operations)}
    if constrained:
        grant["Constraints"] = {"EncryptionContextEquals": {"a": "b"}}
    return Pages([{"Grants": []}, {"Grants": [grant]}], "Marker", "NextMarker", "Truncated")


def _keyed(
    inline: Policy | None = _USES_KEYS,
    *,
    bucket: Any = None,
    key: Any = None,
    key_policy: Any = None,
    grants: Any = None,
    boundary: Policy | None = None,
    head: Any = _HERE,
    **facts: Any,
) -> Situation:
    about: dict[str, Any] = {
        "Arn": _KEY,
        "KeyId": _KEY.rpartition("/")[2],
        "KeyState": "Enabled",
        "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyUsage": "ENCRYPT_DECRYPT",
    }
    found = permitted(inline, boundary=boundary, target=replace(TARGET, **facts))
    answers = {
        "s3.GetBucketEncryption": bucket or _encrypted("AES256", None),
        "s3.HeadBucket": head,
        "kms.DescribeKey": key if isinstance(key, AwsError) else {"KeyMetadata": about | (key or {})},
        "kms.GetKeyPolicy": {"Policy": policy(*(key_policy or [_TO_ACCOUNT]))},
        "kms.ListGrants": grants or {"Grants": []},
    }
    return replace(found, answers={**found.answers, **answers})


_NO_KEY = AwsError("NotFoundException", "Key does not exist", 400)
_VIA_S3 = {
    **allow(["kms:Decrypt", "kms:GenerateDataKey"]),
    "Condition": {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}},
}
_FOR_RESOURCES = {**allow("kms:CreateGrant"), "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}}
_IN_CONTEXT = {**allow("kms:*"), "Condition": {"StringEquals": {"kms:EncryptionContext:team": "a"}}}

_ENCRYPTION: Sequence[Case] = (
    Case("keys of S3's own", _keyed(), Status.OK),
    Case(
        "nothing said of encryption, as of an old bucket",
        _keyed(bucket=AwsError("ServerSideEncryptionConfigurationNotFoundError", "none", 404)),
        Status.OK,
    ),
    Case("the key that AWS manages", _keyed(None, bucket=_encrypted(), key={"KeyManager": "AWS"}), Status.OK),
    Case("KMS, and no key by name", _keyed(None, bucket=_encrypted(key=None)), Status.OK),
    Case("a key of the bucket, and rights to it", _keyed(bucket=_encrypted()), Status.OK),
    Case("rights through S3", _keyed(policy(_VIA_S3), bucket=_encrypted()), Status.OK),
    Case("a key of disks", _keyed(policy(_FOR_RESOURCES), volume_keys=(_KEY,)), Status.OK),
    Case("a key of what is written", _keyed(output_keys=(_KEY,)), Status.OK),
    Case("a key that names the role itself", _keyed(None, bucket=_encrypted(), key_policy=[_TO_ROLE]), Status.OK),
    Case(
        "a key of another account, and the role's side is right",
        _keyed(output_keys=(_THEIRS,), key={"Arn": _THEIRS}),
        Status.OK,
    ),
    Case("no rights", _keyed(None, bucket=_encrypted()), Status.CRITICAL, "not_allowed"),
    Case(
        "no rights but by a grant",
        _keyed(None, bucket=_encrypted(), grants=_grants("Decrypt", "GenerateDataKey")),
        Status.OK,
    ),
    Case(
        "no rights but by a grant with constraints",
        _keyed(None, bucket=_encrypted(), grants=_grants("Decrypt", "GenerateDataKey", constrained=True)),
        Status.CRITICAL,
        "not_allowed",
    ),
    Case(
        "no rights, and grants that nobody may see",
        _keyed(None, bucket=_encrypted(), grants=denied("kms.ListGrants")),
        Status.UNKNOWN,
        "not_permitted",
    ),
    Case("rights through S3 to disks", _keyed(policy(_VIA_S3), volume_keys=(_KEY,)), Status.CRITICAL, "not_allowed"),
    Case("a key for others", _keyed(bucket=_encrypted(), key_policy=[_TO_OTHERS]), Status.CRITICAL, "resource_policy"),
    Case(
        "a key that denies",
        _keyed(bucket=_encrypted(), key_policy=[_TO_ACCOUNT, {**_TO_ROLE, "Effect": "Deny"}]),
        Status.CRITICAL,
        "explicit_deny",
    ),
    Case("a boundary", _keyed(bucket=_encrypted(), boundary=policy(allow("s3:*"))), Status.CRITICAL, "boundary"),
    Case("disabled", _keyed(bucket=_encrypted(), key={"KeyState": "Disabled"}), Status.CRITICAL, "key_disabled"),
    Case(
        "about to go", _keyed(bucket=_encrypted(), key={"KeyState": "PendingDeletion"}), Status.CRITICAL, "key_deleted"
    ),
    Case(
        "without material",
        _keyed(volume_keys=(_KEY,), key={"KeyState": "PendingImport"}),
        Status.CRITICAL,
        "key_unusable",
    ),
    Case("of another kind", _keyed(output_keys=(_KEY,), key={"KeySpec": "RSA_4096"}), Status.CRITICAL, "wrong_kind"),
    Case(
        "of another region",
        _keyed(bucket=_encrypted(), key={"Arn": _KEY.replace("us-east-1", "eu-west-1")}),
        Status.CRITICAL,
        "wrong_region",
    ),
    Case("gone", _keyed(bucket=_encrypted(), key=_NO_KEY), Status.CRITICAL, "key_missing"),
    Case("gone, and named in the settings", _keyed(volume_keys=(_KEY,), key=_NO_KEY), Status.CRITICAL, "key_missing"),
    Case(
        "rights in a context that only a request has",
        _keyed(policy(_IN_CONTEXT), bucket=_encrypted()),
        Status.UNKNOWN,
        "undecidable",
    ),
    Case(
        "a key policy of another grammar",
        _keyed(bucket=_encrypted(), key_policy=[{"Effect": "Perhaps"}]),
        Status.UNKNOWN,
        "malformed_document",
    ),
    Case("no bucket yet", _keyed(bucket=AwsError("NoSuchBucket", "gone", 404)), Status.SKIPPED, "not_configured"),
    Case(
        "another account's bucket",
        _keyed(bucket=denied("s3.GetBucketEncryption"), head=_by_owner(_REFUSED, _HERE)),
        Status.SKIPPED,
        "not_configured",
    ),
    Case("no role", _keyed(role=None), Status.SKIPPED, "not_configured"),
)

_BOUND = trusting(Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}})
_ORPHAN = {
    "Effect": "Allow",
    "Principal": {"AWS": ["AROAQHEALTHCHECKGONE1", f"arn:aws:iam::{ACCOUNT}:root"]},
    "Action": "sts:AssumeRole",
}
_CUSTOMER = f"arn:aws:iam::{ACCOUNT}:policy/Article"
_DEAD = policy(allow("s3:*", ["arn:aws:s3:::SageMaker", "arn:aws:s3:::SageMaker/*"]), allow("logs:*"))
_DAY = timedelta(days=1)


def _tidy(*trust: Policy, used: timedelta | None = _DAY, age: timedelta = 200 * _DAY, **facts: Any) -> Situation:
    found = permitted(
        facts.pop("inline", None), attached=facts.pop("attached", None), target=facts.pop("target", TARGET)
    )
    more: dict[str, Any] = {"AssumeRolePolicyDocument": policy(*(trust or (_BOUND,)))}
    if used is not None:
        more["RoleLastUsed"] = {"LastUsedDate": NOW - used, "Region": "us-east-1"}
    answers = {**found.answers, "iam.GetRole": role(age=age, **more)}
    return replace(found, answers=answers, **facts)


def _dark(*jobs: Mapping[str, Any]) -> Situation:
    """A role that may not be read, nor any policy of it, and its jobs."""
    reading = ("iam.GetRole", "iam.ListAttachedRolePolicies", "iam.ListRolePolicies")
    found = permitted(target=for_purposes(Purpose.TRAINING, Purpose.PROCESSING))
    refused = {operation: denied(operation) for operation in reading}
    return replace(found, answers={**found.answers, **refused, **past_jobs.answers(*jobs)})


_DARK: Sequence[Case] = (
    Case(
        "it may not be looked at, and jobs completed with it",
        _dark(past_jobs.training(), past_jobs.processing()),
        Status.UNKNOWN,
        "not_permitted",
    ),
    Case(
        "it may not be looked at, and a job was refused its data",
        _dark(past_jobs.training(failure=past_jobs.ACCESS_DENIED)),
        Status.UNKNOWN,
        "not_permitted",
    ),
    Case(
        "it may not be looked at, and a job could not assume it",
        _dark(past_jobs.training(failure=past_jobs.NOT_ASSUMED)),
        Status.UNKNOWN,
        "not_permitted",
    ),
    Case("it may not be looked at, and there are no jobs", _dark(), Status.UNKNOWN, "not_permitted"),
)

_HYGIENE: Sequence[Case] = (
    Case("for this account alone, and used yesterday", _tidy(), Status.OK),
    Case("not used for ninety days", _tidy(used=90 * _DAY), Status.OK),
    Case("not used for longer", _tidy(used=90 * _DAY + timedelta(seconds=1)), Status.WARNING, "unused"),
    Case("never used, and new", _tidy(used=None, age=_DAY), Status.OK),
    Case("never used, and old", _tidy(used=None), Status.WARNING, "unused"),
    Case("never used, and patience", _tidy(used=None, settings={"unused_after": 400 * _DAY}), Status.OK),
    Case("for whatever account", _tidy(trusting()), Status.WARNING, "no_source_account"),
    Case("for whatever account, as is wanted", _tidy(trusting(), settings={"source_account": False}), Status.OK),
    Case("for jobs of one kind", _tidy(_ONE_JOB), Status.OK),
    Case("who was deleted", _tidy(_BOUND, _ORPHAN), Status.WARNING, "orphan_principal"),
    Case(
        "everyone with a password",
        _tidy(_BOUND, {**_EVERYONE, "Condition": {"StringEquals": {"sts:ExternalId": "secret"}}}),
        Status.WARNING,
        "wildcard_principal",
    ),
    Case(
        "everyone of the organisation",
        _tidy(_BOUND, {**_EVERYONE, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-ours"}}}),
        Status.OK,
    ),
    Case("a bucket in capital letters", _tidy(inline=_DEAD), Status.WARNING, "dead_resource"),
    Case("the same, attached", _tidy(attached={_CUSTOMER: _DEAD}), Status.WARNING, "dead_resource"),
    Case("capital letters behind a star, as AWS has them", _tidy(attached={_MANAGED: _FULL_ACCESS_S3}), Status.OK),
    Case("a policy of another grammar", _tidy(inline='{"Statement": "none"}'), Status.UNKNOWN, "malformed_document"),
    Case("no role", _tidy(target=replace(TARGET, role=None)), Status.SKIPPED, "not_configured"),
)

CASES = {
    "role.hygiene": _HYGIENE,
    "role.encryption": _ENCRYPTION,
    "role.data_access": _DATA,
    "role.configured": (
        Case("a role's ARN", _configured(ROLE), Status.OK),
        Case("a settings file that names none", _configured(None), Status.SKIPPED, "not_configured"),
        Case("no settings file, and no variable", _configured(None, configured=False), Status.WARNING, "not_named"),
        Case("quotes", _configured(f'"{ROLE}"'), Status.CRITICAL, "quoted"),
        Case("white space", _configured(f" {ROLE}"), Status.CRITICAL, "whitespace"),
        Case("quotes in the variable", _configured(f'"{ROLE}"', configured=False), Status.CRITICAL, "quoted"),
        Case("a template's brackets around it", _configured(f"[{ROLE}]"), Status.CRITICAL, "brackets"),
        Case("a template's placeholder", _configured("[YOUR_SAGEMAKER_ROLE_ARN]"), Status.CRITICAL, "placeholder"),
        Case("a comment behind it", _configured(f"{ROLE} # mine"), Status.CRITICAL, "trailing_comment"),
        Case(
            "a session",
            _configured(f"arn:aws:sts::{ACCOUNT}:assumed-role/{NAME}/SageMaker"),
            Status.CRITICAL,
            "assumed_role",
        ),
        Case(
            "an instance profile",
            _configured(f"arn:aws:iam::{ACCOUNT}:instance-profile/{NAME}"),
            Status.CRITICAL,
            "instance_profile",
        ),
        Case("a name", _configured(NAME), Status.CRITICAL, "name_only"),
        Case("a user", _configured(f"arn:aws:iam::{ACCOUNT}:user/alice"), Status.CRITICAL, "not_a_role"),
        Case("eleven digits", _configured("arn:aws:iam::11112222333:role/SageMaker"), Status.CRITICAL, "malformed"),
        Case(
            "a service-linked role",
            _configured(f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/sagemaker.amazonaws.com/AWSServiceRoleForX"),
            Status.CRITICAL,
            "service_linked",
        ),
        Case(
            "a role that people sign in to",
            _configured(f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123"),
            Status.CRITICAL,
            "sso_role",
        ),
    ),
    "role.exists": (
        Case("it is there", _exists(role()), Status.OK),
        Case("it is a minute old", _exists(role(age=timedelta(seconds=60))), Status.OK),
        Case("it is not quite a minute old", _exists(role(age=timedelta(seconds=59))), Status.WARNING, "propagating"),
        Case("it is gone", _exists(AwsError("NoSuchEntity", "cannot be found", 404)), Status.CRITICAL, "missing"),
        Case("its path was lost", _exists(role(f"arn:aws:iam::{ACCOUNT}:role/{NAME}")), Status.CRITICAL, "other_path"),
        Case(
            "another account's", _exists(role(ROLE.replace(ACCOUNT, "444455556666"))), Status.CRITICAL, "other_account"
        ),
        Case("other letters", _exists(role(ROLE.replace("Amazon", "amazon"))), Status.CRITICAL, "arn_differs"),
        Case(
            "a service-linked role of that name",
            _exists(role(f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/sagemaker.amazonaws.com/{NAME}")),
            Status.CRITICAL,
            "wrong_kind",
        ),
        Case("it may not be asked", _exists(denied("iam.GetRole")), Status.UNKNOWN, "not_permitted"),
        *_DARK,
        Case("no role", _exists(role(), replace(TARGET, role=None)), Status.SKIPPED, "not_configured"),
    ),
    "role.trust": (*_TRUST, *_DARK),
    "role.permissions": (*_PERMISSIONS, *_DARK),
}
