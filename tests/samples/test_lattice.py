"""The law: areas share their edges exactly, fill the domain, and every place lies with its holder."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tileserver.samples.lattice import Area, Lattice, LatticeOptions, colour, lay

LAND = shapely.union_all([shapely.box(0, 0, 400_000, 300_000), shapely.box(420_000, 40_000, 500_000, 90_000)])
PLACES = np.array(
    [(x + 9_000.0 * (y % 4), y * 50_000.0 + 30_000) for y in range(6) for x in range(30_000, 350_000, 52_000)]
)
LATTICE = lay(PLACES, LAND, LatticeOptions(reach_m=90_000))


def _at(areas: list[Area], x: float, y: float) -> list[str]:
    return [area.status for area in areas if shapely.contains_xy(area.shape, x, y)]


def _edge(areas: list[Area]) -> set[bytes]:
    """Every stretch of every edge, whichever area it belongs to."""
    stretches: set[bytes] = set()
    for area in areas:
        for ring in (area.shape.exterior, *area.shape.interiors):
            points = shapely.get_coordinates(ring)
            stretches.update(np.sort(pair, axis=0).tobytes() for pair in pairwise(points))
    return stretches


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=len(PLACES), max_size=len(PLACES)))
def test_areas_cover_the_domain_and_hold_their_places(holders: list[str]) -> None:
    areas = colour(LATTICE, holders)
    shapes = np.array([area.shape for area in areas])
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)
    assert shapely.area(shapes).sum() == pytest.approx(LATTICE.domain.area, rel=1e-6)
    for (x, y), holder in zip(PLACES, holders, strict=True):
        assert _at(areas, x, y) == [holder]


def test_one_holder_has_the_whole_domain() -> None:
    areas = colour(LATTICE, ["a"] * len(PLACES))
    assert {area.status for area in areas} == {"a"}
    assert shapely.union_all([area.shape for area in areas]).equals(LATTICE.domain)


def test_a_place_amid_others_is_a_pocket() -> None:
    middle = 17
    areas = colour(LATTICE, ["b" if i == middle else "a" for i in range(len(PLACES))])
    pocket = [area.shape for area in areas if area.status == "b"]
    assert len(pocket) == 1
    assert pocket[0].distance(shapely.boundary(LATTICE.domain)) > 0
    assert shapely.contains_xy(pocket[0], *PLACES[middle])


def test_land_out_of_reach_is_claimed_for_nobody() -> None:
    one = lay(PLACES[:1], LAND, LatticeOptions(reach_m=60_000))
    areas = colour(one, ["a"])
    assert _at(areas, *PLACES[0]) == ["a"]
    assert _at(areas, 390_000, 290_000) == []
    assert sum(area.shape.area for area in areas) < LAND.area / 10


def test_a_change_leaves_distant_edges_as_they_were() -> None:
    before = ["a" if x < 150_000 else "b" for x, _ in PLACES]
    after = ["c" if x > 330_000 and y < 60_000 else held for held, (x, y) in zip(before, PLACES, strict=True)]
    west = shapely.box(0, 0, 220_000, 300_000)
    for one, other in ((before, after), (after, before)):
        lost = _edge(colour(LATTICE, one)) - _edge(colour(LATTICE, other))
        assert lost
        assert not any(_inside(stretch, west) for stretch in lost)


def _inside(stretch: bytes, box: shapely.Polygon) -> bool:
    points = np.frombuffer(stretch, dtype=np.float64).reshape(2, 2)
    inner = shapely.buffer(box, -1000)
    return bool(shapely.contains_xy(inner, points).all())


def test_the_same_input_gives_the_same_bytes() -> None:
    holders = ["a" if i % 3 else "b" for i in range(len(PLACES))]
    again: Lattice = lay(PLACES, LAND, LatticeOptions(reach_m=90_000))
    first, second = colour(LATTICE, holders), colour(again, holders)
    assert [(a.status, a.shape.wkb) for a in first] == [(a.status, a.shape.wkb) for a in second]


def test_vertices_lie_on_the_grid() -> None:
    areas = colour(LATTICE, ["a" if i % 2 else "b" for i in range(len(PLACES))])
    points = shapely.get_coordinates([area.shape for area in areas])
    assert np.array_equal(points, np.round(points))


@pytest.mark.parametrize("places", [np.empty((0, 2)), np.array([(1e5, 1e5), (1e5, 1.02e5)])])
def test_places_that_cannot_be_drawn_apart_are_refused(places: np.ndarray[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="apart"):
        lay(places, LAND, LatticeOptions())
