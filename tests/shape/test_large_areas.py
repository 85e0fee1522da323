"""Laws: large areas are drawn in few faces, and these are, united, what a face for each cell would be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from tests.shape.drawings import STATUSES, areas, metres
from tileserver.grid import BANDS, EXTENT, UNIT_ZOOM, Band
from tileserver.shape.clips import BLOCK, StatusClip, differing_cells, plant
from tileserver.shape.measure import area_km2
from tileserver.shape.partition import Cell, Face, cell_faces, to_metres, whole_status

SPAN = 8.0  # cells, to each side of the corner at which four blocks meet
Area = tuple[str, BaseGeometry]  # a status, and cells from the corner of the square of 2 SPAN

bands = st.sampled_from(BANDS[:5])
drawings = st.lists(st.tuples(st.sampled_from(list(STATUSES)), areas(SPAN)), max_size=4)
at = st.integers(0, int(SPAN))
squares = st.tuples(at, at).map(lambda xy: shapely.box(xy[0], xy[1], xy[0] + SPAN, xy[1] + SPAN))


def drawn(drawing: Sequence[Area], band: Band, *, whole: bool = True) -> list[tuple[Cell, Face]]:
    """The faces of a band, with the cells that they are in; *whole* where what is covered is one cell."""
    unit = 2.0 ** (UNIT_ZOOM - band.cell_zoom) * EXTENT
    corner = (1 << band.cell_zoom) // 2 - SPAN
    state = {(status, plant(metres(shape, (corner, corner), unit))) for status, shape in drawing}

    def is_whole(parts: Collection[StatusClip]) -> bool:
        return whole and whole_status(parts, STATUSES) is not None

    return [
        (cell, face)
        for above, _, x, y, parts in differing_cells((), state, band.cell_zoom, is_whole)
        for cell in [Cell(band, x, y, above)]
        for face in cell_faces(cell, parts, STATUSES, simplify=band.lowest > 0)
    ]


def united(faces: Sequence[tuple[Cell, Face]]) -> dict[str, BaseGeometry]:
    parts: defaultdict[str, list[BaseGeometry]] = defaultdict(list)
    for _, face in faces:
        parts[face.status].append(face.polygon)
    return {status: shapely.union_all(own) for status, own in parts.items()}


@settings(max_examples=60, deadline=None)
@given(drawings, st.tuples(st.sampled_from(list(STATUSES)), squares), bands)
def test_faces_of_large_areas_unite_to_what_a_face_for_each_cell_unites_to(
    drawing: list[Area], square: Area, band: Band
) -> None:
    """With holes of every priority in them."""
    found, cells = (drawn([*drawing, square], band, whole=whole) for whole in (True, False))
    one, other = united(found), united(cells)
    assert one.keys() == other.keys()
    for status, shape in one.items():
        assert shapely.symmetric_difference(shape, other[status]).area == 0
    polygons = [face.polygon for _, face in found]
    assert shapely.area(polygons).sum() == shapely.union_all(polygons).area
    assert len(found) <= len(cells)


@settings(max_examples=20, deadline=None)
@given(drawings, st.tuples(st.sampled_from(list(STATUSES)), squares))
def test_a_large_face_measures_what_its_cells_measure_together(drawing: list[Area], square: Area) -> None:
    totals: list[defaultdict[str, float]] = [defaultdict(float), defaultdict(float)]
    for total, whole in zip(totals, (True, False), strict=True):
        for cell, face in drawn([*drawing, square], BANDS[2], whole=whole):
            total[face.status] += area_km2(to_metres(face.polygon, cell.band))
    assert totals[0] == pytest.approx(totals[1], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("above", [0, 1, 3])
def test_a_large_face_has_a_vertex_where_cells_meet_on_its_edge(above: int) -> None:
    cell = Cell(BANDS[3], 5, 6, above)
    west, north, east, south = cell.box
    side = (east - west) / 2**above
    corners = shapely.get_coordinates(cell.outline)
    assert len(corners) == 4 * 2**above + 1
    assert {tuple(xy) for xy in corners.tolist()} == {
        (x, y)
        for x in np.arange(west, east + side, side).tolist()
        for y in np.arange(north, south + side, side).tolist()
        if x in (west, east) or y in (north, south)
    }


def test_the_number_of_faces_does_not_grow_with_the_area_where_the_border_stays_as_long() -> None:
    """Rectangles of the same circumference, askew to the cells; the last has 16 times the first's area."""
    counts = []
    for width, height in ((124, 4), (96, 32), (64, 64)):
        shape = shapely.box(0.3, 0.3, width + 0.3, height + 0.3)
        counts.append(len(drawn([("high", shape)], BANDS[5])))
    assert max(counts) < 1.5 * min(counts)
    assert counts[2] < 64 * 64 / 2


def test_faces_grow_with_the_border_of_a_square_and_not_with_its_area() -> None:
    sides = (16, 32, 64, 128)
    counts = [
        len(drawn([("low", shapely.box(0.3, 0.3, side + 0.3, side + 0.3))], BANDS[5])) for side in sides
    ]
    for side, count in zip(sides, counts, strict=True):
        assert count <= 4 * side * (1 + 3 * 2 ** (BLOCK - 1))
    assert counts[-1] < 2.5 * counts[-2]


def test_a_hole_in_a_large_area_costs_the_faces_around_it_alone() -> None:
    large, village = shapely.box(-40, -40, 60, 60), shapely.box(5.2, 5.2, 5.6, 5.7)
    plain = drawn([("low", large)], BANDS[5])
    holed = drawn([("low", large), ("high", village)], BANDS[5])
    assert 0 < len(holed) - len(plain) < 60
    below = drawn([("high", large), ("low", village)], BANDS[5])
    assert [(cell, face.polygon) for cell, face in below] == [(cell, face.polygon) for cell, face in plain]


def test_an_area_of_a_quarter_of_the_world_round_is_drawn_in_few_faces() -> None:
    """As wide as 90 degrees, as high as one at 84 degrees north: 122,000 cells of the finest band."""
    band = BANDS[-1]
    root = plant(shapely.box(0, 18_800_000, 10_018_754, 20_000_000))
    faces = 0
    for above, _, _, _, _ in differing_cells((), {("low", root)}, band.cell_zoom, _covered):
        faces += 1
        assert above == 0 or above >= BLOCK
    assert faces < 15_000


def _covered(parts: Collection[StatusClip]) -> bool:
    return any(clip.full for _, clip in parts)
