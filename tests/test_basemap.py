"""The built basemap on every zoom: Crimea is Ukraine's, names are in their languages, tiles are light.

Coordinates of tiles are turned into longitude and latitude in degrees.
"""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import pytest
import shapely
from pmtiles.reader import MemorySource, Reader
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from tests.conftest import DATA

BASEMAP = Path(__file__).parent.parent / "tileserver/web/static/basemap"
EXTENT = 4096
ARCHIVES = {"world": range(7), "regions": range(4, 10)}
CRIMEA = (32.3, 44.2, 36.7, 46.25)  # west, south, east, north; with Perekop, and nothing of Russia
UKRAINE = (22.0, 44.2, 40.3, 52.5)
APART_KM = 9.0  # of the border from the outline, where they differ most: north of Chernihiv
MOST = 60_000  # bytes of a packed tile


@cache
def _reader(name: str) -> Reader:
    return Reader(MemorySource((BASEMAP / f"{name}.pmtiles").read_bytes()))  # type: ignore[no-untyped-call]


def _column_and_row(lon: float, lat: float, zoom: int) -> tuple[float, float]:
    north = math.asinh(math.tan(math.radians(lat)))
    return (lon + 180) / 360 * 2**zoom, (1 - north / math.pi) / 2 * 2**zoom


def _packed(name: str, zoom: int, box: tuple[float, float, float, float]) -> Iterator[tuple[int, int, bytes]]:
    """Each tile of an archive that touches the box: column, row, and its bytes as they are stored."""
    west, south, east, north = box
    left, top = _column_and_row(west, north, zoom)
    right, bottom = _column_and_row(east, south, zoom)
    for x in range(int(left), int(right) + 1):
        for y in range(int(top), int(bottom) + 1):
            data: bytes | None = _reader(name).get(zoom, x, y)  # type: ignore[no-untyped-call]
            if data:
                yield x, y, data


def _features(
    name: str, zoom: int, box: tuple[float, float, float, float], *layers: str
) -> Iterator[tuple[dict[str, Any], Any]]:
    """The features of some layers of an archive in the box: properties and geometry in degrees."""
    for x, y, data in _packed(name, zoom, box):
        tile = mapbox_vector_tile.decode(gzip.decompress(data), default_options={"y_coord_down": True})

        def degrees(column: float, row: float, x: int = x, y: int = y) -> tuple[float, float]:
            lon = (x + column / EXTENT) / 2**zoom * 360 - 180
            return lon, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * (y + row / EXTENT) / 2**zoom))))

        for layer in layers:
            for feature in tile.get(layer, {}).get("features", ()):
                whole = shape(feature["geometry"])
                points = shapely.get_coordinates(whole)
                turned = [degrees(column, row) for column, row in points]
                yield feature["properties"], shapely.set_coordinates(whole, turned)


def _borders(name: str, zoom: int, box: tuple[float, float, float, float], level: int) -> list[BaseGeometry]:
    found = _features(name, zoom, box, "border", "outer")
    return [geometry for properties, geometry in found if properties["level"] == level]


@pytest.mark.parametrize("name", ARCHIVES)
def test_no_border_of_countries_runs_by_crimea_or_perekop_on_any_zoom(name: str) -> None:
    near = shapely.box(*CRIMEA)
    for zoom in ARCHIVES[name]:
        assert not any(line.intersects(near) for line in _borders(name, zoom, CRIMEA, 0)), zoom


def test_by_perekop_runs_a_border_of_oblasts() -> None:
    perekop = shapely.box(33.5, 46.0, 34.1, 46.3)
    assert any(line.intersects(perekop) for line in _borders("regions", 9, CRIMEA, 1))


def test_towns_of_crimea_have_their_ukrainian_and_russian_names() -> None:
    names = {
        (properties["name"], properties.get("name_ru"), properties.get("name_en"))
        for properties, _ in _features("regions", 9, CRIMEA, "place")
    }
    assert ("Сімферополь", "Симферополь", "Simferopol") in names
    assert ("Керч", "Керчь", "Kerch") in names
    assert ("Севастополь", None, "Sevastopol") in names


@cache
def _official_outline() -> BaseGeometry:
    with gzip.open(DATA / "context" / "ukraine_oblast_minregion_2020.geojson.gz") as stream:
        oblasts = [shape(feature["geometry"]) for feature in json.load(stream)["features"]]
    # The source's oblasts leave seams between each other.
    return shapely.union_all([oblast.simplify(0.01).buffer(0.02) for oblast in oblasts])


@pytest.mark.data
def test_no_border_of_countries_runs_within_the_official_outline_of_ukraine() -> None:
    for name, zoom in [("world", 3), ("regions", 5), ("regions", 8)]:
        pixels = 4 * 360 / 2**zoom / 512
        within = _official_outline().buffer(-max(APART_KM / 111.2, pixels))
        shapely.prepare(within)
        assert not shapely.intersects(within, _borders(name, zoom, UKRAINE, 0)).any(), (name, zoom)


def test_the_reservoir_has_an_end_and_its_bed_begins_with_it() -> None:
    there = (34.2, 47.3, 35.0, 47.6)
    lakes = [
        properties
        for properties, area in _features("regions", 9, there, "water")
        if properties["kind"] == "lake" and area.intersects(shapely.box(*there))
    ]
    beds = [
        properties
        for properties, line in _features("regions", 9, there, "river")
        if line.intersects(shapely.box(*there)) and properties.get("name") == "Дніпро"
    ]
    assert {lake.get("to") for lake in lakes} == {"2023-06-06"}
    assert {bed.get("from") for bed in beds} == {"2023-06-06"}


@pytest.mark.parametrize(
    ("river", "place"),
    [
        ("Дніпро", (30.55, 50.4)),
        ("Сіверський Донець", (38.35, 48.95)),
        ("Оскіл", (37.6, 49.7)),
        ("Інгулець", (33.0, 47.2)),
        ("Десна", (31.3, 51.4)),
        ("Дністер", (29.5, 46.9)),
        ("Rhein", (7.9, 48.6)),
        ("Meuse", (5.4, 49.15)),
        ("Seine", (2.3, 48.9)),
        ("Moselle", (6.15, 49.2)),
    ],
)
def test_a_river_of_the_story_has_its_name(river: str, place: tuple[float, float]) -> None:
    lon, lat = place
    box = (lon - 0.2, lat - 0.2, lon + 0.2, lat + 0.2)
    near = {properties.get("name") for properties, _ in _features("regions", 9, box, "river")}
    assert river in near


def test_the_tiles_of_a_first_view_are_light() -> None:
    for name, zoom in (("world", 3), ("world", 5), ("regions", 4), ("regions", 5), ("regions", 6)):
        assert max(len(data) for _, _, data in _packed(name, zoom, (-6, 42, 46, 57))) < MOST, (name, zoom)
