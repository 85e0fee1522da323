"""Degrees to metres of EPSG:3857 and back, for whole arrays of coordinates."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tileserver.grid import WORLD

MAX_LATITUDE = 85.0511287798066  # degrees; where the Mercator square ends

Coordinates: TypeAlias = npt.NDArray[np.floating[Any]]


def to_mercator(lonlat: Coordinates) -> npt.NDArray[np.float64]:
    """Project longitude and latitude in degrees, shape (n, 2), to metres of EPSG:3857, shape (n, 2).

    Latitudes have to lie within `MAX_LATITUDE`. Spherical formulas of EPSG Guidance Note 7-2, 3.2.1.2
    (method 1024, "Popular Visualisation Pseudo Mercator"), on WGS 84 coordinates, radius 6378137 m.
    """
    radius = WORLD / np.pi
    east = radius * np.radians(lonlat[:, 0])
    north = radius * np.arctanh(np.sin(np.radians(lonlat[:, 1])))
    return np.column_stack([east, north])


def to_lonlat(metres: Coordinates) -> npt.NDArray[np.float64]:
    """Return longitude and latitude in degrees, shape (n, 2); the inverse of `to_mercator`."""
    radius = WORLD / np.pi
    lon = np.degrees(metres[:, 0] / radius)
    lat = np.degrees(np.arctan(np.sinh(metres[:, 1] / radius)))
    return np.column_stack([lon, lat])


def stretch(north: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    """Return metres of EPSG:3857 to a metre of ground, at *north* metres of EPSG:3857; any shape."""
    found: npt.NDArray[np.floating[Any]] = np.cosh(north * np.pi / WORLD)
    return found
