"""Areas on the ellipsoid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.shape.project import to_lonlat

_WGS84 = pyproj.Geod(ellps="WGS84")


def area_km2(geometry: BaseGeometry) -> float:
    """Return the geodesic area of *geometry*, given in EPSG:3857, in square kilometres.

    Holes count negative whichever way their rings run. Lines and points have none. Karney, Algorithms
    for geodesics, 2013, as pyproj carries it out.
    """
    total = 0.0
    for polygon in shapely.get_parts(shapely.transform(geometry, to_lonlat)):
        if polygon.geom_type != "Polygon":
            continue
        total += abs(_WGS84.geometry_area_perimeter(polygon.exterior)[0])
        total -= sum(abs(_WGS84.geometry_area_perimeter(ring)[0]) for ring in polygon.interiors)
    return total / 1e6


def polygons_in(geometry: BaseGeometry | Sequence[BaseGeometry]) -> npt.NDArray[np.object_]:
    """Return the polygons in *geometry*, shape (n,), without lines and points that two areas may share."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    found: npt.NDArray[np.object_] = parts[shapely.get_dimensions(parts) == 2]
    return found
