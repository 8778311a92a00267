"""What answers in AWS's place: captive portals, filtering proxies, whatever listens at a forgotten endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_REQUEST_IDS = ("x-amzn-requestid", "x-amz-request-id")
_ERROR_TYPES = ("x-amzn-errortype", "x-amzn-query-error")
_CODES = (b"<Code>", b"__type", b'"code"', b'"Code"')
"""How AWS's errors name themselves, in its protocols."""
_REDIRECT = 300
_ERROR = 400
_SERVER_ERROR = 500


def impostor(model: Any, status: int, headers: Mapping[str, str], body: bytes) -> str | None:
    """Return why an answer is not AWS's; None where it may be.

    botocore reads a web page as an empty answer of a JSON service, and "nothing found" would look healthy; or as a
    refusal by AWS. Of AWS's own, only load balancers whose service is down speak HTML. An answer to HEAD has no body
    to be known by, but a request's id, as all that AWS answers.

    Args:
        model: botocore's, of the operation.
        status: of HTTP.
        headers: of the answer, in any case of letters.
        body: of the answer.
    """
    if status >= _SERVER_ERROR:
        return None
    if _REDIRECT <= status < _ERROR and model.service_model.service_name == "s3" and not _says_region(headers, body):
        # botocore would ask the same again, to hear the region, and again (tried with 1.44.5).
        return "a redirection came that names no region"
    if any(headers.get(name) for name in _REQUEST_IDS):
        return None
    return _unmarked(model, status, headers, body)


def _unmarked(model: Any, status: int, headers: Mapping[str, str], body: bytes) -> str | None:
    if str(headers.get("Content-Type", "")).startswith("text/html"):
        return "a web page came in place of AWS's answer"
    if model.http.get("method") == "HEAD":
        return "an answer came without the request's id that AWS gives"
    if status >= _REDIRECT and not _says_code(headers, body):
        return f"an error came that is not in AWS's form (HTTP {status})"
    return None


def _says_region(headers: Mapping[str, str], body: bytes) -> bool:
    return bool(headers.get("x-amz-bucket-region")) or b"<Region>" in body


def _says_code(headers: Mapping[str, str], body: bytes) -> bool:
    return any(headers.get(name) for name in _ERROR_TYPES) or any(code in body for code in _CODES)
