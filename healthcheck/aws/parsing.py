"""botocore's parsers, which stumble in many ways over what is no answer of AWS's, stumbling in one."""

from __future__ import annotations

from typing import Any

from botocore.parsers import ResponseParserError, ResponseParserFactory

_STUMBLES = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What they raise over JSON of another shape, text that is none, or numbers with letters in them (botocore 1.44)."""


class CarefulParsers(ResponseParserFactory):
    """Makes parsers that raise `ResponseParserError` over whatever they cannot read."""

    def create_parser(self, protocol_name: str) -> Any:
        """Return a parser of a protocol."""
        return _Careful(super().create_parser(protocol_name))


class _Careful:
    def __init__(self, parser: Any) -> None:
        self._parser = parser

    def parse(self, response: Any, shape: Any) -> Any:
        """Return what an answer says."""
        try:
            parsed = self._parser.parse(response, shape)
        except _STUMBLES as error:
            raise ResponseParserError("it is not in the form that AWS answers in") from error
        if not isinstance(parsed, dict):  # a bare null, number or text
            raise ResponseParserError("it is not in the form that AWS answers in")
        return parsed
