"""The set-up that a newcomer's guide tells one to build, built for real: through boto3, call by call."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from healthcheck.testing.world.accounts import CUSTOMER_POLICY, FULL_ACCESS, data_bucket
from healthcheck.testing.world.conditions import Account, Weather
from healthcheck.testing.world.doors import Door, DoorState
from healthcheck.testing.world.jobs import PastJobs
from healthcheck.testing.world.keys import CustomerKey
from healthcheck.testing.world.people import People
from healthcheck.testing.world.principals import KeyStatus, Principal

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ServerSideEncryptionByDefaultTypeDef

ROLE_NAME = "AmazonSageMaker-ExecutionRole-20200630T141851"
ROLE_PATH = "/service-role/"
_USE_KEY = "EncryptDisks"


def healthy_trust(account: str) -> Mapping[str, Any]:
    """Return the trust policy that AWS's own SDK writes: SageMaker's, for this account alone."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def role_arn(account: str) -> str:
    """Name the execution role of an account."""
    return f"arn:aws:iam::{account}:role{ROLE_PATH}{ROLE_NAME}"


class Area(Enum):
    """The parts of a set-up that faults break and that can be rebuilt one by one."""

    ROLE = "role"
    BUCKET = "bucket"
    PEOPLE = "people"
    KEY = "key"
    CALLER = "caller"
    """Whoever looks: its keys and rights, and the jobs that there are to be seen."""
    DOOR = "door"
    REGION = "region"


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A set-up to be built."""

    name: str
    account: str
    regions: tuple[str, ...] = ("us-east-1",)
    via: str | None = None
    """The set-up whose user assumes a role in this account, instead of a user of its own."""
    bucket_regions: tuple[str, ...] | None = None
    """Where default buckets are built; none = in every region."""


@dataclass(slots=True)
class Setup:
    """A set-up that stands. Its methods are what faults do to it."""

    blueprint: Blueprint
    caller: Principal
    """Whose keys the client has."""
    session: Principal
    """The same identity with temporary keys."""
    account: Account
    door: Door
    weather: Weather
    iam: IAMClient
    s3: S3Client
    """The builder's, of us-east-1, which may build anywhere."""
    stranger_s3: S3Client
    """A client of an account that has nothing to do with this one."""
    stranger: Account
    age: Callable[[str, str], None]
    """Lets a role of an account, by name, have been made long ago."""
    key: CustomerKey
    """With which the disks of jobs are encrypted."""
    people: People
    """Who starts jobs."""
    jobs: PastJobs
    """What they have run."""
    denied: set[str]
    """IAM actions that the watcher's identity in this account is denied."""

    @property
    def name(self) -> str:
        """The set-up's name: its profile's and its target's, too."""
        return self.blueprint.name

    @property
    def role_arn(self) -> str:
        """The execution role as it was built, and as the settings have it."""
        return role_arn(self.blueprint.account)

    def bucket(self, region: str) -> str:
        """Name the default bucket of a region."""
        return f"sagemaker-{region}-{self.blueprint.account}"

    def restore(self, area: Area) -> None:
        """Rebuild one part as it is when all is well."""
        match area:
            case Area.ROLE:
                self.account.service_control_policies.clear()
                self.build_role()
                self.age(self.blueprint.account, ROLE_NAME)
            case Area.BUCKET:
                for region in self.bucket_regions:
                    self.build_bucket(region)
                with contextlib.suppress(self.s3.exceptions.BucketAlreadyOwnedByYou):
                    create_bucket(self.s3, data_bucket(self.blueprint.account), self.blueprint.regions[0])
            case Area.KEY:
                self.key.restore()
            case Area.PEOPLE:
                self.account.service_control_policies.clear()
                self.people.build()
            case Area.CALLER:
                self.caller.status = self.session.status = KeyStatus.ACTIVE
                self.denied.clear()
                self.jobs.forget()
            case Area.DOOR:
                self.door.become(DoorState.OPEN)
                calm = Weather()
                for name in Weather.__slots__:
                    setattr(self.weather, name, getattr(calm, name))
            case Area.REGION:
                self.account.enabled_regions = set(self.blueprint.regions)

    @property
    def bucket_regions(self) -> tuple[str, ...]:
        """The regions in which the default bucket was made."""
        return self.blueprint.regions if self.blueprint.bucket_regions is None else self.blueprint.bucket_regions

    def build_role(self) -> None:
        """Make the execution role anew: trust, AmazonSageMakerFullAccess and the customer's policy for the bucket."""
        self.delete_role()
        self.create_role(path=ROLE_PATH)

    def create_role(self, *, path: str) -> None:
        """Make the execution role below a path."""
        trust = healthy_trust(self.blueprint.account)
        self.iam.create_role(Path=path, RoleName=ROLE_NAME, AssumeRolePolicyDocument=json.dumps(trust))
        self.iam.attach_role_policy(RoleName=ROLE_NAME, PolicyArn=FULL_ACCESS)
        customer_arn = f"arn:aws:iam::{self.blueprint.account}:policy/{CUSTOMER_POLICY}"
        self.iam.attach_role_policy(RoleName=ROLE_NAME, PolicyArn=customer_arn)
        self.grant(
            {
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Resource": self.role_arn,
                "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            },
            policy="PassItselfOn",
        )
        self.grant(
            {
                "Effect": "Allow",
                "Action": "kms:CreateGrant",
                "Resource": self.key.arn,
                "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
            },
            policy=_USE_KEY,
        )

    def take_key_away(self) -> None:
        """Take from the role what lets it use the key."""
        self.iam.delete_role_policy(RoleName=ROLE_NAME, PolicyName=_USE_KEY)

    def encrypt_buckets(self) -> None:
        """Let the default buckets encrypt with the key of the disks."""
        default: ServerSideEncryptionByDefaultTypeDef = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self.key.arn}
        for region in self.bucket_regions:
            self.s3.put_bucket_encryption(
                Bucket=self.bucket(region),
                ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": default}]},
            )

    def delete_role(self) -> None:
        """Delete the execution role with all that hangs on it, if it exists."""
        try:
            attached = self.iam.list_attached_role_policies(RoleName=ROLE_NAME)["AttachedPolicies"]
            inline = self.iam.list_role_policies(RoleName=ROLE_NAME)["PolicyNames"]
        except self.iam.exceptions.NoSuchEntityException:
            return
        for policy in attached:
            self.iam.detach_role_policy(RoleName=ROLE_NAME, PolicyArn=policy["PolicyArn"])
        for name in inline:
            self.iam.delete_role_policy(RoleName=ROLE_NAME, PolicyName=name)
        self.iam.delete_role(RoleName=ROLE_NAME)

    def trust(self, *statements: Mapping[str, Any]) -> None:
        """Replace the role's trust policy."""
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        self.iam.update_assume_role_policy(RoleName=ROLE_NAME, PolicyDocument=json.dumps(document))

    def grant(self, *statements: Mapping[str, Any], policy: str = "Inline") -> None:
        """Put an inline policy on the role."""
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        self.iam.put_role_policy(RoleName=ROLE_NAME, PolicyName=policy, PolicyDocument=json.dumps(document))

    def detach(self) -> None:
        """Take every attached policy from the role; an inline one stays."""
        for policy in self.iam.list_attached_role_policies(RoleName=ROLE_NAME)["AttachedPolicies"]:
            self.iam.detach_role_policy(RoleName=ROLE_NAME, PolicyArn=policy["PolicyArn"])

    def bound(self, name: str, *statements: Mapping[str, Any], role: str = ROLE_NAME) -> None:
        """Put a permissions boundary on a role."""
        self.iam.put_role_permissions_boundary(
            RoleName=role, PermissionsBoundary=self._customer_policy(name, *statements)
        )

    def attach(self, name: str, *statements: Mapping[str, Any]) -> None:
        """Attach a policy of the customer's to the role, beside those that it has."""
        self.iam.attach_role_policy(RoleName=ROLE_NAME, PolicyArn=self._customer_policy(name, *statements))

    def _customer_policy(self, name: str, *statements: Mapping[str, Any]) -> str:
        """Make a policy of the customer's anew; return its ARN."""
        arn = f"arn:aws:iam::{self.blueprint.account}:policy/{name}"
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        with contextlib.suppress(self.iam.exceptions.NoSuchEntityException):  # broken like this before, and mended
            for version in self.iam.list_policy_versions(PolicyArn=arn)["Versions"]:
                if not version["IsDefaultVersion"]:
                    self.iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
            self.iam.delete_policy(PolicyArn=arn)
        self.iam.create_policy(PolicyName=name, PolicyDocument=document)
        return arn

    def forbid_in_organization(self, action: str) -> None:
        """Let a policy of the organization, which nobody in the account can read, deny something to everybody."""
        for statement in ({"Effect": "Allow", "Action": "*"}, {"Effect": "Deny", "Action": action}):
            document = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": "*"}]}
            self.account.service_control_policies.append(document)

    def build_bucket(self, region: str) -> None:
        """Make the default bucket anew, in its region and ours."""
        self.delete_bucket(region)
        create_bucket(self.s3, self.bucket(region), region)

    def delete_bucket(self, region: str) -> None:
        """Delete the default bucket with all that is in it, whoever has it now."""
        name = self.bucket(region)
        self.stranger.open_buckets.discard(name)
        for client in (self.s3, self.stranger_s3):
            if any(bucket["Name"] == name for bucket in client.list_buckets(Prefix=name)["Buckets"]):
                for found in client.list_objects_v2(Bucket=name).get("Contents", []):
                    client.delete_object(Bucket=name, Key=found["Key"])
                client.delete_bucket(Bucket=name)

    def squat_bucket(self, region: str, *, is_open: bool) -> None:
        """Let a stranger own the bucket of this name."""
        self.delete_bucket(region)
        create_bucket(self.stranger_s3, self.bucket(region), region)
        if is_open:
            self.stranger.open_buckets.add(self.bucket(region))

    def deny_in_bucket(self, *statements: Mapping[str, Any]) -> None:
        """Put Denies onto the bucket's objects into its policy."""
        for region in self.bucket_regions:
            objects = f"arn:aws:s3:::{self.bucket(region)}/*"
            denies = [{"Effect": "Deny", "Action": "s3:PutObject", "Resource": objects, **each} for each in statements]
            policy = json.dumps({"Version": "2012-10-17", "Statement": denies})
            self.s3.put_bucket_policy(Bucket=self.bucket(region), Policy=policy)

    def forbid_bucket(self, region: str) -> None:
        """Put a policy on the bucket that denies looking at it to everybody."""
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "OnlyThroughTheEndpoint",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": ["s3:ListBucket", "s3:GetObject", "s3:PutObject"],
                    "Resource": [f"arn:aws:s3:::{self.bucket(region)}", f"arn:aws:s3:::{self.bucket(region)}/*"],
                    "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}},
                }
            ],
        }
        self.s3.put_bucket_policy(Bucket=self.bucket(region), Policy=json.dumps(policy))


def create_bucket(client: S3Client, name: str, region: str) -> None:
    """Make a bucket in a region; us-east-1 is the one that must not be named."""
    if region == "us-east-1":
        client.create_bucket(Bucket=name)
    else:
        client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})  # type: ignore[typeddict-item]
