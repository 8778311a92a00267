"""What `policy` prints, against what is really asked of AWS.

The scoped policy is proved sufficient by our own evaluator over every signed request of whole doctor runs, recorded on
the wire: each is allowed, nothing is asked for that no check declares, nothing is allowed that none declares, and none
of it on anybody else's role or bucket. That the evaluator reads a document as AWS does is proved beside it, on AWS's
own examples.

moto's own enforcement cannot prove this: outside of S3 it takes every resource for ``*``. It proves here that the
``--any-resource`` form names the right action for each call that a check declares, optional ones too; what a missing
action makes of the checks is in tests/faults/test_permissions.py.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from healthcheck.engine.discovery import discover
from healthcheck.iam import Document, Outcome, Request, evaluate, load_document
from healthcheck.permissions import OPERATIONS
from healthcheck.testing.world import Client, WorldClient
from healthcheck.testing.world.client import ClientSide
from healthcheck.testing.world.requests import Call
from tests.e2e.daemon import PATIENCE_SECONDS, PROGRAM
from tests.e2e.recorder import Recorder, recording
from tests.e2e.strict_moto import StrictMoto, strict_moto

# Conditions under which calls are made that a healthy set-up does not need.
CONDITIONS = (None, "bucket-foreign", "key-not-granted", "permissions-detached", "region-new", "region-not-enabled")

Asked = tuple[str, str]
"""An IAM action, and the ARN of what it is about."""


def user(client: Client, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *argv, "--config", str(client.settings)],
        env=dict(client.environ),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS * 2,
        check=False,
    )


def printed(client: Client, *options: str) -> list[dict[str, Any]]:
    """Return the documents that `policy` prints."""
    done = user(client, "policy", *options)
    assert done.returncode == 0, done.stderr
    documents = json.loads(done.stdout)
    return documents if isinstance(documents, list) else [documents]


def readable(policies: list[dict[str, Any]]) -> list[Document]:
    return [load_document(policy, name=f"printed {number}") for number, policy in enumerate(policies)]


def actions(policies: list[dict[str, Any]]) -> set[str]:
    return {action for policy in policies for statement in policy["Statement"] for action in statement["Action"]}


def resource(call: Call, setup: Mapping[str, Any]) -> str:
    """Return the ARN that AWS authorises a call against (Service Authorization Reference, read 2026-11-22)."""
    match call.service:
        case "iam":
            return named_in_iam(call.form, setup)
        case "s3" if call.bucket:
            return f"arn:aws:s3:::{call.bucket}"
        case "ssm":
            return f"arn:aws:ssm:{call.region}:{setup['account']}:parameter{call.json['Path']}"
        case "kms":
            return str(call.json["KeyId"])
        case "sts" if call.operation == "AssumeRole":
            return call.form["RoleArn"]
        case _:
            return "*"


def named_in_iam(form: Mapping[str, str], setup: Mapping[str, Any]) -> str:
    """Return whom a call to IAM is about: it is given a name, and authorises against the ARN that it finds."""
    for name in ("PolicyArn", "PolicySourceArn"):
        if name in form:
            return form[name]
    of_account = f"arn:aws:iam::{setup['account']}"
    for kind in ("User", "Group"):
        if f"{kind}Name" in form:
            return f"{of_account}:{kind.lower()}/{form[f'{kind}Name']}"
    role = str(setup["role"])
    return role if role.endswith(f"/{form['RoleName']}") else f"{of_account}:role/{form['RoleName']}"


def asked(calls: list[Call], setup: Mapping[str, Any]) -> set[Asked]:
    return {
        (action, resource(call, setup))
        for call in calls
        for action in OPERATIONS[f"{call.service}.{call.operation}"].actions
    }


def outcome(request: Asked, policies: list[Document]) -> Outcome:
    action, about = request
    # What a role's trust policy says of who assumes it is the other half of that decision, and not ours to print.
    return evaluate(Request(action, about, context_complete=True), identity=policies).as_far_as_seen


def calls_of_runs(world: WorldClient, recorder: Recorder, folder: Path, setup: str) -> list[Call]:
    """Let the doctor look at one set-up under all conditions; return what it asked."""

    def by_way_of_the_recorder(side: ClientSide) -> None:
        for profile in side.profiles.values():
            profile.config["endpoint_url"] = recorder.url

    for number, fault in enumerate(CONDITIONS):
        if fault:
            world.break_(fault, setup)
        (folder / str(number)).mkdir()
        client = world.client(folder / str(number), [setup], by_way_of_the_recorder)
        done = user(client, "run", "--format", "json")
        assert done.stderr == ""
        assert json.loads(done.stdout)["runs"]
        if fault:
            world.mend(fault, setup)
    return recorder.take()


@pytest.fixture(scope="module")
def calls(running_world: WorldClient, tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    """All that is asked for a user with keys of its own."""
    with recording(running_world.describe()["setups"]["shop"]["url"]) as recorder:
        return calls_of_runs(running_world, recorder, tmp_path_factory.mktemp("recorded"), "shop")


def test_the_scoped_policy_is_enough_and_no_more(world: WorldClient, calls: list[Call], tmp_path: Path) -> None:
    """A user with keys of its own: one policy, on its own role and bucket."""
    setup = world.describe()["setups"]["shop"]
    policies = printed(world.client(tmp_path, ["shop"]))
    allowing = readable(policies)

    operations = {f"{call.service}.{call.operation}" for call in calls}
    declared = {call for check in discover().registry for call in check.all_calls}
    assert operations <= declared
    assert operations >= {call for check in discover().registry for call in check.calls}
    requests = asked(calls, setup)
    refused = {request for request in requests if outcome(request, allowing) is not Outcome.ALLOWED}
    assert refused == set()
    assert actions(policies) == {action for call in declared for action in OPERATIONS[call].actions}


def test_a_policy_without_one_of_its_actions_is_not_enough(
    world: WorldClient, calls: list[Call], tmp_path: Path
) -> None:
    """The proof above can fail: each action is missed by the request that takes it, and by no other."""
    setup = world.describe()["setups"]["shop"]
    (policy,) = printed(world.client(tmp_path, ["shop"]))
    requests = asked(calls, setup)

    for action in {action for action, _ in requests}:
        less = readable([without(policy, (action,))])
        refused = {request for request in requests if outcome(request, less) is not Outcome.ALLOWED}
        assert refused
        assert {missed for missed, _ in refused} == {action}


def test_the_scoped_policy_allows_nothing_on_what_is_others(world: WorldClient, tmp_path: Path) -> None:
    allowing = readable(printed(world.client(tmp_path, ["shop"])))
    role = world.describe()["setups"]["shop"]["role"]

    for action, about in [
        ("iam:GetRole", role.replace("111122223333", "222233334444")),
        ("iam:GetRole", f"{role}Suffix"),
        ("iam:GetRolePolicy", "arn:aws:iam::111122223333:role/Administrator"),
        ("s3:ListBucket", "arn:aws:s3:::sagemaker-us-east-1-222233334444"),
        ("s3:GetObject", "arn:aws:s3:::sagemaker-us-east-1-111122223333/data.csv"),
        ("ssm:GetParametersByPath", "arn:aws:ssm:us-east-1:111122223333:parameter/production/password"),
        ("iam:PassRole", role),
        ("sagemaker:CreateTrainingJob", "*"),
    ]:
        assert outcome((action, about), allowing) is Outcome.IMPLICIT_DENY, (action, about)


def test_a_role_that_is_assumed_has_one_policy_and_who_assumes_it_another(world: WorldClient, tmp_path: Path) -> None:
    """Each is enough for the requests that are signed with its keys, and neither for the other's."""
    description = world.describe()["setups"]
    for_role, for_user = printed(world.client(tmp_path, ["vision"]))

    with recording(description["vision"]["url"]) as recorder:
        calls = calls_of_runs(world, recorder, tmp_path, "vision")

    key_id = description["shop"]["key_id"]
    users = [call for call in calls if call.authorization and call.authorization.key_id == key_id]
    roles = [call for call in calls if call not in users]
    by_user, by_role = asked(users, description["vision"]), asked(roles, description["vision"])
    assert by_user == {("sts:AssumeRole", description["vision"]["assume_role"])}
    assert {outcome(request, readable([for_user])) for request in by_user} == {Outcome.ALLOWED}
    assert {outcome(request, readable([for_role])) for request in by_role} == {Outcome.ALLOWED}
    assert Outcome.ALLOWED not in {outcome(request, readable([for_role])) for request in by_user}
    assert Outcome.ALLOWED not in {outcome(request, readable([for_user])) for request in by_role}


