"""Lines and areas over 180 degrees of longitude, cut there: RFC 7946 3.1.9.

"In representing Features that cross the antimeridian, interoperability is improved by modifying their
geometry. Any geometry that crosses the antimeridian SHOULD be represented by cutting it in two such that
neither part's representation crosses the antimeridian." Files that do not do so write either a step of more
than half the world (179 to -179) or longitudes beyond 180 (179 to 181).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import shapely
from shapely import GeometryCollection, LinearRing, LineString, Polygon, affinity
from shapely.geometry.base import BaseGeometry

from tileserver.shape.mend import mended

Places: TypeAlias = npt.NDArray[np.float64]  # (n, 2), degrees

TURN = 360.0
EDGE = 180.0


def crosses_antimeridian(shape: BaseGeometry) -> bool:
    """Whether a line or ring of *shape* steps over 180 degrees, or lies beyond by less than a turn."""
    west, south, east, north = shape.bounds
    if west < -EDGE - TURN or east > EDGE + TURN or south < -90 or north > 90:
        return False  # no degrees
    beyond = west < -EDGE or east > EDGE
    return beyond or (east - west > EDGE and any(_has_step(path) for path in _paths(shape)))


def cut_at_antimeridian(shape: BaseGeometry) -> BaseGeometry:
    """Return the lines and areas of *shape* in pieces within 180 degrees either way; points unchanged.

    A step of more than half the world is taken the short way round, but for one along the whole edge of the
    map (-180 to 180), which is how what was cut already closes. A ring that goes once around a pole stays
    as it is.
    """
    parts = [shape]
    while any(hasattr(part, "geoms") for part in parts):
        parts = [each for part in parts for each in getattr(part, "geoms", [part])]
    return GeometryCollection([piece for part in parts for piece in _pieces(part)])


def _pieces(part: BaseGeometry) -> list[BaseGeometry]:
    if isinstance(part, Polygon):
        whole = _unwrapped_area(part)
    elif isinstance(part, LineString):
        whole = LineString(_unwrapped(shapely.get_coordinates(part)))
    else:
        return [part]
    pieces = []
    for turn in (-2, -1, 0, 1, 2):
        middle = turn * TURN
        piece = shapely.intersection(whole, shapely.box(middle - EDGE, -90, middle + EDGE, 90))
        if not piece.is_empty and piece.length > 0:
            pieces.append(affinity.translate(piece, -middle))
    return pieces or [part]


def _unwrapped_area(area: Polygon) -> BaseGeometry:
    rings = [_unwrapped(shapely.get_coordinates(ring)) for ring in (area.exterior, *area.interiors)]
    if any(abs(ring[0, 0] - ring[-1, 0]) > EDGE for ring in rings):
        return _whole(area)  # around a pole: it has no inside on a flat map but the one it was written with
    middle = _middle(rings[0])
    holes = [ring - [TURN * round((_middle(ring) - middle) / TURN), 0.0] for ring in rings[1:]]
    return _whole(Polygon(rings[0], holes))


def _whole(area: Polygon) -> BaseGeometry:
    return area if area.is_valid else mended(area)


def _middle(places: Places) -> float:
    return float(places[:, 0].min() + places[:, 0].max()) / 2


def _unwrapped(places: Places) -> Places:
    """Return the path without steps of more than half a turn: longitudes that go on beyond 180."""
    turns = np.concatenate([[0.0], np.cumsum(_turns(places))])
    return places + np.column_stack([turns * TURN, np.zeros(len(places))])


def _turns(places: Places) -> Places:
    """Return by how many turns each step of the path is to be shortened, shape (n - 1,)."""
    lon = places[:, 0]
    steps = np.diff(lon)
    along_edge = (np.abs(lon[:-1]) == EDGE) & (np.abs(lon[1:]) == EDGE)
    return np.where((np.abs(steps) > EDGE) & ~along_edge, -np.round(steps / TURN), 0.0)


def _has_step(path: Places) -> bool:
    return bool(np.any(_turns(path) != 0))


def _paths(shape: BaseGeometry) -> list[Places]:
    paths = []
    for part in shapely.get_parts(shapely.get_parts(shape)) if hasattr(shape, "geoms") else [shape]:
        if isinstance(part, Polygon):
            paths += [shapely.get_coordinates(ring) for ring in (part.exterior, *part.interiors)]
        elif isinstance(part, LineString | LinearRing):
            paths.append(shapely.get_coordinates(part))
        elif hasattr(part, "geoms"):
            paths += _paths(part)
    return paths
