"""A role that may not be looked at, whose last jobs tell how it was."""

from __future__ import annotations

from datetime import timedelta

from healthcheck.result import Status
from healthcheck.testing.world.faults.fault import Fault
from healthcheck.testing.world.setups import Area, Setup

_THIS_MORNING = timedelta(hours=3)
_GET_ROLE = "iam:GetRole"


def _completed(setup: Setup) -> None:
    setup.denied.add(_GET_ROLE)
    setup.jobs.run("churn-12", ago=_THIS_MORNING)


def _refused(setup: Setup) -> None:
    _completed(setup)
    reason = (
        f"ClientError: Data download failed:Unable to download object s3://{setup.bucket('us-east-1')}/train/a.csv "
        "(AccessDenied: Access Denied)"
    )
    setup.jobs.run("churn-13", ago=_THIS_MORNING / 3, failure=reason)


FAULTS = (
    Fault(
        id="dark-role-job-completed",
        sentence="The healthcheck's own identity may not read the role, with which a job completed this morning.",
        check="role.exists",
        reason="not_permitted",
        status=Status.UNKNOWN,
        area=Area.CALLER,
        strike=_completed,
        missing_action=_GET_ROLE,
    ),
    Fault(
        id="dark-role-job-refused",
        sentence="The healthcheck's own identity may not read the role, and its last job was refused its data.",
        check="role.exists",
        reason="not_permitted",
        status=Status.UNKNOWN,
        # Beside what it may not look at, it warns of the job.
        also={"role.permissions": (Status.UNKNOWN, "not_permitted")},
        area=Area.CALLER,
        strike=_refused,
        missing_action=_GET_ROLE,
    ),
)
