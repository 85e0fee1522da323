"""Areas on the ellipsoid."""

from __future__ import annotations

import math

import numpy as np
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.grid import WORLD

_WGS84 = pyproj.Geod(ellps="WGS84")


def to_lonlat(geometry: BaseGeometry) -> BaseGeometry:
    """Return *geometry* from metres of EPSG:3857 to degrees."""

    def unproject(
        xy: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    ) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        lon = xy[:, 0] / WORLD * 180.0
        lat = np.degrees(np.arctan(np.sinh(xy[:, 1] / WORLD * math.pi)))
        return np.column_stack((lon, lat))

    return shapely.transform(geometry, unproject)


def area_km2(geometry: BaseGeometry) -> float:
    """Return the geodesic area of *geometry*, given in EPSG:3857, in square kilometres.

    Holes count negative whichever way their rings run. Lines and points have none. Karney, Algorithms
    for geodesics, 2013, as pyproj carries it out.
    """
    total = 0.0
    for polygon in shapely.get_parts(to_lonlat(geometry)):
        if polygon.geom_type != "Polygon":
            continue
        total += abs(_WGS84.geometry_area_perimeter(polygon.exterior)[0])
        total -= sum(abs(_WGS84.geometry_area_perimeter(ring)[0]) for ring in polygon.interiors)
    return total / 1e6
