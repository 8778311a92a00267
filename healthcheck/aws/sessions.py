"""Credential sources: resolved and refreshed before a round, one asker at a time, secrets kept out of every text."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from botocore.credentials import ReadOnlyCredentials, RefreshableCredentials

from healthcheck.aws.bounded import Bounded
from healthcheck.aws.errors import Unresolved
from healthcheck.aws.profiles import Profiles, Stamp
from healthcheck.aws.resolution import RESOLUTION_ERRORS, explain, nothing_found
from healthcheck.capabilities import Credentials
from healthcheck.errors import Failure, FailureKind
from healthcheck.target import CredentialSource

REFRESH_BEFORE = timedelta(minutes=15)
"""Assumed roles are renewed this long before their end, as botocore does it."""

STILL_USABLE = timedelta(minutes=1)
"""When renewing fails, credentials that last this much longer go on being used."""

RESOLVE_SECONDS = 45.0
"""How long a resolution may take; SSO portals and credential processes are slow, and the latter may hang."""

FAILURE_SECONDS = 10.0
"""A failure is told to everybody who asks within this time: a fleet of targets shares one broken source."""

_FAULTS_OF_BASES = frozenset(
    {FailureKind.CREDENTIALS_EXPIRED, FailureKind.CREDENTIALS_INVALID, FailureKind.CLOCK_SKEWED}
)
"""Answers to sts.AssumeRole that come before anybody has looked at the role: the signature was not accepted."""

_WELL_FORMED = re.compile(r"A(?:KI|SI)A[A-Z0-9]{16}")
_SHOWN = 4

Assume = Callable[[CredentialSource, "Resolved", str | None], Mapping[str, Any]]
"""Calls sts.AssumeRole with somebody's credentials in a region; returns the answer's ``Credentials``."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A source as it now stands."""

    source: CredentialSource
    credentials: Credentials
    """What may be shown of it."""
    keys: ReadOnlyCredentials | None = field(repr=False)
    """What requests are signed with; none when the source failed."""
    generation: int
    """A number for this source from when it was last resolved from scratch; no other source ever has it."""

    @property
    def failure(self) -> Failure | None:
        """Why there are no keys."""
        return self.credentials.failure


class _Holder(Protocol):
    """Something that gives keys, and renews them by itself if it can."""

    method: str

    def get_frozen_credentials(self) -> ReadOnlyCredentials: ...


