"""The policy that the command prints is enough, and no action of it is too many: moto itself enforces it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from healthcheck.check import Check
from healthcheck.engine.discovery import discover
from healthcheck.permissions import OPERATIONS
from healthcheck.registry import Registry
from healthcheck.result import Status
from healthcheck.testing.world import WorldClient
from tests.faults.examination import Look, needs

# moto asks s3:HeadBucket of HeadBucket, an action that does not exist; the world answers it by itself.
# It lets GetBucketEncryption pass whatever a policy says.
_NOT_ENFORCED = frozenset({"s3:GetEncryptionConfiguration", "s3:ListBucket"})


def needed(checks: tuple[Check, ...]) -> list[str]:
    """Return the actions without which some check has no verdict."""
    actions = {action for check in checks for call in check.calls for action in OPERATIONS[call].actions}
    asked = {action for action in actions if any(needs(check, action) for check in checks)}
    return sorted(asked - _NOT_ENFORCED)


@pytest.fixture
def policy(world: WorldClient, tmp_path: Path) -> Mapping[str, Any]:
    """The policy, as the command prints it."""
    client = world.client(tmp_path / "policy", ["shop"])
    done = subprocess.run(
        [sys.executable, "-m", "healthcheck", "policy", "--any-resource", "--config", str(client.settings)],
        env=dict(client.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed: Mapping[str, Any] = json.loads(done.stdout)
    return printed


def without(policy: Mapping[str, Any], action: str) -> Mapping[str, Any]:
    """Take one action out of a policy."""
    statements = [
        {**statement, "Action": [one for one in statement["Action"] if one != action]}
        for statement in policy["Statement"]
    ]
    assert statements != policy["Statement"], f"the policy does not have {action}"
    return {**policy, "Statement": [statement for statement in statements if statement["Action"]]}


def test_the_printed_policy_lets_every_call_through(world: WorldClient, look: Look, policy: Mapping[str, Any]) -> None:
    world.enforce(policy, "shop")

    assert {run.check: run.status for run in look().runs if run.status is not Status.OK} == {}


@pytest.mark.parametrize("action", needed(tuple(discover().registry)))
def test_one_action_less_makes_exactly_the_checks_unknown_that_need_it(
    world: WorldClient, look: Look, policy: Mapping[str, Any], registry: Registry, action: str
) -> None:
    """No check says that something is broken because it may not look, and none is silent about it."""
    world.enforce(without(policy, action), "shop")

    seen = look()

    affected = {check.id for check in registry if needs(check, action)}
    assert {run.check: run.reason for run in seen.runs if run.status is not Status.OK} == dict.fromkeys(
        affected, "not_permitted"
    )
    assert all(action in run.decisive.missing_actions for run in seen.runs if run.check in affected)
