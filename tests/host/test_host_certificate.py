"""Issuers, read from certificates that nobody has verified."""

from __future__ import annotations

import pytest

from healthcheck.host.certificate import issuer
from tests.authorities import Authority


def test_the_issuers_organisation_is_read(authority: Authority) -> None:
    assert issuer(authority.der) == "Example Corp"


def test_an_issuer_without_an_organisation_goes_by_its_common_name(nameless_authority: Authority) -> None:
    assert issuer(nameless_authority.der) == "Example Root"


@pytest.mark.parametrize("der", [b"", b"\x30", b"\x30\x82\xff\xff", b"hello world", b"\x30\x03\x30\x01\x02"])
def test_what_is_no_certificate_has_no_issuer(der: bytes) -> None:
    assert issuer(der) is None


def test_a_certificate_cut_short_anywhere_never_raises(authority: Authority) -> None:
    assert {issuer(authority.der[:length]) for length in range(len(authority.der))} == {None}
