"""Profiles: what the shared AWS files and the environment say, read anew when the files change, once for all."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.credentials import Credentials, create_credential_resolver
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader
from botocore.session import Session

from healthcheck.aws import plain_keys
from healthcheck.aws.plain_keys import SharedFiles
from healthcheck.aws.settings import EndpointSettings, read

Stamp = tuple[tuple[str, int, int, int] | None, ...]
"""Changes when one of the shared files does."""

# Calls that a credential provider makes by itself: patient enough for an SSO portal, too short to hang a round.
_PROVIDER_CALLS = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})


@dataclass(frozen=True, slots=True)
class Profile:
    """What is configured for a profile."""

    region: str | None
    settings: EndpointSettings
    named_by: Mapping[str, str]
    """For each service whose URL is replaced: the variable or setting that does it."""


class Profiles:
    """Reads profiles; one session each time, none is kept.

    Args:
        environ: the environment of this process; botocore reads the same one by itself.
        loader: botocore's models, shared by all sessions.
        on_answer: told of each request that a credential provider makes.
    """

    def __init__(
        self, environ: Mapping[str, str], loader: Loader, on_answer: Callable[[str, str, object], None]
    ) -> None:
        self._environ = environ
        self._loader = loader
        self._on_answer = on_answer
        self._lock = threading.Lock()
        self._stamp: Stamp | None = None
        self._known: dict[str | None, Profile] = {}
        self._settings: dict[EndpointSettings, EndpointSettings] = {}
        self._reader = Session(include_builtin_handlers=False)
        self._files: SharedFiles | None = None
        self.look()

    def look(self) -> Stamp:
        """Read the shared files anew if they changed, and return their present state.

        Asking for it lets other threads run, so nobody waits for it behind a lock.
        """
        stamp = tuple(
            _stat(os.path.expanduser(self._environ.get(variable) or default))  # noqa: PTH111 # as botocore does it
            for variable, default in (
                ("AWS_CONFIG_FILE", "~/.aws/config"),
                ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
            )
        )
        if stamp != self._stamp:
            with self._lock:
                # Many notice a change at once, and one of them reads for all.
                if stamp != self._stamp:
                    # One session reads all profiles: parsing the files costs more than everything else about one.
                    self._reader = Session(include_builtin_handlers=False)
                    self._files = SharedFiles.of(self._reader)
                    self._stamp, self._known = stamp, {}
        return stamp

    def profile(self, name: str | None) -> Profile:
        """Return what was configured for a profile at the last `look`; what cannot be read is as the environment says.

        Asked by every run of every check.
        """
        known = self._known.get(name)
        if known is None:
            with self._lock:
                known = self._known[name] = self._read(name)
        return known

    def plain_keys(self, name: str | None) -> Credentials | None:
        """Return keys that botocore's chain would come to first, where that is plain; for all else make a `session`.

        Raises:
            PartialCredentialsError: half of a key is missing.
        """
        files = self._files
        if files is None:
            return None
        return plain_keys.of_environment(self._environ) if name is None else files.keys(name)

    def session(self, name: str | None, region: str | None = None) -> Session:
        """Make a session that resolves the credentials of a profile.

        Args:
            name: the profile; none = as the environment says.
            region: where a credential provider calls STS if the profile names no region.
        """
        session = _Session(name, self._files)
        session.register_component("data_loader", self._loader)
        session.set_default_client_config(_PROVIDER_CALLS)
        session.register("after-call", self._answered)
        session.register("after-call-error", self._failed)
        resolver = create_credential_resolver(session, region_name=region)
        # A daemon that prompts would hang: nobody is there to type the MFA code.
        assume_role: Any = resolver.get_provider("assume-role")
        assume_role._prompter = _refuse_to_prompt  # noqa: SLF001 # botocore has no argument for it
        session.register_component("credential_provider", resolver)
        return session

    def _read(self, name: str | None) -> Profile:
        reader = self._reader
        reader.set_config_variable("profile", name)
        try:
            return self._profile(reader.get_config_variable("region"), reader)
        except (BotoCoreError, ValueError):
            # Resolving the credentials tells why; the network can be looked at all the same.
            return self._profile(self._environ.get("AWS_DEFAULT_REGION"), self._without_files())

    def _profile(self, region: str | None, session: Session) -> Profile:
        settings, named_by = read(session, self._environ)
        return Profile(region, self._settings.setdefault(settings, settings), named_by)

    def _without_files(self) -> Session:
        session = Session(profile="default", include_builtin_handlers=False)
        for variable in ("config_file", "credentials_file"):
            session.set_config_variable(variable, os.devnull)
        config: Any = session.full_config
        config["profiles"]["default"] = {}
        return session

    def _answered(self, **event: Any) -> None:
        model = event["model"]
        self._on_answer(model.service_model.service_name, model.name, event["parsed"])

    def _failed(self, **event: Any) -> None:
        _, service, operation = event["event_name"].split(".", 2)
        self._on_answer(service, operation, None)


class _Session(Session):
    """A session over files that were parsed for all; where they could not be, it tries by itself and says why not."""

    def __init__(self, profile: str | None, files: SharedFiles | None) -> None:
        self._files = files
        super().__init__(profile=profile)

    @property
    def full_config(self) -> Any:
        """What the shared files say."""
        return super().full_config if self._files is None else self._files.config


def _stat(path: str) -> tuple[str, int, int, int] | None:
    try:
        stat = os.stat(path)  # noqa: PTH116 # a Path would only be unwrapped again
    except OSError:
        return None
    return path, stat.st_mtime_ns, stat.st_size, stat.st_ino


def _refuse_to_prompt(_prompt: str = "") -> str:
    raise EOFError
