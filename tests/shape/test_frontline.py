"""Law: a front is where what two sides hold meets; a shore, a lagoon and a border are none."""

from __future__ import annotations

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from tileserver.shape.frontline import Fronts
from tileserver.shape.ground import Ground, ground

KM = 1000.0  # projected metres; the lands lie on the equator, where they are true ones


def km(west: float, south: float, east: float, north: float) -> BaseGeometry:
    return shapely.box(west * KM, south * KM, east * KM, north * KM)


OURS, THEIRS = km(0, -300, 600, 300), km(600, -300, 900, 300)  # they meet at a border 600 km to the east


@pytest.fixture(scope="module")
def where() -> Ground:
    lands = {"ours": OURS, "theirs": THEIRS}
    return ground(lands, reach_m=10000, margin_m=1500, border_m=500, seam_m=100)


def front(where: Ground, *areas: tuple[str, BaseGeometry]) -> BaseGeometry:
    found = Fronts(where).lines([(side, [shape]) for side, shape in areas])
    return shapely.union_all(list(found.values()))


def along(line: BaseGeometry, edge: BaseGeometry) -> float:
    """Kilometres of *line* along *edge*."""
    return float(shapely.intersection(line, shapely.buffer(edge, 1)).length) / KM


def test_the_front_is_the_edge_of_what_is_taken_up_to_the_border(where: Ground) -> None:
    line = front(where, ("theirs", km(400, -50, 600, 50)))
    assert along(line, km(400, -50, 599.9, 50).boundary) == pytest.approx(100 + 2 * 200, abs=2)
    assert (
        along(line, shapely.LineString([(600 * KM, -40 * KM), (600 * KM, 40 * KM)])) == 0
    )  # a border behind
    assert shapely.distance(line, shapely.Point(600 * KM, 50 * KM)) < 1 * KM


def test_where_nothing_is_taken_a_border_is_no_front(where: Ground) -> None:
    assert front(where).is_empty
    assert front(where, ("ours", km(300, -50, 599.8, 50)), ("theirs", km(600.1, -50, 700, 50))).is_empty
    assert front(where, ("ours", km(300, -50, 600.4, 50))).is_empty  # another outline of the border


def test_each_side_can_have_taken_land_of_the_other(where: Ground) -> None:
    found = Fronts(where).lines([("theirs", [km(400, -50, 600, 50)]), ("ours", [km(600, 100, 650, 200)])])
    assert found.keys() == {"ours", "theirs"}
    assert along(found["ours"], km(600, 100, 650, 200).boundary) == pytest.approx(50 * 2 + 100, abs=2)


def test_a_shore_that_one_side_has_is_no_front(where: Ground) -> None:
    line = front(where, ("theirs", km(-1, -50, 100, 50)))  # painted a bit into the sea
    assert along(line, shapely.LineString([(-1 * KM, -30 * KM), (-1 * KM, 30 * KM)])) == 0
    line = front(where, ("theirs", km(1, -50, 100, 50)))  # or not quite to it
    assert along(line, shapely.LineString([(1 * KM, -30 * KM), (1 * KM, 30 * KM)])) == 0


@pytest.mark.parametrize(("width", "there"), [(4, True), (9, True), (11, False)])
def test_two_sides_face_each_other_across_water_as_wide_as_the_reach(width: float, there: bool) -> None:
    """The river is nobody's land; what is held ends at one bank, uncovered land begins at the other."""
    river = km(300, -300, 300 + width, 300)
    lands = {"ours": OURS.difference(river)}
    where = ground(lands, reach_m=10000, margin_m=1500, border_m=500, seam_m=100)
    line = front(where, ("theirs", km(300 + width, -300, 600, 300)))
    bank = shapely.LineString([((300 + width) * KM, -290 * KM), ((300 + width) * KM, 290 * KM)])
    assert along(line, bank) == pytest.approx(580 if there else 0, abs=0.01)


def test_a_lagoon_within_what_one_side_holds_is_no_front() -> None:
    lagoon = km(300, -20, 304, 20)
    where = ground({"ours": OURS.difference(lagoon)}, reach_m=10000, margin_m=1500, border_m=500, seam_m=100)
    held = km(200, -50, 400, 50)
    assert front(where, ("theirs", held.difference(lagoon))).equals(front(where, ("theirs", held)))


