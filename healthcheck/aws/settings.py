"""Endpoint settings: what the environment and a profile say about where and how AWS is called.

Clients are shared by every source whose endpoint settings are equal, so these are values to compare.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from botocore.configprovider import ConfiguredEndpointProvider
from botocore.session import Session

from healthcheck.permissions import OPERATIONS

REPORTED = ("sts", "sagemaker", "sagemaker-runtime", "s3", "iam", "logs", "ecr")
"""Services whose addresses a working set-up needs, whether or not a check calls them."""

SERVICES = tuple(sorted({*REPORTED, *(operation.service for operation in OPERATIONS.values())}))

_S3 = ("us_east_1_regional_endpoint", "use_accelerate_endpoint", "use_arn_region", "use_dualstack_endpoint")


@dataclass(frozen=True)
class EndpointSettings:
    """Everything that makes two clients of one service and region differ, but for credentials.

    Equal settings are one object (see `Profiles`), and its hash is worked out once: they are looked up at each call.
    """

    ca_bundle: str | None = None
    use_fips: bool = False
    use_dualstack: bool = False
    sts_regional_endpoints: str = "regional"
    s3: tuple[tuple[str, Any], ...] = ()
    overrides: tuple[tuple[str, str], ...] = ()
    """Services and the URLs that replace AWS's own for them."""

    @cached_property
    def _hash(self) -> int:
        return hash((self.ca_bundle, self.use_fips, self.use_dualstack, self.s3, self.overrides))

    def __hash__(self) -> int:
        return self._hash

    def override(self, service: str) -> str | None:
        """Return the URL that replaces AWS's own for a service, if one does."""
        return next((url for name, url in self.overrides if name == service), None)


def read(session: Session, environ: Mapping[str, str]) -> tuple[EndpointSettings, Mapping[str, str]]:
    """Read the endpoint settings of a session's profile, by botocore's own order of precedence.

    Returns:
        The settings, and for each service whose URL is replaced the variable or setting that does it.

    Raises:
        BotoCoreError: the profile or the shared files cannot be used.
        ValueError: a setting's value is not of its type.
    """
    variable = session.get_config_variable
    s3 = variable("s3") or {}
    overrides = {} if variable("ignore_configured_endpoint_urls") else _overrides(session, environ)
    settings = EndpointSettings(
        ca_bundle=variable("ca_bundle") or environ.get("REQUESTS_CA_BUNDLE"),
        use_fips=bool(variable("use_fips_endpoint")),
        use_dualstack=bool(variable("use_dualstack_endpoint")),
        sts_regional_endpoints=str(variable("sts_regional_endpoints")),
        s3=tuple((name, s3[name]) for name in _S3 if s3.get(name) is not None),
        overrides=tuple((service, url) for service, (url, _) in overrides.items()),
    )
    return settings, {service: named_by for service, (_, named_by) in overrides.items()}


def _overrides(session: Session, environ: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    found = {}
    variables = dict(environ)  # once: to copy an environment is to decode all of it
    for service in SERVICES:
        url = ConfiguredEndpointProvider(
            full_config=session.full_config,
            scoped_config=session.get_scoped_config(),
            client_name=service,
            environ=variables,
        ).provide()
        if url:
            found[service] = (url, _named_by(service, session, variables))
    return found


def _named_by(service: str, session: Session, environ: Mapping[str, str]) -> str:
    """Return the place that `ConfiguredEndpointProvider` took the URL from: it does not tell."""
    own = f"AWS_ENDPOINT_URL_{service.replace('-', '_').upper()}"
    if environ.get(own):
        return own
    if environ.get("AWS_ENDPOINT_URL"):
        return "AWS_ENDPOINT_URL"
    scoped = session.get_scoped_config()
    section = scoped.get("services")
    services = session.full_config.get("services", {}).get(section, {})
    if services.get(service.replace("-", "_"), {}).get("endpoint_url"):
        return f"endpoint_url of {service.replace('-', '_')} in [services {section}] of the AWS config file"
    return f"endpoint_url of profile {session.get_config_variable('profile') or 'default'} in the AWS config file"
