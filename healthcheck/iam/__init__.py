"""A policy engine: documents and a request in, a decision that explains itself out.

Pure: no input or output, the standard library only. Usable on its own.

    from healthcheck.iam import Request, evaluate, load_document

    data = load_document(text, name="Data")
    decision = evaluate(
        Request("s3:PutObject", "arn:aws:s3:::acme-data/out/model.tar.gz", principal=role_arn),
        identity=[data],
    )
    print(decision.outcome.value)   # allowed, implicit_deny, explicit_deny, unknown
    print(decision.explain())

**Three truth values.** A context key that is neither known nor known to be absent makes the outcome unknown where it
matters, and `Decision.unknown_keys` names it. A document that could not be read is given as a `Hole`;
`Decision.as_far_as_seen` then tells the outcome if it does no harm. Points that AWS's documentation leaves open are
`Decision.doubts`. Nothing unknown is ever rounded to allowed or denied.

**Why.** `Decision.deciding` are the statements that settle it, `Decision.blocking` the layers that lack an Allow, and
`Decision.near_misses` the Allows that fail by one element: the wrong account in an ARN, a bucket without ``/*``, letter
case, an absent condition key.

**Trust.** `assumable` decides whether a service may assume a role.

**Remedies.** `minimal_policy` grants exactly the `Grant`s that are missing, in few statements and within AWS's size
limits; `prove` decides everything anew with it and tells what it mended, what no Allow can mend, and what it widened.

**What it does not see**: grants of KMS keys, access control lists of S3, policies of VPC endpoints, and whether an
action exists. `Request.resource` is one concrete ARN; the caller knows which one an action is about.

Sources, read 2026-11-22: IAM User Guide ("Policy evaluation logic", "Cross-account policy evaluation logic",
"Permissions boundaries", "Principal", "NotPrincipal", "Condition operators", "Multivalued context keys", "Variables
and tags"), Organizations User Guide ("SCP evaluation", "RCP evaluation"), KMS Developer Guide ("Key policies"),
SageMaker Developer Guide ("Cross-service confused deputy prevention").
"""

from healthcheck.iam.context import ContextValue
from healthcheck.iam.decision import Decision, Outcome, evaluate
from healthcheck.iam.documents import Document, Effect, PolicyError, Statement, load_document
from healthcheck.iam.layers import Layer, LayerVerdict, Match
from healthcheck.iam.nearmiss import Flaw, NearMiss
from healthcheck.iam.remedy import (
    INLINE_POLICIES_LIMIT,
    MANAGED_POLICY_LIMIT,
    Grant,
    Proof,
    RemedyTooLarge,
    literal,
    minimal_policy,
    pass_role,
    policy_size,
    prove,
    trust_policy,
)
from healthcheck.iam.request import Request, RequestError
from healthcheck.iam.trust import ABSENT_FOR_SERVICES, assumable
from healthcheck.iam.truth import Hole

__all__ = [
    "ABSENT_FOR_SERVICES",
    "INLINE_POLICIES_LIMIT",
    "MANAGED_POLICY_LIMIT",
    "ContextValue",
    "Decision",
    "Document",
    "Effect",
    "Flaw",
    "Grant",
    "Hole",
    "Layer",
    "LayerVerdict",
    "Match",
    "NearMiss",
    "Outcome",
    "PolicyError",
    "Proof",
    "RemedyTooLarge",
    "Request",
    "RequestError",
    "Statement",
    "assumable",
    "evaluate",
    "literal",
    "load_document",
    "minimal_policy",
    "pass_role",
    "policy_size",
    "prove",
    "trust_policy",
]
