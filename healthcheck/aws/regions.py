"""Regions and partitions, as botocore's bundled data knows them. That data ages: absence from it proves nothing."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from botocore.loaders import Loader
from botocore.regions import EndpointResolver

DEFAULT_PARTITION = "aws"


class Regions:
    """What can be known of regions without asking AWS."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    @cached_property
    def partitions(self) -> tuple[dict[str, Any], ...]:
        """The partitions' rows of botocore's data."""
        return tuple(self.data["partitions"])

    @cached_property
    def data(self) -> dict[str, Any]:
        """The table of partitions, in the form that botocore's endpoint rules want."""
        data: dict[str, Any] = self._loader.load_data("partitions")
        return data

    def partition(self, region: str) -> str:
        """Return the partition of a region: the one that lists it, else the one whose names look alike."""
        for row in self.partitions:
            if region in row["regions"]:
                return str(row["id"])
        for row in self.partitions:
            if re.match(row["regionRegex"], region):
                return str(row["id"])
        return DEFAULT_PARTITION

    def home(self, partition: str) -> str:
        """Return the region in which a partition's global services are signed for."""
        for row in self.partitions:
            if row["id"] == partition:
                return str(row["outputs"]["implicitGlobalRegion"])
        return "us-east-1"

    @cached_property
    def sagemaker(self) -> frozenset[str]:
        """Regions of every partition that are listed as having SageMaker."""
        resolver = EndpointResolver(self._loader.load_data("endpoints"))
        return frozenset(
            region
            for partition in resolver.get_available_partitions()
            for region in resolver.get_available_endpoints("api.sagemaker", partition_name=partition)
        )
