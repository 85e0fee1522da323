"""Laws: what a band draws as changed is what its faces say, on its grid, and the same when read backwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from tileserver.grid import BANDS, WORLD, Band
from tileserver.shape.band_comparison import band_lines, band_pieces
from tileserver.shape.compare import Area, CellDifference, Piece

BAND = BANDS[3]
CELL = 32  # grid units; two cells side by side
WEST, NORTH = 150_000, 90_000
STATUSES = ("held", "free", "nobody_knows", "")

Line = tuple[tuple[int, int], tuple[int, int]]
State = tuple[list[Line], list[int]]

corners = st.tuples(st.integers(0, 2 * CELL), st.integers(0, CELL))
states: st.SearchStrategy[State] = st.tuples(
    st.lists(st.tuples(corners, corners), max_size=5), st.lists(st.integers(0, 3), min_size=1, max_size=5)
)


def in_metres(geometry: BaseGeometry) -> BaseGeometry:
    """From grid units of the test's own corner to metres."""
    unit = BAND.unit_m
    return shapely.transform(geometry, lambda xy: (xy - [-WEST, -NORTH]) * [unit, -unit] + [-WORLD, WORLD])


def on_grid(geometry: BaseGeometry) -> BaseGeometry:
    """The reverse, without rounding to whole units."""
    unit = BAND.unit_m
    return shapely.transform(
        geometry, lambda xy: np.round((xy - [-WORLD, WORLD]) / [unit, -unit] - [WEST, NORTH], 6)
    )


def faces(state: State, box: BaseGeometry) -> list[Area]:
    """Faces of one cell, in grid units: what some lines cut it into, noded and rounded as faces are."""
    lines, statuses = state
    drawn = [shapely.intersection(shapely.LineString(line), box) for line in lines]
    noded = shapely.union_all([shapely.boundary(box), *drawn], grid_size=1.0)
    parts = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    order = sorted(parts, key=lambda part: part.representative_point().coords[0])
    named = [(STATUSES[statuses[n % len(statuses)]], part) for n, part in enumerate(order)]
    return [(status, part) for status, part in named if status]


def cells(before: State, after: State) -> list[CellDifference]:
    boxes = [shapely.box(x, 0, x + CELL, CELL) for x in (0, CELL)]
    return [CellDifference(*(_placed(faces(state, box)) for state in (before, after))) for box in boxes]


def _placed(areas: Sequence[Area]) -> list[Area]:
    return [(status, in_metres(polygon)) for status, polygon in areas]


def held(changes: Sequence[CellDifference], side: int) -> dict[str, BaseGeometry]:
    """What each status has on one side, in grid units."""
    parts: defaultdict[str, list[BaseGeometry]] = defaultdict(list)
    for change in changes:
        for status, polygon in change[side]:
            parts[status].append(on_grid(polygon))
    return {status: shapely.union_all(own) for status, own in parts.items()}


# Two edges that leave one side side by side: rounded, the ring around them touches itself.
TOUCHING: State = ([((7, 32), (39, 14)), ((8, 32), (64, 1))], [0, 1])
TOUCHING_TOO: State = ([((8, 32), (53, 6)), ((9, 32), (63, 1))], [0, 1])
ALL_FREE: State = ([], [1])


@given(states, states)
@example(TOUCHING, ALL_FREE)
@example(ALL_FREE, TOUCHING_TOO)
def test_pieces_are_disjoint_and_their_vertices_lie_on_the_grid(before: State, after: State) -> None:
    pieces = [on_grid(piece.polygon) for piece in band_pieces(cells(before, after), BAND)]
    coordinates = shapely.get_coordinates(pieces)
    assert np.array_equal(coordinates, np.round(coordinates))
    assert all(shapely.is_valid(pieces))
    assert shapely.area(pieces).sum() == pytest.approx(shapely.union_all(pieces).area)


