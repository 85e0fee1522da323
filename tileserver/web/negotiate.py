"""Content codings and conditional requests (RFC 9110)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

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
    weights = _weights(header)
    return max(among, key=weights.of) if any(weights.of(coding) > 0 for coding in among) else "identity"


@lru_cache(64)
def prefers_dictionary(header: str | None) -> bool:
    """Whether the difference from a dictionary, ``dcz``, is wanted no less than any other coding."""
    if header is None:
        return False
    weights = _weights(header)
    wanted = weights.named.get("dcz", 0.0)
    return wanted > 0 and wanted >= max(map(weights.of, CODINGS))


def prefers_json(header: str | None) -> bool:
    """Whether *header*, an ``Accept``, names JSON and wants no page as much; ``*/*`` wants the page."""
    if header is None or "json" not in header.lower():
        return False
    wanted: dict[str, float] = {}
    for part in header.lower().split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        wanted[name] = _weight(next((each for each in parameters if each.startswith("q=")), ""))
    return wanted.get("application/json", 0.0) > wanted.get("text/html", 0.0)


@dataclass(frozen=True, slots=True)
class _Weights:
    """Weights of codings, by name, of one ``Accept-Encoding``."""

    named: Mapping[str, float]

    def of(self, coding: Coding) -> float:
        """Return the weight of *coding*."""
        if coding in self.named:
            return self.named[coding]
        if coding == "gzip" and "x-gzip" in self.named:
            return self.named["x-gzip"]
        if "*" in self.named:
            return self.named["*"]
        return 0.0005 if coding == "identity" else 0.0  # below the least weight that can be written


def _weights(header: str) -> _Weights:
    named: dict[str, float] = {}
    for part in header.lower().split(","):
        name, _, parameter = part.strip().partition(";")
        named[name.strip()] = _weight(parameter.strip())
    return _Weights(named)


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
