"""Law: a tile's version changes when something in it changes, and at no other time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shapes import tileset_of
from tileserver.errors import UnknownVersion
from tileserver.grid import BUFFER, EXTENT, TileAddress
from tileserver.store.catalogue import Periods
from tileserver.store.index import NEVER, ROW, Rows
from tileserver.tiles.events import Asked, EventIndex
from tileserver.tiles.horizon import Horizon
from tileserver.tiles.index import LayerIndex, TileView
from tileserver.tiles.tileset import Tileset
from tileserver.tiles.versions import Version, find, locate
from tileserver.tiles.windows import WindowView
from tileserver.times import OPEN, Micros, Period, from_micros

DAYS = range(8)
TIMES = ("start", "end", "since", "until")
NO_PERIODS = Periods(np.empty(0, np.int64), np.empty(0, np.int64))
LATER = Micros(1000)
PUBLIC = Horizon(LATER, LATER)

Run = tuple[int, int, int]  # id, start, end
World = list[frozenset[Run]]  # what is held in revision 1, 2, ...

ids = st.integers(1, 4)
contents = st.dictionaries(st.sampled_from(list(DAYS)), st.frozensets(ids), max_size=5)


def runs_of(states: dict[int, frozenset[int]]) -> frozenset[Run]:
    """The maximal runs of each id, as an import writes them."""
    runs: set[Run] = set()
    since: dict[int, int] = {}
    for at in sorted(states):
        for one in [one for one in since if one not in states[at]]:
            runs.add((one, since.pop(one), at))
        for one in states[at]:
            since.setdefault(one, at)
    return frozenset(runs | {(one, start, OPEN) for one, start in since.items()})


worlds: st.SearchStrategy[World] = st.lists(contents.map(runs_of), min_size=1, max_size=4)
events: st.SearchStrategy[World] = st.lists(
    st.frozensets(
        st.tuples(ids, st.integers(0, 5), st.integers(1, 3)).map(lambda e: (e[0], e[1], e[1] + e[2]))
    ),
    min_size=1,
    max_size=3,
)


def rows_of(world: World) -> Rows:
    """The rows of all revisions, each known from the revision that has it to the one that has it not."""
    rows = []
    for run in frozenset().union(*world):
        since = None
        for revision, held in enumerate([*world, frozenset()], 1):
            if run in held and since is None:
                since = revision
            elif run not in held and since is not None:
                rows.append((run[0], 0, 0, 0, 0, run[1], run[2], since, min(revision, NEVER)))
                since = None
        if since is not None:
            rows.append((run[0], 0, 0, 0, 0, run[1], run[2], since, NEVER))
    found = np.array(rows, dtype=ROW)
    found["until"][found["until"] > len(world)] = NEVER
    return found


def events_of(rows: Rows) -> npt.NDArray[Any]:
    """The same as events, all in one place."""
    kinds = [("id", "i8"), ("x", "i4"), ("y", "i4"), *((n, "i8") for n in TIMES), ("code", "i2")]
    found = np.zeros(len(rows), dtype=kinds)
    for name in ("id", *TIMES):
        found[name] = rows[name]
    return found


def state(world: World, at: int, revision: int) -> frozenset[int]:
    return frozenset(one for one, start, end in world[revision - 1] if start <= at < end)


class Tile(NamedTuple):
    """A tileset with a state and a window layer, and the view of one tile of it."""

    tileset: Tileset
    view: TileView


def tile(states: World, windows: World) -> Tile:
    nothing = tileset_of(["state", "window"], [NO_PERIODS, NO_PERIODS])
    found = EventIndex(events_of(rows_of(windows or [frozenset()])), nothing.declared[1])
    return Tile(
        nothing, TileView([rows_of(states or [frozenset()])], WindowView([found], TileAddress(0, 0, 0)))
    )


@given(worlds)
def test_two_moments_have_one_name_exactly_if_they_have_one_content(world: World) -> None:
    view = tile(world, []).view
    named: dict[int, frozenset[int]] = {}
    for revision in range(1, len(world) + 1):
        for at in range(-1, 9):
            spot = view.state(at, revision)
            content = state(world, at, revision)
            assert (spot is None) == (not content)
            if spot is not None:
                assert named.setdefault(spot.name, content) == content
                assert state(world, spot.at, spot.revision) == content
                found = view.find(spot.name, at)
                assert found is not None
                assert state(world, found.at, found.revision) == content
                assert found.at <= at
    assert len(named) == len(set(named.values()))


@given(worlds)
def test_a_validity_is_the_longest_time_with_that_content(world: World) -> None:
    view = tile(world, []).view
    for revision in range(1, len(world) + 1):
        for at in map(Micros, DAYS):
            start, end = view.validity(at, revision)
            inside = [
                each
                for each in range(-2, 12)
                if (start is None or start <= each) and (end is None or each < end)
            ]
            same = state(world, at, revision)
            assert all(state(world, each, revision) == same for each in inside)
            assert start is None or state(world, start - 1, revision) != same
            assert end is None or state(world, end, revision) != same


@settings(max_examples=200)
@given(events, st.integers(0, 8), st.integers(0, 8), st.integers(0, 9))
def test_two_windows_have_one_name_exactly_if_they_select_the_same(
    world: World, first: int, last: int, until: int
) -> None:
    view = tile([], world).view

    def selected(asked: Asked) -> frozenset[Run]:
        return frozenset(
            run
            for run in world[asked.revision - 1]
            if run[1] <= asked.last and asked.first <= run[2] <= asked.until
        )

    named: dict[object, frozenset[Run]] = {}
    for revision in range(1, len(world) + 1):
        for shift in range(3):
            asked = Asked(Micros(first), Micros(last + shift), Micros(until + shift), revision)
            window = view.windows.window(asked)
            chosen = selected(asked)
            assert (window is None) == (not chosen)
            if window is not None:
                assert named.setdefault(window, chosen) == chosen
                assert selected(window.asked) == chosen
                assert view.windows.window(window.asked) == window
    assert len({name.name for name in named}) == len(set(named.values()))  # type: ignore[attr-defined]


@settings(max_examples=30)
@given(worlds, events, st.integers(0, 12), st.data())
def test_a_version_that_was_given_out_is_found_and_no_other_is(
    states: World, windows: World, horizon: int, data: st.DataObject
) -> None:
    tileset, view = tile(states, windows)
    public = Horizon(Micros(horizon), Micros(horizon))
    given_out = set()
    for revision in range(1, 5):
        for start in range(-1, 9, 2):
            for end in range(start + 1, 10, 2):
                asked = Period(from_micros(Micros(start)), from_micros(Micros(end)))
                located = locate(tileset, view, revision, asked, public)
                find(located.version, tileset, view, public)
                given_out.add(located.version)
    field = st.integers(-1, 13) | st.none()
    name = st.sampled_from([0, *(n for each in given_out for n in (each.state, each.points))])
    drawn = data.draw(st.builds(Version, name, name, st.integers(0, 4), field, field, field))
    try:
        reading = find(drawn, tileset, view, public)
    except UnknownVersion:
        assert drawn not in given_out
        return
    told = [each for each in (reading.at, reading.last, reading.until) if each is not None]
    assert max(told, default=horizon) <= horizon


def test_a_content_that_was_withdrawn_has_lost_its_name() -> None:
    tileset, before = tile([frozenset({(1, 3, OPEN)})], [frozenset({(2, 3, 4), (3, 3, 4)})])
    _, after = tile([frozenset({(4, 3, OPEN)})], [frozenset({(2, 3, 4)})])
    asked = Period(from_micros(Micros(3)), from_micros(Micros(4)))
    version = locate(tileset, before, 1, asked, PUBLIC).version
    assert find(version, tileset, before, PUBLIC).at == 3
    with pytest.raises(UnknownVersion):
        find(version, tileset, after, PUBLIC)
    with pytest.raises(UnknownVersion):
        find(replace(version, state=0), tileset, after, PUBLIC)


@given(
    st.lists(st.tuples(st.integers(0, 4095), st.integers(0, 4095), st.integers(0, 900)), max_size=12),
    st.integers(0, 12),
    st.data(),
)
def test_the_rows_near_a_tile_are_those_whose_box_meets_it_with_its_buffer(
    boxes: Iterable[tuple[int, int, int]], zoom: int, data: st.DataObject
) -> None:
    scale = 1 << 14  # so that they lie all over the world
    drawn = [
        (n, x * scale, y * scale, (x + w) * scale, (y + w) * scale, 0, 1, 1, NEVER)
        for n, (x, y, w) in enumerate(boxes)
    ]
    rows = np.sort(np.array(drawn, dtype=ROW), order="west")
    side = 1 << zoom
    address = TileAddress(zoom, data.draw(st.integers(0, side - 1)), data.draw(st.integers(0, side - 1)))
    found = LayerIndex.of({0: rows}).near(address, has_bands=False)
    width = (EXTENT << 14) >> zoom
    margin = width * BUFFER / EXTENT
    near = {
        n
        for n, west, north, east, south, *_ in drawn
        if west <= (address.x + 1) * width + margin and east >= address.x * width - margin
        and north <= (address.y + 1) * width + margin and south >= address.y * width - margin
    }  # fmt: skip
    assert set(found["id"].tolist()) == near
