"""Comparison of two states on the grid of one band: land that changed hands, and lines that moved.

All vertices of pieces and lines lie on the band's grid, as those of its faces do, so a comparison fits the
tiles of both states exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.grid import WORLD, Band
from tileserver.shape.compare import NO_STATUS, Area, CellDifference, Piece, Sieve, joined
from tileserver.shape.measure import area_km2, polygons_in
from tileserver.shape.partition import to_metres

_PUBLISHED = Sieve()
_STRIP = 1.0  # grid units; rounding to the grid alone makes strips of this width
_SPECK = 1.0  # square grid units


class LineDifference(NamedTuple):
    """A stretch of line, EPSG:3857, of the state before alone, or of the state after alone."""

    before: bool
    line: BaseGeometry  # EPSG:3857


def band_sieve(band: Band) -> Sieve:
    """Return the sieve of *band*: slivers are pieces as publishers redraw, or as the grid alone makes.

    The grid makes strips up to one of its units wide, and specks up to one of its squares, both measured at
    the equator; both sizes are the larger of the two.
    """
    unit = band.unit_m
    return Sieve(
        min_ha=max(_PUBLISHED.min_ha, _SPECK * unit * unit / 10_000),
        width_m=max(_PUBLISHED.width_m, _STRIP * unit),
    )


def band_pieces(cells: Iterable[CellDifference], band: Band) -> list[Piece]:
    """Return the land that changed hands, piece by piece, on the grid of *band*.

    Parameters
    ----------
    cells : iterable of CellDifference
        The cells of the band that differ, each once, with faces of the band.
    band : Band
        Its grid is the grid of the pieces, and `band_sieve` says what a sliver is.

    Returns
    -------
    list of Piece
        Ordered by the statuses, then by place. Disjoint, with vertices on the grid; parts of one piece in
        neighbouring cells are one. Swapping before and after swaps it in every piece and changes nothing
        else. Square kilometres are those of the piece as it is drawn.

    Notes
    -----
    As `partition.cell_faces` does it: the edges of both states are noded on the grid in one go, and what
    they enclose is asked whose it was and whose it is, so no two pieces can overlap, nor a crack open
    between them. Rounding moves an edge by less than a grid square.
    """
    parts: defaultdict[tuple[str, str], list[BaseGeometry]] = defaultdict(list)
    for cell in cells:
        for before, after, polygon in _moved(cell, band):
            parts[before, after].append(polygon)
    pieces = joined(parts, band_sieve(band))
    drawn = _on_grid([piece.polygon for piece in pieces], band)
    whole = [
        each for piece, polygon in zip(pieces, drawn, strict=True) for each in _placed(piece, polygon, band)
    ]
    return sorted(whole, key=lambda piece: (piece.before, piece.after, piece.polygon.wkb))


def band_lines(cells: Iterable[CellDifference], band: Band) -> list[LineDifference]:
    """Return the stretches of line that only one of two states has, EPSG:3857, on the band's grid.

    Stretches that meet at the edge of a cell are one. Empty where
    nothing differs.
    """
    parts: dict[bool, list[BaseGeometry]] = {True: [], False: []}
    for cell in cells:
        old, new = (shapely.union_all(_on_grid([line for _, line in side], band)) for side in cell)
        parts[True].append(shapely.difference(old, new, grid_size=1.0))
        parts[False].append(shapely.difference(new, old, grid_size=1.0))
    return [
        LineDifference(before, line)
        for before, own in parts.items()
        for line in shapely.get_parts(to_metres(shapely.normalize(_merged(own)), band))
    ]


def _moved(cell: CellDifference, band: Band) -> Iterator[tuple[str, str, BaseGeometry]]:
    if len(cell.before) + len(cell.after) == 1:  # a face of the band, on its grid as it is
        (status, polygon), *_ = *cell.before, *cell.after
        yield (status, NO_STATUS, polygon) if cell.before else (NO_STATUS, status, polygon)
        return
    sides = [_on_grid([polygon for _, polygon in side], band) for side in cell]
    edges = shapely.union_all(shapely.boundary(np.concatenate(sides)), grid_size=1.0)
    pieces = np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(edges))))
    inside = shapely.point_on_surface(pieces)
    was, holds = (_holders(inside, side, shapes) for side, shapes in zip(cell, sides, strict=True))
    for before, after in sorted({*zip(was, holds, strict=True)}):
        if before != after:
            own = pieces[(was == before) & (holds == after)]
            yield before, after, to_metres(shapely.coverage_union_all(own), band)


def _placed(piece: Piece, polygon: BaseGeometry, band: Band) -> Iterator[Piece]:
    """Yield *piece* as *polygon*, in grid units, says: several where rounding let its ring touch itself."""
    if polygon.is_valid:
        yield replace(piece, polygon=to_metres(shapely.normalize(polygon), band))
        return
    mended = shapely.make_valid(polygon, method="structure", keep_collapsed=False)
    parts = polygons_in(
        [shapely.set_precision(mended, 1.0)]
    )  # a ring may have crossed itself beside the grid
    placed = [to_metres(shapely.normalize(part), band) for part in parts]
    km2 = np.array([area_km2(part) for part in placed])
    slivers = band_sieve(band).slivers(np.array(placed), km2)
    for part, area, sliver in zip(placed, km2, slivers, strict=True):
        yield replace(piece, polygon=part, km2=float(area), sliver=bool(sliver))


def _holders(
    points: npt.NDArray[np.object_], areas: Sequence[Area], shapes: npt.NDArray[np.object_]
) -> npt.NDArray[np.str_]:
    """Return the status of the area around each point."""
    found = np.full(len(points), NO_STATUS, dtype=object)
    where, which = shapely.STRtree(shapes).query(points, predicate="intersects")
    found[where] = [areas[number][0] for number in which]
    return found


def _merged(lines: Sequence[BaseGeometry]) -> BaseGeometry:
    return shapely.line_merge(shapely.union_all(lines))


def _on_grid(geometries: Sequence[BaseGeometry], band: Band) -> npt.NDArray[np.object_]:
    """Return geometries of the band, in metres, in grid units from the north-west; exact."""
    unit = band.unit_m
    shapes: npt.NDArray[np.object_] = shapely.transform(
        np.array(geometries, dtype=object), lambda xy: np.rint((xy - [-WORLD, WORLD]) / [unit, -unit])
    )
    return shapes
