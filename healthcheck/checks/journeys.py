"""How far a connection to one of AWS's addresses got, and what stopped it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from shlex import quote
from urllib.parse import urlsplit

from healthcheck.capabilities import Endpoint, Reach
from healthcheck.errors import FailureKind
from healthcheck.result import Evidence, Fix, Result, critical, ok, unknown, warning
from healthcheck.target import Purpose, Target

_REGION_IN_HOST = re.compile(
    r"(?:^|\.)(?P<region>[a-z]{2,4}(?:-[a-z]+)+-\d)\.(?:amazonaws|api\.aws|amazonaws\.eu)", re.ASCII
)

_REASONS = {"url": "bad_url"}

# In the order in which it pays to know: the first that fails names what all need.
_ORDER = ("sts", "sagemaker", "s3", "sagemaker-runtime", "iam", "logs", "ecr")
_NEEDED = frozenset({"sts", "sagemaker", "s3"})

# What is at fault where all addresses fail at the same step: not each of them, but what lies before them all.
_BEFORE_ALL = {
    "dns": ("name lookup on this host", "no address of AWS can be looked up"),
    "tcp": ("way from this host to AWS", "no connection to AWS can be made"),
    "tls": ("certificates that this host is shown", "none of AWS's addresses shows one that is accepted"),
}


@dataclass(frozen=True, slots=True)
class Journey:
    """One address, and the services that live there (all of them, where one variable replaces every address)."""

    one: Endpoint
    host: str
    services: tuple[str, ...]


def distinct(endpoints: Iterable[Endpoint]) -> tuple[Journey, ...]:
    """Group endpoints by host, those that matter most first."""
    by_host: dict[str, list[Endpoint]] = {}
    for endpoint in sorted(endpoints, key=_rank):
        by_host.setdefault(_host(endpoint.url), []).append(endpoint)
    return tuple(Journey(found[0], host, tuple(item.service for item in found)) for host, found in by_host.items())


def before_all(journeys: Sequence[Journey], reached: Sequence[Reach]) -> str | None:
    """Return the step at which all addresses fail alike, so that what lies before them all is at fault; else none."""
    if len(journeys) == 1 or any(journey.one.overridden_by for journey in journeys):
        return None
    ways = {(reach.failed_step, reach.issuer, any(map(_is_private, reach.addresses))) for reach in reached}
    if len(ways) > 1:
        return None
    ((step, _issuer, is_private),) = ways
    # Private addresses are those of VPC endpoints, each with a security group of its own.
    return step if step in _BEFORE_ALL and not is_private else None


def judge(
    journey: Journey, reach: Reach, target: Target, *, known_regions: Collection[str], shared: str | None = None
) -> Result:
    """Say whether AWS answered, and if not, which step failed and what mends that step.

    Args:
        journey: the address.
        reach: how far a connection got.
        target: whose address it is.
        known_regions: those that AWS's SDK knows.
        shared: the step that `before_all` blames in place of the address.
    """
    evidence = _evidence(journey, reach)
    if reach.failed_step is None:
        return _answered(journey, reach, target, evidence)
    subject, fix = _blame(journey, reach, target, known_regions)
    if reach.failed_step == "time":
        return _out_of_time(journey, reach, evidence)
    steps = {
        "url": "it is no URL of the form https://HOST or http://HOST:PORT",
        "dns": "its name cannot be looked up",
        "proxy": f"the proxy {journey.one.proxy} does not lead there",
        "tcp": "no connection can be made",
        "tls": "its certificate is not accepted",
        "http": "a connection was made, but no HTTP answer came",
    }
    said = f": {reach.error}" if reach.error else ""
    sentence = f"{journey.host} ({', '.join(journey.services)}): {steps[reach.failed_step]}{said}"
    if shared and subject == journey.host:
        subject, all_told = _BEFORE_ALL[shared]
        sentence = f"{subject}: {all_told}, {journey.host} ({', '.join(journey.services)}) for one{said}"
    verdict = critical if _is_needed(journey, target) else warning
    return verdict(
        subject, sentence, reason=_REASONS.get(reach.failed_step, reach.failed_step), fix=fix, evidence=evidence
    )


def _out_of_time(journey: Journey, reach: Reach, evidence: Evidence) -> Result:
    return unknown(
        journey.host,
        f"{journey.host} ({', '.join(journey.services)}): the look's time was over before anything could be told: "
        f"{reach.error}",
        reason=FailureKind.TIMED_OUT.value,
        fix=Fix(
            "Wait: it is looked at again by itself. If it stays, see which of its addresses answer slowly.",
            (f"getent ahosts {journey.host}", f"nc -vz {journey.host} 443"),
        ),
        evidence=evidence,
    )


def _answered(journey: Journey, reach: Reach, target: Target, evidence: Evidence) -> Result:
    found = _REGION_IN_HOST.search(journey.host)
    override = journey.one.overridden_by
    if override and found and target.region and found["region"] != target.region:
        return warning(
            journey.host,
            f"{journey.host}: {override} sends {', '.join(journey.services)} to {found['region']}, "
            f"but the target's region is {target.region}",
            reason="endpoint_override",
            fix=Fix(f"Remove the left-over {override}.", _unset(override)),
            evidence=evidence,
        )
    how = f", in place of AWS's own address ({override})" if override else ""
    return ok(
        journey.host,
        f"{journey.host} ({', '.join(journey.services)}): answers in {reach.seconds:.2f} s{how}",
        evidence=evidence,
    )


def _blame(journey: Journey, reach: Reach, target: Target, known_regions: Collection[str]) -> tuple[str, Fix]:
    """Name what is broken: a proxy or a file of authorities is one subject, whichever host it was met on."""
    endpoint, host = journey.one, journey.host
    if reach.failed_step == "proxy" and endpoint.proxy:
        return f"proxy {endpoint.proxy}", Fix(
            "Correct the proxy, or exempt AWS's addresses from it.",
            (f"curl -v --proxy {quote(endpoint.proxy)} https://{host}/", f"export NO_PROXY={host},169.254.169.254"),
        )
    if endpoint.overridden_by:
        return host, Fix(
            f"{endpoint.overridden_by} replaces AWS's own address; remove it if it is a left-over.",
            _unset(endpoint.overridden_by),
        )
    if reach.failed_step == "tls":
        return _blame_tls(endpoint, reach, host)
    if reach.failed_step == "dns":
        return host, _lookup_fix(host, target, known_regions)
    private = [address for address in reach.addresses if _is_private(address)]
    if private:
        return host, Fix(
            "The name leads to a VPC endpoint: let its security group accept port 443 from this host.",
            (
                "aws ec2 describe-vpc-endpoints --query 'VpcEndpoints[].[ServiceName,State,Groups]'",
                f"nc -vz {host} 443",
            ),
        )
    return host, Fix(
        "Open port 443 to that host in the firewall, or give the subnet a NAT gateway or a VPC endpoint.",
        (f"nc -vz {host} 443", f"curl -v https://{host}/"),
    )


def _blame_tls(endpoint: Endpoint, reach: Reach, host: str) -> tuple[str, Fix]:
    show = f"openssl s_client -connect {host}:443 -servername {host} </dev/null | openssl x509 -noout -issuer"
    if endpoint.ca_bundle and not re.search(r"CERTIFICATE_VERIFY_FAILED|certificate verify failed", reach.error or ""):
        return f"certificate authorities {endpoint.ca_bundle}", Fix(
            "The file of certificate authorities is missing, empty or not PEM; correct AWS_CA_BUNDLE (or ca_bundle).",
            (f"openssl x509 -in {quote(endpoint.ca_bundle)} -noout -subject", "unset AWS_CA_BUNDLE REQUESTS_CA_BUNDLE"),
        )
    between = f" ({reach.issuer} issued it)" if reach.issuer else ""
    return host, Fix(
        f"Something between here and AWS shows a certificate of its own{between}: trust its authority by AWS_CA_BUNDLE "
        "(the SDK does not read SSL_CERT_FILE).",
        (show, "export AWS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt"),
    )


def _lookup_fix(host: str, target: Target, known_regions: Collection[str]) -> Fix:
    look = (f"getent ahosts {host}",)
    if "fips" in host:
        return Fix(
            "No such FIPS address exists in this region; unset the variable, or choose a region that has one.",
            ("unset AWS_USE_FIPS_ENDPOINT", *look),
        )
    if target.region not in known_regions:
        return Fix(f"Check the region {target.region}: it is new, misspelt, or without this service.", look)
    return Fix("Check this host's name server; in a private network, the VPC endpoint's private DNS.", look)


def _evidence(journey: Journey, reach: Reach) -> Evidence:
    evidence: dict[str, object] = {
        "services": list(journey.services),
        "addresses": list(reach.addresses),
        "address_kind": _kind(reach.addresses),
        "seconds": round(reach.seconds, 3),
        "proxy": journey.one.proxy,
        "certificate_issuer": reach.issuer,
        "overridden_by": journey.one.overridden_by,
        "ca_bundle": journey.one.ca_bundle,
    }
    return {name: value for name, value in evidence.items() if value is not None}  # type: ignore[misc]


def _kind(addresses: tuple[str, ...]) -> str | None:
    """Tell a VPC endpoint with private DNS from the public address."""
    if not addresses:
        return None
    return "private" if all(_is_private(address) for address in addresses) else "public"


def _is_private(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_private
    except ValueError:
        return False


def _is_needed(journey: Journey, target: Target) -> bool:
    needed = _NEEDED | ({"sagemaker-runtime"} if Purpose.HOSTING in target.purposes else frozenset())
    return not needed.isdisjoint(journey.services)


def _unset(override: str) -> tuple[str, ...]:
    """A variable can be unset; a line of the configuration file must be taken out by hand."""
    return (f"unset {override}",) if re.fullmatch(r"[A-Z0-9_]+", override) else ("grep -n endpoint_url ~/.aws/config",)


def _host(url: str) -> str:
    parts = urlsplit(url)
    return parts.hostname or url if parts.port in (None, 443, 80) else f"{parts.hostname}:{parts.port}"


def _rank(endpoint: Endpoint) -> int:
    return _ORDER.index(endpoint.service) if endpoint.service in _ORDER else len(_ORDER)
