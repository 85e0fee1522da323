"""Law: dissolving is an overlay of everything, whether neighbours agree about their edges or not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tileserver.shape.dissolve import dissolved
from tileserver.shape.measure import area_km2, areas_km2, polygons_in

GRID_M = 0.001
ORIGIN = np.array([4_000_000.0, 6_000_000.0])
SIDE = 7

# Squares that are there, where their corners really lie, and which have one more vertex on the eastern edge:
# an edge that was cut is a hair off, and a neighbour of other sizes knows other vertices.
_lattices = st.dictionaries(
    st.tuples(st.integers(0, SIDE - 1), st.integers(0, SIDE - 1)),
    st.tuples(st.sampled_from([0.0, 0.0, 2e-4]), st.booleans()),
    min_size=1,
)


def square(place: tuple[int, int], off: float, has_more: bool) -> Any:
    (west, south), (east, north) = (
        ORIGIN + np.array(place) * 100.0 + off,
        ORIGIN + np.array(place) * 100 + 100.0,
    )
    more = [(east, (south + north) / 2)] if has_more else []
    return shapely.Polygon([(west, south), (east, south), *more, (east, north), (west, north)])


@given(_lattices)
def test_dissolved_is_what_an_overlay_of_all_at_once_is(
    lattice: dict[tuple[int, int], tuple[float, bool]],
) -> None:
    squares = np.array([square(place, *how) for place, how in lattice.items()])
    expected = polygons_in([shapely.union_all(squares, grid_size=GRID_M)])
    found = dissolved(squares, GRID_M)
    assert len(found) == len(expected)
    assert shapely.is_valid(found).all()
    moved = GRID_M * 400 * len(squares)  # of area, where every edge lies one unit of the grid elsewhere
    assert sorted(shapely.area(found)) == pytest.approx(sorted(shapely.area(expected)), abs=moved)
    assert shapely.symmetric_difference(shapely.union_all(found), shapely.union_all(expected)).area < moved


def test_a_neck_of_less_than_the_grid_parts_a_piece() -> None:
    """As an overlay on the grid does: two pieces are two slivers, or none, whatever hangs between them."""
    (x, y), neck = ORIGIN, 4e-4
    left = [(x, y), (x + 100, y), (x + 100, y + 50), (x + 200, y), (x + 300, y), (x + 300, y + 100)]
    dumbbell = shapely.Polygon(
        [*left, (x + 200, y + 100), (x + 100, y + 50 + neck), (x + 100, y + 100), (x, y + 100)]
    )
    assert len(dissolved(np.array([dumbbell]), GRID_M)) == 2


def test_nothing_dissolves_to_nothing() -> None:
    assert len(dissolved(np.array([], dtype=object), GRID_M)) == 0
    assert len(areas_km2(np.array([], dtype=object))) == 0


def test_areas_in_one_go_are_the_areas_one_by_one() -> None:
    whole, hole = shapely.box(0, 6e6, 9e4, 6.1e6), shapely.box(1e4, 6.01e6, 2e4, 6.02e6)
    pierced = shapely.difference(whole, hole)
    given = np.array([whole, pierced, hole, shapely.reverse(pierced)])
    assert areas_km2(given) == pytest.approx([area_km2(each) for each in given], rel=1e-12)
