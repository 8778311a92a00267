"""No test sees the machine's own AWS settings, and none can reach AWS."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# No deadline: the machine is shared. On CI the same examples each time, so that a change is judged by what it changes;
# at a desk new ones, and more with HYPOTHESIS_EXAMPLES.
settings.register_profile(
    "healthcheck",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "100")),
)
settings.load_profile("healthcheck")

_FOREIGN = ("AWS_", "BOTO", "SAGEMAKER_")
_PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}
_CA_BUNDLES = {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment without credentials, regions, endpoints, proxies or CA bundles, and an empty home."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN) or name.lower() in _PROXIES or name in _CA_BUNDLES:
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "credentials"))
    return home
