"""Every check in the registry keeps the promises that all checks make."""

from __future__ import annotations

import pytest

from healthcheck.check import Check
from healthcheck.engine.discovery import discover
from healthcheck.testing import assert_contract
from tests.cases import CASES

CHECKS = tuple(discover().registry)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_keeps_the_contract(check: Check) -> None:
    assert_contract(check, CASES[check.id])


def test_every_check_has_cases_and_every_case_a_check() -> None:
    assert {check.id for check in CHECKS if check.origin.startswith("healthcheck.checks.")} == set(CASES)
