"""moto as it comes, in a process of its own, enforcing the policy of one user: no overlay stands before it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from healthcheck.permissions import OPERATIONS
from tests.e2e.daemon import DIRECT, PATIENCE_SECONDS
from tests.e2e.prometheus import free_port, wait_until

_NAME = "healthcheck"
_BUCKET = "a-bucket-that-exists"  # S3 looks for the bucket before it looks at permissions
_WORDS: Mapping[str, Any] = {
    "ActionNames": ["s3:GetObject"],
    "Bucket": _BUCKET,
    "Path": "/aws/service/global-infrastructure/services/sagemaker/regions",
    "PolicyArn": "arn:aws:iam::123456789012:policy/nothing",
    "PolicySourceArn": f"arn:aws:iam::123456789012:user/{_NAME}",
    "VersionId": "v1",
}
"""What required parameters are, where any word will not do."""

_EVERYBODY_MAY = "inf"
_NOBODY_MAY = "0"


class StrictMoto:
    """A running moto with one user in it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session: Any = boto3.session.Session("builder", "builder", region_name="us-east-1")
        iam = self._client("iam")
        self._client("s3").create_bucket(Bucket=_BUCKET)
        iam.create_user(UserName=_NAME)
        key = iam.create_access_key(UserName=_NAME)["AccessKey"]
        self._session = boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")

    def allow(self, policy: Mapping[str, Any]) -> None:
        """Let this be all that the user may do."""
        self._enforce_after(_EVERYBODY_MAY)
        self._client("iam").put_user_policy(UserName=_NAME, PolicyName=_NAME, PolicyDocument=json.dumps(policy))
        self._enforce_after(_NOBODY_MAY)

    def denies(self, operation: str) -> bool:
        """Whether the user is kept from a call; that what is asked about does not exist is an answer."""
        row = OPERATIONS[operation]
        client = self._client(row.service)
        method = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in row.name).lstrip("_")
        shape = client.meta.service_model.operation_model(row.name).input_shape
        parameters = {name: _WORDS.get(name, "nobody") for name in shape.required_members} if shape else {}
        try:
            getattr(client, method)(**parameters)
        except ClientError as error:
            return bool(error.response["ResponseMetadata"]["HTTPStatusCode"] == 403)
        except ResponseParserError:
            return False  # moto lets the call through, and then has no such operation: a page of HTML
        return False

    def _client(self, service: str) -> Any:
        config = Config(retries={"total_max_attempts": 1}, proxies={}, s3={"addressing_style": "path"})
        return self._session.client(service, endpoint_url=self.url, config=config)

    def _enforce_after(self, requests: str) -> None:
        plain = {"Content-Type": "text/plain"}  # moto would take the number for a form
        reset = urllib.request.Request(f"{self.url}/moto-api/reset-auth", requests.encode(), plain, method="POST")
        with DIRECT.open(reset, timeout=PATIENCE_SECONDS):
            pass


@contextmanager
def strict_moto() -> Iterator[StrictMoto]:
    """Run it for a while."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def answers() -> bool:
        try:
            with DIRECT.open(f"{url}/moto-api/data.json", timeout=1):
                return True
        except (urllib.error.URLError, OSError):
            return False

    try:
        wait_until(answers, seconds=PATIENCE_SECONDS, what="moto answers")
        yield StrictMoto(url)
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
