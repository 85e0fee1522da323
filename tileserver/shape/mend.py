"""Mending of areas whose rings cross or lie astray."""

from __future__ import annotations

import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry


def mended(area: Polygon) -> BaseGeometry:
    """Return the land inside the outer ring and outside every hole: a valid geometry in degrees.

    `shapely.make_valid` turns a hole that lies outside its shell into land; that would claim land that
    the publisher took out, so each ring is made valid by itself.
    """
    shell, *holes = (
        shapely.make_valid(Polygon(ring), method="structure", keep_collapsed=False)
        for ring in (area.exterior, *area.interiors)
    )
    return shapely.difference(shell, shapely.union_all(holes))
