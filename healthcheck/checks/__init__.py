"""The checks, one module per subject; modules without checks beside them hold what is judged purely."""
