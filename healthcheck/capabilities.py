"""What a check may touch. Checks receive these by annotation; nothing else reaches the outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, overload

from healthcheck.errors import Failure

if TYPE_CHECKING:
    from mypy_boto3_account import AccountClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is known about a credential source after trying to resolve it. Holds no secret."""

    source: str
    """`CredentialSource.name`: the subject of verdicts about credentials."""
    method: str | None = None
    """botocore's word for where they came from: ``env``, ``shared-credentials-file``, ``sso``, ``assume-role`` …"""
    key_id_prefix: str | None = None
    """``AKIA`` for long-lived keys, ``ASIA`` for temporary ones, or the first four characters of whatever was given."""
    key_id_suffix: str | None = None
    """The last four characters of the access key id; enough to recognise it, too little to use."""
    key_id_well_formed: bool = True
    has_session_token: bool = False
    expires: datetime | None = None
    """When they end, in UTC; none when they have no end or do not say."""
    refreshable: bool = False
    failure: Failure | None = None
    """Why nothing could be resolved; then the fields above are mostly empty."""
    renewal_failure: Failure | None = None
    """Why the last attempt to renew them came to nothing, while they still last."""
    base: Credentials | None = None
    """Those that a role was to be assumed with, where they are what failed and not the role."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A URL that botocore would call for this target."""

    service: str
    url: str
    proxy: str | None = None
    """The proxy that botocore would use, with its password removed."""
    ca_bundle: str | None = None
    """The file of certificate authorities that botocore would trust; none = its own."""
    overridden_by: str | None = None
    """The variable or setting that replaced AWS's own URL, if one did."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a connection to an endpoint got. The first step that failed has the error."""

    url: str
    addresses: tuple[str, ...] = ()
    failed_step: Literal["url", "dns", "proxy", "tcp", "tls", "http", "time"] | None = None
    """``url``: it is none. ``time``: nothing had failed for good when the time for all steps was over."""
    error: str | None = None
    """The operating system's or TLS library's words."""
    seconds: float = 0.0
    issuer: str | None = None
    """Organisation that issued the server's certificate; a company's name betrays an intercepting proxy."""
    clock_offset_seconds: float | None = None
    """This host's clock minus the server's ``Date`` header; good to about a second."""

    @property
    def is_reached(self) -> bool:
        """Whether an HTTP answer came back."""
        return self.failed_step is None


class Aws(Protocol):
    """Calls to AWS for one run of one check, with the target's credentials and region.

    Clients are boto3's own, shared by everybody. Every call passes the guard (only declared
    operations), the memory of answers, the pacing and the deadline of the run.
    """

    @property
    def now(self) -> datetime:
        """The time, in UTC."""

    @property
    def region(self) -> str:
        """The target's region."""

    @property
    def partition(self) -> str:
        """``aws``, ``aws-cn``, ``aws-us-gov`` …; derived from the region."""

    @property
    def known_regions(self) -> frozenset[str]:
        """Regions of every partition that the bundled, ageing list says have SageMaker."""

    @property
    def credentials(self) -> Credentials:
        """What resolving the target's credential source gave; made before the round."""

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The URLs that botocore would call for sts, sagemaker, sagemaker-runtime, s3, iam, logs and ecr."""

    @overload
    def client(self, service: Literal["account"]) -> AccountClient: ...
    @overload
    def client(self, service: Literal["ec2"]) -> EC2Client: ...
    @overload
    def client(self, service: Literal["iam"]) -> IAMClient: ...
    @overload
    def client(self, service: Literal["kms"]) -> KMSClient: ...
    @overload
    def client(self, service: Literal["s3"]) -> S3Client: ...
    @overload
    def client(self, service: Literal["sagemaker"]) -> SageMakerClient: ...
    @overload
    def client(self, service: Literal["ssm"]) -> SSMClient: ...
    @overload
    def client(self, service: Literal["sts"]) -> STSClient: ...
    @overload
    def client(self, service: str) -> Any: ...
    def client(self, service: str) -> Any:
        """Return the shared boto3 client of a service for the target's region."""

    def account(self) -> str:
        """Return the 12-digit account of the credentials (a remembered ``sts.GetCallerIdentity``)."""

    def together(self, questions: Sequence[Callable[[], T]]) -> list[T]:
        """Ask several things that do not depend on each other, side by side where there is room for it.

        Returns the answers in the order of the questions; the first failure in that order is raised.
        """

    def once(self, subject: str, work: Callable[[], T]) -> T:
        """Return what the work makes of AWS's answers, or what it made of them for another check a moment ago.

        For what several checks of a target need and what is long in the making. The subject says what it is, such as
        "the policies of role Trainer"; equal subjects are the same work, and nobody changes what it returns.
        It is as old as the oldest answer in it, and given only to checks that declare all calls that it took.
        """

    def hourly(self, subject: str, ask: Callable[[], T]) -> T:
        """Return what was last asked of the same subject with the same credentials, if less than an hour ago, or ask.

        For what costs much or hardly ever changes. What is raised is not kept, nor a `Failure` that may be gone soon,
        and a run that confirms something asks. The subject says what it is; nobody changes what is returned.
        """

    def optional(self, ask: Callable[[], T]) -> T | Failure:
        """Ask what the check can do without, and return why there is no usable answer where there is none."""

    def failure(self, error: Exception) -> Failure:
        """Say what an exception from a client means (the one classifier of the project)."""


class Host(Protocol):
    """The machine that the check runs on: its environment, files and network."""

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables of this process."""

    @property
    def home(self) -> Path:
        """The user's home directory."""

    def read_bytes(self, path: Path, limit: int = 1_048_576) -> bytes:
        """Return at most `limit` bytes of a file; raise OSError as `open` does."""

    def reach(self, endpoint: Endpoint, *, max_age_seconds: float = 30.0) -> Reach:
        """Look up, connect to, and ask an endpoint for its headers without credentials.

        One look is shared by everybody who asks for the same endpoint within 30 s, and within the age that the
        round allows: a look that is to confirm something really looks.
        """
