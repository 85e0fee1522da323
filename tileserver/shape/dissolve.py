"""Union of disjoint polygons that meet along shared edges, as parts of a piece do in neighbouring cells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

from tileserver.shape.measure import polygons_in

Polygons = npt.NDArray[np.object_]

_FEW = 8  # polygons that are not worth a further division
_NEAR = 2  # units of the grid that two vertices may be moved towards each other
_LOST_M2, _ROUNDED = (
    0.01,
    1e-13,
)  # of area that may seem lost: of doubles, and the share that sums of them lose


def dissolved(polygons: Polygons, grid_m: float) -> Polygons:
    """Return the polygons that disjoint *polygons* make up, on a grid of *grid_m* metres, EPSG:3857.

    Shared edges that agree vertex for vertex, as nearly all do, are left out together, which is a
    hundredth of the work of an overlay; only what still touches is overlaid.
    """
    if not len(polygons):
        return polygons
    return _overlaid(_without_shared_edges(_in_order(_rounded(polygons, grid_m))), grid_m)


def _rounded(polygons: Polygons, grid_m: float) -> Polygons:
    per_m = round(1 / grid_m)
    rounded: Polygons = shapely.transform(polygons, lambda xy: np.rint(xy * per_m) / per_m)
    return rounded


def _in_order(polygons: Polygons) -> Polygons:
    """Return *polygons* in the order of columns, then rows, so that halves lie apart."""
    west, south, east, north = shapely.bounds(polygons).T
    return polygons[np.lexsort((south + north, west + east))]


def _without_shared_edges(polygons: Polygons) -> Polygons:
    """Return *polygons* without shared edges; neighbours that disagree about an edge stay apart."""
    try:
        found = polygons_in([shapely.coverage_union_all(polygons)])
    except shapely.GEOSException:  # some edge is another one in the neighbour
        found = polygons[:0]
    areas, area = shapely.area(polygons), shapely.area(found).sum()
    if abs(areas.sum() - area) <= _LOST_M2 + areas.sum() * _ROUNDED:
        return found
    if len(polygons) <= _FEW:
        return polygons
    half = len(polygons) // 2
    return np.concatenate([_without_shared_edges(polygons[:half]), _without_shared_edges(polygons[half:])])


def _overlaid(polygons: Polygons, grid_m: float) -> Polygons:
    """Return the union of *polygons*; a polygon that touches neither another nor itself stays as before."""
    ones, _ = shapely.STRtree(polygons).query(polygons, predicate="dwithin", distance=grid_m)
    apart = np.bincount(ones, minlength=len(polygons)) == 1
    apart[apart] = shapely.is_valid(polygons[apart])
    apart[apart] = shapely.minimum_clearance(polygons[apart]) > grid_m * _NEAR
    rest = polygons[~apart]
    if not len(rest):
        return polygons
    return np.concatenate([polygons[apart], polygons_in([shapely.union_all(rest, grid_size=grid_m)])])
