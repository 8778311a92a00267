"""Where a policy document stands, and the commands that put a changed one in its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from shlex import quote

from healthcheck.iam import Document
from healthcheck.result import Json

Raw = Mapping[str, Json]
"""A policy document as JSON."""


class Kind(Enum):
    """The kinds of places."""

    INLINE = "inline policy"
    MANAGED = "managed policy"
    BUCKET = "bucket policy"
    KEY = "key policy"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a document was read."""

    kind: Kind
    name: str
    """The policy's name, the managed policy's ARN, the bucket, or the key's ARN."""
    holder: tuple[str, str] = ("", "")
    """For what hangs on a principal: ``("role", name)``, ``("user", name)`` or ``("group", name)``."""

    @property
    def is_aws_managed(self) -> bool:
        """Whether only AWS can change it."""
        return self.kind is Kind.MANAGED and ":iam::aws:policy/" in self.name

    def put(self, raw: Raw) -> str:
        """Return the command that replaces the document; one without statements is deleted."""
        document = quote(json.dumps(raw))
        holder, owner = self.holder
        match self.kind:
            case Kind.INLINE if not raw.get("Statement"):
                return f"aws iam delete-{holder}-policy --{holder}-name {owner} --policy-name {self.name}"
            case Kind.INLINE:
                named = f"--{holder}-name {owner} --policy-name {self.name}"
                return f"aws iam put-{holder}-policy {named} --policy-document {document}"
            case Kind.MANAGED if self.is_aws_managed or not raw.get("Statement"):  # no version may be empty
                return f"aws iam detach-{holder}-policy --{holder}-name {owner} --policy-arn {self.name}"
            case Kind.MANAGED:
                named = f"--policy-arn {self.name} --set-as-default"
                return f"aws iam create-policy-version {named} --policy-document {document}"
            case Kind.BUCKET:
                return f"aws s3api put-bucket-policy --bucket {self.name} --policy {document}"
            case Kind.KEY:
                return f"aws kms put-key-policy --key-id {self.name} --policy-name default --policy {document}"


@dataclass(frozen=True, slots=True)
class Source:
    """A document that was read, as it stood there."""

    document: Document
    raw: Raw
    origin: Origin


def statements(raw: Raw) -> list[Json]:
    """Return the statements of a document; one may stand without a list."""
    given = raw.get("Statement", [])
    return list(given) if isinstance(given, list | tuple) else [given]


def with_statements(raw: Raw, found: list[Json]) -> Raw:
    """Return a document with other statements."""
    return {"Version": "2012-10-17", **raw, "Statement": found}
