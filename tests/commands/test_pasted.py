"""Commands to paste."""

from __future__ import annotations

import pytest

from healthcheck.commands.pasted import with_settings
from healthcheck.result import Fix, ok, unknown


@pytest.mark.parametrize(
    ("command", "pasted"),
    [
        ("sagemaker-healthcheck policy", "sagemaker-healthcheck policy --config 'my file.yaml'"),
        (
            "sagemaker-healthcheck run --check role.trust",
            "sagemaker-healthcheck run --check role.trust --config 'my file.yaml'",
        ),
        ("sagemaker-healthcheck run --config x --debug", "sagemaker-healthcheck run --config x --debug"),
        ("sagemaker-healthcheck show role.trust", "sagemaker-healthcheck show role.trust"),
        ("aws iam list-roles", "aws iam list-roles"),
    ],
)
def test_commands_that_read_settings_read_the_same_again(command: str, pasted: str) -> None:
    result = unknown("x", "x: unseen", reason="not_permitted", fix=Fix("Do it.", (command,)))
    changed = with_settings(result, "my file.yaml")
    assert changed.fix is not None
    assert changed.fix.commands == (pasted,)


def test_what_needs_no_mending_stays_as_it_is() -> None:
    result = ok("x", "x: fine")
    assert with_settings(result, "x.yaml") is result
