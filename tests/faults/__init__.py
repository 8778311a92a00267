"""The world of faults, and the doctor in it."""
