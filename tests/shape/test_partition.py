"""Law: faces are valid, disjoint, on the grid, and lie where the areas lie; the front lies on their edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPoint
from shapely.geometry.base import BaseGeometry

from tests.shape.drawings import STATUSES, areas, metres, part, segments, tidy
from tileserver.grid import BANDS, EXTENT, UNIT_ZOOM, Band
from tileserver.shape.clips import StatusClip, plant
from tileserver.shape.partition import MARK, Cell, Face, cell_faces, cell_front

SPAN = 48.0  # grid units, to each side of the corner at which four cells meet
STRAY = 1.5  # grid units; how far an edge may come to lie from what it stands for
HELD = ("high", "middle")

Area: TypeAlias = tuple[str, BaseGeometry]  # a status, and grid units from the corner of the square of 2 SPAN

bands = st.sampled_from(BANDS)
drawings = st.lists(st.tuples(st.sampled_from(list(STATUSES)), areas(SPAN)), min_size=1, max_size=5)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the world a drawing lies: its middle is a corner of four cells of *band*."""

    band: Band

    @property
    def corner(self) -> tuple[int, int]:
        cells = 1 << self.band.cell_zoom
        return cells * 600 // 1024, cells * 350 // 1024

    @property
    def origin(self) -> tuple[float, float]:
        side = (EXTENT << self.band.lowest) >> self.band.cell_zoom
        x, y = self.corner
        return x * side - SPAN, y * side - SPAN

    def cell(self, column: int, row: int) -> Cell:
        """The cell that lies so many to the left of and above the one to the south-east."""
        return Cell(self.band, self.corner[0] - column, self.corner[1] - row)

    def named(self, drawing: Sequence[Area], cell: Cell) -> list[StatusClip]:
        """What lies in *cell*."""
        unit = 2.0 ** (UNIT_ZOOM - self.band.lowest)
        roots = [(status, plant(metres(shape, self.origin, unit))) for status, shape in drawing]
        parts = [(status, part(root, self.band.cell_zoom, cell.x, cell.y)) for status, root in roots]
        return [(status, clip) for status, clip in parts if clip is not None]

    def faces(self, drawing: Sequence[Area], cell: Cell, *, simplify: bool = True) -> list[Face]:
        return cell_faces(cell, self.named(drawing, cell), STATUSES, simplify=simplify)

    def drawn(self, drawing: Sequence[Area]) -> list[Area]:
        """The drawing in grid units of the band."""
        moved = [(status, shapely.transform(shape, lambda xy: xy + self.origin)) for status, shape in drawing]
        return moved


def said(drawing: Sequence[Area]) -> dict[str, BaseGeometry]:
    """What each status has, where the higher has what two of them claim."""
    taken: BaseGeometry = shapely.MultiPolygon()
    found = {}
    for status in sorted(STATUSES, key=lambda each: (-STATUSES[each], each)):
        own = shapely.union_all([shape for each, shape in drawing if each == status])
        found[status] = shapely.difference(own, taken)
        taken = shapely.union(taken, own)
    return found


def near_edges(drawing: Sequence[Area], reach: float) -> BaseGeometry:
    """All that lies so near an edge of an area, or where a mark may stand for a small part."""
    lines = [shapely.buffer(shapely.boundary(shape), reach) for _, shape in drawing]
    parts = shapely.get_parts([shape for _, shape in drawing])
    small = parts[shapely.area(parts) < MARK * MARK]
    marks = shapely.buffer(shapely.point_on_surface(small), 2 * MARK)
    return shapely.union_all([*lines, *marks])


@given(drawings, bands, st.booleans(), st.data())
@settings(max_examples=150)
def test_faces_are_valid_polygons_on_the_grid_and_in_their_cell(
    drawing: list[Area], band: Band, simplify: bool, data: st.DataObject
) -> None:
    place = Place(band)
    cell = place.cell(data.draw(st.integers(0, 1)), data.draw(st.integers(0, 1)))
    box = shapely.box(*cell.box)
    for face in place.faces(drawing, cell, simplify=simplify):
        assert face.polygon.geom_type == "Polygon"
        assert face.polygon.is_valid
        assert face.polygon.area > 0
        assert box.covers(face.polygon)
        coordinates = shapely.get_coordinates(face.polygon)
        assert (coordinates == np.round(coordinates)).all()


