"""What we call reachable is what the SageMaker SDK reaches: the SDK itself, in a process of its own, is asked."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from healthcheck.result import Status
from healthcheck.testing.world import WorldClient
from tests.faults.examination import Look
from tests.support import missing

_SDK = """
import json, sys
import boto3, botocore.exceptions, sagemaker

class Session(boto3.session.Session):
    # The SDK gives STS its public address, whatever AWS_ENDPOINT_URL or the profile says; here that leads nowhere.
    def client(self, *arguments, **options):
        options.pop("endpoint_url", None)
        return super().client(*arguments, **options)

session = sagemaker.session.Session(boto_session=Session(profile_name="shop"))
try:
    bucket = session.default_bucket()
    answer = {"bucket": bucket, "uploaded": session.upload_string_as_file_body("x", bucket, "sagemaker/probe")}
except botocore.exceptions.ClientError as error:
    answer = {"error": error.response["Error"]["Code"]}
print(json.dumps(answer))
"""


@pytest.fixture
def sdk(world: WorldClient, tmp_path: Path) -> Callable[[], dict[str, Any]]:
    """Return a function that has the SDK use its default bucket, as a newcomer's first script does."""
    if importlib.util.find_spec("sagemaker") is None:
        missing("the SageMaker SDK", "make test installs it; or pip install 'sagemaker>=2.257,<3'")

    def ask() -> dict[str, Any]:
        client = world.client(tmp_path / "sdk", ["shop"])
        environ = {**client.environ, "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(
            [sys.executable, "-c", _SDK], env=environ, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        # The SDK writes about its settings to standard output; the answer is the last line.
        answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return answer

    (tmp_path / "sdk").mkdir()
    return ask


def test_the_sdks_default_bucket_is_the_one_we_look_at(look: Look, sdk: Callable[[], dict[str, Any]]) -> None:
    run = look().run("bucket.reachable")

    answer = sdk()

    assert run.status is Status.OK
    assert run.decisive.subject == f"s3://{answer['bucket']}"
    assert answer["uploaded"] == f"s3://{answer['bucket']}/sagemaker/probe"


def test_the_sdk_makes_the_bucket_that_we_call_missing(
    look: Look, sdk: Callable[[], dict[str, Any]], world: WorldClient
) -> None:
    """We look and make nothing; the SDK makes it, as our warning says; then we see it."""
    world.break_("bucket-missing")
    assert look().run("bucket.reachable").reason == "missing"
    assert look().run("bucket.reachable").reason == "missing"

    assert "bucket" in sdk()
    assert look().run("bucket.reachable").status is Status.OK


@pytest.mark.parametrize("fault", ["bucket-squatted", "bucket-foreign"])
def test_the_sdk_refuses_the_bucket_that_we_call_somebody_elses(
    look: Look, sdk: Callable[[], dict[str, Any]], world: WorldClient, fault: str
) -> None:
    world.break_(fault)

    assert look().run("bucket.reachable").status is Status.CRITICAL
    assert "error" in sdk()
