"""Lines of a front, turned so that the land of its side lies on their right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

_BESIDE_M = 20.0  # of EPSG:3857: beyond the grid of the finest faces, within any land that a map shows
_ASKED = 64  # edges of a line, the longest


def facing(lines: Sequence[BaseGeometry], land: BaseGeometry) -> list[BaseGeometry]:
    """Return *lines*, which run along edges of *land*, merged, each with the land on its right.

    All in EPSG:3857, y to the north. A line beside which no land tells anything runs as it did. The land need
    not have the very corners of the lines: both sides of the longest edges are asked. O(n log n).
    """
    parts = shapely.get_parts(shapely.get_parts(list(lines)))
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(parts))) if len(parts) else parts
    shapely.prepare(land)
    return [shapely.reverse(each) if _is_on_the_left(each, land) else each for each in merged]


def _is_on_the_left(line: BaseGeometry, land: BaseGeometry) -> bool:
    places = shapely.get_coordinates(line)
    steps = np.diff(places, axis=0)
    lengths = np.hypot(*steps.T)
    longest = np.argsort(-lengths, kind="stable")[:_ASKED]
    longest = longest[lengths[longest] > 0]
    middles = (places[longest] + places[longest + 1]) / 2
    right = steps[longest][:, ::-1] * [1, -1] / lengths[longest, None] * _BESIDE_M
    found = [shapely.contains_xy(land, *(middles + sign * right).T) for sign in (1, -1)]
    return bool(lengths[longest] @ found[1] > lengths[longest] @ found[0])
