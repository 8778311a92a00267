"""Fails in a way that no library foresees."""


class AcmeError(Exception):
    """Acme's own."""


raise AcmeError
