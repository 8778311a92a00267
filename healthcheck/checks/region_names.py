"""Names of AWS regions: how they are spelt, and what people write instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass

_WELL_FORMED = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}", re.ASCII)
_ZONE = re.compile(r"(?P<region>[a-z]{2,4}(?:-[a-z]+)+-\d{1,2})(?:[a-z]|-[a-z]{3}-\d[a-z])", re.ASCII)
_QUOTES = "\"'`\u201c\u201d\u2018\u2019"

# The names that the console shows. People paste them; AWS's programs know the codes alone.
_SPOKEN = {
    "n. virginia": "us-east-1",
    "virginia": "us-east-1",
    "ohio": "us-east-2",
    "n. california": "us-west-1",
    "california": "us-west-1",
    "oregon": "us-west-2",
    "cape town": "af-south-1",
    "hong kong": "ap-east-1",
    "taipei": "ap-east-2",
    "mumbai": "ap-south-1",
    "hyderabad": "ap-south-2",
    "singapore": "ap-southeast-1",
    "sydney": "ap-southeast-2",
    "jakarta": "ap-southeast-3",
    "melbourne": "ap-southeast-4",
    "malaysia": "ap-southeast-5",
    "thailand": "ap-southeast-7",
    "tokyo": "ap-northeast-1",
    "seoul": "ap-northeast-2",
    "osaka": "ap-northeast-3",
    "canada": "ca-central-1",
    "calgary": "ca-west-1",
    "frankfurt": "eu-central-1",
    "zurich": "eu-central-2",
    "ireland": "eu-west-1",
    "london": "eu-west-2",
    "paris": "eu-west-3",
    "milan": "eu-south-1",
    "spain": "eu-south-2",
    "stockholm": "eu-north-1",
    "tel aviv": "il-central-1",
    "mexico": "mx-central-1",
    "bahrain": "me-south-1",
    "uae": "me-central-1",
    "são paulo": "sa-east-1",
    "sao paulo": "sa-east-1",
    "beijing": "cn-north-1",
    "ningxia": "cn-northwest-1",
}


@dataclass(frozen=True, slots=True)
class Misspelling:
    """A text that names no region, and the region that it seems to mean."""

    reason: str
    sentence: str
    """What is wrong, without the text itself."""
    meant: str | None = None


def misspelling(text: str, known: Collection[str]) -> Misspelling | None:
    """Say why a text cannot be a region's code; None when it is well formed."""
    if _WELL_FORMED.fullmatch(text):
        return None
    bare = text.strip().strip(_QUOTES).strip()
    for reason, sentence, candidate in (
        ("whitespace", "has white space around it", text.strip()),
        ("quoted", "has quotes in it, which are not stripped", bare),
        ("upper_case", "has capital letters; AWS signs with the text as it is, and refuses it", bare.lower()),
    ):
        if candidate != text and _WELL_FORMED.fullmatch(candidate):
            return Misspelling(reason, sentence, candidate)
    zone = _ZONE.fullmatch(bare.lower())
    if zone:
        return Misspelling("zone", "is an availability zone; a region has no letter at its end", zone["region"])
    spoken = _spoken(bare)
    if spoken:
        return Misspelling("human_name", "is a region's name in the console, not its code", spoken)
    return Misspelling(
        "malformed", "is not of the form of a region's code, such as us-east-1", nearest(bare.lower(), known)
    )


def nearest(text: str, known: Collection[str]) -> str | None:
    """Return the known region that a text was probably meant to be."""
    squeezed = {region.replace("-", ""): region for region in sorted(known)}
    match = difflib.get_close_matches(re.sub(r"[^a-z0-9]", "", text), squeezed, n=1, cutoff=0.85)
    return squeezed[match[0]] if match else None


def _spoken(text: str) -> str | None:
    """Find the console's name, alone or as in ``US East (N. Virginia)``."""
    words = text.lower()
    within = re.search(r"\(([^)]+)\)", words)
    return _SPOKEN.get(within[1].strip() if within else words)
