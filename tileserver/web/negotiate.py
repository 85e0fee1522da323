"""Content codings and conditional requests (RFC 9110)."""

from __future__ import annotations

import re

from tileserver.tiles.compress import CODINGS, Coding

_WEIGHT = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\Z", re.IGNORECASE)
_ETAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


def choose_coding(header: str | None, among: tuple[Coding, ...] = CODINGS) -> Coding:
    """Return the coding of *among* to answer with; of equal weights the first.

    RFC 9110 12.5.3: a coding with weight 0 is not acceptable, ``*`` speaks for those not named, and
    identity is acceptable unless refused. Where nothing is acceptable we send identity all the same.
    """
    if header is None:
        return "identity"
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        name, _, parameter = part.strip().partition(";")
        weights[name.strip()] = _weight(parameter.strip())
    others = weights.get("*")

    def weight(coding: Coding) -> float:
        if coding in weights:
            return weights[coding]
        if coding == "gzip" and "x-gzip" in weights:
            return weights["x-gzip"]
        if others is not None:
            return others
        return 0.0005 if coding == "identity" else 0.0  # below the least weight that can be written

    return max(among, key=weight) if any(weight(coding) > 0 for coding in among) else "identity"


def _weight(parameter: str) -> float:
    if not parameter:
        return 1.0
    match = _WEIGHT.match(parameter)
    return float(match[1]) if match else 0.0


def etag_matches(header: str | None, etag: str) -> bool:
    """Whether *header*, an ``If-None-Match``, names *etag* or anything at all.

    RFC 9110 13.1.2: the comparison is weak, so ``W/`` in front changes nothing.
    """
    if header is None:
        return False
    if header.strip() == "*":
        return True
    return etag.strip('"') in _ETAG.findall(header)
