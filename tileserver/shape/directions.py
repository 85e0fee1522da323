"""Directions of a front as regions: areas, and around points the land nearest to each, within its reach."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.declared import Direction
from tileserver.grid import WORLD
from tileserver.shape.project import stretch, to_mercator
from tileserver.shape.regions import Regions

_QUARTER = 16  # segments of a quarter of a circle


def direction_regions(directions: Sequence[Direction]) -> Regions:
    """Return *directions* as regions by their ids, EPSG:3857: areas go before the surroundings of points."""
    areas = [(each.id, _projected(shapely.Polygon(each.area))) for each in directions if each.area]
    pointed = [each for each in directions if each.point is not None]
    if not pointed:
        return Regions(areas)
    points = np.array(shapely.points(to_mercator(np.array([each.point for each in pointed]))))
    reach = [each.reach_km * 1000 for each in pointed]
    discs = shapely.buffer(points, stretch(shapely.get_coordinates(points)[:, 1]) * reach, quad_segs=_QUARTER)
    around = shapely.intersection(discs, _nearest_to(points))
    return Regions([*areas, *((each.id, disc) for each, disc in zip(pointed, around, strict=True))])


def _nearest_to(points: npt.NDArray[np.object_]) -> list[BaseGeometry]:
    """Return by each of *points* the part of the world, EPSG:3857, nearer to the point than to the others."""
    world = shapely.box(-WORLD, -WORLD, WORLD, WORLD)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=world))
    if not len(cells):
        return [world] * len(points)  # there is but one place
    which = shapely.STRtree(cells).query_nearest(points, all_matches=False)[1]
    return [cells[number] for number in which]


def _projected(area: BaseGeometry) -> BaseGeometry:
    return shapely.transform(area, to_mercator)