@given(drawings, bands, st.booleans())
@settings(max_examples=100)
def test_faces_fill_their_cell_with_the_rest_and_meet_only_where_both_have_a_vertex(
    drawing: list[Area], band: Band, simplify: bool
) -> None:
    """What `shapely.coverage_is_valid` tells, too, but for polygons that touch themselves in a point."""
    place = Place(band)
    cell = place.cell(1, 0)
    polygons = [face.polygon for face in place.faces(drawing, cell, simplify=simplify)]
    assert shapely.union_all(polygons).area == shapely.area(polygons).sum()
    pieces, count = np.unique(segments(shapely.boundary(polygons)), axis=0, return_counts=True)
    assert (count <= 2).all()
    lines, ends = (np.array([kind(p) for p in pieces], object) for kind in (LineString, MultiPoint))
    one, other = shapely.STRtree(lines).query(lines, predicate="intersects")
    one, other = one[one < other], other[one < other]
    shared = shapely.intersection(lines[one], lines[other])
    assert (shapely.get_dimensions(shared) == 0).all()
    assert shapely.intersects(ends[one], shared).all()
    assert shapely.intersects(ends[other], shared).all()


@given(drawings, bands, st.booleans())
@settings(max_examples=100)
def test_each_status_lies_where_its_areas_lie(drawing: list[Area], band: Band, simplify: bool) -> None:
    place = Place(band)
    cell = place.cell(0, 1)
    box = shapely.box(*cell.box)
    true = {status: shapely.intersection(shape, box) for status, shape in said(place.drawn(drawing)).items()}
    faces = place.faces(drawing, cell, simplify=simplify)
    allowed = near_edges(place.drawn(drawing), STRAY)
    for status, shape in true.items():
        drawn = shapely.union_all([face.polygon for face in faces if face.status == status])
        wrong = shapely.difference(shapely.symmetric_difference(drawn, shape), allowed)
        assert wrong.area == pytest.approx(0, abs=1e-6)


@given(drawings, bands, st.booleans())
@settings(max_examples=60)
def test_neighbouring_cells_have_the_same_statuses_along_their_edge(
    drawing: list[Area], band: Band, simplify: bool
) -> None:
    """Wherever no edge of an area comes near."""
    place = Place(band)
    east, west = place.cell(0, 0), place.cell(1, 0)
    x, north, _, south = east.box
    span = min(south - north, SPAN)
    points = shapely.points([(x, north + n) for n in np.arange(0.5, span)])
    far = points[~shapely.intersects(near_edges(place.drawn(drawing), STRAY), points)]
    true = said(place.drawn(drawing))
    for cell in (east, west):
        faces = place.faces(drawing, cell, simplify=simplify)
        for status, shape in true.items():
            drawn = shapely.union_all([face.polygon for face in faces if face.status == status])
            assert (shapely.intersects(drawn, far) == shapely.intersects(shape, far)).all()


gaps = st.tuples(*[st.floats(2, SPAN / 5, allow_subnormal=False)] * 4)


@given(gaps, bands, st.booleans())
@settings(max_examples=60)
def test_an_edge_that_crosses_between_cells_has_the_same_vertex_for_both(
    gap: tuple[float, float, float, float], band: Band, simplify: bool
) -> None:
    place = Place(band)
    one, two, three, four = SPAN + np.cumsum(gap)
    across = tidy([shapely.Polygon([(10, two), (2 * SPAN - 10, one), (2 * SPAN - 10, four), (10, three)])])
    found = []
    for cell in (place.cell(0, 0), place.cell(1, 0)):
        coordinates = shapely.get_coordinates(
            [face.polygon for face in place.faces([("low", across)], cell, simplify=simplify)]
        )
        found.append({y for x, y in coordinates.tolist() if x == place.cell(0, 0).box[0]})
    assert found[0] == found[1] != set()


