"""moto, the imitation of AWS that stands behind the overlay; the only module that knows it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import moto.core.config as moto_config
import moto.settings as moto_settings
from moto.backends import get_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from healthcheck.testing.world.answers import Answer
from healthcheck.testing.world.requests import Environ

_NEVER = float("inf")
_HALF_AN_HOUR = timedelta(minutes=30)
_LONG_AGO = datetime(2020, 6, 30, 14, 18, 51, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where a bucket lives, whose it is, and the policy on it."""

    name: str
    account: str
    region: str
    policy: dict[str, Any]

    def denies(self, action: str) -> bool:
        """Whether the bucket's policy denies an action to everybody."""
        statements = self.policy.get("Statement", [])
        return any(entry["Effect"] == "Deny" and action in entry["Action"] for entry in statements)


class Imitation:
    """moto's server application. Its state is the process's: one world to a process."""

    def __init__(self) -> None:
        os.environ.pop("MOTO_ACCOUNT_ID", None)  # it would override the account that each request belongs to
        # Without this, attaching AmazonSageMakerFullAccess is NoSuchEntity. It costs 0.1 s an account.
        moto_config.default_user_config["iam"] = {"load_aws_managed_policies": True}
        self._app = DomainDispatcherApplication(create_backend_app)
        # moto does not say that it is safe for threads, and the interpreter would run one at a time anyway.
        self._lock = threading.RLock()

    def dispatch(self, environ: Environ, *, account: str, is_enforced: bool = False) -> Answer:
        """Let moto answer a request in the name of an account."""
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: object = None) -> Any:
            started.append((status, headers))
            return lambda _data: None

        with self._lock:
            # moto counts the requests since it began and enforces from the given one on.
            moto_settings.INITIAL_NO_AUTH_ACTION_COUNT = 0 if is_enforced else _NEVER
            parts: Iterable[bytes] = self._app(dict(environ), start_response)
            body = b"".join(parts)
        status, headers = started[-1]
        # The server states the length and the time itself.
        kept = {name: value for name, value in headers if name.lower() not in {"date", "server", "content-length"}}
        return Answer(int(status.split()[0]), body, kept)

    def bucket(self, name: str) -> Bucket | None:
        """Return a bucket of whichever account, or none."""
        with self._lock:
            backends: Any = get_backend("s3")
            place = backends.bucket_accounts.get(name)
            if place is None:
                return None
            partition, account = place
            found = backends[account][partition].buckets.get(name)
            if found is None:
                return None
            policy = json.loads(found.policy or b"{}")
            return Bucket(name, account, found.region_name, policy)

    def role_exists(self, account: str, name: str) -> bool:
        """Whether an account has a role of this name."""
        with self._lock:
            roles = get_backend("iam")[account]["aws"].roles
            return any(role.name == name for role in roles.values())

    def policies(self, account: str, arn: str) -> tuple[dict[str, str], str | None] | None:
        """Return the documents of a role's or user's policies by name, and its boundary's; none where there is none.

        A user has those of its groups, too.
        """
        with self._lock:
            backend: Any = get_backend("iam")[account]["aws"]
            found = next((each for each in (*backend.roles.values(), *backend.users.values()) if each.arn == arn), None)
            if found is None:
                return None
            holders = [found, *(group for group in backend.groups.values() if found in group.users)]
            documents = {f"{holder.name}/{name}": text for holder in holders for name, text in holder.policies.items()}
            for holder in holders:
                documents |= {name: _document_in_force(policy) for name, policy in holder.managed_policies.items()}
            bound = getattr(found, "permissions_boundary_arn", None)  # moto gives users none
            return documents, _document_in_force(backend.managed_policies[bound]) if bound else None

    def age_role(self, account: str, name: str) -> None:
        """Let a role have been made long ago and used now; a new one is not yet known to every service of AWS."""
        with self._lock:
            for role in get_backend("iam")[account]["aws"].roles.values():
                if role.name == name:
                    role.create_date = _LONG_AGO
                    role.last_used = datetime.now(UTC)
                    role.last_used_region = "us-east-1"  # type: ignore[assignment] # moto takes it from a request

    def end_job(self, account: str, region: str, name: str, ended: datetime, failure: str) -> None:
        """Let a training job have ended then; with a reason for failing, it failed."""
        with self._lock:
            job: Any = get_backend("sagemaker")[account][region].training_jobs[name]
            job.creation_time = ended - _HALF_AN_HOUR
            job.training_end_time = job.last_modified_time = ended
            if failure:
                job.training_job_status = job.secondary_status = "Failed"
                job.failure_reason = failure

    def forget_jobs(self, account: str, region: str) -> None:
        """Leave no training job behind."""
        with self._lock:
            get_backend("sagemaker")[account][region].training_jobs.clear()

    def clear(self) -> None:
        """Forget everything that was built."""
        with self._lock:
            for service in ("iam", "kms", "s3", "sts", "sagemaker"):
                get_backend(service).reset()


def _document_in_force(policy: Any) -> str:
    """Return the document of a managed policy's default version."""
    versions = {version.version_id: version.document for version in policy.versions}
    return str(versions[policy.default_version_id])
