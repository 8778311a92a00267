"""The addresses that botocore itself would call, from its own endpoint rules, without making clients for them."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from botocore.args import LEGACY_GLOBAL_STS_REGIONS
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader
from botocore.utils import get_environ_proxies, validate_region_name

from healthcheck.aws.clients import GLOBAL
from healthcheck.aws.profiles import Profile
from healthcheck.aws.regions import Regions
from healthcheck.aws.settings import REPORTED, EndpointSettings
from healthcheck.capabilities import Endpoint


class Endpoints:
    """Works out addresses, each once."""

    def __init__(self, loader: Loader, regions: Regions) -> None:
        self._loader = loader
        self._regions = regions
        self._lock = threading.Lock()
        self._providers: dict[str, EndpointProvider] = {}
        self._known: dict[tuple[str, EndpointSettings], tuple[tuple[str, str | None], ...]] = {}

    def of(self, region: str, profile: Profile) -> tuple[Endpoint, ...]:
        """Return the addresses of the services that a working set-up needs.

        Raises:
            InvalidRegionError: the region's name makes no address.
            EndpointProviderError: botocore's rules have no address for it.
        """
        validate_region_name(region)
        settings = profile.settings
        with self._lock:
            if (region, settings) not in self._known:
                urls = (self._url(service, region, settings) for service in REPORTED)
                # Proxies too: to look for them is to walk the whole environment, 1 ms for the seven.
                self._known[region, settings] = tuple((url, _proxy(url)) for url in urls)
            known = self._known[region, settings]
        return tuple(
            _endpoint(service, url, proxy, profile) for service, (url, proxy) in zip(REPORTED, known, strict=True)
        )

    def _url(self, service: str, region: str, settings: EndpointSettings) -> str:
        override = settings.override(service)
        if override is not None and not _is_address(override):
            # botocore's rules would blame the region; the look at it says what is wrong.
            return _shown(override)
        s3 = dict(settings.s3)
        place = self._regions.home(self._regions.partition(region)) if service in GLOBAL else region
        wanted: dict[str, Any] = {
            "Region": place,
            "UseFIPS": settings.use_fips and override is None,
            "UseDualStack": (settings.use_dualstack or (service == "s3" and bool(s3.get("use_dualstack_endpoint"))))
            and override is None,
            "Endpoint": override,
            "UseGlobalEndpoint": _is_global(service, region, settings, s3),
            "ForcePathStyle": True,
        }
        provider = self._provider(service)
        parameters = provider.ruleset.parameters
        return str(
            provider.resolve_endpoint(
                **{name: value for name, value in wanted.items() if name in parameters and value is not None}
            ).url
        )

    def _provider(self, service: str) -> EndpointProvider:
        if service not in self._providers:
            rules = self._loader.load_service_model(service, "endpoint-rule-set-1")
            self._providers[service] = EndpointProvider(rules, self._regions.data)
        return self._providers[service]


def _is_global(service: str, region: str, settings: EndpointSettings, s3: dict[str, Any]) -> bool:
    """Whether botocore uses the address without a region: S3 in us-east-1, STS where it is told to."""
    if service == "s3":
        return region == "us-east-1" and s3.get("us_east_1_regional_endpoint", "legacy") == "legacy"
    has_variant = settings.use_fips or settings.use_dualstack or settings.override("sts") is not None
    return (
        service == "sts"
        and settings.sts_regional_endpoints == "legacy"
        and region in LEGACY_GLOBAL_STS_REGIONS
        and not has_variant
    )


def _is_address(url: str) -> bool:
    """Whether botocore can build requests on a URL: it takes no query."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query and parts.port != 0
    except ValueError:  # a port that is no number, brackets that do not match
        return False


def _shown(override: str) -> str:
    """Return what stands in place of an address, without its secrets, and so that it can be taken apart."""
    shown, has_query, _ = override.rpartition("@")[2].partition("?")
    try:
        _ = urlsplit(shown).port
    except ValueError:
        shown = shown.partition("//")[2]
    return f"{shown}?…" if has_query else shown


def _proxy(url: str) -> str | None:
    proxy = get_environ_proxies(url).get(urlsplit(url).scheme)
    return without_password(proxy) if proxy else None


def _endpoint(service: str, url: str, proxy: str | None, profile: Profile) -> Endpoint:
    return Endpoint(
        service=service,
        url=url,
        proxy=proxy,
        ca_bundle=profile.settings.ca_bundle,
        overridden_by=profile.named_by.get(service),
    )


def without_password(proxy: str) -> str:
    """Return a proxy's URL as it may be shown; a proxy without a scheme is an HTTP proxy to botocore."""
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy.removeprefix('//')}")
    user = f"{parts.username}@" if parts.username else ""
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, user + host, parts.path, "", ""))
