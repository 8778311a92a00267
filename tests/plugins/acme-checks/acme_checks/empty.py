"""No check at all."""

NUMBER = 5
