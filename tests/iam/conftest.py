"""How long and how randomly the properties are searched for counter-examples."""

from __future__ import annotations

import os

from hypothesis import settings

# No deadline: the machine is shared. On CI the same examples each time, so that a change is judged by what it changes;
# at a desk new ones, and more with HYPOTHESIS_EXAMPLES.
settings.register_profile(
    "iam",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "100")),
)
settings.load_profile("iam")
