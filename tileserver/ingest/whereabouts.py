"""Places of items that were put aside: of their geometry, or of a place in their text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any, TypeAlias

import msgspec
import shapely

from tileserver.geometry import parse_geometry

LonLat: TypeAlias = tuple[float, float]  # degrees

_LOOKED_AT = 20_000  # characters or bytes of an item
_NUMBER = r"-?[0-9]{1,3}(?:\.[0-9]{1,20})?"
_PARSED = 1_000_000  # bytes; of a larger one the first corner does
# A text may be cut off anywhere: the first pair of numbers is a corner of it.
_PAIR = re.compile(rf"coordinates\"?\s*:\s*[\[\s]{{1,20}}({_NUMBER})\s*,\s*({_NUMBER})")
_WKT = re.compile(
    rf"(?:POINT|LINESTRING|POLYGON)\s*(?:Z|M|ZM)?\s*\({{1,4}}\s*({_NUMBER})\s+({_NUMBER})", re.IGNORECASE
)
_LON = ("lon", "lng", "long", "longitude", "x")
_LAT = ("lat", "latitude", "y")


def place_of(geometry: bytes) -> LonLat | None:
    """Return a place of the text of a GeoJSON geometry, in degrees; ``None`` where there is none on earth."""
    shape = parse_geometry(geometry) if 0 < len(geometry) < _PARSED else None
    if shape is None:
        return _first_pair(_PAIR, geometry[:_LOOKED_AT].decode(errors="replace"))
    where = shapely.get_coordinates(shapely.centroid(shape) if shape.is_valid else shape)
    return _on_earth(*where[0].tolist()) if len(where) else None


def place_in(raw: str) -> LonLat | None:
    """Return a place, in degrees, that *raw* names: a row with columns of coordinates, GeoJSON, or WKT."""
    text = raw[:_LOOKED_AT]
    _, brace, rest = text.partition("{")
    try:
        found = _of_row(msgspec.json.decode(brace + rest)) if brace else None
    except (msgspec.DecodeError, RecursionError):
        found = None
    return found or _first_pair(_PAIR, text) or _first_pair(_WKT, text)


def _of_row(row: Any) -> LonLat | None:
    if not isinstance(row, Mapping):
        return None
    named = {str(name).strip().lower(): value for name, value in row.items()}
    values = [next((named[each] for each in names if each in named), None) for names in (_LON, _LAT)]
    try:
        lon, lat = (float(value) for value in values if isinstance(value, str | int | float))
    except (ValueError, OverflowError):
        return None
    return _on_earth(lon, lat)


def _first_pair(pattern: re.Pattern[str], text: str) -> LonLat | None:
    found = pattern.search(text)
    return _on_earth(float(found[1]), float(found[2])) if found else None


def _on_earth(lon: float, lat: float) -> LonLat | None:
    on_earth = isfinite(lon) and isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90
    return (lon, lat) if on_earth else None
