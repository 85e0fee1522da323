"""A tile as text says all that a map would draw; equal tiles have equal texts."""

from __future__ import annotations

from typing import Any

import mapbox_vector_tile
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon, box

from tests.shapes import in_tile
from tests.strategies import addresses
from tileserver.grid import EXTENT, TileAddress
from tileserver.tiles.text import decode_tile, dump_tile, to_metres

HOLED = Polygon([(0, 0), (0, 100), (100, 100), (100, 0)], [[(20, 20), (40, 20), (40, 40), (20, 40)]])
FEATURES: list[dict[str, Any]] = [
    {"id": 7, "geometry": HOLED, "properties": {"status": "occupied", "n": 3, "sure": True}},
    {"id": 2, "geometry": LineString([(0, 0), (4096, 10)]), "properties": {}},
    {"id": 11, "geometry": Point(-10, 4100), "properties": {"text": "Ізюм"}},
]


def _encoded(features: list[dict[str, Any]], name: str = "toy") -> bytes:
    data: bytes = mapbox_vector_tile.encode(
        {"name": name, "features": features}, default_options={"y_coord_down": True, "extents": EXTENT}
    )
    return data


def test_the_text_is_layer_features_by_id_geometry_and_properties() -> None:
    assert dump_tile(_encoded(FEATURES)) == (
        "layer toy extent 4096 features 3\n"
        "  2\n"
        "    LineString[2] LINESTRING (0 0, 4096 10)\n"
        "  7 n=3 status='occupied' sure=True\n"
        "    Polygon[10] POLYGON ((0 0, 0 100, 100 100, 100 0, 0 0), (20 20, 40 20, 40 40, 20 40, 20 20))\n"
        "  11 text='Ізюм'\n"
        "    Point[1] POINT (-10 4100)\n"
    )


@given(st.permutations(FEATURES))
def test_the_order_of_features_is_no_part_of_the_text(features: list[dict[str, Any]]) -> None:
    assert dump_tile(_encoded(features)) == dump_tile(_encoded(FEATURES))


def test_layers_may_follow_each_other_in_any_order() -> None:
    a, b = _encoded(FEATURES[:1], "a"), _encoded(FEATURES[1:], "b")
    assert dump_tile(a + b) == dump_tile(b + a) == dump_tile(a) + dump_tile(b)


def test_nothing_is_said_to_be_empty() -> None:
    assert dump_tile(b"") == "empty\n"
    assert decode_tile(b"") == {}


def test_a_vertex_more_is_another_text() -> None:
    bent = [{**FEATURES[1], "geometry": LineString([(0, 0), (2048, 5), (4096, 10)])}]
    assert dump_tile(_encoded(bent)) != dump_tile(_encoded(FEATURES[1:2]))


@given(addresses(highest=16))
def test_tile_units_and_metres_are_each_others_inverse(address: TileAddress) -> None:
    drawn = box(0, 0, EXTENT, EXTENT / 2)
    metres = to_metres(drawn, address)
    assert shapely.equals_exact(metres, in_tile(address, drawn), tolerance=1e-6)
    west, south, east, north = shapely.bounds(metres)
    bounds = address.bounds
    assert (west, east, north) == pytest.approx((bounds.west, bounds.east, bounds.north), abs=1e-6)
    assert south == pytest.approx((bounds.south + bounds.north) / 2, abs=1e-6)
