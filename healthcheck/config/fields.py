"""The keys of a settings file: one table for reading them, for their JSON Schema and for their documentation."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from healthcheck.config.kinds import (
    ANY_TEXT,
    BOOLEAN,
    Kind,
    concealed,
    interval,
    listing,
    members,
    optional,
    scalar,
    text,
    whole_number,
    word,
)
from healthcheck.config.nodes import Node, Scalar
from healthcheck.target import Purpose

RESERVED_LABELS = frozenset({"target", "account", "region"})
"""Labels that ``target_info`` has already."""

# What an ARN of anything looks like. Stricter would be wrong here: an ARN of the wrong kind, account or
# partition, and a placeholder inside one, are met by role.configured, which explains each and harms no other target.
_ARN_OUTLINE = r"arn:[^:\s]*:[^:\s]*:[^:\s]*:[^:\s]*:\S+"
_IDS = "a list of ids"
_ROLE_EXAMPLE = "arn:aws:iam::111122223333:role/NAME"


@dataclass(frozen=True, slots=True)
class Field:
    """One key."""

    kind: Kind[Any]
    doc: str


def _account_hint(written: str) -> str:
    digits = re.sub(r"[-\s]", "", written)
    return f"; did you mean {digits}?" if re.fullmatch(r"[0-9]{12}", digits) else ""


def _bucket_hint(written: str) -> str:
    name = re.fullmatch(r"(?:s3://|arn:[a-z-]+:s3:::)([A-Za-z0-9._-]+)(?:/.*)?", written)
    return f"; did you mean {name[1]}?" if name else ""


def _location_hint(written: str) -> str:
    name = re.fullmatch(r"(?:arn:[a-z-]+:s3:::)?([a-z0-9.-]{3,63})((?:/.*)?)", written)
    return f"; did you mean s3://{name[1]}{name[2]}?" if name else ""


def _key_hint(written: str) -> str:
    if written.startswith("alias/") or ":alias/" in written:
        return "; an alias can come to mean another key, and its key's ARN is in `aws kms describe-key --key-id ALIAS`"
    return ""


def _assumable_hint(written: str) -> str:
    if ":assumed-role/" in written:
        return "; this is the ARN of a session, and the role's own ARN is in IAM"
    return ""


def _role(written: str) -> str:
    if not re.fullmatch(_ARN_OUTLINE, written):
        bare = written.strip("[]<>\"' ")
        raise ValueError(f"; did you mean {bare}?" if bare != written and re.fullmatch(_ARN_OUTLINE, bare) else "")
    return written


_STRICT_ROLE = scalar(_role, f"the ARN of a role, such as {_ROLE_EXAMPLE}", {"type": "string", "pattern": _ARN_OUTLINE})


def _read_role(node: Node, label: str) -> str:
    """Return the role; one that the environment names is never refused.

    What stands in the environment is not the file's mistake: the same value without any file reaches
    role.configured, so it does here.
    """
    if isinstance(node, Scalar) and node.is_interpolated and node.text:
        return node.text
    return _STRICT_ROLE.read(node, label)


def listen_address(written: str) -> str:
    """Return an address and port as the server takes them; raise ValueError, with a hint if there is one, otherwise."""
    match = re.fullmatch(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*):(?P<port>[0-9]{1,5})", written)
    if match is None or int(match["port"]) > 65535:  # noqa: PLR2004 - the last port there is
        raise ValueError(f"; did you mean 127.0.0.1:{written}?" if re.fullmatch(r"[0-9]{1,5}", written) else "")
    return written if match["host"] else f"0.0.0.0{written}"  # noqa: S104 - ":9479" says just that


def _read_bucket(node: Node, label: str) -> str | None:
    name = _BUCKET_NAME.read(node, label)
    return None if name == "none" else name


_BUCKET_NAME = text(r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}", "default, none, or the name of a bucket", hint=_bucket_hint)
_NAME = text(
    r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}",
    "a name of at most 100 letters, digits, dots, underscores and hyphens, beginning with a letter or digit",
)
_ACCOUNT = replace(
    text(r"[0-9]{12}", "12 digits, such as 111122223333", hint=_account_hint),
    # Without quotes it is a number to an editor, and a wrong one if it begins with a zero.
    schema={
        "anyOf": [
            {"type": "string", "pattern": r"^[0-9]{12}$"},
            {"type": "integer", "minimum": 10**11, "maximum": 10**12 - 1},
            {"$ref": "#/$defs/variable"},
        ]
    },
)
_REGION = text(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", "the name of a region, such as eu-west-1")

_LOCATION = text(
    r"s3://[A-Za-z0-9][A-Za-z0-9._-]{2,254}(?:/[^\x00-\x1f]*)?",
    "an address such as s3://bucket/prefix/",
    hint=_location_hint,
)
_KEY = text(
    r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+",
    "the ARN of a KMS key, such as arn:aws:kms:eu-west-1:111122223333:key/ID",
    hint=_key_hint,
)
_IMAGE = text(
    r"[0-9]{12}\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/[a-z0-9][a-z0-9._/-]*(?:[:@][A-Za-z0-9._:-]+)?",
    "an image in ECR, such as 111122223333.dkr.ecr.eu-west-1.amazonaws.com/churn:2",
)
_CALLER = text(
    r"self|none|arn:aws[a-z-]*:(?:iam::[0-9]{12}:(?:user|role)|sts::[0-9]{12}:assumed-role)/[A-Za-z0-9+=,.@_/-]+",
    "self, none, or the ARN of a user or role",
)

_EXTERNAL_ID = "2 to 1,224 letters, digits and characters of _+=,.@:/-"

SOURCE_FIELDS: dict[str, Field] = {
    "arn": Field(
        text(
            r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+",
            f"the ARN of a role, such as {_ROLE_EXAMPLE}",
            hint=_assumable_hint,
        ),
        "The role to assume (required).",
    ),
    "external_id": Field(
        concealed(text(r"[A-Za-z0-9_+=,.@:/-]{2,1224}", _EXTERNAL_ID), _EXTERNAL_ID),
        "The external id that the role's trust policy asks for.",
    ),
    "session_name": Field(
        text(r"[A-Za-z0-9_+=,.@-]{2,64}", "2 to 64 letters, digits and characters of _+=,.@-"),
        "The name under which CloudTrail shows the session.",
    ),
}

TARGET_FIELDS: dict[str, Field] = {
    "name": Field(_NAME, "The target's name (required); each region of it is then called name/region."),
    "profile": Field(
        text(r"[^\x00-\x1f]{1,256}", "the name of a profile of the shared AWS files"),
        "The profile whose credentials are used; left out = the ambient chain.",
    ),
    "account": Field(
        _ACCOUNT,
        "The account that we expect to be in.",
    ),
    "regions": Field(
        listing(_REGION, expected="a list such as [us-east-1, eu-west-1]"),
        "One target is watched in each; left out = the region of the profile or environment.",
    ),
    "role": Field(Kind(_read_role, _STRICT_ROLE.schema), "The ARN of the role that SageMaker assumes."),
    "bucket": Field(
        Kind(_read_bucket, _BUCKET_NAME.schema, lambda name: "none" if name is None else str(name)),
        "A bucket's name, default (sagemaker-REGION-ACCOUNT), or none.",
    ),
    "purposes": Field(
        listing(members(Purpose), expected="a list such as [training, hosting]"),
        "What the target is for; decides which permissions matter.",
    ),
    "reads": Field(
        listing(_LOCATION, expected="a list such as [s3://acme-data/train/]"),
        "What jobs read beside the bucket.",
    ),
    "writes": Field(
        listing(_LOCATION, expected="a list such as [s3://acme-models/churn/]"),
        "What jobs write, and read again, beside the bucket.",
    ),
    "images": Field(
        listing(_IMAGE, expected="a list of images"),
        "The images that jobs run; left out = any of this account and of AWS.",
    ),
    "output_keys": Field(
        listing(_KEY, expected="a list of ARNs of KMS keys"),
        "The KMS keys with which jobs encrypt what they write, if they name one.",
    ),
    "volume_keys": Field(
        listing(_KEY, expected="a list of ARNs of KMS keys"),
        "The KMS keys that encrypt the disks of jobs and endpoints, if they name one.",
    ),
    "subnets": Field(
        listing(text(r"subnet-[0-9a-f]{8,17}", "the id of a subnet, such as subnet-0123456789abcdef0"), expected=_IDS),
        "The subnets in which jobs run; left out = jobs run in no VPC of yours.",
    ),
    "security_groups": Field(
        listing(text(r"sg-[0-9a-f]{8,17}", "the id of a security group, such as sg-0123456789abcdef0"), expected=_IDS),
        "The security groups of jobs that run in those subnets.",
    ),
    "caller": Field(
        _CALLER,
        "Who starts jobs: the ARN of a user or role; self = whoever the credentials belong to; none = nobody here. "
        "Left out = self, unless that identity may start nothing at all.",
    ),
}
"""The simple keys of a target; ``assume_role``, ``labels`` and ``checks`` are mappings of their own."""

CHECK_FIELDS: dict[str, Field] = {
    "enabled": Field(BOOLEAN, "Whether the check runs."),
    "every": Field(interval(timedelta(seconds=1)), "How often it runs."),
    "timeout": Field(interval(timedelta(seconds=1)), "The time after which a run is given up."),
}

DAEMON_FIELDS: dict[str, Field] = {
    "listen": Field(
        scalar(
            listen_address,
            "an address and a port, such as 127.0.0.1:9479",
            {"type": "string", "pattern": ":[0-9]{1,5}$"},
        ),
        "Where metrics, page and API are served; loopback unless told otherwise.",
    ),
    "workers": Field(whole_number(1, 1024), "How many checks run at one moment."),
    "failures_to_fail": Field(whole_number(1, 100), "Looks in a row until a worse status stands."),
    "successes_to_recover": Field(whole_number(1, 100), "Looks in a row until a better status stands."),
    "confirm_after": Field(interval(timedelta(seconds=1)), "How soon a differing status is looked at again."),
    "log_format": Field(word(("auto", "json", "console")), "auto = console on a terminal, else JSON."),
    "log_level": Field(word(("debug", "info", "warning", "error")), "The least severe events that are logged."),
    "log_check_finished": Field(
        word(("auto", "info", "debug")),
        "The level of one line per run; auto = info in JSON of up to 50 targets, else debug.",
    ),
    "enable_lifecycle": Field(
        BOOLEAN, "Whether POST requests from this machine may reload the settings and run targets without a password."
    ),
    "web_config": Field(
        optional(scalar(Path, "the name of a file", {"type": "string"})),
        "TLS, client certificates, passwords and headers: a file in the web.config.yml format of Prometheus.",
    ),
    "shutdown_after": Field(interval(timedelta(seconds=1)), "The time after which stopping waits for no check."),
}

LABEL_VALUE: Kind[str] = ANY_TEXT
LABEL_NAME = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]*")
CHECK_PATTERN = re.compile(r"\*|[a-z][a-z0-9_]*\.\*|[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
