"""Law: what repair gives is flat, valid, of its layer's kind, near the theatre, and otherwise untouched."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from shapely.geometry import mapping

from tileserver.findings import Finding
from tileserver.grid import WORLD, BoundsLonLat
from tileserver.shape.measure import area_km2
from tileserver.shape.project import MAX_LATITUDE, to_lonlat, to_mercator
from tileserver.shape.repair import Kind, Repaired, repair_geometry

BOUNDS = BoundsLonLat(20.0, 43.0, 45.0, 54.0)
SQUARE = [[30.0, 50.0], [31.0, 50.0], [31.0, 51.0], [30.0, 51.0], [30.0, 50.0]]
HOLE = [[30.2, 50.2], [30.2, 50.4], [30.4, 50.4], [30.4, 50.2], [30.2, 50.2]]
STRAY = [[64.2, 14.4], [64.5, 14.4], [64.5, 14.6], [64.2, 14.4]]


def moved(ring: list[list[float]], east: float, north: float = 0.0) -> list[list[float]]:
    return [[lon + east, lat + north] for lon, lat in ring]


def repair(geometry: Any, kind: Kind = "areas", *, anywhere: bool = False) -> Repaired:
    return repair_geometry(json.dumps(geometry).encode(), kind, BOUNDS, anywhere=anywhere)


def polygon(*rings: Any) -> Any:
    return {"type": "Polygon", "coordinates": rings}


def point(*coordinates: float) -> Any:
    return {"type": "Point", "coordinates": coordinates}


def collection(*geometries: Any) -> Any:
    return {"type": "GeometryCollection", "geometries": geometries}


def area_lonlat(repaired: Repaired) -> float:
    assert repaired.geometry is not None
    return float(shapely.transform(repaired.geometry, to_lonlat).area)


def test_a_valid_area_is_projected_and_otherwise_untouched() -> None:
    repaired = repair(polygon(SQUARE, HOLE))
    assert repaired.findings == ()
    assert repaired.geometry is not None
    assert repaired.geometry.geom_type == "Polygon"
    back = to_lonlat(shapely.get_coordinates(repaired.geometry))
    assert np.allclose(back, np.array(SQUARE + HOLE), atol=1e-9)


def test_heights_are_dropped_and_noted() -> None:
    repaired = repair(polygon([[*place, 0] for place in SQUARE]))
    assert repaired.findings == (Finding.DIMENSION_DROPPED,)
    assert repaired.geometry is not None
    assert not repaired.geometry.has_z


def test_a_collection_becomes_parts_of_the_layers_kind() -> None:
    inner = collection(polygon(moved(SQUARE, 5)), point(30, 50))
    repaired = repair(collection(polygon(SQUARE), inner, {"type": "LineString", "coordinates": SQUARE}))
    assert repaired.findings == (Finding.FLATTENED, Finding.OTHER_KIND_REMOVED)
    assert repaired.geometry is not None
    assert (repaired.geometry.geom_type, len(shapely.get_parts(repaired.geometry))) == ("MultiPolygon", 2)


def test_parts_that_overlap_become_one() -> None:
    repaired = repair(collection(polygon(SQUARE), polygon(moved(SQUARE, 0.5))))
    assert repaired.findings == (Finding.FLATTENED, Finding.MADE_VALID)
    assert area_lonlat(repaired) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("rings", "area"),
    [
        ([SQUARE, moved(HOLE, 5)], 1.0),  # a hole outside its shell cuts nothing
        ([SQUARE, [[30, 50], [30.5, 51], [31, 50], [30.5, 50.5], [30, 50]]], 0.75),  # interior disconnected
        ([[[30, 50], [31, 51], [31, 50], [30, 51], [30, 50]]], 0.5),  # a bow tie
    ],
)
def test_an_invalid_area_is_made_valid(rings: Any, area: float) -> None:
    repaired = repair(polygon(*rings))
    assert Finding.MADE_VALID in repaired.findings
    assert repaired.geometry is not None
    assert repaired.geometry.is_valid
    assert area_lonlat(repaired) == pytest.approx(area, rel=0.01)


def test_a_stray_part_is_removed_and_the_rest_stays() -> None:
    repaired = repair(collection(polygon(SQUARE), polygon(STRAY)))
    assert repaired.findings == (Finding.FLATTENED, Finding.STRAY_REMOVED)
    assert area_lonlat(repaired) == pytest.approx(1.0)


def test_a_status_that_may_lie_anywhere_keeps_every_part() -> None:
    repaired = repair(collection(polygon(SQUARE), polygon(STRAY)), anywhere=True)
    assert repaired.findings == (Finding.FLATTENED,)
    assert repair(polygon(STRAY), anywhere=True).geometry is not None


def test_an_area_that_crosses_the_bounds_is_kept_whole() -> None:
    repaired = repair(polygon(moved(SQUARE, 14.5)))
    assert repaired.findings == ()
    assert area_lonlat(repaired) == pytest.approx(1.0)


def test_what_lies_wholly_outside_is_refused() -> None:
    for geometry, kind in ((polygon(STRAY), "areas"), (point(38.1, 8.47), "points")):
        repaired = repair(geometry, kind)  # type: ignore[arg-type]
        assert repaired == Repaired(None, (Finding.OUTSIDE,))


def test_one_feature_alone_is_never_swapped() -> None:
    assert repair(point(47.0, 33.1), "points") == Repaired(None, (Finding.OUTSIDE,))
    assert repair(polygon([place[::-1] for place in SQUARE])) == Repaired(None, (Finding.OUTSIDE,))


@pytest.mark.parametrize("place", [(45.70, 43.32), (47.66, 42.87), (51.01, 43.88), (49.87, 40.41)])
def test_a_neighbour_is_not_moved_into_the_theatre(place: tuple[float, float]) -> None:
    repaired = repair(point(*place), "points")  # Grozny, Kaspiysk, Aktau, Baku
    assert repaired == Repaired(None, (Finding.OUTSIDE,))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"7",
        b"{}",
        b'{"type":"Polygon"}',
        b'{"type":"Polygon","coordinates":[]}',
        b'{"type":"Polygon","coordinates":[[[30,50],[31,50]]]}',
        b'{"type":"Polygon","coordinates":[[[30,50],[31,50],[30,50],[30,50]]]}',
        b'{"type":"Polygon","coordinates":[[[30,null],[31,50],[31,51],[30,50]]]}',
        b'{"type":"Polygon","coordinates":[[["30",50],[31,50],[31,51],[30,50]]]}',
        b'{"type":"Polygon","coordinates":[[[30,NaN],[31,50],[31,51],[30,50]]]}',
        b'{"type":"Point","coordinates":[30,50]}',
        b'{"type":"GeometryCollection","geometries":[]}',
        b'{"type":"Feature","geometry":null}',
        b'{"type":"GeometryCollection","geometries":[' * 100_000 + b"]}" * 100_000,
    ],
)
def test_what_is_no_area_is_refused(text: bytes) -> None:
    repaired = repair_geometry(text, "areas", BOUNDS, anywhere=False)
    assert repaired == Repaired(None, (Finding.UNREADABLE,))


def test_a_number_beyond_floating_point_is_refused() -> None:
    text = b'{"type":"Polygon","coordinates":[[[30,1e999],[31,50],[31,51],[30,1e999]]]}'
    for anywhere in (True, False):
        assert repair_geometry(text, "areas", BOUNDS, anywhere=anywhere).geometry is None


def test_a_point_layer_takes_one_point_each() -> None:
    two = {"type": "MultiPoint", "coordinates": [[30, 50], [31, 50]]}
    assert repair(two, "points").findings == (Finding.UNREADABLE,)
    assert repair(collection(point(30, 50)), "points").geometry is not None


def test_a_line_without_length_is_refused_and_one_with_is_kept() -> None:
    assert repair({"type": "LineString", "coordinates": [[30, 50], [30, 50]]}, "lines").geometry is None
    both = {"type": "MultiLineString", "coordinates": [[[30, 50], [30, 50]], [[30, 50], [31, 50]]]}
    kept = repair(both, "lines").geometry
    assert kept is not None
    assert kept.geom_type == "LineString"


def test_land_beyond_the_mercator_world_is_drawn_in_and_points_there_lie_outside() -> None:
    cap = polygon([[0, 80], [10, 80], [10, 90], [0, 90], [0, 80]])
    repaired = repair(cap, anywhere=True)
    assert repaired.findings == (Finding.CUT_AT_POLE,)
    assert repaired.geometry is not None
    assert repaired.geometry.bounds[3] == pytest.approx(WORLD)
    assert repair(point(0, 89), "points", anywhere=True).findings == (Finding.OUTSIDE,)
    assert repair(point(0, 91), "points", anywhere=True).findings == (Finding.OUTSIDE,)


LON = st.floats(-180, 180, allow_nan=False)
LAT = st.floats(-MAX_LATITUDE, MAX_LATITUDE, allow_nan=False)
RINGS = st.lists(st.tuples(st.floats(20, 45), st.floats(43, 54)), min_size=3, max_size=12)


@given(st.lists(st.tuples(LON, LAT), min_size=1, max_size=20))
@settings(deadline=None)
def test_projecting_there_and_back_returns(places: list[tuple[float, float]]) -> None:
    lonlat = np.array(places)
    assert np.allclose(to_lonlat(to_mercator(lonlat)), lonlat, atol=1e-9)


def test_the_projection_is_that_of_proj() -> None:
    lonlat = np.random.default_rng(7).uniform([-180, -85], [180, 85], (1000, 2))
    proj = Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
    expected = np.column_stack(proj.transform(lonlat[:, 0], lonlat[:, 1]))
    assert np.abs(to_mercator(lonlat) - expected).max() < 1e-6  # metres


@given(st.lists(RINGS, min_size=1, max_size=3))
@settings(deadline=None)
def test_whatever_the_rings_an_area_that_is_kept_is_valid(rings: list[list[tuple[float, float]]]) -> None:
    repaired = repair(polygon(*[[*ring, ring[0]] for ring in rings]))
    if repaired.geometry is None:
        assert repaired.findings[-1].treatment == "quarantined"
    else:
        assert repaired.geometry.is_valid
        assert repaired.geometry.geom_type in ("Polygon", "MultiPolygon")


@given(RINGS)
@settings(deadline=None)
def test_repairing_what_was_repaired_changes_nothing(ring: list[tuple[float, float]]) -> None:
    once = repair(polygon([*ring, ring[0]]))
    if once.geometry is None:
        return
    lonlat = shapely.transform(once.geometry, to_lonlat)
    if not lonlat.is_valid:  # thinner than what degrees in floating point can say
        return
    twice = repair(mapping(lonlat))
    assert twice.findings == ()
    assert twice.geometry is not None
    assert twice.geometry.equals_exact(once.geometry, tolerance=1e-5, normalize=True)


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_no_bytes_make_it_fail(text: bytes) -> None:
    assert repair_geometry(text, "areas", BOUNDS, anywhere=True).geometry is None


def test_a_repair_says_how_much_land_it_moved_and_of_which_kind_of_repair() -> None:
    twice = [[30, 50], [31, 50], [31, 51], [30.5, 51], [30.5, 49.5], [31.5, 49.5], [31.5, 50.5], [30, 50.5]]
    repaired = repair(polygon([*twice, twice[0]]))  # a part of it is wound around twice: even-odd is a hole
    assert repaired.findings == (Finding.MADE_VALID,)
    hole = shapely.transform(shapely.box(30.5, 50, 31, 50.5), to_mercator)
    assert area_km2(repaired.moved[Finding.MADE_VALID]) == pytest.approx(area_km2(hole), rel=1e-6)
    bow = repair(polygon([[30, 50], [31, 51], [31, 50], [30, 51], [30, 50]]))
    assert area_km2(bow.moved[Finding.MADE_VALID]) == pytest.approx(0, abs=1e-9)  # both halves as drawn
    stray = repair({"type": "MultiPolygon", "coordinates": [[SQUARE], [STRAY]]})
    gone = shapely.transform(shapely.Polygon(STRAY), to_mercator)
    assert area_km2(stray.moved[Finding.STRAY_REMOVED]) == pytest.approx(area_km2(gone), rel=1e-9)


def test_what_is_not_repaired_moves_nothing() -> None:
    assert not repair(polygon(SQUARE, HOLE)).moved
    assert not repair(point(30.5, 50.5), "points").moved
