"""botocore's models, read faster, are the models that botocore reads."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from botocore.exceptions import DataNotFoundError
from botocore.loaders import create_loader

from healthcheck.aws.models import models


@pytest.mark.parametrize("name", ["endpoints", "partitions", "sts/2011-06-15/service-2", "s3/2006-03-01/paginators-1"])
def test_they_are_the_same(name: str) -> None:
    fresh = models.__wrapped__(None)  # botocore notes things in data that it has used

    assert fresh.load_data(name) == create_loader().load_data(name)


def test_folders_of_the_users_own_come_first(tmp_path: Path) -> None:
    (tmp_path / "partitions.json").write_text(json.dumps({"mine": 1}))
    (tmp_path / "endpoints.json.gz").write_bytes(gzip.compress(b'{"packed": 2}'))

    assert models(str(tmp_path)).load_data("partitions") == {"mine": 1}
    assert models(str(tmp_path)).load_data("endpoints") == {"packed": 2}


def test_what_is_not_there_is_told_as_botocore_does() -> None:
    with pytest.raises(DataNotFoundError):
        models(None).load_data("gone")
