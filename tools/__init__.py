"""What writes the files that are derived from the code: `python -m tools`."""
