"""Remedies: the least change, decided anew before it is told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from healthcheck.checks.bucket_names import Home
from healthcheck.checks.dossier import Dossier
from healthcheck.checks.needs import Need, Place, of
from healthcheck.checks.origins import Kind, Origin, Source
from healthcheck.checks.principal_policies import Policies
from healthcheck.checks.remedies import ADDED, Remedy, find, tell
from healthcheck.iam import Document, load_document
from healthcheck.target import Purpose

ACCOUNT = "111122223333"
NAME = "SageMaker"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/service-role/{NAME}"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOME = Home("aws", "us-east-1", ACCOUNT)
PLACE = Place(HOME, ROLE, "acme", ACCOUNT, "", NOW)
ALL = {"Effect": "Allow", "Action": ["s3:*", "ecr:*", "logs:*", "cloudwatch:*"], "Resource": "*"}
OWN = ("role", NAME)


def source(origin: Origin, *statements: dict[str, Any]) -> Source:
    raw: dict[str, Any] = {"Version": "2012-10-17", "Statement": list(statements)}
    arn = origin.name if origin.kind is Kind.MANAGED else None
    return Source(load_document(raw, name=origin.name, arn=arn), raw, origin)


def inline(name: str, *statements: dict[str, Any]) -> Source:
    return source(Origin(Kind.INLINE, name, OWN), *statements)


def managed(name: str, *statements: dict[str, Any], account: str = ACCOUNT) -> Source:
    return source(Origin(Kind.MANAGED, f"arn:aws:iam::{account}:policy/{name}", OWN), *statements)


def dossier(
    *identity: Source, boundary: Source | None = None, bucket: Source | None = None, place: Place = PLACE
) -> Dossier:
    bound = (boundary,) if boundary else ()
    policies = Policies(
        identity=tuple(each.document for each in identity),
        boundary=(boundary.document,) if boundary else None,
        sources=(*identity, *bound),
    )
    resources = {"s3://acme": bucket} if bucket else {}
    return Dossier(ROLE, HOME, NOW, of(place, (Purpose.TRAINING,)), policies, resources)


def controls() -> tuple[Need, ...]:
    return of(PLACE, tuple(purpose for purpose in Purpose if purpose is not Purpose.TRAINING))


def written(remedy: Remedy, origin: Origin) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = json.loads(json.dumps(remedy.changes[origin]["Statement"]))
    return statements


def is_mended(held: Dossier, remedy: Remedy) -> bool:
    """Apply what the remedy says, as its reader would, and decide anew."""
    changes: dict[Origin, Document] = {
        origin: load_document(json.loads(json.dumps(raw)), name=origin.name) for origin, raw in remedy.changes.items()
    }
    return all(verdict.decision.allowed for verdict in held.changed(changes).verdicts() if verdict.need.policy_of)


def test_what_is_missing_is_granted_exactly_and_nothing_else() -> None:
    held = dossier(inline("Some", {"Effect": "Allow", "Action": ["ecr:*", "logs:*", "cloudwatch:*"], "Resource": "*"}))
    remedy = find(held, controls())
    assert remedy.added == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::acme/*"},
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::acme"},
        ],
    }
    assert (remedy.unmended, remedy.widened, remedy.mended) == ((), (), 3)
    assert remedy.controls > 10
    assert is_mended(held, remedy)
    fix = tell(remedy)
    assert "all 3 missing rights are there" in fix.text
    assert f"of {remedy.controls} other questions it changes the answer to none" in fix.text


def test_what_an_earlier_remedy_granted_is_kept() -> None:
    before = inline(ADDED, {"Effect": "Allow", "Action": ["ecr:*", "logs:*", "cloudwatch:*"], "Resource": "*"})
    remedy = find(dossier(before))
    assert remedy.added is not None
    found = written(remedy, before.origin)
    assert found[0]["Action"] == ["ecr:*", "logs:*", "cloudwatch:*"]
    assert len(found) == 3


def test_a_deny_of_the_roles_own_is_removed_and_the_rest_of_the_policy_stays() -> None:
    keep = {"Effect": "Allow", "Action": "sts:TagSession", "Resource": "*"}
    deny = {"Sid": "NoReading", "Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}
    guard = inline("Guard", keep, deny, {**deny, "Sid": "NoWriting", "Action": "s3:PutObject"})
    held = dossier(inline("All", ALL), guard)
    remedy = find(held)
    assert remedy.changes == {guard.origin: {"Version": "2012-10-17", "Statement": [keep]}}
    assert remedy.requests == (
        "Ask whoever administers the role or user to remove statement NoReading of Guard, which denies s3:GetObject.",
        "Ask whoever administers the role or user to remove statement NoWriting of Guard, which denies s3:PutObject.",
    )
    assert is_mended(held, remedy)


def test_a_policy_that_only_denies_is_deleted() -> None:
    guard = inline("Guard", {"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
    remedy = find(dossier(inline("All", ALL), guard))
    assert tell(remedy).commands == (f"aws iam delete-role-policy --role-name {NAME} --policy-name Guard",)


def test_from_a_deny_that_others_share_the_role_is_exempted_and_nobody_else() -> None:
    shared = managed("Guard", {"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
    held = dossier(inline("All", ALL), shared)
    remedy = find(held)
    (statement,) = written(remedy, shared.origin)
    assert statement == {
        "Effect": "Deny",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"ArnNotEquals": {"aws:PrincipalArn": ROLE}},
    }
    assert is_mended(held, remedy)
    assert "create-policy-version" in tell(remedy).commands[0]


def test_an_exemption_joins_those_that_are_there() -> None:
    other = f"arn:aws:iam::{ACCOUNT}:role/Admin"
    condition = {"ArnNotEquals": {"aws:PrincipalArn": other}, "Bool": {"aws:SecureTransport": "true"}}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": condition}
    bucket = source(Origin(Kind.BUCKET, "acme"), deny)
    held = dossier(inline("All", ALL), bucket=bucket)
    remedy = find(held)
    (statement,) = written(remedy, bucket.origin)
    assert statement["Condition"] == {
        "ArnNotEquals": {"aws:PrincipalArn": [other, ROLE]},
        "Bool": {"aws:SecureTransport": "true"},
    }
    assert is_mended(held, remedy)
    assert tell(remedy).commands[0].startswith("aws s3api put-bucket-policy --bucket acme --policy ")


def test_what_only_aws_can_change_is_detached() -> None:
    quarantine = managed("Quarantine", {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}, account="aws")
    held = dossier(inline("All", ALL), quarantine)
    remedy = find(held)
    detach = f"aws iam detach-role-policy --role-name {NAME} --policy-arn arn:aws:iam::aws:policy/Quarantine"
    assert tell(remedy).commands == (detach,)
    assert is_mended(held, remedy)


def test_before_a_quarantine_is_lifted_the_keys_that_became_public_go() -> None:
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    quarantine = managed("AWSCompromisedKeyQuarantineV3", deny, account="aws")
    (request,) = find(dossier(inline("All", ALL), quarantine)).requests
    assert request.startswith("AWS found an access key of its on a public page: first delete every key that it has.")
    assert "policy/AWSCompromisedKeyQuarantineV3, which denies s3:ListBucket" in request


def test_a_boundary_is_widened_by_what_is_needed_and_the_role_granted_the_same() -> None:
    boundary = managed("Bound", {"Effect": "Allow", "Action": ["ecr:*", "logs:*", "cloudwatch:*"], "Resource": "*"})
    held = dossier(inline("Some", {"Effect": "Allow", "Action": ["ecr:*", "logs:*", "cloudwatch:*"], "Resource": "*"}))
    both = replace(
        held,
        policies=replace(held.policies, boundary=(boundary.document,), sources=(*held.policies.sources, boundary)),
    )
    remedy = find(both, controls())
    assert {origin.name for origin in remedy.changes} == {ADDED, boundary.origin.name}
    assert (remedy.unmended, remedy.widened) == ((), ())
    assert is_mended(both, remedy)


def test_a_deny_that_hides_a_missing_allow_is_lifted_and_the_allow_granted() -> None:
    guard = inline("Guard", {"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
    held = dossier(
        inline("Some", {"Effect": "Allow", "Action": ["ecr:*", "logs:*", "cloudwatch:*"], "Resource": "*"}), guard
    )
    remedy = find(held)
    assert len(remedy.changes) == 2
    assert is_mended(held, remedy)


def test_what_does_not_fit_the_roles_inline_policies_is_not_offered() -> None:
    filler = [f"arn:aws:s3:::{'x' * 50}-{number}/*" for number in range(150)]
    full = inline("Full", {"Effect": "Allow", "Action": "s3:GetObjectTagging", "Resource": filler})
    remedy = find(dossier(full))
    assert remedy.changes == {}
    assert remedy.too_large is not None
    assert "AWS accepts 10240" in tell(remedy).text


def test_a_deny_that_cannot_be_traced_to_its_place_is_told_and_not_touched() -> None:
    guard = load_document({"Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}, name="Guard")
    held = dossier(inline("All", ALL))
    held = replace(held, policies=replace(held.policies, identity=(*held.policies.identity, guard)))
    remedy = find(held)
    assert remedy.changes == {}
    assert tell(remedy, show=("aws iam list-role-policies",)).commands == ("aws iam list-role-policies",)
    assert "statement 1 of Guard: no Allow overrides a Deny" in tell(remedy).text
