"""The machinery that runs checks: discovery, rounds, schedule and state."""
