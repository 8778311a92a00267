"""The shapes of questions to the policy engine, as JSON Schema. The reader goes by them too."""

from __future__ import annotations

from typing import Final

Json = dict[str, object]

SERVICE: Final = "sagemaker.amazonaws.com"
"""Who assumes the role, where the question does not say."""

_TEXT: Final[Json] = {"type": "string"}
NAMED: Final = ("document", "name", "arn", "version")
"""The fields of a document with a name."""
UNREAD: Final = ("unread", "action")
"""The fields of one that could not be read."""

_POLICY: Final[Json] = {
    "description": "A policy: the document itself, its JSON as text (URL-encoded or not), the document with a name "
    "for explanations, what the AWS CLI prints of one, or the name of one that could not be read.",
    "anyOf": [
        {"type": "string", "description": "the document's JSON"},
        {"type": "object", "required": ["Statement"], "description": "the document"},
        {
            "type": "object",
            "required": ["document"],
            "additionalProperties": False,
            "properties": {"document": {"type": ["object", "string"]}, "name": _TEXT, "arn": _TEXT, "version": _TEXT},
        },
        {
            "type": "object",
            "required": ["unread"],
            "additionalProperties": False,
            "properties": {
                "unread": {"type": "string", "description": "what could not be read"},
                "action": {"type": "string", "description": "the IAM action that would show it"},
            },
        },
        {"type": "object", "required": ["PolicyDocument"], "description": "aws iam get-role-policy"},
        {
            "type": "object",
            "required": ["PolicyVersion"],
            "description": "aws iam get-policy-version",
            "properties": {"PolicyVersion": {"type": "object", "required": ["Document"]}},
        },
        {
            "type": "object",
            "required": ["Role"],
            "description": "aws iam get-role: its trust policy",
            "properties": {"Role": {"type": "object", "required": ["AssumeRolePolicyDocument"]}},
        },
        {
            "type": "object",
            "required": ["Policy"],
            "description": "aws s3api get-bucket-policy, aws kms get-key-policy",
        },
    ],
}
_POLICIES: Final[Json] = {"type": "array", "items": {"$ref": "#/$defs/policy"}}
_LEVELS: Final[Json] = {"type": "array", "items": _POLICIES, "description": "one list a level, root first"}
_CONTEXT: Final[Json] = {
    "type": "object",
    "description": "Context keys. null says that a key is known to be absent, prefix* that all are that begin so.",
    "additionalProperties": {
        "anyOf": [
            {"type": ["string", "number", "boolean", "null"]},
            {"type": "array", "items": {"type": ["string", "number", "boolean"]}},
        ]
    },
}
_COMPLETE: Final[Json] = {
    "type": "boolean",
    "default": False,
    "description": "Whether every other context key is known to be absent; else it is unknown.",
}
REQUEST: Final[Json] = {
    "type": "object",
    "required": ["action"],
    "additionalProperties": False,
    "properties": {
        "action": {"type": "string", "description": "one action, such as s3:GetObject"},
        "resource": {"type": "string", "default": "*", "description": "one concrete ARN"},
        "resource_account": {"type": "string", "description": "who owns it, where the ARN does not say (buckets)"},
        "principal": {"type": "string", "description": "the ARN of the role, session or user, or a service's name"},
        "context": _CONTEXT,
        "context_complete": _COMPLETE,
    },
}
"""What is asked, beside the documents."""

EVALUATE_SCHEMA: Final[Json] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "sagemaker-healthcheck iam evaluate",
    "type": "object",
    "required": ["request", "identity"],
    "additionalProperties": False,
    "properties": {
        "request": REQUEST,
        "identity": _POLICIES,
        "boundary": _POLICIES,
        "session": _POLICIES,
        "scps": _LEVELS,
        "rcps": _LEVELS,
        "resource_policy": {"$ref": "#/$defs/policy"},
    },
    "$defs": {"policy": _POLICY},
}
"""What `iam evaluate` reads, as a JSON Schema."""

ASSUMABLE_SCHEMA: Final[Json] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "sagemaker-healthcheck iam assumable",
    "type": "object",
    "required": ["trust_policy"],
    "additionalProperties": False,
    "properties": {
        "trust_policy": {"$ref": "#/$defs/policy"},
        "service": {"type": "string", "default": SERVICE},
        "context": _CONTEXT,
        "context_complete": _COMPLETE,
    },
    "$defs": {"policy": _POLICY},
}
"""What `iam assumable` reads, as a JSON Schema."""
