"""What every built-in check is shown, and what it must come to: the tables behind tests/test_contract.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cases import bucket, credentials, network, region, role
from healthcheck.testing import Case

CASES: Mapping[str, Sequence[Case]] = {
    **credentials.CASES,
    **region.CASES,
    **network.CASES,
    **role.CASES,
    **bucket.CASES,
}
"""By the check's id."""
