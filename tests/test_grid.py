"""One address has one spelling and one place; the tiles of a zoom cover the world without overlap."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import addresses
from tileserver.errors import AddressOutside, BadParameter
from tileserver.grid import (
    EXTENT,
    MAX_ZOOM,
    WORLD,
    BoundsLonLat,
    TileAddress,
    address_at,
    parse_address,
    parse_address_text,
    tile_unit_m,
    zooms_within,
)

NO_NUMBER = [
    "", " ", "+1", "-0", "-01", "- 1", "−1", "01", "00", " 1", "1 ", "1_0", "1e3", "1.0", "0x1", "٣", "１",
    "²", "1\0", "1\n", "null", "{z}", "--1", "1;2", "NaN", "inf", "%31",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_NUMBER)
@pytest.mark.parametrize("place", range(3))
def test_a_number_has_exactly_one_spelling(text: str, place: int) -> None:
    parts = ["1", "1", "1"]
    parts[place] = text
    with pytest.raises(BadParameter) as refused:
        parse_address(*parts)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("number", ["-1", "16777216", "1" * 9, "4294967296", "-" + "9" * 10, "9" * 10_000])
@pytest.mark.parametrize("place", range(3))
def test_a_whole_number_that_no_tile_has_is_outside_however_long(number: str, place: int) -> None:
    parts = ["1", "1", "1"]
    parts[place] = number
    with pytest.raises(AddressOutside, match="outside the tile matrix") as refused:
        parse_address(*parts)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    "address",
    [(0, 0, 1), (0, 1, 0), (8, 256, 0), (8, 0, 256), (25, 0, 0), (31, 0, 0), (32, 0, 0), (255, 1, 1)],
)
def test_what_is_outside_the_matrix_is_refused(address: tuple[int, int, int]) -> None:
    with pytest.raises(AddressOutside, match="outside the tile matrix"):
        parse_address(*map(str, address))


@given(addresses())
def test_an_address_survives_being_written(address: TileAddress) -> None:
    assert parse_address_text(str(address)) == address


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        address = parse_address_text(text)
    except (BadParameter, AddressOutside):
        return
    assert str(address) == text


@given(addresses(highest=16))
def test_neighbours_share_their_edge_exactly(address: TileAddress) -> None:
    z, x, y = address.z, address.x, address.y
    last = (1 << z) - 1
    if x < last:
        assert address.bounds.east == pytest.approx(TileAddress(z, x + 1, y).bounds.west, abs=1e-7)
    if y < last:
        assert address.bounds.south == pytest.approx(TileAddress(z, x, y + 1).bounds.north, abs=1e-7)


@given(addresses())
def test_a_tile_is_4096_units_wide_and_high(address: TileAddress) -> None:
    bounds = address.bounds
    side = EXTENT * tile_unit_m(address.z)
    assert math.isclose(bounds.east - bounds.west, side, rel_tol=1e-6)
    assert math.isclose(bounds.north - bounds.south, side, rel_tol=1e-6)


@given(addresses(highest=18))
def test_a_tile_holds_its_own_middle(address: TileAddress) -> None:
    bounds = address.bounds
    lon = (bounds.west + bounds.east) / 2 / WORLD * 180
    lat = math.degrees(math.atan(math.sinh((bounds.south + bounds.north) / 2 / WORLD * math.pi)))
    assert address_at(lon, lat, address.z) == address


def test_the_first_tile_is_the_world() -> None:
    bounds = TileAddress(0, 0, 0).bounds
    assert (bounds.west, bounds.south, bounds.east, bounds.north) == pytest.approx(
        (-WORLD, -WORLD, WORLD, WORLD)
    )


def test_rows_count_from_the_north_west() -> None:
    assert address_at(-179, 85, 1) == TileAddress(1, 0, 0)
    assert address_at(179, -85, 1) == TileAddress(1, 1, 1)


def test_bounds_hold_their_edge() -> None:
    bounds = BoundsLonLat(0, 0, 10, 10)
    assert bounds.contains(0, 10)
    assert not bounds.contains(-0.001, 5)


def test_the_highest_zoom_is_the_last() -> None:
    assert TileAddress(MAX_ZOOM, 0, 0).z == MAX_ZOOM
    with pytest.raises(AddressOutside):
        TileAddress(MAX_ZOOM + 1, 0, 0)


def test_zooms_are_those_of_a_range_that_are_there() -> None:
    assert zooms_within("8", (0, 12)) == (8,)
    assert zooms_within("10-24", (0, 12)) == (10, 11, 12)
    assert zooms_within("22", (0, 12)) == ()


@pytest.mark.parametrize("text", ["", "a", "1-", "-1", "9-5", "25", "\u00b2", "1-2-3", "9" * 5000])
def test_what_is_no_range_of_zooms_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="are no zooms"):
        zooms_within(text, (0, 12))
