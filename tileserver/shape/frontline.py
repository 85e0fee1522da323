"""The front line: the edge of the held areas where it runs over land that can be fought over."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.grid import WORLD

CELL_ZOOM = 9  # lines are cut where tiles of this zoom meet, so that a change stays in its cell


@dataclass(frozen=True, slots=True)
class Ground:
    """The land on which a front can run, shrunk by a margin; EPSG:3857, prepared for intersections."""

    area: BaseGeometry


def ground(land: BaseGeometry, margin_m: float) -> Ground:
    """Return *land* without the strip of *margin_m* metres along its own edge.

    Parameters
    ----------
    land : shapely geometry
        Polygon or MultiPolygon, EPSG:3857.
    margin_m : float
        True metres; EPSG:3857 stretches them by the secant of the latitude, taken at the land's centre.

    Notes
    -----
    The margin must be wider than the distance between the outlines that the land and the areas draw of
    the same coast or border, or that coast or border shows up as a front.
    """
    latitude = math.atan(math.sinh(land.centroid.y / WORLD * math.pi))
    area = land.buffer(-margin_m / math.cos(latitude))
    shapely.prepare(area)
    return Ground(area)


def front_line(held: Sequence[BaseGeometry], where: Ground) -> list[BaseGeometry]:
    """Return the edge of the union of *held* on *where*, in pieces of one cell each.

    Parameters
    ----------
    held : sequence of shapely geometries
        Valid areas, EPSG:3857; they may overlap.
    where : Ground
        From `ground`.

    Returns
    -------
    list of shapely geometries
        LineStrings and MultiLineStrings, EPSG:3857, one a cell, ordered by cell. A piece depends on
        nothing outside its cell, so a day that changes one place gives the same pieces elsewhere.
        Empty when nothing is held.

    Notes
    -----
    Edges between two held areas are inside the union and so no front. O(n log n) in the vertices.
    """
    union = shapely.union_all(held)
    edge = shapely.intersection(union.boundary, where.area)
    lines = [part for part in shapely.get_parts(edge) if part.geom_type == "LineString"]
    if not lines:
        return []
    merged = shapely.normalize(shapely.line_merge(shapely.multilinestrings(lines)))
    return list(_pieces(merged))


def _pieces(lines: BaseGeometry) -> Iterable[BaseGeometry]:
    side = 2 * WORLD / (1 << CELL_ZOOM)
    west, south, east, north = (math.floor(value / side) for value in lines.bounds)
    for column in range(west, east + 1):
        strip = shapely.clip_by_rect(lines, column * side, -WORLD, (column + 1) * side, WORLD)
        for row in range(south, north + 1):
            piece = shapely.clip_by_rect(strip, -WORLD, row * side, WORLD, (row + 1) * side)
            if not piece.is_empty:
                yield shapely.normalize(shapely.line_merge(piece))
