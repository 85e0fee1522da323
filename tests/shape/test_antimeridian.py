"""Law: what crosses 180 degrees is cut there, and is the same on the globe as before."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tileserver.findings import Finding
from tileserver.grid import BoundsLonLat
from tileserver.shape.antimeridian import crosses_antimeridian, cut_at_antimeridian
from tileserver.shape.project import to_lonlat
from tileserver.shape.repair import Kind, repair_geometry

WORLD = BoundsLonLat(-180, -85, 180, 85)


def repaired(kind: Kind, shape: str, coordinates: Any) -> tuple[Any, tuple[Finding, ...]]:
    """Return the repaired geometry in degrees, and the findings."""
    text = json.dumps({"type": shape, "coordinates": coordinates}).encode()
    found = repair_geometry(text, kind, WORLD, anywhere=False)
    lonlat = None if found.geometry is None else shapely.transform(found.geometry, to_lonlat)
    return lonlat, found.findings


@pytest.mark.parametrize("path", [[[179, 0], [-179, 1]], [[179, 0], [181, 1]], [[-181, 0], [-179, 1]]])
def test_a_line_over_180_degrees_is_cut_and_not_drawn_round_the_world(path: Any) -> None:
    line, findings = repaired("lines", "LineString", path)
    assert findings == (Finding.CUT_AT_180,)
    assert line.geom_type == "MultiLineString"
    ends = sorted(tuple(shapely.get_coordinates(part).round(9).ravel()) for part in line.geoms)
    assert ends == [(-180.0, 0.5, -179.0, 1.0), (179.0, 0.0, 180.0, 0.5)]


RING = [[170, 60], [-170, 60], [-170, 70], [170, 70], [170, 60]]
HOLE = [[175, 62], [175, 68], [-175, 68], [-175, 62], [175, 62]]


def test_an_area_over_180_degrees_is_cut_with_its_holes() -> None:
    area, findings = repaired("areas", "Polygon", [RING, HOLE])
    assert findings == (Finding.CUT_AT_180,)
    assert area.area == pytest.approx(200 - 60)
    assert area.bounds == pytest.approx((-180, 60, 180, 70))
    assert not area.intersects(shapely.box(-169, 60, 169, 70))


def test_what_is_written_beyond_180_degrees_comes_back_from_the_other_side() -> None:
    area, findings = repaired("areas", "Polygon", [[[181, 0], [185, 0], [185, 1], [181, 1], [181, 0]]])
    assert findings == (Finding.CUT_AT_180,)
    assert area.bounds == pytest.approx((-179, 0, -175, 1))


@pytest.mark.parametrize(
    "ring",
    [
        [[-180, -80], [180, -80], [180, 80], [-180, 80], [-180, -80]],  # all of the world
        [[-90, 0], [80, 0], [80, 10], [-90, 10], [-90, 0]],  # wide
        [[170, 60], [180, 60], [180, 70], [170, 70], [170, 60]],  # cut already
        [[-180, -80], [-180, -60], [0, -55], [180, -60], [180, -80], [-180, -80]],  # around the pole, cut
    ],
)
def test_what_does_not_cross_stays_as_it_is(ring: Any) -> None:
    area, findings = repaired("areas", "Polygon", [ring])
    assert findings == ()
    assert area.symmetric_difference(shapely.Polygon(ring)).area < 1e-6


def test_a_crossing_area_whose_rings_cross_is_cut_all_the_same() -> None:
    bow = [[170, 0], [-170, 10], [-170, 0], [170, 10], [170, 0]]
    area, findings = repaired("areas", "Polygon", [bow])
    assert Finding.CUT_AT_180 in findings
    assert area.is_valid
    assert area.area == pytest.approx(100)


def test_metres_are_no_longitudes() -> None:
    for kind, shape, at in (
        ("lines", "LineString", [[1e6, 2e6], [1.1e6, 2e6]]),
        ("points", "Point", [190, 0]),
    ):
        assert repaired(kind, shape, at) == (None, (Finding.OUTSIDE,))  # type: ignore[arg-type]


@given(st.floats(-179, 179), st.floats(1, 80), st.floats(-60, 50), st.floats(1, 30))
def test_a_box_has_its_area_wherever_it_lies(west: float, width: float, south: float, height: float) -> None:
    there = shapely.box(west, south, west + width, south + height)
    lon, lat = shapely.get_coordinates(there).T
    wrapped = shapely.Polygon(np.column_stack([(lon + 180) % 360 - 180, lat]))
    for written in (there, wrapped):
        cut = cut_at_antimeridian(written) if crosses_antimeridian(written) else written
        assert cut.area == pytest.approx(there.area, rel=1e-9)
        assert cut.bounds[0] >= -180
        assert cut.bounds[2] <= 180


ROUND_THE_POLE = [[-30, 60], [50, 80], [-140, 50], [120, 70], [170, 60], [-60, 80], [-30, 60]]


def test_a_ring_round_a_pole_that_crosses_itself_is_made_valid() -> None:
    area, findings = repaired("areas", "Polygon", [ROUND_THE_POLE])
    assert Finding.UNREADABLE not in findings
    assert area.is_valid


@given(st.lists(st.tuples(st.integers(-36, 36), st.integers(-9, 9)), min_size=3, max_size=8))
def test_no_ring_of_the_world_makes_it_fail(places: list[tuple[int, int]]) -> None:
    ring = [[10 * lon, 10 * lat] for lon, lat in (*places, places[0])]
    repaired("areas", "Polygon", [ring])
    repaired("lines", "LineString", ring)
