"""Law: cutting loses nothing and adds nothing, both sides of a cut fit, and equal parts are one object."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Collection, Iterator

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from tests.shape.drawings import areas, metres, part
from tileserver.grid import WORLD_UNITS
from tileserver.shape.clips import BLOCK, SMALL, Clip, StatusClip, cell_box, differing_cells, plant

ZOOM = 10
SPAN = 32.0  # the side of a cell at ZOOM, in drawing units
UNIT = (WORLD_UNITS >> ZOOM) / SPAN
CORNER = 600, 350  # of the cell to the south-east of the corner in the middle
ORIGIN = (CORNER[0] - 1) * SPAN, (CORNER[1] - 1) * SPAN

Cell = tuple[int, int, int]


def planted(area: BaseGeometry) -> Clip:
    return plant(metres(area, ORIGIN, UNIT))


def tree(clip: Clip, deepest: int) -> Iterator[Clip]:
    yield clip
    for child in clip.children() if clip.z < deepest else ():
        if child is not None:
            yield from tree(child, deepest)


def known(state: Collection[StatusClip], zooms: Collection[int]) -> dict[Cell, frozenset[StatusClip]]:
    """What a state has in each cell, found by looking into all of them."""
    found: dict[Cell, set[StatusClip]] = {}
    for name, root in state:
        for clip in tree(root, max(zooms)):
            if clip.z in zooms:
                found.setdefault((clip.z, clip.x, clip.y), set()).add((name, clip))
    return {cell: frozenset(parts) for cell, parts in found.items()}


def difference(
    old: dict[Cell, frozenset[StatusClip]], new: dict[Cell, frozenset[StatusClip]]
) -> dict[Cell, frozenset[StatusClip]]:
    nothing: frozenset[StatusClip] = frozenset()
    cells = old.keys() | new.keys()
    return {
        cell: new.get(cell, nothing) for cell in cells if old.get(cell, nothing) != new.get(cell, nothing)
    }


def never(_parts: Collection[StatusClip]) -> bool:
    return False


def covered(parts: Collection[StatusClip]) -> bool:
    return any(clip.full for _, clip in parts)


def whole_or_cells(state: Collection[StatusClip], zoom: int) -> dict[Cell, frozenset[StatusClip]]:
    """What a state has in each cell at *zoom*, or in the largest that is covered and so much larger."""
    every = known(state, range(zoom + 1))
    whole = {cell for cell, parts in every.items() if cell[0] <= zoom - BLOCK and covered(parts)}

    def under_whole(z: int, x: int, y: int) -> bool:
        return any((z - up, x >> up, y >> up) in whole for up in range(1, z + 1))

    return {
        cell: parts
        for cell, parts in every.items()
        if (cell in whole or cell[0] == zoom) and not under_whole(*cell)
    }


@settings(max_examples=100)
@given(areas(SPAN))
def test_the_parts_of_a_cut_are_valid_lie_in_their_cells_and_together_are_the_whole(
    area: BaseGeometry,
) -> None:
    for clip in tree(planted(area), ZOOM + 1):
        assert clip.geometry.is_valid
        assert shapely.box(*cell_box(clip.z, clip.x, clip.y)).covers(clip.geometry)
        assert clip.full == (clip.geometry.area == float(WORLD_UNITS >> clip.z) ** 2)
        children = [child.geometry for child in clip.children() if child is not None]
        assert shapely.area(children).sum() == pytest.approx(clip.geometry.area, rel=1e-9, abs=1e-3)


@settings(max_examples=100)
@given(areas(SPAN))
def test_both_sides_of_a_cut_have_the_same_new_vertices(area: BaseGeometry) -> None:
    root = planted(area)
    # Two cuts of one edge may differ in the last bit of a double, a billionth of what any grid rounds to.
    there = {tuple(xy) for xy in shapely.get_coordinates(root.geometry).round(6).tolist()}
    x, y = CORNER
    for axis, beside in ((0, (x - 1, y)), (1, (x, y - 1))):
        line = float((x, y)[axis] * (WORLD_UNITS >> ZOOM))
        new = []
        for cell in ((x, y), beside):
            clip = part(root, ZOOM, *cell)
            west, north, east, south = cell_box(ZOOM, *cell)
            corners = {(a, b) for a in (west, east) for b in (north, south)}
            vertices = shapely.get_coordinates(clip.geometry).round(6).tolist() if clip else []
            new.append({tuple(xy) for xy in vertices if xy[axis] == line} - there - corners)
        assert new[0] == new[1]


@settings(max_examples=100)
@given(areas(SPAN))
def test_what_is_the_same_is_the_same_object(area: BaseGeometry) -> None:
    one, other = planted(area), planted(shapely.from_wkb(shapely.to_wkb(area)))
    assert one is other
    copies = zip(tree(one, ZOOM + 1), tree(other, ZOOM + 1), strict=True)
    assert all(clip is copy for clip, copy in copies)


@settings(max_examples=60)
@given(st.lists(areas(SPAN), min_size=2, max_size=5), st.data())
def test_changed_cells_are_those_whose_content_differs_and_no_others(
    shapes: list[BaseGeometry], data: st.DataObject
) -> None:
    roots = [(name, planted(shape)) for name in "ab" for shape in shapes]
    before, after = (data.draw(st.sets(st.sampled_from(roots))) for _ in range(2))
    for zoom in (ZOOM - 1, ZOOM + 1):
        found = {(z, x, y): parts for _, z, x, y, parts in differing_cells(before, after, zoom, never)}
        assert found == difference(known(before, {zoom}), known(after, {zoom}))


@settings(max_examples=60)
@given(st.lists(areas(SPAN), min_size=2, max_size=5), st.data())
def test_what_is_whole_is_one_cell_on_its_days_and_many_on_the_others(
    shapes: list[BaseGeometry], data: st.DataObject
) -> None:
    roots = [(name, planted(shape)) for name in "ab" for shape in [*shapes, shapely.box(0, 0, SPAN, SPAN)]]
    before, after = (data.draw(st.sets(st.sampled_from(roots))) for _ in range(2))
    zoom = ZOOM + BLOCK
    found = list(differing_cells(before, after, zoom, covered))
    assert all(each.above == zoom - each.z for each in found)
    changes = {(z, x, y): parts for _, z, x, y, parts in found}
    assert len(changes) == len(found)
    assert changes == difference(whole_or_cells(before, zoom), whole_or_cells(after, zoom))


def test_what_has_very_many_vertices_keeps_no_parts_and_is_cut_to_the_same_ones_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    circle = shapely.Point(SPAN, SPAN).buffer(SPAN / 3, quad_segs=64)
    kept = [(clip.clip_hash, clip.geometry.wkb) for clip in tree(planted(circle), ZOOM + 1)]
    monkeypatch.setattr("tileserver.shape.clips.KEPT", 10)
    root = planted(shapely.Point(SPAN, SPAN).buffer(SPAN / 3 + 1e-3, quad_segs=64))
    part = weakref.ref(next(child for child in root.children() if child is not None))
    gc.collect()
    assert part() is None
    assert [(clip.clip_hash, clip.geometry.wkb) for clip in tree(planted(circle), ZOOM + 1)] == kept


@settings(max_examples=100)
@given(areas(SPAN))
def test_every_small_part_lies_in_one_cell_of_each_zoom(area: BaseGeometry) -> None:
    root = planted(area)
    slight = shapely.area(shapely.get_parts(root.geometry)) < SMALL
    assert len(root.small) == slight.sum()
    for zoom in (ZOOM - 1, ZOOM + 1):
        cells = [clip for clip in tree(root, zoom) if clip.z == zoom]
        inside = np.concatenate([clip.small for clip in cells]) if cells else root.small
        assert sorted(inside.tolist()) == sorted(root.small.tolist())
