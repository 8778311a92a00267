"""Whoever starts jobs: a person, or a pipeline outside SageMaker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from healthcheck.capabilities import Aws
from healthcheck.check import check
from healthcheck.checks import bucket_facts, caller_needs, calling, entitlements, simulation
from healthcheck.checks.dossier import Dossier
from healthcheck.checks.entitlements import Question
from healthcheck.checks.places import place_of
from healthcheck.result import Result
from healthcheck.target import Purpose, Target


@check(
    every=timedelta(minutes=15),
    after=["credentials.account"],
    calls=[*calling.READING, "s3.GetBucketPolicy", "sts.GetCallerIdentity"],
    optional_calls=simulation.CALLS,
    reasons=[
        "boundary",
        "caller_elsewhere",
        "caller_missing",
        "cannot_follow",
        "explicit_deny",
        "malformed_document",
        "not_allowed",
        simulation.REASON,
        "undecidable",
    ],
)
def permissions(aws: Aws, target: Target) -> Iterator[Result]:
    """Whoever starts jobs may start and follow all that the target is for.

    Why: AmazonSageMakerFullAccess is not all there is (domains and user profiles are left out of it), and company
        policies deny jobs outside a VPC or without a key; each shows only when somebody presses the button.
    Sees: all policies and the permissions boundary of the user (and its groups) or role that the settings name under
        caller, or whose credentials these are, evaluated for creating, describing and stopping what each purpose
        needs, for reading logs and for the bucket. A job is asked for as the settings have it: with their subnets,
        security groups and keys, or with none. A right to jobs of some names is enough. AWS's simulator is asked the
        same where that is permitted, as role.permissions does.
    Cannot see: without the simulator organisation policies; session policies, a second factor, the network it calls
        from; iam:PassRole (role.passable); what the bucket's policy denies (bucket.policy).
    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/api-permissions-reference.html, read 2026-11-22.
    """
    caller = calling.find(aws, target)
    if caller is None:
        yield calling.nobody(target)
        return
    place = place_of(aws, target, target.role or "")
    if caller.cannot_be_read or caller.principal.account != place.home.account:
        is_readable = not caller.cannot_be_read
        yield calling.elsewhere(caller, place.home.account) if is_readable else calling.unreadable(caller)
        return
    try:
        policies = calling.policies_of(aws, caller)
    except aws.client("iam").exceptions.NoSuchEntityException:
        yield calling.missing(caller)
        return
    arn = calling.arn_of(caller, policies)
    wanted = caller_needs.of(place, target, target.purposes)
    dossier = Dossier(arn, place.home, aws.now, wanted, policies, is_only_rescued=True)
    creating = [dossier.verdict(need) for need in wanted if need.action.startswith("sagemaker:Create")]
    if calling.only_looks(caller, creating):
        yield calling.onlooker(target, arn)
        return
    dossier, verdicts = bucket_facts.rescue(aws, dossier, place.bucket)
    others = tuple(purpose for purpose in Purpose if purpose not in target.purposes)
    question = Question(
        arn,
        f"may start and follow {', '.join(purpose.value for purpose in target.purposes)}",
        dossier,
        controls=lambda: caller_needs.of(place, target, others),
        hints=caller_needs.HINTS,
        minor_reason="cannot_follow",
    )
    yield simulation.compare(aws, dossier, verdicts, entitlements.judge(question, verdicts))
