"""Passwords of HTTP basic authentication against bcrypt hashes, in a thread of its own, and once per password.

The only module that knows bcrypt. Its cost is the point of it, so it is paid by whoever is wrong, not by each
scrape: what was once found right is remembered, as a keyed digest that is of no use outside this process.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import bcrypt

_SCHEME = "basic"
_MOST_WAITING = 16
"""So many passwords are looked at or waiting for it; one takes from tens of milliseconds to a second."""

_SIGNIFICANT_BYTES = 72
"""bcrypt never looks further; htpasswd and Prometheus cut longer passwords there without a word."""

_NO_SALT_AND_NO_SUM = "." * 53
_KEY_BYTES = 32


class Busy(Exception):
    """So many passwords are being looked at that this one has to wait its turn elsewhere."""


class Passwords:
    """Tells right passwords from wrong ones. Owned by the application, on its server's loop."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="http-password")
        self._key = secrets.token_bytes(_KEY_BYTES)
        self._found_right: dict[str, bytes] = {}
        """User → digest of hash and password: at most one for each user there is."""
        self._looking: dict[bytes, asyncio.Future[bool]] = {}

    def close(self) -> None:
        """Let the thread end."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def fit(self, authorization: str, users: Mapping[str, bytes]) -> bool:
        """Whether an Authorization header names one of the users and that user's password.

        A user that does not exist costs as much time as one that does.

        Raises:
            Busy: nobody may make us look at more passwords at once.
        """
        named = _credentials(authorization)
        if named is None:
            return False
        user, password = named
        right = users.get(user)
        digest = self._digest(user, right or b"", password)
        if right is not None and hmac.compare_digest(self._found_right.get(user, b""), digest):
            return True
        # Many at once with one new password, such as after a restart, have one look at it.
        looking = self._looking.get(digest)
        if looking is None:
            if len(self._looking) >= _MOST_WAITING:
                raise Busy
            against = right or _nobodys(users)
            looking = asyncio.get_running_loop().run_in_executor(self._thread, _is_right, password, against)
            self._looking[digest] = looking
            looking.add_done_callback(lambda _: self._looking.pop(digest, None))
        # One of those who wait may go away; the others still want to know.
        is_right = await asyncio.shield(looking) and right is not None
        if is_right:
            self._found_right[user] = digest
        return is_right

    def _digest(self, user: str, right: bytes, password: bytes) -> bytes:
        digest = hashlib.blake2b(key=self._key)
        for part in (user.encode(), right, password):
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.digest()


def cost_of(hashed: bytes) -> int:
    """Return the exponent that says how long a hash takes, from 4 on."""
    return int(hashed[4:6])


def _credentials(authorization: str) -> tuple[str, bytes] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != _SCHEME:
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (user.decode(), password) if colon else None
    except (binascii.Error, ValueError):
        return None


def _nobodys(users: Mapping[str, bytes]) -> bytes:
    """Return a hash of no password, which takes as long as the users' do."""
    cost = max(map(cost_of, users.values()))
    return f"$2b${cost:02}${_NO_SALT_AND_NO_SUM}".encode()


def _is_right(password: bytes, hashed: bytes) -> bool:
    return bcrypt.checkpw(password[:_SIGNIFICANT_BYTES], hashed)
