"""How the layers combine: which of them have to allow a request.

Sources: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation logic", "Permissions boundaries",
"Principal" and "Grant a user permissions to pass a role"; STS API Reference, "AssumeRole"; KMS Developer Guide, "Key
policies" and "Controlling access to aliases" (read 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from healthcheck.iam.layers import Layer, LayerVerdict
from healthcheck.iam.principals import PrincipalKind, Reach
from healthcheck.iam.request import Request
from healthcheck.iam.truth import Truth, every, joined, on_doubt, some

ROLE_ACTIONS: Final = frozenset(
    {
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:tagsession",
        "sts:setsourceidentity",
        "sts:setcontext",
    }
)
"""The actions that a role's trust policy speaks about."""

_ALIAS_ACTIONS: Final = frozenset({"kms:createalias", "kms:deletealias", "kms:updatealias"})
"""The actions that are about the alias of a key. Every other one is decided by the key, however it is called."""


def needs_resource_policy(request: Request) -> bool:
    """Return whether the resource's own policy must allow, in the same account too: KMS keys and roles."""
    if request.folded_action in ROLE_ACTIONS:
        return True
    return request.folded_action.startswith("kms:") and ":key/" in request.resource


def has_resource_policy(request: Request) -> bool:
    """Return whether there can be a policy of the resource at all: an alias of a key has none."""
    return not _is_about_alias(request)


def _is_about_alias(request: Request) -> bool:
    return request.folded_action.startswith("kms:") and ":alias/" in request.resource


def is_same_account(request: Request) -> Truth | None:
    """Return whether caller and resource share an account; nothing where it is not known."""
    caller = request.caller
    if caller is None or caller.account is None:
        return True
    if request.resource_account is None:
        return None
    return caller.account == request.resource_account


def barred(request: Request) -> str:
    """Return why AWS refuses such a request whatever the policies say, as a sentence; empty where it does not."""
    caller = request.caller
    if caller is not None and caller.kind is PrincipalKind.ROOT and request.folded_action == "sts:assumerole":
        return "the root user of an account can assume no role"
    if request.folded_action == "iam:passrole" and is_same_account(request) is False:
        return "a role of another account cannot be passed to a service"
    return ""


class Combination:
    """How the verdicts of the layers combine. `as_seen` takes it that what could not be read does no harm."""

    def __init__(self, request: Request, verdicts: Sequence[LayerVerdict], *, as_seen: bool) -> None:
        self._request = request
        self._verdicts = verdicts
        self._as_seen = as_seen
        self._resource = next((v for v in verdicts if v.layer in (Layer.RESOURCE, Layer.TRUST)), None)

    def allowed(self) -> Truth:
        """Return whether all that have to allow do."""
        if barred(self._request):
            return False
        limits = [self._allows(verdict) for verdict in self._of(Layer.SCP, Layer.RCP)]
        return every([*limits, self._granted()])

    def blocking(self) -> tuple[LayerVerdict, ...]:
        """Return the layers that would have to allow and do not, in the order in which a person mends them."""
        order = (Layer.IDENTITY, Layer.RESOURCE, Layer.TRUST, Layer.BOUNDARY, Layer.SESSION, Layer.SCP, Layer.RCP)
        if barred(self._request):
            return ()
        found = [v for v in self._verdicts if self._allows(v) is False and self._has_to_allow(v)]
        return tuple(sorted(found, key=lambda verdict: order.index(verdict.layer)))

    def _has_to_allow(self, verdict: LayerVerdict) -> bool:
        if verdict.layer in (Layer.RESOURCE, Layer.TRUST):
            return needs_resource_policy(self._request) or self._is_service or is_same_account(self._request) is False
        if verdict.layer in (Layer.SCP, Layer.RCP):
            return True
        if is_same_account(self._request) is not False and self._resource_allows(Reach.DIRECT) is not False:
            return False
        if verdict.layer is not Layer.IDENTITY:
            return True
        by_role = is_same_account(self._request) is not False and self._resource_allows(Reach.ROLE) is not False
        return not (self._is_root or by_role)

    @property
    def _is_service(self) -> bool:
        return self._request.caller is not None and self._request.caller.kind is PrincipalKind.SERVICE

    @property
    def _is_root(self) -> bool:
        return self._request.caller is not None and self._request.caller.kind is PrincipalKind.ROOT

    def _granted(self) -> Truth:
        if self._is_service:
            # Nothing else grants to a service, so an unread policy leaves nothing to go by.
            return False if self._resource is None else self._resource.allows()
        if _is_about_alias(self._request) and self._request.folded_action not in _ALIAS_ACTIONS:
            return on_doubt(f"AWS decides {self._request.action} by the key and not by its alias; ask about the key")
        same = is_same_account(self._request)
        if same is not None:
            return self._granted_within() if same is True else self._granted_across()
        within, across = self._granted_within(), self._granted_across()
        if within == across or self._resource is None:
            return within
        return joined(within, across, on_doubt("which account owns the resource is not given"))

    def _granted_within(self) -> Truth:
        limits = self._limits()
        by_identity = every([self._identity(), *limits])
        direct = self._resource_allows(Reach.DIRECT)
        by_role = every([self._resource_allows(Reach.ROLE), *limits])
        if needs_resource_policy(self._request):
            return some((direct, by_role, every((self._resource_allows(Reach.ACCOUNT), by_identity))))
        return some((by_identity, direct, by_role))

    def _granted_across(self) -> Truth:
        return every([self._identity(), *self._limits(), self._resource_allows(*Reach)])

    def _limits(self) -> list[Truth]:
        limits = [self._allows(verdict) for verdict in self._of(Layer.BOUNDARY, Layer.SESSION)]
        caller = self._request.caller
        if caller is not None and caller.kind is PrincipalKind.FEDERATED_USER and not self._of(Layer.SESSION):
            # GetFederationToken without a session policy gives a session that may do nothing.
            limits.append(False)
        return limits

    def _identity(self) -> Truth:
        # The root user needs no policy.
        return True if self._is_root else some(self._allows(verdict) for verdict in self._of(Layer.IDENTITY))

    def _resource_allows(self, *reaches: Reach) -> Truth:
        if self._resource is None:
            return False
        return some(self._resource.allows(reach, as_seen=self._as_seen) for reach in reaches)

    def _allows(self, verdict: LayerVerdict) -> Truth:
        return verdict.allows(as_seen=self._as_seen)

    def _of(self, *layers: Layer) -> list[LayerVerdict]:
        return [verdict for verdict in self._verdicts if verdict.layer in layers]
