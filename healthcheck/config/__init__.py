"""The settings file: where it is, what it says, and every mistake in it at once."""

from healthcheck.config.files import FILE_NAME, SYSTEM_PATH, VARIABLE, locate
from healthcheck.config.mistakes import ConfigError, Mistake, Mistakes, Place
from healthcheck.config.model import CheckEntry, Config, DaemonSettings, TargetEntry
from healthcheck.config.reading import Reading, load, read
from healthcheck.config.schema import json_schema

__all__ = [
    "FILE_NAME",
    "SYSTEM_PATH",
    "VARIABLE",
    "CheckEntry",
    "Config",
    "ConfigError",
    "DaemonSettings",
    "Mistake",
    "Mistakes",
    "Place",
    "Reading",
    "TargetEntry",
    "json_schema",
    "load",
    "locate",
    "read",
]
