"""Law: a place is told no more exactly than its class, whatever the latitude, and always in the same way."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from tileserver.grid import BoundsLonLat
from tileserver.shape.coarsen import coarsen, middle
from tileserver.shape.project import to_lonlat, to_mercator

WGS84 = Geod(ellps="WGS84")
WORLD = BoundsLonLat(-180, -85.05, 180, 85.05)
UKRAINE = BoundsLonLat(20, 43, 45, 54)
WIDTHS = st.sampled_from([150.0, 2000.0, 20000.0])


def put(
    lon: float, lat: float, metres: float, bounds: BoundsLonLat = WORLD, decimals: int = 5
) -> tuple[float, float]:
    point = shapely.Point(*to_mercator(np.array([[lon, lat]]))[0])
    moved = coarsen(point, metres, decimals, bounds)
    there = to_lonlat(np.array([[moved.x, moved.y]]))[0]
    return float(there[0]), float(there[1])


@given(st.floats(-180, 180), st.floats(-85, 85), WIDTHS)
def test_a_place_moves_by_no_more_than_half_the_diagonal_of_its_square(
    lon: float, lat: float, metres: float
) -> None:
    there = put(lon, lat, metres)
    assert WGS84.inv(lon, lat, *there)[2] < 1.02 * metres / math.sqrt(2) + 2


@given(st.floats(-179, 179), st.floats(-84, 84), WIDTHS)
def test_squares_are_as_wide_on_the_ground_as_is_said_and_hardly_wider(
    lon: float, lat: float, metres: float
) -> None:
    """Neighbours to the east and north are that far away: in Mercator metres they would not be."""
    here = middle(lon, lat, metres)
    width = WGS84.inv(*here, *middle(here[0] + 1.01 * _degrees(metres, here[1]), here[1], metres))[2]
    height = WGS84.inv(*here, here[0], middle(here[0], here[1] + metres / 110_574, metres)[1])[2]
    steps = 1 if width else 0
    assert steps == 0 or metres * 0.999 < width < metres * 2.5
    assert metres * 0.999 < height < metres * 1.02


def _degrees(metres: float, lat: float) -> float:
    return metres / (111_319 * math.cos(math.radians(lat)))


@given(st.floats(20, 45), st.floats(43, 54), WIDTHS)
def test_all_places_of_a_square_are_one_place_and_stay_it(lon: float, lat: float, metres: float) -> None:
    there = put(lon, lat, metres, UKRAINE)
    assert there == pytest.approx(put(there[0], there[1], metres, UKRAINE), abs=1e-12)
    near = (there[0] + 0.3 * _degrees(metres, lat), there[1] - 0.3 * metres / 111_700)
    if UKRAINE.contains(*near) and all(
        abs(each - edge) > 0.3 for each, edge in ((lon, 20), (lon, 45), (lat, 43), (lat, 54))
    ):
        assert put(near[0], near[1], metres, UKRAINE) == pytest.approx(there, abs=1e-12)


@given(st.floats(20, 45), st.floats(43, 54), st.sampled_from([0.0, 150.0, 200000.0]), st.integers(0, 5))
def test_what_was_inside_the_bounds_stays_inside(
    lon: float, lat: float, metres: float, decimals: int
) -> None:
    there = put(lon, lat, metres, UKRAINE, decimals)
    assert 20 - 1e-9 <= there[0] <= 45 + 1e-9
    assert 43 - 1e-9 <= there[1] <= 54 + 1e-9


@pytest.mark.parametrize("corner", [(-180, -85.05), (180, 85.05), (-180, 85.05), (180, -85.05), (0, 0)])
def test_the_ends_of_the_world_are_in_it(corner: tuple[float, float]) -> None:
    for metres in (150, 2000, 20000, 200000):
        assert np.isfinite(put(*corner, metres)).all()
        assert abs(put(*corner, metres)[1]) <= 85.0511287798067


def test_without_a_class_the_decimals_are_all_that_bounds_a_place() -> None:
    assert put(37.123456, 48.987654, 0, decimals=2) == pytest.approx((37.12, 48.99), abs=1e-12)
    assert put(37.123456, 48.987654, 0, decimals=5) == pytest.approx((37.12346, 48.98765), abs=1e-12)
