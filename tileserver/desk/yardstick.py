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
            lands = _disjoint(layer, [(status_of(each), features[each].wkb) for each in state])
            exact[state] = {status: km2 for status, land in lands.items() if (km2 := area_km2(land))}
        return exact[state]

    return Yardstick(measure, measure_exactly, lambda state: frozenset(map(status_of, state)))


def lands_of(layer: Layer, features: Mapping[bytes, Feature], state: State) -> dict[str, BaseGeometry]:
    """Return the disjoint land of each status of *state* in EPSG:3857; *features*, by hash, has all."""
    given = [(str(features[each].properties.get(layer.category, "")), features[each].wkb) for each in state]
    return _disjoint(layer, given)


def _disjoint(layer: Layer, areas: list[tuple[str, bytes]]) -> dict[str, BaseGeometry]:
    """Return land by status; of land that several statuses claim the highest priority has all."""
    parts: defaultdict[str, list[bytes]] = defaultdict(list)
    for status, wkb in sorted(areas):
        parts[status].append(wkb)
    priority = {each.code: each.priority for each in layer.categories}
    taken: BaseGeometry = shapely.Polygon()
    lands = {}
    for status in sorted(parts, key=lambda code: (-priority.get(code, 0), code)):
        land = shapely.union_all(shapely.from_wkb(parts[status]))
        lands[status] = shapely.difference(land, taken)
        taken = shapely.union(taken, land)
    return lands
