"""GeoJSON texts as shapes, and shapes as GeoJSON texts; checked only for faults that would fail later."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

MAX_DEPTH = 24  # brackets within brackets; a collection of multipolygons has 7

_STEPS = np.zeros(256, dtype=np.int8)
_STEPS[[ord("["), ord("{")]] = 1
_STEPS[[ord("]"), ord("}")]] = -1


def parse_geometry(text: bytes) -> BaseGeometry | None:
    """Return the shape of a GeoJSON geometry, in the coordinates of its text, as a rule degrees.

    The shape may be invalid, of any kind, with heights, and anywhere. ``None`` for bytes that are no
    geometry, are empty, have numbers that are not finite, or nest deeper than `MAX_DEPTH`.
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
    """Return the bytes of a GeoJSON geometry, in the coordinates of *shape* (degrees as a rule), exactly."""
    text: str = shapely.to_geojson(shape)
    return text.encode()


def _depth(text: bytes) -> int:
    steps = _STEPS[np.frombuffer(text, dtype=np.uint8)]
    return int(np.cumsum(steps[steps != 0], dtype=np.int64).max(initial=0))