def test_what_is_contested_lies_before_the_line_and_there_is_one_line(where: Ground) -> None:
    held, contested = km(400, -50, 600, 50), km(395, -50, 400, 50)
    line = front(where, ("theirs", held), ("", contested))
    assert along(line, shapely.LineString([(400 * KM, -50 * KM), (400 * KM, 50 * KM)])) == pytest.approx(
        100, abs=0.01
    )
    assert along(line, shapely.LineString([(395 * KM, -49 * KM), (395 * KM, 49 * KM)])) == 0


def test_of_two_areas_that_overlap_the_first_holds(where: Ground) -> None:
    pocket = km(450, -10, 500, 10)
    line = front(where, ("ours", pocket), ("theirs", km(400, -50, 600, 50)))
    assert along(line, pocket.boundary) == pytest.approx(140)
    assert along(front(where, ("theirs", km(400, -50, 600, 50)), ("ours", pocket)), pocket.boundary) == 0


def test_a_seam_between_held_areas_is_no_front_and_a_gap_is(where: Ground) -> None:
    def inside(gap_m: float) -> float:
        right = km(300 + gap_m / KM, 10, 400, 90)
        found = Fronts(where).lines([("theirs", [km(200, 10, 300, 90), right])])["theirs"]
        return float(shapely.intersection(found, km(290, 20, 310, 80)).length) / KM

    assert inside(150) == 0
    assert inside(5000) == pytest.approx(2 * 60)


blocks = st.tuples(st.integers(1, 13), st.integers(-6, 6))  # of 40 km, clear of the lands' edges


def block(at: tuple[int, int]) -> BaseGeometry:
    return km(40 * at[0], 40 * at[1], 40 * at[0] + 40, 40 * at[1] + 40)


@settings(max_examples=25, deadline=None)
@given(held=st.lists(blocks, min_size=1, max_size=25, unique=True), change=blocks)
def test_a_change_in_one_place_leaves_the_line_elsewhere_as_it_was(
    where: Ground, held: list[tuple[int, int]], change: tuple[int, int]
) -> None:
    changed = [at for at in held if at != change] if change in held else [*held, change]
    reach = block(change).buffer(11 * KM)
    one, other = (
        shapely.difference(front(where, ("theirs", shapely.union_all([block(at) for at in areas]))), reach)
        for areas in (held, changed)
    )
    assert shapely.equals(one, other)


@settings(max_examples=15, deadline=None)
@given(held=st.lists(blocks, min_size=1, max_size=15, unique=True), data=st.data())
def test_the_order_of_areas_of_one_status_does_not_matter(
    where: Ground, held: list[tuple[int, int]], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(held))
    one, other = (
        shapely.normalize(Fronts(where).lines([("theirs", [block(at) for at in areas])])["theirs"])
        for areas in (held, shuffled)
    )
    assert one.equals(other)


sided = st.lists(st.tuples(st.sampled_from(["theirs", "", "ours"]), blocks), max_size=12)


@settings(max_examples=12)
@given(days=st.lists(sided, min_size=2, max_size=4))
def test_one_set_of_areas_after_the_other_gives_the_fronts_that_each_gives_alone(
    where: Ground, days: list[list[tuple[str, tuple[int, int]]]]
) -> None:
    fronts = Fronts(where)
    for day in days:
        areas = [(side, [block(at) for who, at in day if who == side]) for side in ("theirs", "", "ours")]
        after, alone = fronts.lines(areas), Fronts(where).lines(areas)
        assert after.keys() == alone.keys()
        assert all(shapely.to_wkb(after[side]) == shapely.to_wkb(alone[side]) for side in alone)


def test_distances_are_in_true_metres() -> None:
    north = shapely.box(0, 8_300 * KM, 100 * KM, 8_500 * KM)  # about 60 degrees north, where a metre is two
    where = ground({"ours": north}, reach_m=10000, margin_m=1500, border_m=500, seam_m=100)
    assert where.reach == pytest.approx(20000, rel=0.02)
