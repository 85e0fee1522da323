"""How much land a state of areas holds, by status; each area is measured once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.desk.judge import Sizes, Yardstick
from tileserver.desk.periods import State
from tileserver.model import Feature, Layer
from tileserver.shape.measure import area_km2


def yardstick_of(layer: Layer, features: Mapping[bytes, Feature], statuses: Mapping[bytes, str]) -> Yardstick:
    """Return what measures the states of *layer*; *features* has all that are to be measured.

    *statuses* has those that are only to be named.
    """
    sizes: dict[bytes, float] = {}
    exact: dict[State, Sizes] = {}

    def status_of(feature_hash: bytes) -> str:
        feature = features.get(feature_hash)
        if feature is None:
            return statuses[feature_hash]
        return str(feature.properties.get(layer.category, ""))

    def measure(state: State) -> Sizes:
        total: defaultdict[str, float] = defaultdict(float)
        for each in state:
            if each not in sizes:
                sizes[each] = area_km2(shapely.from_wkb(features[each].wkb))
            total[status_of(each)] += sizes[each]
        return total

    def measure_exactly(state: State) -> Sizes:
        if state not in exact:
            exact[state] = _disjoint(layer, [(status_of(each), features[each].wkb) for each in state])
        return exact[state]

    return Yardstick(measure, measure_exactly, lambda state: frozenset(map(status_of, state)))


def _disjoint(layer: Layer, areas: list[tuple[str, bytes]]) -> Sizes:
    """Return km2 by status; what several statuses claim is of the one with the highest priority."""
    parts: defaultdict[str, list[bytes]] = defaultdict(list)
    for status, wkb in sorted(areas):
        parts[status].append(wkb)
    priority = {each.code: each.priority for each in layer.categories}
    taken: BaseGeometry = shapely.Polygon()
    sizes = {}
    for status in sorted(parts, key=lambda code: (-priority.get(code, 0), code)):
        land = shapely.union_all(shapely.from_wkb(parts[status]))
        own = shapely.difference(land, taken)
        sizes[status] = area_km2(own)
        taken = shapely.union(taken, land)
    return {status: km2 for status, km2 in sizes.items() if km2}
