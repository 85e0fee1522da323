"""Ground under the fronts: the holder of uncovered land, and the distances that count."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.declared import Derivation
from tileserver.grid import WORLD, BoundsLonLat
from tileserver.shape.repair import repair_geometry
from tileserver.shape.segments import Shapes, segments


@dataclass(frozen=True, slots=True)
class Ground:
    """Land of each side, held where no area covers the land, and the distances that count; EPSG:3857."""

    lands: Mapping[str, BaseGeometry]  # side -> its own land
    outlines: Mapping[str, shapely.STRtree]  # side -> the segments around its land
    reach: float  # projected metres, as all below
    margin: float
    border: float
    seam: float


def ground(
    lands: Mapping[str, BaseGeometry], *, reach_m: float, margin_m: float, border_m: float, seam_m: float
) -> Ground:
    """Return the ground that fronts are drawn over, with true metres made metres of EPSG:3857.

    Parameters
    ----------
    lands : mapping of str to shapely geometry
        Side to Polygon or MultiPolygon, EPSG:3857: land of the side where no area covers it. Disjoint.
    reach_m : float
        True metres. Two sides face each other across water, or land that is nobody's, no wider than this.
    margin_m : float
        True metres. A strip of uncovered land nowhere twice as wide is nobody's: two outlines of one coast.
    border_m : float
        True metres. An edge this near to a side's own land is that land's border, not its front.
    seam_m : float
        True metres. Held areas with a gap of less than twice this between them are taken to touch.

    Notes
    -----
    EPSG:3857 stretches true metres by the secant of the latitude, taken at the centre of all lands.
    """
    middle = shapely.centroid(shapely.multipoints([shapely.centroid(land) for land in lands.values()]))
    stretch = 1 / math.cos(math.atan(math.sinh(middle.y / WORLD * math.pi)))
    for land in lands.values():
        shapely.prepare(land)
    outlines = {side: outline_tree(land) for side, land in lands.items()}
    return Ground(lands, outlines, *(metres * stretch for metres in (reach_m, margin_m, border_m, seam_m)))


def declared_ground(lands: Mapping[str, bytes], derived: Derivation, bounds: BoundsLonLat) -> Ground:
    """Return the ground of a line as *derived*: *lands* are GeoJSON geometries in degrees, by side."""
    found = {}
    for side, text in lands.items():
        land = repair_geometry(text, "areas", bounds, anywhere=True)
        assert land.geometry is not None, f"the land of {side} is no area"
        found[side] = land.geometry
    return ground(
        found,
        reach_m=derived.reach_m,
        margin_m=derived.margin_m,
        border_m=derived.border_m,
        seam_m=derived.seam_m,
    )


def outline_tree(area: BaseGeometry) -> shapely.STRtree:
    """Return an index of the segments around *area*, EPSG:3857, numbered in the order of the rings."""
    return shapely.STRtree(np.asarray(shapely.linestrings(segments(shapely.boundary(area))[0])))


class Home:
    """Home of one side: the side's land, and the water nearer to that land than to any other side's.

    Remembers the answers for the places of the last call.
    """

    def __init__(self, side: str, where: Ground) -> None:
        self._side = side
        self._where = where
        self._places = np.empty(0, dtype=np.complex128)  # ascending
        self._at_home = np.empty(0, dtype=bool)

    def has(self, places: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Whether each of *places*, shape (n, 2), is at home, or within `Ground.border` of the land."""
        wanted = places[:, 0] + 1j * places[:, 1]
        at = np.searchsorted(self._places, wanted)
        known = np.append(self._places, np.nan)[at] == wanted
        found = np.append(self._at_home, False)[at]
        if not known.all():
            found[~known] = _at_home(shapely.points(places[~known]), self._side, self._where)
        order = np.argsort(wanted)
        self._places, self._at_home = wanted[order], found[order]
        return found


def _at_home(places: Shapes, side: str, where: Ground) -> npt.NDArray[np.bool_]:
    """Whether each of *places* is within the border of *side*'s land, or on water nearest to that land."""
    home = where.lands.get(side)
    if home is None:
        return np.zeros(len(places), dtype=bool)
    found: npt.NDArray[np.bool_] = shapely.dwithin(home, places, where.border)
    abroad = [who for who in where.lands if who != side]
    water = ~found
    for who in abroad:
        water &= ~shapely.intersects(where.lands[who], places)
    if abroad and water.any():
        to_others = np.min([_distances(where.outlines[who], places[water]) for who in abroad], axis=0)
        found[water] = _distances(where.outlines[side], places[water]) < to_others
    return found


def _distances(outline: shapely.STRtree, places: Shapes) -> npt.NDArray[np.float64]:
    """Return how far each of *places* is from the nearest segment, shape (n,)."""
    _, found = outline.query_nearest(places, all_matches=False, return_distance=True)
    return np.asarray(found)
