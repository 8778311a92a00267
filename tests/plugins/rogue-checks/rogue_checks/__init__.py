"""Checks that misbehave."""
