"""What every built-in check is shown, and what it must come to: the tables behind tests/test_contract.py.

One module for each module of checks; a new one is found by being there.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence

from healthcheck.testing import Case

CASES: Mapping[str, Sequence[Case]] = {
    check_id: cases
    for module in pkgutil.iter_modules(__path__)
    for check_id, cases in importlib.import_module(f"{__name__}.{module.name}").CASES.items()
}
"""By the check's id."""
