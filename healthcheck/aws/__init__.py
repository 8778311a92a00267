"""The gateway to AWS: the only package that imports boto3 or botocore, and it does so late.

`healthcheck.aws.errors` works without them; `Gateway` imports them when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from healthcheck.aws.errors import TooManyCalls, Unresolved, classify

if TYPE_CHECKING:
    from healthcheck.aws.gateway import Gateway

__all__ = ["Gateway", "TooManyCalls", "Unresolved", "classify"]


def __getattr__(name: str) -> Any:
    """Import the gateway, and botocore with it, at its first use: ``--help`` needs neither."""
    if name == "Gateway":
        from healthcheck.aws.gateway import Gateway  # noqa: PLC0415 # see above

        return Gateway
    raise AttributeError(name)
