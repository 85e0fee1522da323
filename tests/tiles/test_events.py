"""Law: counts of squares are those of the events, each of them once, in every window, revision and choice."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shapes import layer, tileset_of
from tileserver.declared import Category
from tileserver.grid import MAX_ZOOM, TileAddress
from tileserver.model import Layer, Revision
from tileserver.store.catalogue import Periods
from tileserver.store.event_window import EventWindow
from tileserver.store.events import PLACE_BITS
from tileserver.store.index import NEVER
from tileserver.store.windows import POINT_LIMIT, SQUARE_BITS, SQUARES
from tileserver.tiles.events import POINTS_BY, EventIndex, interleaved, squares_below
from tileserver.tiles.horizon import Horizon
from tileserver.tiles.index import TileView
from tileserver.tiles.locate import find_version, locate
from tileserver.tiles.selection import selection_of
from tileserver.tiles.windows import WindowView
from tileserver.times import Micros, Period, from_micros

WORLD = 1 << PLACE_BITS
DECLARED = layer(
    "events",
    "points",
    category="status",
    categories=tuple(Category(code, {"en": code}, "#000000", "#ffffff") for code in ("ru", "ua")),
)
FIELDS = [
    ("content", "u8"), ("x", "i4"), ("y", "i4"), ("start", "i8"), ("end", "i8"), ("known_from", "i8"),
    ("known_to", "i8"), ("code", "i2"),
]  # fmt: skip


def within(first: int, last: int, end: int, revision: int = 1) -> EventWindow:
    return EventWindow(Micros(first), Micros(last), Micros(end), Revision(revision))


EVER = within(0, 100, 100)

Drawn = list[tuple[int, ...]]

# Places on the edges of tiles as often as between them.
places = st.integers(0, WORLD - 1) | st.builds(
    lambda n, z: (n << (PLACE_BITS - z)) % WORLD, st.integers(0), st.integers(1, 9)
)
spans = st.tuples(st.integers(0, 9), st.integers(1, 4)).map(lambda span: (span[0], span[0] + span[1]))
knowns = st.tuples(st.integers(1, 3), st.sampled_from([2, 3, 4, NEVER])).filter(lambda k: k[0] < k[1])
events = st.lists(
    st.builds(
        lambda n, x, y, span, known, code: (n, x, y, *span, *known, code),
        st.integers(1, 2**53 - 1), places, places, spans, knowns, st.integers(0, 2),
    ),
    max_size=40,
)  # fmt: skip
asked = st.builds(
    EventWindow,
    st.integers(0, 12), st.integers(0, 12), st.integers(0, 14), st.integers(1, 4),
    st.sampled_from([{}, {"status": ["ru"]}, {"status": ["ru", "ua"]}, {"side": ["x"]}]).map(selection_of),
)  # fmt: skip


def index_of(drawn: Drawn, declared: Layer = DECLARED) -> EventIndex:
    return EventIndex(np.array(drawn, dtype=FIELDS), declared)


def chosen(drawn: Drawn, window: EventWindow) -> Drawn:
    """What a window selects, event by event, as a person would say it."""
    codes = window.selection.of("status")
    return [
        each
        for each in drawn
        if each[3] <= window.last and window.first <= each[4] <= window.end
        and each[5] <= window.revision < each[6]
        and (not codes or ["", "ru", "ua"][each[7]] in codes)
    ]  # fmt: skip


def counts(drawn: Drawn, zoom: int, window: EventWindow) -> Counter[tuple[int, int, str]]:
    """Counts by column and row of the cells of *zoom*, over all tiles in which anything may be."""
    index, found = index_of(drawn), Counter[tuple[int, int, str]]()
    shift = PLACE_BITS - zoom
    for x, y in {(x >> shift, y >> shift) for _, x, y, *_ in drawn}:
        for square in index.squares(TileAddress(zoom, x, y), window, POINTS_BY):
            said = square.properties
            assert 0 <= square.x < SQUARES
            assert 0 <= square.y < SQUARES
            assert said["count"] >= said["count_ru"] + said["count_ua"]
            for key in ("count", "count_ru", "count_ua"):
                found[x * SQUARES + square.x, y * SQUARES + square.y, key] += said[key]
    return +found


@given(events, asked, st.integers(0, POINTS_BY - 1))
def test_each_square_has_the_events_that_lie_in_it(drawn: Drawn, window: EventWindow, zoom: int) -> None:
    expected: Counter[tuple[int, int, str]] = Counter()
    shift = PLACE_BITS - zoom - SQUARE_BITS
    for _, x, y, *_, code in chosen(drawn, window):
        for key in ("count", *[["count_ru"], ["count_ua"]][code - 1]) if code else ("count",):
            expected[x >> shift, y >> shift, key] += 1
    assert counts(drawn, zoom, window) == expected


@given(events, asked, st.integers(0, POINTS_BY - 2))
def test_a_square_is_the_sum_of_its_four_of_the_next_zoom(
    drawn: Drawn, window: EventWindow, zoom: int
) -> None:
    summed: Counter[tuple[int, int, str]] = Counter()
    for (x, y, key), number in counts(drawn, zoom + 1, window).items():
        summed[x >> 1, y >> 1, key] += number
    assert counts(drawn, zoom, window) == summed


def crowd(number: int, spread: int, seed: int = 1) -> npt.NDArray[Any]:
    """Many events around one place, all on one day."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(number, dtype=FIELDS)
    rows["content"] = rng.permutation(number) + 1
    for axis in ("x", "y"):
        rows[axis] = np.clip(WORLD * 0.37 + rng.normal(0, spread, number), 0, WORLD - 1)
    rows["end"], rows["known_from"], rows["known_to"], rows["code"] = 1, 1, NEVER, rng.integers(0, 3, number)
    return rows


