"""Puts what a text names into the commands that are to be pasted."""

from __future__ import annotations

import re
from shlex import quote

_ROLE = re.compile(r"\barn:[\w-]+:iam::\d{12}:role/(?:[\w+=,.@-]+/)*([\w+=,.@-]*[\w+=@-])", re.ASCII)
_S3 = re.compile(r"\bs3://([a-z0-9][a-z0-9.-]+[a-z0-9])((?:/[\w!*'()./=-]*[\w/=-])?)", re.ASCII)
_IMAGE = re.compile(r"\b(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.[a-z.]*[a-z]/([a-z0-9._/-]*[a-z0-9])", re.ASCII)
_TAG = re.compile(_IMAGE.pattern + r":([\w.-]*[\w-])", re.ASCII)


def filled(command: str, text: str) -> str:
    """Return a command with names in place of its placeholders, where the text leaves no doubt which are meant."""
    for placeholder, name in _names(text).items():
        command = command.replace(placeholder, name)
    return command


def _names(text: str) -> dict[str, str]:
    """Return what stands for which placeholder, the longest of those that share a beginning first."""
    names: dict[str, str] = {}
    if role := _only(_ROLE, text):
        names["--role-name NAME"] = f"--role-name {quote(role[0])}"
    if place := _only(_S3, text):
        bucket, path = place
        names["s3://BUCKET/PREFIX/"] = quote(f"s3://{bucket}{path or '/'}")
        names["s3://BUCKET"] = f"s3://{bucket}"
        names["--bucket BUCKET"] = f"--bucket {bucket}"
    if image := _only(_IMAGE, text):
        account, region, repository = image
        names["--registry-id ACCOUNT --repository-name NAME"] = (
            f"--region {region} --registry-id {account} --repository-name {repository}"
        )
    if tagged := _only(_TAG, text):
        names["imageTag=TAG"] = f"imageTag={tagged[-1]}"
    return names


def _only(pattern: re.Pattern[str], text: str) -> tuple[str, ...] | None:
    """Return the groups of all matches if they are alike: of two roles nobody knows which is meant."""
    found = {match.groups() for match in pattern.finditer(text)}
    return found.pop() if len(found) == 1 else None
