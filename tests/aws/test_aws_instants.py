"""Timestamps of answers, read as botocore reads them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.utils import parse_timestamp

from healthcheck.aws.clients import instant


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.123Z",
        "2026-01-01T00:00:00+02:00",
        "2026-01-01",
        "20260101",
        "Thu, 01 Jan 2026 00:00:00 GMT",
        "1767225600.5",
        1767225600,
        1767225600.5,
    ],
)
def test_every_form_means_what_it_means_to_botocore(value: Any) -> None:
    expected = parse_timestamp(value)

    assert instant(value) == expected
    assert instant(value).utcoffset() == expected.utcoffset()


def test_what_is_no_timestamp_is_refused_as_botocore_refuses_it() -> None:
    with pytest.raises(ValueError, match="Invalid timestamp"):
        instant("yesterday")
