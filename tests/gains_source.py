"""Land held by Russia on each day, measured from the publisher's own files, without any of this program.

``.venv/bin/python tests/gains_source.py FOLDER`` prints day, km2, and how much more than before.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import shapely
from pyproj import Geod
from shapely.geometry import shape

HELD = frozenset(("#a52714", "#880e4f"))  # occupied since February 2022, and before
_KYIV = ZoneInfo("Europe/Kyiv")
_WGS84 = Geod(ellps="WGS84")


def held_by_day(folder: Path) -> dict[date, float]:
    """Return the km2 at the end of each local day of which there is a file; of a day the last one holds."""
    return dict(_measured(folder))


def _measured(folder: Path) -> Iterator[tuple[date, float]]:
    for path in sorted(folder.glob("*.geojson.gz"), key=_instant):
        document = json.loads(gzip.decompress(path.read_bytes()))
        areas = [
            shapely.make_valid(shapely.force_2d(shape(each["geometry"])))
            for each in document["features"]
            if each["geometry"]["type"].endswith("Polygon") and each["properties"].get("fill") in HELD
        ]
        area, _ = _WGS84.geometry_area_perimeter(shapely.normalize(shapely.orient_polygons(_areas(areas))))
        yield _instant(path).astimezone(_KYIV).date(), abs(area) / 1e6


def _areas(areas: Sequence[shapely.Geometry]) -> shapely.Geometry:
    parts = shapely.get_parts(shapely.get_parts(shapely.union_all(areas)))
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon"])


def _instant(path: Path) -> datetime:
    return datetime.strptime(path.name.split("_")[0], "%Y-%m-%dT%H%M%SZ").replace(tzinfo=UTC)


if __name__ == "__main__":
    before = None
    for day, km2 in held_by_day(Path(sys.argv[1])).items():
        print(day, f"{km2:.3f}", "" if before is None else f"{km2 - before:+.3f}")
        before = km2
