"""Regions: which exist, which an account has to opt in to, where SageMaker is, and how AWS tells."""

from __future__ import annotations

import functools
from collections.abc import Collection
from xml.sax.saxutils import escape

import boto3

from healthcheck.testing.world.answers import REQUEST_ID, Answer, json_answer, json_error
from healthcheck.testing.world.requests import Call

OPT_IN = frozenset(
    {
        "af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
        "ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1",
        "me-central-1", "me-south-1", "mx-central-1",
    }
)  # fmt: skip
"""Regions that are off until an account enables them (AWS Account Management guide, read 2026-11-22)."""

GLOBAL_SERVICES = frozenset({"iam", "account"})
"""Services that answer in one region for all; so does STS for its old address, which is not imitated."""

NEW = "us-central-1"
"""A region that AWS has opened after the SDK was made."""

_PREFIX = "/aws/service/global-infrastructure/"
_SERVICES = ("account", "ec2", "ecr", "iam", "logs", "s3", "sagemaker", "ssm", "sts")
_PAGE = 10


@functools.cache
def known() -> frozenset[str]:
    """Return every region that has SageMaker, over all partitions."""
    session = boto3.session.Session(
        aws_access_key_id="unused",
        aws_secret_access_key="unused",  # noqa: S106 - no secret
        region_name="us-east-1",
    )
    return frozenset({NEW}) | frozenset(
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("sagemaker", partition_name=partition)
    )


def opt_status(region: str, enabled: Collection[str]) -> str:
    """Return the word of account.GetRegionOptStatus for a region."""
    if region not in OPT_IN:
        return "ENABLED_BY_DEFAULT"
    return "ENABLED" if region in enabled else "DISABLED"


def answer_opt_status(call: Call, enabled: Collection[str]) -> Answer:
    """Answer account.GetRegionOptStatus, which moto lacks."""
    region = str(call.json.get("RegionName", ""))
    if region not in known():
        return json_error(400, "ValidationException", f"The region {region} is not valid.")
    return json_answer({"RegionName": region, "RegionOptStatus": opt_status(region, enabled)})


def answer_describe(call: Call, enabled: Collection[str]) -> Answer:
    """Answer ec2.DescribeRegions; moto says of every region that no opting in is required."""
    form = call.form
    asked = {value for name, value in form.items() if name.startswith("RegionName.")}
    words = {"ENABLED_BY_DEFAULT": "opt-in-not-required", "ENABLED": "opted-in", "DISABLED": "not-opted-in"}
    rows = []
    for region in sorted(asked or (name for name in known() if name.count("-") == 2)):  # noqa: PLR2004 - not isolated ones
        status = words[opt_status(region, enabled)]
        if status == "not-opted-in" and not asked and form.get("AllRegions", "false") != "true":
            continue
        rows.append(
            f"<item><regionName>{escape(region)}</regionName>"
            f"<regionEndpoint>ec2.{escape(region)}.amazonaws.com</regionEndpoint>"
            f"<optInStatus>{status}</optInStatus></item>"
        )
    body = (
        '<DescribeRegionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>0</requestId>'
        f"<regionInfo>{''.join(rows)}</regionInfo></DescribeRegionsResponse>"
    )
    return Answer(200, body.encode(), {"Content-Type": "text/xml", "x-amzn-RequestId": REQUEST_ID})


def answer_parameters(call: Call) -> Answer | None:
    """Answer ssm.GetParametersByPath below the global infrastructure, in pages; moto takes 1.8 s and 300 MB for it."""
    asked = call.json
    path = str(asked.get("Path", "")).rstrip("/") + "/"
    if not path.startswith(_PREFIX):
        return None
    values = _below(path.removeprefix(_PREFIX).strip("/").split("/"))
    start = int(asked.get("NextToken") or 0)
    size = min(int(asked.get("MaxResults") or _PAGE), _PAGE)
    page = [
        {
            "Name": f"{path}{value}",
            "Type": "String",
            "Value": value,
            "Version": 1,
            "LastModifiedDate": 1700000000.0,
            "ARN": f"arn:aws:ssm:{call.region}::parameter{path}{value}",
            "DataType": "text",
        }
        for value in values[start : start + size]
    ]
    more = {"NextToken": str(start + size)} if start + size < len(values) else {}
    return json_answer({"Parameters": page, **more})


def _below(parts: list[str]) -> list[str]:
    match parts:
        case ["regions"]:
            return sorted(known())
        case ["services"]:
            return list(_SERVICES)
        case ["services", service, "regions"] if service in _SERVICES:
            return sorted(known())
        case ["regions", region, "services"] if region in known():
            return list(_SERVICES)
        case _:
            return []
