"""Targets: the set-ups that are watched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Purpose(Enum):
    """What a target is used for; decides which permissions matter."""

    TRAINING = "training"
    PROCESSING = "processing"
    TUNING = "tuning"
    HOSTING = "hosting"
    PIPELINES = "pipelines"
    NOTEBOOK = "notebook"


@dataclass(frozen=True, slots=True)
class CredentialSource:
    """Where credentials come from. Equal sources share credentials, clients' answers and pacing."""

    profile: str | None = None
    """A profile of the shared AWS files; none = the ambient chain."""
    assume_role: str | None = None
    """ARN of a role to assume with the credentials of `profile` or of the ambient chain."""
    external_id: str | None = None
    session_name: str = "sagemaker-healthcheck"

    @property
    def name(self) -> str:
        """The words by which people, incidents and logs know this source; never a secret."""
        base = f"profile {self.profile}" if self.profile else "ambient credentials"
        return f"role {self.assume_role} from {base}" if self.assume_role else base

    @property
    def base(self) -> CredentialSource:
        """The source that the role is assumed from; without a role, as good as itself."""
        return CredentialSource(profile=self.profile)

    def lacking(self, actions: tuple[str, ...]) -> str:
        """Return the subject that all checks share that miss these IAM actions with these credentials."""
        return f"{', '.join(actions)} for {self.name}"


AMBIENT = CredentialSource()


@dataclass(frozen=True, slots=True)
class Target:
    """One account, region, role and bucket that belong together."""

    name: str
    """``name/region``, or ``name`` where no region is known."""
    source: CredentialSource = AMBIENT
    region: str | None = None
    """As configured or found in the ambient chain; not yet checked for sense."""
    account: str | None = None
    """The 12-digit account that we expect to be in; none = whichever the credentials lead to."""
    role: str | None = None
    """The execution role's ARN as configured; not yet checked for sense."""
    bucket: str | None = "default"
    """A bucket's name, ``default`` for ``sagemaker-{region}-{account}``, or none for no bucket."""
    purposes: tuple[Purpose, ...] = (Purpose.TRAINING,)
    reads: tuple[str, ...] = ()
    """``s3://bucket/prefix`` of what jobs read beside `bucket`."""
    writes: tuple[str, ...] = ()
    """``s3://bucket/prefix`` of what jobs write, and read again, beside `bucket`."""
    images: tuple[str, ...] = ()
    """Images in ECR that jobs run, as they are pulled, of the target's region; none = not known."""
    output_keys: tuple[str, ...] = ()
    """ARNs of the KMS keys of the target's region with which jobs encrypt what they write."""
    volume_keys: tuple[str, ...] = ()
    """ARNs of the KMS keys of the target's region that encrypt the disks of jobs and endpoints."""
    subnets: tuple[str, ...] = ()
    """The subnets in which jobs run; none = in no VPC of the account."""
    security_groups: tuple[str, ...] = ()
    caller: str | None = None
    """Who starts jobs: the ARN of a user or role, ``self`` for the identity of `source`, ``none`` for nobody here.

    None = the identity of `source`, unless it may start nothing at all and so only looks.
    """
    labels: Mapping[str, str] = field(default_factory=dict)
    """The user's own labels, exported on ``target_info`` to route alerts by."""
    configured: bool = True
    """False for the one target that exists without any settings file."""

    @property
    def role_name(self) -> str | None:
        """The last segment of the role's ARN, which is what IAM calls its name."""
        return self.role.rsplit("/", 1)[-1] if self.role else None
