"""A version names a content: one epoch or selection has one version, and none is past the horizon."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shapes import layer, theatre, tileset_of
from tests.strategies import micros_period, questions, tilesets
from tileserver.errors import UnknownVersion
from tileserver.grid import TileAddress
from tileserver.model import LayerId, LayerRef
from tileserver.store.catalogue import Periods, StoredLayer
from tileserver.tiles.cuts import cuts
from tileserver.tiles.horizon import Horizon, horizon_of
from tileserver.tiles.selection import selection_of
from tileserver.tiles.tileset import ServedLayer, Tileset
from tileserver.tiles.versions import Reading, Version, parse_version, resolve
from tileserver.times import OPEN, Micros, Period, Timeline, day_period, day_zone, from_micros, to_micros

Drawn = tuple[Tileset, list[Periods]]
LATER = 1000  # past every period of the strategy

horizons = st.integers(-25, 60) | st.just(LATER)
micros = st.integers(-(2**55), 2**55) | st.none()
names = st.integers(0, 2**64 - 1)
zooms = st.lists(st.integers(0, 12), max_size=8).map(tuple)
words = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)
selections = st.dictionaries(words, st.sets(words, min_size=1, max_size=3), max_size=3).map(selection_of)
versions = st.builds(Version, names, names, st.integers(0, 2**31), micros, micros, micros, zooms, selections)
readings = st.builds(Reading, st.just(7), st.just(8), micros, micros, micros, micros)


def _of(times: str, drawn: Drawn) -> list[Periods]:
    tileset, own = drawn
    return [
        each for served, each in zip(tileset.layers, own, strict=True) if served.stored.layer.time == times
    ]


def both(horizon: int) -> Horizon:
    """Where nothing waits for its day to be over."""
    return Horizon(Micros(horizon), Micros(horizon))


def _changes(drawn: Drawn, horizon: int) -> list[int]:
    edges = {int(edge) for own in _of("state", drawn) for edge in (*own.starts, *own.ends)}
    return sorted(edge for edge in edges if edge <= horizon)


def _selected(drawn: Drawn, asked: Period, horizon: int) -> set[tuple[int, int, int]]:
    """What a window holds, feature by feature, as a person would say it."""
    first = -OPEN if asked.start is None else to_micros(asked.start)
    last = OPEN if asked.end is None else to_micros(asked.end) - 1
    return {
        (number, int(start), int(end))
        for number, own in enumerate(_of("window", drawn))
        for start, end in zip(own.starts, own.ends, strict=True)
        if start <= min(last, horizon) and end > first and end <= horizon
    }


def _named(drawn: Drawn, version: Reading) -> set[tuple[int, int, int]]:
    """What the fields of a version select, as the store's statement does."""
    if version.first is None or version.last is None or version.until is None:
        return set()
    return {
        (number, int(start), int(end))
        for number, own in enumerate(_of("window", drawn))
        for start, end in zip(own.starts, own.ends, strict=True)
        if start <= version.last and version.first <= end <= version.until
    }


@given(tilesets(), questions(), horizons)
def test_a_state_is_named_by_the_epoch_its_instant_lies_in(drawn: Drawn, asked: Period, horizon: int) -> None:
    last = horizon if asked.end is None else min(to_micros(asked.end) - 1, horizon)
    at = resolve(*drawn, 1, asked, both(horizon)).reading.at
    assert at == Timeline(_changes(drawn, horizon)).epoch(last)[0]


@given(tilesets(), questions(), questions(), horizons)
def test_same_content_same_version_and_the_reverse(drawn: Drawn, a: Period, b: Period, horizon: int) -> None:
    timeline = Timeline(_changes(drawn, horizon))
    contents = []
    for asked in (a, b):
        last = horizon if asked.end is None else min(to_micros(asked.end) - 1, horizon)
        contents.append((timeline.epoch(last)[0], _selected(drawn, asked, horizon)))
    versions = [resolve(*drawn, 1, asked, both(horizon)).reading for asked in (a, b)]
    assert (contents[0] == contents[1]) == (versions[0] == versions[1])


@given(tilesets(), questions(), horizons)
def test_a_version_selects_what_the_window_holds(drawn: Drawn, asked: Period, horizon: int) -> None:
    assert _named(drawn, resolve(*drawn, 1, asked, both(horizon)).reading) == _selected(drawn, asked, horizon)


@given(tilesets(), questions() | st.none(), horizons)
def test_an_answer_knows_nothing_of_what_is_not_yet_public(
    drawn: Drawn, asked: Period | None, horizon: int
) -> None:
    tileset, own = drawn
    censored = []
    for served, each in zip(tileset.layers, own, strict=True):
        ends = np.where(each.ends > horizon, OPEN, each.ends)
        kept = each.starts <= horizon if served.is_state else each.ends <= horizon
        censored.append(Periods(each.starts[kept], ends[kept]))
    assert resolve(tileset, own, 1, asked, both(horizon)) == resolve(
        tileset, censored, 1, asked, both(horizon)
    )


@given(tilesets(), questions() | st.none(), horizons)
def test_no_field_of_a_version_is_past_the_horizon(drawn: Drawn, asked: Period | None, horizon: int) -> None:
    version = resolve(*drawn, 1, asked, both(horizon)).reading
    fields = (version.at, version.first, version.last, version.until)
    assert all(field is None or field <= horizon for field in fields)


@given(tilesets(), questions() | st.none(), horizons)
def test_a_validity_starts_by_the_horizon_and_ends_by_it_or_is_open(
    drawn: Drawn, asked: Period | None, horizon: int
) -> None:
    validity = resolve(*drawn, 1, asked, both(horizon)).validity
    assert validity.start is None or to_micros(validity.start) <= horizon
    assert validity.end is None or to_micros(validity.end) - 1 <= horizon


