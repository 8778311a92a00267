"""A role that may not be looked at: what its past jobs tell, as the doctor tells it."""

from __future__ import annotations

from healthcheck.result import Status
from healthcheck.testing.world import WorldClient
from tests.faults.examination import Look


def test_a_job_that_completed_is_told_in_the_one_incident_of_the_missing_right(world: WorldClient, look: Look) -> None:
    world.break_("dark-role-job-completed")

    (incident,) = look().snapshot.incidents

    assert (incident.cause, incident.subject) == ("role.exists", "iam:GetRole for profile shop")
    assert "these credentials may not use iam:GetRole" in incident.summary
    assert "training job churn-12 completed with this role 3 h ago" in incident.summary
    assert "role.trust" in incident.blocked["shop/us-east-1"]


def test_what_a_job_was_refused_is_an_incident_beside_it(world: WorldClient, look: Look) -> None:
    world.break_("dark-role-job-refused")

    seen = look()

    found = {(each.cause, each.status, each.reason) for each in seen.snapshot.incidents}
    assert found == {
        ("role.exists", Status.UNKNOWN, "not_permitted"),
        ("role.permissions", Status.WARNING, "job_refused"),
    }
    warned = next(each for each in seen.snapshot.incidents if each.reason == "job_refused")
    assert warned.subject == f"jobs of {world.describe()['setups']['shop']['role']}"
    assert "training job churn-13 failed 1 h ago" in warned.summary
    assert (
        "role.trust" in next(each for each in seen.snapshot.incidents if each is not warned).blocked["shop/us-east-1"]
    )


def test_where_all_of_the_role_is_dark_each_check_tells_its_part(world: WorldClient, look: Look) -> None:
    """As with AmazonSageMakerFullAccess alone, which reads no role."""
    world.break_("dark-role-job-completed")
    for action in ("ListRolePolicies", "ListAttachedRolePolicies"):
        world.break_(f"may-not-iam-{action}")

    seen = look()

    said = {check: seen.run(f"role.{check}").decisive for check in ("exists", "trust", "permissions")}
    assert {check: (each.status, each.reason) for check, each in said.items()} == dict.fromkeys(
        said, (Status.UNKNOWN, "not_permitted")
    )
    assert said["exists"].summary.endswith("and SageMaker could assume it for that job")
    assert said["trust"].summary.endswith("so SageMaker could assume it then, for training")
    assert "so it could read s3://sagemaker-us-east-1-111122223333/train/" in said["permissions"].summary
    assert set(said["permissions"].missing_actions) == {
        "iam:GetRole",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
    }


def test_jobs_are_not_asked_for_where_the_role_may_be_read(world: WorldClient, look: Look) -> None:
    world.break_("may-not-sagemaker-ListTrainingJobs")

    runs = [run for run in look().runs if run.check.startswith("role.")]

    assert {run.status for run in runs} == {Status.OK}
