"""Land that a state of areas holds, in km2 by status; each area is measured once."""

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
    """Return the yardstick for states of *layer*.

    *features* has, by hash, every feature that is to be measured (EWKB in EPSG:3857); *statuses* the status
    of features that are only to be named.
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
    """Return km2 by status; of land that several statuses claim the highest priority has all."""
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
