"""What the tags of a user or role settle of the requests that it makes."""

from __future__ import annotations

from collections.abc import Mapping

from healthcheck.iam import ContextValue, Effect, PolicyError, load_document

_FAMILY = "aws:PrincipalTag/"


def context_of(principal: Mapping[str, object]) -> Mapping[str, ContextValue]:
    """Return the context keys that its tags settle, all of ``aws:PrincipalTag/…`` with them.

    The tags of a role count for all its sessions, and a session adds or replaces some only where the role's trust
    policy allows sts:TagSession: what it brings is known only at the time, so then nothing is settled.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html, read 2026-11-22.

    Args:
        principal: the answer of iam:GetRole or iam:GetUser. IAM leaves Tags out where there are none.
    """
    if _may_bring_tags(principal.get("AssumeRolePolicyDocument")):
        return {}
    tags = principal.get("Tags", ())
    found: dict[str, ContextValue] = {f"{_FAMILY}*": None}
    for tag in tags if isinstance(tags, list | tuple) else ():
        found[_FAMILY + str(tag["Key"])] = str(tag["Value"])
    return found


def _may_bring_tags(trust_policy: object) -> bool:
    if not isinstance(trust_policy, str | Mapping):
        return False
    try:
        trust = load_document(trust_policy, name="trust policy")
    except PolicyError:
        return True
    return any(statement.effect is Effect.ALLOW for statement in trust.about("sts:tagsession"))
