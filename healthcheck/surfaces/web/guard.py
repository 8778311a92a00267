"""What protects the server: a value that is replaced whole, never changed."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Guard:
    """Who is let in, over what, with which headers on the way out."""

    context: ssl.SSLContext | None = None
    """For connections that begin now; none = plain HTTP."""
    demands_certificate: bool = False
    """Whether nobody is let in without a certificate of the authority that is named."""
    allowed_names: frozenset[str] = frozenset()
    """One of these must stand in a client's certificate; none = any will do."""
    users: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """Names and bcrypt hashes; none = no password is asked for."""
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """In place of the usual ones, by names in lower case."""

    @property
    def scheme(self) -> str:
        """Of the addresses that lead here."""
        return "https" if self.context else "http"

    @property
    def demands_anything(self) -> bool:
        """Whether a stranger is turned away."""
        return self.demands_certificate or bool(self.users)

    def admits(self, certificate: Mapping[str, object] | None) -> bool:
        """Whether a client's certificate, as `ssl.SSLObject.getpeercert` gives it, has a name that is allowed."""
        if not self.allowed_names:
            return True
        return any(name in self.allowed_names for name in names_in(certificate or {}))


OPEN = Guard()
"""What there is without a web configuration: everybody who reaches us is let in."""


def names_in(certificate: Mapping[str, object]) -> Iterable[str]:
    """Yield a certificate's alternative names: DNS names, e-mail addresses, IP addresses and URIs."""
    found = certificate.get("subjectAltName", ())
    for kind, name in found if isinstance(found, tuple) else ():
        if kind == "IP Address":
            # OpenSSL writes all eight groups of an IPv6 address; settings have its short form.
            yield str(ipaddress.ip_address(name.strip()))
        elif kind in {"DNS", "email", "URI"}:
            yield name
