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
from tileserver.model import Digest, Revision
from tileserver.store.catalogue import Periods
from tileserver.store.event_window import EventWindow
from tileserver.store.index import NEVER, ROW, Rows, spread
from tileserver.tiles.events import EventIndex
from tileserver.tiles.horizon import Horizon
from tileserver.tiles.index import LayerIndex, TileView
from tileserver.tiles.locate import find_version, locate
from tileserver.tiles.tileset import Tileset
from tileserver.tiles.version import NO_DIGEST, Version
from tileserver.tiles.windows import SelectedEvents, WindowView
from tileserver.times import OPEN, Micros, Period, from_micros

DAYS = range(8)
TIMES = ("start", "end", "known_from", "known_to")
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
    found["token"] = spread(found["token"])
    found["known_to"][found["known_to"] > len(world)] = NEVER
    return found


def events_of(rows: Rows) -> npt.NDArray[Any]:
    """The same as events, all in one place."""
    kinds = [("content", "u8"), ("x", "i4"), ("y", "i4"), *((n, "i8") for n in TIMES), ("code", "i2")]
    found = np.zeros(len(rows), dtype=kinds)
    found["content"] = rows["token"]
    for name in TIMES:
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
def test_two_moments_have_one_digest_exactly_if_they_have_one_content(world: World) -> None:
    view = tile(world, []).view
    seen: dict[Digest, frozenset[int]] = {}
    for revision in map(Revision, range(1, len(world) + 1)):
        for at in map(Micros, range(-1, 9)):
            found = view.state(at, revision)
            content = state(world, at, revision)
            assert (found is None) == (not content)
            if found is not None:
                assert seen.setdefault(found.digest, content) == content
                assert state(world, found.moment.at, found.moment.revision) == content
                again = view.find_state(found.digest, at)
                assert again is not None
                assert state(world, again.moment.at, again.moment.revision) == content
                assert again.moment.at <= at
    assert len(seen) == len(set(seen.values()))


@given(worlds)
def test_a_validity_is_the_longest_time_with_that_content(world: World) -> None:
    view = tile(world, []).view
    for revision in map(Revision, range(1, len(world) + 1)):
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
def test_two_windows_have_one_content_exactly_if_they_select_the_same(
    world: World, first: int, last: int, end: int
) -> None:
    windows = tile([], world).view.windows

    def selected(window: EventWindow) -> frozenset[Run]:
        return frozenset(
            run
            for run in world[window.revision - 1]
            if run[1] <= window.last and window.first <= run[2] <= window.end
        )

    seen: dict[SelectedEvents, frozenset[Run]] = {}
    for revision in map(Revision, range(1, len(world) + 1)):
        for shift in range(3):
            window = EventWindow(Micros(first), Micros(last + shift), Micros(end + shift), revision)
            settled = windows.settled(window)
            content = None if settled is None else windows.content(settled)
            chosen = selected(window)
            assert (content is None) == (not chosen)
            if content is not None:
                assert seen.setdefault(content, chosen) == chosen
                assert selected(content.window) == chosen
                again = windows.settled(content.window)
                assert again is not None
                assert windows.content(again) == content
    assert len({content.digest for content in seen}) == len(set(seen.values()))


@settings(max_examples=30)
@given(worlds, events, st.integers(0, 12), st.data())
def test_a_version_that_was_given_out_is_found_and_no_other_is(
    states: World, windows: World, horizon: int, data: st.DataObject
) -> None:
    tileset, view = tile(states, windows)
    public = Horizon(Micros(horizon), Micros(horizon))
    given_out = set()
    for revision in map(Revision, range(1, 5)):
        for start in range(-1, 9, 2):
            for end in range(start + 1, 10, 2):
                asked = Period(from_micros(Micros(start)), from_micros(Micros(end)))
                located = locate(view, revision, asked, public)
                find_version(located.version, tileset, view, public)
                given_out.add(located.version)
    limit = st.integers(-1, 13).map(Micros)
    window = st.builds(EventWindow, limit, limit, limit, st.integers(0, 4).map(Revision)) | st.none()
    digest = st.sampled_from([NO_DIGEST, *(n for each in given_out for n in (each.state, each.points))])
    drawn = data.draw(st.builds(Version, digest, digest, window))
    try:
        found = find_version(drawn, tileset, view, public)
    except UnknownVersion:
        assert drawn not in given_out
        return
    assert found.state is None or found.state.at <= horizon
    assert drawn.events is None or max(drawn.events.last, drawn.events.end) <= horizon


def test_a_content_that_was_withdrawn_has_lost_its_name() -> None:
    tileset, before = tile([frozenset({(1, 3, OPEN)})], [frozenset({(2, 3, 4), (3, 3, 4)})])
    _, after = tile([frozenset({(4, 3, OPEN)})], [frozenset({(2, 3, 4)})])
    asked = Period(from_micros(Micros(3)), from_micros(Micros(4)))
    version = locate(before, Revision(1), asked, PUBLIC).version
    found = find_version(version, tileset, before, PUBLIC)
    assert found.state is not None
    assert found.state.at == 3
    with pytest.raises(UnknownVersion):
        find_version(version, tileset, after, PUBLIC)
    with pytest.raises(UnknownVersion):
        find_version(replace(version, state=NO_DIGEST), tileset, after, PUBLIC)


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
    found = LayerIndex({0: rows}).near(address)
    width = (EXTENT << 14) >> zoom
    margin = width * BUFFER / EXTENT
    near = {
        n
        for n, west, north, east, south, *_ in drawn
        if west <= (address.x + 1) * width + margin and east >= address.x * width - margin
        and north <= (address.y + 1) * width + margin and south >= address.y * width - margin
    }  # fmt: skip
    assert set(found["token"].tolist()) == near
