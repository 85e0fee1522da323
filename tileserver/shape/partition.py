"""One cell of the partition: areas with statuses become faces that share their edges exactly.

A cell has its edges in three units, all with x to the east and y to the south. The cell 10/617/352 of the
band of zooms 7 and 8, whose cells are tiles of zoom 10::

    units         one of them is        the world is    the cell is    its west edge is at
    world units   a unit of zoom 14     2^26 wide       65,536 wide    617 * 65,536 = 40,435,712
    grid units    a unit of zoom 7      2^19 wide          512 wide    617 * 512    =    315,904
    tile units    1/4096 of a tile      (each tile)        512 wide    512 in tile 7/77/44
                                                         1,024 wide    1,024 in tile 8/154/88

    tile 7/77/44
    +---+---+---+---+-- ...   Clips are cut in world units (`clips`), where edges of cells of all zooms are
    |616|617|618|619|         whole. Faces are rounded to grid units, the tile units of the band's lowest
    +---+---+---+---+-- ...   zoom, and kept in metres of EPSG:3857. A tile of the zoom above has two of its
    |   |   |   |   |         units to a grid unit: so faces are whole in every tile of the band, and no tile
    ...                       rounds them again.

Everything here is in grid units, and what is returned has whole coordinates.

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
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from tileserver.grid import UNIT_ZOOM, WORLD, Band
from tileserver.shape.clips import Clip, cell_box
from tileserver.shape.segments import segments

GENERALISER = 4  # raised whenever the same areas would give other faces or lines
TOLERANCE = 1.0  # grid units; vertices whose triangle is smaller than its square go
REACH = 2.0  # grid units; how far an edge may lie from the front that it stands for
MARK = 2.0  # grid units; the side of the square that stands for a part smaller than it

_MOVED = 0.75  # grid units; rounding moves no edge farther: half the diagonal of a grid square

_NO_LINES = shapely.MultiLineString()


@dataclass(frozen=True, slots=True)
class Face:
    """A polygon of one status, in grid units; no two faces of a cell overlap."""

    status: str
    polygon: BaseGeometry


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a band; or a larger cell, *above* zooms over the band's, in place of all the cells inside."""

    band: Band
    x: int
    y: int
    above: int = 0

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, north, east, south in grid units; whole numbers, or powers of a half in tiny cells."""
        scale = _scale(self.band)
        west, north, east, south = cell_box(self.band.cell_zoom - self.above, self.x, self.y)
        return west * scale, north * scale, east * scale, south * scale

    @property
    def outline(self) -> Polygon:
        """The box as a polygon in grid units, with the corners of all cells along its sides.

        So it measures, along geodesics, exactly what they do together, and meets its neighbours in vertices.
        """
        west, _, east, _ = self.box
        found: Polygon = shapely.segmentize(shapely.box(*self.box), (east - west) / (1 << self.above))
        return found


def whole_status(parts: Collection[tuple[str, Clip]], priority: Mapping[str, int]) -> str | None:
    """Return the status that has all of the cell of *parts*; ``None`` where no part alone has the cell."""
    highest = min((status for status, _ in parts), key=lambda each: (-priority[each], each), default=None)
    return highest if any(clip.full for status, clip in parts if status == highest) else None


def cell_faces(
    cell: Cell, parts: Collection[tuple[str, Clip]], priority: Mapping[str, int], *, simplify: bool
) -> list[Face]:
    """Return the faces of one cell, in grid units of its band.

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
    simplified at once (`shapely.coverage_simplify`), with the cell's own edge kept. Parts smaller than a
    square of two grid units are drawn as one, wherever a reader could look for them: not at zooms 0-2. A
    square of one unit would not do: simplifying makes half of it.
    """
    ranked = sorted(parts, key=lambda part: (-priority[part[0]], part[0], part[1].clip_hash))
    if not ranked:
        return []
    whole = whole_status(ranked, priority)
    if whole is not None:
        return [Face(whole, cell.outline)]
    box = cell.outline
    names = list(dict.fromkeys(_statuses(ranked)))
    scale = _scale(cell.band)
    shapes = shapely.transform(np.array([clip.geometry for _, clip in ranked]), lambda xy: xy * scale)
    shapely.prepare(shapes)
    claims = [*_marks(cell, ranked, shapes, priority), *zip(_statuses(ranked), shapes, strict=True)]
    edges = shapely.boundary([shape for _, shape in claims])
    pieces = _enclosed([*edges, box.exterior])
    whose = _owners(pieces, [(names.index(status), shape) for status, shape in claims], edges)
    numbers = np.unique(whose)
    coverage = np.array([_merged(pieces[whose == number]) for number in numbers])
    if simplify:
        coverage = shapely.coverage_simplify(coverage, TOLERANCE, simplify_boundary=False)
    held = numbers < len(names)  # not the rest
    polygons, which = shapely.get_parts(shapely.normalize(coverage[held]), return_index=True)
    found = [Face(names[numbers[held][k]], polygon) for k, polygon in zip(which, polygons, strict=True)]
    return sorted(found, key=lambda face: face.status)


def cell_front(
    cell: Cell, faces: Sequence[Face], our_side: Collection[str], front: Iterable[Clip]
) -> BaseGeometry:
    """Return the edges of the faces of *our_side* that are *front*, as one geometry of lines in grid units.

    *front* is where the front runs, before any generalisation; its parts say which edges count, the faces
    say where these are, so that line and fill never part. The cell's own edge never counts. Empty where
    there is none.
    """
    where = [clip.geometry for clip in front]
    areas = [face.polygon for face in faces if face.status in our_side]
    if not where or not areas:
        return _NO_LINES
    scale = _scale(cell.band)
    true = shapely.transform(shapely.union_all(where), lambda xy: xy * scale)
    shapely.prepare(true)
    edges, _ = segments(shapely.boundary(_merged(np.array(areas))))
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


def _statuses(ranked: Sequence[tuple[str, Clip]]) -> list[str]:
    return [status for status, _ in ranked]


def _marks(
    cell: Cell,
    ranked: Sequence[tuple[str, Clip]],
    shapes: npt.NDArray[np.object_],
    priority: Mapping[str, int],
) -> list[tuple[str, BaseGeometry]]:
    """Return a square of `MARK` grid units for each smaller part that is not under a higher status."""
    if cell.band.lowest == 0:
        return []
    scale = _scale(cell.band)
    west, north, east, south = cell.box
    found = []
    for status, clip in ranked:
        for x, y, area in clip.small * [scale, scale, scale * scale]:
            if area >= MARK * MARK:
                continue
            above = [
                shape
                for (other, _), shape in zip(ranked, shapes, strict=True)
                if priority[other] > priority[status]
            ]
            if not shapely.intersects_xy(above, x, y).any():
                left = min(max(np.round(x - MARK / 2), west), east - MARK)
                top = min(max(np.round(y - MARK / 2), north), south - MARK)
                found.append((status, shapely.box(left, top, left + MARK, top + MARK)))
    return found


def _owners(
    pieces: npt.NDArray[np.object_],
    claims: Sequence[tuple[int, BaseGeometry]],
    edges: npt.NDArray[np.object_],
) -> npt.NDArray[np.intp]:
    """Return, shape (n,), the status number of the first claim around each of n pieces.

    *pieces*: polygons on the grid, (n,). *claims*: (status number, shape), the strongest first.
    *edges*: boundaries of the claims. All in grid units. A piece in no claim gets the number after the last.

    A point of the piece decides, if the point is farther from all *edges* than rounding moves an edge
    (`_MOVED`). For a piece without such a point the claim with the largest share of its area decides; so it
    does for pieces too thin to have one, which are as near to one claim as to the other.
    """
    rest = max(number for number, _ in claims) + 1
    lines = shapely.geometrycollections(edges)
    shapely.prepare(lines)
    inside = shapely.point_on_surface(pieces)
    unsure = np.flatnonzero(shapely.dwithin(lines, inside, _MOVED))
    cores = shapely.buffer(pieces[unsure], -_MOVED, quad_segs=1)
    unsure, cores = unsure[~shapely.is_empty(cores)], cores[~shapely.is_empty(cores)]
    inside[unsure] = shapely.point_on_surface(cores)
    whose = np.full(len(pieces), rest)
    for number, shape in claims:
        whose[(whose == rest) & shapely.intersects(shape, inside)] = number
    unsure = unsure[shapely.dwithin(lines, inside[unsure], _MOVED)]
    whose[unsure] = _largest_shares(pieces[unsure], claims, rest)
    return whose


def _largest_shares(
    pieces: npt.NDArray[np.object_], claims: Sequence[tuple[int, BaseGeometry]], rest: int
) -> npt.NDArray[np.intp]:
    shares = np.zeros((rest + 1, len(pieces)))
    for number, shape in claims if len(pieces) else ():
        left = shapely.difference(pieces, shape)
        shares[number] += shapely.area(pieces) - shapely.area(left)
        pieces = left
    shares[rest] = shapely.area(pieces)
    found: npt.NDArray[np.intp] = shares.argmax(axis=0)
    return found


def _enclosed(lines: Sequence[BaseGeometry]) -> npt.NDArray[np.object_]:
    """Return the polygons that *lines* enclose after rounding to whole grid units and noding, shape (n,)."""
    noded = shapely.union_all(lines, grid_size=1.0)
    return np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(noded))))


def _merged(pieces: npt.NDArray[np.object_]) -> BaseGeometry:
    only: BaseGeometry = pieces[0]
    return only if len(pieces) == 1 else shapely.coverage_union_all(pieces)


def _on_box(edges: npt.NDArray[np.float64], box: tuple[float, float, float, float]) -> npt.NDArray[np.bool_]:
    """Whether both ends of each edge lie on the same side of the box."""
    west, north, east, south = box
    x, y = edges[:, :, 0], edges[:, :, 1]
    on = [(x == west), (x == east), (y == north), (y == south)]
    found: npt.NDArray[np.bool_] = np.any([side.all(axis=1) for side in on], axis=0)
    return found
