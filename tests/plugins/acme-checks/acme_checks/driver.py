"""Needs a library that is not installed."""

import acme_gpu_driver  # type: ignore[import-not-found] # the point of it

__all__ = ["acme_gpu_driver"]
