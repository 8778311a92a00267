"""The roles of the CloudFormation templates, made by moto, and judged by the policy engine. Takes 8 s, for cfn-lint."""

from __future__ import annotations

import ast
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from healthcheck.iam import Document, Outcome, Request, evaluate, load_document
from healthcheck.permissions import OPERATIONS, Scope
from tools.aws import FOLDER, reference_policy, with_statements
from tools.tables import own_checks

TEMPLATES = {name: (FOLDER / f"{name}.yaml").read_text("utf-8") for name in ("reader-role", "daemon-role")}
ACCOUNT = "123456789012"  # moto's
DAEMON = "arn:aws:iam::999988887777:role/sagemaker-healthcheck"
EXTERNAL_ID = "acme:prod/1"
WHO = {"TrustedPrincipalArn": DAEMON, "ExternalId": EXTERNAL_ID}
SEQUENCE = count(1)


@pytest.fixture(scope="module")
def aws() -> Iterator[Any]:
    """boto3's clients of an account in moto, over HTTP."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    session = boto3.session.Session("AKIAAAAA111122223333", "x", region_name="eu-west-1")
    yield lambda service: session.client(service, endpoint_url=f"http://{host}:{port}")
    server.stop()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)


class Role:
    """A role that a stack has made."""

    def __init__(self, aws: Any, template: str, parameters: Mapping[str, str]) -> None:
        name = f"stack-{next(SEQUENCE)}"
        stacks = aws("cloudformation")
        stacks.create_stack(
            StackName=name,
            TemplateBody=TEMPLATES[template],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        (stack,) = stacks.describe_stacks(StackName=name)["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        self.arn = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}["RoleArn"]
        self.name = self.arn.rpartition("/")[2]
        iam = aws("iam")
        self.role = iam.get_role(RoleName=self.name)["Role"]
        self.trust = document(self.role["AssumeRolePolicyDocument"])
        (policy,) = iam.list_role_policies(RoleName=self.name)["PolicyNames"]
        # moto 5.2 keeps the document of a template as Python writes it.
        self.written = ast.literal_eval(iam.get_role_policy(RoleName=self.name, PolicyName=policy)["PolicyDocument"])
        self.policy = document(self.written)

    def may(self, action: str, resource: str) -> bool:
        named = re.match(r"arn(?::[^:]*){3}:(\d+):", resource)
        asked = Request(action, resource, resource_account=named[1] if named else ACCOUNT, principal=self.arn)
        # Roles and keys leave it to this account's policies.
        trusting = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "*"}
        trusting |= {} if action == "sts:AssumeRole" else {"Resource": "*"}
        theirs = document({"Version": "2012-10-17", "Statement": trusting})
        return evaluate(asked, identity=[self.policy], resource_policy=theirs).outcome is Outcome.ALLOWED

    def lets_in(self, principal: str, external_id: str | None, action: str = "sts:AssumeRole") -> bool:
        asked = Request(action, self.arn, principal=principal, context={"sts:ExternalId": external_id})
        # The caller's own account allows it; what is asked is whether this side does.
        everything = document(
            {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
        )
        decided = evaluate(asked, identity=[everything], resource_policy=self.trust)
        return decided.outcome is Outcome.ALLOWED


def document(text: Any) -> Document:
    return load_document(text, name="policy")


def reader(aws: Any, name: str, **parameters: str) -> Role:
    return Role(aws, "reader-role", WHO | {"RoleName": name} | parameters)


ROLE = f"arn:aws:iam::{ACCOUNT}:role/service-role/Training"
FOREIGN_KEY = "arn:aws:kms:eu-west-1:444455556666:key/1234"
USER = f"arn:aws:iam::{ACCOUNT}:user/people/ada"
RESOURCES = {
    Scope.ANY: "*",
    Scope.ROLE: ROLE,
    Scope.POLICY: "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess",
    Scope.BUCKET: f"arn:aws:s3:::sagemaker-eu-west-1-{ACCOUNT}",
    Scope.KEY: f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    Scope.CALLER: USER,
    Scope.GROUP: f"arn:aws:iam::{ACCOUNT}:group/scientists",
    Scope.JOB: f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:training-job/churn-12",
    Scope.PARAMETER: "arn:aws:ssm:eu-west-1::parameter/aws/service/global-infrastructure/services/sagemaker",
}
NEEDED = sorted(
    {
        call
        for check in own_checks()
        if not check.writes
        for call in check.all_calls
        if OPERATIONS[call].scope not in {Scope.NONE, Scope.ASSUMED_ROLE}
    }
)


def test_every_check_may_look_at_what_it_needs_to(aws: Any) -> None:
    role = reader(aws, "looks", CallerArns=USER)
    assert NEEDED
    for call in NEEDED:
        operation = OPERATIONS[call]
        scopes = (Scope.ROLE, Scope.CALLER) if operation.scope is Scope.PRINCIPAL else (operation.scope,)
        for action in operation.actions:
            assert all(role.may(action, RESOURCES[scope]) for scope in scopes), action


def test_nothing_else_is_allowed_and_nothing_is_changed(aws: Any) -> None:
    """Action by action: what the checks declare, each of which the table says only reads."""
    needed = {action for call in NEEDED for action in OPERATIONS[call].actions}
    assert all(OPERATIONS[call].reads_only for call in NEEDED)
    for policy in (reference_policy(), reader(aws, "bounded").written):
        allowed = {action for statement in policy["Statement"] for action in statement["Action"]}
        assert allowed == needed
        assert {statement["Effect"] for statement in policy["Statement"]} == {"Allow"}


def test_the_default_is_this_account_and_no_other(aws: Any) -> None:
    role = reader(aws, "defaults")
    assert role.may("iam:GetRole", ROLE)
    assert role.may("iam:GetRole", role.arn)
    assert not role.may("iam:GetRole", "arn:aws:iam::444455556666:role/Training")
    assert role.may("s3:ListBucket", f"arn:aws:s3:::sagemaker-us-east-1-{ACCOUNT}")
    assert not role.may("s3:ListBucket", "arn:aws:s3:::sagemaker-us-east-1-444455556666")
    assert not role.may("s3:ListBucket", "arn:aws:s3:::acme-data")
    assert not role.may("iam:GetUser", USER)
    assert role.may("kms:DescribeKey", RESOURCES[Scope.KEY])
    assert not role.may("kms:DescribeKey", FOREIGN_KEY)


def test_parameters_name_what_may_be_looked_at(aws: Any) -> None:
    role = reader(
        aws,
        "narrow",
        ExecutionRoleArns=f"{ROLE},arn:aws:iam::*:role/batch/*",
        BucketArns="arn:aws:s3:::acme-data,arn:aws:s3:::acme-models",
        KeyArns=f"{FOREIGN_KEY},arn:aws:kms:us-east-1:444455556666:key/5678",
        CallerArns=f"{USER},arn:aws:iam::{ACCOUNT}:role/Scientist",
    )
    for key in (RESOURCES[Scope.KEY], FOREIGN_KEY, "arn:aws:kms:us-east-1:444455556666:key/5678"):
        assert role.may("kms:DescribeKey", key)
    assert not role.may("kms:DescribeKey", "arn:aws:kms:us-east-1:444455556666:key/9999")
    assert role.may("iam:GetRole", ROLE)
    assert role.may("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/batch/Nightly")
    assert role.may("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/Scientist")
    assert role.may("iam:GetUser", USER)
    assert not role.may("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/Admin")
    assert not role.may("iam:GetUser", f"arn:aws:iam::{ACCOUNT}:user/eve")
    assert role.may("s3:ListBucket", "arn:aws:s3:::acme-models")
    assert not role.may("s3:ListBucket", f"arn:aws:s3:::sagemaker-us-east-1-{ACCOUNT}")


def test_only_the_daemon_with_its_external_id_is_let_in(aws: Any) -> None:
    role = reader(aws, "guarded")
    assert role.lets_in(DAEMON, EXTERNAL_ID)
    # With the session tags of EKS Pod Identity.
    assert role.lets_in(DAEMON, EXTERNAL_ID, "sts:TagSession")
    assert not role.lets_in(DAEMON, "other")
    assert not role.lets_in(DAEMON, None)
    assert not role.lets_in("arn:aws:iam::999988887777:role/other", EXTERNAL_ID)


def test_a_boundary_is_attached_where_one_is_named(aws: Any) -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    bounded = reader(aws, "with-boundary", PermissionsBoundaryArn=boundary)
    assert bounded.role["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    assert "PermissionsBoundary" not in reader(aws, "without-boundary").role


def test_the_daemon_may_become_each_accounts_reader_and_nothing_else(aws: Any) -> None:
    role = Role(aws, "daemon-role", {})
    for account in (ACCOUNT, "444455556666"):
        assert role.may("sts:AssumeRole", f"arn:aws:iam::{account}:role/sagemaker-healthcheck-reader")
    assert not role.may("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/Admin")
    assert not role.may("iam:GetRole", ROLE)
    assert role.lets_in("pods.eks.amazonaws.com", None)
    assert not role.lets_in("ec2.amazonaws.com", None)


def test_the_daemon_may_run_elsewhere(aws: Any) -> None:
    role = Role(aws, "daemon-role", {"Service": "ec2.amazonaws.com"})
    assert role.lets_in("ec2.amazonaws.com", None)
    (profile,) = aws("iam").list_instance_profiles_for_role(RoleName=role.name)["InstanceProfiles"]
    assert [held["RoleName"] for held in profile["Roles"]] == [role.name]


def test_a_template_is_only_filled_where_it_says() -> None:
    once = with_statements(TEMPLATES["reader-role"], reference_policy()["Statement"])
    assert once == TEMPLATES["reader-role"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_cfn_lint_has_nothing_to_say(name: str) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--include-checks", "I", "--", FOLDER / f"{name}.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_iam_takes_the_json(aws: Any) -> None:
    made = aws("iam").create_policy(PolicyName="json", PolicyDocument=(FOLDER / "policy.json").read_text("utf-8"))
    assert made["Policy"]["DefaultVersionId"] == "v1"
    with pytest.raises(ClientError, match="MalformedPolicyDocument"):
        aws("iam").create_policy(PolicyName="bad", PolicyDocument=json.dumps({"Version": "2012-10-17"}))
