"""Law: coordinates of a named reference system end where they are, or the system is refused by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import shapely

from tests.ingest.drawn import event, write
from tests.shapes import layer, theatre
from tileserver.errors import UnreadableSource
from tileserver.findings import Finding
from tileserver.geometry import parse_geometry
from tileserver.ingest import ReadOptions, Report, read_features

KYIV = (30.52, 50.45)
BOUNDS = (20.0, 43.0, 45.0, 54.0)


def named(name: str) -> dict[str, Any]:
    return {"type": "name", "properties": {"name": name}}


def read(path: Path, crs: Any, at: tuple[float, ...]) -> tuple[shapely.Point, Report]:
    write(path, event(at), crs=crs)
    events = layer("events", "points")
    report = Report()
    (found,) = read_features(path, theatre(events, bounds=BOUNDS), events, ReadOptions(), report)
    shape = parse_geometry(found.geometry)
    assert isinstance(shape, shapely.Point)
    return shape, report


@pytest.mark.parametrize(
    "crs",
    [
        None,
        named("urn:ogc:def:crs:OGC:1.3:CRS84"),
        named("urn:ogc:def:crs:OGC::CRS84"),
        named("http://www.opengis.net/def/crs/OGC/1.3/CRS84"),
        named("OGC:CRS84"),
        named("EPSG:4326"),
        named("urn:ogc:def:crs:EPSG::4326"),
        named("urn:ogc:def:crs:EPSG:6.9:4326"),
        named("http://www.opengis.net/def/crs/EPSG/0/4326"),
    ],
)
def test_the_names_of_wgs_84_change_nothing(tmp_path: Path, crs: Any) -> None:
    """Whatever axes its definition has: GeoJSON 2008, 2.1.1, and what GDAL writes, are x, y."""
    found, report = read(tmp_path / "e.geojson", crs, KYIV)
    assert (found.x, found.y) == KYIV
    assert not report.counts


def test_a_file_that_takes_the_latitude_of_epsg_4326_first_is_swapped_whole(tmp_path: Path) -> None:
    found, report = read(tmp_path / "e.geojson", named("urn:ogc:def:crs:EPSG::4326"), KYIV[::-1])
    assert (found.x, found.y) == KYIV
    assert report.counts == {Finding.SWAPPED: 1}


@pytest.mark.parametrize(
    ("name", "at", "within_m"),
    [
        ("urn:ogc:def:crs:EPSG::3857", (3397470.86, 6524575.74), 1.0),
        ("EPSG:32636", (323940.50, 5591604.54), 1.0),
        ("urn:ogc:def:crs:EPSG::4284", (30.52166, 50.45024), 30.0),  # Pulkovo 1942: 120 m to the west
    ],
)
def test_another_system_is_transformed_and_that_is_a_finding(
    tmp_path: Path, name: str, at: tuple[float, float], within_m: float
) -> None:
    found, report = read(tmp_path / "e.geojson", named(name), at)
    off = shapely.Point((found.x - KYIV[0]) * 71_000, (found.y - KYIV[1]) * 111_300)
    assert off.distance(shapely.Point(0, 0)) < within_m
    assert report.counts == {Finding.TRANSFORMED: 1}


@pytest.mark.parametrize(
    "crs",
    [
        named("EPSG:999999"),
        named("local grid of the survey"),
        named("+proj=merc +nadgrids=/etc/passwd"),
        {"type": "link", "properties": {"href": "http://example.org/crs/42", "type": "proj4"}},
        {"type": "name"},
        7,
    ],
)
def test_what_is_unknown_is_refused_by_its_name(tmp_path: Path, crs: Any) -> None:
    shown = "999999" if "999999" in str(crs) else "e.geojson has"
    with pytest.raises(UnreadableSource, match=f"(?s){shown}.*WGS 84"):
        read(tmp_path / "e.geojson", crs, KYIV)
