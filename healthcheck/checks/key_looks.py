"""One look at each key that is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from healthcheck.capabilities import Aws
from healthcheck.checks import entitlements, key_rights, keys, principal_policies
from healthcheck.checks.entitlements import Question
from healthcheck.checks.keys import Key, Wanted
from healthcheck.checks.needs import Place
from healthcheck.result import Result, ok
from healthcheck.target import Target


def look(aws: Aws, place: Place, target: Target, wanted: Sequence[Wanted]) -> Iterator[Result]:
    """Yield a verdict on each key, whatever it is called where it is needed."""
    found: dict[str, tuple[Key, list[Wanted]]] = {}
    for each in wanted:
        key = keys.describe(aws, each.key)
        if key is None:
            yield key_rights.missing(each)
        else:
            found.setdefault(key.arn, (key, []))[1].append(each)
    for key, uses in found.values():
        yield key_rights.unusable(key, uses, place.home.region) or _judge(aws, place, target, key, uses)


def _judge(aws: Aws, place: Place, target: Target, key: Key, uses: Sequence[Wanted]) -> Result:
    if key.is_aws_managed:
        said = f"{key.arn}: AWS manages it, and lets everybody of the account use it through its service"
        return ok(key.arn, said, evidence={"key_state": key.state})
    policies = principal_policies.fetch_role(aws, place.role.rpartition("/")[2])
    key = replace(key, policy=keys.read_policy(aws, key))
    dossier = key_rights.dossier(place, key, uses, policies=policies, purposes=target.purposes)
    verdicts = dossier.verdicts()
    if any(verdict.is_denied for verdict in verdicts):
        dossier = replace(dossier, grants={key.arn: keys.granted(aws, key, place.role)})
        verdicts = dossier.verdicts()
    purpose = " and ".join(dict.fromkeys(use.purpose for use in uses))
    foreign = "" if key.account == place.home.account else "; the key is another account's, whose policy decides, too"
    question = Question(
        key.arn,
        f"is enabled, {purpose}, and the role may use it{foreign}",
        dossier,
        who=f"role {place.role.rpartition('/')[2]} ",
        controls=lambda: key_rights.controls(place, key, target.purposes),
    )
    return entitlements.judge(question, verdicts)
