"""Regions with names, such as oblasts, and the division of measured land among regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from tileserver.shape.measure import area_km2, polygons_in


@dataclass(frozen=True, slots=True)
class Nearby:
    """Regions that reach into a box, cut to the box, EPSG:3857; ``whole``: one region, or none, has all."""

    names: tuple[str | None, ...]
    parts: tuple[BaseGeometry, ...]
    whole: bool

    def shares(self, polygon: BaseGeometry, km2: float) -> dict[str | None, float]:
        """Divide *km2*, the area of a *polygon* within the box, by region; ``None`` has land of no region.

        The shares add up to *km2*.
        """
        if self.whole:
            return {self.names[0]: km2}
        inside = [area_km2(shapely.intersection(polygon, part)) for part in self.parts]
        outside = area_km2(shapely.difference(polygon, shapely.union_all(self.parts)))
        total = sum(inside) + outside
        divided = zip((*self.names, None), (*inside, outside), strict=True)
        return {name: km2 * part / total for name, part in divided if part > 0} or {None: km2}


class Regions:
    """Regions by name, EPSG:3857; where two regions overlap, the first by order of naming has the land."""

    def __init__(self, named: Sequence[tuple[str, BaseGeometry]]) -> None:
        by_name: dict[str, list[BaseGeometry]] = {}
        for name, shape in named:
            by_name.setdefault(name, []).append(shape)
        self.names = tuple(by_name)
        self._shapes = _disjoint([shapely.union_all(shapes) for shapes in by_name.values()])
        self._tree = shapely.STRtree(self._shapes)

    def shape_of(self, name: str) -> BaseGeometry:
        """Return the land of the region *name*, EPSG:3857."""
        return self._shapes[self.names.index(name)]

    def near(self, west: float, south: float, east: float, north: float) -> Nearby:
        """Return the regions that reach into a box, in metres."""
        box = shapely.box(west, south, east, north)
        found = sorted(self._tree.query(box, predicate="intersects"))
        cut = {self.names[n]: polygons_in(shapely.intersection(self._shapes[n], box)) for n in found}
        reaching = {name: MultiPolygon(list(parts)) for name, parts in cut.items() if len(parts)}
        if not reaching:
            return Nearby((None,), (), whole=True)
        shapes = tuple(reaching.values())
        return Nearby(tuple(reaching), shapes, whole=shapes[0].equals(box))


def _disjoint(shapes: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    found: list[BaseGeometry] = []
    tree = shapely.STRtree(shapes)
    for number, shape in enumerate(shapes):
        earlier = [found[other] for other in tree.query(shape, predicate="intersects") if other < number]
        found.append(shapely.difference(shape, shapely.union_all(np.array(earlier))) if earlier else shape)
    return found
