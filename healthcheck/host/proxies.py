"""The way through an HTTP proxy."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, with the words that it wants to hear; its text shows none of them."""

    scheme: str
    host: str
    port: int
    authorization: str | None = field(repr=False)
    """The value of the header Proxy-Authorization."""


def proxy_of(url: str, environ: Mapping[str, str]) -> Proxy:
    """Return the proxy that a shown URL stands for; its password, never shown, is looked for in the environment."""
    shown = urlsplit(url)
    full = next(
        (
            parts
            for name, value in environ.items()
            if name.lower().endswith("_proxy") and (parts := _parts(value)) is not None and _same(parts, shown)
        ),
        shown,
    )
    authorization = None
    if full.username and full.password:
        pair = f"{unquote(full.username)}:{unquote(full.password)}".encode()
        authorization = f"Basic {base64.b64encode(pair).decode()}"
    return Proxy(shown.scheme, shown.hostname or "", shown.port or _PORTS.get(shown.scheme, 80), authorization)


def _parts(value: str) -> SplitResult | None:
    parts = urlsplit(value if "://" in value else f"http://{value}")
    return parts if parts.hostname else None


def _same(full: SplitResult, shown: SplitResult) -> bool:
    try:
        return (full.scheme, full.username, full.hostname, full.port) == (
            shown.scheme,
            shown.username,
            shown.hostname,
            shown.port,
        )
    except ValueError:  # a NO_PROXY, or another variable that ends so, holds no port
        return False