@given(tilesets(), questions(), horizons)
def test_every_instant_of_a_validity_has_the_same_version(drawn: Drawn, asked: Period, horizon: int) -> None:
    if _of("window", drawn):
        return  # a window's answer is true for the window, not for each instant in it
    resolved = resolve(*drawn, 1, asked, both(horizon))
    for at in range(-30, min(60, horizon + 1)):
        instant = micros_period(at, at + 1)
        inside = from_micros(Micros(at)) in resolved.validity
        assert (resolve(*drawn, 1, instant, both(horizon)).reading == resolved.reading) == inside


@given(versions)
def test_a_version_survives_being_written(version: Version) -> None:
    assert parse_version(str(version)) == version


@given(versions, versions)
def test_two_versions_have_two_texts(one: Version, other: Version) -> None:
    assert (one == other) == (str(one) == str(other))


@pytest.mark.parametrize(
    "text",
    [
        "", "3", "latest", "4-1-1-1-_-_-_-_", "4-1-1-1-_-_-_-_-_-_", "1-1-1-1-_-_-_-_-_",
        "2-1-1-1-_-_-_", "04-1-1-1-_-_-_-_-_", "4-00-1-1-_-_-_-_-_", "4--1-1-1-_-_-_-_-_",
        "4-1-1-1-00-_-_-_-_", "4-1-1-1-~0-_-_-_-_", "4-1-1-1-A-_-_-_-_", "4-1-1-1-~~1-_-_-_-_",
        "4-1-1-1-_-_-_-_-_ ", "4-1-1-1-_-_-_-_-_\n", "٤-1-1-1-_-_-_-_-_", "4-_-1-1-_-_-_-_-_",
        "4-1-1-_-_-_-_-_-_", "4-1-1-1-é-_-_-_-_", "4-1-1-1-zzzzzzzzzzzzzz-_-_-_-_",
        "4-1-1-1-..-_-_-_-_", "4-1-1-1-%5f-_-_-_-_", "9" * 10_000,
        "4-1-1-1-_-_-_--_", "4-1-1-1-_-_-_-B-_", "4-1-1-1-_-_-_-123456789-_", "4-1-1-1-_-_-_-_-",
        "4-1-1-1-_-_-_-_-side", "4-1-1-1-_-_-_-_-side.ua.ru", "4-1-1-1-_-_-_-_-side.ru.ru",
        "4-1-1-1-_-_-_-_-side.ru,kind.a", "4-1-1-1-_-_-_-_-side.ru,side.ua", "4-1-1-1-_-_-_-_-side.",
        "4-1-1-1-_-_-_-_-side.RU", "4-1-1-1-_-_-_-_-side.ru-", "4-1-1-1-_-_-_-_-,side.ru",
    ],
)  # fmt: skip
def test_what_names_no_version_is_refused(text: str) -> None:
    with pytest.raises(UnknownVersion, match="names no version"):
        parse_version(text)


@given(tilesets(), readings)
def test_nothing_to_read_needs_no_query(drawn: Drawn, reading: Reading) -> None:
    wanted = cuts(reading, drawn[0], TileAddress(0, 0, 0))
    assert wanted or reading.at is None or reading.window is None or not drawn[0].layers
    for cut in wanted:
        assert cut.known == (reading.seen if cut.at is None else reading.revision)
        assert (cut.at is None) != (cut.first is None)


def test_a_change_belongs_to_the_epoch_it_opens() -> None:
    own = Periods(np.array([0, 10]), np.array([10, OPEN]))
    tileset = tileset_of(["state"], [own])
    before, on = (resolve(tileset, [own], 1, micros_period(at, at + 1), both(LATER)) for at in (9, 10))
    assert (before.reading.at, on.reading.at) == (0, 10)
    assert before.validity_text == "1970-01-01T00:00:00Z/1970-01-01T00:00:00.000010Z"
    assert on.validity_text == "1970-01-01T00:00:00.000010Z/.."


def test_before_the_first_snapshot_there_is_nothing() -> None:
    own = Periods(np.array([10]), np.array([OPEN]))
    resolved = resolve(tileset_of(["state"], [own]), [own], 1, micros_period(0, 5), both(LATER))
    assert (resolved.reading.at, resolved.reading.first) == (None, None)
    assert resolved.validity_text == "../1970-01-01T00:00:00.000010Z"


def test_the_latest_is_the_newest_state_and_the_newest_day_with_events() -> None:
    kyiv = day_zone("UTC")
    one, two = (day_period(date(2024, 1, day), kyiv) for day in (1, 2))
    assert one.start
    assert two.end
    events = Periods(
        np.array([to_micros(one.start), to_micros(one.end or two.end)]),
        np.array([to_micros(one.end or two.end), to_micros(two.end)]),
    )
    resolved = resolve(tileset_of(["window"], [events]), [events], 1, None, both(to_micros(two.end)))
    assert resolved.reading.last == events.starts[1]
    assert resolved.reading.first == events.ends[1]


def test_the_horizon_is_that_of_the_strictest_layer() -> None:
    now = datetime(2024, 5, 1, tzinfo=UTC)
    whole = theatre(layer("a"), layer("b", embargo="7d"), embargo="48h")
    nothing = Periods(np.empty(0, np.int64), np.empty(0, np.int64))
    served = tuple(
        ServedLayer(StoredLayer(LayerId(1), LayerRef("toy", each.name), whole, each, (), None), nothing)
        for each in whole.layers
    )
    strict, lax = Tileset("toy", whole, served), Tileset("toy.a", whole, served[:1])
    assert horizon_of(strict, now) == both(to_micros(now - timedelta(days=7)))
    assert horizon_of(lax, now) == both(to_micros(now - timedelta(days=2)))
