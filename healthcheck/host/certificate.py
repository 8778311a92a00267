"""Who issued a certificate, read from its DER form.

The standard library decodes certificates only where it has verified them, and the issuer matters most where it
has not: a company's name there betrays a proxy that looks into TLS.
"""

from __future__ import annotations

from collections.abc import Iterator

_ORGANISATION = bytes.fromhex("55040a")
_COMMON_NAME = bytes.fromhex("550403")
_SEQUENCE = 0x30
_EXPLICIT_VERSION = 0xA0
_LONG_FORM = 0x80


def issuer(der: bytes) -> str | None:
    """Return the organisation that issued a certificate, else its common name, or none if it names neither."""
    try:
        return _issuer(der)
    except (IndexError, StopIteration):  # cut short, or of another form
        return None


def _issuer(der: bytes) -> str | None:
    # Certificate → TBSCertificate: [version], serial number, signature algorithm, issuer, …
    certificate = next(_elements(der))[1]
    fields = _elements(next(_elements(certificate))[1])
    tag, _ = next(fields)
    for _skipped in range(2 if tag == _EXPLICIT_VERSION else 1):
        next(fields)
    tag, name = next(fields)
    if tag != _SEQUENCE:
        return None
    parts: dict[bytes, str] = {}
    for _, relative_name in _elements(name):
        for _, attribute in _elements(relative_name):
            (_, kind), (_, value) = _elements(attribute)
            parts.setdefault(kind, value.decode("utf-8", "replace"))
    return parts.get(_ORGANISATION) or parts.get(_COMMON_NAME)


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each element in a row."""
    position = 0
    while position < len(data):
        tag, length = data[position], data[position + 1]
        position += 2
        if length & _LONG_FORM:
            size = length & ~_LONG_FORM
            length = int.from_bytes(data[position : position + size], "big")
            position += size
        if position + length > len(data):
            raise IndexError
        yield tag, data[position : position + length]
        position += length
