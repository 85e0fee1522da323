"""Land that passes from one status to another between two states; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.shape.measure import area_km2, polygons_in

NOBODY = ""  # the status of land that no area covers
LEAST_KM2 = 1e-6  # a square metre; less is left by adding the same edges in another order


@dataclass(frozen=True, slots=True)
class Passage:
    """Land in EPSG:3857 that has the status *before* in one state, *after* in the next; '' is uncovered."""

    before: str
    after: str
    km2: float
    land: BaseGeometry


def passages_between(was: Mapping[str, BaseGeometry], now: Mapping[str, BaseGeometry]) -> list[Passage]:
    """Return all land that changes its status, the largest passage first.

    Parameters
    ----------
    was, now : mapping of str to geometry
        The disjoint land of each status in EPSG:3857, valid.
    """
    pairs = [(before, after) for before in was for after in now if before != after]
    found = [(*pair, shapely.intersection(was[pair[0]], now[pair[1]])) for pair in pairs]
    found += [(NOBODY, after, shapely.difference(land, _whole(was))) for after, land in now.items()]
    found += [(before, NOBODY, shapely.difference(land, _whole(now))) for before, land in was.items()]
    passages = [_passage(before, after, land) for before, after, land in found]
    return sorted((each for each in passages if each.km2 > LEAST_KM2), key=lambda each: -each.km2)


def _whole(lands: Mapping[str, BaseGeometry]) -> BaseGeometry:
    return shapely.union_all(list(lands.values()))


def _passage(before: str, after: str, land: BaseGeometry) -> Passage:
    areas = shapely.MultiPolygon(list(polygons_in(land)))
    return Passage(before, after, area_km2(areas), areas)
