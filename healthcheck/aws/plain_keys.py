"""Keys that lie open: in the environment, or in a profile that has nothing else. No session is needed for them.

Making botocore's session for a source costs 10 ms of CPU and parses both shared files anew: of a fleet of a
thousand profiles it was three quarters of the first sweep. All else than plain keys is left to botocore's own chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.configloader import raw_config_parse
from botocore.credentials import Credentials, EnvProvider, SharedCredentialProvider
from botocore.exceptions import BotoCoreError, ConfigNotFound
from botocore.session import Session

# Settings beside which botocore comes to the keys of a profile. Whatever else is there may come first in its chain.
_BESIDE_KEYS = frozenset(
    {
        "aws_access_key_id",
        "aws_account_id",
        "aws_secret_access_key",
        "aws_security_token",
        "aws_session_token",
        "ca_bundle",
        "cli_pager",
        "endpoint_url",
        "output",
        "region",
        "retry_mode",
        "s3",
        "services",
        "sts_regional_endpoints",
        "use_dualstack_endpoint",
        "use_fips_endpoint",
    }
)


@dataclass(frozen=True, slots=True)
class SharedFiles:
    """Both shared files, parsed."""

    config: Mapping[str, Any]
    """As `Session.full_config` gives them: the profiles of both."""
    credentials: dict[str, Any]
    """The sections of the credentials file alone."""

    @classmethod
    def of(cls, session: Session) -> SharedFiles | None:
        """Parse the files that a session reads; none where botocore cannot, which its own chain is to tell."""
        try:
            config = session.full_config
            return cls(config, raw_config_parse(session.get_config_variable("credentials_file")))
        except ConfigNotFound:
            return cls(config, {})
        except (BotoCoreError, OSError, ValueError):
            return None

    def keys(self, profile: str) -> Credentials | None:
        """Return the keys of a profile that has them in the credentials file, and no other way to any.

        Raises:
            PartialCredentialsError: half of a key is missing.
        """
        settings = self.config["profiles"].get(profile)
        if settings is None or not settings.keys() <= _BESIDE_KEYS:
            return None
        found: Credentials | None = SharedCredentialProvider("", profile, ini_parser=lambda _: self.credentials).load()
        return found


def of_environment(environ: Mapping[str, str]) -> Credentials | None:
    """Return the keys that the environment holds, if it names no profile: one that does not exist is an error.

    Raises:
        PartialCredentialsError: half of a key is missing.
    """
    if environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE"):
        return None
    found: Credentials | None = EnvProvider(dict(environ)).load()
    return found
