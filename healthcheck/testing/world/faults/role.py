"""The execution role: not named rightly, gone, not assumable, not permitted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from healthcheck.result import Status
from healthcheck.testing.world.client import ClientSide
from healthcheck.testing.world.faults.fault import Fault
from healthcheck.testing.world.setups import ROLE_NAME, Area, Setup, healthy_trust

_SERVICE = {"Service": "sagemaker.amazonaws.com"}
_ASSUME = {"Effect": "Allow", "Principal": _SERVICE, "Action": "sts:AssumeRole"}


def _configured(role: Callable[[str], str]) -> Callable[[ClientSide, str], None]:
    def change(side: ClientSide, target: str) -> None:
        side.targets[target]["role"] = role(str(side.setup(target)["account"]))

    return change


def _left_in_the_environment(side: ClientSide, target: str) -> None:
    """Have no settings file, but the variable alone, with the name where the ARN belongs."""
    side.targets.clear()
    side.environ.update(AWS_PROFILE=side.setup(target)["profile"], SAGEMAKER_ROLE_ARN=ROLE_NAME)


def _trust(*statements: dict[str, Any]) -> Callable[[Setup], None]:
    def change(setup: Setup) -> None:
        setup.trust(*statements)

    return change


def _conditional(condition: dict[str, Any]) -> dict[str, Any]:
    return {**_ASSUME, "Condition": condition}


def _path_lost(setup: Setup) -> None:
    setup.delete_role()
    setup.create_role(path="/")


def _only_for_one_job(setup: Setup) -> None:
    blueprint = setup.blueprint
    arn = f"arn:aws:sagemaker:{blueprint.regions[0]}:{blueprint.account}:processing-job/*"
    setup.trust(_conditional({"ArnLike": {"aws:SourceArn": arn}}))


def _denied(setup: Setup) -> None:
    setup.grant({"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}, policy="NoReading")


def _bound(setup: Setup) -> None:
    setup.bound("OnlyLogs", {"Effect": "Allow", "Action": ["logs:*", "cloudwatch:*"], "Resource": "*"})


def _conditional_deny(setup: Setup) -> None:
    setup.grant(
        {
            "Effect": "Deny",
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}},
        },
        policy="OnlyThroughTheEndpoint",
    )


def _trusting_everyone(setup: Setup) -> None:
    (healthy,) = healthy_trust(setup.blueprint.account)["Statement"]
    setup.trust(healthy, {**_ASSUME, "Principal": "*"})


def _with_orphan(setup: Setup) -> None:
    (healthy,) = healthy_trust(setup.blueprint.account)["Statement"]
    setup.trust(healthy, {**_ASSUME, "Principal": {"AWS": "AIDAEXAMPLEEXAMPLE01"}})


def _dead_policy(setup: Setup) -> None:
    resources = ["arn:aws:s3:::SageMaker", "arn:aws:s3:::SageMaker/*"]
    setup.grant({"Effect": "Allow", "Action": "s3:*", "Resource": resources}, policy="FromAnArticle")


FAULTS = (
    Fault(
        id="role-placeholder",
        sentence="The settings name the placeholder of a guide as the role.",
        check="role.configured",
        reason="placeholder",
        client=_configured(lambda _: f"arn:aws:iam::[YOUR_ACCOUNT_ID]:role/service-role/{ROLE_NAME}"),
    ),
    Fault(
        id="role-name-only",
        sentence="There is no settings file, and SAGEMAKER_ROLE_ARN has the role's name where its ARN belongs.",
        check="role.configured",
        reason="name_only",
        client=_left_in_the_environment,
        needs_restart=True,
    ),
    Fault(
        id="role-is-a-session",
        sentence="The settings name the session of somebody who assumed the role.",
        check="role.configured",
        reason="assumed_role",
        client=_configured(lambda account: f"arn:aws:sts::{account}:assumed-role/{ROLE_NAME}/SageMaker"),
    ),
    Fault(
        id="role-elsewhere",
        sentence="The settings name a role of another account.",
        check="credentials.account",
        reason="role_elsewhere",
        client=_configured(lambda _: f"arn:aws:iam::444455556666:role/service-role/{ROLE_NAME}"),
    ),
    Fault(
        id="role-deleted",
        sentence="The execution role was deleted.",
        check="role.exists",
        reason="missing",
        area=Area.ROLE,
        strike=Setup.delete_role,
    ),
    Fault(
        id="role-path-lost",
        sentence="The role was made again without its path, service-role.",
        check="role.exists",
        reason="other_path",
        area=Area.ROLE,
        strike=_path_lost,
    ),
    Fault(
        id="role-just-made",
        sentence="The role was made a moment ago, and not every service knows it yet.",
        check="role.exists",
        reason="propagating",
        status=Status.WARNING,
        area=Area.ROLE,
        strike=Setup.build_role,
    ),
    Fault(
        id="trust-without-sagemaker",
        sentence="The role trusts EC2, and not SageMaker.",
        check="role.trust",
        reason="wrong_service",
        area=Area.ROLE,
        strike=_trust({**_ASSUME, "Principal": {"Service": "ec2.amazonaws.com"}}),
    ),
    Fault(
        id="trust-nobody",
        sentence="The role trusts the people of its account, and no service.",
        check="role.trust",
        reason="no_statement",
        area=Area.ROLE,
        strike=lambda setup: setup.trust({**_ASSUME, "Principal": {"AWS": setup.blueprint.account}}),
    ),
    Fault(
        id="trust-everyone",
        sentence="The role trusts SageMaker, and everyone else.",
        check="role.trust",
        reason="wildcard_principal",
        status=Status.WARNING,
        area=Area.ROLE,
        strike=_trusting_everyone,
    ),
    Fault(
        id="trust-denied",
        sentence="The trust policy denies what it allows.",
        check="role.trust",
        reason="explicit_deny",
        area=Area.ROLE,
        strike=_trust(_ASSUME, {**_ASSUME, "Effect": "Deny"}),
    ),
    Fault(
        id="trust-external-id",
        sentence="The trust policy asks for an external id, which SageMaker never sends.",
        check="role.trust",
        reason="condition_unmet",
        area=Area.ROLE,
        strike=_trust(_conditional({"StringEquals": {"sts:ExternalId": "from-a-copied-example"}})),
    ),
    Fault(
        id="trust-source-account",
        sentence="The trust policy asks for a source account that is wrong by one digit.",
        check="role.trust",
        reason="condition_unmet",
        area=Area.ROLE,
        strike=_trust(_conditional({"StringEquals": {"aws:SourceAccount": "111122223334"}})),
    ),
    Fault(
        id="trust-source-arn",
        sentence="The trust policy admits processing jobs alone; the target trains.",
        check="role.trust",
        reason="condition_unmet",
        area=Area.ROLE,
        strike=_only_for_one_job,
    ),
    Fault(
        id="permissions-detached",
        sentence="Every policy was detached from the role.",
        check="role.permissions",
        reason="not_allowed",
        area=Area.ROLE,
        strike=Setup.detach,
    ),
    Fault(
        id="permissions-denied",
        sentence="An inline policy denies the role reading from S3.",
        check="role.permissions",
        reason="explicit_deny",
        area=Area.ROLE,
        strike=_denied,
    ),
    Fault(
        id="permissions-bounded",
        sentence="A permissions boundary leaves the role nothing but logs.",
        check="role.permissions",
        reason="boundary",
        area=Area.ROLE,
        strike=_bound,
    ),
    Fault(
        id="permissions-undecidable",
        sentence="A denial hangs on the VPC endpoint that requests come through.",
        check="role.permissions",
        reason="undecidable",
        status=Status.UNKNOWN,
        also={"role.data_access": (Status.UNKNOWN, "undecidable")},
        area=Area.ROLE,
        strike=_conditional_deny,
    ),
    Fault(
        id="organization-denies",
        sentence="A policy of the organization, which nobody in the account can read, denies s3:PutObject.",
        check="role.permissions",
        reason="organization_denies",
        status=Status.WARNING,
        also={"caller.permissions": (Status.WARNING, "organization_denies")},
        area=Area.ROLE,
        strike=lambda setup: setup.forbid_in_organization("s3:PutObject"),
    ),
    Fault(
        id="trust-any-account",
        sentence="The trust policy lets SageMaker assume the role on behalf of whatever account.",
        check="role.hygiene",
        reason="no_source_account",
        status=Status.WARNING,
        area=Area.ROLE,
        strike=_trust(_ASSUME),
    ),
    Fault(
        id="trust-orphan",
        sentence="The trust policy still names a user who was deleted.",
        check="role.hygiene",
        reason="orphan_principal",
        status=Status.WARNING,
        area=Area.ROLE,
        strike=_with_orphan,
    ),
    Fault(
        id="policy-dead",
        sentence="A policy copied from an article names a bucket in capital letters, which no bucket has.",
        check="role.hygiene",
        reason="dead_resource",
        status=Status.WARNING,
        area=Area.ROLE,
        strike=_dead_policy,
    ),
)
