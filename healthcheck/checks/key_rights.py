"""Whether a key can be used, and the role may use it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from healthcheck.checks.dossier import Dossier
from healthcheck.checks.keys import Key, Use, Wanted
from healthcheck.checks.needs import OF_JOBS, Need, Place
from healthcheck.checks.principal_policies import Policies
from healthcheck.iam import ContextValue
from healthcheck.result import Evidence, Fix, Result, critical, unknown
from healthcheck.target import Purpose

_PAGE = "https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html"
_USABLE = "SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT"
_UNUSABLE_STATES = frozenset({"Creating", "PendingImport", "Unavailable", "Updating"})
"""Beside those that have a word of their own; KMS API reference, KeyMetadata, read 2026-11-22."""

# SageMaker Developer Guide, "SageMaker roles"; Amazon S3 User Guide, "Using SSE-KMS" (multipart uploads decrypt).
_ACTIONS: Mapping[Use, tuple[str, ...]] = {
    Use.READS: ("kms:Decrypt",),
    Use.WRITES: ("kms:Decrypt", "kms:GenerateDataKey"),
    Use.OUTPUT: ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"),
    Use.VOLUMES: ("kms:CreateGrant",),
}
_FAILS: Mapping[Use, str] = {
    Use.READS: "jobs start and fail at the download of their input, which they cannot decrypt",
    Use.WRITES: "jobs run to their end and fail at the upload of their results, which they cannot encrypt",
    Use.OUTPUT: "jobs run to their end and fail at the upload of their results, which they cannot encrypt",
    Use.VOLUMES: "jobs and endpoints fail before they start, as their disks cannot be encrypted",
}


def missing(wanted: Wanted) -> Result:
    """Say that there is no such key."""
    return critical(
        wanted.key,
        f"{wanted.key}: there is no such key, though it {wanted.purpose}; {_FAILS[wanted.use]}",
        reason="key_missing",
        fix=_name_another(wanted),
        evidence={"use": wanted.purpose},
    )


def unusable(key: Key, wanted: Sequence[Wanted], region: str) -> Result | None:  # noqa: PLR0911 - a table
    """Say why nobody can use a key for this; None where it can be used."""
    first = wanted[0]
    purpose = " and ".join(each.purpose for each in wanted)
    evidence: Evidence = {"key_state": key.state, "key_kind": key.kind, "uses": [each.purpose for each in wanted]}
    fails = _FAILS[first.use]
    if key.state in ("PendingDeletion", "PendingReplicaDeletion"):
        cancel = (f"aws kms cancel-key-deletion --key-id {key.arn}", f"aws kms enable-key --key-id {key.arn}")
        sentence = f"{key.arn}: is about to be deleted, with all that it encrypts, and it {purpose}; {fails}"
        fix = Fix("Cancel the deletion, or re-encrypt with another key while there is time.", cancel, link=_PAGE)
        return critical(key.arn, sentence, reason="key_deleted", fix=fix, evidence=evidence)
    if key.state == "Disabled":
        enable = (f"aws kms enable-key --key-id {key.arn}",)
        sentence = f"{key.arn}: is disabled, and it {purpose}; {fails}"
        fix = Fix("Enable the key, after asking whoever disabled it.", enable, link=_PAGE)
        return critical(key.arn, sentence, reason="key_disabled", fix=fix, evidence=evidence)
    if key.state != "Enabled":
        look = (f"aws kms describe-key --key-id {key.arn}",)
        if key.state not in _UNUSABLE_STATES:
            sentence = f"{key.arn}: whether it can be used cannot be told: its state is {key.state}, which is new"
            fix = Fix("Look at the key.", look, link=_PAGE)
            return unknown(key.arn, sentence, reason="bad_answer", fix=fix, evidence=evidence)
        sentence = f"{key.arn}: is in the state {key.state}, not Enabled, and it {purpose}; {fails}"
        return critical(
            key.arn, sentence, reason="key_unusable", fix=Fix("Look at the key.", look, link=_PAGE), evidence=evidence
        )
    if key.kind != _USABLE:
        sentence = f"{key.arn}: is a key of another kind ({key.kind}) than S3 and disks take ({_USABLE})"
        return critical(key.arn, sentence, reason="wrong_kind", fix=_name_another(first), evidence=evidence)
    if key.region != region:
        sentence = f"{key.arn}: is in {key.region}, and jobs run in {region}, where it cannot be used"
        return critical(key.arn, sentence, reason="wrong_region", fix=_name_another(first), evidence=evidence)
    return None


def dossier(
    place: Place,
    key: Key,
    wanted: Iterable[Wanted],
    *,
    policies: Policies,
    purposes: tuple[Purpose, ...],
) -> Dossier:
    """Put together what the role needs of a key and the documents that decide it."""
    needs: dict[str, Need] = {}
    for each in wanted:
        for need in _needs(place, key, each.use, purposes):
            needs.setdefault(f"{need.action} {'volume' if each.use is Use.VOLUMES else 's3'}", need)
    resources = {key.arn: key.policy} if key.policy is not None else {}
    return Dossier(place.role, place.home, place.now, tuple(needs.values()), policies, resources)


def controls(place: Place, key: Key, purposes: tuple[Purpose, ...]) -> tuple[Need, ...]:
    """Return what nobody asked for: other uses of the key, and its administration."""
    uses = [need for use in Use for need in _needs(place, key, use, purposes)]
    also = ("kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:RevokeGrant", "kms:ReEncryptFrom")
    return (*uses, *(replace(uses[0], action=action) for action in also))


def _needs(place: Place, key: Key, use: Use, purposes: tuple[Purpose, ...]) -> list[Need]:
    context: dict[str, ContextValue] = {**OF_JOBS, "kms:CallerAccount": place.home.account}
    if use is Use.VOLUMES:
        context["kms:GrantIsForAWSResource"] = True
    else:
        context["kms:ViaService"] = f"s3.{place.home.region}.amazonaws.com"
    return [
        Need(
            action,
            (key.arn,),
            purposes,
            (key.arn,),
            _FAILS[use],
            context=context,
            policy_of=key.arn,
            # The policy of another account's key nobody here can read.
            is_strict=key.account == place.home.account,
        )
        for action in _ACTIONS[use]
    ]


def _name_another(wanted: Wanted) -> Fix:
    if wanted.bucket:
        look = f"aws s3api get-bucket-encryption --bucket {wanted.bucket}"
        return Fix("Let the bucket encrypt with a symmetric key of its region, or with S3's own.", (look,), link=_PAGE)
    return Fix("Name a symmetric key of the target's region in the settings, and to the jobs.", (_LIST,), link=_PAGE)


_LIST = "aws kms list-aliases --query 'Aliases[].[AliasName,TargetKeyId]' --output text"
