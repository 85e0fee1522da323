"""Laws: the shares of regions and of what lies in none add up, whatever the regions look like."""

from __future__ import annotations

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from tileserver.shape.measure import area_km2
from tileserver.shape.regions import Regions

numbers = st.integers(0, 10)


@st.composite
def boxes(draw: st.DrawFn) -> BaseGeometry:
    x, y = draw(numbers), draw(numbers)
    return box(x, y, x + draw(st.integers(1, 10)), y + draw(st.integers(1, 10)))


def box(west: float, south: float, east: float, north: float) -> BaseGeometry:
    """A box in hundreds of metres of EPSG:3857: edges so short that geodesics and straight lines are one."""
    return shapely.transform(shapely.box(west, south, east, north), lambda xy: xy * 100 + 5_000_000)


def shares(regions: Regions, polygon: BaseGeometry) -> dict[str | None, float]:
    return regions.near(*polygon.bounds).shares(polygon, area_km2(polygon))


@given(st.lists(boxes(), max_size=4), boxes())
def test_shares_add_up_and_are_those_of_the_first_region_that_has_the_place(
    shapes: list[BaseGeometry], land: BaseGeometry
) -> None:
    regions = Regions([(str(n), shape) for n, shape in enumerate(shapes)])
    found = shares(regions, land)
    assert sum(found.values()) == pytest.approx(area_km2(land), rel=1e-12)
    free = land
    for n, shape in enumerate(shapes):
        expected = area_km2(shapely.intersection(free, shape))
        assert found.get(str(n), 0.0) == pytest.approx(expected, rel=1e-4)
        free = shapely.difference(free, shape)
    assert found.get(None, 0.0) == pytest.approx(area_km2(free), rel=1e-4)


def test_features_of_one_name_are_one_region() -> None:
    regions = Regions([("south", box(0, 0, 1, 1)), ("north", box(0, 5, 1, 6)), ("south", box(1, 0, 2, 1))])
    assert regions.names == ("south", "north")
    assert set(shares(regions, box(0.5, 0, 1.5, 1))) == {"south"}


def test_a_region_that_only_touches_has_no_share() -> None:
    regions = Regions([("west", box(0, 0, 1, 1)), ("east", box(1, 0, 2, 1))])
    assert set(shares(regions, box(1, 0, 2, 1))) == {"east"}
    assert set(shares(regions, box(2, 0, 3, 1))) == {None}
    assert set(shares(regions, box(0.5, 0.5, 1, 2))) == {"west", None}


def test_without_regions_all_lies_in_none() -> None:
    assert set(shares(Regions([]), box(0, 0, 1, 1))) == {None}
