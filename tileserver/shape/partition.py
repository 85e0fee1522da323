"""One cell of the partition: areas with statuses become faces that share their edges exactly.

Everything here is in *grid units* of a band: whole tile units of its lowest zoom, x to the east, y to the
south. What is returned has whole coordinates, so no tile of the band rounds them again.

A cell's faces follow from what lies in the cell on that day and from nothing else: not from the day before,
not from the cell beside it. So a stretch that did not change has the same vertices on both days, a
correction reaches the days that it names and no others, and the order of imports leaves no trace. Cells
meet without cracks, because a line is cut at the same coordinates for both, and those vertices stay.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.grid import WORLD, Band
from tileserver.shape.clips import UNIT_ZOOM, Clip, cell_box

GENERALISER = 1  # raised whenever the same areas would give other faces or lines
TOLERANCE = 1.0  # grid units; vertices whose triangle is smaller than its square go
REACH = 2.0  # grid units; how far an edge may lie from the front that it stands for

_NO_LINES = shapely.MultiLineString()


@dataclass(frozen=True, slots=True)
class Face:
    """A polygon of one status, in grid units; with the others of its cell it overlaps nowhere."""

    status: str
    polygon: BaseGeometry


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a band."""

    band: Band
    x: int
    y: int

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, north, east, south in grid units; whole numbers, or powers of a half in tiny cells."""
        scale = _scale(self.band)
        west, north, east, south = cell_box(self.band.cell_zoom, self.x, self.y)
        return west * scale, north * scale, east * scale, south * scale


def cell_faces(
    cell: Cell, parts: Collection[tuple[str, Clip]], priority: Mapping[str, int], *, simplify: bool
) -> list[Face]:
    """Return the faces of one cell.

    Parameters
    ----------
    cell : Cell
        The cell and its band.
    parts : collection of (str, Clip)
        What lies in the cell: statuses and parts, which may overlap.
    priority : mapping of str to int
        Where parts overlap the higher status holds; between equals the first by name.
    simplify : bool
        Whether vertices that cannot be seen go.

    Returns
    -------
    list of Face
        Valid polygons in grid units, disjoint, noded against each other, ordered by status and place.
        Empty where there is nothing.

    Notes
    -----
    The edges of all parts are rounded to the grid and noded in one go (snap rounding: Hobby 1999, Guibas
    and Marimont 1998, in the form of GEOS's OverlayNG), and what they enclose is asked whose it is; so
    disjointness and validity do not depend on the validity of the parts. Then the whole coverage is
    simplified at once (`shapely.coverage_simplify`), with the cell's own edge kept. Parts below one grid
    square are kept as one grid square, wherever a reader could look for them: not at zooms 0-2.
    """
    ranked = sorted(parts, key=lambda part: (-priority[part[0]], part[0], part[1].geometry.wkb))
    if not ranked:
        return []
    box = shapely.box(*cell.box)
    if ranked[0][1].full:
        return [Face(ranked[0][0], box)]
    names = list(dict.fromkeys(status for status, _ in ranked))
    scale = _scale(cell.band)
    shapes = shapely.transform(np.array([clip.geometry for _, clip in ranked]), lambda xy: xy * scale)
    shapely.prepare(shapes)
    marks = _marks(cell.band, ranked, shapes, priority)
    drawn = [square for _, square in marks]
    pieces = _enclosed([*shapely.boundary(shapes), *shapely.boundary(drawn), box.exterior])
    inside = shapely.point_on_surface(pieces)
    whose = np.full(len(pieces), len(names))  # the rest, until somebody has it
    for status, shape in (*marks, *zip((status for status, _ in ranked), shapes, strict=True)):
        free = whose == len(names)
        whose[free & shapely.intersects(shape, inside)] = names.index(status)
    merged = [(name, _merged(pieces[whose == number])) for number, name in enumerate([*names, ""])]
    merged = [(name, shape) for name, shape in merged if not shape.is_empty]
    coverage = np.array([shape for _, shape in merged])
    if simplify:
        coverage = shapely.coverage_simplify(coverage, TOLERANCE, simplify_boundary=False)
    found = [
        Face(name, polygon)
        for (name, _), shape in zip(merged, coverage, strict=True)
        if name
        for polygon in shapely.get_parts(shapely.normalize(shape))
    ]
    return sorted(found, key=lambda face: face.status)


def cell_front(
    cell: Cell, faces: Sequence[Face], held: Collection[str], front: Iterable[Clip]
) -> BaseGeometry:
    """Return the edges of the *held* faces that are *front*, as one geometry of lines in grid units.

    *front* is where the front runs, before any generalisation; its parts say which edges count, the faces
    say where these are, so that line and fill never part. The cell's own edge never counts. Empty where
    there is none.
    """
    where = [clip.geometry for clip in front]
    areas = [face.polygon for face in faces if face.status in held]
    if not where or not areas:
        return _NO_LINES
    scale = _scale(cell.band)
    true = shapely.transform(shapely.union_all(where), lambda xy: xy * scale)
    shapely.prepare(true)
    edges = _segments(shapely.boundary(_merged(np.array(areas))))
    edges = edges[~_on_box(edges, cell.box)]
    middles = shapely.points(edges.mean(axis=1))
    chosen = shapely.linestrings(edges[shapely.dwithin(true, middles, REACH)])
    found: BaseGeometry = shapely.normalize(shapely.line_merge(shapely.multilinestrings(chosen)))
    return found


def to_metres(geometry: BaseGeometry, band: Band) -> BaseGeometry:
    """Return *geometry*, in grid units of *band*, in metres of EPSG:3857."""
    unit = band.unit_m
    return shapely.transform(geometry, lambda xy: xy * [unit, -unit] + [-WORLD, WORLD])


def _scale(band: Band) -> float:
    """Return the grid units of *band* that a world unit is."""
    return 2.0 ** (band.lowest - UNIT_ZOOM)


def _marks(
    band: Band,
    ranked: Sequence[tuple[str, Clip]],
    shapes: npt.NDArray[np.object_],
    priority: Mapping[str, int],
) -> list[tuple[str, BaseGeometry]]:
    """Return a grid square for each part that is smaller than one and not under a higher status."""
    if band.lowest == 0:
        return []
    scale = _scale(band)
    found = []
    for status, clip in ranked:
        for x, y, area in clip.small * [scale, scale, scale * scale]:
            if area >= 1:
                continue
            above = [
                shape
                for (other, _), shape in zip(ranked, shapes, strict=True)
                if priority[other] > priority[status]
            ]
            if not shapely.intersects_xy(above, x, y).any():
                west, north = np.floor(x), np.floor(y)
                found.append((status, shapely.box(west, north, west + 1, north + 1)))
    return found


def _enclosed(lines: Sequence[BaseGeometry]) -> npt.NDArray[np.object_]:
    """Return the polygons that *lines* enclose once they are rounded to whole numbers and noded."""
    noded = shapely.union_all(lines, grid_size=1.0)
    return np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(noded))))


def _merged(pieces: npt.NDArray[np.object_]) -> BaseGeometry:
    return shapely.coverage_union_all(pieces)


def _segments(lines: BaseGeometry) -> npt.NDArray[np.float64]:
    """Return the segments of *lines*, shape (n, 2, 2)."""
    coordinates, line = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    together = line[1:] == line[:-1]
    return np.stack([coordinates[:-1][together], coordinates[1:][together]], axis=1)


def _on_box(edges: npt.NDArray[np.float64], box: tuple[float, float, float, float]) -> npt.NDArray[np.bool_]:
    """Whether both ends of each edge lie on the same side of the box."""
    west, north, east, south = box
    x, y = edges[:, :, 0], edges[:, :, 1]
    on = [(x == west), (x == east), (y == north), (y == south)]
    found: npt.NDArray[np.bool_] = np.any([side.all(axis=1) for side in on], axis=0)
    return found
