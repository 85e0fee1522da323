"""Law: areas are those of the ellipsoid, holes taken out, however the rings run."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from tileserver.shape.measure import area_km2
from tileserver.shape.project import to_lonlat, to_mercator

A, F = 6378.137, 1 / 298.257223563  # WGS 84: semi-major axis in km, flattening


def zone_km2(south: float, north: float, degrees: float) -> float:
    """The area between two parallels, *degrees* wide: Snyder, Map projections, 1987, (3-12)."""
    e = math.sqrt(F * (2 - F))

    def q(latitude: float) -> float:
        sine = math.sin(math.radians(latitude))
        return (1 - e * e) * (sine / (1 - (e * sine) ** 2) + math.atanh(e * sine) / e)

    return A * A / 2 * math.radians(degrees) * (q(north) - q(south))


def mercator(geometry: BaseGeometry) -> BaseGeometry:
    return shapely.transform(geometry, to_mercator)


def box(west: float, south: float, east: float, north: float) -> BaseGeometry:
    """A box whose parallels follow the parallel, not the geodesic."""
    return mercator(shapely.segmentize(shapely.box(west, south, east, north), 0.01))


def test_the_formula_knows_the_whole_earth() -> None:
    assert zone_km2(-90, 90, 360) == pytest.approx(510_065_621.7, abs=0.1)  # km2; Moritz, GRS 80, 2000


@given(st.floats(-80, 78), st.floats(0.1, 2), st.floats(-170, 168), st.floats(0.1, 2))
def test_every_box_has_the_area_of_its_zone(south: float, height: float, west: float, width: float) -> None:
    expected = zone_km2(south, south + height, width)
    assert area_km2(box(west, south, west + width, south + height)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("clockwise", [True, False])
def test_holes_are_taken_out_whichever_way_they_run(clockwise: bool) -> None:
    whole, hole = shapely.box(30, 50, 31, 51), shapely.box(30.2, 50.2, 30.6, 50.6)
    ring = hole.exterior.coords if clockwise else list(hole.exterior.coords)[::-1]
    pierced = mercator(Polygon(whole.exterior.coords, [ring]))
    assert area_km2(pierced) == pytest.approx(area_km2(mercator(whole)) - area_km2(mercator(hole)), rel=1e-9)
    backwards = mercator(Polygon(list(whole.exterior.coords)[::-1], [ring]))
    assert area_km2(backwards) == pytest.approx(area_km2(pierced), rel=1e-12)


def test_parts_add_up_and_lines_and_points_have_none() -> None:
    west, east = box(30, 50, 31, 51), box(31, 50, 32, 51)
    both = shapely.union(west, box(33, 50, 34, 51))
    assert area_km2(both) == pytest.approx(2 * area_km2(west), rel=1e-9)
    assert area_km2(shapely.union(west, east)) == pytest.approx(2 * area_km2(west), rel=1e-9)
    mixed = shapely.GeometryCollection([west, shapely.Point(0, 0), shapely.LineString([(0, 0), (9, 9)])])
    assert area_km2(mixed) == area_km2(west)
    assert area_km2(Polygon()) == 0.0


@given(st.floats(-180, 180), st.floats(-85, 85))
def test_projecting_there_and_back_moves_nothing(lon: float, lat: float) -> None:
    assert to_lonlat(to_mercator(np.array([[lon, lat]])))[0] == pytest.approx((lon, lat), abs=1e-9)
