"""The text of a GeoJSON geometry as a shape, and a shape as such a text; no checks but of what would fail."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

MAX_DEPTH = 24  # brackets within brackets; a collection of multipolygons has 7

_STEPS = np.zeros(256, dtype=np.int8)
_STEPS[[ord("["), ord("{")]] = 1
_STEPS[[ord("]"), ord("}")]] = -1


def parse_geometry(text: bytes) -> BaseGeometry | None:
    """Parse GeoJSON; ``None`` where it is none, is empty, holds no finite numbers, or nests too deep.

    What comes back may be invalid, of any kind, with heights, and anywhere.
    """
    if _depth(text) > MAX_DEPTH:  # the parser recurses, and the stack is not endless
        return None
    try:
        with np.errstate(all="ignore"):  # a number beyond floating point is refused below, not warned of
            shape: BaseGeometry | None = shapely.from_geojson(text, on_invalid="ignore")
    except (ValueError, shapely.GEOSException):
        return None
    if shape is None or shape.is_empty or not np.isfinite(shapely.get_coordinates(shape)).all():
        return None
    return shape


def write_geometry(shape: BaseGeometry) -> bytes:
    """Return *shape* as the text of a GeoJSON geometry; every number as exact as it was."""
    text: str = shapely.to_geojson(shape)
    return text.encode()


def _depth(text: bytes) -> int:
    steps = _STEPS[np.frombuffer(text, dtype=np.uint8)]
    return int(np.cumsum(steps[steps != 0], dtype=np.int64).max(initial=0))
