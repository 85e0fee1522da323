"""Law: a state tile shows each status as one feature, exactly the sum of the faces it was made from.

Over random faces, zooms and days of the sample and of the archive; the faces are placed and put together here
by other means: numpy and GEOS's overlay.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg
import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from tests import exactness
from tileserver.grid import BUFFER, EXTENT, WORLD, TileAddress, band_at, tile_unit_m
from tileserver.model import LayerId, Moment, Revision
from tileserver.store.cuts import FaceCut, FrontCut
from tileserver.store.tiles import render_layers, statement
from tileserver.tiles.text import decode_tile
from tileserver.times import to_micros

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = pytest.mark.db

ZOOMS, EACH = range(15), 12
LATE = Revision(2**40)  # of which every revision is known
LOW, HIGH = -BUFFER, EXTENT + BUFFER
BUFFERED = shapely.box(LOW, LOW, HIGH, HIGH)

_PLACES = """
    SELECT face.layer AS areas, front.id AS front, lower(valid) AS at, ST_X(place) AS x, ST_Y(place) AS y
    FROM (
        SELECT *, ST_PointN(ST_ExteriorRing(geom), 1 + ST_NPoints(geom) / 3) AS place
        FROM face WHERE band = $1 AND ST_GeometryType(geom) = 'ST_Polygon' ORDER BY md5(id::text) LIMIT $2
    ) AS face JOIN layer ON layer.id = face.layer
    LEFT JOIN layer AS front ON front.theatre = layer.theatre AND front.kind = 'lines'
    WHERE place IS NOT NULL AND lower(valid) IS NOT NULL
"""
_PIECES = """
    SELECT properties, ST_AsBinary(geom) AS shape FROM face
    WHERE layer = $1 AND band = $2 AND upper_inf(known) AND valid @> $3::timestamptz
        AND geom && ST_TileEnvelope($4, $5, $6, margin => 0.02)
"""
_SHUFFLED = "FROM (SELECT * FROM face WHERE valid @> $7::timestamptz ORDER BY md5(id || '{seed}')) AS face,"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A tile, and the faces and lines of its band around it, as they are kept, on the tile's grid."""

    address: TileAddress
    areas: FaceCut
    tile: bytes
    shuffled: tuple[bytes, ...]  # from the same rows in another order
    faces: dict[str, list[BaseGeometry]]
    front: list[BaseGeometry]

    @property
    def features(self) -> list[dict[str, Any]]:
        return decode_tile(self.tile).get("areas", [])

    @property
    def lines(self) -> list[dict[str, Any]]:
        return decode_tile(self.tile).get("front", [])

    @property
    def shown(self) -> dict[str, BaseGeometry]:
        return {each["properties"]["status"]: each["geometry"] for each in self.features}


def on_grid(wkb: bytes, address: TileAddress) -> BaseGeometry:
    """Return a geometry in units of the tile, which are whole."""
    unit, corner = tile_unit_m(address.z), np.array([address.x, address.y]) * EXTENT
    moved = shapely.transform(
        shapely.from_wkb(wkb), lambda xy: (xy - [-WORLD, WORLD]) / [unit, -unit] - corner
    )
    whole = shapely.transform(moved, np.rint)
    assert np.abs(shapely.get_coordinates(whole) - shapely.get_coordinates(moved)).max() < 1e-3
    return whole


def cut(shape: BaseGeometry, dimension: int) -> Iterator[BaseGeometry]:
    """Yield what lies in the buffered tile, where it leaves it rounded to the unit."""
    inside = shapely.transform(shapely.intersection(shape, BUFFERED), np.rint)
    yield from (
        part
        for each in shapely.get_parts(inside)
        for part in shapely.get_parts(shapely.make_valid(each))
        if shapely.get_dimensions(part) == dimension and (part.area or part.length)
    )


async def draw(connection: asyncpg.Connection, place: asyncpg.Record, zoom: int) -> Drawn:
    side = 2 * WORLD / (1 << zoom)
    address = TileAddress(zoom, int((place["x"] + WORLD) / side), int((WORLD - place["y"]) / side))
    moment = Moment(to_micros(place["at"]), LATE)
    areas = FaceCut("areas", LayerId(place["areas"]), moment)
    cuts = (areas, *([FrontCut("front", LayerId(place["front"]), moment)] if place["front"] else ()))
    text, arguments = statement(areas, address)
    assert "FROM face," in text
    orders = [text.replace("FROM face,", _SHUFFLED.format(seed=seed)) for seed in "ab"]
    faces: defaultdict[str, list[BaseGeometry]] = defaultdict(list)
    for status, shape in await pieces(connection, place["areas"], place["at"], address):
        faces[status] += cut(shape, 2)
    return Drawn(
        address,
        areas,
        b"".join(await render_layers(connection, cuts, address)),
        tuple([await connection.fetchval(each, *arguments) for each in (text, *orders)]),
        {status: found for status, found in faces.items() if found},
        [
            part
            for _, shape in await pieces(connection, place["front"], place["at"], address)
            for part in cut(shapely.difference(shape, BUFFERED.exterior), 1)
        ],
    )


