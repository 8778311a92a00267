"""Fails while it is imported, with a secret in its sentence."""

import os

sentence = f"cannot sign in with password={os.environ['CANARY_PASSWORD']}"
raise RuntimeError(sentence)
