"""Law: the front is the edge of what is held, on land and nowhere else, and a change stays where it is."""

from __future__ import annotations

import math

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from tileserver.grid import WORLD
from tileserver.shape.frontline import Ground, front_line, ground

KM = 1000.0  # projected metres; the land lies on the equator, where they are true ones
LAND = shapely.box(0, -300 * KM, 600 * KM, 300 * KM)


@pytest.fixture(scope="module")
def where() -> Ground:
    return ground(LAND, margin_m=3000, seam_m=100)


def km(west: float, south: float, east: float, north: float) -> BaseGeometry:
    return shapely.box(west * KM, south * KM, east * KM, north * KM)


def same(one: BaseGeometry, other: BaseGeometry) -> bool:
    """Whether two lines are the same to a centimetre."""
    return bool(shapely.hausdorff_distance(one, other, densify=0.1) < 0.01)


def test_the_front_is_the_edge_of_what_is_held(where: Ground) -> None:
    held = km(200, 10, 350, 90)
    assert same(front_line([held], where), held.boundary)


def test_where_nothing_is_held_there_is_no_front(where: Ground) -> None:
    assert front_line([], where).is_empty
    assert front_line([km(700, 0, 800, 100)], where).is_empty  # not on the land


def test_the_edge_between_two_held_areas_is_no_front(where: Ground) -> None:
    front = front_line([km(200, 10, 300, 90), km(300, 10, 400, 90)], where)
    assert same(front, km(200, 10, 400, 90).boundary)


def test_an_overlap_of_held_areas_is_no_front(where: Ground) -> None:
    front = front_line([km(200, 10, 320, 90), km(300, 10, 400, 90)], where)
    assert same(front, km(200, 10, 400, 90).boundary)


def test_a_seam_between_held_areas_is_no_front_and_a_gap_is(where: Ground) -> None:
    def inside(gap_m: float) -> float:
        front = front_line([km(200, 10, 300, 90), km(300 + gap_m / KM, 10, 400, 90)], where)
        return float(shapely.intersection(front, km(295, 12, 305, 88)).length)

    assert inside(150) == 0
    assert inside(500) == pytest.approx(2 * 76 * KM)


def test_a_hole_in_what_is_held_has_a_front_of_its_own(where: Ground) -> None:
    pocket = km(250, 40, 270, 60)
    front = front_line([km(200, 10, 350, 90).difference(pocket)], where)
    assert shapely.intersection(front, pocket.buffer(1)).length == pytest.approx(80 * KM)


def test_the_coast_is_no_front(where: Ground) -> None:
    front = front_line([km(-50, -50, 100, 50)], where)  # from the sea to the middle
    assert where.area.buffer(1).contains(front)
    assert front.length == pytest.approx((100 + 2 * 97) * KM)


def test_a_border_that_two_outlines_draw_differently_is_no_front(where: Ground) -> None:
    wobbling = [(600 - (5 if number % 2 else 1), 10 * number) for number in range(9)]
    beyond = shapely.Polygon([(x * KM, y * KM) for x, y in [*wobbling, (700, 80), (700, 0)]])
    assert front_line([beyond], where).is_empty
    pocket = km(500, 0, 590, 80)
    assert same(front_line([beyond, pocket], where), front_line([beyond.union(pocket)], where))


blocks = st.tuples(st.integers(1, 13), st.integers(-6, 6))  # of 40 km, clear of the land's edge


def block(at: tuple[int, int]) -> BaseGeometry:
    return km(40 * at[0], 40 * at[1], 40 * at[0] + 40, 40 * at[1] + 40)


@settings(max_examples=40, deadline=None)
@given(held=st.lists(blocks, min_size=1, max_size=25, unique=True), change=blocks)
def test_a_change_in_one_place_leaves_the_line_elsewhere_as_it_was(
    where: Ground, held: list[tuple[int, int]], change: tuple[int, int]
) -> None:
    changed = [at for at in held if at != change] if change in held else [*held, change]
    reach = block(change).buffer(KM)
    one, other = (
        shapely.difference(front_line([block(at) for at in areas], where), reach) for areas in (held, changed)
    )
    assert shapely.equals(one, other)


@settings(max_examples=20, deadline=None)
@given(held=st.lists(blocks, min_size=1, max_size=15, unique=True), data=st.data())
def test_the_order_of_the_areas_does_not_matter(
    where: Ground, held: list[tuple[int, int]], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(held))
    one, other = (
        shapely.to_wkb(shapely.normalize(front_line([block(at) for at in areas], where)))
        for areas in (held, shuffled)
    )
    assert one == other


def test_the_margin_is_in_true_metres() -> None:
    north = shapely.box(0, 8_300 * KM, 100 * KM, 8_500 * KM)  # about 60 degrees north
    west = ground(north, margin_m=3000, seam_m=100).area.bounds[0]
    latitude = math.atan(math.sinh(8_400 * KM / WORLD * math.pi))
    assert west * math.cos(latitude) == pytest.approx(3000, rel=1e-3)
