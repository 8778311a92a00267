"""Who asks, and whom an element Principal names.

Source: IAM User Guide, "Principal", "NotPrincipal" and "Policy evaluation logic" (read 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

from healthcheck.iam.truth import Truth, every, on_doubt, some
from healthcheck.iam.words import shown

_ACCOUNT_DIGITS: Final = 12
_ARN_PARTS: Final = 6
_HEX_DIGITS: Final = frozenset("0123456789abcdef")
_UNIQUE_ID_PREFIXES: Final = ("AROA", "AIDA", "AGPA", "ANPA")
KINDS: Final = ("AWS", "Service", "Federated", "CanonicalUser")


class PrincipalKind(Enum):
    """What kind of caller asks."""

    ROLE = "role"
    """Any session of a role; which one is not known."""
    SESSION = "role session"
    USER = "user"
    FEDERATED_USER = "federated user"
    ROOT = "root user"
    SERVICE = "service"
    OTHER = "principal"
    """A federated identity that assumes a role, a canonical user: compared as written."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller, read from its ARN or, for a service, its name."""

    text: str
    kind: PrincipalKind
    account: str | None = None
    name: str | None = None
    """The name of the role or user, without its path."""

    @property
    def is_service_linked(self) -> bool:
        """Whether it is a role that belongs to a service: organization policies do not bind it."""
        return self.kind is PrincipalKind.ROLE and ":role/aws-service-role/" in self.text


def parse_principal(text: str) -> Principal:
    """Return the caller that an ARN or a service's name stands for."""
    parts = text.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS or parts[0] != "arn":
        is_service = ".amazonaws.com" in text or text.endswith(".amazon.com")
        return Principal(text, PrincipalKind.SERVICE if is_service else PrincipalKind.OTHER)
    _, _, service, _, account, rest = parts
    resource_kind, _, path = rest.partition("/")
    if service == "iam" and rest == "root":
        return Principal(text, PrincipalKind.ROOT, account)
    if service == "iam" and resource_kind in ("role", "user") and path:
        return Principal(text, PrincipalKind(resource_kind), account, path.rpartition("/")[2])
    if service == "sts" and resource_kind == "assumed-role" and path:
        return Principal(text, PrincipalKind.SESSION, account, path.partition("/")[0])
    if service == "sts" and resource_kind == "federated-user" and path:
        return Principal(text, PrincipalKind.FEDERATED_USER, account, path)
    return Principal(text, PrincipalKind.OTHER)


def may_be_principal(text: str) -> bool:
    """Return whether a text has the form of a caller: an ARN, a service or provider, a canonical user."""
    if text.startswith("arn:"):
        return is_arn(text)
    return "." in text or (bool(text) and set(text) <= _HEX_DIGITS)


def is_arn(text: str) -> bool:
    """Return whether a text has the six parts of an ARN."""
    return text.startswith("arn:") and text.count(":") >= _ARN_PARTS - 1


def is_account(text: str) -> bool:
    """Return whether a text is the number of an account."""
    return len(text) == _ACCOUNT_DIGITS and text.isascii() and text.isdigit()


class Reach(IntEnum):
    """How directly a resource policy names the caller; more direct means fewer other policies can limit it."""

    ACCOUNT = 1
    """Its account: the account's own policies decide who of it may."""
    ROLE = 2
    """The role of a session, limited by boundary and session policies."""
    DIRECT = 3
    """The user, the session, the service, or everyone: nothing but a Deny limits it."""


@dataclass(frozen=True, slots=True)
class Named:
    """Whether an element Principal names the caller, and how directly where it does."""

    truth: Truth
    reach: Reach = Reach.DIRECT


@dataclass(frozen=True, slots=True)
class PrincipalElement:
    """An element Principal or NotPrincipal."""

    entries: tuple[tuple[str, str], ...]
    """Pairs of kind and value, such as ``("AWS", "*")``, in the order in which they are written."""
    negated: bool = False

    def names(self, principal: Principal | None, *, denies: bool) -> Named:
        """Return whether the caller is meant; of several entries, the most direct certain one counts."""
        if principal is None:
            if self._names_everyone:
                return Named(truth=not self.negated)
            return Named(on_doubt("who asks is not given"))
        if self.negated:
            return Named(self._excepts(principal, denies=denies))
        found = [
            named for entry in self.entries if (named := _names(entry, principal, denies=denies)).truth is not False
        ]
        certain = [named.reach for named in found if named.truth is True]
        if certain:
            return Named(truth=True, reach=max(certain))
        return Named(some(named.truth for named in found), max((n.reach for n in found), default=Reach.DIRECT))

    def grants(self, principal: Principal | None) -> tuple[Named, ...]:
        """Return each way in which an Allow names the caller; they can differ in what limits them."""
        if principal is None or self.negated:
            return (self.names(principal, denies=False),)
        return tuple(
            named for entry in self.entries if (named := _names(entry, principal, denies=False)).truth is not False
        )

    @property
    def _names_everyone(self) -> bool:
        return any(kind in ("*", "AWS") and value == "*" for kind, value in self.entries)

    def _excepts(self, principal: Principal, *, denies: bool) -> Truth:
        """Return whether a NotPrincipal means the caller.

        AWS may look at the account first, then the role, then the session: only a caller that is listed with all
        of them is surely excepted, and one of whom none is listed is surely meant. A role acts through sessions, and
        of those whose name is not known none is surely listed.
        """
        if not denies:
            return on_doubt("what AWS makes of NotPrincipal with Allow must not be relied on")
        if self._names_everyone:
            return False
        layers = _layers(principal)
        listed = [
            some(_names(entry, layer, denies=True, exact=True).truth for entry in self.entries) for layer in layers
        ]
        if all(each is False for each in listed):
            return True
        if every(listed) is True and principal.kind is not PrincipalKind.ROLE:
            return False
        return on_doubt(
            "NotPrincipal lists the caller, but not surely its session, its role and its account, and whether less "
            "suffices depends on the service"
        )


