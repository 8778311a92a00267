"""AWS's command line, as far as our remedies use it: each command is one call, its options the call's parameters."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

import boto3
from botocore import xform_name

_SERVICES = {"s3api": "s3"}


def run(command: str, session: boto3.session.Session, url: str) -> None:
    """Make the call that a command stands for."""
    program, service, operation, *options = shlex.split(command)
    assert program == "aws", command
    make: Any = session.client
    client = make(_SERVICES.get(service, service), endpoint_url=url)
    method = operation.replace("-", "_")
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
    members = {xform_name(name, "-"): (name, shape) for name, shape in model.input_shape.members.items()}
    getattr(client, method)(**dict(_parameters(options, members, command)))


def _parameters(options: list[str], members: Mapping[str, Any], command: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    waiting = list(options)
    while waiting:
        flag = waiting.pop(0)
        assert flag.startswith("--"), command
        name, shape = members[flag[2:]]
        if shape.type_name == "boolean":
            found.append((name, True))
            continue
        text = waiting.pop(0)
        found.append((name, json.loads(text) if shape.type_name in {"structure", "list"} else text))
    return found
