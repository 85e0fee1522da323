"""Laws: nothing that changed hands is lost or counted twice, and looking back swaps gained and lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from tileserver.shape.compare import NO_STATUS, Area, CellDifference, Piece, Sieve, differing_pieces
from tileserver.shape.measure import area_km2

SIDE = 40.0  # metres of EPSG:3857
CELL = 3  # squares to a side of a cell
SIZE = 6
ORIGIN = 4_000_000.0, 6_000_000.0
EVERYTHING = Sieve(min_ha=0)

State = Mapping[tuple[int, int], str]
states = st.dictionaries(
    st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)),
    st.sampled_from(["held", "free", "none_knows"]),
)


def rectangle(west: float, south: float, width: float, height: float) -> BaseGeometry:
    """Draw a rectangle in squares of the lattice."""
    x, y = ORIGIN[0] + west * SIDE, ORIGIN[1] + south * SIDE
    return shapely.box(x, y, x + width * SIDE, y + height * SIDE)


def areas(state: State, column: int, row: int) -> list[Area]:
    """What one cell holds of *state*, each status in one piece."""
    found: dict[str, list[BaseGeometry]] = {}
    for (x, y), status in state.items():
        if (x // CELL, y // CELL) == (column, row):
            found.setdefault(status, []).append(rectangle(x, y, 1, 1))
    return [(status, shapely.union_all(squares)) for status, squares in found.items()]


def cells(before: State, after: State) -> list[CellDifference]:
    places = [(x, y) for x in range(SIZE // CELL) for y in range(SIZE // CELL)]
    return [CellDifference(areas(before, *place), areas(after, *place)) for place in places]


def sums(pieces: Iterable[Piece]) -> dict[tuple[str, str], float]:
    total: Counter[tuple[str, str]] = Counter()
    for piece in pieces:
        total[piece.before, piece.after] += piece.km2  # type: ignore[assignment]
    return dict(total)


def said(pieces: Iterable[Piece]) -> list[tuple[Any, ...]]:
    return sorted((p.before, p.after, round(p.km2, 6), p.sliver) for p in pieces)


@given(states, states)
def test_pieces_are_the_squares_that_changed_hands(before: State, after: State) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    for square in before.keys() | after.keys():
        pair = before.get(square, NO_STATUS), after.get(square, NO_STATUS)
        if pair[0] != pair[1]:
            expected[pair] += 1
    one = area_km2(rectangle(0, 0, 1, 1))
    found = {
        pair: km2 / one for pair, km2 in sums(differing_pieces(cells(before, after), EVERYTHING)).items()
    }
    assert found == pytest.approx(dict(expected), rel=1e-4)


@given(states, states)
def test_looking_back_swaps_every_piece_and_changes_nothing_else(before: State, after: State) -> None:
    there = differing_pieces(cells(before, after), Sieve())
    back = differing_pieces(cells(after, before), Sieve())
    assert said(there) == sorted((after, before, *rest) for before, after, *rest in said(back))


@given(states, states)
def test_net_of_each_status_is_the_difference_of_its_areas(before: State, after: State) -> None:
    net: Counter[str] = Counter()
    for (lost, gained), km2 in sums(differing_pieces(cells(before, after), Sieve())).items():
        net[gained] += km2  # type: ignore[assignment]
        net[lost] -= km2  # type: ignore[assignment]
    one = area_km2(rectangle(0, 0, 1, 1))
    held, holds = Counter(before.values()), Counter(after.values())
    for status in {*before.values(), *after.values()}:
        assert net[status] / one == pytest.approx(holds[status] - held[status], abs=1e-2)


@given(states, states)
def test_where_cells_are_cut_makes_no_difference(before: State, after: State) -> None:
    whole = [CellDifference(*([area for c in cells(before, after) for area in c[side]] for side in (0, 1)))]
    cut, uncut = (differing_pieces(each, Sieve()) for each in (cells(before, after), whole))
    assert said(cut) == said(uncut)


def slivers(width: float, height: float) -> list[bool]:
    """Gain a rectangle that a cell border cuts in two, in metres on the ground at 47 degrees."""
    scale = 1 / (SIDE * 0.6795)
    left, right = (rectangle(x, 0, width * scale / 2, height * scale) for x in (0, width * scale / 2))
    found = differing_pieces(
        [CellDifference([], [("held", left)]), CellDifference([], [("held", right)])], Sieve()
    )
    return [piece.sliver for piece in found]


@pytest.mark.parametrize(
    ("width", "height", "sliver"),
    [
        (150, 49, True),  # 0.74 ha, narrow
        (200, 49, False),  # each half is a sliver, the whole is none
        (70, 55, False),  # 0.39 ha, but compact: a hamlet
        (45, 45, True),
        (2000, 10, False),  # narrow, but more than that is no redrawing
    ],
)
def test_a_sliver_is_small_and_thin_once_its_parts_are_one(width: float, height: float, sliver: bool) -> None:
    assert slivers(width, height) == [sliver]


def test_without_a_change_there_is_no_piece() -> None:
    assert differing_pieces([], Sieve()) == []
    same = [("held", rectangle(0, 0, 1, 1))]
    assert differing_pieces([CellDifference(same, same)], Sieve()) == []
