"""Signature Version 4, verified as AWS does it.

Written from AWS's description ("Create a signed AWS API request", read 2026-11-22) rather than with botocore's
signer, so that a mistake in one is not repeated in the other.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

from healthcheck.testing.world.requests import Authorization, Call

TOLERANCE = timedelta(minutes=5)
TOLERANCE_S3 = timedelta(minutes=15)


def matches(call: Call, authorization: Authorization, secret: str) -> bool:
    """Whether a call was signed with this secret key."""
    expected = hmac.new(
        _signing_key(authorization, secret), _string_to_sign(call, authorization).encode(), hashlib.sha256
    )
    return hmac.compare_digest(expected.hexdigest(), authorization.signature)


def signed_at(call: Call) -> datetime | None:
    """Return when the caller's clock says that the call was signed."""
    try:
        return datetime.strptime(call.headers.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _signing_key(authorization: Authorization, secret: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (authorization.date, authorization.region, authorization.service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _string_to_sign(call: Call, authorization: Authorization) -> str:
    hashed = hashlib.sha256(_canonical_request(call, authorization).encode()).hexdigest()
    return "\n".join(("AWS4-HMAC-SHA256", call.headers.get("x-amz-date", ""), authorization.scope, hashed))


def _canonical_request(call: Call, authorization: Authorization) -> str:
    headers = "".join(
        f"{name}:{' '.join(call.headers.get(name, '').split())}\n" for name in authorization.signed_headers
    )
    return "\n".join(
        (
            call.method,
            _canonical_path(call, authorization),
            _canonical_query(call.raw_query),
            headers,
            ";".join(authorization.signed_headers),
            call.headers.get("x-amz-content-sha256") or hashlib.sha256(call.body).hexdigest(),
        )
    )


def _canonical_path(call: Call, authorization: Authorization) -> str:
    # Every service but S3 encodes the path, as it is sent, once more.
    return call.raw_path if authorization.service == "s3" else quote(call.raw_path, safe="/~")


def _canonical_query(raw: str) -> str:
    pairs = (part.partition("=") for part in raw.split("&") if part)
    return "&".join(
        sorted(f"{quote(unquote(name), safe='-_.~')}={quote(unquote(value), safe='-_.~')}" for name, _, value in pairs)
    )
