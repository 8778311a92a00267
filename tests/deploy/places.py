"""Where what is shipped stands."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
INSTALLED = "/opt/sagemaker-healthcheck/bin/sagemaker-healthcheck"
"""Where deploy/ expects the program."""
