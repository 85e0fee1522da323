"""Places of points told by texts of the same feature: coordinates in words, links and keys."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from tileserver.model import Value

# Fewer decimals than three tell no place more exactly than the finest class does.
_NUMBER = re.compile(r"(?<!\d)(\d{1,3})[.,](\d{3,})")


class _Point(msgspec.Struct):
    coordinates: list[float]


_POINT = msgspec.json.Decoder(_Point)


def tells_place(texts: Mapping[str, Value], geometry: bytes) -> set[str]:
    """Return the names of *texts* that tell the point *geometry*, GeoJSON in longitude and latitude.

    Both coordinates have to be told, by one text or by two; north, south, east and west are not told apart.
    None where *geometry* is no point.
    """
    try:
        lon, lat, *_ = _POINT.decode(geometry).coordinates
    except (msgspec.MsgspecError, ValueError):
        return set()
    told = {name: _told(value, abs(lon), abs(lat)) for name, value in texts.items()}
    return {name for name, found in told.items() if found} if set().union(*told.values()) == {0, 1} else set()


def _told(value: Value, *degrees: float) -> set[int]:
    """Return which of *degrees* the digits of *value* tell, rounded or cut off."""
    if isinstance(value, bool):
        return set()
    return {
        number
        for whole, decimals in _NUMBER.findall(str(value))
        for number, each in enumerate(degrees)
        if abs(float(f"{whole}.{decimals}") - each) <= 10.0 ** -len(decimals) + 1e-9
    }