def _layers(principal: Principal) -> list[Principal]:
    """Return the caller and what it belongs to: the session, its role, its account."""
    layers = [principal]
    if principal.kind is PrincipalKind.SESSION:
        partition = principal.text.split(":")[1]
        layers.append(
            Principal(
                f"arn:{partition}:iam::{principal.account}:role/{principal.name}",
                PrincipalKind.ROLE,
                principal.account,
                principal.name,
            )
        )
    if principal.account and principal.kind is not PrincipalKind.ROOT:
        layers.append(Principal(f"arn:aws:iam::{principal.account}:root", PrincipalKind.ROOT, principal.account))
    return layers


def _names(entry: tuple[str, str], principal: Principal, *, denies: bool, exact: bool = False) -> Named:
    """Return whether one entry names the caller.

    `exact`: an account names nobody but itself, and a role not its sessions, as NotPrincipal has it.
    """
    kind, value = entry
    if value == "*" and kind in ("*", "AWS", "Service"):
        return _names_everyone(kind, principal, denies=denies)
    if kind != "AWS":
        return _names_by_kind(kind, value, principal)
    if value == principal.text:
        return Named(truth=True, reach=Reach.ROLE if principal.kind is PrincipalKind.ROLE else Reach.DIRECT)
    account = _account_meant(value)
    if account is not None:
        meant = account == principal.account and not (exact and principal.kind is not PrincipalKind.ROOT)
        return Named(truth=meant, reach=Reach.ACCOUNT)
    return _names_by_kin(parse_principal(value), principal, exact=exact)


def _names_by_kind(kind: str, value: str, principal: Principal) -> Named:
    """Return whether a service, a federated identity or a canonical user is the caller."""
    if kind == "Service":
        return Named(truth=principal.kind is PrincipalKind.SERVICE and value.lower() == principal.text.lower())
    if kind == "CanonicalUser" and principal.account:
        # An account by another name, which does not tell which.
        doubt = f"whether the canonical user {shown(value)} is account {principal.account} is not known"
        return Named(on_doubt(doubt), Reach.ACCOUNT)
    # A federated identity may be called like a service: cognito-identity.amazonaws.com.
    return Named(truth=principal.kind in (PrincipalKind.OTHER, PrincipalKind.SERVICE) and value == principal.text)


def _names_by_kin(named: Principal, principal: Principal, *, exact: bool) -> Named:
    """Return whether the ARN of a role, session or user, other than the caller's own, means the caller."""
    if principal.account is None or named.account != principal.account:
        return Named(truth=False)
    kin = (named.kind, principal.kind)
    if kin == (PrincipalKind.USER, PrincipalKind.FEDERATED_USER):
        return Named(on_doubt(f"whether {named.text} started the federated user's session is not known"), Reach.ROLE)
    if named.name is None or named.name != principal.name:
        return Named(truth=False)
    if kin == (PrincipalKind.SESSION, PrincipalKind.ROLE):
        return Named(on_doubt(f"whether the role's session is {named.text} is not known"))
    # A session's ARN has lost the path of its role, and so has the role that `_layers` makes of it; names of roles
    # are unique in an account without their path.
    other = PrincipalKind.ROLE if exact else PrincipalKind.SESSION
    return Named(truth=kin == (PrincipalKind.ROLE, other), reach=Reach.ROLE)


def _names_everyone(kind: str, principal: Principal, *, denies: bool) -> Named:
    is_service = principal.kind is PrincipalKind.SERVICE
    if kind == "Service":
        if not is_service or denies:
            return Named(truth=is_service)
        return Named(on_doubt("whether a star in Principal.Service means this service is not documented"))
    if is_service and not denies:
        return Named(on_doubt("whether a star in Principal means services too is not documented"))
    return Named(truth=True)


def _account_meant(value: str) -> str | None:
    if is_account(value):
        return value
    parts = value.split(":", _ARN_PARTS - 1)
    if len(parts) == _ARN_PARTS and parts[2] == "iam" and parts[5] == "root":
        return parts[4]
    return None


def names_a_deleted_principal(value: str) -> bool:
    """Return whether an entry is a unique id: AWS shows one where the role or user that was meant is gone."""
    return value.startswith(_UNIQUE_ID_PREFIXES) and value.isalnum()


class PrincipalError(Exception):
    """An element Principal cannot be understood; `documents` says in which policy."""


def parse_element(given: object, *, negated: bool) -> PrincipalElement:
    """Return an element Principal or NotPrincipal.

    Raises:
        PrincipalError: where it cannot be understood.
    """
    if given == "*" and isinstance(given, str):
        return PrincipalElement((("*", "*"),), negated)
    if not isinstance(given, Mapping):
        raise PrincipalError('needs "*" or an object such as {"Service": "sagemaker.amazonaws.com"}')
    entries: list[tuple[str, str]] = []
    for kind, values in given.items():
        if kind not in KINDS:
            raise PrincipalError(f"{shown(kind)} is no kind of principal; AWS knows {', '.join(KINDS)}")
        for value in _listed(values):
            if not isinstance(value, str):
                raise PrincipalError(f"a value of {kind} is not text")
            entries.append((kind, value))
    # AWS accepts an empty Principal and says that the statement has then no effect; of NotPrincipal it says nothing.
    if negated and not entries:
        raise PrincipalError("is empty, and what that means AWS does not say")
    return PrincipalElement(tuple(entries), negated)


def _listed(values: object) -> Iterable[object]:
    return values if isinstance(values, (list, tuple)) else (values,)
