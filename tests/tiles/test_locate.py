"""One epoch or selection has one version, and no answer knows of what is past the horizon."""

from __future__ import annotations

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.shapes import tileset_of
from tests.strategies import Drawn, Rowed, epoch, micros_period, questions, tilesets
from tileserver.model import Moment, Revision
from tileserver.store.catalogue import Periods
from tileserver.tiles.horizon import Horizon
from tileserver.tiles.locate import Located, latest, locate
from tileserver.tiles.version import Version
from tileserver.times import OPEN, Micros, Period, day_period, day_zone, from_micros, to_micros

LATER = 1000  # past every period of the strategy
ONE = Revision(1)

horizons = st.integers(-25, 60) | st.just(LATER)
micros = st.integers(-(2**55), 2**55)
moments = st.builds(Moment, micros.map(Micros), st.just(Revision(7)))


def both(horizon: int) -> Horizon:
    """Where nothing waits for its day to be over."""
    return Horizon(Micros(horizon), Micros(horizon))


def asked_of(drawn: Drawn, asked: Period | None, horizon: int) -> Located:
    public = both(horizon)
    return locate(drawn.view, ONE, asked or latest(drawn.tileset, drawn.periods, public), public)


def _last(asked: Period, horizon: int) -> int:
    return horizon if asked.end is None else min(to_micros(asked.end) - 1, horizon)


def _changes(drawn: Drawn, horizon: int) -> list[int]:
    edges = {edge for _, start, end in drawn.states for edge in (start, end)}
    return sorted(edge for edge in edges if edge <= horizon)


def _holding(drawn: Drawn, at: int) -> set[Rowed]:
    return {each for each in drawn.states if each[1] <= at < each[2]}


def _selected(drawn: Drawn, asked: Period, horizon: int) -> set[Rowed]:
    """What a window holds, feature by feature, as a person would say it."""
    first = -OPEN if asked.start is None else to_micros(asked.start)
    last = OPEN if asked.end is None else to_micros(asked.end) - 1
    return {
        each
        for each in drawn.events
        if each[1] <= min(last, horizon) and each[2] > first and each[2] <= horizon
    }


def _meant(drawn: Drawn, version: Version) -> set[Rowed]:
    """What the fields of a version select, as the store's statement does."""
    window = version.events
    if window is None:
        return set()
    return {each for each in drawn.events if each[1] <= window.last and window.first <= each[2] <= window.end}


@given(tilesets(), questions(), horizons)
def test_a_state_is_found_at_the_begin_of_the_epoch_its_instant_lies_in(
    drawn: Drawn, asked: Period, horizon: int
) -> None:
    last = _last(asked, horizon)
    state = asked_of(drawn, asked, horizon).state
    assert (state is None) == (not _holding(drawn, last))
    assert state is None or state.at == epoch(_changes(drawn, horizon), last)[0]


@given(tilesets(), questions(), questions(), horizons)
def test_same_content_same_version_and_the_reverse(drawn: Drawn, a: Period, b: Period, horizon: int) -> None:
    contents = [
        (_holding(drawn, _last(asked, horizon)), _selected(drawn, asked, horizon)) for asked in (a, b)
    ]
    versions = [asked_of(drawn, asked, horizon).version for asked in (a, b)]
    assert (contents[0] == contents[1]) == (versions[0] == versions[1])


@given(tilesets(), questions(), horizons)
def test_a_version_selects_what_the_window_holds(drawn: Drawn, asked: Period, horizon: int) -> None:
    assert _meant(drawn, asked_of(drawn, asked, horizon).version) == _selected(drawn, asked, horizon)


@given(tilesets(), questions() | st.none(), horizons)
def test_an_answer_knows_nothing_of_what_is_not_yet_public(
    drawn: Drawn, asked: Period | None, horizon: int
) -> None:
    whole, censored = (asked_of(each, asked, horizon) for each in (drawn, drawn.censored(horizon)))
    assert whole == censored


@given(tilesets(), questions() | st.none(), horizons)
def test_no_field_of_an_answer_is_past_the_horizon(drawn: Drawn, asked: Period | None, horizon: int) -> None:
    answer = asked_of(drawn, asked, horizon)
    window = answer.version.events
    assert answer.state is None or answer.state.at <= horizon
    assert window is None or max(window.first, window.last, window.end) <= horizon


@given(tilesets(), questions() | st.none(), horizons)
def test_a_validity_starts_by_the_horizon_and_ends_by_it_or_is_open(
    drawn: Drawn, asked: Period | None, horizon: int
) -> None:
    validity = asked_of(drawn, asked, horizon).validity
    assert validity.start is None or to_micros(validity.start) <= horizon
    assert validity.end is None or to_micros(validity.end) - 1 <= horizon


@given(tilesets(), questions(), horizons)
def test_every_instant_of_a_validity_has_the_same_version(drawn: Drawn, asked: Period, horizon: int) -> None:
    if drawn.has_windows:
        return  # a window's answer is true for the window, not for each instant in it
    answer = asked_of(drawn, asked, horizon)
    for at in range(-30, min(60, horizon + 1)):
        there = asked_of(drawn, micros_period(at, at + 1), horizon)
        inside = from_micros(Micros(at)) in answer.validity
        assert (there.validity == answer.validity) == inside
        assert there == answer or not inside


def _drawn(kind: str, *periods: tuple[int, int]) -> Drawn:
    own = Periods(np.array([start for start, _ in periods]), np.array([end for _, end in periods]))
    return Drawn.of(tileset_of([kind], [own]), [own])


def test_a_change_belongs_to_the_epoch_it_opens() -> None:
    drawn = _drawn("state", (0, 10), (10, OPEN))
    before, on = (asked_of(drawn, micros_period(at, at + 1), LATER) for at in (9, 10))
    assert [answer.state.at if answer.state else None for answer in (before, on)] == [0, 10]
    assert str(before.validity) == "1970-01-01T00:00:00Z/1970-01-01T00:00:00.000010Z"
    assert str(on.validity) == "1970-01-01T00:00:00.000010Z/.."


def test_before_the_first_snapshot_there_is_nothing() -> None:
    answer = asked_of(_drawn("state", (10, OPEN)), micros_period(0, 5), LATER)
    assert (answer.version, answer.state) == (Version(), None)
    assert str(answer.validity) == "../1970-01-01T00:00:00.000010Z"


def test_the_latest_is_the_newest_state_and_the_newest_day_with_events() -> None:
    kyiv = day_zone("UTC")
    one, two = (day_period(date(2024, 1, day), kyiv) for day in (1, 2))
    assert one.start
    assert one.end
    assert two.end
    starts, ends = map(to_micros, (one.start, one.end)), map(to_micros, (one.end, two.end))
    drawn = _drawn("window", *zip(starts, ends, strict=True))
    window = asked_of(drawn, None, to_micros(two.end)).version.events
    assert window is not None
    assert (window.last, window.first) == (to_micros(one.end), to_micros(two.end))