@pytest.mark.parametrize("spread", [1, 3_000, 30_000, 1_000_000, WORLD])
@pytest.mark.parametrize("number", [0, POINT_LIMIT, POINT_LIMIT + 1, 4 * POINT_LIMIT])
def test_events_are_points_from_the_zoom_at_which_they_fit_in_every_tile(number: int, spread: int) -> None:
    rows = crowd(number, spread)
    zoom = EventIndex(rows, DECLARED).points_zoom(EVER)

    def busiest(at: int) -> int:
        tiles = Counter(zip(rows["x"] >> (PLACE_BITS - at), rows["y"] >> (PLACE_BITS - at), strict=True))
        return max(tiles.values(), default=0)

    assert zoom == POINTS_BY or busiest(zoom) <= POINT_LIMIT
    assert zoom == 0 or busiest(zoom - 1) > POINT_LIMIT


def test_what_is_not_selected_has_no_say_in_where_there_are_points() -> None:
    rows = crowd(4 * POINT_LIMIT, 1)
    rows["end"][:POINT_LIMIT] = 2  # one more day
    index = EventIndex(rows, DECLARED)
    assert index.points_zoom(EVER) == POINTS_BY
    assert index.points_zoom(within(2, 100, 100)) == 0
    assert index.points_zoom(within(0, 100, 0)) == 0
    assert index.points_zoom(within(0, 100, 100, 0)) == 0


@given(st.integers(0, 7), st.integers(0, MAX_ZOOM))
def test_no_square_is_smaller_than_the_layer_is_exact_and_its_last_zoom_has_points(
    precision: int, maxzoom: int
) -> None:
    below = squares_below(layer("events", "points", precision=precision, maxzoom=maxzoom))
    assert below <= min(maxzoom, POINTS_BY)
    if below:
        height = 360 / (SQUARES << (below - 1)) / 2  # degrees at 60 north
        assert height >= 10**-precision


@given(st.lists(st.tuples(places, places), min_size=1))
def test_places_of_a_tile_follow_one_another(drawn: list[tuple[int, int]]) -> None:
    x, y = np.array(drawn).T
    order = np.argsort(interleaved(x, y), kind="stable")
    for zoom in (1, 5, 12):
        tiles = [
            (a, b)
            for a, b in zip(x[order] >> (PLACE_BITS - zoom), y[order] >> (PLACE_BITS - zoom), strict=True)
        ]
        changes = sum(one != other for one, other in pairwise(tiles))
        assert changes == len(set(tiles)) - 1


@given(events, st.integers(0, 9), st.data())
def test_near_a_tile_are_its_events_and_those_of_its_buffer(
    drawn: Drawn, zoom: int, data: st.DataObject
) -> None:
    side = 1 << (PLACE_BITS - zoom)
    address = TileAddress(zoom, *(data.draw(st.integers(0, (1 << zoom) - 1)) for _ in "xy"))
    margin = side / 64
    west, north = address.x * side - margin, address.y * side - margin
    expected = sum(
        west <= x + 1 and x <= west + side + 2 * margin and north <= y + 1 and y <= north + side + 2 * margin
        for _, x, y, *_ in drawn
    )
    assert sum(map(len, index_of(drawn).near(address))) == expected


def test_another_legend_is_another_name_where_there_are_squares_and_only_there() -> None:
    renamed = layer("events", "points", category="status", categories=DECLARED.categories[::-1])
    ever = Period(from_micros(Micros(0)), from_micros(Micros(100)))
    tileset = tileset_of(["window"], [Periods(np.array([0]), np.array([1]))])
    for number, differs in ((POINT_LIMIT, False), (POINT_LIMIT + 1, True)):
        views = [
            TileView([], WindowView([EventIndex(crowd(number, 9), declared)], TileAddress(0, 0, 0)))
            for declared in (DECLARED, renamed)
        ]
        one, other = (
            locate(view, Revision(1), ever, Horizon(Micros(100), Micros(100))).version for view in views
        )
        assert (one != other) == differs
        assert bool(one.point_zooms) == differs
        assert find_version(one, tileset, views[0], Horizon(Micros(100), Micros(100))).version == one
