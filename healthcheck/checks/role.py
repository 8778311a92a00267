"""The IAM role that SageMaker assumes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

from healthcheck.capabilities import Aws
from healthcheck.check import check
from healthcheck.checks import (
    arns,
    bucket_facts,
    caller_needs,
    calling,
    data_locations,
    entitlements,
    job_evidence,
    key_looks,
    keys,
    locations,
    needs,
    past_jobs,
    principal_policies,
    role_existence,
    role_trust,
    simulation,
    tidiness,
)
from healthcheck.checks.dossier import Dossier
from healthcheck.checks.entitlements import Question
from healthcheck.checks.job_evidence import Claim
from healthcheck.checks.places import place_of
from healthcheck.checks.principal_policies import READING_ROLES
from healthcheck.iam import Hole
from healthcheck.result import Result, ok, skipped
from healthcheck.target import Purpose, Target


@check(
    every=timedelta(minutes=15),
    reasons=[
        "assumed_role",
        "brackets",
        "instance_profile",
        "malformed",
        "name_only",
        "not_a_role",
        "not_named",
        "placeholder",
        "quoted",
        "service_linked",
        "sso_role",
        "trailing_comment",
        "whitespace",
    ],
)
def configured(target: Target) -> Iterator[Result]:
    """The settings name an execution role by its whole ARN, and it is one that SageMaker can assume.

    Why: AWS's SDK checks only the length of a role's ARN, so that a name, quotes, a template's brackets or the ARN of
        a session pass, and fail when the first job is submitted.
    Sees: the text of the role in the settings, or in SAGEMAKER_ROLE_ARN.
    Cannot see: whether the role exists (role.exists does); what an R session or a notebook has in its own settings.
    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html, read 2026-11-22.
    """
    yield role_existence.judge_configured(target)


@check(
    every=timedelta(minutes=5),
    after=["role.configured", "credentials.account"],
    calls=["iam.GetRole"],
    optional_calls=past_jobs.CALLS,
    reasons=["arn_differs", "missing", "other_account", "other_path", "propagating", "wrong_kind"],
)
def exists(aws: Aws, target: Target, *, accept_past_jobs: timedelta = timedelta(0)) -> Iterator[Result]:
    """The execution role exists under exactly the ARN that the settings name.

    Why: a role's ARN holds its path; without "service-role/" it names nothing, and SageMaker says only that it could
        not assume the role. IAM itself finds a role by its name alone and hides the difference.
    Sees: iam:GetRole of the ARN's last segment; its ARN is compared byte for byte, and its age with IAM's delay. Where
        that is not permitted it stays unknown, and the last jobs with this ARN tell what is known of the past.
    Cannot see: a role of another account.
    Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html, read 2026-11-22.
    Settings:
        accept_past_jobs: where iam:GetRole is refused, how old a job may be that ran with the role, to be taken for a
            look; 0 for never, as it says nothing of what was changed since
    """
    wanted = arns.parse(target.role) if target.role else None
    if wanted is None:
        yield _not_configured(target)
        return
    client = aws.client("iam")
    try:
        role = client.get_role(RoleName=wanted.name)["Role"]
    except client.exceptions.NoSuchEntityException:
        yield role_existence.missing(wanted)
        return
    except client.exceptions.ClientError as error:
        yield from job_evidence.after_refusal(aws, target, error, Claim.EXISTS, accept_past_jobs)
        return
    found = role_existence.Found(
        role["Arn"], role["CreateDate"], role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    )
    yield role_existence.judge_found(target, wanted, found, aws.now)


@check(
    every=timedelta(minutes=5),
    after=["role.exists"],
    calls=["iam.GetRole", "sts.GetCallerIdentity"],
    optional_calls=past_jobs.CALLS,
    reasons=[
        "condition_unmet",
        "explicit_deny",
        job_evidence.REASON,
        "malformed_document",
        "no_statement",
        "undecidable",
        "wildcard_principal",
        "wrong_service",
    ],
)
def trust(aws: Aws, target: Target, *, accept_past_jobs: timedelta = timedelta(0)) -> Iterator[Result]:
    """SageMaker may assume the role, for every purpose of the target.

    Why: without it every job fails with "could not assume role"; with a condition that is too narrow training works
        and hosting fails, because SageMaker names different sources for different purposes.
    Sees: the trust policy in iam:GetRole, evaluated for sagemaker.amazonaws.com with the account and the source ARN
        that AWS documents for each purpose; Deny, conditions and the star that hosting sends literally included. Where
        that is not permitted it stays unknown, and the role's last jobs tell whether SageMaker could assume it then.
    Cannot see: organisation policies; what a notebook instance sends as its source, which is not documented (a
        condition on it is unknown); the principal job.sagemaker.amazonaws.com of the newer CreateJob.
    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/security-confused-deputy-prevention.html, read 2026-11-22.
    Settings:
        accept_past_jobs: where iam:GetRole is refused, how old jobs may be that ran with the role, one of each purpose,
            to be taken for a look; 0 for never, as SageMaker refuses what it cannot begin and leaves no trace of it
    """
    role = arns.parse(target.role) if target.role else None
    if role is None:
        yield _not_configured(target)
        return
    client = aws.client("iam")
    try:
        policy = client.get_role(RoleName=role.name)["Role"]["AssumeRolePolicyDocument"]
    except client.exceptions.ClientError as error:
        yield from job_evidence.after_refusal(aws, target, error, Claim.ASSUMABLE, accept_past_jobs)
        return
    yield role_trust.judge(place_of(aws, target, role.text), policy, target.purposes)


@check(
    every=timedelta(minutes=15),
    after=["role.trust"],
    calls=[*READING_ROLES, "s3.GetBucketPolicy", "sts.GetCallerIdentity"],
    optional_calls=[*past_jobs.CALLS, *simulation.CALLS],
    reasons=[
        "boundary",
        "explicit_deny",
        job_evidence.REASON,
        "malformed_document",
        "not_allowed",
        simulation.REASON,
        "telemetry_lost",
        "undecidable",
    ],
)
def permissions(
    aws: Aws, target: Target, *, prefix: str = "", accept_past_jobs: timedelta = timedelta(0)
) -> Iterator[Result]:
    """The role's own policies allow what the target's purposes need, on the target's own bucket.

    Why: a job that may not read its input, write its model or pull its image fails minutes after it was started;
        AmazonSageMakerFullAccess covers only buckets and keys with "sagemaker" in their names.
    Sees: all inline and attached policies and the permissions boundary, evaluated for the actions of each purpose on
        the real ARNs of bucket, images, log groups and, if jobs run in a VPC, subnets: an untagged object below the
        prefix, over TLS, in this region. Where these do not allow what the bucket's policy does, that counts. AWS's
        simulator is asked the same where that is permitted, once an hour and whenever the role's policies change: only
        it sees the organisation's policies (SCPs). Where policies may not be read it stays unknown, and the role's last
        jobs tell what they could, or were refused.
    Cannot see: without the simulator what SCPs deny, and RCPs and session policies at all; conditions that hang on a
        job's network; what a bucket's policy denies (bucket.policy), other buckets (role.data_access) and keys
        (role.encryption).
    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html, read 2026-11-22.
    Settings:
        prefix: the part of the bucket that jobs read and write, such as "team-a/"; empty for the whole bucket
        accept_past_jobs: where policies may not be read, how old jobs may be that completed with the role, one of each
            purpose and on the same bucket, to be taken for a look; 0 for never. Of logs and metrics they show nothing
    """
    role = arns.parse(target.role) if target.role else None
    if role is None:
        yield _not_configured(target)
        return
    place = place_of(aws, target, role.text, prefix)
    dossier = Dossier(
        principal=role.text,
        home=place.home,
        now=aws.now,
        needs=needs.of(place, target.purposes),
        policies=principal_policies.fetch_role(aws, role.name),
        is_only_rescued=True,
    )
    dossier, verdicts = bucket_facts.rescue(aws, dossier, place.bucket)
    others = tuple(purpose for purpose in Purpose if purpose not in target.purposes)
    healthy = f"is allowed all that {', '.join(purpose.value for purpose in target.purposes)} needs"
    question = Question(role.text, healthy, dossier, controls=lambda: needs.of(place, others))
    result = simulation.compare(aws, dossier, verdicts, entitlements.judge(question, verdicts))
    yield from job_evidence.beside(aws, target, place, result, accept_past_jobs)


def _not_configured(target: Target) -> Result:
    return skipped(target.name, f"{target.name}: names no execution role to look at", reason="not_configured")


@check(
    every=timedelta(minutes=15),
    after=["role.exists"],
    calls=[*calling.READING, "sts.GetCallerIdentity"],
    optional_calls=simulation.CALLS,
    reasons=["boundary", "explicit_deny", "malformed_document", "not_allowed", simulation.REASON, "undecidable"],
)
def passable(aws: Aws, target: Target) -> Iterator[Result]:
    """Whoever starts jobs may hand the execution role to SageMaker.

    Why: starting a job takes iam:PassRole on exactly the role's ARN; without it everything is refused at once, in
        words that many take for a fault of the role itself.
    Sees: all policies and the permissions boundary of the user (and its groups) or role that the settings name under
        caller, or whose credentials these are, evaluated for iam:PassRole with iam:PassedToService. AWS's simulator is
        asked the same where that is permitted, as role.permissions does.
    Cannot see: without the simulator organisation policies, and session policies at all; who starts jobs, where the
        settings do not say: an identity that may start nothing is taken for one that only looks.
    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html, read 2026-11-22.
    """
    role = arns.parse(target.role) if target.role else None
    caller = calling.find(aws, target)
    if role is None or caller is None:
        yield _not_configured(target) if role is None else calling.nobody(target)
        return
    place = place_of(aws, target, role.text)
    if caller.cannot_be_read or caller.principal.account != place.home.account:
        yield calling.unreadable(caller) if caller.cannot_be_read else calling.nobody(target)
        return
    policies = calling.policies_of(aws, caller)
    arn = calling.arn_of(caller, policies)
    starting = caller_needs.of(place, target, target.purposes)
    dossier = Dossier(arn, place.home, aws.now, (caller_needs.passing(role.text),), policies)
    verdicts = dossier.verdicts()
    creating = [dossier.verdict(need) for need in starting if need.action.startswith("sagemaker:Create")]
    if calling.only_looks(caller, (*verdicts, *creating)):
        yield calling.onlooker(target, arn)
        return
    question = Question(arn, f"may pass {role.text} to SageMaker", dossier, controls=lambda: starting)
    yield simulation.compare(aws, dossier, verdicts, entitlements.judge(question, verdicts))


@check(
    every=timedelta(minutes=15),
    after=["role.permissions"],
    calls=[*READING_ROLES, "s3.GetBucketPolicy", "sts.GetCallerIdentity"],
    optional_calls=[*past_jobs.CALLS, "s3.HeadBucket"],
    reasons=["boundary", "bucket_missing", "explicit_deny", "malformed_document", "not_allowed", "undecidable"],
)
def data_access(aws: Aws, target: Target, *, accept_past_jobs: timedelta = timedelta(0)) -> Iterator[Result]:
    """The role may read and write every place in S3 that the settings name beside the bucket.

    Why: AmazonSageMakerFullAccess lists every bucket, but reads and writes only objects with "sagemaker" or "aws-glue"
        in their names: with any other bucket a job starts, finds its input, and is refused it.
    Sees: for each entry under reads and writes, the role's policies and boundary on the real ARNs
        of that prefix; the bucket's policy, where it allows what these do not; whose bucket it is. Where policies may
        not be read it stays unknown, and the role's last jobs tell whether they read and wrote there.
    Cannot see: what a bucket's policy denies (bucket.policy) and the keys of its objects (role.encryption); the policy
        of another account's bucket, which has to let the role in, too; single objects, their tags and their owners.
    Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSageMakerFullAccess.html, read
        2026-11-22 (version 29).
    Settings:
        accept_past_jobs: where policies may not be read, how old a job may be that completed with the role and read
            and wrote there, to be taken for a look; 0 for never
    """
    role = arns.parse(target.role) if target.role else None
    if role is None:
        yield _not_configured(target)
        return
    place = place_of(aws, target, role.text)
    policies = principal_policies.fetch_role(aws, role.name)
    found = [location for location in locations.of(target, place.home) if location.is_named]
    for location in found:
        owner = place.home.account if location.is_default else bucket_facts.owner(aws, location.bucket)
        if owner == bucket_facts.NOBODY:
            yield data_locations.missing(location, place.home.region)
            continue
        result = data_locations.judge(aws, location, place=place, target=target, policies=policies, owner=owner)
        yield from job_evidence.beside_location(aws, target, place, location, result=result, sufficing=accept_past_jobs)
    if not found:
        said = f"{target.name}: the settings name no place in S3 beside the bucket, of which role.permissions tells"
        yield skipped(target.name, said, reason="not_configured")


@check(
    every=timedelta(minutes=15),
    after=["role.permissions", "bucket.reachable"],
    calls=[
        *READING_ROLES,
        "kms.DescribeKey",
        "kms.GetKeyPolicy",
        "kms.ListGrants",
        "s3.GetBucketEncryption",
        "sts.GetCallerIdentity",
    ],
    optional_calls=["s3.HeadBucket"],
    reasons=[
        "boundary",
        "explicit_deny",
        "key_deleted",
        "key_disabled",
        "key_missing",
        "key_unusable",
        "malformed_document",
        "not_allowed",
        "resource_policy",
        "undecidable",
        "wrong_kind",
        "wrong_region",
    ],
)
def encryption(aws: Aws, target: Target) -> Iterator[Result]:
    """The KMS keys of the data and the disks can be used, and the role may use them.

    Why: AmazonSageMakerFullAccess allows no use of any key, so that a bucket that encrypts with one lets a job start,
        list its input, and fail; a key that is disabled or about to be deleted stops all that it encrypts.
    Sees: the key with which each bucket encrypts by default, and output_keys and volume_keys of the settings: their
        state, kind and region, the role's policies and the key's own, evaluated for what that use takes, through S3
        where it is S3 that calls; grants of the key to the role, where the policies do not suffice.
    Cannot see: keys that single objects were encrypted with; the policy of another account's key; a grant with
        constraints; organisation policies.
    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html and
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html, read 2026-11-22.
    """
    role = arns.parse(target.role) if target.role else None
    if role is None:
        yield _not_configured(target)
        return
    place = place_of(aws, target, role.text)
    wanted = list(keys.configured(target))
    plain: list[str] = []
    for location in {each.bucket: each for each in reversed(locations.of(target, place.home))}.values():
        found = keys.of_bucket(aws, location)
        if isinstance(found, keys.Plain):
            plain.append(found.bucket)
        wanted += found if isinstance(found, tuple) else ()
    if not wanted:
        yield _no_key(target, plain)
        return
    yield from key_looks.look(aws, place, target, wanted)


def _no_key(target: Target, plain: list[str]) -> Result:
    if not plain:
        return skipped(
            target.name, f"{target.name}: there is neither bucket nor key to look at", reason="not_configured"
        )
    subject = f"s3://{plain[0]}"
    return ok(subject, f"{subject}: encrypts with S3's own keys, which take no rights", evidence={"buckets": plain})


@check(
    every=timedelta(hours=1),
    after=["role.trust"],
    calls=[*READING_ROLES, "sts.GetCallerIdentity"],
    reasons=[
        "dead_resource",
        "malformed_document",
        "no_source_account",
        "orphan_principal",
        "unused",
        "wildcard_principal",
    ],
)
def hygiene(
    aws: Aws, target: Target, *, source_account: bool = True, unused_after: timedelta = timedelta(days=90)
) -> Iterator[Result]:
    """The role trusts SageMaker for this account alone, and drags along nothing that means nothing.

    Why: a trust policy without aws:SourceAccount lets SageMaker be made to use the role for somebody else; a statement
        about a bucket with capital letters looks like a right and grants nothing; who was deleted and made anew is
        not who was trusted; a role that nobody uses is only a risk.
    Sees: the trust policy, when the role was last used, and the policies of the role that are not AWS's own.
    Cannot see: what a right is used for; whether a bucket of a legal name exists (role.data_access); a bucket of
        us-east-1 from before March 2018, which may have capital letters in its name.
    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/security-confused-deputy-prevention.html and
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html, read 2026-11-22.
    Settings:
        source_account: whether a trust policy without aws:SourceAccount is told; the console makes roles without it
        unused_after: the time without use after which a role is told to be unused
    """
    role = arns.parse(target.role) if target.role else None
    if role is None:
        yield _not_configured(target)
        return
    found = aws.client("iam").get_role(RoleName=role.name)["Role"]
    raw = found["AssumeRolePolicyDocument"]
    trust = principal_policies.load(raw, name="its trust policy")
    if isinstance(trust, Hole) or isinstance(raw, str):
        yield tidiness.unread(role.text, trust)
        return
    policies = principal_policies.fetch_role(aws, role.name)
    holes = [each for each in policies.identity if isinstance(each, Hole)]
    if holes:
        yield tidiness.unread(role.text, holes[0])
        return
    facts = tidiness.Facts(
        trust=trust,
        raw_trust=json.loads(json.dumps(raw)),
        created=found["CreateDate"],
        last_used=found.get("RoleLastUsed", {}).get("LastUsedDate"),
        policies=policies,
    )
    yield tidiness.judge(
        place_of(aws, target, role.text),
        facts,
        target.purposes,
        source_account=source_account,
        unused_after=unused_after,
    )