NOT_ENFORCED = {
    "s3.HeadBucket",  # moto asks for s3:HeadBucket, an action that does not exist
    "account.GetRegionOptStatus",  # moto does not have it
    "sts.GetCallerIdentity",  # takes no permission
}
DECLARED = sorted({call for check in discover().registry for call in check.all_calls})


@pytest.fixture(scope="module")
def moto() -> Iterator[StrictMoto]:
    with strict_moto() as running:
        yield running


def test_moto_lets_every_declared_call_through_and_none_without_its_action(
    world: WorldClient, moto: StrictMoto, tmp_path: Path
) -> None:
    (policy,) = printed(world.client(tmp_path, ["shop"]), "--any-resource")
    # moto asks for no permission before it says how a bucket encrypts.
    enforced = [call for call in DECLARED if call not in {*NOT_ENFORCED, "s3.GetBucketEncryption"}]

    moto.allow(policy)
    assert [call for call in enforced if moto.denies(call)] == []

    for action in sorted({action for call in enforced for action in OPERATIONS[call].actions}):
        moto.allow(without(policy, (action,)))
        affected = [call for call in enforced if action in OPERATIONS[call].actions]
        assert [call for call in enforced if moto.denies(call)] == affected


def without(policy: Mapping[str, Any], left_out: tuple[str, ...]) -> dict[str, Any]:
    """Return the policy without these actions."""
    statements = [
        {**statement, "Action": [one for one in statement["Action"] if one not in left_out]}
        for statement in policy["Statement"]
    ]
    return {**policy, "Statement": [statement for statement in statements if statement["Action"]]}
