"""Cases from AWS's documentation: what is asked, the policies, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from healthcheck.iam import ContextValue, Decision, Document, Request, evaluate, load_document

_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
_ORGANIZATIONS = "https://docs.aws.amazon.com/organizations/latest/userguide/"
_KMS = "https://docs.aws.amazon.com/kms/latest/developerguide/"

# All read on 2026-11-22.
LOGIC = f"{_IAM}reference_policies_evaluation-logic.html"
CROSS = f"{_IAM}reference_policies_evaluation-logic-cross-account.html"
BOUNDARIES = f"{_IAM}access_policies_boundaries.html"
PRINCIPAL = f"{_IAM}reference_policies_elements_principal.html"
NOT_PRINCIPAL = f"{_IAM}reference_policies_elements_notprincipal.html"
NOT_ACTION = f"{_IAM}reference_policies_elements_notaction.html"
NOT_RESOURCE = f"{_IAM}reference_policies_elements_notresource.html"
VARIABLES = f"{_IAM}reference_policies_variables.html"
OPERATORS = f"{_IAM}reference_policies_elements_condition_operators.html"
SCPS = f"{_ORGANIZATIONS}orgs_manage_policies_scps_evaluation.html"
RCPS = f"{_ORGANIZATIONS}orgs_manage_policies_rcps_evaluation.html"
KEYS = f"{_KMS}key-policies.html"
GLOBAL_KEYS = f"{_IAM}reference_policies_condition-keys.html"
ALIASES = f"{_KMS}alias-access.html"
KMS_KEYS = f"{_KMS}conditions-kms.html"
ASSUME_ROLE = "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"
PASS_ROLE = f"{_IAM}id_roles_use_passrole.html"
LOG_DELIVERY = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html"

Statement = Mapping[str, object]

ACCOUNT, OTHER_ACCOUNT = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/examplerole"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/examplerole/examplerolesessionname"
USER = f"arn:aws:iam::{ACCOUNT}:user/exampleuser"
FEDERATED = f"arn:aws:sts::{ACCOUNT}:federated-user/exampleuser"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
BUCKET = "arn:aws:s3:::examplebucket"
OBJECT = f"{BUCKET}/object"
KEY = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/1234abcd"

ALLOW_ALL: Statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
EC2_ONLY: Statement = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}


def allow(action: str | list[str], resource: str | list[str] = "*", **more: object) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | list[str], resource: str | list[str] = "*", **more: object) -> Statement:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def to(principal: str, action: str = "s3:*") -> Statement:
    return allow(action, "*", Principal={"AWS": principal})


@dataclass(frozen=True)
class Case:
    """One sentence of the documentation, and the page on which it stands."""

    source: str
    sentence: str
    expected: str
    action: str
    resource: str = "*"
    principal: str = ROLE
    resource_account: str | None = ACCOUNT
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    is_complete: bool = True
    """Whether every other context key is absent; else it is unknown."""
    identity: Sequence[Statement] = ()
    boundary: Sequence[Statement] | None = None
    session: Sequence[Statement] | None = None
    scps: Sequence[Sequence[Statement]] | None = None
    rcps: Sequence[Sequence[Statement]] | None = None
    resource_policy: Sequence[Statement] | None = None
    language: str = "2012-10-17"

    @property
    def name(self) -> str:
        """The page and the sentence, for whom the case fails."""
        return f"{self.source.rpartition('/')[2].removesuffix('.html')}: {self.sentence}"

    def decide(self) -> Decision:
        """Return what the engine makes of it."""
        request = Request(
            self.action,
            self.resource,
            self.resource_account,
            self.principal,
            self.context,
            context_complete=self.is_complete,
        )
        return evaluate(
            request,
            identity=[document(self.identity, "identity", self.language)],
            boundary=_one(self.boundary, "boundary"),
            session=_one(self.session, "session"),
            scps=_levels(self.scps),
            rcps=_levels(self.rcps),
            resource_policy=None if self.resource_policy is None else document(self.resource_policy, "resource policy"),
        )


def document(statements: Sequence[Statement], name: str, language: str = "2012-10-17") -> Document:
    return load_document({"Version": language, "Statement": list(statements)}, name=name)


def _one(statements: Sequence[Statement] | None, name: str) -> list[Document] | None:
    return None if statements is None else [document(statements, name)]


def _levels(given: Sequence[Sequence[Statement]] | None) -> list[list[Document]] | None:
    return None if given is None else [[document([s], "level") for s in statements] for statements in given]
