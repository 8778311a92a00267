"""Who calls: access keys, the identities behind them, and what each of them may do."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class KeyStatus(Enum):
    """How AWS regards an access key."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    EXPIRED = "expired"


@dataclass(slots=True)
class Principal:
    """An identity with one access key. Mutable: faults deactivate its key and take its permissions away."""

    arn: str
    account: str
    key_id: str
    secret: str
    token: str | None = None
    """The session token, which temporary keys have."""
    user_id: str = "AIDAEXAMPLEEXAMPLEEX"
    status: KeyStatus = KeyStatus.ACTIVE
    denied: set[str] = field(default_factory=set)
    """IAM actions that no policy of this identity allows."""
    is_builder: bool = False
    """Whether it is the world itself, which builds and breaks: exempt from gates and permissions."""

    def may(self, action: str) -> bool:
        """Whether the identity's policies allow an IAM action."""
        return action not in self.denied


class Keyring:
    """All access keys of the world, over all accounts."""

    def __init__(self) -> None:
        self._by_key_id: dict[str, Principal] = {}

    def add(self, principal: Principal) -> Principal:
        """Let a principal's key be known."""
        self._by_key_id[principal.key_id] = principal
        return principal

    def find(self, key_id: str) -> Principal | None:
        """Return the principal of a key, or none when no such key exists."""
        return self._by_key_id.get(key_id)

    def session_of(self, principal: Principal) -> Principal:
        """Make temporary keys for an identity, as GetSessionToken would."""
        return self.add(
            Principal(
                arn=principal.arn,
                account=principal.account,
                key_id=temporary_key_id(),
                secret=secrets.token_urlsafe(30),
                token=secrets.token_urlsafe(120),
                user_id=principal.user_id,
                denied=principal.denied,
            )
        )

    def __iter__(self) -> Iterator[Principal]:
        return iter(tuple(self._by_key_id.values()))


def temporary_key_id() -> str:
    """Make up the id of a temporary access key."""
    return "ASIA" + "".join(secrets.choice(_ALPHABET) for _ in range(16))
