"""Repair of a geometry from a file: flat, valid, of the layer's kind, in metres of EPSG:3857.

The steps: parse, drop heights, cut at 180 degrees, project, flatten to the layer's kind, make valid, remove
what lies far outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import shapely
from shapely import GeometryType, MultiLineString, MultiPolygon
from shapely.geometry.base import BaseGeometry

from tileserver.findings import Finding
from tileserver.geometry import parse_geometry
from tileserver.grid import BoundsLonLat
from tileserver.shape.antimeridian import crosses_antimeridian, cut_at_antimeridian
from tileserver.shape.measure import polygons_in
from tileserver.shape.mend import mended
from tileserver.shape.project import MAX_LATITUDE, to_mercator

Kind: TypeAlias = Literal["areas", "lines", "points"]
Parts: TypeAlias = npt.NDArray[np.object_]

_SINGLE: dict[Kind, GeometryType] = {
    "points": GeometryType.POINT,
    "lines": GeometryType.LINESTRING,
    "areas": GeometryType.POLYGON,
}


@dataclass(frozen=True, slots=True)
class Repaired:
    """A geometry in EPSG:3857, two-dimensional and valid, and the findings on the way.

    ``geometry`` is ``None`` where nothing could be kept; the only finding then says why, and its
    treatment is ``quarantined``. ``moved`` is the land that a finding gave or took away, in EPSG:3857; of
    findings that move none, and of lines and points, there is nothing.
    """

    geometry: BaseGeometry | None
    findings: tuple[Finding, ...]
    moved: Mapping[Finding, BaseGeometry] = field(default_factory=dict)


def repair_geometry(geometry: bytes, kind: Kind, bounds: BoundsLonLat, *, anywhere: bool) -> Repaired:
    """Turn the text of a GeoJSON geometry into a valid geometry of the layer's kind.

    Parameters
    ----------
    geometry : bytes
        GeoJSON geometry in longitude and latitude, degrees; two or three dimensions.
    kind : {"areas", "lines", "points"}
        What to keep: (Multi)Polygon, (Multi)LineString, or one Point.
    bounds : BoundsLonLat
        Where the theatre lies. Parts that do not touch it are removed.
    anywhere : bool
        Whether the feature's status may lie outside the theatre; then nothing is removed.

    Returns
    -------
    Repaired
        Nothing is snapped, simplified or moved. Bad input never raises: where a library gives a geometry up,
        that is unreadable. Lines and areas over 180 degrees are
        cut there. Latitudes beyond the Mercator world are drawn in to its edge, for areas and lines; a point
        there lies outside.
    """
    try:
        return _repaired(geometry, kind, bounds, anywhere=anywhere)
    except shapely.GEOSException:
        return Repaired(None, (Finding.UNREADABLE,))


def _repaired(geometry: bytes, kind: Kind, bounds: BoundsLonLat, *, anywhere: bool) -> Repaired:
    findings: list[Finding] = []
    shape = parse_geometry(geometry)
    if shape is None:
        return Repaired(None, (Finding.UNREADABLE,))
    if shape.has_z:
        findings.append(Finding.DIMENSION_DROPPED)
        shape = shapely.force_2d(shape)
    if shape.geom_type == "GeometryCollection":
        findings.append(Finding.FLATTENED)
    if kind != "points" and crosses_antimeridian(shape):
        findings.append(Finding.CUT_AT_180)
        shape = cut_at_antimeridian(shape)
    projected = _project(shape, kind, findings)
    if projected is None:
        return Repaired(None, (Finding.OUTSIDE,))
    moved: dict[Finding, BaseGeometry] = {}
    kept = _valid(_parts_of_kind(projected, kind, findings), kind, findings, moved)
    if not len(kept):
        return Repaired(None, (Finding.UNREADABLE,))
    if not anywhere:
        kept = _inside(kept, bounds, findings, moved)
    if not len(kept):
        return Repaired(None, (Finding.OUTSIDE,))
    return Repaired(_assemble(kept, kind), tuple(findings), moved)


def _project(shape: BaseGeometry, kind: Kind, findings: list[Finding]) -> BaseGeometry | None:
    """Project degrees to metres of EPSG:3857; ``None`` for a geometry beside the map of the world."""
    west, south, east, north = shape.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:
        return None
    if max(-south, north) > MAX_LATITUDE:
        if kind == "points":
            return None
        findings.append(Finding.CUT_AT_POLE)
    return shapely.transform(shape, _clamped_to_mercator)


def _clamped_to_mercator(lonlat: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    latitude = np.clip(lonlat[:, 1], -MAX_LATITUDE, MAX_LATITUDE)
    return to_mercator(np.column_stack([lonlat[:, 0], latitude]))


def _parts_of_kind(shape: BaseGeometry, kind: Kind, findings: list[Finding]) -> Parts:
    """Return the single parts of the layer's kind, shape (n,), from however deep in collections."""
    parts = _array(shape)
    while (shapely.get_type_id(parts) > GeometryType.POLYGON).any():
        parts = shapely.get_parts(parts)
    parts = parts[~shapely.is_empty(parts)]
    kept: Parts = parts[shapely.get_type_id(parts) == _SINGLE[kind]]
    if 0 < len(kept) < len(parts):
        findings.append(Finding.OTHER_KIND_REMOVED)
    return kept


def _valid(parts: Parts, kind: Kind, findings: list[Finding], moved: dict[Finding, BaseGeometry]) -> Parts:
    """Return parts that are valid together: overlapping areas are united, lines of no length go."""
    if kind == "points":
        return parts if len(parts) == 1 else parts[:0]
    if kind == "lines":
        return parts[shapely.length(parts) > 0]
    whole = _assemble(parts, kind) if len(parts) else None
    if whole is None or whole.is_valid:
        return parts
    findings.append(Finding.MADE_VALID)
    made: Parts = shapely.get_parts(_array(shapely.union_all([mended(part) for part in parts])))
    areas: Parts = made[shapely.get_type_id(made) == GeometryType.POLYGON]
    moved[Finding.MADE_VALID] = shapely.symmetric_difference(_as_drawn(parts), shapely.union_all(areas))
    return areas


def _as_drawn(parts: Parts) -> BaseGeometry:
    """Return the land of possibly invalid areas as maps draw each by its rings: the even-odd rule."""
    return shapely.union_all(polygons_in(shapely.make_valid(parts, method="linework")))


def _inside(
    parts: Parts, bounds: BoundsLonLat, findings: list[Finding], moved: dict[Finding, BaseGeometry]
) -> Parts:
    """Return the parts that touch the bounds."""
    corners = to_mercator(np.array([[bounds.west, bounds.south], [bounds.east, bounds.north]]))
    near = shapely.intersects(parts, shapely.box(*corners[0], *corners[1]))
    if near.any() and not near.all():
        findings.append(Finding.STRAY_REMOVED)
        moved[Finding.STRAY_REMOVED] = shapely.union_all(polygons_in(parts[~near]))
    return parts[near]


def _assemble(parts: Parts, kind: Kind) -> BaseGeometry:
    if len(parts) == 1:
        part: BaseGeometry = parts[0]
        return part
    return MultiPolygon(list(parts)) if kind == "areas" else MultiLineString(list(parts))


def _array(shape: BaseGeometry) -> Parts:
    made = np.empty(1, dtype=np.object_)
    made[0] = shape
    return made