async def pieces(
    connection: asyncpg.Connection, layer: int | None, at: datetime, address: TileAddress
) -> list[tuple[str, BaseGeometry]]:
    band = band_at(address.z).lowest
    rows = await connection.fetch(_PIECES, layer, band, at, address.z, address.x, address.y)
    return [(row["properties"].get("status", ""), on_grid(row["shape"], address)) for row in rows]


@pytest.fixture(scope="module", params=["sample", pytest.param("archive", marks=pytest.mark.data)])
def drawn(request: pytest.FixtureRequest, databases: Databases) -> list[Drawn]:
    async def work(connection: asyncpg.Connection) -> list[Drawn]:
        chance, found = random.Random(2023), []
        for zoom in ZOOMS:
            rows = await connection.fetch(_PLACES, band_at(zoom).lowest, 40 * EACH)
            found += [
                await draw(connection, each, zoom) for each in chance.sample(rows, min(EACH, len(rows)))
            ]
        return found

    return databases.run(request.getfixturevalue(f"{request.param}_database"), work)


def corners(shapes: list[BaseGeometry]) -> set[tuple[float, float]]:
    return {tuple(each) for each in shapely.get_coordinates(shapes).tolist()}


def apart_from_seams(points: set[tuple[float, float]], address: TileAddress) -> set[tuple[float, float]]:
    """Return the points that lie within a cell, and within the buffer."""
    band = band_at(address.z)
    side = EXTENT * 2.0 ** (address.z - band.cell_zoom)
    return {
        (x, y)
        for x, y in points
        if (address.x * EXTENT + x) % side
        and (address.y * EXTENT + y) % side
        and LOW < min(x, y) <= max(x, y) < HIGH
    }


def test_enough_is_drawn_at_each_zoom(drawn: list[Drawn]) -> None:
    assert all(each.features for each in drawn)
    assert Counter(each.address.z for each in drawn).keys() >= {*range(9)}  # where the sample ends
    assert sum(bool(each.lines) for each in drawn) > EACH


def test_each_status_is_one_feature_with_the_area_of_its_faces(drawn: list[Drawn]) -> None:
    for each in drawn:
        assert len(each.features) == len(each.shown) == len({feature["id"] for feature in each.features})
        assert {status: shape.area for status, shape in each.shown.items()} == {
            status: sum(shape.area for shape in shapes) for status, shapes in each.faces.items()
        }, each.address


def test_what_is_drawn_is_valid_and_has_the_parts_and_holes_that_the_faces_leave(drawn: list[Drawn]) -> None:
    for each in drawn:
        for status, shape in each.shown.items():
            whole = shapely.union_all(each.faces[status])
            assert shape.is_valid, (each.address, status)
            assert rings(shape) == rings(whole), (each.address, status)


def rings(shape: BaseGeometry) -> list[tuple[float, list[float]]]:
    """Return the areas of parts and of their holes: a seam that is left makes another number of them."""
    return sorted(
        (part.area, sorted(shapely.Polygon(hole).area for hole in part.interiors))
        for part in shapely.get_parts(shape)
    )


def test_no_vertex_is_new_and_only_those_of_seams_are_gone(drawn: list[Drawn]) -> None:
    for each in drawn:
        for status, shape in each.shown.items():
            kept, given = corners([shape]), corners(each.faces[status])
            assert kept <= given, (each.address, status)
            assert apart_from_seams(given, each.address) <= kept, (each.address, status)


def test_a_line_is_whole_where_it_crosses_cells_and_has_the_length_that_it_had(drawn: list[Drawn]) -> None:
    for each in drawn:
        shown = shapely.union_all([feature["geometry"] for feature in each.lines])
        whole = shapely.union_all(each.front)
        assert shapely.equals(shown, whole), each.address
        merged = shapely.get_parts(shapely.line_merge(whole))
        assert sum(len(shapely.get_parts(feature["geometry"])) for feature in each.lines) <= len(merged)


def test_the_front_lies_on_the_edge_of_the_fill(drawn: list[Drawn]) -> None:
    for each in drawn:
        lines = [feature["geometry"] for feature in each.lines]
        assert exactness.looseness(lines, list(each.shown.values())) == 0, each.address


def test_the_same_rows_in_another_order_are_the_same_bytes(drawn: list[Drawn]) -> None:
    assert any(len(faces) > 5 for each in drawn for faces in each.faces.values())
    for each in drawn:
        assert len(set(each.shuffled)) == 1, each.address


def test_an_id_is_what_a_feature_says_in_every_tile_on_every_day(drawn: list[Drawn]) -> None:
    told = {
        (str(feature["properties"]), feature["id"])
        for each in drawn
        for feature in (*each.features, *each.lines)
    }
    assert len(told) == len(dict(told)) == len({number for _, number in told})
    assert max(number for _, number in told) < 2**48
    days = defaultdict(set)
    for each in drawn:
        for status in each.shown:
            days[status].add((each.areas.moment.at, each.address.z))
    assert any(len(each) > len(ZOOMS) for each in days.values())