class _Entry:
    """What is kept of a source."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.stamp: Stamp | None = None
        self.generation = 0
        self.holder: _Holder | None = None
        self.resolved: Resolved | None = None
        self.again_at: datetime | None = None
        self.is_forgotten = False
        self.bounded: Bounded[tuple[_Holder, ReadOnlyCredentials] | None] = Bounded()


class Sources:
    """All credential sources of the process.

    Args:
        profiles: reads the shared files.
        clock: the time, in UTC.
        assume: assumes a role.
        most_seconds: how long a resolution may take.
    """

    def __init__(
        self,
        profiles: Profiles,
        clock: Callable[[], datetime],
        assume: Assume,
        *,
        most_seconds: float = RESOLVE_SECONDS,
    ) -> None:
        self._most_seconds = most_seconds
        self._profiles = profiles
        self._clock = clock
        self._assume = assume
        self._lock = threading.Lock()
        self._entries: dict[CredentialSource, _Entry] = {}
        self._kept: frozenset[CredentialSource] | None = None
        self._generations = itertools.count(1)

    def resolve(self, source: CredentialSource, region: str | None) -> Resolved:
        """Return the source's credentials, resolved or refreshed as needed; others who ask meanwhile wait.

        Args:
            source: the source.
            region: where STS is called for it, unless its profile names a region.
        """
        entry = self._entry(source)
        with entry.lock:
            self._notice_changes(entry)
            if entry.resolved is not None and not self._is_due(entry):
                return entry.resolved
            entry.resolved = self._look(entry, source, region)
            return entry.resolved

    def known(self, source: CredentialSource, region: str | None) -> Resolved:
        """Return what the last resolution came to; resolve only if there was none."""
        return self._entry(source).resolved or self.resolve(source, region)

    def forget(self, source: CredentialSource) -> None:
        """Resolve the source from scratch next time."""
        self._entry(source).is_forgotten = True
        if source.assume_role:
            self._entry(_base(source)).is_forgotten = True

    def keep(self, sources: Collection[CredentialSource]) -> None:
        """Forget the keys of all other sources, and keep none of them from now on."""
        with self._lock:
            self._kept = with_bases(sources)
            self._entries = {source: entry for source, entry in self._entries.items() if source in self._kept}

    def _entry(self, source: CredentialSource) -> _Entry:
        with self._lock:
            if self._kept is not None and source not in self._kept:
                # The last round of a target that was removed: it may ask, and nothing of it stays.
                return _Entry()
            return self._entries.setdefault(source, _Entry())

    def _notice_changes(self, entry: _Entry) -> None:
        stamp = self._profiles.look()
        if entry.is_forgotten or entry.stamp != stamp:
            entry.is_forgotten, entry.stamp = False, stamp
            entry.generation = next(self._generations)
            entry.holder = entry.resolved = entry.again_at = None
            entry.bounded = Bounded()

    def _is_due(self, entry: _Entry) -> bool:
        if entry.again_at is not None:
            return self._clock() >= entry.again_at
        return _renews_itself(entry.holder)

    def _look(self, entry: _Entry, source: CredentialSource, region: str | None) -> Resolved:
        holder = entry.holder
        try:
            if holder is not None and not _needs_renewal(holder):
                found: tuple[_Holder, ReadOnlyCredentials] | None = (holder, holder.get_frozen_credentials())
            else:
                found = entry.bounded.run(lambda: self._fetch(holder, source, region), self._most_seconds)
        except RESOLUTION_ERRORS as error:
            return self._failed(entry, source, explain(error, source.name))
        if found is None:
            return self._failed(entry, source, nothing_found(source.name))
        entry.holder, keys = found
        entry.again_at = None
        return Resolved(source, _describe(source, entry.holder, keys), keys, entry.generation)

    def _fetch(
        self, holder: _Holder | None, source: CredentialSource, region: str | None
    ) -> tuple[_Holder, ReadOnlyCredentials] | None:
        opened = holder or self._open(source, region)
        if opened is None:
            return None
        keys = opened.get_frozen_credentials()
        if not (isinstance(keys.access_key, str) and isinstance(keys.secret_key, str)):
            raise TypeError  # a credential process may answer with numbers
        return opened, keys

    def _failed(self, entry: _Entry, source: CredentialSource, failure: Failure) -> Resolved:
        now = self._clock()
        entry.again_at = now + timedelta(seconds=FAILURE_SECONDS)
        last = entry.resolved
        if last is not None and last.keys is not None:
            expires = last.credentials.expires
            if expires is not None and expires - now > STILL_USABLE:
                return replace(last, credentials=replace(last.credentials, renewal_failure=failure))
        entry.holder = None
        base = self._base_at_fault(source, failure)
        return Resolved(source, Credentials(source.name, failure=failure, base=base), None, entry.generation)

    def _base_at_fault(self, source: CredentialSource, failure: Failure) -> Credentials | None:
        """Return the credentials that a role was assumed with, where the failure is theirs."""
        base = self._entry(_base(source)).resolved if source.assume_role else None
        if base is None or (base.failure is None and failure.kind not in _FAULTS_OF_BASES):
            return None
        return base.credentials

    def _open(self, source: CredentialSource, region: str | None) -> _Holder | None:
        if source.assume_role:
            return _AssumedRole(lambda: self._assumed(source, region), self._clock)
        plain = self._profiles.plain_keys(source.profile)
        if plain is not None:
            return plain
        configured = self._profiles.profile(source.profile).region
        session = self._profiles.session(source.profile, configured or region)
        holder: _Holder | None = session.get_credentials()
        return holder

    def _assumed(self, source: CredentialSource, region: str | None) -> Mapping[str, Any]:
        base = self.resolve(_base(source), region)
        if base.failure is not None:
            raise Unresolved(base.failure)
        return self._assume(source, base, region)


class _AssumedRole:
    """The temporary credentials of a role, renewed in time."""

    method = "assume-role"

    def __init__(self, assume: Callable[[], Mapping[str, Any]], clock: Callable[[], datetime]) -> None:
        self._assume = assume
        self._clock = clock
        self._keys: ReadOnlyCredentials | None = None
        self._expiry_time: datetime | None = None  # under the name that botocore's own have it

    def refresh_needed(self) -> bool:
        """Tell whether the end is near."""
        return self._expiry_time is None or self._expiry_time - self._clock() < REFRESH_BEFORE

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return keys with a while to live; the caller holds the source's lock."""
        if self._keys is None or self.refresh_needed():
            answer = self._assume()
            self._keys = ReadOnlyCredentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
            self._expiry_time = answer["Expiration"]
        return self._keys


def with_bases(sources: Iterable[CredentialSource]) -> frozenset[CredentialSource]:
    """Return sources together with those that they assume their roles from."""
    return frozenset(each for source in sources for each in (source, _base(source) if source.assume_role else source))


def _base(source: CredentialSource) -> CredentialSource:
    return source.base


def _renews_itself(holder: _Holder | None) -> bool:
    return isinstance(holder, RefreshableCredentials | _AssumedRole)


def _needs_renewal(holder: _Holder) -> bool:
    return isinstance(holder, RefreshableCredentials | _AssumedRole) and holder.refresh_needed()


def _describe(source: CredentialSource, holder: _Holder, keys: ReadOnlyCredentials) -> Credentials:
    key_id = keys.access_key or ""
    expires = getattr(holder, "_expiry_time", None)  # botocore has no public name for it
    return Credentials(
        source=source.name,
        method=holder.method,
        key_id_prefix=key_id[:_SHOWN],
        # Of something short, the first and the last characters would be all of it.
        key_id_suffix=key_id[-_SHOWN:] if len(key_id) > 3 * _SHOWN else None,
        key_id_well_formed=bool(_WELL_FORMED.fullmatch(key_id)),
        has_session_token=bool(keys.token),
        expires=expires.astimezone(UTC) if isinstance(expires, datetime) else None,
        refreshable=_renews_itself(holder),
    )
