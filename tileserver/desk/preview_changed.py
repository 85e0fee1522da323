"""Differences between two versions of an event, in words."""

from __future__ import annotations

import numpy as np
import shapely

from tileserver.model import DatedFeature, Feature
from tileserver.shape.project import stretch


def changed_words(before: tuple[DatedFeature, Feature], after: tuple[DatedFeature, Feature]) -> str:
    """Return the differences between two versions: names of fields, dates, and metres of a move."""
    (was_dated, was), (now_dated, now) = before, after
    names = [
        name
        for name in dict.fromkeys((*was.properties, *now.properties))
        if was.properties.get(name) != now.properties.get(name)
    ]
    if (was_dated.start, was_dated.end) != (now_dated.start, now_dated.end):
        names.append("from and to")
    if was.wkb != now.wkb:
        names.append(f"moved {_metres(was, now):,.0f} m")
    return ", ".join(names)


def _metres(was: Feature, now: Feature) -> float:
    """Return how far the middle of a geometry moved, on the ground: EPSG:3857 stretches by latitude."""
    first, second = (shapely.centroid(shapely.from_wkb(each.wkb)) for each in (was, now))
    return float(first.distance(second) / stretch(np.array(second.y)))