@given(states, states)
@example(TOUCHING, ALL_FREE)
@example(ALL_FREE, TOUCHING)
@example(ALL_FREE, TOUCHING_TOO)
def test_every_status_has_what_it_had_less_what_it_lost_and_what_it_gained(
    before: State, after: State
) -> None:
    changes = cells(before, after)
    pieces = band_pieces(changes, BAND)
    was, holds = held(changes, 0), held(changes, 1)
    for status in STATUSES[:3]:
        lost = _of(piece for piece in pieces if piece.before == status)
        gained = _of(piece for piece in pieces if piece.after == status)
        empty = shapely.Polygon()
        rebuilt = was.get(status, empty).difference(lost).union(gained)
        # Where edges of both states cross, the crossing is rounded, and with it moves less than a unit.
        assert _is_thin(rebuilt.symmetric_difference(holds.get(status, empty)))


@given(states, states)
def test_a_piece_lies_in_what_was_and_in_what_is(before: State, after: State) -> None:
    changes = cells(before, after)
    was, holds = held(changes, 0), held(changes, 1)
    for piece in band_pieces(changes, BAND):
        polygon = on_grid(piece.polygon)
        for status, side in ((piece.before, was), (piece.after, holds)):
            if status:
                assert _is_thin(polygon.difference(side[status]))


@given(states, states)
def test_looking_back_swaps_every_piece_and_changes_nothing_else(before: State, after: State) -> None:
    there = band_pieces(cells(before, after), BAND)
    back = band_pieces(cells(after, before), BAND)
    assert _said(there) == sorted((after, before, *rest) for before, after, *rest in _said(back))


@given(states)
def test_without_a_change_there_is_nothing(state: State) -> None:
    assert band_pieces(cells(state, state), BAND) == []
    assert band_pieces([], BAND) == []
    assert band_lines([], BAND) == []


def test_parts_of_one_piece_in_two_cells_are_one() -> None:
    boxes = [shapely.box(20, 4, 32, 20), shapely.box(32, 4, 50, 20)]
    changes = [CellDifference([], [("held", in_metres(box))]) for box in boxes]
    (piece,) = band_pieces(changes, BAND)
    assert on_grid(piece.polygon).equals(shapely.box(20, 4, 50, 20))


@pytest.mark.parametrize("band", BANDS, ids=lambda band: f"z{band.lowest}")
def test_a_grid_square_is_a_sliver_and_what_is_clearly_more_is_none_where_the_grid_is_coarse(
    band: Band,
) -> None:
    north = int(5_000_000 / band.unit_m)  # about the latitude of Ukraine
    for side, sliver in ((1, True), (3, band.lowest >= 9)):
        square = shapely.box(0, north, side, north + side)
        placed = shapely.transform(square, lambda xy, unit=band.unit_m: xy * unit)  # type: ignore[misc]
        (piece,) = band_pieces([CellDifference([], [("held", placed)])], band)
        assert piece.sliver == sliver


points = st.lists(st.tuples(st.integers(0, CELL), st.integers(0, CELL)), min_size=2, max_size=4, unique=True)


@given(points, points)
def test_lines_are_told_where_only_one_state_has_them(old: list[Any], new: list[Any]) -> None:
    was, holds = shapely.LineString(old), shapely.LineString(new)
    found = band_lines([CellDifference([("", in_metres(was))], [("", in_metres(holds))])], BAND)
    for before, mine, theirs in ((True, was, holds), (False, holds, was)):
        lines = shapely.union_all([on_grid(each.line) for each in found if each.before == before])
        assert lines.difference(mine.buffer(0.75)).is_empty
        assert mine.difference(theirs.buffer(1.5)).difference(lines.buffer(0.75)).is_empty
    if was.equals(holds):
        assert found == []


def _of(pieces: Any) -> BaseGeometry:
    return shapely.union_all([on_grid(piece.polygon) for piece in pieces])


def _is_thin(geometry: BaseGeometry) -> bool:
    """Whether it is nowhere as wide as what rounding can move."""
    return bool(geometry.buffer(-0.75).is_empty)


def _said(pieces: Sequence[Piece]) -> list[tuple[Any, ...]]:
    return sorted((p.before, p.after, round(p.km2, 9), p.sliver, p.polygon.wkb_hex) for p in pieces)
