"""The front line: the edge of the held areas where it runs over land that can be fought over."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from shapely import MultiLineString
from shapely.geometry.base import BaseGeometry

from tileserver.grid import WORLD


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a front can run, in EPSG:3857: prepared for the intersections of many days."""

    area: BaseGeometry  # the land without a margin along its own edge
    heart: BaseGeometry  # the land without twice that margin
    seam: float  # projected metres


def ground(land: BaseGeometry, margin_m: float, seam_m: float) -> Ground:
    """Return where on *land* a front can run.

    Parameters
    ----------
    land : shapely geometry
        Polygon or MultiPolygon, EPSG:3857.
    margin_m : float
        True metres. Must be wider than the distance between the outlines that the land and the areas
        draw of the same coast or border, or that coast or border shows up as a front.
    seam_m : float
        True metres. Held areas with a gap of less than twice this between them are taken to touch.

    Notes
    -----
    EPSG:3857 stretches true metres by the secant of the latitude, taken at the land's centre.
    """
    latitude = math.atan(math.sinh(shapely.centroid(land).y / WORLD * math.pi))
    stretch = 1 / math.cos(latitude)
    found = Ground(
        shapely.buffer(land, -margin_m * stretch),
        shapely.buffer(land, -2 * margin_m * stretch),
        seam_m * stretch,
    )
    shapely.prepare([found.area, found.heart])
    return found


def front_line(held: Sequence[BaseGeometry], where: Ground) -> BaseGeometry:
    """Return the edge of the union of *held* on *where*.

    Parameters
    ----------
    held : sequence of shapely geometries
        Valid areas, EPSG:3857; they may overlap.
    where : Ground
        From `ground`.

    Returns
    -------
    shapely geometry
        MultiLineString, EPSG:3857. A day that changes one place gives the same lines elsewhere, but for
        those that begin or cease to be front as a whole. Empty when nothing is held.

    Notes
    -----
    Not front are: what lies inside the union, seams between held areas, and lines that come in from the
    land's edge and leave again without reaching its heart, which are borders that two outlines draw
    differently. O(n log n) in the vertices.
    """
    union = shapely.union_all(held)
    edge = shapely.intersection(shapely.boundary(union), where.area)
    edge = shapely.difference(edge, _seams(union, where.seam))
    lines = [part for part in shapely.get_parts(edge) if part.geom_type == "LineString"]
    if not lines:
        return MultiLineString()
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines)))
    fronts = merged[shapely.is_ring(merged) | shapely.intersects(where.heart, merged)]
    return MultiLineString(list(fronts))


def _seams(union: BaseGeometry, seam: float) -> BaseGeometry:
    """Return what lies within *union* once gaps narrower than twice *seam* are closed, less its rim."""
    outline = shapely.simplify(union, seam / 4)
    closed = shapely.buffer(outline, seam, quad_segs=2)
    return shapely.buffer(closed, -1.5 * seam, quad_segs=2)
