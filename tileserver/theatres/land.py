"""Land on which a front can run, read from the desk's own file and kept with the definition."""

from __future__ import annotations

from pathlib import Path

import shapely

from tileserver.errors import BadParameter
from tileserver.grid import BoundsLonLat

MOST_BYTES = 16 * 1024 * 1024  # a country at 1:10m is a fiftieth of that
_DECIMALS = 1e-5  # degrees; a metre


def read_land(path: Path, bounds: BoundsLonLat) -> str:
    """Return the land of a GeoJSON file, as `read_areas` does."""
    return read_areas(path, bounds, "land file")


def read_areas(path: Path, bounds: BoundsLonLat, what: str) -> str:
    """Return the areas of a GeoJSON file in longitude and latitude as one GeoJSON geometry, to the metre.

    Raises `BadParameter` for a file that cannot be read, is too large, or has no area within *bounds*.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadParameter(f"{what} {path.name} has more than {MOST_BYTES >> 20} MB; simplify it")
        found = shapely.from_geojson(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, shapely.errors.GEOSException) as error:
        raise BadParameter(f"{what} {path.name} cannot be read as GeoJSON: {error}") from error
    areas = [part for part in _parts(found) if isinstance(part, shapely.Polygon) and not part.is_empty]
    if not areas:
        raise BadParameter(f"{what} {path.name} has no areas: it has to hold polygons")
    land = shapely.set_precision(shapely.union_all(shapely.make_valid(areas)), _DECIMALS)
    west, south, east, north = land.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise BadParameter(f"{what} {path.name} is not in longitude and latitude")
    box = shapely.box(bounds.west, bounds.south, bounds.east, bounds.north)
    if not land.intersects(box):
        raise BadParameter(f"{what} {path.name} lies wholly outside the theatre's bounds")
    return shapely.to_geojson(land)


def _parts(geometry: shapely.Geometry) -> list[shapely.Geometry]:
    whole = shapely.get_parts(geometry)
    return [part for each in whole for part in shapely.get_parts(each)]
