"""The ``crs`` member of GeoJSON 2008: coordinates of another reference system become WGS 84.

RFC 7946 knows no such member, but desktop GIS writes it. Whatever the system's own order of axes is,
coordinates are x, y: GeoJSON 2008, 2.1.1 ("x, y, z order: easting, northing, altitude for coordinates in a
projected coordinate reference system, or longitude, latitude, altitude for coordinates in a geographic
coordinate reference system"), and so do GDAL and QGIS, also for ``urn:ogc:def:crs:EPSG::4326``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias, TypeGuard

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.exceptions import ProjError

from tileserver.errors import UnreadableSource
from tileserver.grid import BoundsLonLat

Places: TypeAlias = npt.NDArray[np.float64]  # (n, 2)
ToLonLat: TypeAlias = Callable[[Places], Places]

_CODE = re.compile(
    r"(?:urn:(?:x-)?ogc:def:crs:|https?://www\.opengis\.net/def/crs/)?"
    r"(?P<authority>EPSG|ESRI|OGC|CRS|IAU_2015)[:/](?:[0-9a-z.]*[:/])?(?P<code>[0-9a-z]{1,12})\Z",
    re.IGNORECASE,
)
_LONLAT = {"OGC:CRS84", "OGC:CRS84H", "OGC:84", "CRS:84", "CRS:CRS84"}
_LATLON = {"EPSG:4326", "EPSG:4979"}  # by their own definition; in GeoJSON they are x, y all the same


def to_lonlat(crs: Any, bounds: BoundsLonLat, origin: str) -> ToLonLat | None:
    """Return the function from coordinates of *crs* to longitude and latitude; ``None`` where none is needed.

    The function takes and returns an array of shape (n, 2), x before y, degrees on return.

    *crs* is the member as it was decoded; absent and ``null`` are WGS 84. *bounds* say where the theatre
    lies, so that the best of several transformations is taken. `UnreadableSource` names a system that is not
    known, or from which there is no exact enough way.
    """
    if is_lonlat(crs):
        return None
    name = _name(crs)
    if name is None and _is_wkt(crs):
        name = crs
    if name is None:
        raise UnreadableSource(
            f"{origin} has a crs member that names no reference system of EPSG or OGC: {str(crs)[:120]};"
            " save the file in WGS 84 (EPSG:4326), or take the member out if it is that"
        )
    return _transform(name, bounds, origin)


def is_lonlat(crs: Any) -> bool:
    """Whether *crs* is absent, or one of the names of WGS 84."""
    return crs is None or _name(crs) in _LONLAT | _LATLON


def is_latlon(crs: Any) -> bool:
    """Whether *crs* is WGS 84 under a name whose own definition puts latitude first, as few files do."""
    return _name(crs) in _LATLON


def _name(crs: Any) -> str | None:
    """Return the name of the system as ``AUTHORITY:CODE``, or ``None`` where there is none."""
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else crs
    if _is_wkt(name):
        return _authority(name)
    match = _CODE.match(name.strip()) if isinstance(name, str) else None
    return None if match is None else f"{match['authority']}:{match['code']}".upper()


def _is_wkt(crs: Any) -> TypeGuard[str]:
    """Whether *crs* is WKT, as a .prj file and many containers have."""
    return isinstance(crs, str) and "[" in crs


@lru_cache(64)
def _authority(wkt: str) -> str | None:
    """Return ``AUTHORITY:CODE`` of a system in WKT; ``None`` where none is sure to be meant."""
    try:
        found = CRS.from_wkt(wkt).to_authority(min_confidence=90)
    except ProjError:
        return None
    return None if found is None else ":".join(found).upper()


def _transform(name: str, bounds: BoundsLonLat, origin: str) -> ToLonLat:
    area = AreaOfInterest(bounds.west, bounds.south, bounds.east, bounds.north)
    try:
        system = CRS.from_user_input(name)
        there = Transformer.from_crs(
            system,
            "EPSG:4326",
            always_xy=True,
            allow_ballpark=False,
            area_of_interest=area,  # type: ignore[arg-type]
        )
    except ProjError as error:
        raise UnreadableSource(
            f"{origin} has coordinates in {name}, from which no transformation to WGS 84 is known;"
            " save the file in WGS 84 (EPSG:4326)"
        ) from error

    def transformed(places: Places) -> Places:
        lon, lat = there.transform(places[:, 0], places[:, 1])
        return np.column_stack([lon, lat])

    return transformed
