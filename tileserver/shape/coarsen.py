"""Places made inexact: put in the middle of a square of the ground, and rounded to decimals of a degree.

The squares are fixed to the earth, not to what is put into them: so many places of one square are one place,
the same in every import, and none of them says where in the square it was.
"""

from __future__ import annotations

import math

import numpy as np
import shapely

from tileserver.grid import BoundsLonLat
from tileserver.shape.project import MAX_LATITUDE, to_lonlat, to_mercator

# WGS 84 (EPSG 7030): a degree of latitude is shortest at the equator; a degree of longitude is at least its
# equatorial length times the cosine of the latitude. So no square is narrower than it is said to be.
_LATITUDE_M = 110_574.0  # metres, a whole degree, rounded down
_LONGITUDE_M = 111_319.0
_NOISE = 1e-9  # degrees, of the way to metres and back
_DECIMALS = 6  # of a degree, of the middle of a square: a tenth of a metre


def coarsen(point: shapely.Point, metres: float, decimals: int, bounds: BoundsLonLat) -> shapely.Point:
    """Return *point*, in EPSG:3857, in the middle of its square of *metres* on the ground.

    *decimals* of a degree are kept, and with 0 metres they are all that is bounded. A point inside *bounds*
    stays inside or on the edge; no point leaves the Mercator world. Equal input gives equal output.
    """
    lon, lat = (float(each) for each in to_lonlat(np.array([[point.x, point.y]]))[0])
    inside = BoundsLonLat(
        bounds.west - _NOISE, bounds.south - _NOISE, bounds.east + _NOISE, bounds.north + _NOISE
    ).contains(lon, lat)
    kept = middle(lon, lat, metres) if metres > 0 else (lon, lat)
    lon, lat = (round(each, decimals) for each in kept)
    lat = min(max(lat, -MAX_LATITUDE), MAX_LATITUDE)
    if inside:
        lon = min(max(lon, bounds.west), bounds.east)
        lat = min(max(lat, bounds.south), bounds.north)
    return shapely.Point(*to_mercator(np.array([[lon, lat]]))[0])


def middle(lon: float, lat: float, metres: float) -> tuple[float, float]:
    """Return the middle, in degrees, of the square of *metres* on the ground that holds *lon*, *lat*.

    Squares stand in rows from the south pole on, and in each row from 180 degrees west on, as many as there
    is room for at the edge of the row that is nearer to a pole.
    """
    height = metres / _LATITUDE_M
    row = math.floor((lat + 90) / height)
    south = -90 + row * height
    farthest = min(90.0, max(abs(south), abs(south + height)))
    columns = max(1, math.floor(360 * _LONGITUDE_M * math.cos(math.radians(farthest)) / metres))
    width = 360 / columns
    column = min(math.floor((lon + 180) / width), columns - 1)
    return round(-180 + (column + 0.5) * width, _DECIMALS), round(south + height / 2, _DECIMALS)
