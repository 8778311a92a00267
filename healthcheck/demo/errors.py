"""What can go wrong with a demo, in sentences."""

from __future__ import annotations

from healthcheck.errors import HealthcheckError


class DemoError(HealthcheckError):
    """The demo cannot do what was asked."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)