@given(drawings, bands, st.booleans(), st.data())
@settings(max_examples=60)
def test_the_order_of_the_areas_leaves_no_trace(
    drawing: list[Area], band: Band, simplify: bool, data: st.DataObject
) -> None:
    place = Place(band)
    cell = place.cell(1, 1)
    shuffled = data.draw(st.permutations(drawing))
    one, other, again = (
        [(face.status, face.polygon.wkb) for face in place.faces(each, cell, simplify=simplify)]
        for each in (drawing, shuffled, drawing)
    )
    assert one == other == again


specks = st.tuples(st.floats(3, SPAN - 3), st.floats(3, SPAN - 3), st.floats(0.001, 1.1), st.integers(1, 3))


@given(drawings, specks, st.sampled_from(BANDS[1:]), st.booleans())
@settings(max_examples=100)
def test_a_small_part_is_kept_as_a_square_at_least_unless_a_higher_status_lies_there(
    drawing: list[Area], speck: tuple[float, float, float, int], band: Band, simplify: bool
) -> None:
    x, y, size, corners = speck
    village = shapely.Point(x + SPAN, y + SPAN).buffer(size, quad_segs=corners)
    around = shapely.buffer(village, 3 * MARK)
    drawing = [(status, tidy([shapely.difference(shape, around)])) for status, shape in drawing]
    place = Place(band)
    faces = place.faces(
        [*((s, a) for s, a in drawing if not a.is_empty), ("lower", village)], place.cell(0, 0)
    )
    (where,) = (shape for _, shape in place.drawn([("lower", around)]))
    kept = [shapely.intersection(face.polygon, where).area for face in faces if face.status == "lower"]
    assert sum(kept) >= 1


def test_a_small_part_under_a_higher_status_is_not_drawn() -> None:
    place = Place(BANDS[2])
    village, land = shapely.box(60, 60, 60.4, 60.4), shapely.box(50, 50, 90, 90)
    faces = place.faces([("low", village), ("high", land)], place.cell(0, 0))
    assert [face.status for face in faces] == ["high"]


def test_a_piece_belongs_to_its_area_even_where_a_point_in_it_does_not() -> None:
    """The point that GEOS finds in the rounded piece lies 0.02 units above the area's own edge."""
    spiked = [(22.77, 56.49), (37.92, 58.43), (39.51, 48.48), (41.87, 66.0), (25.98, 66.0)]
    place = Place(BANDS[1])
    faces = place.faces([("low", shapely.Polygon(spiked))], place.cell(1, 0))
    assert sum(face.polygon.area for face in faces) == pytest.approx(shapely.Polygon(spiked).area, rel=0.1)


@given(drawings, bands)
@settings(max_examples=100)
def test_the_front_lies_on_edges_of_held_faces_and_never_on_the_edge_of_the_cell(
    drawing: list[Area], band: Band
) -> None:
    place = Place(band)
    cell = place.cell(0, 0)
    held = shapely.union_all([shape for status, shape in drawing if status in HELD])
    unit = 2.0 ** (UNIT_ZOOM - band.lowest)
    true = plant(metres(shapely.boundary(held), place.origin, unit)) if not held.is_empty else None
    clip = part(true, band.cell_zoom, cell.x, cell.y) if true else None
    faces = place.faces(drawing, cell)
    front = cell_front(cell, faces, HELD, [clip] if clip else [])
    own = shapely.boundary([face.polygon for face in faces if face.status in HELD])
    edges = {tuple(each) for each in segments(own).reshape(-1, 4).tolist()}
    assert {tuple(each) for each in segments(np.array([front])).reshape(-1, 4).tolist()} <= edges
    assert shapely.intersection(front, shapely.box(*cell.box).exterior).length == 0
