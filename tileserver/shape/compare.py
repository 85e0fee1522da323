"""Land that changed hands between two states, piece by piece, and its square kilometres."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.grid import WORLD
from tileserver.shape.measure import area_km2, polygons_in

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
        scale = np.cosh(north * np.pi / WORLD)  # metres of EPSG:3857 to one on the ground
        found[found] = shapely.is_empty(shapely.buffer(polygons[found], -self.width_m / 2 * scale))
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
    parts: defaultdict[tuple[str, str], list[BaseGeometry]] = defaultdict(list)
    for cell in cells:
        for before, after, polygon in _moved(cell):
            parts[before, after].append(polygon)
    return joined(parts, sieve)


def joined(parts: Mapping[tuple[str, str], Sequence[BaseGeometry]], sieve: Sieve) -> list[Piece]:
    """Return the pieces that disjoint *parts* make up: polygons, EPSG:3857, by status before and after."""
    return [piece for pair in sorted(parts) for piece in _pieces(*pair, parts[pair], sieve)]


def _moved(cell: CellDifference) -> Iterable[tuple[str, str, BaseGeometry]]:
    for before, old in cell.before:
        for after, new in cell.after:
            if before != after:
                yield before, after, shapely.intersection(old, new)
    held, holds = (shapely.union_all([polygon for _, polygon in side]) for side in cell)
    for before, old in cell.before:
        yield before, NO_STATUS, shapely.difference(old, holds)
    for after, new in cell.after:
        yield NO_STATUS, after, shapely.difference(new, held)


def _pieces(before: str, after: str, parts: Sequence[BaseGeometry], sieve: Sieve) -> list[Piece]:
    polygons = polygons_in(shapely.union_all(polygons_in(parts), grid_size=_JOINT_M))
    km2 = np.array([area_km2(polygon) for polygon in polygons])
    slivers = sieve.slivers(polygons, km2)
    return [
        Piece(before, after, polygon, float(area), bool(sliver))
        for polygon, area, sliver in zip(polygons, km2, slivers, strict=True)
    ]
