"""The clients: one for each service, region (or partition, where a service is global) and endpoint settings.

A client for each target costs fifteen times the CPU and ten thousand times the memory (measured). Here a
client belongs to nobody; requests are signed with the keys of the scope in force.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import botocore
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, ConfigChainFactory
from botocore.credentials import CredentialProvider, CredentialResolver
from botocore.loaders import Loader
from botocore.session import Session
from botocore.utils import parse_timestamp, validate_region_name

import healthcheck
from healthcheck.aws.parsing import CarefulParsers
from healthcheck.aws.regions import Regions
from healthcheck.aws.scope import ScopedCredentials
from healthcheck.aws.settings import EndpointSettings
from healthcheck.aws.transport import CONNECT_SECONDS, CONNECTIONS, READ_SECONDS, Transports

GLOBAL = frozenset({"iam"})
"""Services with one address in a partition."""

USER_AGENT = f"sagemaker-healthcheck/{healthcheck.__version__} Botocore/{botocore.__version__}"
"""Fixed: botocore builds its own twice for each call, a sixth of a call's CPU."""


@dataclass(frozen=True, slots=True)
class ClientKey:
    """What tells clients apart."""

    service: str
    region: str
    partition: str
    settings: EndpointSettings


Attach = Callable[[Any, ClientKey], None]
"""Puts the guard and its companions onto a new client."""


class Clients:
    """All clients of the process.

    Args:
        loader: botocore's models.
        regions: what is known of regions.
        attach: called with each new client.
    """

    def __init__(self, loader: Loader, regions: Regions, attach: Attach) -> None:
        self._loader = loader
        self._regions = regions
        self._attach = attach
        self._transports = Transports()
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, EndpointSettings], Any] = {}
        self._sessions: dict[EndpointSettings, Session] = {}

    def client(self, service: str, region: str, settings: EndpointSettings) -> Any:
        """Return the client, made at the first call.

        Raises:
            InvalidRegionError: the region's name makes no address.
            ValueError: a configured endpoint URL is no URL.
        """
        client = self._clients.get((service, region, settings))
        if client is None:
            with self._lock:
                client = self._clients.get((service, region, settings))
                if client is None:
                    client = self._find_or_make(service, region, settings)
                    self._clients[service, region, settings] = client
        return client

    def keep(self, places: Collection[tuple[str, EndpointSettings]], gone: Collection[str]) -> None:
        """Forget the clients that no target needs any more.

        Their connections are shared with others, and close when they have been idle.

        Args:
            places: region and endpoint settings of each target.
            gone: regions that had a target, and may have one no more. A client in a region that never had one (a
                bucket may be anywhere) goes with its endpoint settings only.
        """
        settings_kept = {settings for _, settings in places}
        homes = {(self._regions.home(self._regions.partition(region)), settings) for region, settings in places}
        with self._lock:
            for service, region, settings in list(self._clients):
                is_needed = (region, settings) in places or (service in GLOBAL and (region, settings) in homes)
                if settings not in settings_kept or (region in gone and not is_needed):
                    del self._clients[service, region, settings]
            self._sessions = {key: session for key, session in self._sessions.items() if key in settings_kept}

    def __len__(self) -> int:
        """Count the clients that there really are."""
        return len({id(client) for client in self._clients.values()})

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
            self._transports.close()

    def _find_or_make(self, service: str, region: str, settings: EndpointSettings) -> Any:
        validate_region_name(region)
        partition = self._regions.partition(region)
        place = self._regions.home(partition) if service in GLOBAL else region
        shared = self._clients.get((service, place, settings))
        if shared is not None:
            return shared
        client = self._make(ClientKey(service, place, partition, settings))
        self._clients[service, place, settings] = client
        return client

    def _make(self, key: ClientKey) -> Any:
        settings = key.settings
        client: Any = self._session(settings).create_client(
            key.service,
            region_name=key.region,
            endpoint_url=settings.override(key.service),
            verify=settings.ca_bundle,
            config=_config(settings),
        )
        session = self._transports.session(client.meta.endpoint_url, settings.ca_bundle)
        if session is not None:
            client._endpoint.http_session = session  # noqa: SLF001 # botocore has no argument for it
        self._attach(client, key)
        return client

    def _session(self, settings: EndpointSettings) -> Session:
        if settings not in self._sessions:
            self._sessions[settings] = _neutral_session(self._loader, settings)
        return self._sessions[settings]


def _config(settings: EndpointSettings) -> Config:
    config: Any = Config  # botocore's stubs do not know all of its arguments
    made: Config = config(
        user_agent=USER_AGENT,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=CONNECTIONS,
        # We ask again ourselves, in turn with everybody else and within the deadline.
        retries={"mode": "standard", "total_max_attempts": 1},
        # With the bucket in the path, all buckets of a region share connections.
        s3={**dict(settings.s3), "use_accelerate_endpoint": False, "addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        use_fips_endpoint=settings.use_fips,
        use_dualstack_endpoint=settings.use_dualstack,
        ignore_configured_endpoint_urls=True,  # they are settings, given explicitly
        account_id_endpoint_mode="disabled",
    )
    return made


def instant(value: Any) -> datetime:
    """Read a timestamp of an answer: botocore's own way to one in ISO form is ten times as long."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            read = datetime.fromisoformat(value)
            if read.tzinfo is not None:
                return read
    parsed: datetime = parse_timestamp(value)
    return parsed


class _Scoped(CredentialProvider):
    """Gives every client the credentials of whichever scope is in force."""

    METHOD = "healthcheck"

    def load(self) -> ScopedCredentials:
        """Return them."""
        return ScopedCredentials()


def _neutral_session(loader: Loader, settings: EndpointSettings) -> Session:
    """Make a session that reads neither files nor environment: all that matters stands in the settings."""
    session = Session(profile="default")
    store = session.get_component("config_store")
    chains = ConfigChainFactory(session=session, environ={})
    for name, (in_file, variable, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items():
        store.set_config_provider(
            name,
            chains.create_config_chain(
                instance_name=name,
                env_var_names=variable,
                config_property_names=in_file,
                default=default,
                conversion_func=convert,
            ),
        )
    session.set_config_variable("config_file", os.devnull)
    session.set_config_variable("credentials_file", os.devnull)
    session.set_config_variable("sts_regional_endpoints", settings.sts_regional_endpoints)
    config: Any = session.full_config
    config["profiles"]["default"] = {}
    session.register_component("data_loader", loader)
    parsers = CarefulParsers()
    parsers.set_parser_defaults(timestamp_parser=instant)
    session.register_component("response_parser_factory", parsers)
    session.register_component("credential_provider", CredentialResolver([_Scoped()]))
    return session
