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


def areas_km2(polygons: npt.NDArray[np.object_]) -> npt.NDArray[np.float64]:
    """Return `area_km2` of each of *polygons*, shape (n,), in one go."""
    parts, own = shapely.get_parts(polygons, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    edges = np.searchsorted(ring, np.arange(1, len(rings)))
    lonlat = np.split(to_lonlat(xy), edges)
    areas = np.array([abs(_WGS84.polygon_area_perimeter(*each.T)[0]) for each in lonlat]).reshape(-1)
    inner = np.append(False, part[1:] == part[:-1]) if len(part) else part.astype(bool)
    areas[inner] *= -1
    return np.bincount(own[part], areas, len(polygons)) / 1e6


def polygons_in(
    geometry: BaseGeometry | Sequence[BaseGeometry] | npt.NDArray[np.object_],
) -> npt.NDArray[np.object_]:
    """Return the polygons in *geometry*, shape (n,), without lines and points that two areas may share."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    found: npt.NDArray[np.object_] = parts[shapely.get_dimensions(parts) == 2]
    return found
