"""Outline of the world's land, for a picture to lie on.

`land.geojson` is the land of Natural Earth at 1:50 million (public domain, naturalearthdata.com), simplified
to 0.03 degrees, in hundredths of a degree; islands under about 100 km2 are not there. It has no borders.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.shape.project import MAX_LATITUDE, to_mercator


def projected(geometry: BaseGeometry) -> BaseGeometry:
    """Return *geometry*, in degrees, in metres of EPSG:3857; drawn in where beyond the Mercator world."""
    return shapely.transform(geometry, _inside)


@lru_cache(maxsize=1)
def world_land() -> BaseGeometry:
    """Return all land in EPSG:3857, one multipolygon."""
    text = (files("tileserver.picture") / "land.geojson").read_text("utf-8")
    return projected(shapely.from_geojson(text))


def _inside(lonlat: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    latitude = np.clip(lonlat[:, 1], -MAX_LATITUDE, MAX_LATITUDE)
    return to_mercator(np.column_stack([np.clip(lonlat[:, 0], -180, 180), latitude]))
