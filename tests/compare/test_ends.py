"""Law: the name of a state leads back to that state and no other, and to nothing that is not public."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tiles.test_index import DAYS, World, rows_of, state, worlds
from tileserver.compare.ends import NOTHING, BandView, End, is_end_text, sides
from tileserver.errors import UnknownState
from tileserver.model import Digest, Revision
from tileserver.tiles.index import State
from tileserver.times import Micros, Period, from_micros

SIDE = sides(["held"])
FAR = Micros(1000)
days = st.sampled_from([*map(Micros, DAYS)])


def view(world: World, side: str = SIDE) -> BandView:
    return BandView([rows_of(world)], side)


def upto(day: Micros) -> Period:
    """Which asks for the state on that day: the last microsecond counts."""
    return Period(None, from_micros(Micros(day + 1)))


@given(worlds, days, days)
def test_two_ends_have_one_cache_key_exactly_if_they_hold_the_same(
    world: World, one: Micros, other: Micros
) -> None:
    band = view(world)
    for revision in map(Revision, range(1, len(world) + 1)):
        for later in map(Revision, range(revision, len(world) + 1)):
            ends = band.at(upto(one), revision, FAR), band.at(upto(other), later, FAR)
            same = state(world, one, revision) == state(world, other, later)
            assert (ends[0].cache_key == ends[1].cache_key) == same


@given(worlds, days)
def test_a_name_leads_to_a_moment_at_which_its_state_held(world: World, day: Micros) -> None:
    band = view(world)
    for revision in map(Revision, range(1, len(world) + 1)):
        end = band.at(upto(day), revision, FAR)
        there = (
            state(world, end.state.moment.at, end.state.moment.revision)
            if end.state != NOTHING
            else frozenset()
        )
        assert there == state(world, day, revision)
        assert end.state.moment.at <= day
        assert end.state.moment.revision <= revision
        assert is_end_text(str(end))
        found = view(world).from_url(str(end), FAR)
        assert (found.state, found.sides) == (end.state, end.sides)


@given(worlds, days, days)
def test_nothing_after_the_horizon_is_told_or_found(world: World, day: Micros, horizon: Micros) -> None:
    band, newest = view(world), Revision(len(world))
    end = band.at(upto(day), newest, horizon)
    assert end == band.at(upto(min(day, horizon)), newest, FAR)
    later = band.at(upto(day), newest, FAR)
    if later.state.moment.at > horizon:
        with pytest.raises(UnknownState):
            band.from_url(str(later), horizon)


@given(worlds, worlds, days)
def test_a_revision_that_leaves_a_day_alone_leaves_its_name_alone(
    world: World, more: World, day: Micros
) -> None:
    kept = frozenset(run for run in world[-1] if run[1] <= day < run[2])
    added = frozenset(run for run in more[0] if run[1] > day)
    # What goes on may end otherwise; that is no change of this day.
    grown = [*world, kept | added]
    before = view(world).at(upto(day), Revision(len(world)), FAR)
    after = view(grown).at(upto(day), Revision(len(grown)), FAR)
    assert after.cache_key == before.cache_key


def test_an_import_of_a_later_day_does_not_rename_an_earlier_one() -> None:
    first = frozenset({(1, 0, 5), (2, 0, 7)})
    before, after = (
        view(world).at(upto(Micros(3)), Revision(2), FAR) for world in ([first], [first, first | {(3, 4, 9)}])
    )
    assert str(after) == str(before)


@pytest.mark.parametrize("text", ["2023-11-09", "2023-11-09T12:00:00Z", "latest", "", "3-1-1-1", "3-1-1-1-0"])
def test_dates_name_no_state(text: str) -> None:
    assert not is_end_text(text)


def test_a_name_that_was_never_given_out_is_not_found() -> None:
    band = view([frozenset({(1, 2, 5)})])
    end = band.at(upto(Micros(3)), Revision(1), FAR)
    assert band.from_url(str(end), FAR).cache_key == end.cache_key
    digest, moment = end.state
    forged = [
        End(State(Digest(digest + 1), moment), None, SIDE),
        End(State(digest, replace(moment, at=Micros(moment.at + 1))), None, SIDE),
        End(State(digest, replace(moment, revision=Revision(moment.revision + 1))), None, SIDE),
        End(end.state, None, sides(["others"])),
    ]
    for text in (*map(str, forged), str(end).replace("-1-", "-01-", 1), "2023-11-09", "1-" + str(end)[2:]):
        with pytest.raises(UnknownState):
            band.from_url(text, FAR)


def test_the_side_that_gains_is_part_of_the_name() -> None:
    world = [frozenset({(1, 2, 5)})]
    one, other = (
        view(world, sides(held)).at(upto(Micros(3)), Revision(1), FAR) for held in (["a", "b"], ["a"])
    )
    assert one.cache_key != other.cache_key
    assert sides(["b", "a"]) == sides(["a", "b"])
