"""May a service assume a role? The question that a role's trust policy answers.

Sources: IAM User Guide, "Principal" and "Condition operators"; SageMaker Developer Guide, "Cross-service confused
deputy prevention" (read 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from healthcheck.iam.context import ContextValue
from healthcheck.iam.decision import Decision, evaluate
from healthcheck.iam.documents import Document
from healthcheck.iam.request import Request
from healthcheck.iam.truth import Hole

ABSENT_FOR_SERVICES: Final[Mapping[str, None]] = MappingProxyType(
    {
        "sts:ExternalId": None,
        "aws:MultiFactorAuthPresent": None,
        "aws:MultiFactorAuthAge": None,
        "aws:PrincipalArn": None,
        "aws:PrincipalAccount": None,
        "aws:PrincipalOrgID": None,
        "aws:PrincipalOrgPaths": None,
        "aws:PrincipalTag/*": None,
        "aws:SourceIp": None,
        "aws:SourceVpc": None,
        "aws:SourceVpce": None,
        "aws:VpcSourceIp": None,
        "aws:userid": None,
        "aws:username": None,
        "saml:*": None,
    }
)
"""Context keys that a service which assumes a role does not send, so that a condition on one is never met.

For a request in which everything else is unknown: ``{**ABSENT_FOR_SERVICES, "aws:SourceAccount": account, …}`` with
``context_complete=False``.
"""


def assumable(
    trust_policy: Document | Hole,
    service: str,
    context: Mapping[str, ContextValue],
    *,
    context_complete: bool = True,
) -> Decision:
    """Decide whether a service may assume a role with `sts:AssumeRole`.

    Args:
        trust_policy: The role's trust policy.
        service: The name of the service, such as ``sagemaker.amazonaws.com``.
        context: What the service sends: ``aws:SourceAccount``, ``aws:SourceArn`` … Values are literal: the star in
            ``arn:aws:sagemaker:eu-west-1:111122223333:*``, which SageMaker hosting and Studio send, is no wildcard.
        context_complete: Whether keys that are not given are known to be absent; see `ABSENT_FOR_SERVICES`.
    """
    request = Request("sts:AssumeRole", principal=service, context=context, context_complete=context_complete)
    return evaluate(request, identity=(), resource_policy=trust_policy)
