"""Land that changed hands between two states, piece by piece, and its square kilometres."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.shape.dissolve import dissolved
from tileserver.shape.measure import areas_km2, polygons_in
from tileserver.shape.project import stretch

NO_STATUS = ""  # land that no area covers
_JOINT_M = 0.001  # grid on which pieces of neighbouring cells meet; an edge that was cut may be a hair off

Area: TypeAlias = tuple[str, BaseGeometry]  # a status and a polygon in EPSG:3857


class CellDifference(NamedTuple):
    """Areas of one cell that only the state *before* has, or only the state *after*; each side disjoint."""

    before: Sequence[Area]
    after: Sequence[Area]


@dataclass(frozen=True, slots=True)
class Piece:
    """Connected land, a polygon in EPSG:3857, that went from the status *before* to the status *after*."""

    before: str
    after: str
    polygon: BaseGeometry  # EPSG:3857
    km2: float  # on the ellipsoid
    sliver: bool


@dataclass(frozen=True, slots=True)
class Sieve:
    """Measure of slivers: smaller than *min_ha* hectares, nowhere as wide as *width_m* metres on the ground.

    Publishers redraw borders from day to day without anything having happened: most pieces of a day are
    such strips. A small but compact piece, such as a hamlet, is none.
    """

    min_ha: float = 0.8
    width_m: float = 50.0

    def slivers(
        self, polygons: npt.NDArray[np.object_], km2: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.bool_]:
        """Tell which of *polygons*, whose areas are *km2*, are slivers; shapes (n,)."""
        found = km2 * 100 < self.min_ha
        north = shapely.get_coordinates(shapely.centroid(polygons[found]))[:, 1]
        found[found] = shapely.is_empty(shapely.buffer(polygons[found], -self.width_m / 2 * stretch(north)))
        return found


def differing_pieces(cells: Iterable[CellDifference], sieve: Sieve) -> list[Piece]:
    """Return the land that changed hands, piece by piece, EPSG:3857, ordered by the statuses.

    Parameters
    ----------
    cells : iterable of CellDifference
        The cells that differ, each once; what neighbouring cells have of one piece becomes one again.
    sieve : Sieve
        What counts as a sliver. Slivers are returned like the others, marked.

    Returns
    -------
    list of Piece
        Disjoint. Swapping before and after swaps it in every piece and changes nothing else. Empty where
        nothing changed.
    """
    both: list[CellDifference] = []
    parts: defaultdict[tuple[str, str], list[BaseGeometry]] = defaultdict(list)
    for cell in cells:
        if cell.before and cell.after:
            both.append(cell)
        for before, polygon in () if cell.after else cell.before:
            parts[before, NO_STATUS].append(polygon)
        for after, polygon in () if cell.before else cell.after:
            parts[NO_STATUS, after].append(polygon)
    for pair, polygon in _moved(both):
        parts[pair].append(polygon)
    return joined(parts, sieve)


def joined(parts: Mapping[tuple[str, str], Sequence[BaseGeometry]], sieve: Sieve) -> list[Piece]:
    """Return the pieces that disjoint *parts* make up: polygons, EPSG:3857, by status before and after."""
    return [piece for pair in sorted(parts) for piece in _pieces(*pair, parts[pair], sieve)]


def _moved(cells: Sequence[CellDifference]) -> Iterator[tuple[tuple[str, str], BaseGeometry]]:
    """Yield the statuses before and after, and the land, of all that changed hands in *cells*."""
    kept = [
        ((old, new), one, other)
        for cell in cells
        for old, one in cell.before
        for new, other in cell.after
        if old != new
    ]
    yield from _cut(shapely.intersection, kept)
    held, holds = (_united([[area for _, area in cell[side]] for cell in cells]) for side in (0, 1))
    numbered = list(enumerate(cells))
    gone = [((old, NO_STATUS), area, holds[n]) for n, cell in numbered for old, area in cell.before]
    new = [((NO_STATUS, new), area, held[n]) for n, cell in numbered for new, area in cell.after]
    yield from _cut(shapely.difference, gone + new)


def _cut(
    cut: Callable[..., Any], cases: Sequence[tuple[tuple[str, str], BaseGeometry, BaseGeometry]]
) -> Iterator[tuple[tuple[str, str], BaseGeometry]]:
    if not cases:
        return
    pairs, ones, others = zip(*cases, strict=True)
    yield from zip(pairs, cut(np.array(ones), np.array(others)), strict=True)


def _united(groups: Sequence[Sequence[BaseGeometry]]) -> list[BaseGeometry]:
    return [group[0] if len(group) == 1 else shapely.union_all(group) for group in groups]


def _pieces(before: str, after: str, parts: Sequence[BaseGeometry], sieve: Sieve) -> list[Piece]:
    polygons = dissolved(polygons_in(parts), _JOINT_M)
    km2 = areas_km2(polygons)
    slivers = sieve.slivers(polygons, km2)
    return [
        Piece(before, after, polygon, float(area), bool(sliver))
        for polygon, area, sliver in zip(polygons, km2, slivers, strict=True)
    ]
