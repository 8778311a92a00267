"""Texts about what policies refuse, by the layer that AWS names."""

from __future__ import annotations

from healthcheck.errors import FailureKind
from healthcheck.result import Fix
from healthcheck.symptoms.symptom import Confidence, Symptom

_BOTH = ("role.permissions", "caller.permissions")
_RIGHTS = ("role.permissions", "role.data_access", "caller.permissions")
_WHO = "aws sts get-caller-identity"

SYMPTOMS: tuple[Symptom, ...] = (
    Symptom(
        "may-not-pass-role",
        "Whoever starts the job may not hand the execution role to SageMaker. It is a right of the caller (a person or "
        "a pipeline) on the role's ARN; the role's own permissions are not in question.",
        ("role.passable",),
        Fix(
            "Allow iam:PassRole on exactly this role to the caller, with iam:PassedToService; role.passable prints "
            "the policy, proven.",
            (_WHO,),
        ),
        Confidence.CERTAIN,
        patterns=(r"not authorized to perform ?: iam:PassRole",),
        source="awslabs/amazon-sagemaker-feedback#61",
    ),
    Symptom(
        "may-not-read-role",
        "Whoever runs this may not look up a role (iam:GetRole). SageMaker's SDK does so only to turn a role's name "
        "into its ARN, and AmazonSageMakerFullAccess does not allow it. The role itself may be in order.",
        ("role.exists", "role.configured"),
        Fix("Give the role's whole ARN, and nobody has to look it up; or allow iam:GetRole on it.", (_WHO,)),
        Confidence.CERTAIN,
        patterns=(r"not authorized to perform ?: iam:GetRole\b",),
        source="aws/sagemaker-python-sdk#2027, #2089",
    ),
    Symptom(
        "may-not-assume-role",
        "Whoever asks may not take this role on. It takes both sides: sts:AssumeRole in the policies of whoever asks, "
        "and a trust policy of the role that names them. Whether SageMaker may take it on is another question.",
        ("credentials.resolvable", "credentials.valid"),
        Fix(
            "Look who asks, and whether the role's trust policy names exactly that; a session's ARN is not its role's.",
            (_WHO, "aws iam get-role --role-name NAME --query Role.AssumeRolePolicyDocument"),
        ),
        Confidence.CERTAIN,
        patterns=(r"not authorized to perform ?: sts:AssumeRole\b",),
        source="IAM User Guide, troubleshooting roles",
    ),
    Symptom(
        "role-of-another-account",
        "The role belongs to another account than the caller. SageMaker takes only roles of the caller's account, "
        "whatever the policies say.",
        ("credentials.account", "role.exists"),
        Fix("Name a role of this account, or use credentials of the role's.", (_WHO,)),
        Confidence.CERTAIN,
        patterns=(r"Cross-account pass role is not allowed",),
        source="serverless/serverless#3374",
    ),
    Symptom(
        "key-refuses",
        "A KMS key is in the way: the bucket or the job encrypts with a key of yours, and the role's policy or the "
        "key's own policy does not let the role use it. AmazonSageMakerFullAccess allows no use of any key.",
        ("role.encryption",),
        Fix(
            "Allow the action on the key's ARN to the role, and see that the key's policy leaves it to IAM or names "
            "the role.",
            ("aws kms get-key-policy --key-id KEY --policy-name default --output text",),
        ),
        Confidence.LIKELY,
        patterns=(
            r"not (?:authorized|permitted) to perform ?:? kms:\w+",
            r"KMS\.AccessDeniedException",
            r"The ciphertext refers to a customer master key that does not exist",
        ),
        source="aws/aws-cdk#12810",
    ),
    Symptom(
        "key-off",
        "The KMS key is disabled, about to be deleted, or gone. No policy mends it; what was encrypted with a key that "
        "is gone cannot be read again.",
        ("role.encryption",),
        Fix(
            "Enable the key, or cancel its deletion; else encrypt with another from now on.",
            ("aws kms describe-key --key-id KEY --query KeyMetadata.KeyState",),
        ),
        Confidence.CERTAIN,
        patterns=(
            r"(?:KMS\.)?(?:KMSInvalidStateException|DisabledException|KeyUnavailableException)\b",
            r"KMS\.NotFoundException",
            r"arn:[\w-]+:kms:\S+ is (?:disabled|pending deletion)",
        ),
        source="KMS Developer Guide, key states; KMS API reference, common errors",
    ),
    Symptom(
        "organization-denies",
        "A service control policy of the organization denies {action}. No policy in the account can allow it; the "
        "classic ones lock regions and instance types, or demand a VPC, a key or tags.",
        _BOTH,
        Fix("Ask the organization's administrators; tell them the whole text.", (_WHO,)),
        Confidence.CERTAIN,
        layers=("scp",),
        source="IAM User Guide, troubleshooting access denied messages",
    ),
    Symptom(
        "resources-organization-denies",
        "A resource control policy of the organization that owns the resource denies {action}.",
        _BOTH,
        Fix("Ask the administrators of the resource's organization.", (_WHO,)),
        Confidence.CERTAIN,
        layers=("rcp",),
        source="IAM User Guide, troubleshooting access denied messages",
    ),
    Symptom(
        "boundary-limits",
        "The permissions boundary of whoever asks does not allow {action}, or denies it. Another Allow does not help: "
        "the boundary itself has to be widened by whoever owns it.",
        _BOTH,
        Fix(
            "Ask whoever owns the boundary.",
            ("aws iam get-role --role-name NAME --query Role.PermissionsBoundary",),
        ),
        Confidence.CERTAIN,
        layers=("boundary",),
        source="IAM User Guide, troubleshooting access denied messages",
    ),
    Symptom(
        "session-limits",
        "The session was started with a policy of its own, which does not allow {action}. The role may do more than "
        "this session.",
        ("credentials.valid", "caller.permissions"),
        Fix("Start the session without that policy, or with a wider one.", (_WHO,)),
        Confidence.CERTAIN,
        layers=("session",),
        source="IAM User Guide, troubleshooting access denied messages",
    ),
    Symptom(
        "vpc-endpoint-refuses",
        "The policy of the VPC endpoint that the request went through does not allow {action}. From outside that "
        "network the same request may work.",
        ("network.reachable",),
        Fix(
            "Ask whoever owns the network to let the endpoint's policy allow it, on your bucket and on AWS's own.",
            ("aws ec2 describe-vpc-endpoints --query 'VpcEndpoints[].[ServiceName,PolicyDocument]'",),
        ),
        Confidence.CERTAIN,
        layers=("vpc_endpoint",),
        source="IAM User Guide, troubleshooting access denied messages",
    ),
    Symptom(
        "identity-denies",
        "A Deny in a policy of whoever asks (one of its own or of a group) forbids {action}. Another Allow does not "
        "help.",
        _RIGHTS,
        Fix("Find the statement with the checks, and change it, or ask whoever owns it.", (_WHO,)),
        Confidence.CERTAIN,
        layers=("identity",),
        is_explicit=True,
        source="IAM User Guide, troubleshooting access denied messages",
    ),
    Symptom(
        "identity-lacks",
        "No policy of whoever asks allows {action}. Look who that is: the execution role inside a job, and the person "
        "or the pipeline outside one.",
        _RIGHTS,
        Fix("Allow exactly this action on exactly this resource; the checks print the policy, proven.", (_WHO,)),
        Confidence.CERTAIN,
        layers=("identity",),
        is_explicit=False,
        source="IAM User Guide, troubleshooting access denied messages",
    ),
    Symptom(
        "resource-refuses",
        "The resource's own policy (of a bucket, key or repository) denies {action}, or does not allow it to another "
        "account. The policies of whoever asks may well allow it.",
        ("bucket.policy", "role.data_access", "role.encryption"),
        Fix("Ask the owner of the resource.", ("aws s3api get-bucket-policy --bucket BUCKET --output text",)),
        Confidence.CERTAIN,
        layers=("resource",),
        source="IAM User Guide, troubleshooting access denied messages",
    ),
    Symptom(
        "head-forbidden",
        "S3 refuses, and an answer to HEAD says no more: the right to read is missing, the bucket's policy or key "
        "denies, the bucket belongs to somebody else, or (without s3:ListBucket) the object is simply not there.",
        ("bucket.reachable", "bucket.policy", *_RIGHTS),
        Fix("Ask for the object itself: that answer names the policy.", ("aws s3 ls s3://BUCKET/PREFIX/", _WHO)),
        Confidence.LIKELY,
        # R's paws says it without the number.
        patterns=(r"An error occurred (?:\(403\) )?when calling the Head\w+ operation: Forbidden",),
        source="aws/amazon-sagemaker-examples#1931",
    ),
    Symptom(
        "somebody-denies",
        "A Deny forbids {action}, and the text does not say in whose policy: one of whoever asks, a boundary, the "
        "organization's (in accounts that a company, a school or a workshop hands out, nearly always that one), or "
        "the bucket's. Another Allow does not help.",
        (*_RIGHTS, "bucket.policy"),
        Fix("Find the statement with the checks; else ask whoever hands out the account.", (_WHO,)),
        Confidence.CERTAIN,
        patterns=(r"with an explicit deny(?! ?i ?n\b)",),
        source="wpilibsuite/DetectCoral#20",
    ),
    Symptom(
        "principal-deleted",
        "A policy names somebody who is not there: misspelt, or deleted, whom AWS then shows as an id such as AIDA… or "
        "AROA…. The whole document is refused for it, even where what was changed is right.",
        ("role.hygiene",),
        Fix(
            "Take that principal out of the document, or name one that exists.",
            ("aws iam get-role --role-name NAME --query Role.AssumeRolePolicyDocument",),
        ),
        Confidence.CERTAIN,
        patterns=(r"Invalid principal in policy", r"statement with one or more invalid principals"),
        source="IAM User Guide, AWS JSON policy elements: Principal",
    ),
    Symptom(
        "refused",
        "Some policy refuses {action}, and the text does not say which. In a job's reason for failing it is the "
        "execution role that is refused, else whoever asked.",
        _RIGHTS,
        Fix("Find out who asks, and look at both.", (_WHO,)),
        Confidence.POSSIBLE,
        kinds=(FailureKind.NOT_PERMITTED,),
        source="AWS General Reference, common errors",
    ),
)
