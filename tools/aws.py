"""The least-privilege policy, as IAM JSON and as statements of a CloudFormation template, from `healthcheck.policy`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from healthcheck.plan import load
from healthcheck.policy import grants
from tools.tables import ROOT, own_checks

FOLDER = ROOT / "deploy" / "aws"
REFERENCE = FOLDER / "reference.yaml"

_STATEMENTS = re.compile(r"(?P<indent> *)# statements\n.*?(?= *# end\n)", re.DOTALL)
_ALONE = re.compile(r'(!If \[\w+, !Sub "\S+", )!Join \[",", (!Ref \w+)\]\]')
_HERE = "${AWS::Partition}:iam::${AWS::AccountId}"
_BUCKETS = "arn:${AWS::Partition}:s3:::sagemaker-*-${AWS::AccountId}"
_KEYS = "arn:${AWS::Partition}:kms:*:${AWS::AccountId}:key/*"

_WORDS: tuple[tuple[str, str], ...] = (
    (r"arn:aws:iam::\d+:role/.*", f'!If [EveryRole, !Sub "arn:{_HERE}:role/*", !Join [",", !Ref ExecutionRoleArns]]'),
    (
        r"arn:aws:iam::\d+:user/.*",
        f'!If [ThisRoleCalls, !Sub "arn:{_HERE}:role/${{RoleName}}", !Join [",", !Ref CallerArns]]',
    ),
    (r"arn:aws:iam::\d+:group/\*", f'!Sub "arn:{_HERE}:group/*"'),
    (r"arn:aws:iam::\d+:policy/\*", f'!Sub "arn:{_HERE}:policy/*"'),
    (r"arn:aws:iam::aws:policy/\*", '!Sub "arn:${AWS::Partition}:iam::aws:policy/*"'),
    (
        r"arn:aws:s3:::sagemaker-.*",
        f'!If [DefaultBuckets, !Sub "{_BUCKETS}", !Join [",", !Ref BucketArns]]',
    ),
    (
        r"arn:aws:kms:\*:\d+:key/\*",
        f'!If [OwnKeys, !Sub "{_KEYS}", !Split [",", !Join [",", [!Sub "{_KEYS}", !Join [",", !Ref KeyArns]]]]]',
    ),
    (r"arn:aws:sagemaker:\*:\d+:(.*)", r'!Sub "arn:${AWS::Partition}:sagemaker:*:${AWS::AccountId}:\1"'),
    (r"arn:aws:ssm:(.*)", r'!Sub "arn:${AWS::Partition}:ssm:\1"'),
)
"""Resources of the reference, and how the template says them."""

_CALLERS = _WORDS[1][1]


def files() -> dict[Path, str]:
    """Return the content of each file for AWS that is derived."""
    policy = reference_policy()
    template = FOLDER / "reader-role.yaml"
    return {
        FOLDER / "policy.json": json.dumps(policy, indent=2) + "\n",
        template: with_statements(template.read_text("utf-8"), policy["Statement"]),
    }


def reference_policy() -> dict[str, Any]:
    """Return what the reader of the reference's account must be allowed."""
    plan = load(REFERENCE, own_checks(), environ={}, ambient_region=lambda _: None)
    (grant,) = grants(plan)
    (document,) = grant.documents
    return dict(document)


def with_statements(template: str, statements: Iterable[Mapping[str, Any]]) -> str:
    """Return a template with the statements in their place."""

    def written(place: re.Match[str]) -> str:
        lines = ["# statements", *(line for statement in statements for line in _lines(statement))]
        return "".join(f"{place['indent']}{line}\n" for line in lines)

    return _STATEMENTS.sub(written, template)


def _lines(statement: Mapping[str, Any]) -> Iterator[str]:
    yield f"- Sid: {statement['Sid']}"
    yield "  Effect: Allow"
    yield "  Action:"
    yield from (f"    - {action}" for action in statement["Action"])
    if statement["Resource"] == "*":
        yield '  Resource: "*"'
        return
    words = list(dict.fromkeys(_word(resource) for resource in statement["Resource"]))
    if any(action.startswith("iam:GetRole") for action in statement["Action"]):
        # Whoever starts jobs may be a role.
        words.append(_CALLERS)
    if len(words) == 1:
        # One list may stand as it is.
        yield "  Resource: " + _ALONE.sub(r"\1\2]", words[0])
        return
    if not any("!Join" in word for word in words):
        yield "  Resource:"
        yield from (f"    - {word}" for word in words)
        return
    # A list among the words: CloudFormation has no way to put two lists together but through text.
    yield "  Resource: !Split"
    yield '    - ","'
    yield "    - !Join"
    yield '      - ","'
    yield from (f"      {'-' if number == 0 else ' '} - {word}" for number, word in enumerate(words))


def _word(resource: str) -> str:
    for pattern, word in _WORDS:
        if found := re.fullmatch(pattern, resource):
            return found.expand(word) if r"\1" in word else word
    raise ValueError(f"{resource}: say in _WORDS how the template is to say it")
